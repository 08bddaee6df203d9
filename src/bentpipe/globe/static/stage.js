// One or two maps side by side, each a globe or a flat map, that move together and show one instant.

import * as api from "./api.js";
import { FlatMap } from "./flatmap.js";
import { colours } from "./colours.js";

const loaded = new Map();

/** All of a run that does not change with time; a what-if has its run's cells, borders and satellites. */
export function runData(id) {
  if (!loaded.has(id)) {
    loaded.set(id, load(id).catch((error) => {
      loaded.delete(id);
      throw error;
    }));
  }
  return loaded.get(id);
}

async function load(id) {
  const scene = await api.scene(id);
  if (scene.of) {
    const base = await runData(scene.of);
    return { ...base, id, scene, base: base.id };
  }
  const [index, outlines] = await Promise.all([api.index(id, scene.cells.index.bytes), api.outlines(id)]);
  return { id, base: id, scene, index, outlines, fleet: null };
}

export const forgetData = (id) => loaded.delete(id);

/** States of the satellites of a run, once the physics has told them. */
export async function fleetOf(data) {
  const base = await runData(data.base);
  base.fleet ??= api.fleet(base.id).catch((error) => {
    base.fleet = null; // asked again the next time
    throw error;
  });
  return base.fleet;
}

/** What a cell's colour is worked out by, beside its value. */
export function colourRule(variable, { diverging = null, threshold = null, theme }) {
  return {
    kind: diverging === null ? variable.kind : "number",
    low: diverging === null ? variable.low : -diverging,
    high: diverging === null ? variable.high : diverging,
    palette: diverging === null ? variable.palette : "diverging",
    categories: variable.categories,
    threshold: diverging === null ? threshold : null,
    diverging: diverging !== null,
    reversed: variable.more_is_better !== false,
    theme,
  };
}

export class Pane {
  constructor(section, handlers) {
    this.section = section;
    this.host = section.querySelector(".host");
    this.title = section.querySelector(".pane-title");
    this.handlers = handlers;
    this.view = null;
    this.data = null;
    this.base = null;
    this.frames = "";
    this.values = null;
    this.making = Promise.resolve();
  }

  get shown() {
    return !this.section.hidden;
  }

  /** Whether it can be drawn on: it is shown, and has its view and a run. */
  get ready() {
    return this.shown && Boolean(this.view && this.data);
  }

  /** Make the renderer; returns why it is not the one that was asked for, or "". */
  ensure(kind, theme, world) {
    // One after the other: two at once would leave two canvases.
    this.making = this.making.catch(() => {}).then(() => this.make(kind, theme, world));
    return this.making;
  }

  async make(kind, theme, world) {
    if (this.view && this.wanted === kind) return this.why ?? "";
    const camera = this.view?.camera;
    this.view?.dispose();
    this.wanted = kind;
    this.why = "";
    this.view = null;
    if (kind === "globe") {
      try {
        const { Globe3D } = await import("./globe3d.js");
        this.view = new Globe3D(this.host, { theme });
      } catch (error) {
        this.why = "This browser offers no WebGL: the flat map is shown instead of the globe.";
        console.info(String(error));
      }
    }
    this.view ??= new FlatMap(this.host, { theme });
    this.view.onPick = (what) => this.handlers.onPick(what, this);
    this.view.onHover = (what) => this.handlers.onHover(what, this);
    this.view.onCamera = () => this.handlers.onCamera(this);
    this.view.setWorldOutlines(world);
    if (camera) this.view.camera = camera;
    const data = this.data;
    this.data = this.base = null;
    this.frames = "";
    if (data) this.setData(data);
    return this.why;
  }

  setData(data) {
    if (this.data === data) return;
    this.data = data;
    if (!this.view) return; // the one to come takes it
    if (this.base !== data.base) {
      this.base = data.base;
      this.frames = "";
      this.view.setScene(data.scene, { index: data.index, outlines: data.outlines });
      this.states = new Uint8Array(data.scene.satellites.count);
    }
  }

  /** Colour the cells: values in the unit of the variable, NaN where there is none. */
  paint(values, rule) {
    this.values = values;
    this.view.setCellColours(values ? colours(values, rule) : new Uint8ClampedArray(4 * this.data.scene.cells.count));
  }

  /** Give the satellites their states: those of the fleet, and who serves now. */
  async light(serving, onlyServing) {
    const data = this.data;
    let fleet;
    try {
      fleet = await fleetOf(data);
    } catch {
      return; // told by who asks for the keyframes
    }
    if (this.data !== data) return;
    const states = onlyServing ? new Uint8Array(fleet.state.length) : Uint8Array.from(fleet.state);
    for (const satellite of serving) states[satellite] = 3;
    this.states = states;
    this.view.setSatelliteStates(states);
  }

  /** Have the two keyframes about an instant in the view; they are `stride` minutes apart. */
  async follow(unixS, stride) {
    const data = this.data;
    const step = data.scene.keyframe_s * stride;
    const k = Math.floor(unixS / step) * stride;
    const key = `${this.base} ${k} ${stride}`;
    if (this.frames === key) return;
    this.frames = key;
    const late = setTimeout(() => this.section.classList.toggle("waiting", this.frames === key), 1500);
    let a, b;
    try {
      [a, b] = await Promise.all([frame(data, k), frame(data, k + stride)]);
    } finally {
      clearTimeout(late);
      if (this.frames === key) this.section.classList.remove("waiting");
    }
    if (this.frames !== key || !a || !b || this.data.base !== data.base) return;
    this.view.setKeyframes({ t0: k * data.scene.keyframe_s, t1: (k + stride) * data.scene.keyframe_s, a, b });
    frame(data, k + 2 * stride).catch(() => {});
  }
}

/** A keyframe; the browser keeps those of a run of this identity. */
const frame = (data, k) => api.keyframe(data.base, k, data.scene.identity);

/** Satellite and gateway of each site that is served, for the view's links. */
export function siteLinks(numbers) {
  return numbers.sites.flatMap((s, site) =>
    s.served && s.satellite !== null ? [{ site, satellite: s.satellite, gateway: s.gateway }] : []);
}

/** Direction to the Sun at an instant, between the hours that the scene tells. */
export function sunAt(scene, unixS) {
  const { unix_s, step_s, direction } = scene.sun;
  const at = Math.min(Math.max((unixS - unix_s) / step_s, 0), direction.length - 1);
  const a = direction[Math.floor(at)], b = direction[Math.min(Math.floor(at) + 1, direction.length - 1)];
  const f = at - Math.floor(at);
  const mixed = a.map((value, i) => value * (1 - f) + b[i] * f);
  const length = Math.hypot(...mixed);
  return mixed.map((value) => value / length);
}
