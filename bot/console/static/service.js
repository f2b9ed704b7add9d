// Owns the chart of the report on the service: messages and cases by day, as the table below it says.
"use strict";

addEventListener("DOMContentLoaded", () => {
  const chart = document.getElementById("chart");
  if (!chart) return;
  const data = JSON.parse(chart.dataset.days);
  if (data[0].length < 2) return;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const day = new Intl.DateTimeFormat(document.documentElement.lang, {
    day: "numeric", month: "short", timeZone: chart.dataset.zone, numberingSystem: "latn",
  });
  const step = Math.ceil(data[0].length / 4); // a name for every so many days: a phone has room for four
  let plot = null;
  const draw = () => {
    plot?.destroy();
    chart.hidden = false;
    const axis = () => ({ stroke: colour("--pico-color"), grid: { stroke: colour("--pico-muted-border-color"), width: 1 } });
    plot = new uPlot({
      width: chart.clientWidth,
      height: 220, // pixels; its legend comes below
      legend: { live: false },
      cursor: { show: false },
      scales: { y: { range: (_, __, most) => [0, Math.max(4, most)] } },
      series: [
        {},
        { label: chart.dataset.messages, stroke: colour("--safe"), width: 3 },
        { label: chart.dataset.cases, stroke: colour("--help"), width: 3, dash: [8, 4] },
      ],
      axes: [
        { ...axis(), splits: () => data[0].filter((_, i) => i % step === 0), values: (_, ticks) => ticks.map((tick) => day.format(new Date(tick * 1000))) },
        { ...axis(), incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5] },
      ],
    }, data, chart);
  };
  draw();
  addEventListener("resize", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
});
