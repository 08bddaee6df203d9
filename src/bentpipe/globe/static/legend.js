// What the colours mean: the variable, its scale with unit, a threshold.

import { colours } from "./colours.js";
import { changeUnit, element, fill, number } from "./format.js";
import { colourRule } from "./stage.js";

const box = (id) => document.getElementById(id);

/** Offer the variables of a run, the given ones after those that were computed. */
export function fillVariables(scene, chosen, onChoose) {
  const select = box("variable");
  const group = (label, of) => element("optgroup", { label },
    ...scene.variables.filter(of).map((v) => element("option", { value: v.name }, v.label)));
  fill(select, 
    group("Now", (v) => !v.static),
    group("Over the run, and as given", (v) => v.static),
  );
  select.value = chosen;
  select.onchange = () => onChoose(select.value);
}

/** Draw the scale as the map draws it: with the same function. */
export function drawLegend(variable, { diverging, threshold, theme, note, missing }) {
  const rule = colourRule(variable, { diverging, threshold, theme });
  const out = [];
  const unit = variable.unit && variable.unit !== "1" ? variable.unit : "";
  if (diverging === null && variable.kind !== "number") {
    const names = variable.categories ?? ["no", "yes"];
    const rgba = colours(Float32Array.from(names, (_, i) => i), rule);
    out.push(element("ul", { class: "swatches" }, names.slice(0, 16).map((name, i) => {
      const swatch = element("i", {});
      swatch.style.background = css(rgba, i);
      return element("li", {}, swatch, name);
    })));
  } else {
    const steps = 120;
    const { low, high } = rule;
    const rgba = colours(Float32Array.from({ length: steps }, (_, i) => low + (high - low) * (i + 0.5) / steps), rule);
    const canvas = element("canvas", { width: steps, height: 1, class: "ramp", role: "img",
      "aria-label": `Colours from ${number(low)} to ${number(high)} ${unit}` });
    const context = canvas.getContext("2d");
    context.putImageData(new ImageData(opaque(rgba), steps, 1), 0, 0);
    const ends = diverging === null ? [number(low), unit, number(high)]
      : changeEnds(variable, diverging, unit);
    out.push(canvas, element("p", { class: "ends" }, ends.map((text) => element("span", {}, text))));
  }
  const grey = element("i", { class: "none" });
  out.push(element("p", { class: "meaning" }, diverging === null ? variable.meaning : `Change of: ${variable.meaning}`),
    element("p", { class: "none-is" }, grey, diverging === null ? "no value: not served, or nobody there" : "no value on one side"),
    note ? element("p", { class: missing ? "hypo missing" : "hypo" }, note) : null);
  fill(box("legend"), ...out);
}

const css = (rgba, i) => `rgb(${rgba[4 * i]} ${rgba[4 * i + 1]} ${rgba[4 * i + 2]})`;

function opaque(rgba) {
  const out = new Uint8ClampedArray(rgba);
  for (let i = 3; i < out.length; i += 4) out[i] = Math.max(out[i], 90);
  return out;
}

/** Words at the ends and the middle of a scale of changes: signs for amounts, what they mean for the rest. */
function changeEnds(variable, diverging, unit) {
  if (variable.kind === "flag") return ["no longer", "as before", "now"];
  if (variable.kind === "ordered") return ["worse", "as before", "better"];
  return [`−${number(diverging)}`, `0 ${changeUnit(unit)}`, `+${number(diverging)}`];
}

/** A category has no more and no less: its difference is whether it is another one. */
export function changedOrNot(variable, values) {
  return {
    variable: { ...variable, kind: "flag", unit: "1", categories: ["the same", "another"], meaning: `Whether it changes: ${variable.meaning}` },
    values: values && values.map((v) => (Number.isNaN(v) ? v : Number(v !== 0))),
  };
}

/** The slider of the threshold; only numbers have one. */
export function drawThreshold(variable, threshold, diverging, onChange) {
  const offered = variable.kind === "number" && diverging === null;
  box("threshold-box").hidden = !offered;
  if (!offered) return;
  const slider = box("threshold"), { low, high } = variable;
  slider.min = low;
  slider.max = high;
  slider.step = (high - low) / 100;
  slider.value = threshold ?? low;
  const unit = variable.unit === "1" ? "" : ` ${variable.unit}`;
  const say = () => {
    box("threshold-text").textContent = threshold === null ? "(none)" : `${number(Number(slider.value))}${unit}`;
  };
  say();
  box("threshold-box").open = box("threshold-box").open || threshold !== null;
  slider.oninput = () => {
    threshold = Number(slider.value);
    say();
    onChange(threshold);
  };
  box("threshold-off").onclick = () => onChange(null);
}

/** Half the width of a scale of changes: what 98 % of those that differ from nothing stay within, made round. */
export function differenceRange(values, before) {
  const sizes = [];
  for (const value of values) if (value) sizes.push(Math.abs(value)); // NaN and 0 are left out
  if (!sizes.length) return before;
  sizes.sort((a, b) => a - b);
  const wide = sizes[Math.min(sizes.length - 1, Math.floor(0.98 * sizes.length))];
  const power = 10 ** Math.floor(Math.log10(wide));
  const round = [1, 2, 5, 10].find((step) => step * power >= wide * 0.999) * power;
  return Math.max(before ?? 0, round);
}
