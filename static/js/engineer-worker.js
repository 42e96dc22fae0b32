// Keeps the engineer's last pages readable without a network: the day, the visits next on it, and what they are
// made of. Nothing is sent from here: commands wait in the page (queue.js). Always the network first; what is
// kept is shown only where there is none, for a day at most, and goes with the sign-out.
"use strict";
const PAGES = "engineer-pages";
const ASSETS = "engineer-assets";
const OLDEST = 24 * 3600 * 1000; // milliseconds
const MOST_PAGES = 20;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const isOurs = (url) => url.origin === self.location.origin;
const isPage = (response) =>
  response.ok && !response.redirected && (response.headers.get("Content-Type") || "").startsWith("text/html");

const keep = async (address, response) => {
  const pages = await caches.open(PAGES);
  const headers = new Headers(response.headers);
  headers.set("X-Kept-At", String(Date.now())); // by this phone's clock, as it is read below
  await pages.put(address, new Response(await response.blob(), { headers }));
  const kept = await pages.keys();
  for (const old of kept.slice(0, Math.max(0, kept.length - MOST_PAGES))) await pages.delete(old);
};

const kept = async (address) => {
  const pages = await caches.open(PAGES);
  const response = await pages.match(address, { ignoreVary: true });
  if (!response) return undefined;
  const age = Date.now() - Number(response.headers.get("X-Kept-At"));
  if (age <= OLDEST) return response;
  await pages.delete(address);
  return undefined;
};

const page = async (request) => {
  const address = new URL(request.url);
  try {
    const response = await fetch(request);
    // sent away from the day: the session is over, and what was kept is nobody's any more
    if (response.type === "opaqueredirect" && address.pathname === "/engineer/") await caches.delete(PAGES);
    if (isPage(response)) await keep(request.url, response.clone());
    return response;
  } catch (error) {
    const found = (await kept(request.url)) || (await kept(new URL("/engineer/", address).href));
    if (found) return found;
    throw error;
  }
};

const asset = async (request) => {
  const assets = await caches.open(ASSETS);
  const isHashed = /\.[0-9a-f]{12}\.\w+$/.test(new URL(request.url).pathname);
  const known = await assets.match(request.url, { ignoreVary: true });
  if (known && isHashed) return known;
  try {
    const response = await fetch(request);
    if (response.ok) await assets.put(request.url, response.clone());
    return response;
  } catch (error) {
    if (known) return known;
    throw error;
  }
};

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || !isOurs(url)) return;
  if (request.mode === "navigate" && url.pathname.startsWith("/engineer/")) event.respondWith(page(request));
  else if (url.pathname.startsWith("/static/")) event.respondWith(asset(request));
});

// The page that is open when this script starts was loaded without it: it asks to be kept, with its next visit.
self.addEventListener("message", (event) => {
  const { pages = [], assets = [] } = event.data || {};
  const all = async () => {
    for (const address of pages) {
      const response = await fetch(address, { credentials: "same-origin" });
      if (isPage(response)) await keep(address, response);
    }
    const shelf = await caches.open(ASSETS);
    for (const address of assets) if (!(await shelf.match(address))) await shelf.add(address);
  };
  event.waitUntil(all().catch(() => {}).then(() => event.ports[0]?.postMessage("kept")));
});
