// The globe, with three.js and shaders of our own.

import { Camera, Color, LinearSRGBColorSpace, Scene, WebGLRenderer } from "./vendor/three.js";
import { A_M, B_M, DEG, behindEarth, earthFixed, geodeticOfScaled } from "./geo.js";
import { BorderLayer, EarthLayer, LinkLayer, MarkerLayer, SatelliteLayer } from "./scenelayers.js";
import { StillGround } from "./stillground.js";
import { rgb } from "./theme.js";
import { HALF_ANGLE, View } from "./viewbase.js";

// What the ground is drawn from.
const FAR_KM = 9000; // from here on the world's borders are drawn coarsely
const GROUND = new Set(["world", "scene", "borders", "colours", "theme", "layers", "sun"]);
const SETTLE_MS = 120;
const SUN_STEP = 0.2 * DEG;

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** Whether GL is computed by the processor, where each pixel counts. */
function isSoftware(gl) {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const name = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  return /swiftshader|llvmpipe|software|basic render/i.test(name);
}

export class Globe3D extends View {
  constructor(host, options = {}) {
    super(host, options);
    const attributes = { alpha: false, antialias: false, depth: false, stencil: false, powerPreference: "default" };
    const context = this.canvas.getContext("webgl2", attributes);
    if (!context) throw new Error("no WebGL");
    this.software = isSoftware(context);
    this.renderer = new WebGLRenderer({ canvas: this.canvas, context, ...attributes });
    this.renderer.outputColorSpace = LinearSRGBColorSpace;
    // Drawn in the order in which they are added below.
    this.renderer.sortObjects = false;
    this._limit = Math.min(4096, context.getParameter(context.MAX_TEXTURE_SIZE));
    this._camera3 = new Camera();
    this._scene3 = new Scene();
    this._scene3.matrixAutoUpdate = false;
    const value = (v) => ({ value: v });
    this._shared = {
      uEye: value([0, 0, 3]), uRight: value([1, 0, 0]), uUp: value([0, 1, 0]), uForward: value([0, 0, -1]),
      uViewport: value([1, 1]), uRatio: value(1), uEye2: value(9), uFlat: value(B_M / A_M), uDegreesPerPixel: value(1),
      uRayX: value([1, 0, 0]), uRayY: value([0, 1, 0]), uRayForward: value([0, 0, -1]),
    };
    this._earth = new EarthLayer(this._shared);
    this._borders = new BorderLayer(this._shared);
    this._satellites = new SatelliteLayer(this._shared);
    this._linkLayer = new LinkLayer(this._shared, this._satellites.texture);
    this._markers = new MarkerLayer(this._shared);
    this._all = [this._earth, this._borders, this._linkLayer, this._satellites, this._markers];
    // What stands still while the camera does, and what moves with time.
    this._ground = new Scene();
    this._ground.matrixAutoUpdate = false;
    this._ground.add(this._earth.halo, this._earth.object, this._borders.object);
    for (const layer of [this._linkLayer, this._satellites, this._markers]) this._scene3.add(layer.object);
    this.renderer.autoClear = false;
    this._still = this.software ? new StillGround(this.renderer) : null;
    this._stale = new Set(["theme"]);
    this._onLost = (event) => { event.preventDefault(); this._lost = true; };
    // three.js sends everything again at the next drawing.
    this._onRestored = () => { this._lost = false; this._turned = this._grounded = true; this.requestRender(); };
    this.canvas.addEventListener("webglcontextlost", this._onLost);
    this.canvas.addEventListener("webglcontextrestored", this._onRestored);
    this.attach();
  }

  get kind() {
    return "globe";
  }

  pixelRatio() {
    return this.software ? 1 : super.pixelRatio();
  }

  // ---- what the page gives: noted here, sent to the GPU at the next drawing ----

  setScene(scene, given = {}) {
    super.setScene(scene, given);
    for (const name of ["scene", "borders", "markers", "links", "states"]) this._stale.add(name);
  }

  setSitePositions(list) {
    super.setSitePositions(list);
    this._stale.add("markers").add("links");
  }

  setWorldOutlines(outlines) {
    super.setWorldOutlines(outlines);
    this._stale.add("world").add("borders");
  }

  setKeyframes(pair) {
    super.setKeyframes(pair);
    this._stale.add("keyframes");
  }

  setSatelliteStates(states) {
    super.setSatelliteStates(states);
    this._stale.add("states");
  }

  setCellColours(colours) {
    super.setCellColours(colours);
    this._stale.add("colours");
  }

  setLinks(links) {
    super.setLinks(links);
    this._stale.add("links");
  }

  setSun(direction) {
    // A turn that nobody sees is not worth drawing the ground again.
    const held = this._sunDrawn;
    super.setSun(direction);
    if (held && direction && Math.hypot(...held.map((v, i) => v - direction[i])) < SUN_STEP) return;
    this._sunDrawn = direction ? [...direction] : null;
    this._stale.add("sun");
  }

  setLayers(layers) {
    super.setLayers(layers);
    this._stale.add("links").add("layers");
  }

  setPicked(place) {
    super.setPicked(place);
    this._stale.add("markers");
  }

  setTheme(theme) {
    super.setTheme(theme);
    this._stale.add("theme");
  }

  _sized() {
    this.renderer.setPixelRatio(this.ratio);
    this.renderer.setSize(this.width, this.height, false);
  }

  // ---- camera ----

  _moved() {
    this._turned = true;
    const c = this._camera, lat = c.latitude_deg * DEG, lon = c.longitude_deg * DEG;
    const eye = earthFixed(c.latitude_deg, c.longitude_deg, c.distance_km * 1000);
    const e = [eye[0] / A_M, eye[1] / A_M, eye[2] / B_M];
    const right = [-Math.sin(lon), Math.cos(lon), 0];
    const up = [-Math.sin(lat) * Math.cos(lon), -Math.sin(lat) * Math.sin(lon), Math.cos(lat)];
    const forward = [-Math.cos(lat) * Math.cos(lon), -Math.cos(lat) * Math.sin(lon), -Math.sin(lat)];
    const focal = 1 / Math.tan(HALF_ANGLE), aspect = this.width / this.height;
    const fx = aspect >= 1 ? focal / aspect : focal, fy = aspect >= 1 ? focal : focal * aspect;
    // From scaled space to lengths in equatorial radii, and back for the rays.
    const narrow = (v, f) => [v[0] * f, v[1] * f, v[2] * f * (B_M / A_M)];
    const widen = (v, f) => [v[0] / f, v[1] / f, (v[2] / f) * (A_M / B_M)];
    this._eye = e;
    this._axes = { right: narrow(right, fx), up: narrow(up, fy), forward: narrow(forward, 1) };
    this._rays = { x: widen(right, fx), y: widen(up, fy), forward: widen(forward, 1) };
    const far = Math.sqrt(dot(e, e));
    const spread = Math.tan(Math.asin(1 / far));
    this._disc = [spread * fx, spread * fy];
  }

  degreesPerPixel() {
    const span = 2 * this._camera.distance_km * Math.tan(HALF_ANGLE);
    return span / Math.min(this.width, this.height) / 111.2;
  }

  /** Pixel of a point of scaled space, or null behind the eye. */
  _project(p) {
    const d = [p[0] - this._eye[0], p[1] - this._eye[1], p[2] - this._eye[2]];
    const depth = dot(this._axes.forward, d);
    if (depth < 1e-4) return null;
    const x = dot(this._axes.right, d) / depth, y = dot(this._axes.up, d) / depth;
    return [(0.5 + 0.5 * x) * this.width, (0.5 - 0.5 * y) * this.height];
  }

  projectGround(place) {
    return dot(place.scaled, this._eye) < 1 ? null : this._project(place.scaled);
  }

  projectSatellite(i) {
    const p = this.keyframes.position(i, this.time, this._scratch ??= [0, 0, 0]);
    p[0] /= A_M;
    p[1] /= A_M;
    p[2] /= B_M;
    const at = this._project(p);
    return at && at[0] === at[0] && !behindEarth(this._eye, p) ? at : null;
  }

  /** Ground below a pixel, or null beside the Earth. */
  groundAt(x, y) {
    const nx = (2 * x) / this.width - 1, ny = 1 - (2 * y) / this.height;
    const d = [0, 1, 2].map((c) => this._rays.forward[c] + nx * this._rays.x[c] + ny * this._rays.y[c]);
    const a = dot(d, d), b = dot(this._eye, d), c = dot(this._eye, this._eye) - 1;
    const root = b * b - a * c;
    if (root < 0 || b >= 0) return null;
    const t = (-b - Math.sqrt(root)) / a;
    return geodeticOfScaled([0, 1, 2].map((k) => this._eye[k] + t * d[k]));
  }

  // ---- drawing ----

  _pairs() {
    const { sites, gateways } = this._places, { feeder, lasers, sites: own, picked } = this.links;
    const pairs = [];
    if (this.layers.lasers) for (let i = 0; i + 1 < lasers.length; i += 2) pairs.push([lasers[i], lasers[i + 1], 1]);
    if (this.layers.feeder) {
      for (let i = 0; i + 1 < feeder.length; i += 2) {
        const gateway = gateways[feeder[i + 1]];
        if (gateway) pairs.push([feeder[i], gateway.scaled, 0]);
      }
    }
    const path = (place, satellite, gateway) => {
      if (!place || !(satellite >= 0)) return;
      pairs.push([place.scaled, satellite, 2]);
      if (gateways[gateway]) pairs.push([satellite, gateways[gateway].scaled, 2]);
    };
    if (this.layers.siteLinks) for (const link of own) path(sites[link.site], link.satellite, link.gateway ?? -1);
    if (picked) path(this._placed(picked.latitude_deg, picked.longitude_deg), picked.satellite ?? -1, picked.gateway ?? -1);
    return pairs;
  }

  /** Send what has changed since the last drawing. */
  _send() {
    const stale = this._stale;
    if (!stale.size) return;
    if (stale.has("world")) this._earth.setWorld(this.world, this._limit);
    if (stale.has("scene")) this._earth.setScene(this.scene, this.index, this.outlines.countries, this._limit);
    if (stale.has("borders")) this._borders.setOutlines(this.world, this.outlines, this.scene?.cells?.index ?? null);
    if (stale.has("keyframes") && this.keyframes) this._satellites.setKeyframes(this.keyframes);
    if (stale.has("states") || stale.has("keyframes")) this._satellites.setStates(this.states);
    if ((stale.has("colours") || stale.has("scene")) && this.cellColours) this._earth.setColours(this.cellColours);
    if (stale.has("links")) this._linkLayer.setPairs(this._pairs());
    if (stale.has("markers")) this._markers.setPlaces([this._places.sites, this._places.gateways, this.picked ? [this.picked] : []]);
    if (stale.has("theme")) this._paint();
    stale.clear();
  }

  _paint() {
    const c = this.colours;
    const put = (layer, values) => {
      for (const [name, value] of Object.entries(values)) layer.uniforms[name].value = value;
    };
    put(this._earth, {
      uPage: rgb(c.page), uSea: rgb(c.sea), uLand: rgb(c.land), uLine: rgb(c.line), uHalo: rgb(c.halo),
      uNightColour: rgb(c.night), uLimb: c.limb, uHaloStrength: c.haloStrength,
    });
    put(this._borders, { uBorder: rgb(c.border), uRegion: rgb(c.region) });
    put(this._linkLayer, {
      uFeeder: [...rgb(c.feeder), 0.5], uLaser: [...rgb(c.laser), 0.3], uServing: [...rgb(c.serving), 0.95], uPage: rgb(c.page),
    });
    put(this._satellites.material, {
      uState0: rgb(c.out), uState1: rgb(c.satellite), uState2: rgb(c.raising), uState3: rgb(c.serving), uPage: rgb(c.page),
    });
    put(this._markers.material, {
      uSite: rgb(c.site), uGateway: rgb(c.gateway), uPicked: rgb(c.picked), uPage: rgb(c.page),
    });
    this.renderer.setClearColor(new Color().setRGB(...rgb(c.page), LinearSRGBColorSpace), 1);
  }

  _set() {
    const shared = this._shared, layers = this.layers, degrees = this.degreesPerPixel();
    const put = (values) => { for (const [name, value] of Object.entries(values)) shared[name].value = value; };
    put({
      uEye: this._eye, uRight: this._axes.right, uUp: this._axes.up, uForward: this._axes.forward,
      uRayX: this._rays.x, uRayY: this._rays.y, uRayForward: this._rays.forward, uEye2: dot(this._eye, this._eye),
      uViewport: [this.canvas.width, this.canvas.height], uRatio: this.ratio, uDegreesPerPixel: degrees,
    });
    const earth = this._earth.uniforms;
    earth.uDisc.value = this._disc;
    earth.uGrid.value = degrees > 0.06 ? 30 : degrees > 0.015 ? 10 : 5;
    this._earth.parts.cells = Boolean(layers.cells && this.cellColours && this.index);
    this._earth.parts.night = Boolean(layers.night && this.sun);
    earth.uNight.value = this.colours.nightStrength;
    if (this.sun) earth.uSun.value = this.sun;
    this._earth.prepare(degrees);
    const far = Math.min(1, this._camera.distance_km / 12000);
    this._borders.uniforms.uShown.value = [
      layers.borders ? 0.75 - 0.25 * far : 0, layers.borders ? 0.95 : 0,
      layers.regions ? Math.max(0, 0.9 * (1 - this._camera.distance_km / 9000)) : 0,
    ];
    this._borders.cull(this._eye, this._axes, this._borders.uniforms.uShown.value, this._camera.distance_km > FAR_KM);
    if (this.keyframes) {
      const { t0, t1 } = this.keyframes;
      this._satellites.texture.uShare.value = (this.time - t0) / (t1 - t0);
    }
    // Larger from near, so that a satellite can be hit with a finger.
    const near = 1 + 1.2 * (1 - Math.min(1, this._camera.distance_km / 9000));
    this._satellites.material.uniforms.uSizes.value = [
      layers.outOfService ? 2 * near : 0, layers.satellites ? 2.4 * near : 0, layers.raising ? 1.8 * near : 0,
      layers.satellites ? 4.2 * near : 0,
    ];
    this._markers.material.uniforms.uMarkers.value = [layers.sites ? 1 : 0, layers.gateways ? 1 : 0, 1];
  }

  _draw() {
    if (this._lost) return;
    this._grounded ||= [...this._stale].some((name) => GROUND.has(name));
    this._send();
    this._set();
    this._satellites.object.visible = this.keyframes !== null && this._satellites.count > 0;
    // Links wait for the keyframes of the satellites that they follow.
    this._linkLayer.object.visible = this.keyframes !== null && this._linkLayer.count > 0;
    if (this.software && this._linkLayer.object.visible) this._linkLayer.cull(this.keyframes, this.time, this._eye);
    if (this._still) {
      const moving = this._still.draw(this._ground, this._camera3, this._turned, this._grounded);
      // A sharp picture follows as soon as the camera rests.
      if (moving) setTimeout(() => this.requestRender(), SETTLE_MS);
    } else {
      this.renderer.clear();
      this.renderer.render(this._ground, this._camera3);
    }
    this._turned = this._grounded = false;
    this.renderer.render(this._scene3, this._camera3);
  }

  dispose() {
    super.dispose();
    this.canvas.removeEventListener("webglcontextlost", this._onLost);
    this.canvas.removeEventListener("webglcontextrestored", this._onRestored);
    this._still?.dispose();
    for (const layer of this._all) layer.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }
}
