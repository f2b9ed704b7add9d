// Owns what the alert pages add with JavaScript: one language at a time, and drawing an area on a map of the sites.
"use strict";

(() => {
  // --- languages: anchors become tabs ---------------------------------------------------------------------------
  for (const tabs of document.querySelectorAll("[data-tabs]")) {
    const links = [...tabs.querySelectorAll("a[href^='#']")];
    const panels = new Map(links.map((link) => [link, document.getElementById(link.hash.slice(1))]));
    const show = (chosen) => {
      for (const [link, panel] of panels) {
        panel.hidden = link !== chosen;
        if (link === chosen) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    };
    const named = () => {
      const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
      return target && links.find((link) => panels.get(link).contains(target));
    };
    for (const link of links) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        history.replaceState(null, "", link.hash);
        show(link);
      });
    }
    addEventListener("hashchange", () => {
      const link = named();
      if (link) { show(link); document.getElementById(location.hash.slice(1)).focus(); }
    });
    // A field that the browser itself refuses must be seen, or the form goes nowhere and nobody knows why.
    document.addEventListener("invalid", (event) => {
      const link = links.find((one) => panels.get(one).contains(event.target));
      if (link) show(link);
    }, true);
    if (links.length) show(named() || links[0]);
    if (named()) document.getElementById(decodeURIComponent(location.hash.slice(1))).scrollIntoView();
  }

  // --- nothing typed is lost to a slip --------------------------------------------------------------------------
  const draft = document.getElementById("draft");
  if (draft) {
    let isTouched = false;
    draft.addEventListener("input", () => { isTouched = true; });
    draft.addEventListener("submit", () => { isTouched = false; });
    addEventListener("beforeunload", (event) => { if (isTouched) event.preventDefault(); });
  }

  // --- the map: clicks and the list of corners say the same -----------------------------------------------------
  const box = document.getElementById("map");
  const list = document.getElementById("drawn");
  const fold = document.getElementById("area");
  if (!box || !list || typeof L === "undefined") return;
  const sites = JSON.parse(box.dataset.points);
  let map = null;
  let layer = null;

  const blocks = () => list.value.trim().split(/\n\s*\n/).filter(Boolean)
    .map((block) => block.split("\n").map((line) => line.split(/[,;،\s]+/).filter(Boolean).map(Number)))
    .filter((rows) => rows.every((row) => row.length >= 2 && row.length <= 3 && row.every(Number.isFinite)));

  const redraw = () => {
    layer.clearLayers();
    for (const rows of blocks()) {
      if (rows.length === 1 && rows[0].length === 3) {
        L.circle([rows[0][0], rows[0][1]], { radius: rows[0][2] * 1000 }).addTo(layer);
      } else {
        for (const row of rows) L.circleMarker(row.slice(0, 2), { radius: 4 }).addTo(layer);
        if (rows.length > 1) L.polygon(rows.map((row) => row.slice(0, 2))).addTo(layer);
      }
    }
  };
  const write = (text) => {
    list.value = text;
    redraw();
    list.dispatchEvent(new Event("input", { bubbles: true }));
    list.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const open = () => {
    if (map || !fold.open) return;
    box.hidden = false;
    document.getElementById("map-buttons").hidden = false;
    map = L.map(box, { attributionControl: false });
    layer = L.featureGroup().addTo(map);
    const markers = L.featureGroup().addTo(map);
    for (const site of sites) {
      const name = document.createElement("span"); // a site's name is text, never markup
      name.textContent = site.name;
      L.circleMarker(site.at, { radius: 7, color: "#1d5f8a", fillOpacity: 0.9, interactive: false })
        .bindTooltip(name, { permanent: true, direction: "top" }).addTo(markers);
    }
    redraw();
    const shown = L.featureGroup([markers, layer]).getBounds();
    if (shown.isValid()) map.fitBounds(shown.pad(0.4), { maxZoom: 11 });
    else map.setView([0, 0], 1);
    map.on("click", ({ latlng }) => {
      const point = `${latlng.lat.toFixed(5)}, ${latlng.wrap().lng.toFixed(5)}`;
      write(list.value.trim() ? `${list.value.trimEnd()}\n${point}` : point);
    });
  };
  list.addEventListener("change", () => { if (map) redraw(); });
  document.querySelector("[data-map=undo]").addEventListener("click", () => write(list.value.trimEnd().split("\n").slice(0, -1).join("\n")));
  document.querySelector("[data-map=clear]").addEventListener("click", () => write(""));
  fold.addEventListener("toggle", open);
  open();
})();
