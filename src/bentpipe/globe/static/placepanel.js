// Ask a place: who serves it and why, through what, how fast, what it can do with it, and when that ends.

import * as api from "./api.js";
import { drawCharts } from "./charts.js";
import { clock, degrees, element, fill, instant, number, span } from "./format.js";

const SEGMENTS = {
  user_link: "user link",
  laser_links: "lasers",
  laser_forwarding: "forwarding at lasers",
  feeder_link: "feeder link",
  fibre: "fibre",
};
const words = (name) => SEGMENTS[name] ?? name.replaceAll("_", " ");

export class PlacePanel {
  constructor(root) {
    this.root = root;
    this.asked = 0;
    this.seriesOf = "";
    this.charts = element("div", { class: "charts" });
    this.invite();
  }

  invite() {
    this.asked++; // an answer on its way is to nobody's question any more
    this.answer = null;
    fill(this.root, 
      element("h2", {}, "Ask a place"),
      element("p", {}, "Click a cell, a site or a gateway on the map, or type the name of one above: it tells which satellite " +
        "serves it and why no other does, the delay piece by piece, the rate and what limits it, and the next gap."),
    );
  }

  /** Ask the server about a place in a slot; the answer of an earlier question is dropped. */
  async show(source, scene, place, slot) {
    if (!place) return this.invite();
    const mine = ++this.asked;
    this.stop?.abort();
    this.stop = new AbortController();
    const late = setTimeout(() => {
      if (mine === this.asked && !this.answer) fill(this.root, element("p", { class: "busy" }, "Asking…"));
    }, 150);
    try {
      const answer = await api.place(source, place, slot, this.stop.signal);
      if (mine !== this.asked) return null;
      this.answer = answer;
      if (!answer.found) {
        fill(this.root, element("h2", {}, "Nothing here"),
          element("p", {}, answer.message ?? "This place lies in no cell of the run's territory."));
        return answer;
      }
      this.draw(scene, answer, slot);
      const key = `${source} ${answer.kind} ${answer.id}`;
      if (this.seriesOf !== key) {
        this.seriesOf = key;
        fill(this.charts, element("p", { class: "busy" }, "Reading the day…"));
        const series = await api.series(source, answer.kind === "site" ? { site: answer.id } : { cell: answer.id });
        if (this.seriesOf === key) drawCharts(this.charts, series, scene);
        if (mine !== this.asked) return null;
      }
      this.charts.mark?.(scene.grid.unix_s + (slot - scene.grid.start) * scene.grid.slot_s);
      return answer;
    } catch (error) {
      if (error.name === "AbortError" || mine !== this.asked) return null;
      this.seriesOf = "";
      this.answer = null;
      fill(this.root, element("h2", {}, "Cannot tell"), element("p", { class: "wrong" }, error.message));
      return null;
    } finally {
      clearTimeout(late);
    }
  }

  draw(scene, a, slot) {
    const open = [...this.root.querySelectorAll("details[open]")].map((d) => d.dataset.name);
    const e = a.explanation ?? {}, now = a.now ?? {};
    const details = (name, title, ...inside) => {
      const made = element("details", { "data-name": name }, element("summary", {}, title), ...inside);
      made.open = open.includes(name);
      return made;
    };
    const top = this.root.scrollTop;
    fill(this.root, 
      element("h2", {}, a.name),
      element("p", { class: "sub" }, [a.kind === "cell" ? `cell ${a.id}` : a.site_kind, scene.regions.find((r) => r.code === a.region)?.name ?? a.region, degrees(a.latitude_deg, a.longitude_deg)]
        .filter(Boolean).join(" · ")),
      element("p", { class: "sub" }, `${instant(scene.grid.unix_s + (slot - scene.grid.start) * scene.grid.slot_s)}, simulated`),
      this.headline(a, e, now),
      this.table(a, e, now),
      this.delay(e),
      this.verdicts(a, scene),
      e.rivals?.length ? details("rivals", `Satellites in the sky: ${e.rivals.length}`, this.rivals(e.rivals)) : null,
      a.lines?.length ? details("lines", "All of it, with the link budget", element("pre", { tabindex: "0" }, a.lines.join("\n"))) : null,
      element("h3", {}, "Over the run"),
      this.charts,
    );
    this.root.scrollTop = top;
  }

  headline(a, e, now) {
    if (now.connected) {
      return element("p", { class: "headline good" }, "Connected", e.satellite ? ` through ${e.satellite}` : "");
    }
    const why = e.why_not ?? (e.served ? "a satellite serves it, but no terminal here is on: no power, no licence, or none placed" : "");
    return element("p", { class: "headline bad" }, "Not connected", why ? `: ${why}` : "");
  }

  table(a, e, now) {
    const rows = [
      ["Satellite", e.satellite && `${e.satellite} (${e.catalog_number})`],
      ["Gateway", e.gateway && `${e.gateway} → ${e.pop}`],
      ["Over lasers", e.lasers?.length ? e.lasers.join(" – ") : null],
      ["Elevation", now.elevation_deg !== null && now.elevation_deg !== undefined ? `${number(now.elevation_deg)}°` : null],
      ["Round trip", rtt(e, now)],
      ["Rate given, down", rate(now.rate_down_mbit_s)],
      ["One terminal could get", rate(now.peak_down_mbit_s, now.peak_up_mbit_s)],
      ["What limits it", now.limit_down && now.rate_down_mbit_s !== null ? now.limit_down : null],
      ["Terminals on", a.kind === "cell" && now.terminals !== undefined ? `${now.terminals_connected ?? 0} of ${now.terminals}` : null],
      ["Next gap", gap(a)],
      ["Connected", a.availability_percent !== null && a.availability_percent !== undefined ? `${number(a.availability_percent)} % of the slots of the run` : null],
    ];
    return element("dl", { class: "facts" }, rows.filter(([, value]) => value)
      .map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
  }

  delay(e) {
    const parts = Object.entries(e.segments_ms ?? {}).filter(([, ms]) => ms > 0);
    if (!parts.length) return null;
    const total = parts.reduce((sum, [, ms]) => sum + ms, 0);
    return element("section", { class: "delay" },
      element("h3", {}, `Delay, ${number(total)} ms there and back`),
      element("div", { class: "bar", "aria-hidden": "true" }, parts.map(([, ms], i) => {
        const part = element("i", { class: `s${i % 8}` });
        part.style.flexGrow = ms / total;
        return part;
      })),
      element("ul", { class: "parts" }, parts.map(([name, ms], i) =>
        element("li", {}, element("i", { class: `s${i % 8}` }), words(name), element("b", {}, `${number(ms)} ms`)))));
  }

  verdicts(a, scene) {
    const found = Object.entries(a.verdicts ?? {});
    if (!found.length) return null;
    return element("section", {},
      element("h3", {}, "What one terminal could do"),
      element("ul", { class: "verdicts" }, found.map(([name, verdict]) =>
        element("li", { class: verdict.replaceAll(" ", "-") }, scene.variables.find((v) => v.name === `service-${name}`)?.label ?? name.replaceAll("-", " "), element("b", {}, verdict)))));
  }

  rivals(rivals) {
    return element("div", { class: "scroll", tabindex: "0" }, element("table", { class: "rivals" },
      element("thead", {}, element("tr", {}, ["Satellite", "Elevation", "Verdict"].map((t) => element("th", { scope: "col" }, t)))),
      element("tbody", {}, rivals.slice(0, 60).map((r) => element("tr", { class: r.verdict === "chosen" ? "chosen" : "" },
        element("td", {}, r.satellite), element("td", {}, `${r.elevation_deg.toFixed(1)}°`), element("td", {}, r.verdict))))));
  }

  /** A gateway or a satellite that was clicked: what it does now. */
  thing(title, sub, rows, action) {
    this.asked++;
    this.answer = null;
    fill(this.root, element("h2", {}, title), element("p", { class: "sub" }, sub),
      element("dl", { class: "facts" }, rows.filter(([, value]) => value !== null && value !== undefined && value !== "")
        .map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])),
      action ? element("button", { type: "button", class: "main hypo", onclick: action.work }, action.text) : null);
  }
}

function rtt(e, now) {
  const ms = e.rtt_ms ?? now.rtt_ms;
  return ms === null || ms === undefined ? null : `${number(ms)} ms (median of the slot, idle)`;
}

function rate(down, up) {
  if (down === null || down === undefined) return null;
  return up === null || up === undefined ? `${number(down)} Mbit/s` : `${number(down)} Mbit/s down, ${number(up)} up`;
}

function gap(a) {
  if (a.gap_now) return `now, for ${span(a.gap_now.duration_s)} from ${clock(a.gap_now.start_unix_s)} UTC`;
  if (!a.next_gap) return "none to the end of the run";
  return `${clock(a.next_gap.start_unix_s)} UTC, for ${span(a.next_gap.duration_s)}`;
}
