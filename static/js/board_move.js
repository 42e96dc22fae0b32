// Moving a visit on the board: dragged by a pointer, or with the keyboard (m). The server decides where it goes:
// what is dropped is sent with how the visit stood, and the panel shows the answer. Without this file the panel's
// form does the same.
(() => {
  "use strict";
  const GRID = 300; // seconds
  const FAR_ENOUGH = 6; // pixels: less is a click
  const EDGE = 40; // pixels from the edge of the lanes within which they scroll
  const SVG = "http://www.w3.org/2000/svg";
  let moving = null;
  let pressed = null;

  const words = () => document.getElementById("move-words");
  const lanes = () => document.getElementById("lanes");
  const scale = () => {
    const at = document.querySelector(".lane-scale").dataset;
    return { first: Number(at.first), last: Number(at.last) };
  };
  const say = (text) => {
    if (words()) words().textContent = text;
  };
  const fill = (text, facts) => text.replace(/\{(\w+)\}/g, (_all, name) => facts[name] ?? "");
  const clock = (seconds) => {
    const minutes = Math.round(seconds / 60);
    return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
  };
  const percent = (seconds) => {
    const { first, last } = scale();
    return ((seconds - first) / (last - first)) * 100;
  };

  const take = (link) => {
    const [from, until] = link.dataset.promised.split("-").map(Number);
    return {
      id: link.id,
      reference: link.dataset.panel,
      address: `${link.getAttribute("href")}move/`,
      label: link.dataset.label || link.querySelector("text")?.textContent || link.dataset.panel,
      seen: link.dataset.seen,
      minutes: Number(link.dataset.minutes),
      from,
      until,
      lane: link.closest(".lane") || document.getElementById(`lane-of-${link.dataset.engineer}`),
      start: startOf(document.getElementById(`lane-${link.dataset.panel}`) || link),
    };
  };
  // where a block lies on its lane, back in seconds; a card of the tray begins with its window
  const startOf = (link) => {
    const block = link.querySelector(".block");
    if (!block) return Number(link.dataset.promised.split("-")[0]);
    const { first, last } = scale();
    return snap(first + (parseFloat(block.getAttribute("x")) / 100) * (last - first));
  };
  const snap = (seconds) => Math.round(seconds / GRID) * GRID;
  const within = (seconds) => {
    const { first, last } = scale();
    return Math.min(Math.max(seconds, first), last - GRID);
  };

  const erase = () => {
    for (const old of document.querySelectorAll(".ghost")) old.remove();
    for (const lane of document.querySelectorAll(".is-drop-target")) lane.classList.remove("is-drop-target");
  };
  const part = (name, attributes) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const draw = () => {
    erase();
    const { lane, start, minutes, from, until } = moving;
    if (!lane) return;
    lane.classList.add("is-drop-target");
    const fits = start >= from && start <= until;
    const ghost = part("g", { class: fits ? "ghost" : "ghost is-outside", "aria-hidden": "true" });
    const width = percent(start + minutes * 60) - percent(start);
    ghost.append(
      part("rect", { class: "ghost-window", x: `${percent(from)}%`, y: 2, height: 48, width: `${percent(until) - percent(from)}%` }),
      part("rect", { class: "ghost-block", x: `${percent(start)}%`, y: 4, height: 40, width: `${width}%`, rx: 6 }),
    );
    const text = part("text", { x: `${percent(start)}%`, y: 21, dx: 7 });
    text.textContent = clock(start);
    ghost.append(text);
    lane.querySelector(".lane-track").append(ghost);
  };
  const tell = () => {
    const { lane, start, from, until } = moving;
    const fits = start >= from && start <= until;
    say(
      fill(fits ? words().dataset.place : words().dataset.outside, {
        engineer: lane?.dataset.name || "",
        time: clock(start),
        window: `${clock(from)}–${clock(until)}`,
      }),
    );
  };

  const end = () => {
    erase();
    document.body.classList.remove("is-moving");
    moving = null;
    // whatever happened meanwhile is shown at once
    window.htmx.trigger(document.body, "board-changed");
  };
  const cancel = () => {
    const { id } = moving;
    end();
    say(words().dataset.cancelled);
    document.getElementById(id)?.focus();
  };
  const drop = async () => {
    const { address, reference, seen, lane, start } = moving;
    end();
    if (!lane) return;
    await window.htmx.ajax("POST", address, {
      target: "#panel",
      swap: "innerHTML",
      values: { engineer: lane.dataset.engineer, start: clock(start), seen },
    });
    document.dispatchEvent(new CustomEvent("board:opened", { detail: reference }));
    document.getElementById("panel-title")?.focus();
  };

  const mayMove = (link) => Boolean(link?.dataset.seen) && document.querySelector(".lane") !== null;

  // --- pointer
  document.addEventListener("pointerdown", (event) => {
    if (event.button || event.pointerType === "touch" || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = event.target instanceof Element ? event.target.closest("a[data-promised]") : null;
    if (!mayMove(link) || moving) return;
    const block = link.querySelector(".block rect")?.getBoundingClientRect();
    pressed = { link, x: event.clientX, y: event.clientY, grab: block ? event.clientX - block.left : 0 };
  });
  document.addEventListener("dragstart", (event) => {
    if (event.target instanceof Element && event.target.closest("a[data-promised]")) event.preventDefault();
  });
  document.addEventListener("pointermove", (event) => {
    if (pressed && !moving) {
      if (Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < FAR_ENOUGH) return;
      moving = { ...take(pressed.link), by: "pointer", lane: null };
      document.body.classList.add("is-moving");
    }
    if (moving?.by !== "pointer") return;
    event.preventDefault();
    const side = lanes().getBoundingClientRect();
    if (event.clientX > side.left && event.clientX < side.right) {
      if (event.clientY > side.bottom - EDGE) lanes().scrollTop += 12;
      else if (event.clientY < side.top + EDGE) lanes().scrollTop -= 12;
    }
    const under = document.elementFromPoint(event.clientX, event.clientY);
    moving.lane = under?.closest(".lane") || null;
    if (moving.lane) {
      const track = moving.lane.querySelector(".lane-track").getBoundingClientRect();
      const { first, last } = scale();
      moving.start = within(
        snap(first + ((event.clientX - pressed.grab - track.left) / track.width) * (last - first)),
      );
    }
    draw();
  });
  document.addEventListener("pointerup", () => {
    const was = pressed;
    pressed = null;
    if (moving?.by !== "pointer") return;
    // the click that follows a drag opens nothing
    const swallow = (event) => {
      event.preventDefault();
      event.stopPropagation();
    };
    document.addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => document.removeEventListener("click", swallow, { capture: true }), 50);
    if (moving.lane) drop();
    else {
      cancel();
      was?.link.blur();
    }
  });
  document.addEventListener("pointercancel", () => {
    pressed = null;
    if (moving?.by === "pointer") cancel();
  });

  // --- keyboard
  const begin = (link) => {
    if (!link || moving) return;
    if (!mayMove(link)) {
      say(document.querySelector(".lane") ? words().dataset.fixed : words().dataset.nobody);
      return;
    }
    moving = { ...take(link), by: "keyboard" };
    moving.lane ||= document.querySelector(".lane");
    document.body.classList.add("is-moving");
    link.focus();
    draw();
    moving.lane.scrollIntoView({ block: "nearest" });
    say(fill(words().dataset.begin, { visit: moving.label }));
  };
  const KEYS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -GRID], ArrowRight: [0, GRID] };
  document.addEventListener(
    "keydown",
    (event) => {
      if (!moving) {
        const link = document.activeElement?.closest?.("a[data-promised]");
        const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
        if (link && plain && event.key.toLowerCase() === "m") {
          event.preventDefault();
          begin(link);
        }
        return;
      }
      if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        pressed = null;
        cancel();
        return;
      }
      if (moving.by !== "keyboard") return;
      const step = KEYS[event.key];
      if (step) {
        event.preventDefault();
        const all = [...document.querySelectorAll(".lane")];
        const at = all.indexOf(moving.lane) + step[0];
        moving.lane = all[Math.min(Math.max(at, 0), all.length - 1)];
        moving.start = within(moving.start + step[1]);
        draw();
        moving.lane.scrollIntoView({ block: "nearest" });
        tell();
      } else if (event.key === "Enter") {
        event.preventDefault();
        event.stopPropagation();
        drop();
      } else if (event.key === "Tab") {
        event.preventDefault(); // the focus stays with what is being moved
      }
    },
    true,
  );
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-move]") : null;
    if (!button) return;
    const reference = button.dataset.move;
    begin(document.getElementById(`lane-${reference}`) || document.getElementById(`row-${reference}`));
  });
  const offer = () => {
    for (const button of document.querySelectorAll("[data-move]")) {
      const reference = button.dataset.move;
      const link = document.getElementById(`lane-${reference}`) || document.getElementById(`row-${reference}`);
      button.hidden = !mayMove(link);
    }
  };
  document.addEventListener("DOMContentLoaded", offer);
  document.addEventListener("htmx:afterSettle", offer);

  // --- while something is being moved nothing is taken from under the pointer
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (moving && event.target.id === "board-poll") event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (moving && event.detail.requestConfig?.elt?.id === "board-poll") {
      event.detail.shouldSwap = false;
      event.preventDefault();
    }
  });
})();
