// What every page shares: htmx with Django's CSRF header, a word when the network fails, no double sends,
// photos shown before they are sent, texts copied by a button. Each page works without this file too.
(() => {
  "use strict";
  const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content || "";

  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = meta("csrf-token");
  });

  // A session that ended answers with the sign-in page: show it whole, not inside a fragment.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const url = event.detail.xhr.responseURL;
    if (url && new URL(url).pathname.startsWith("/accounts/")) {
      event.detail.shouldSwap = false;
      window.location.reload();
    }
  });

  const say = (text) => {
    const place = document.getElementById("trouble");
    if (!place || !text) return;
    place.querySelector(".notice-why").textContent = text;
    place.hidden = false;
  };
  const words = () => document.getElementById("trouble")?.dataset || {};
  document.addEventListener("htmx:sendError", () => say(words().offline));
  document.addEventListener("htmx:responseError", () => say(words().failed));
  document.addEventListener("htmx:afterSwap", () => {
    const place = document.getElementById("trouble");
    if (place) place.hidden = true;
  });

  // A plain form is sent once, however often the button is pressed; "back" makes it usable again.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post], [data-hx-post]")) return;
    if (form.getAttribute("aria-busy") === "true") {
      event.preventDefault();
      return;
    }
    form.setAttribute("aria-busy", "true");
    // pages kept for a phone without a network are those of whoever was signed in
    if (new URL(form.action).pathname === "/accounts/logout/") window.caches?.delete("engineer-pages");
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll('form[aria-busy="true"]')) form.removeAttribute("aria-busy");
  });

  document.addEventListener("change", (event) => {
    const control = event.target;
    if (control.matches("[data-submit-on-change]")) {
      control.form.requestSubmit();
      return;
    }
    const box = control.closest(".photo-input");
    const preview = box?.querySelector(".photo-preview");
    if (!preview || control.type !== "file") return;
    for (const image of preview.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    preview.replaceChildren(
      ...Array.from(control.files, (file) => {
        const image = document.createElement("img");
        image.src = URL.createObjectURL(file);
        image.alt = file.name;
        return image;
      }),
    );
  });

  // The label is the big target: the browser's own file button hides where this script runs.
  const ready = (root) => {
    for (const box of root.querySelectorAll(".photo-input")) box.classList.add("is-ready");
  };
  document.addEventListener("DOMContentLoaded", () => ready(document));
  document.addEventListener("htmx:afterSwap", () => ready(document));

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button || !navigator.clipboard) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    const before = button.textContent;
    button.textContent = button.dataset.copied || before;
    setTimeout(() => (button.textContent = before), 1500);
  });
})();
