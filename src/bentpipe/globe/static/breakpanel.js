// Break it: switch parts off, have the slots computed again, see the difference.

import * as api from "./api.js";
import { change, clock, count, element, fill, instant, number } from "./format.js";

const LENGTHS = [[900, "15 minutes"], [3600, "1 hour"], [3 * 3600, "3 hours"], [24 * 3600, "1 day"]];
const RAIN = [["", "as in the run"], ["1", "as bad as in 1 % of an average year"], ["0.1", "as bad as in 0.1 % of a year"],
  ["0.01", "a downpour: as bad as in 0.01 % of a year"]];

export class BreakPanel {
  constructor(root, { onEdits, onLength, onStart, onStop, getTime }) {
    Object.assign(this, { root, onEdits, onLength, onStart, onStop, getTime });
    this.form = element("form", { class: "break", onsubmit: (event) => { event.preventDefault(); onStart(); } });
    this.outcome = element("div", { class: "outcome" });
    this.told = element("p", { class: "wrong", role: "alert" });
    fill(root, element("h2", {}, "Break it"),
      element("p", {}, "Switch parts off and have these slots simulated again. Everything else, chance included, stays as it was, so " +
        "that the difference is the effect. What you get is hypothetical."), this.form, this.told, this.outcome);
  }

  setRun(scene, fleet, edits, length_s) {
    this.scene = scene;
    this.fleet = fleet;
    this.edits = { ...edits };
    this.build(length_s);
  }

  build(length_s) {
    const { scene, edits } = this;
    const off = new Set(edits.gateways ?? []), dark = new Set(edits.power_regions ?? []);
    const field = (legend, ...inside) => element("fieldset", {}, element("legend", {}, legend), ...inside);
    const check = (name, value, checked, ...text) => element("label", { class: "check" },
      element("input", { type: "checkbox", name, value, checked, onchange: () => this.read() }), ...text);
    const percent = (name, value, label) => element("label", { class: "slide" }, label,
      element("input", { type: "range", name, min: 0, max: 100, step: 1, value: String(value), oninput: () => this.read() }),
      element("output", {}, `${value} %`));
    const shells = (this.fleet?.shells ?? []).filter((s) => s.planes);
    fill(this.form, 
      field("Gateways to switch off", element("div", { class: scene.gateways.length > 8 ? "list tall" : "list" },
        scene.gateways.map((g) => check("gateway", g.id, off.has(g.id), g.name, element("small", {}, ` to ${g.pop}`))))),
      field("Satellites to lose", percent("satellites", edits.satellites_percent ?? 0, "At random"),
        shells.length ? element("label", {}, "Planes of ",
          element("select", { name: "shell", onchange: () => this.read() }, this.fleet.shells.map((s, i) => s.planes
            ? element("option", { value: String(i), selected: edits.shell === i }, `${s.name} (${s.planes} planes)`) : null)),
          element("input", { name: "planes", placeholder: "such as 0-5, 12", value: planesText(edits.planes ?? []),
            "aria-label": "Planes, counted from 0", oninput: () => this.read() })) : null),
      scene.has_lasers ? field("Lasers to lose", percent("lasers", edits.lasers_percent ?? 0, "Of satellites, at random")) : null,
      field("Regions without mains power", element("div", { class: "list tall" },
        scene.regions.map((r) => check("power", r.code, dark.has(r.code), r.name)))),
      scene.has_rates ? field("Rain, everywhere", element("select", { name: "rain", "aria-label": "Rain", onchange: () => this.read() },
        RAIN.map(([value, text]) => element("option", { value, selected: String(edits.rain_exceeded_percent ?? "") === value }, text)))) : null,
      element("p", { class: "from" }, "From ", element("b", { id: "break-from" }, ""), " for ",
        element("select", { name: "length", "aria-label": "For how long", onchange: (event) => this.onLength(Number(event.target.value)) },
          LENGTHS.map(([s, text]) => element("option", { value: String(s), selected: s === length_s }, text)))),
      element("p", {}, element("button", { class: "main hypo", type: "submit" }, "Show what happens"), " ",
        element("button", { type: "button", onclick: () => this.clear() }, "Clear")),
    );
    this.setTime();
  }

  /** The time from which it would hold: that of the time bar. */
  setTime() {
    const at = this.form.querySelector("#break-from");
    if (at && this.scene) at.textContent = instant(this.getTime());
  }

  read() {
    const form = this.form, all = (name) => [...form.querySelectorAll(`[name=${name}]:checked`)].map((box) => box.value);
    const edits = {};
    if (all("gateway").length) edits.gateways = all("gateway");
    if (all("power").length) edits.power_regions = all("power");
    for (const [name, key] of [["satellites", "satellites_percent"], ["lasers", "lasers_percent"]]) {
      const slide = form.elements[name];
      if (!slide) continue;
      slide.nextElementSibling.textContent = `${slide.value} %`;
      if (Number(slide.value)) edits[key] = Number(slide.value);
    }
    const planes = planesFrom(form.elements.planes?.value ?? "");
    form.elements.planes?.setAttribute("aria-invalid", planes === null ? "true" : "false");
    if (planes?.length) Object.assign(edits, { shell: Number(form.elements.shell.value), planes });
    if (form.elements.rain?.value) edits.rain_exceeded_percent = Number(form.elements.rain.value);
    this.edits = edits;
    this.told.textContent = planes === null ? "Planes: write numbers and ranges, such as 0-5, 12" : "";
    this.onEdits(edits);
  }

  clear() {
    this.edits = {};
    this.onEdits({});
    this.build(Number(this.form.elements.length.value));
  }

  /** Tick a gateway that was clicked on the map. */
  switchOff(id) {
    this.edits = { ...this.edits, gateways: [...new Set([...(this.edits.gateways ?? []), id])] };
    this.onEdits(this.edits);
    this.build(Number(this.form.elements.length.value));
  }

  /** What went wrong; or, with "busy", what is waited for. */
  say(message, kind = "wrong") {
    this.told.className = kind;
    this.told.textContent = message;
  }

  /** How far the server is. */
  progress(job) {
    const busy = ["queued", "preparing", "simulating"].includes(job.state);
    if (!busy) {
      this.bar?.line.remove();
      this.bar = null;
      if (job.state === "failed") this.say(job.message || "it failed");
      if (job.state === "cancelled") this.say("Stopped: what had been computed is shown.", "busy");
      return;
    }
    if (!this.bar || this.bar.job !== job.id) {
      const bar = element("progress", { max: 1, "aria-label": "Slots simulated again" });
      const text = element("span", {});
      const line = element("p", { class: "progress" }, bar, text,
        element("button", { type: "button", onclick: (event) => {
          event.target.disabled = true;
          event.target.textContent = "Stopping…";
          this.onStop(job.id);
        } }, "Stop"));
      this.bar = { job: job.id, bar, text, line };
      this.shown = null;
      fill(this.outcome, line);
    }
    if (job.total) this.bar.bar.value = job.done / job.total;
    this.bar.text.textContent = job.state === "simulating" && job.total ? `${job.done} of ${job.total} slots` : `${job.state}…`;
  }

  /** The server no longer has a what-if: neither its file nor its progress. */
  forgotten(id) {
    if (this.shown !== id && this.bar?.job !== id) return;
    this.shown = this.bar = null;
    fill(this.outcome);
  }

  /** The numbers that changed. */
  result(id, scene, found, regionChosen) {
    const rows = found.regions.map((r) => ({ ...r, delta: (r.users_after ?? 0) - (r.users_before ?? 0) }));
    const moved = rows.filter((r) => r.users_before || r.users_after)
      .sort((a, b) => a.delta - b.delta || (ratio(a) - ratio(b)));
    const users = found.users, delta = users.after - users.before, first = this.shown !== id;
    if (first) {
      this.shown = id;
      this.found = element("div", {});
      fill(this.outcome, this.bar?.line, this.found,
        element("p", {}, element("a", { class: "button", href: api.scenarioAddress(id), download: "" }, "Save as a scenario file")));
    }
    fill(this.found,
      element("h3", {}, "What changes ", element("span", { class: "tag hypothetical" }, "hypothetical")),
      element("p", { class: "edits" }, (scene.edits_text ?? []).join("; ")),
      element("p", { class: `headline ${delta < -0.5 ? "bad" : "good"}` }, delta ? `${change(delta)} users connected` : "As many users connected as before"),
      element("p", { class: "sub" }, `${count(users.after)} in place of ${count(users.before)}, means over ${found.slots} of ${found.of} slots ` +
        `from ${clock(scene.grid.unix_s + (scene.window[0] - scene.grid.start) * scene.grid.slot_s)} UTC. Simulated.`),
      this.table("Sites", found.sites, true, scene),
      this.table("Regions, the hardest hit first", moved, false, scene, regionChosen),
    );
    if (first) this.outcome.scrollIntoView({ block: "start", behavior: "smooth" });
  }

  table(title, rows, sites, scene, chosen) {
    if (!rows.length) return null;
    const has = scene.has_rates;
    const heads = [sites ? "Site" : "Region", sites ? "Connected" : "Users", ...(has ? ["Could get, Mbit/s", "Given, Mbit/s"] : []), "Round trip, ms"];
    const pair = (before, after, words = number) => [element("b", { class: sign(before, after) }, words(after)), element("small", {}, ` was ${words(before)}`)];
    return element("section", {}, element("h3", {}, title), element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title },
      element("table", { class: "changes" },
        element("thead", {}, element("tr", {}, heads.map((h) => element("th", { scope: "col" }, h)))),
        element("tbody", {}, rows.map((r) => element("tr", {},
          element("th", { scope: "row" }, !sites && chosen ? element("button", { type: "button", class: "plain", onclick: () => chosen(r.code) }, r.name) : r.name),
          element("td", {}, sites ? pair(r.connected_before_percent, r.connected_after_percent, (v) => `${number(v)} %`) : pair(r.users_before, r.users_after, count)),
          has ? element("td", {}, pair(r.peak_before_mbit_s, r.peak_after_mbit_s)) : null,
          has ? element("td", {}, pair(r.rate_before_mbit_s, r.rate_after_mbit_s)) : null,
          element("td", {}, pair(r.rtt_before_ms, r.rtt_after_ms))))))));
  }
}

const ratio = (r) => (r.peak_before_mbit_s ? (r.peak_after_mbit_s ?? 0) / r.peak_before_mbit_s : 1);

function sign(before, after) {
  if (before === null || after === null || before === undefined || after === undefined) return before === after ? "" : "moved";
  return Math.abs(after - before) > 1e-3 * Math.max(Math.abs(before), Math.abs(after)) ? "moved" : "";
}

/** "0-5, 12" as numbers; null where it cannot be read. */
function planesFrom(text) {
  const out = [];
  for (const part of text.split(",").map((p) => p.trim()).filter(Boolean)) {
    const found = /^(\d{1,3})(?:\s*[-–]\s*(\d{1,3}))?$/.exec(part);
    if (!found) return null;
    const first = Number(found[1]), last = Number(found[2] ?? found[1]);
    if (last < first) return null;
    for (let plane = first; plane <= last; plane++) out.push(plane);
  }
  return [...new Set(out)];
}

function planesText(planes) {
  const parts = [];
  for (const plane of planes) {
    const last = parts.at(-1);
    if (last && last[1] === plane - 1) last[1] = plane;
    else parts.push([plane, plane]);
  }
  return parts.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(", ");
}
