// Owns what a conversation adds with JavaScript: its end in sight, what came before, typing, places.
"use strict";

addEventListener("DOMContentLoaded", () => {
  // --- a conversation ---------------------------------------------------------------------------------------------
  const timeline = document.getElementById("timeline");
  const history = document.getElementById("history"); // scrolls by itself on a wide screen, with the page on a narrow one
  const newer = document.getElementById("newer");
  const last = () => timeline.lastElementChild;
  const isAtEnd = () => {
    if (!last()) return true;
    const bottom = last().getBoundingClientRect().bottom;
    return bottom < Math.min(innerHeight, history.getBoundingClientRect().bottom) + 160; // pixels: about two lines
  };
  let wasAtEnd = true;

  const places = () => {
    for (const place of document.querySelectorAll(".place[hidden]")) {
      place.hidden = false;
      const at = [Number(place.dataset.latitude), Number(place.dataset.longitude)];
      const map = L.map(place, { attributionControl: false, zoomControl: false, scrollWheelZoom: false, keyboard: false, dragging: false }).setView(at, 14);
      L.control.scale({ imperial: false }).addTo(map);
      L.circleMarker(at, { radius: 10, weight: 3, interactive: false }).addTo(map);
    }
  };
  const standing = () => {
    const here = document.querySelector("#standing [data-is-mine]");
    const fields = document.querySelector("[data-composer] fieldset");
    if (!here || !fields) return;
    const isMine = here.dataset.isMine === "1";
    document.getElementById("why-not").hidden = isMine;
    fields.disabled = !isMine || "shut" in fields.dataset;
  };

  if (timeline) {
    places();
    history.scrollTop = history.scrollHeight;
    let follows = true; // pictures come late, and push the end away
    history.addEventListener("scroll", () => { follows = isAtEnd(); });
    history.addEventListener("load", () => { if (follows) history.scrollTop = history.scrollHeight; }, true);
    newer.addEventListener("click", () => { newer.textContent = ""; last()?.scrollIntoView({ block: "end" }); });
    let typed = 0;
    document.addEventListener("input", (event) => {
      const form = event.target.closest("[data-typing]");
      if (!form || Date.now() - typed < 3000) return;
      typed = Date.now();
      const csrf = JSON.parse(document.body.getAttribute("hx-headers"));
      fetch(form.dataset.typing, { method: "POST", headers: { ...csrf, "X-Renews-Itself": "1" }, credentials: "same-origin" }).catch(() => {});
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      const form = event.target.closest("[data-composer]");
      if (form) { event.preventDefault(); form.requestSubmit(form.querySelector("#send")); }
    });
  }
  document.body.addEventListener("htmx:sseBeforeMessage", (event) => {
    if (event.target.id === "entries") wasAtEnd = isAtEnd();
  });
  document.body.addEventListener("htmx:sseMessage", (event) => {
    const part = event.target.id;
    if (part === "standing") standing();
    if (part === "timeline" || part === "entries") {
      places();
      if (part === "timeline" || wasAtEnd) { history.scrollTop = history.scrollHeight; last()?.scrollIntoView({ block: "nearest" }); }
      else newer.textContent = newer.dataset.text;
    }
  });
  // What came before is put above, and what was read stays where it is.
  let held = null;
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target.id !== "earlier") return;
    const entry = event.target.nextElementSibling;
    history.style.overflowAnchor = document.documentElement.style.overflowAnchor = "none";
    held = { entry, top: entry.getBoundingClientRect().top };
  });
  document.body.addEventListener("htmx:afterSettle", () => {
    if (!held) return;
    places();
    const moved = () => held.entry.getBoundingClientRect().top - held.top;
    history.scrollTop += moved();
    scrollBy({ top: moved(), behavior: "instant" });
    history.style.overflowAnchor = document.documentElement.style.overflowAnchor = "";
    (document.querySelector("#earlier a") ?? history).focus({ preventScroll: true });
    held = null;
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "composer") { standing(); document.getElementById("text")?.focus(); }
  });
});
