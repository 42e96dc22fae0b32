// Light or dark as the system says. Loaded in the head without defer, so that no page flashes.
(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const show = () => document.documentElement.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
  show();
  dark.addEventListener("change", show);
})();
