// Two runs, or a run and a what-if over it, with one clock.

import { change, count, element, fill, instant, number } from "./format.js";

const at = (grid, slot) => grid.unix_s + (slot - grid.start) * grid.slot_s;
const first = ({ grid, window }) => at(grid, window?.[0] ?? grid.start);
const end = ({ grid, window }) => at(grid, window?.[1] ?? grid.stop);

export class ComparePanel {
  constructor(root, { onOther }) {
    Object.assign(this, { root, onOther });
    this.numbers = element("div", {});
  }

  setRuns(runs, current, other) {
    const offered = runs.filter((r) => r.id !== current && (r.kind === "run" || r.of === current));
    const named = (r) => (r.kind === "what-if" ? `what if: ${(r.edits_text ?? []).join("; ")}` : `${r.title} (${r.id})`);
    const select = element("select", { id: "compare-with", onchange: (e) => this.onOther(e.target.value || null) },
      element("option", { value: "" }, "nothing"),
      offered.map((r) => element("option", { value: r.id, selected: r.id === other }, named(r))));
    fill(this.root, element("h2", {}, "Compare"),
      element("p", {}, element("label", { for: "compare-with" }, "This run with "), select),
      offered.length ? null : element("p", { class: "sub" }, "There is nothing to compare with yet: break something, or start the server with two runs: ",
        element("code", {}, "bentpipe serve RUN RUN")),
      this.numbers);
  }

  /** Another run is on its way. */
  busy() {
    fill(this.numbers, element("p", { class: "busy" }, "Loading…"));
  }

  setNumbers(scene, mine, otherScene, theirs) {
    if (!otherScene) return fill(this.numbers);
    if (!mine || !theirs) return fill(this.numbers, element("p", { class: "sub" }, "This slot is not there in both: ",
      `${otherScene.title} has those from ${instant(first(otherScene))} to ${instant(end(otherScene))}.`));
    const rate = (n) => n.regions.reduce((sum, r) => sum + (r.rate_mbit_s ?? 0), 0);
    const rows = [
      ["Users connected", mine.users_connected, theirs.users_connected, count],
      ["Terminals with power", mine.terminals_powered, theirs.terminals_powered, count],
      ["Cells served", mine.cells_served, theirs.cells_served, count],
      ...(scene.has_rates && otherScene.has_rates ? [["Given in all regions, Mbit/s", rate(mine), rate(theirs), number]] : []),
      ["Satellites that serve", mine.serving.length, theirs.serving.length, count],
    ];
    const codes = new Map(otherScene.regions.map((r, i) => [r.code, theirs.regions[i]]));
    const regions = scene.regions.map((r, i) => [r.name, mine.regions[i], codes.get(r.code)]).filter(([, , b]) => b)
      .map(([name, a, b]) => [name, a.users_connected, b.users_connected, count])
      .sort((a, b) => (a[2] - a[1]) - (b[2] - b[1]));
    const table = (title, lines) => element("section", {}, element("h3", {}, title),
      element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title }, element("table", { class: "changes" },
        element("thead", {}, element("tr", {}, ["", "A", "B", "B − A"].map((h) => element("th", { scope: "col" }, h)))),
        element("tbody", {}, lines.map(([name, a, b, words]) => element("tr", {}, element("th", { scope: "row" }, name),
          element("td", {}, words(a)), element("td", {}, words(b)), element("td", {}, change(b - a, words))))))));
    return fill(this.numbers, 
      element("p", { class: "sub" }, element("b", {}, "A "), scene.title, element("br"), element("b", {}, "B "), otherScene.kind === "what-if" ? (otherScene.edits_text ?? []).join("; ") : otherScene.title,
        otherScene.kind === "what-if" ? [" ", element("span", { class: "tag hypothetical" }, "hypothetical")] : null),
      table("In this slot", rows), regions.length ? table("Users connected by region", regions) : null);
  }
}
