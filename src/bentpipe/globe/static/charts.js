// Charts of a place over the run.

import uPlot from "./vendor/uplot.js";
import { clock, element, fill } from "./format.js";

const CHARTS = [
  ["Could get, Mbit/s down", ["peak_down_mbit_s"], [["one terminal could get", "--accent"]], "Mbit/s"],
  ["Rate given, Mbit/s down", ["rate_down_mbit_s"], [["given", "--green"]], "Mbit/s"],
  ["Round trip, ms", ["rtt_ms"], [["idle", "--amber"]], "ms"],
];

/** Draw the charts into `root`; it gets a function `mark(unixS)` that moves the line of now. */
export function drawCharts(root, series, scene) {
  const style = getComputedStyle(document.documentElement), colour = (name) => style.getPropertyValue(name).trim();
  const wide = Math.max(200, root.clientWidth || 340);
  const plots = [];
  root.plots?.forEach((plot) => plot.destroy()); // else the others' cursor would go on to tell them
  root.plots = plots;
  fill(root, connectedStrip(series, colour, wide));
  for (const [title, keys, lines, unit] of CHARTS) {
    if (!keys.some((key) => series[key]?.some((v) => v !== null))) continue;
    const holder = element("figure", { class: "chart", role: "img", "aria-label": `${title} over the run` }, element("figcaption", {}, title));
    root.append(holder);
    plots.push(new uPlot({
      width: wide, height: 118, padding: [6, 6, 0, 0], legend: { show: false },
      cursor: { sync: { key: "place" }, drag: { x: false, y: false }, points: { size: 5 } },
      scales: { x: { time: false }, y: { range: (_, low, high) => [Math.min(0, low), high || 1] } },
      axes: [
        { stroke: colour("--faint"), grid: { show: false }, ticks: { stroke: colour("--line"), size: 4 }, size: 24, font: "11px system-ui",
          space: 56, incrs: [600, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 604800], values: (_, ticks) => ticks.map((t) => clock(t, false)) },
        { stroke: colour("--faint"), grid: { stroke: colour("--grid") }, ticks: { show: false }, size: 44, font: "11px system-ui", space: 32 },
      ],
      series: [{}, ...lines.map(([label, name]) => ({ label, stroke: colour(name), width: 1.2, points: { show: false }, spanGaps: false }))],
      hooks: { setCursor: [(u) => told(root, u, series, unit, keys[0])] },
    }, [series.unix_s, ...keys.map((key) => series[key])], holder));
  }
  const reading = element("p", { class: "reading", "aria-live": "off" }, "");
  root.append(reading);
  root.reading = reading;
  root.mark = (unixS) => plots.forEach((plot) => {
    let line = plot.over.querySelector(".now-line");
    if (!line) plot.over.append((line = element("i", { class: "now-line" })));
    line.style.left = `${plot.valToPos(unixS, "x")}px`;
  });
  root.mark(scene.grid.unix_s);
}

function told(root, plot, series, unit, key) {
  const i = plot.cursor.idx;
  if (i === null || i === undefined || !root.reading || !plot.cursor.event) return;
  const value = series[key][i];
  root.reading.textContent = `${clock(series.unix_s[i])} UTC: ${value === null ? "no value" : `${value} ${unit}`}`;
}

/** A strip that is filled where the place is connected. */
function connectedStrip(series, colour, wide) {
  const canvas = element("canvas", { width: wide * 2, height: 16, class: "strip" });
  const c = canvas.getContext("2d"), n = series.connected.length;
  series.connected.forEach((value, i) => {
    if (value === null) return;
    c.fillStyle = colour(value ? "--green" : "--bad");
    c.fillRect((i / n) * wide * 2, 0, Math.max(1, (wide * 2) / n + 0.5), 16);
  });
  const known = series.connected.filter((v) => v !== null), share = known.filter(Boolean).length / (known.length || 1);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Connected in ${(100 * share).toFixed(1)} % of the slots`);
  return element("figure", { class: "chart" }, element("figcaption", {}, `Connected in ${(100 * share).toFixed(1)} % of the slots`), canvas);
}
