// What is looked at, and the same in the address of the page, so that it can be shared and survives a reload.

export const LAYERS = {
  cells: ["Cells", true],
  satellites: ["Satellites", true],
  raising: ["Satellites that raise their orbit", false],
  serving: ["Only satellites that serve", false],
  siteLinks: ["Links of the sites", true],
  feeder: ["Feeder links of gateways", true],
  lasers: ["Lasers", true],
  gateways: ["Gateways", true],
  sites: ["Sites", true],
  labels: ["Names", true],
  borders: ["Countries", true],
  regions: ["Regions", true],
  night: ["Day and night", true],
};

export const state = {
  run: null, // id
  other: null, // id of a what-if or of a second run
  show: "run", // "run" | "other" | "difference" | "both"
  variable: null,
  slot: null,
  view: "globe", // or "map"
  camera: null, // {latitude_deg, longitude_deg, distance_km}
  tab: "place",
  folded: false,
  place: null, // {site} | {cell} | {latitude_deg, longitude_deg}
  speed: 60,
  threshold: null,
  theme: "auto",
  layers: Object.fromEntries(Object.entries(LAYERS).map(([name, [, on]]) => [name, on])),
  edits: {},
  length_s: 3600,
};

const listeners = new Map();

/** Call `work(state)` after any of the keys changed. */
export function on(keys, work) {
  for (const key of keys.split(" ")) listeners.set(key, [...(listeners.get(key) ?? []), work]);
}

/** Change the state, tell those who listen, each once, and write the address. */
export function set(changes) {
  const changed = Object.keys(changes).filter((key) => changes[key] !== state[key]);
  if (!changed.length) return;
  Object.assign(state, changes);
  for (const work of new Set(changed.flatMap((key) => listeners.get(key) ?? []))) work(state);
  writeAddress();
}

// To the second, upwards: the moment must lie within its slot.
const iso = (unixS) => new Date(Math.ceil(unixS - 1e-3) * 1000).toISOString().slice(0, 19) + "Z";
let grid = null;
let pending = 0;

/** The slots of the run, without which the address can hold no time. */
export function setGrid(found) {
  grid = found;
}

function writeAddress() {
  clearTimeout(pending);
  // Browsers refuse more than some 100 changes of the address in 30 s, which playing would make.
  pending = setTimeout(() => history.replaceState(null, "", `#${address()}`), 400);
}

export function address() {
  const s = state;
  const parts = new URLSearchParams();
  if (s.run) parts.set("run", s.run);
  if (s.other) parts.set("with", s.other);
  if (s.show !== "run") parts.set("show", s.show);
  if (s.variable) parts.set("colour", s.variable);
  if (grid && s.slot !== null) parts.set("t", iso(grid.unix_s + (s.slot - grid.start) * grid.slot_s));
  parts.set("view", s.view);
  if (s.camera) {
    const { latitude_deg, longitude_deg, distance_km } = s.camera;
    parts.set("at", `${latitude_deg.toFixed(3)},${longitude_deg.toFixed(3)},${distance_km.toFixed(0)}`);
  }
  parts.set("tab", s.folded ? "none" : s.tab);
  if (s.place) {
    parts.set("place", s.place.site !== undefined ? `site:${s.place.site}`
      : s.place.cell !== undefined ? `cell:${s.place.cell}` : `${s.place.latitude_deg.toFixed(4)},${s.place.longitude_deg.toFixed(4)}`);
  }
  if (s.speed !== 60) parts.set("speed", String(s.speed));
  if (s.threshold !== null) parts.set("above", String(s.threshold));
  if (s.theme !== "auto") parts.set("theme", s.theme);
  const turned = Object.keys(LAYERS).filter((name) => s.layers[name] !== LAYERS[name][1]);
  if (turned.length) parts.set("turned", turned.join(","));
  if (Object.keys(s.edits).length) parts.set("edits", JSON.stringify(s.edits));
  if (s.length_s !== 3600) parts.set("for", String(s.length_s));
  return parts.toString();
}

const finite = (text) => (text !== null && text !== "" && Number.isFinite(Number(text)) ? Number(text) : null);

/** What the address of the page asks for; what it gets wrong is left out. */
export function fromAddress(hash) {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  const out = {};
  const word = /^[A-Za-z0-9._-]{1,80}$/;
  for (const [key, name] of [["run", "run"], ["with", "other"], ["colour", "variable"]]) {
    if (word.test(parts.get(key) ?? "")) out[name] = parts.get(key);
  }
  if (["run", "other", "difference", "both"].includes(parts.get("show"))) out.show = parts.get("show");
  if (["globe", "map"].includes(parts.get("view"))) out.view = parts.get("view");
  if (["light", "dark"].includes(parts.get("theme"))) out.theme = parts.get("theme");
  if (parts.get("tab") === "none") out.folded = true;
  else if (["place", "break", "regions", "compare", "about"].includes(parts.get("tab"))) out.tab = parts.get("tab");
  const time = Date.parse(parts.get("t") ?? "");
  if (Number.isFinite(time)) out.unix_s = time / 1000;
  const at = (parts.get("at") ?? "").split(",").map(finite);
  if (at.length === 3 && !at.includes(null)) {
    out.camera = { latitude_deg: at[0], longitude_deg: at[1], distance_km: at[2] };
  }
  out.place = placeFrom(parts.get("place") ?? "");
  const speed = finite(parts.get("speed"));
  if (speed !== null && speed > 0) out.speed = speed;
  const above = finite(parts.get("above"));
  if (above !== null) out.threshold = above;
  const turned = (parts.get("turned") ?? "").split(",");
  out.layers = Object.fromEntries(Object.entries(LAYERS).map(([n, [, shown]]) => [n, turned.includes(n) ? !shown : shown]));
  try {
    const edits = JSON.parse(parts.get("edits") ?? "{}");
    out.edits = editsFrom(edits);
  } catch { /* a mangled address: nothing is broken then */ }
  const length = finite(parts.get("for"));
  if (length !== null && length > 0) out.length_s = length;
  return out;
}

/** Those of the edits of an address that the form can show; the server checks what they name. */
function editsFrom(given) {
  const out = {};
  if (!given || typeof given !== "object") return out;
  const list = (value, type) => Array.isArray(value) && value.length > 0 && value.every((v) => typeof v === type);
  const within = (value, low, high) => typeof value === "number" && value >= low && value <= high;
  for (const key of ["gateways", "power_regions"]) if (list(given[key], "string")) out[key] = given[key];
  if (list(given.planes, "number") && Number.isInteger(given.shell)) Object.assign(out, { shell: given.shell, planes: given.planes });
  for (const key of ["satellites_percent", "lasers_percent"]) if (within(given[key], 0, 100)) out[key] = given[key];
  if (within(given.rain_exceeded_percent, 0, 100)) out.rain_exceeded_percent = given.rain_exceeded_percent;
  return out;
}

/** A place as it is typed or stands in the address; null where it is none. */
export function placeFrom(text) {
  if (text.startsWith("site:")) return { site: text.slice(5) };
  if (text.startsWith("cell:")) return { cell: text.slice(5) };
  const parts = text.split(/[,;\s]+/).map(finite);
  if (parts.length === 2 && !parts.includes(null) && Math.abs(parts[0]) <= 90 && Math.abs(parts[1]) <= 360) {
    return { latitude_deg: parts[0], longitude_deg: parts[1] };
  }
  return null;
}
