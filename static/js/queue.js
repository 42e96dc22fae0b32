// The engineer's steps in a poor network. A form marked data-queue is first written down in this phone, under
// the person signed in, and then sent: in order, each with a key of its own, so that nothing is done twice. What
// cannot be sent waits, also through a reload, and is shown as not sent yet. A step that the server refuses
// holds up those behind it until it is tried again or discarded. Without this file the forms work as they are.
(() => {
  "use strict";
  const PATIENCE = 12_000; // milliseconds for one answer
  const [SOON, LATEST] = [2_000, 60_000]; // between two attempts
  const NOT_NOW = [408, 425, 429, 502, 503, 504];
  const ENDS = ["no_access", "cannot_complete"];

  const start = (box) => {
    const words = box.dataset;
    const store = `repairhub-unsent:${words.user}`;
    const part = (root, name) => root.querySelector(`[data-part="${name}"]`);
    const byId = (id) => document.getElementById(id);
    let sending = false;
    let pause = SOON;
    let timer = 0;
    let signedOut = false;
    let going = "";
    let fresh = null; // the press that has not waited yet, with its form
    let isStuck = true; // what is here when the page opens has waited; what is pressed has not yet

    const load = () => JSON.parse(localStorage.getItem(store) || "[]");
    const save = (list) => localStorage.setItem(store, JSON.stringify(list));
    const change = (key, fields) => save(load().map((one) => (one.key === key ? { ...one, ...fields } : one)));
    const drop = (key) => save(load().filter((one) => one.key !== key));

    // --- shown ------------------------------------------------------------------------------------------------
    const clock = (moment) => new Date(moment).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false });

    const row = (one, index, isHeldUp) => {
      const item = byId("unsent-row").content.firstElementChild.cloneNode(true);
      part(item, "label").textContent = one.label;
      part(item, "visit").textContent = one.visit;
      part(item, "time").textContent = clock(one.pressedAt);
      const isFirst = index === 0;
      part(item, "state").textContent = one.refused ? words.refused : isHeldUp ? words.behind : isFirst && sending ? words.sending : words.waiting;
      if (one.refused) {
        item.classList.add("is-refused");
        part(item, "message").textContent = one.refused;
        part(item, "message").hidden = false;
        part(item, "choices").hidden = false;
        for (const button of item.querySelectorAll("[data-do]")) button.dataset.key = one.key;
      }
      return item;
    };

    const show = () => {
      const list = load();
      box.hidden = list.length === 0;
      byId("unsent-count").textContent = list.length;
      const isHeldUp = Boolean(list[0]?.refused);
      byId("unsent-list").replaceChildren(...list.map((one, index) => row(one, index, isHeldUp && index > 0)));
      byId("unsent-note").textContent = words.signIn;
      byId("unsent-note").hidden = !signedOut || list.length === 0;
      showNext(isStuck ? list : []);
    };

    // Where a step waits, the page shows what comes after it: as the server will, once it has been sent.
    const showNext = (list) => {
      const door = byId("door");
      if (!door) return;
      const steps = list.filter((one) => one.step && one.visit === door.dataset.visit && !one.refused);
      const last = steps.at(-1)?.step;
      const wanted = last && (ENDS.includes(last) ? "end" : last);
      if (door.dataset.shows === (wanted || "")) return;
      const template = document.querySelector(`template[data-after="${wanted}"]`);
      if (wanted && !template) return;
      door.dataset.shows = wanted || "";
      for (const shown of door.querySelectorAll("[data-shown-after]")) shown.remove();
      for (const own of door.children) own.hidden = Boolean(wanted) && !own.matches(".late-box");
      if (!wanted) return;
      const copy = template.content.cloneNode(true);
      for (const piece of copy.children) piece.dataset.shownAfter = wanted;
      door.prepend(copy);
    };

    const showOffline = (isOffline) => {
      const notice = byId("unsent-offline");
      notice.textContent = words.asOf.replace("%(time)s", clock(words.madeAt));
      notice.hidden = !isOffline;
      if (!isOffline) byId("unsent-needs").hidden = true;
    };

    // --- sent -------------------------------------------------------------------------------------------------
    const send = async (one) => {
      const body = new URLSearchParams(one.fields);
      body.set("pressed_at", one.pressedAt);
      body.set("sent_at", new Date().toISOString());
      body.set("pressed_by", words.user);
      const csrf = document.querySelector('meta[name="csrf-token"]').content;
      const giveUp = new AbortController();
      const alarm = setTimeout(() => giveUp.abort(), PATIENCE);
      let answer;
      try {
        answer = await fetch(one.url, {
          method: "POST",
          body,
          credentials: "same-origin",
          signal: giveUp.signal,
          headers: { Accept: "application/json", "X-CSRFToken": csrf, "Idempotency-Key": one.key },
        });
      } catch {
        return { later: true, offline: true };
      } finally {
        clearTimeout(alarm);
      }
      if (NOT_NOW.includes(answer.status)) return { later: true };
      const isJson = (answer.headers.get("Content-Type") || "").startsWith("application/json");
      const said = isJson ? await answer.json().catch(() => null) : null;
      if (answer.ok && said?.next) return { next: said.next };
      if (said?.message) return { refused: `${said.message} ${said.next_step || ""}`.trim() };
      if (answer.redirected || answer.status === 401 || answer.status === 403) return { signedOut: true };
      return { refused: words.failed };
    };

    const sendAll = async () => {
      let next = "";
      for (;;) {
        const [one] = load();
        if (!one || one.refused) return { next: one ? "" : next };
        const outcome = await send(one);
        showOffline(Boolean(outcome.offline));
        if (outcome.next) {
          drop(one.key);
          next = outcome.next;
          pause = SOON;
          show();
        } else if (outcome.refused) {
          change(one.key, { refused: outcome.refused });
          return {};
        } else {
          signedOut = Boolean(outcome.signedOut);
          return { later: Boolean(outcome.later) };
        }
      }
    };

    const isTyping = () =>
      [...document.querySelectorAll("main input:not([type=hidden], [type=radio], [type=checkbox]), main textarea")].some((field) => field.value !== field.defaultValue);

    const flush = async () => {
      clearTimeout(timer);
      if (sending || going || load().length === 0) return;
      sending = true;
      show();
      // of several tabs one sends: the others would ask for the same, and be answered the same
      const outcome = await (navigator.locks ? navigator.locks.request(store, sendAll) : sendAll());
      sending = false;
      const [first] = load();
      if (fresh && first?.key === fresh.key && first.refused) {
        sendPlainly(fresh);
        return;
      }
      isStuck = Boolean(first);
      if (fresh) settle(fresh.form);
      fresh = null;
      show();
      if (outcome.next && load().length === 0 && !isTyping()) {
        going = outcome.next;
        if (new URL(going, location.href).pathname === location.pathname) location.reload();
        else location.assign(going);
      } else if (outcome.later) {
        timer = setTimeout(flush, pause);
        pause = Math.min(pause * 2, LATEST);
      }
    };

    const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

    const press = (form, button) => {
      const data = new FormData(form);
      if (button?.name) data.append(button.name, button.value);
      const fields = [...data].filter(([name, value]) => typeof value === "string" && name !== "csrfmiddlewaretoken" && name !== "command_key");
      const one = {
        key: newKey(),
        url: new URL(form.action).pathname,
        label: form.dataset.queue,
        visit: form.dataset.visit || "",
        step: form.dataset.step || "",
        fields,
        pressedAt: new Date().toISOString(),
      };
      isStuck = isStuck && load().length > 0;
      save([...load(), one]);
      form.setAttribute("aria-busy", "true");
      fresh = { key: one.key, form, button };
      flush();
    };

    // Refused at once: the form goes as it is, and the server's page shows the sentence where it belongs.
    const sendPlainly = ({ key, form, button }) => {
      drop(key);
      if (button?.name) {
        const said = Object.assign(document.createElement("input"), { type: "hidden", name: button.name, value: button.value });
        form.append(said);
      }
      HTMLFormElement.prototype.submit.call(form);
    };

    const settle = (form) => {
      form.removeAttribute("aria-busy");
      form.closest("details")?.removeAttribute("open");
      form.reset();
    };

    // before page.js hears of it
    document.addEventListener("submit", (event) => {
      const form = event.target;
      if (form.method !== "post" || form.getAttribute("aria-busy") === "true") {
        if (form.matches("[data-queue]")) event.preventDefault();
        return;
      }
      if (form.matches("[data-queue]")) {
        event.preventDefault();
        if (form.checkValidity()) press(form, event.submitter);
        else form.reportValidity();
      } else if (!navigator.onLine) {
        event.preventDefault();
        byId("unsent-needs").textContent = words.needsNetwork;
        byId("unsent-needs").hidden = false;
        byId("unsent-needs").scrollIntoView({ block: "center" });
      }
    }, true);

    box.addEventListener("click", (event) => {
      const button = event.target.closest("[data-do]");
      if (!button) return;
      if (button.dataset.do === "retry") change(button.dataset.key, { refused: undefined });
      else drop(button.dataset.key);
      show();
      if (load().length === 0) location.reload();
      else flush();
    });

    // a refresh of the day would close the drawer under the thumb
    document.addEventListener("htmx:beforeRequest", (event) => {
      if (document.querySelector("#route details.late-box[open]") && event.target.id === "route") event.preventDefault();
    });
    window.addEventListener("online", () => {
      pause = SOON;
      showOffline(false);
      flush();
    });
    window.addEventListener("offline", () => showOffline(true));
    window.addEventListener("storage", show);
    showOffline(!navigator.onLine);
    show();
    flush();
    return { keepPages };

    // --- kept for a reload without a network ------------------------------------------------------------------
    async function keepPages() {
      if (!navigator.serviceWorker || !window.caches) return;
      if (localStorage.getItem("repairhub-pages-of") !== words.user) {
        await caches.delete("engineer-pages");
        localStorage.setItem("repairhub-pages-of", words.user);
      }
      await navigator.serviceWorker.register(words.worker, { scope: words.day });
      const { active } = await navigator.serviceWorker.ready;
      const links = [...document.querySelectorAll("a[data-keep]")].map((link) => link.href);
      const assets = [...document.querySelectorAll("link[rel=stylesheet], link[rel=icon], script[src], main img, header img")].map((one) => one.href || one.src);
      const channel = new MessageChannel();
      channel.port1.onmessage = () => (document.documentElement.dataset.kept = "yes");
      active.postMessage({ pages: [location.href, ...links], assets }, [channel.port2]);
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    const box = document.getElementById("unsent");
    if (!box) return;
    try {
      localStorage.getItem("repairhub-unsent"); // throws where this browser keeps nothing: plain forms then
    } catch {
      return;
    }
    start(box).keepPages().catch(() => {});
  });
})();
