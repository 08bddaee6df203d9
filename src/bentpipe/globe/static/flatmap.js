// The flat map, on a canvas: for those who like it better, and where there is no WebGL.
//
// Plate carrée when the world is seen; near a territory the east-west scale shrinks by the cosine of its latitude, so
// that shapes look as they are. It goes round: beyond the 180th meridian it begins again.

import { DEG, clipped, detailBox, geodeticOf, inBox, landCanvas, segmentsOf, unwrapped, wrapLongitude } from "./geo.js";
import { Pixels } from "./pixels.js";
import { css, rgb } from "./theme.js";
import { HALF_ANGLE, View } from "./viewbase.js";

const KM_PER_DEG = 111.2;
const NIGHT_WIDTH = 180;
const TAU_DEG = 360;
const LAND_IMAGE_DEG = 0.15;
// The night is painted anew when the sun has moved this far.
const SUN_STEP = 0.2 * DEG;

export class FlatMap extends View {
  constructor(host, options = {}) {
    super(host, options);
    this._paint = this.canvas.getContext("2d", { alpha: false });
    if (!this._paint) throw new Error("no canvas");
    this._base = document.createElement("canvas");
    // It is read back after each drawing.
    this._basePaint = this._base.getContext("2d", { alpha: false, willReadFrequently: true });
    this._baseStale = true;
    this._cells = null;
    this._night = null;
    this._shapes = { box: null, land: [], fineLand: [], borders: [], fineBorders: [], regions: [] };
    this.attach();
  }

  get kind() {
    return "map";
  }

  // ---- what the page gives: what lies below the satellites is painted again when it changes ----

  setScene(scene, given = {}) {
    super.setScene(scene, given);
    this._cells = null;
    this._shape();
  }

  setWorldOutlines(outlines) {
    super.setWorldOutlines(outlines);
    this._shape();
  }

  setCellColours(colours) {
    super.setCellColours(colours);
    this._colour();
    this._baseStale = true;
  }

  setSun(direction) {
    super.setSun(direction);
    const held = this._night?.sun;
    if (held && direction && Math.hypot(...held.map((v, i) => v - direction[i])) < SUN_STEP) return;
    this._night = null;
    this._baseStale = true;
  }

  setLayers(layers) {
    super.setLayers(layers);
    this._baseStale = true;
  }

  setTheme(theme) {
    super.setTheme(theme);
    this._night = null;
    this._baseStale = true;
  }

  _sized() {
    this.canvas.width = this._base.width = Math.round(this.width * this.ratio);
    this.canvas.height = this._base.height = Math.round(this.height * this.ratio);
    this._baseStale = true;
  }

  /** Rings of land and lines of borders, in degrees. */
  _shape() {
    const box = this.scene?.cells?.index;
    const detail = box && this.outlines.countries.length ? detailBox(box) : null;
    const fine = detail && detail.east - detail.west <= 120 ? detail : null;
    const bounded = (rings) => rings.map((ring) => {
      const line = unwrapped(ring), reach = { line, west: Infinity, east: -Infinity, south: 90, north: -90 };
      for (let i = 0; i < line.length; i += 2) {
        reach.west = Math.min(reach.west, line[i]);
        reach.east = Math.max(reach.east, line[i]);
        reach.south = Math.min(reach.south, line[i + 1]);
        reach.north = Math.max(reach.north, line[i + 1]);
      }
      return reach;
    });
    const within = (lon, lat) => fine !== null && inBox(fine, lon, lat);
    this._shapes = {
      box: fine,
      land: bounded(this.world),
      fineLand: fine ? bounded(this.outlines.countries) : [],
      borders: segmentsOf(this.world, (lon, lat) => !within(lon, lat)),
      fineBorders: fine ? segmentsOf(this.outlines.countries, within) : [],
      regions: segmentsOf(this.outlines.regions, () => true),
    };
    this._landImage = null;
    this._baseStale = true;
  }

  _colour() {
    const box = this.scene?.cells?.index;
    if (!box || !this.index || !this.cellColours) {
      this._cells = null;
      return;
    }
    if (!this._cells) {
      const canvas = document.createElement("canvas");
      canvas.width = box.width;
      canvas.height = box.height;
      const context = canvas.getContext("2d");
      this._cells = { canvas, context, image: context.createImageData(box.width, box.height) };
    }
    const table = new Uint32Array(this.scene.cells.count + 1);
    new Uint8ClampedArray(table.buffer).set(this.cellColours.subarray(0, 4 * this.scene.cells.count), 4);
    const out = new Uint32Array(this._cells.image.data.buffer), index = this.index;
    for (let i = 0; i < out.length; i++) out[i] = table[index[i]];
    this._cells.context.putImageData(this._cells.image, 0, 0);
  }

  // ---- camera ----

  /** Height at which the whole world fits in. */
  get farthest() {
    const perPixel = Math.max(TAU_DEG / this.width, 180 / this.height);
    return (perPixel * KM_PER_DEG * Math.min(this.width, this.height)) / (2 * Math.tan(HALF_ANGLE));
  }

  degreesPerPixel() {
    const span = 2 * this._camera.distance_km * Math.tan(HALF_ANGLE);
    return span / Math.min(this.width, this.height) / KM_PER_DEG;
  }

  _moved() {
    const farthest = this.farthest;
    if (this._camera.distance_km > farthest) this._camera.distance_km = farthest;
    const degrees = this.degreesPerPixel();
    const box = this.scene?.cells?.index;
    const parallel = box ? Math.max(-70, Math.min(70, (box.north + box.south) / 2)) : 0;
    // Share of the plate carrée: all of it where more than 130 degrees are seen, none below 50.
    const seen = degrees * this.width;
    const share = Math.max(0, Math.min(1, (seen - 50) / 80));
    const narrow = Math.cos(parallel * DEG);
    this._sy = 1 / degrees;
    this._sx = this._sy * (narrow + (1 - narrow) * share * share * (3 - 2 * share));
    // The map's upper and lower edge do not come into the view, where it is higher than the view.
    const half = this.height / 2 / this._sy, limit = Math.max(0, 90 - half);
    this._camera.latitude_deg = Math.max(-limit, Math.min(limit, this._camera.latitude_deg));
    this._baseStale = true;
  }

  _x(longitude) {
    return this.width / 2 + (longitude - this._camera.longitude_deg) * this._sx;
  }

  _y(latitude) {
    return this.height / 2 - (latitude - this._camera.latitude_deg) * this._sy;
  }

  /** Pixel of a place: that of its copies which is nearest to `near` (x), else to the middle. */
  _pixel(latitude, longitude, near = this.width / 2) {
    const round = TAU_DEG * this._sx, x = this._x(longitude);
    return [x - round * Math.round((x - near) / round), this._y(latitude)];
  }

  projectGround(place, near) {
    const at = this._pixel(place.latitude_deg, place.longitude_deg, near);
    return at[0] < -20 || at[0] > this.width + 20 || at[1] < -20 || at[1] > this.height + 20 ? null : at;
  }

  projectSatellite(i, near) {
    const p = this.keyframes.position(i, this.time, this._scratch ??= [0, 0, 0]);
    if (p[0] !== p[0]) return null;
    const below = geodeticOf(p);
    return this._pixel(below.latitude_deg, below.longitude_deg, near);
  }

  groundAt(x, y) {
    const latitude = this._camera.latitude_deg + (this.height / 2 - y) / this._sy;
    if (latitude < -90 || latitude > 90) return null;
    return {
      latitude_deg: latitude,
      longitude_deg: wrapLongitude(this._camera.longitude_deg + (x - this.width / 2) / this._sx),
    };
  }

  // ---- drawing ----

  /** Turns of the world that are in view. */
  _turns() {
    const west = this._camera.longitude_deg - this.width / 2 / this._sx;
    const east = this._camera.longitude_deg + this.width / 2 / this._sx;
    const out = [];
    // Rings that cross the 180th meridian reach into the neighbouring turn.
    for (let k = Math.floor((west - 180) / TAU_DEG); k <= Math.ceil((east + 180) / TAU_DEG); k++) out.push(k * TAU_DEG);
    return out;
  }

  /** Fill those rings that reach into the view, as one path: between paths of their own a line would be left. */
  _fill(paint, rings) {
    const view = [-2, -2, this.width + 2, this.height + 2];
    paint.beginPath();
    for (const turn of this._turns()) {
      for (const ring of rings) {
        if (this._x(ring.west + turn) > this.width || this._x(ring.east + turn) < 0) continue;
        if (this._y(ring.south) < 0 || this._y(ring.north) > this.height) continue;
        // What lies far outside the view would cost most.
        const line = clipped(ring.line.map((v, i) => (i % 2 ? this._y(v) : this._x(v + turn))), view);
        if (!line.length) continue;
        paint.moveTo(line[0], line[1]);
        for (let i = 2; i < line.length; i += 2) paint.lineTo(line[i], line[i + 1]);
        paint.closePath();
      }
    }
    paint.fill();
  }

  _drawLand(paint) {
    paint.fillStyle = this.colours.land;
    if (this.degreesPerPixel() < LAND_IMAGE_DEG * this.ratio) {
      this._fill(paint, this._shapes.land);
      return;
    }
    // From afar the land is a picture, made once.
    if (this._landImage?.theme !== this.theme) {
      const width = Math.round(TAU_DEG / LAND_IMAGE_DEG), world = { west: -180, east: 180, south: -90, north: 90 };
      const canvas = landCanvas(this.world, world, width, width / 2, this.colours.sea, this.colours.land);
      this._landImage = { canvas, theme: this.theme };
    }
    this._spread(paint, this._landImage.canvas, true);
  }

  /** Put a picture of the whole world down in each turn. */
  _spread(paint, canvas, smooth) {
    paint.imageSmoothingEnabled = smooth;
    for (const turn of this._turns()) {
      const x = this._x(turn - 180), wide = TAU_DEG * this._sx;
      if (x < this.width && x + wide > 0) paint.drawImage(canvas, x, this._y(90), wide, 180 * this._sy);
    }
  }

  /** All that does not move with the satellites. */
  _drawBase() {
    const paint = this._basePaint, c = this.colours;
    paint.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    paint.fillStyle = c.page;
    paint.fillRect(0, 0, this.width, this.height);
    const top = Math.max(0, this._y(90)), bottom = Math.min(this.height, this._y(-90));
    paint.save();
    paint.beginPath();
    paint.rect(0, top, this.width, bottom - top);
    paint.clip();
    paint.fillStyle = c.sea;
    paint.fillRect(0, top, this.width, bottom - top);
    this._drawLand(paint);
    if (this._shapes.box && this.degreesPerPixel() < LAND_IMAGE_DEG * this.ratio) this._drawFineLand(paint);
    this._drawGrid(paint);
    this._drawNight(paint);
    this._drawCells(paint);
    paint.restore();
    this._pixels = new Pixels(paint, this._base.width, this._base.height);
    this._putBorders();
    this._pixels.keep();
    this._baseStale = false;
  }

  _drawFineLand(paint) {
    const { box, fineLand } = this._shapes, c = this.colours;
    for (const turn of this._turns()) {
      paint.save();
      const x = this._x(box.west + turn), wide = (box.east - box.west) * this._sx;
      if (x > this.width || x + wide < 0) {
        paint.restore();
        continue;
      }
      paint.beginPath();
      paint.rect(x, this._y(box.north), wide, (box.north - box.south) * this._sy);
      paint.clip();
      paint.fillStyle = c.sea;
      paint.fillRect(x, this._y(box.north), wide, (box.north - box.south) * this._sy);
      paint.fillStyle = c.land;
      this._fill(paint, fineLand);
      paint.restore();
    }
  }

  _drawGrid(paint) {
    const degrees = this.degreesPerPixel(), step = degrees > 0.1 ? 30 : degrees > 0.02 ? 10 : 5;
    paint.fillStyle = css(this.colours.line, 0.4);
    const west = this._camera.longitude_deg - this.width / 2 / this._sx;
    for (let lon = Math.ceil(west / step) * step; this._x(lon) <= this.width; lon += step) {
      paint.fillRect(Math.round(this._x(lon)), 0, 1, this.height);
    }
    for (let lat = -90 + step; lat < 90; lat += step) {
      paint.fillRect(0, Math.round(this._y(lat)), this.width, 1);
    }
  }

  _drawNight(paint) {
    if (!this.layers.night || !this.sun) return;
    this._night ??= this._nightImage();
    this._spread(paint, this._night.canvas, true);
  }

  _nightImage() {
    const canvas = document.createElement("canvas");
    canvas.width = NIGHT_WIDTH;
    canvas.height = NIGHT_WIDTH / 2;
    const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
    const [r, g, b] = rgb(this.colours.night).map((v) => Math.round(255 * v)), sun = this.sun;
    for (let row = 0, o = 0; row < canvas.height; row++) {
      const lat = (90 - ((row + 0.5) * 180) / canvas.height) * DEG;
      for (let column = 0; column < canvas.width; column++, o += 4) {
        const lon = (((column + 0.5) * TAU_DEG) / canvas.width - 180) * DEG;
        const up = Math.cos(lat) * (Math.cos(lon) * sun[0] + Math.sin(lon) * sun[1]) + Math.sin(lat) * sun[2];
        const s = Math.max(0, Math.min(1, (up + 0.16) / 0.22));
        image.data.set([r, g, b, Math.round(255 * this.colours.nightStrength * (1 - s * s * (3 - 2 * s)))], o);
      }
    }
    context.putImageData(image, 0, 0);
    return { canvas, sun: [...sun] };
  }

  _drawCells(paint) {
    if (!this.layers.cells || !this._cells) return;
    const box = this.scene.cells.index;
    const wide = (box.east - box.west) * this._sx, tall = (box.north - box.south) * this._sy;
    // Enlarged without smoothing, so that no cell has a colour that no value has.
    paint.imageSmoothingEnabled = false;
    for (const turn of this._turns()) {
      const x = this._x(box.west + turn);
      if (x <= this.width && x + wide >= 0) paint.drawImage(this._cells.canvas, x, this._y(box.north), wide, tall);
    }
  }

  _putBorders() {
    const s = this._shapes, c = this.colours, near = Math.max(0, 1 - this._camera.distance_km / 9000), k = this.ratio;
    const put = (segments, hex, alpha) => {
      if (alpha <= 0) return;
      const colour = rgb(hex).map((v) => 255 * v);
      for (const turn of this._turns()) {
        for (let i = 0; i < segments.length; i += 4) {
          const x0 = this._x(segments[i] + turn), x1 = this._x(segments[i + 2] + turn);
          if ((x0 < 0 && x1 < 0) || (x0 > this.width && x1 > this.width)) continue;
          const y0 = this._y(segments[i + 1]), y1 = this._y(segments[i + 3]);
          if ((y0 < 0 && y1 < 0) || (y0 > this.height && y1 > this.height)) continue;
          this._pixels.line(x0 * k, y0 * k, x1 * k, y1 * k, colour, alpha);
        }
      }
    };
    if (this.layers.regions) put(s.regions, c.region, 0.9 * near);
    if (this.layers.borders) {
      put(s.borders, c.border, 0.5 + 0.25 * near);
      put(s.fineBorders, c.border, 0.95);
    }
  }

  _draw() {
    if (this._baseStale) this._drawBase();
    const paint = this._paint;
    this._subpoints();
    this._pixels.clear();
    this._putLinks();
    this._putSatellites();
    paint.setTransform(1, 0, 0, 1, 0, 0);
    paint.putImageData(this._pixels.image, 0, 0);
    paint.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    this._drawSiteLinks(paint);
    this._drawMarkers(paint);
  }

  /** Latitude and longitude below each satellite, degrees; NaN where there is none. */
  _subpoints() {
    const count = this.keyframes ? this.keyframes.count : 0;
    if (!this._below || this._below.length !== 2 * count) this._below = new Float64Array(2 * count);
    const p = [0, 0, 0];
    for (let i = 0; i < count; i++) {
      this.keyframes.position(i, this.time, p);
      const below = geodeticOf(p);
      this._below[2 * i] = below.latitude_deg;
      this._below[2 * i + 1] = below.longitude_deg;
    }
  }

  _putSatellites() {
    const count = Math.min(this.states.length, this._below.length / 2), c = this.colours, ratio = this.ratio;
    const near = 1 + 1.2 * (1 - Math.min(1, this._camera.distance_km / 9000));
    const styles = [[0, c.out, 2], [1, c.satellite, 2.4], [2, c.raising, 1.8], [3, c.serving, 4.2]];
    const edge = rgb(c.page).map((v) => 255 * v);
    for (const [state, hex, size] of styles) {
      if (!this.drawn(state)) continue;
      const colour = rgb(hex).map((v) => 255 * v), radius = (size * near) / 2, ringAlpha = state === 3 ? 0.85 : 0.45;
      for (let i = 0; i < count; i++) {
        if (this.states[i] !== state || this._below[2 * i] !== this._below[2 * i]) continue;
        this._everywhere(this._below[2 * i], this._below[2 * i + 1], radius + 2, (x, y) => {
          this._pixels.dot(x * ratio, y * ratio, radius * ratio, colour, ratio, edge, ringAlpha);
        });
      }
    }
  }

  /** Call `put` at each of a place's copies in view. */
  _everywhere(latitude, longitude, margin, put) {
    const y = this._y(latitude);
    if (y < -margin || y > this.height + margin) return;
    const round = TAU_DEG * this._sx;
    let x = this._x(longitude);
    x -= round * Math.floor((x + margin) / round);
    for (; x < this.width + margin; x += round) put(x, y);
  }

  /** Place below a satellite, or null. */
  _under(i) {
    if (!(i >= 0) || 2 * i >= this._below.length || this._below[2 * i] !== this._below[2 * i]) return null;
    return { latitude_deg: this._below[2 * i], longitude_deg: this._below[2 * i + 1] };
  }

  /** Call `put(x0, y0, x1, y1)` for each copy in view of a line that goes the short way round. */
  _lines(from, to, put) {
    if (!from || !to) return;
    const dx = wrapLongitude(to.longitude_deg - from.longitude_deg) * this._sx;
    const y0 = this._y(from.latitude_deg), y1 = this._y(to.latitude_deg);
    if (Math.max(y0, y1) < 0 || Math.min(y0, y1) > this.height) return;
    this._across(from.longitude_deg, dx, (x) => put(x, y0, x + dx, y1));
  }

  _putLinks() {
    const { gateways } = this._places, { feeder, lasers } = this.links, c = this.colours, k = this.ratio;
    const put = (hex, alpha) => {
      const colour = rgb(hex).map((v) => 255 * v);
      return (x0, y0, x1, y1) => this._pixels.line(x0 * k, y0 * k, x1 * k, y1 * k, colour, alpha);
    };
    if (this.layers.lasers) {
      const one = put(c.laser, 0.3);
      for (let i = 0; i + 1 < lasers.length; i += 2) this._lines(this._under(lasers[i]), this._under(lasers[i + 1]), one);
    }
    if (this.layers.feeder) {
      const one = put(c.feeder, 0.5);
      for (let i = 0; i + 1 < feeder.length; i += 2) this._lines(gateways[feeder[i + 1]], this._under(feeder[i]), one);
    }
  }

  /** Links of sites and of the picked place, with an edge of the page's colour to be told from cells of any colour. */
  _drawSiteLinks(paint) {
    const { sites, gateways } = this._places, { sites: own, picked } = this.links, c = this.colours;
    const paths = [];
    const path = (place, satellite, gateway) => {
      const under = this._under(satellite);
      for (const end of [place, gateways[gateway]]) this._lines(end, under, (...line) => paths.push(line));
    };
    if (this.layers.siteLinks) for (const link of own) path(sites[link.site], link.satellite ?? -1, link.gateway ?? -1);
    if (picked) path(picked, picked.satellite ?? -1, picked.gateway ?? -1);
    for (const [colour, width] of [[css(c.page, 0.7), 4.2], [css(c.serving, 0.95), 2.2]]) {
      paint.strokeStyle = colour;
      paint.lineWidth = width;
      for (const [x0, y0, x1, y1] of paths) {
        paint.beginPath();
        paint.moveTo(x0, y0);
        paint.lineTo(x1, y1);
        paint.stroke();
      }
    }
    // Their satellites again, over the lines.
    paint.fillStyle = c.serving;
    for (const [, , x, y] of paths) {
      paint.beginPath();
      paint.arc(x, y, 3.6, 0, 7);
      paint.fill();
    }
  }

  /** Call `put` with the x of each copy of a line that starts at a longitude and goes dx pixels to the east. */
  _across(longitude, dx, put) {
    const round = TAU_DEG * this._sx, left = Math.min(0, dx), right = Math.max(0, dx);
    let x = this._x(longitude);
    x -= round * Math.floor((x + right) / round);
    for (; x + left < this.width; x += round) put(x);
  }

  _drawMarkers(paint) {
    const c = this.colours;
    const mark = (list, colour, trace) => {
      for (const place of list) {
        if (!place) continue;
        this._everywhere(place.latitude_deg, place.longitude_deg, 12, (x, y) => {
          paint.beginPath();
          trace(x, y);
          paint.lineWidth = 2.8;
          paint.strokeStyle = c.page;
          paint.stroke();
          paint.fillStyle = colour;
          paint.fill();
        });
      }
    };
    if (this.layers.gateways) {
      mark(this._places.gateways, c.gateway, (x, y) => {
        for (const [dx, dy] of [[0, -6], [6, 0], [0, 6], [-6, 0]]) paint.lineTo(x + dx, y + dy);
        paint.closePath();
      });
    }
    if (this.layers.sites) mark(this._places.sites, c.site, (x, y) => paint.arc(x, y, 3.6, 0, 7));
    if (!this.picked) return;
    this._everywhere(this.picked.latitude_deg, this.picked.longitude_deg, 12, (x, y) => {
      for (const [width, colour] of [[5, c.page], [2.2, c.picked]]) {
        paint.beginPath();
        paint.arc(x, y, 7.5, 0, 7);
        paint.lineWidth = width;
        paint.strokeStyle = colour;
        paint.stroke();
      }
    });
  }
}
