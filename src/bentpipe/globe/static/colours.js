// Colours of values: of numbers (viridis), of differences (blue, white, orange), of categories (Okabe and Ito).
//
// All three are told apart with the common kinds of colour blindness. What is missing is grey and faint, what lies
// below a threshold is fainter than what reaches it.

// Viridis of matplotlib 3 (Smith, van der Walt and Firing 2015, CC0), each 16th colour.
const VIRIDIS = [
  "440154", "481a6c", "472f7d", "414487", "39568c", "31688e", "2a788e", "23888e", "1f988b", "22a884", "35b779",
  "54c568", "7ad151", "a5db36", "d2e21b", "fde725",
].map(parse);
// Blues of RdBu opposite the oranges of PuOr, of the same lightness (ColorBrewer 2, Brewer and Harrower, Apache-2.0).
const DIVERGING_LIGHT = ["053061", "2166ac", "4393c3", "92c5de", "d1e5f0", "f7f7f7", "fee0b6", "fdb863", "e08214", "b35806", "7f3b08"].map(parse);
// On a dark page the middle is dark: what stands out must be what differs.
const DIVERGING_DARK = ["a6d3f0", "6db5f2", "3f8fce", "2b669a", "27445f", "2a2d31", "5a4327", "8f5e1c", "c47f1d", "eda23f", "fbd39a"].map(parse);
// Okabe and Ito 2008, without black and without its pink: magenta is kept for what is hypothetical.
const CATEGORIES = ["0072b2", "e69f00", "009e73", "56b4e9", "d55e00", "f0e442", "999999", "7a5195"].map(parse);
const MISSING = { light: [138, 136, 130, 46], dark: [150, 152, 156, 40] };
const OPACITY = { light: 224, dark: 224 };
const DIMMED = 52;

function parse(hex) {
  return [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

function along(stops, share) {
  const at = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(at)), f = at - i;
  return [0, 1, 2].map((c) => Math.round(stops[i][c] + f * (stops[i + 1][c] - stops[i][c])));
}

function stopsOf(options) {
  if (!options.diverging) return VIRIDIS;
  const stops = options.theme === "dark" ? DIVERGING_DARK : DIVERGING_LIGHT;
  return options.reversed ? stops.toReversed() : stops; // orange is for the worse
}

/** Values at both ends of the scale: those of a difference lie as far from 0 on both sides. */
export function limits({ low, high, diverging }) {
  if (!diverging) return [low, high];
  const far = Math.max(Math.abs(low ?? 0), Math.abs(high ?? 0)) || 1;
  return [-far, far];
}

/** Colour [r, g, b] of a category, by its number and how many there are. */
function categoryColour(number, { kind, palette, categories, theme }) {
  if (kind === "ordered") {
    const count = Math.max(2, categories ? categories.length : 2);
    return along(VIRIDIS, 0.08 + (0.88 * number) / (count - 1));
  }
  const nothing = theme === "dark" ? [74, 80, 87] : [205, 202, 194];
  if (kind === "flag") return number ? CATEGORIES[0] : nothing;
  // Of what limits a cell the first is that there is nothing to limit: no finding, and most of the map.
  if (palette === "after-nothing") return number ? CATEGORIES[(number - 1) % CATEGORIES.length] : nothing;
  return CATEGORIES[((number % CATEGORIES.length) + CATEGORIES.length) % CATEGORIES.length];
}

/** Whether the variable's values are numbers of categories. */
function isCategories({ kind, palette, diverging }) {
  return !diverging && (kind === "flag" || kind === "category" || kind === "ordered" || palette === "categories");
}

/**
 * RGBA of each value.
 *
 * values: Float32Array of C values; NaN is missing. options: `kind` "number", "flag", "category" or "ordered"; `low`
 * and `high` of the scale; `palette` "sequential", "categories" or "after-nothing" (the first is grey); `categories` their names; `threshold` a value (of a
 * difference: its size) or null; `theme` "light" or "dark"; `diverging` whether the values are
 * differences, `reversed` whether more is better. Returns a Uint8ClampedArray of 4 x C.
 */
export function colours(values, options) {
  const theme = options.theme === "dark" ? "dark" : "light";
  const out = new Uint8ClampedArray(4 * values.length);
  const grouped = isCategories(options);
  const count = 256;
  const [low, high] = limits(options);
  const stops = stopsOf(options);
  const table = Array.from({ length: count }, (_, i) =>
    grouped ? categoryColour(i, options) : along(stops, i / (count - 1)));
  const scale = high > low ? (count - 1) / (high - low) : 0;
  const threshold = options.threshold ?? -Infinity;
  for (let i = 0; i < values.length; i++) {
    const v = values[i], o = 4 * i;
    if (Number.isNaN(v)) {
      out.set(MISSING[theme], o);
      continue;
    }
    const at = grouped ? Math.round(v) : Math.round((v - low) * scale);
    out.set(table[Math.min(count - 1, Math.max(0, at))], o);
    // A flat scale (all values alike) has its middle colour.
    if (!grouped && !scale) out.set(table[count / 2], o);
    out[o + 3] = (options.diverging ? Math.abs(v) : v) < threshold ? DIMMED : OPACITY[theme];
  }
  return out;
}
