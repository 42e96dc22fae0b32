// The dispatch board: a visit opens beside the lanes without leaving the page. Without this file its link leads
// to a page of its own. What refreshes by itself (htmx) never touches the open panel.
(() => {
  "use strict";
  let opener = "";

  const panel = () => document.getElementById("panel");

  const mark = () => {
    const open = new URLSearchParams(window.location.search).get("visit");
    for (const link of document.querySelectorAll("a[data-panel]")) {
      if (link.dataset.panel === open) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };

  const remember = (reference) => {
    const url = new URL(window.location.href);
    if (reference) url.searchParams.set("visit", reference);
    else url.searchParams.delete("visit");
    window.history.replaceState(null, "", url);
    mark();
    document.dispatchEvent(new CustomEvent("board:opened"));
  };
  // what was moved stands open in the panel
  document.addEventListener("board:opened", (event) => {
    if (event.detail) remember(event.detail);
  });

  const open = async (link) => {
    opener = link.id;
    await window.htmx.ajax("GET", link.getAttribute("href"), { target: "#panel", swap: "innerHTML" });
    remember(link.dataset.panel);
    document.getElementById("panel-title")?.focus();
  };

  const close = () => {
    panel().replaceChildren();
    remember("");
    document.getElementById(opener)?.focus();
  };

  document.addEventListener("click", (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (!document.getElementById("board-poll") || !(event.target instanceof Element)) return;
    const link = event.target.closest("a[data-panel]");
    if (link) {
      event.preventDefault();
      open(link);
    } else if (event.target.closest("[data-panel-close]")) {
      event.preventDefault();
      close();
    }
  });

  document.addEventListener("keydown", (event) => {
    const isOpen = document.getElementById("board-poll") && panel()?.firstElementChild;
    if (event.key === "Escape" && isOpen && !event.defaultPrevented) close();
  });

  // the words of a short visit do not fit on it: its name is its tooltip too
  document.addEventListener("pointerover", (event) => {
    const link = event.target instanceof Element ? event.target.closest(".lane-track a[aria-label]") : null;
    if (!link || link.querySelector("title")) return;
    const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
    title.textContent = link.getAttribute("aria-label");
    link.prepend(title);
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    mark();
    // after a decision the answer stands at the top of the panel
    if (event.detail.requestConfig?.verb === "post") document.getElementById("panel-title")?.focus();
  });
})();
