// The time bar: play, speed, steps, a slider over the run with its events and who was connected.

import { clock, count, day, element, fill, instant } from "./format.js";

const box = (id) => document.getElementById(id);
const SPEEDS = [[1, "1×"], [15, "1 slot/s"], [60, "1 min/s"], [300, "5 min/s"], [900, "15 min/s"], [3600, "1 h/s"]];

export class TimeBar {
  /** `grid` as in the scene; `seek(slot)` and `toggle()` are called by the user. */
  constructor({ seek, toggle, onSpeed }) {
    this.seek = seek;
    box("play").onclick = toggle;
    box("step-back").onclick = () => seek(Number(box("slider").value) - 1);
    box("step-on").onclick = () => seek(Number(box("slider").value) + 1);
    box("slider").oninput = () => seek(Number(box("slider").value));
    fill(box("speed"), ...SPEEDS.map(([value, text]) => element("option", { value: String(value) }, text)));
    box("speed").onchange = () => onSpeed(Number(box("speed").value));
    new ResizeObserver(() => this.draw()).observe(box("track"));
  }

  setRun(scene) {
    this.scene = scene;
    this.course = this.told = null;
    const slider = box("slider"), { start, stop } = scene.grid;
    slider.min = start;
    slider.max = stop - 1;
    fill(box("jumps"), ...scene.marks.map((mark) =>
      element("button", { type: "button", title: `${mark.detail}; ${instant(this.time(mark.slot))}`, onclick: () => this.seek(mark.slot) }, mark.label)));
    this.setWindow(null);
  }

  /** Users connected over the run, when they are there. */
  setCourse(course) {
    this.course = course;
    this.draw();
  }

  time(slot) {
    return this.scene.grid.unix_s + (slot - this.scene.grid.start) * this.scene.grid.slot_s;
  }

  /** Mark the slots of a what-if: [from, to). */
  setWindow(what) {
    this.what = what;
    this.draw();
  }

  setPlaying(playing) {
    const button = box("play");
    button.textContent = playing ? "❚❚" : "▶";
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
  }

  setSpeed(speed) {
    const select = box("speed");
    if (![...select.options].some((o) => Number(o.value) === speed)) {
      select.append(element("option", { value: String(speed) }, `${speed}×`));
    }
    select.value = String(speed);
  }

  setSlot(slot) {
    const slider = box("slider"), unixS = this.time(slot);
    slider.value = slot;
    slider.setAttribute("aria-valuetext", instant(unixS));
    box("clock").dateTime = new Date(unixS * 1000).toISOString();
    fill(box("clock"), element("b", {}, clock(unixS)), ` UTC, ${day(unixS)}`);
  }

  /** Who is connected now, and what happens, in the run of a scene. */
  setNumbers(numbers, scene = this.scene) {
    if (!numbers) {
      box("now").textContent = "not computed yet";
      fill(box("happening"));
      this.told = null;
      return;
    }
    const share = numbers.users_total ? ` (${((100 * numbers.users_connected) / numbers.users_total).toFixed(1)} %)` : "";
    box("now").textContent = numbers.users_total
      ? `${count(numbers.users_connected)} of ${count(numbers.users_total)} terminal users connected${share}`
      : "no terminals in this run";
    const events = numbers.events.map((i) => scene.events[i]), key = events.map((e) => e.id).join(" ");
    if (this.told === key) return;
    this.told = key;
    fill(box("happening"), ...events.map((e) =>
      element("span", { class: `event ${e.tag}`, title: [e.changed, e.source].filter(Boolean).join(" — ") }, e.title,
        e.tag === "hypothetical" ? element("small", {}, " hypothetical") : null)));
  }

  draw() {
    if (!this.scene) return;
    const canvas = box("course"), area = box("track").getBoundingClientRect();
    const scale = Math.min(2, window.devicePixelRatio || 1), wide = Math.max(50, area.width), tall = area.height;
    canvas.width = wide * scale;
    canvas.height = tall * scale;
    const c = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    c.scale(scale, scale);
    const { start, stop } = this.scene.grid, pad = 8;
    const x = (slot) => pad + ((slot - start) / Math.max(1, stop - 1 - start)) * (wide - 2 * pad);
    const slotOf = (unixS) => start + (unixS - this.scene.grid.unix_s) / this.scene.grid.slot_s;
    this.drawCourse(c, x, tall, colour);
    if (this.what) {
      c.fillStyle = colour("--hypo-wash");
      c.fillRect(x(this.what[0]), 0, Math.max(2, x(this.what[1]) - x(this.what[0])), tall);
    }
    this.scene.events.forEach((event, i) => {
      const a = Math.max(start, slotOf(event.start_unix_s)), b = Math.min(stop, slotOf(event.end_unix_s));
      if (b <= a) return;
      c.fillStyle = colour(event.tag === "hypothetical" ? "--hypo" : "--event");
      c.fillRect(x(a), 2 + (i % 4) * 4, Math.max(2, x(b) - x(a)), 2);
    });
    c.fillStyle = colour("--faint");
    c.font = "10px system-ui, sans-serif";
    const hours = ((stop - start) * this.scene.grid.slot_s) / 3600, every = [1 / 6, 0.5, 1, 3, 6, 12, 24, 48, 168].find((h) => hours / h <= wide / 70) ?? 336;
    const first = Math.ceil(this.scene.grid.unix_s / (every * 3600)) * every * 3600;
    for (let t = first; slotOf(t) < stop; t += every * 3600) {
      c.fillRect(x(slotOf(t)), tall - 4, 1, 4);
      if (x(slotOf(t)) < wide - 34) c.fillText(every < 24 ? clock(t, false) : day(t).slice(4, 10), x(slotOf(t)) + 3, tall - 2);
    }
  }

  /** Users connected over the run, as an area from 0 to the most. */
  drawCourse(c, x, tall, colour) {
    const users = this.course?.users_connected ?? [];
    const top = Math.max(...users.filter((v) => v !== null), 0);
    if (!top) return;
    const y = (value) => tall - 13 - (value / top) * (tall - 32);
    c.fillStyle = colour("--wash");
    c.strokeStyle = colour("--accent");
    let open = false;
    const start = this.scene.grid.start, step = this.course.step ?? 1;
    const line = new Path2D(), area = new Path2D();
    let from = 0, last = 0;
    users.forEach((value, i) => {
      const at = x(start + i * step);
      if (value === null) {
        if (open) { area.lineTo(last, tall - 13); area.closePath(); }
        open = false;
        return;
      }
      if (!open) { line.moveTo(at, y(value)); from = at; area.moveTo(from, tall - 13); }
      line.lineTo(at, y(value));
      area.lineTo(at, y(value));
      last = at;
      open = true;
    });
    if (open) { area.lineTo(last, tall - 13); area.closePath(); }
    c.fill(area);
    c.lineWidth = 1;
    c.stroke(line);
  }
}
