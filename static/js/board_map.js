// The map beside the lanes: districts, bases and visits, coloured as on the board. It needs no tiles and asks no
// other host unless an address of tiles is set. It lives with the board and keeps where one has zoomed to.
(() => {
  "use strict";
  const KEPT = "board-map";
  const NARROW = "(max-width: 61.99rem)";
  let map = null;
  let live = null;
  let loading = null;
  let drawn = "";

  const section = () => document.getElementById("board-map");
  const toggle = () => document.getElementById("map-toggle");
  const marks = () => JSON.parse(document.getElementById("board-marks")?.textContent || "{}");
  const text = (words) => {
    const element = document.createElement("span");
    element.textContent = words;
    return element;
  };

  const shown = () => {
    const kept = window.localStorage.getItem(KEPT);
    return kept ? kept === "shown" : !window.matchMedia(NARROW).matches;
  };

  const districts = (city) => {
    for (const district of city.districts) {
      const icon = window.L.divIcon({ className: "map-district", html: text(district.name), iconSize: null });
      window.L.marker(district.at, { icon, pane: "under", interactive: false, keyboard: false }).addTo(map);
    }
    window.L.circle(city.centre, {
      radius: city.radius_km * 1000,
      className: "map-reach",
      interactive: false,
    }).addTo(map);
  };

  const draw = () => {
    if (!map) return;
    const open = new URLSearchParams(window.location.search).get("visit");
    const now = `${open} ${document.getElementById("board-marks")?.textContent}`;
    if (now === drawn) return; // a refresh settles in several pieces, and most change nothing here
    drawn = now;
    live.clearLayers();
    const { bases = [], visits = [] } = marks();
    const opened = visits.find((visit) => visit.r === open);
    const engineer = opened?.e || 0;
    for (const base of bases) {
      const icon = window.L.divIcon({
        className: base.e === engineer ? "map-base is-open" : "map-base",
        html: "",
        iconSize: [10, 10],
      });
      window.L.marker(base.p, { icon, pane: "under", keyboard: false }).bindTooltip(text(base.n)).addTo(live);
    }
    const base = bases.find((one) => one.e === engineer);
    if (base) {
      const route = visits.filter((visit) => visit.e === engineer).map((visit) => visit.p);
      window.L.polyline([base.p, ...route, base.p], { className: "map-route", interactive: false }).addTo(live);
    }
    for (const visit of visits) {
      const isOpen = visit.r === open;
      const mark = window.L.circleMarker(visit.p, {
        radius: isOpen ? 10 : visit.e === engineer && engineer ? 7 : visits.length > 60 ? 4.5 : 6,
        className: `map-visit state-${visit.t}${isOpen ? " is-open" : ""}`,
      });
      mark.bindTooltip(text(visit.l));
      mark.on("click", () => {
        const link = document.getElementById(`lane-${visit.r}`) || document.getElementById(`row-${visit.r}`);
        // a link in a drawing has no click() of its own
        link?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, view: window }));
      });
      mark.addTo(live);
    }
  };

  const start = async () => {
    const response = await fetch(section().dataset.url, { headers: { Accept: "application/json" } });
    if (!response.ok) return;
    const city = await response.json();
    map = window.L.map("map", { attributionControl: Boolean(city.tiles.url), zoomControl: false, zoomSnap: 0.5 });
    const { zoomIn: zoomInTitle, zoomOut: zoomOutTitle } = section().dataset;
    window.L.control.zoom({ zoomInTitle, zoomOutTitle }).addTo(map);
    map.attributionControl?.setPrefix(false);
    if (city.tiles.url) window.L.tileLayer(city.tiles.url, { attribution: text(city.tiles.credit).innerHTML }).addTo(map);
    map.setView(city.centre, 11);
    map.createPane("under").style.zIndex = 350; // below the visits, which are pressed
    districts(city);
    live = window.L.layerGroup().addTo(map);
    const places = (marks().visits || []).map((visit) => visit.p);
    if (places.length) map.fitBounds(places, { padding: [16, 16], maxZoom: 13 });
    draw();
  };

  const show = () => {
    const isShown = shown();
    section().hidden = !isShown;
    toggle().setAttribute("aria-expanded", String(isShown));
    document.querySelector(".board")?.classList.toggle("has-map", isShown);
    if (isShown && !loading) loading = start();
    else if (isShown) map?.invalidateSize();
  };

  document.addEventListener("DOMContentLoaded", () => {
    if (!section() || !window.L) return;
    toggle().hidden = false;
    toggle().addEventListener("click", () => {
      window.localStorage.setItem(KEPT, shown() ? "hidden" : "shown");
      show();
    });
    show();
  });
  document.addEventListener("htmx:afterSettle", draw);
  document.addEventListener("board:opened", draw);
})();
