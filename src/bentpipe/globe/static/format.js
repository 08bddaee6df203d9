// Numbers and times as people read them.

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
// Made once: making one takes longer than all that it writes.
const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const PLACES = Array.from({ length: 7 }, (_, places) => new Intl.NumberFormat("en", { maximumFractionDigits: places }));
const two = (n) => String(n).padStart(2, "0");

/** A value to three digits that matter, with thin groups of thousands; an en dash where there is none. */
export function number(value, digits = 3) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 10 ** digits) return WHOLE.format(Math.round(value));
  const places = Math.max(0, Math.min(6, digits - 1 - Math.floor(Math.log10(size))));
  return PLACES[places].format(value).replace("-", "−");
}

/** People or things: whole, and no finer than four digits, as the model warrants no more. */
export function count(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const step = size >= 10_000 ? 10 ** (Math.floor(Math.log10(size)) - 3) : 1;
  return WHOLE.format(Math.round(value / step) * step).replace("-", "−");
}

/** A change with its sign; "no change" where it is none. */
export function change(value, words = count) {
  if (value === null || !Number.isFinite(value)) return "–";
  const text = words(Math.abs(value));
  return text === "0" ? "no change" : `${value > 0 ? "+" : "−"}${text}`;
}

/** Unit of a difference: of percentages it is no percentage. */
export const changeUnit = (unit) => (unit === "%" ? "% points" : unit);

export function day(unixS) {
  const d = new Date(unixS * 1000);
  return `${DAYS[d.getUTCDay()]} ${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]} ${d.getUTCFullYear()}`;
}

export function clock(unixS, seconds = true) {
  const d = new Date(Math.round(unixS) * 1000);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}${seconds ? `:${two(d.getUTCSeconds())}` : ""}`;
}

export const instant = (unixS) => `${day(unixS)}, ${clock(unixS)} UTC`;
export const iso = (unixS) => new Date(Math.round(unixS) * 1000).toISOString().replace(".000", "");

export function span(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${number(seconds / 60, 2)} min`;
  return `${number(seconds / 3600, 2)} h`;
}

export function degrees(latitude, longitude) {
  const ns = latitude >= 0 ? "N" : "S", ew = longitude >= 0 ? "E" : "W";
  return `${Math.abs(latitude).toFixed(2)}° ${ns}, ${Math.abs(longitude).toFixed(2)}° ${ew}`;
}

/** An element with attributes, text and children; nothing is ever read as HTML. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && typeof value !== "string") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...there(children));
  return made;
}

/** Put other children into an element; what is null or false is left out. */
export function fill(parent, ...children) {
  parent.replaceChildren(...there(children));
}

const there = (children) => children.flat(3).filter((c) => c !== null && c !== undefined && c !== false);
