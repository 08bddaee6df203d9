// A picture of what is seen, which says by itself what it shows, and that it is simulated.

import { colours } from "./colours.js";
import { changeUnit, number } from "./format.js";
import { colourRule } from "./stage.js";

/** Save the panes side by side, above a caption with the scale. */
export async function savePicture(what) {
  const blob = await picture(what);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${what.scene.name ?? what.scene.id}-${what.variable.name}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export async function picture({ panes, scene, variable, theme, when, show, other, hypothetical, diverging, threshold, now }) {
  const shots = await Promise.all(panes.map(async (pane) => createImageBitmap(await pane.view.picture())));
  const style = getComputedStyle(document.documentElement), colour = (name) => style.getPropertyValue(name).trim();
  const scale = shots[0].height / Math.max(1, panes[0].host.clientHeight), gap = 4 * scale, strip = 92 * scale;
  const canvas = document.createElement("canvas");
  canvas.width = shots.reduce((sum, shot) => sum + shot.width, 0) + gap * (shots.length - 1);
  canvas.height = shots[0].height + strip;
  const c = canvas.getContext("2d");
  c.fillStyle = colour("--page");
  c.fillRect(0, 0, canvas.width, canvas.height);
  let left = 0;
  for (const shot of shots) {
    c.drawImage(shot, left, 0);
    left += shot.width + gap;
  }
  const top = shots[0].height, pad = 14 * scale;
  const write = (text, y, size, weight, ink, from = pad) => {
    c.fillStyle = colour(ink);
    c.font = `${weight} ${size * scale}px system-ui, sans-serif`;
    c.fillText(text, from, top + y * scale, canvas.width - from - pad);
  };
  write(`${scene.title}, ${when}`, 24, 15, 600, "--ink");
  const unit = variable.unit === "1" ? "" : ` (${variable.unit})`;
  const shown = { run: "", other: other ? " – B" : "", difference: " – difference", both: " – side by side" }[show];
  write(`${variable.label}${unit}${shown}. ${now}`, 44, 12, 400, "--soft");
  write(hypothetical ? `HYPOTHETICAL${show !== "run" && other?.edits_text?.length ? `: what if: ${other.edits_text.join("; ")}` : " in part"}. Simulated; not live status. bentpipe`
    : "Simulated; not live status. bentpipe", 62, 12, hypothetical ? 600 : 400, hypothetical ? "--hypo" : "--faint");
  const scales = variable.kind === "number" || diverging !== null ? ramp : swatches;
  scales(c, { variable, diverging, threshold, theme, top: top + 70 * scale, pad, scale, colour });
  return new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
}

/** The colours of kinds, in a row, as many as there is room for. */
function swatches(c, { variable, theme, top, pad, scale, colour }) {
  const names = variable.categories ?? ["no", "yes"], side = 10 * scale;
  const rgba = colours(Float32Array.from(names, (_, i) => i), colourRule(variable, { theme }));
  c.font = `${11 * scale}px system-ui, sans-serif`;
  let left = pad;
  names.forEach((name, i) => {
    const wide = c.measureText(name).width + 2.6 * side;
    if (left + wide > c.canvas.width - pad) return;
    c.fillStyle = `rgb(${rgba[4 * i]} ${rgba[4 * i + 1]} ${rgba[4 * i + 2]})`;
    c.fillRect(left, top, side, side);
    c.fillStyle = colour("--soft");
    c.fillText(name, left + 1.5 * side, top + side);
    left += wide;
  });
}

function ramp(c, { variable, diverging, threshold, theme, top, pad, scale, colour }) {
  const rule = colourRule(variable, { diverging, threshold, theme }), steps = 160, wide = 220 * scale;
  const rgba = colours(Float32Array.from({ length: steps }, (_, i) => rule.low + ((rule.high - rule.low) * (i + 0.5)) / steps), rule);
  for (let i = 0; i < steps; i++) {
    c.fillStyle = `rgb(${rgba[4 * i]} ${rgba[4 * i + 1]} ${rgba[4 * i + 2]})`;
    c.fillRect(pad + (i / steps) * wide, top, wide / steps + 1, 10 * scale);
  }
  c.fillStyle = colour("--soft");
  c.font = `${11 * scale}px system-ui, sans-serif`;
  c.fillText(`${number(rule.low)} to ${number(rule.high)}${variable.unit === "1" ? "" : ` ${diverging === null ? variable.unit : changeUnit(variable.unit)}`}`, pad + wide + 8 * scale, top + 10 * scale);
}
