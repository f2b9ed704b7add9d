// Owns the map of places, drawn from the rows of their table, without tiles: nobody outside learns what is looked at.
"use strict";

addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("map");
  let map = null;
  let markers = null;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const draw = () => {
    const rows = [...document.querySelectorAll("#rows tr[data-latitude]")];
    if (!place) return;
    place.hidden = !rows.length;
    markers?.clearLayers();
    if (!rows.length) return;
    const at = (row) => [Number(row.dataset.latitude), Number(row.dataset.longitude)];
    if (!map) {
      map = L.map(place, { attributionControl: false, zoomControl: false, scrollWheelZoom: false });
      L.control.zoom({ zoomInTitle: place.dataset.zoomIn, zoomOutTitle: place.dataset.zoomOut }).addTo(map);
      L.control.scale({ imperial: false }).addTo(map);
      markers = L.layerGroup().addTo(map);
    }
    map.fitBounds(L.latLngBounds(rows.map(at)).pad(0.3), { maxZoom: 14, animate: false });
    for (const row of rows) {
      const ink = { current: "--safe", expiring: "--silent" }[row.dataset.state] ?? "--help";
      const name = document.createElement("bdi");
      name.textContent = row.dataset.label;
      const dot = { radius: 9, color: colour(ink), fillColor: colour(ink), fillOpacity: 0.6, weight: 3, interactive: rows.length > 12 };
      L.circleMarker(at(row), dot).bindTooltip(name, { permanent: rows.length <= 12, direction: "top", offset: [0, -9] }).addTo(markers);
    }
  };
  draw();
  document.body.addEventListener("htmx:afterSwap", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
});
