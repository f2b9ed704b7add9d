// Owns what the board draws from its own tables: the chart of answers, the map of sites, and since when it is not live.
"use strict";

addEventListener("DOMContentLoaded", () => {
  const board = document.querySelector("[data-not-live]");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const noteTime = () => {
    const at = document.querySelector("#beat [data-at]")?.dataset.at;
    if (at) document.getElementById("not-live").dataset.text = board.dataset.notLive.replace("%", at);
  };

  const chart = document.getElementById("chart");
  let plot = null;
  const drawChart = () => {
    const rows = [...document.querySelectorAll("#answers tr[data-at]")];
    if (!chart || rows.length < 2) return;
    chart.hidden = false;
    const data = ["at", "safe", "help"].map((name) => rows.map((row) => Number(row.dataset[name])));
    const size = { width: chart.clientWidth, height: 220 }; // pixels; its legend comes below
    if (plot) { plot.setSize(size); plot.setData(data); return; }
    const time = new Intl.DateTimeFormat(document.documentElement.lang, {
      hour: "2-digit", minute: "2-digit", second: data[0].at(-1) - data[0][0] < 1200 ? "2-digit" : undefined, hourCycle: "h23", timeZone: chart.dataset.zone, numberingSystem: "latn",
    });
    const axis = () => ({ stroke: colour("--pico-color"), grid: { stroke: colour("--pico-muted-border-color"), width: 1 } });
    plot = new uPlot({
      ...size,
      legend: { live: false },
      cursor: { show: false },
      scales: { y: { range: (_, __, most) => [0, Math.max(4, most)] } },
      series: [
        {},
        { label: chart.dataset.safe, stroke: colour("--safe"), width: 3 },
        { label: chart.dataset.help, stroke: colour("--help"), width: 3, dash: [8, 4] },
      ],
      axes: [
        { ...axis(), space: 70, values: (_, ticks) => ticks.map((tick) => time.format(new Date(tick * 1000))) },
        { ...axis(), incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5] },
      ],
    }, data, chart);
  };
  const drawAnew = () => { plot?.destroy(); plot = null; drawChart(); };

  const place = document.getElementById("map");
  let map = null;
  let markers = null;
  const drawMap = () => {
    const rows = [...document.querySelectorAll("#sites tr[data-latitude]")];
    if (!place || !rows.length) return;
    const at = (row) => [Number(row.dataset.latitude), Number(row.dataset.longitude)];
    if (!map) {
      place.hidden = false;
      map = L.map(place, { attributionControl: false, fadeAnimation: false, zoomControl: false, scrollWheelZoom: false });
      L.control.zoom({ zoomInTitle: place.dataset.zoomIn, zoomOutTitle: place.dataset.zoomOut }).addTo(map);
      L.control.scale({ imperial: false }).addTo(map);
      map.fitBounds(L.latLngBounds(rows.map(at)).pad(0.5), { maxZoom: 14, animate: false });
      markers = L.layerGroup().addTo(map);
    }
    markers.clearLayers();
    const labels = [];
    for (const row of rows) {
      const stands = Number(row.dataset.help) ? "--help" : Number(row.dataset.silent) ? "--silent" : "--safe";
      const dot = { radius: 12, color: colour(stands), fillColor: colour(stands), fillOpacity: 0.6, weight: 3 };
      const name = document.createElement("bdi");
      name.textContent = row.dataset.label;
      labels.push([L.circleMarker(at(row), dot).addTo(markers), name]);
    }
    placeLabels(labels);
    map.off("zoomend").on("zoomend", () => placeLabels(labels));
  };
  const SIDES = [["top", [0, -12]], ["bottom", [0, 12]], ["right", [12, 0]], ["left", [-12, 0]]];
  // Each label goes where it covers nothing; one that fits nowhere is shown when its dot is pointed at.
  const placeLabels = (labels) => {
    const taken = labels.map(([dot]) => {
      const { x, y } = map.latLngToContainerPoint(dot.getLatLng());
      return { left: x - 14, right: x + 14, top: y - 14, bottom: y + 14 };
    });
    labels.forEach(([dot, name], number) => {
      const others = () => taken.filter((_, other) => other !== number);
      for (const [direction, offset] of SIDES) {
        dot.unbindTooltip().bindTooltip(name, { permanent: true, direction, offset });
        const box = boxOf(dot.getTooltip().getElement());
        const isInside = box.top >= 0 && box.bottom <= place.clientHeight && box.left >= 0 && box.right <= place.clientWidth;
        if (isInside && !others().some((one) => one.left < box.right && one.right > box.left && one.top < box.bottom && one.bottom > box.top)) {
          taken.push(box);
          return;
        }
      }
      dot.unbindTooltip().bindTooltip(name, { direction: "top", offset: [0, -12] });
    });
  };
  const boxOf = (element) => {
    const here = place.getBoundingClientRect();
    const { left, right, top, bottom } = element.getBoundingClientRect();
    return { left: left - here.left, right: right - here.left, top: top - here.top, bottom: bottom - here.top };
  };

  noteTime(); drawChart(); drawMap();
  document.body.addEventListener("htmx:sseMessage", (event) => {
    const part = event.target.id;
    if (part === "beat") noteTime();
    if (part === "answers") drawChart();
    if (part === "sites") drawMap();
  });
  addEventListener("resize", drawChart);
  dark.addEventListener("change", () => { drawAnew(); drawMap(); });
});
