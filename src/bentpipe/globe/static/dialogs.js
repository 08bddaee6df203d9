// Layers, export, help; and the panel that says what the run is.

import * as api from "./api.js";
import { element, fill, instant, iso, number } from "./format.js";
import { LAYERS } from "./state.js";

const box = (id) => document.getElementById(id);
const closer = (dialog) => element("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => dialog.close() }, "×");

function open(dialog, title, ...inside) {
  const opener = document.activeElement;
  fill(dialog, closer(dialog), element("h2", { id: `${dialog.id}-title` }, title), ...inside);
  dialog.onclick = (event) => { if (event.target === dialog) dialog.close(); };
  dialog.onclose = () => opener?.focus?.();
  if (!dialog.open) dialog.showModal();
}

export function openLayers(state, scene, { onLayer, onTheme }) {
  const shown = Object.entries(LAYERS).filter(([name]) => name !== "lasers" || scene.has_lasers);
  open(box("layers"), "Layers",
    element("div", { class: "checks" }, shown.map(([name, [text]]) => element("label", { class: "check" },
      element("input", { type: "checkbox", checked: state.layers[name], onchange: (e) => onLayer(name, e.target.checked) }), text))),
    element("label", { class: "theme" }, "Colours of the page ",
      element("select", { onchange: (e) => onTheme(e.target.value) }, [["auto", "as the system"], ["light", "light"], ["dark", "dark"]]
        .map(([value, text]) => element("option", { value, selected: state.theme === value }, text)))),
    element("p", { class: "sub" }, "Scales: viridis for amounts, Okabe and Ito's eight colours for kinds, a blue to orange scale for " +
      "changes; all of them can be told apart with any of the common kinds of colour blindness."));
}

export function openExport({ state, scene, other, onPicture, serving }) {
  const run = state.show === "run" || !state.other ? state.run : state.other;
  const query = { variable: state.variable, slot: state.slot };
  if (state.show === "difference") query.with = state.run;
  const link = (file, text, sub, extra) => element("li", {},
    element("a", { class: "button", href: api.exportAddress(run, file, extra ?? query), download: "" }, text), element("span", {}, sub));
  const variable = scene.variables.find((v) => v.name === state.variable);
  const hour = Math.round(3600 / scene.grid.slot_s);
  const place = state.place?.site !== undefined ? { site: state.place.site } : state.place?.cell !== undefined ? { cell: state.place.cell } : null;
  open(box("export"), "Save what you see",
    element("p", { class: "sub" }, `${instant(scene.grid.unix_s + (state.slot - scene.grid.start) * scene.grid.slot_s)}; simulated` +
      (scene.hypothetical || other?.hypothetical ? ", in part hypothetical: every file says so" : "")),
    element("ul", { class: "exports" },
      element("li", {}, element("button", { type: "button", class: "button", onclick: onPicture }, "Picture (PNG)"), element("span", {}, "the map with its legend and what it shows")),
      variable && link("cells.csv", "Cells (CSV)", `${variable?.label ?? ""} of every cell in this slot`),
      variable && link("cells.geojson", "Cells (GeoJSON)", "the same as hexagons, for a GIS"),
      link("regions.csv", "Regions (CSV)", "the table of this slot", { slot: state.slot }),
      place ? link("series.csv", "This place (CSV)", "every slot of the run", place) : null,
      link("satellites.czml", "Satellites (CZML)", "those that serve now (300 at most), one hour, for Cesium", {
        satellites: serving.slice(0, 300).join(","), from_slot: state.slot, to_slot: Math.min(scene.grid.stop, state.slot + hour),
      })));
}

const KEYS = [
  ["Space", "play, pause"], [", and .", "one slot back, on"], ["< and >", "ten minutes back, on"], ["Home, End", "first, last slot"],
  ["G", "globe or flat map"], ["A", "ask a place"], ["B", "break it"], ["R", "regions"], ["C", "compare"], ["D", "next of: run, with changes, difference, both"],
  ["P", "fold the panel"], ["L", "layers"], ["E", "export"], ["/", "go to a place"], ["Arrow keys, + and −", "move and zoom the map, when it has the focus"],
  ["Enter", "ask about the centre of the map, when it has the focus"], ["Esc", "close, or forget the place"],
];

export function openHelp() {
  open(box("help"), "Keys",
    element("dl", { class: "keys" }, KEYS.map(([key, text]) => [element("dt", {}, key), element("dd", {}, text)])),
    element("p", { class: "sub" }, "Drag to turn, wheel or pinch to zoom, click to ask. The address of the page holds the whole view: " +
      "keep it as a bookmark. Everything runs on this machine: nothing is asked of the Internet."));
}

export function fillAbout(root, scene, version) {
  const s = scene;
  fill(root, 
    element("h2", {}, s.title),
    s.question ? element("p", { class: "question" }, s.question) : null,
    ...String(s.summary ?? "").trim().split(/\n\s*\n/).filter(Boolean).map((text) => element("p", {}, text)),
    element("p", {}, element("b", {}, "Simulated; not live status. "),
      s.hypothetical ? "Part of it is hypothetical: its answers are no statement about what was or will be. " : "",
      "Population is approximate. Satellites are drawn where the run had them; between the minutes their way is a cubic, within 10 m."),
    element("dl", { class: "facts" }, [
      ["From", instant(s.grid.unix_s)],
      ["Slots", `${(s.grid.stop - s.grid.start).toLocaleString("en")} of ${number(s.grid.slot_s)} s`],
      ["Satellites", s.satellites.count.toLocaleString("en")],
      ["Cells", s.cells.count.toLocaleString("en")],
      ["Gateways", String(s.gateways.length)],
      ["Scheduling", typeof s.policy === "object" ? [s.policy?.scheduling, s.policy?.source].filter(Boolean).join("; ") : s.policy],
      ["Run", `${s.id}, ${String(s.identity).slice(0, 12)}`],
      ["bentpipe", version],
    ].map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])),
    s.events.length ? element("h3", {}, "What happens") : null,
    element("ul", { class: "events" }, s.events.map((e) => element("li", {}, element("b", {}, e.title), " ",
      element("span", { class: `tag ${e.tag}` }, e.tag),
      element("br"), `${iso(e.start_unix_s)} to ${iso(e.end_unix_s)}`, e.changed ? `: ${e.changed}` : "",
      e.source ? element("small", {}, e.source) : null))),
    element("h3", {}, "Data"),
    element("ul", { class: "events" }, (s.data ?? []).map((d) => element("li", {}, element("b", {}, d.name), d.date ? ` (${d.date})` : "",
      element("small", {}, [d.source, d.note].filter(Boolean).join("; "))))),
    element("h3", {}, "To know"),
    element("ul", { class: "events", id: "notes" }, (s.warnings ?? []).map((text) => element("li", {}, text)),
      element("li", {}, "Faster than 1 minute a second satellites are drawn between keyframes farther apart, up to 1.4 km from where they were.")),
    element("p", { class: "sub" }, "Drawn with three.js (MIT) and uPlot (MIT); outlines from Natural Earth (public domain), places from GeoNames (CC BY 4.0)."),
  );
}
