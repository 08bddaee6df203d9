// The regions as a table that sorts, linked with the map.

import { count, element, fill, number } from "./format.js";

const COLUMNS = [
  ["name", "Region", (v) => v],
  ["population", "People", count],
  ["users_connected", "Users connected now", count],
  ["connected_percent", "of users, %", number],
  ["connected_mean_percent", "mean of the run, %", number],
  ["connected_worst_percent", "worst slot, %", number],
  ["offered_mbit_s", "Asked for, Mbit/s", number, "rates"],
  ["rate_mbit_s", "Given, Mbit/s", number, "rates"],
  ["peak_p10", "Could get, 10th percentile, Mbit/s", number, "rates"],
  ["peak_p50", "median, Mbit/s", number, "rates"],
  ["peak_p90", "90th percentile, Mbit/s", number, "rates"],
  ["rtt_p50_ms", "Round trip, median, ms", number],
  ["rtt_p95_ms", "95th percentile, ms", number],
];

export class RegionsPanel {
  constructor(root, { onRegion, csvAddress }) {
    this.onRegion = onRegion;
    this.sort = { key: "connected_percent", up: true };
    this.note = element("p", { class: "sub" });
    this.link = element("a", { class: "button", download: "" }, "Save as CSV");
    this.head = element("thead", {});
    this.body = element("tbody", {});
    this.csvAddress = csvAddress;
    fill(root, element("h2", {}, "Regions"), this.note,
      element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Regions" },
        element("table", { class: "regions" }, this.head, this.body)),
      element("p", {}, this.link));
  }

  setRun(scene) {
    this.scene = scene;
    this.columns = COLUMNS.filter((c) => c[3] !== "rates" || scene.has_rates);
    this.numbers = null;
    fill(this.body);
  }

  /** Numbers of a slot, of the run of a scene. */
  setNumbers(numbers, scene, slot, text) {
    this.numbers = numbers;
    this.shown = scene;
    this.slot = slot;
    this.note.textContent = numbers
      ? `${text}. Percentiles over the terminals connected in the region now; what one terminal could get is what the busiest moment leaves it. Click a name to go there.`
      : "This slot is not computed yet.";
    this.link.href = this.csvAddress(slot);
    this.draw();
  }

  draw() {
    if (!this.scene) return;
    const { key, up } = this.sort;
    fill(this.head, element("tr", {}, this.columns.map(([name, label]) => element("th", {
      scope: "col", "aria-sort": name === key ? (up ? "ascending" : "descending") : "none",
    }, element("button", { type: "button", onclick: () => {
      this.sort = { key: name, up: name === key ? !up : name === "name" };
      this.draw();
    } }, label)))));
    if (!this.numbers) return fill(this.body);
    const rows = this.shown.regions.map((r, i) => ({ ...r, ...this.numbers.regions[i] }));
    const rank = (v) => (v === null || v === undefined ? null : v);
    rows.sort((a, b) => {
      const x = rank(a[key]), y = rank(b[key]);
      if (x === null || y === null) return (x === null) - (y === null);
      return (typeof x === "string" ? x.localeCompare(y) : x - y) * (up ? 1 : -1);
    });
    fill(this.body, ...rows.map((row) => element("tr", {}, this.columns.map(([name, , words]) => name === "name"
      ? element("th", { scope: "row" }, element("button", { type: "button", class: "plain", onclick: () => this.onRegion(row) }, row.name))
      : element("td", {}, words(row[name]))))));
    return undefined;
  }
}
