// Owns what the pages add with JavaScript: the "not live" banner, and staying signed in while somebody types.
"use strict";

(() => {
  const banner = document.getElementById("not-live");
  const SILENCE = 10_000; // milliseconds: two beats that did not come
  let timer = 0;

  const tell = (isLive) => {
    banner.textContent = isLive ? "" : banner.dataset.text;
    document.documentElement.classList.toggle("is-stale", !isLive);
  };
  const heard = () => {
    tell(true);
    clearTimeout(timer);
    timer = setTimeout(() => tell(false), SILENCE);
  };
  for (const name of ["htmx:sseOpen", "htmx:sseBeforeMessage", "htmx:sseMessage"]) {
    document.body.addEventListener(name, heard);
  }
  document.body.addEventListener("htmx:sseError", () => tell(false));
  if (document.querySelector("[sse-connect]")) heard(); // counts from now: a server that hangs opens no stream
  addEventListener("offline", () => tell(false));
  addEventListener("online", () => { if (!document.querySelector("[sse-connect]")) tell(true); });

  const AWHILE = 5 * 60_000;
  let last = Date.now();
  document.addEventListener("input", () => {
    if (Date.now() - last < AWHILE) return;
    last = Date.now();
    fetch("/console/still-here", { credentials: "same-origin" }).catch(() => {});
  });

  // What somebody has half-written in this tab is theirs alone, and is gone with them, in every tab.
  const forget = (isForgotten) => {
    for (const name of Object.keys(sessionStorage)) if (name.startsWith("draft:") && isForgotten(name)) sessionStorage.removeItem(name);
  };
  const { me } = document.body.dataset;
  if (me) forget((name) => !name.startsWith(`draft:${me}:`));
  const tabs = new BroadcastChannel("muster");
  tabs.addEventListener("message", ({ data }) => { if (data === "signed out") forget(() => true); });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-sign-out]")) return;
    addEventListener("pagehide", () => { forget(() => true); tabs.postMessage("signed out"); }, { once: true });
  });

  // Before something is replaced for good: forms and buttons that carry data-confirm ask first.
  document.addEventListener("submit", (event) => {
    const text = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
    if (text && !confirm(text)) event.preventDefault();
  });
})();
