// What the globe and the flat map have in common: what they were given, the camera, picking, labels, the picture.

import { cellAt, groundScaled, wrapLongitude } from "./geo.js";
import { Gestures } from "./gestures.js";
import { Keyframes } from "./hermite.js";
import { Labels } from "./labels.js";
import { THEMES } from "./theme.js";

const NEAREST_KM = 150;
const FARTHEST_KM = 60000;
/** Half the angle that the smaller side of the view spans. */
export const HALF_ANGLE = (20 * Math.PI) / 180;
const PICK_PX = 8;
// Share of the way that a zoom goes in a frame of 1/60 s.
const EASE = 0.28;
const HOVER_MS = 40;
const FEW = 8;
const NAMED_KM = 5000;

export const LAYERS = {
  satellites: true, raising: true, outOfService: false, feeder: true, lasers: true, siteLinks: true, cells: true,
  borders: true, regions: true, gateways: true, sites: true, labels: true, night: true,
};

export class View {
  constructor(host, { theme = "light" } = {}) {
    this.host = host;
    this.theme = theme;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "bp-canvas";
    this.layers = { ...LAYERS };
    this.scene = null;
    this.index = null;
    this.outlines = { countries: [], regions: [] };
    this.world = [];
    this.keyframes = null;
    this.time = 0;
    this.states = new Uint8Array(0);
    this.cellColours = null;
    this.links = { feeder: new Int32Array(0), lasers: new Int32Array(0), sites: [], picked: null };
    this.sun = null;
    this.picked = null;
    this.onCamera = this.onPick = this.onHover = null;
    this.stats = { frames: 0, drawMs: 0 };
    this.width = this.height = 1;
    this._camera = { latitude_deg: 30, longitude_deg: 15, distance_km: 16000 };
    this._places = { sites: [], gateways: [] };
    this._dirty = true;
  }

  /** Put the canvas into its host; at the end of the constructors, when nothing can fail any more. */
  attach() {
    this.host.append(this.canvas);
    this.labels = new Labels(this.host);
    this.gestures = new Gestures(this.canvas, {
      hold: (x, y) => this._hold(x, y),
      drag: (x, y) => this._drag(x, y),
      zoom: (factor, x, y) => this._zoomBy(factor, x, y),
      pinch: (factor, x, y) => this._pinch(factor, x, y),
      click: (x, y) => this._click(x, y),
      letGo: () => { this._grip = null; },
      hover: (x, y) => { this._pointer = x === null ? null : [x, y, true]; if (x === null) this._hovered(null); },
    });
    if (typeof ResizeObserver !== "undefined") {
      this._observer = new ResizeObserver(() => this.resize());
      this._observer.observe(this.host);
    }
    this._setDark();
    this.resize();
  }

  _setDark() {
    this.host.classList.toggle("bp-dark", this.theme === "dark");
  }

  // ---- what the page gives ----

  setScene(scene, { index = null, outlines = null } = {}) {
    this.scene = scene;
    this.index = index;
    this.outlines = { countries: outlines?.countries ?? [], regions: outlines?.regions ?? [] };
    this.cellColours = null;
    this.states = new Uint8Array(0);
    this.links = { feeder: new Int32Array(0), lasers: new Int32Array(0), sites: [], picked: null };
    this.keyframes = null;
    const placed = (list) => (list ?? []).map((p) => this._placed(p.latitude_deg, p.longitude_deg));
    this._places = { sites: placed(scene.sites), gateways: placed(scene.gateways) };
    this._nameAll();
    this.requestRender();
  }

  _placed(latitude, longitude) {
    if (!Number.isFinite(latitude) || !Number.isFinite(longitude)) return null;
    return { latitude_deg: latitude, longitude_deg: longitude, scaled: groundScaled(latitude, longitude) };
  }

  /** Where sites are now, [[latitude, longitude], ...]: those that move; null leaves one where it is. */
  setSitePositions(list) {
    list.forEach((p, i) => { if (p && i < this._places.sites.length) this._places.sites[i] = this._placed(p[0], p[1]); });
    this.requestRender();
  }

  _nameAll() {
    const sites = (this.scene?.sites ?? []).map((s, i) => ({ key: `s${i}`, text: s.name, kind: "site", priority: 2 - i * 1e-4 }));
    const gateways = (this.scene?.gateways ?? []).map((g, i) => ({ key: `g${i}`, text: g.name, kind: "gateway", priority: 1 - i * 1e-4 }));
    this.labels.setItems([...sites, ...gateways]);
  }

  setWorldOutlines({ countries }) {
    this.world = countries ?? [];
    this.requestRender();
  }

  setKeyframes(pair) {
    this.keyframes = new Keyframes(pair);
    this.requestRender();
  }

  setTime(unixS) {
    if (unixS === this.time) return;
    this.time = unixS;
    this.requestRender();
  }

  setSatelliteStates(states) {
    this.states = states;
    this.requestRender();
  }

  setCellColours(colours) {
    this.cellColours = colours;
    this.requestRender();
  }

  setLinks({ feeder, lasers, sites, picked }) {
    this.links = { feeder: feeder ?? [], lasers: lasers ?? [], sites: sites ?? [], picked: picked ?? null };
    this.requestRender();
  }

  setSun(direction) {
    this.sun = direction;
    this.requestRender();
  }

  setLayers(layers) {
    Object.assign(this.layers, layers);
    this.requestRender();
  }

  setPicked(place) {
    this.picked = place ? this._placed(place.latitude_deg, place.longitude_deg) : null;
    this.requestRender();
  }

  setTheme(theme) {
    this.theme = theme;
    this._setDark();
    this.requestRender();
  }

  get colours() {
    return THEMES[this.theme === "dark" ? "dark" : "light"];
  }

  // ---- camera ----

  get camera() {
    return { ...this._camera };
  }

  set camera({ latitude_deg, longitude_deg, distance_km }) {
    this._zoom = null;
    this._look(latitude_deg ?? this._camera.latitude_deg, longitude_deg ?? this._camera.longitude_deg,
      distance_km ?? this._camera.distance_km);
  }

  _look(latitude, longitude, distance) {
    if (!Number.isFinite(latitude + longitude + distance)) return;
    this._camera = {
      latitude_deg: Math.max(-88, Math.min(88, latitude)),
      longitude_deg: wrapLongitude(longitude),
      distance_km: Math.max(NEAREST_KM, Math.min(this.farthest ?? FARTHEST_KM, distance)),
    };
    this._moved();
    this.requestRender();
  }

  /** Hook: the camera has changed. */
  _moved() {}

  _hold(x, y) {
    this._zoom = null;
    this._grip = { ground: this.groundAt(x, y), x, y };
  }

  _drag(x, y) {
    if (!this._grip) return;
    if (this._grip.ground) this._bring(this._grip.ground, x, y);
    else this._turn(x - this._grip.x, y - this._grip.y);
    [this._grip.x, this._grip.y] = [x, y];
    this._told();
  }

  /** Turn by a way in pixels: where the pointer has no ground below it. */
  _turn(dx, dy) {
    const degrees = Math.min(0.3, this.degreesPerPixel());
    const c = this._camera;
    this._look(c.latitude_deg + dy * degrees, c.longitude_deg - dx * degrees, c.distance_km);
  }

  /** Move the camera so that a place is below a pixel. */
  _bring(place, x, y) {
    for (let i = 0; i < 5; i++) {
      const now = this.groundAt(x, y);
      if (!now) return;
      const north = place.latitude_deg - now.latitude_deg;
      const east = wrapLongitude(place.longitude_deg - now.longitude_deg);
      if (Math.abs(north) + Math.abs(east) < 1e-7) return;
      // Near a pole a small way is a large angle: steps are kept small there, so that the globe does not spin.
      const limit = 25;
      const c = this._camera;
      this._look(c.latitude_deg + Math.max(-limit, Math.min(limit, north)),
        c.longitude_deg + Math.max(-limit, Math.min(limit, east)), c.distance_km);
    }
  }

  _zoomBy(factor, x, y) {
    const from = this._zoom?.distance ?? this._camera.distance_km;
    const distance = Math.max(NEAREST_KM, Math.min(this.farthest ?? FARTHEST_KM, from * factor));
    this._zoom = { distance, x, y, ground: this.groundAt(x, y) };
    this._dirty = true;
  }

  _pinch(factor, x, y) {
    const ground = this._grip?.ground;
    const c = this._camera;
    this._look(c.latitude_deg, c.longitude_deg, c.distance_km * factor);
    if (ground) this._bring(ground, x, y);
    this._told();
  }

  _stepZoom() {
    const z = this._zoom;
    if (!z) return;
    const c = this._camera;
    const left = Math.log(z.distance / c.distance_km);
    const done = Math.abs(left) < 0.002;
    this._look(c.latitude_deg, c.longitude_deg, done ? z.distance : c.distance_km * Math.exp(left * EASE));
    // Zooming out beyond the whole Earth has no place to hold on to.
    if (z.ground && this.groundAt(z.x, z.y)) this._bring(z.ground, z.x, z.y);
    if (done) this._zoom = null;
    this._told();
  }

  _told() {
    this.onCamera?.(this.camera);
  }

  // ---- picking ----

  _click(x, y) {
    const found = this.pick(x, y);
    if (found) this.onPick?.(found);
  }

  _hovered(found) {
    if (found === null && this._last === null) return;
    this._last = found;
    this.onHover?.(found);
  }

  _stepHover() {
    if (!this._pointer?.[2] || !this.onHover) return;
    const now = performance.now();
    if (now - (this._hoverMs ?? 0) < HOVER_MS) return;
    this._hoverMs = now;
    this._pointer[2] = false;
    const [x, y] = this._pointer, found = this.pick(x, y);
    this._hovered(found && { ...found, x, y });
  }

  /** Whether a satellite is drawn. */
  drawn(state) {
    if (state === 2) return this.layers.raising;
    return state === 0 ? this.layers.outOfService : this.layers.satellites;
  }

  /** What is at a pixel: a site, a gateway, a satellite within 8 px, else the ground; null where there is nothing. */
  pick(x, y) {
    const ground = this.groundAt(x, y);
    const out = {
      latitude_deg: ground?.latitude_deg ?? null, longitude_deg: ground?.longitude_deg ?? null,
      satellite: null, gateway: null, site: null,
    };
    const nearest = (count, project, accepted) => {
      let best = -1, least = PICK_PX * PICK_PX;
      for (let i = 0; i < count; i++) {
        if (!accepted(i)) continue;
        const at = project(i);
        if (!at) continue;
        const d = (at[0] - x) ** 2 + (at[1] - y) ** 2;
        if (d < least) [best, least] = [i, d];
      }
      return best < 0 ? null : best;
    };
    const { sites, gateways } = this._places;
    const placed = (list) => (i) => this.projectGround(list[i], x);
    if (this.layers.sites) out.site = nearest(sites.length, placed(sites), (i) => sites[i]);
    if (out.site === null && this.layers.gateways) out.gateway = nearest(gateways.length, placed(gateways), (i) => gateways[i]);
    const found = out.site !== null ? sites[out.site] : out.gateway !== null ? gateways[out.gateway] : null;
    if (found) Object.assign(out, { latitude_deg: found.latitude_deg, longitude_deg: found.longitude_deg });
    if (!found && this.keyframes) {
      const count = Math.min(this.keyframes.count, this.states.length);
      out.satellite = nearest(count, (i) => this.projectSatellite(i, x), (i) => this.drawn(this.states[i]));
    }
    return ground || found || out.satellite !== null ? out : null;
  }

  position(i, unixS) {
    return this.keyframes ? this.keyframes.position(i, unixS) : [NaN, NaN, NaN];
  }

  cellColourAt(latitude, longitude) {
    if (!this.index || !this.cellColours || !this.layers.cells) return [0, 0, 0, 0];
    const cell = cellAt(this.scene.cells, this.index, latitude, longitude);
    if (cell < 0) return [0, 0, 0, 0];
    return Array.from(this.cellColours.subarray(4 * cell, 4 * cell + 4));
  }

  // ---- drawing ----

  requestRender() {
    this._dirty = true;
  }

  /** Called by the page's requestAnimationFrame: draws if anything has changed. */
  frame() {
    this._stepZoom();
    this._stepHover();
    if (this._dirty) this.render();
  }

  render() {
    if (this._gone) return;
    const start = performance.now();
    this._dirty = false;
    this._draw();
    this._label();
    this.stats.frames += 1;
    this.stats.drawMs = performance.now() - start;
  }

  _label() {
    const { sites, gateways } = this._places, { layers } = this;
    // From afar the names of many gateways would cover what they stand on.
    const named = layers.gateways && (gateways.length <= FEW || this._camera.distance_km < NAMED_KM);
    this.labels.place((key) => {
      const site = key[0] === "s", i = Number(key.slice(1));
      if (!layers.labels || !(site ? layers.sites : named)) return null;
      const place = (site ? sites : gateways)[i];
      return place ? this.projectGround(place) : null;
    }, this.width, this.height);
  }

  resize() {
    const box = this.host.getBoundingClientRect();
    const width = Math.max(1, Math.round(box.width)), height = Math.max(1, Math.round(box.height));
    const ratio = this.pixelRatio();
    if (width === this.width && height === this.height && ratio === this.ratio) return;
    [this.width, this.height, this.ratio] = [width, height, ratio];
    this._sized();
    this._moved();
    // At once: a canvas that has changed its size is empty, and would flash.
    this.render();
  }

  pixelRatio() {
    return Math.min(2, window.devicePixelRatio || 1);
  }

  /** PNG of the canvas with its labels. */
  picture() {
    this.render();
    const canvas = document.createElement("canvas");
    canvas.width = this.canvas.width;
    canvas.height = this.canvas.height;
    const context = canvas.getContext("2d");
    // In the same task as the drawing: WebGL's buffer is empty after it.
    context.drawImage(this.canvas, 0, 0);
    this.labels.paint(context, canvas.width / this.width, { ...this.colours, site: this.colours.ink });
    return new Promise((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png");
    });
  }

  dispose() {
    this._gone = true;
    this._observer?.disconnect();
    this.gestures?.dispose();
    this.labels?.dispose();
    this.canvas.remove();
    this.host.classList.remove("bp-dark");
  }
}
