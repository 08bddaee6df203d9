// The flat map, on a canvas: for those who like it better, and where there is no WebGL.
//
// Plate carrée when the world is seen; near a territory the east-west scale shrinks by the cosine of its latitude, so
// that shapes look as they are. It goes round: beyond the 180th meridian it begins again.

import { DEG, detailBox, geodeticOf, inBox, segmentsOf, unwrapped, wrapLongitude } from "./geo.js";
import { css, rgb } from "./theme.js";
import { HALF_ANGLE, View } from "./viewbase.js";

const KM_PER_DEG = 111.2;
const NIGHT_WIDTH = 180;
const TAU_DEG = 360;
// The night is painted anew when the sun has moved this far.
const SUN_STEP = 0.2 * DEG;

export class FlatMap extends View {
  constructor(host, options = {}) {
    super(host, options);
    this._paint = this.canvas.getContext("2d", { alpha: false });
    if (!this._paint) throw new Error("no canvas");
    this._base = document.createElement("canvas");
    this._baseStale = true;
    this._cells = null;
    this._night = null;
    this._shapes = { world: null, fine: null, regions: null, box: null };
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

  /** Paths of land and borders in degrees, x to the east and y to the north. */
  _shape() {
    const box = this.scene?.cells?.index;
    const detail = box && this.outlines.countries.length ? detailBox(box) : null;
    const fine = detail && detail.east - detail.west <= 120 ? detail : null;
    const filled = (rings) => {
      const path = new Path2D();
      for (const ring of rings) {
        const line = unwrapped(ring);
        for (let i = 0; i < line.length; i += 2) {
          if (i) path.lineTo(line[i], line[i + 1]);
          else path.moveTo(line[0], line[1]);
        }
        path.closePath();
      }
      return path;
    };
    const drawn = (rings, keep) => {
      const path = new Path2D(), segments = segmentsOf(rings, keep);
      for (let i = 0; i < segments.length; i += 4) {
        if (segments[i] !== segments[i - 2] || segments[i + 1] !== segments[i - 1]) path.moveTo(segments[i], segments[i + 1]);
        path.lineTo(segments[i + 2], segments[i + 3]);
      }
      return path;
    };
    const within = (lon, lat) => fine !== null && inBox(fine, lon, lat);
    this._shapes = {
      box: fine,
      land: filled(this.world),
      fineLand: fine ? filled(this.outlines.countries) : null,
      borders: drawn(this.world, (lon, lat) => !within(lon, lat)),
      fineBorders: fine ? drawn(this.outlines.countries, within) : null,
      regions: drawn(this.outlines.regions, () => true),
    };
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

  _eachTurn(paint, draw) {
    for (const turn of this._turns()) {
      paint.setTransform(this._sx * this.ratio, 0, 0, -this._sy * this.ratio, this._x(turn) * this.ratio, this._y(0) * this.ratio);
      draw(turn);
    }
    paint.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
  }

  /** All that does not move with the satellites. */
  _drawBase() {
    const paint = this._base.getContext("2d", { alpha: false }), c = this.colours, s = this._shapes;
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
    paint.fillStyle = c.land;
    if (s.land) this._eachTurn(paint, () => paint.fill(s.land));
    if (s.fineLand) this._drawFineLand(paint);
    this._drawGrid(paint);
    this._drawNight(paint);
    this._drawCells(paint);
    this._drawBorders(paint);
    paint.restore();
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
      this._eachTurn(paint, () => paint.fill(fineLand));
      paint.restore();
    }
  }

  _drawGrid(paint) {
    const degrees = this.degreesPerPixel(), step = degrees > 0.1 ? 30 : degrees > 0.02 ? 10 : 5;
    paint.strokeStyle = css(this.colours.line, 0.4);
    paint.lineWidth = 1;
    paint.beginPath();
    const west = this._camera.longitude_deg - this.width / 2 / this._sx;
    for (let lon = Math.ceil(west / step) * step; this._x(lon) <= this.width; lon += step) {
      paint.moveTo(this._x(lon), 0);
      paint.lineTo(this._x(lon), this.height);
    }
    for (let lat = -90 + step; lat < 90; lat += step) {
      paint.moveTo(0, this._y(lat));
      paint.lineTo(this.width, this._y(lat));
    }
    paint.stroke();
  }

  _drawNight(paint) {
    if (!this.layers.night || !this.sun) return;
    this._night ??= this._nightImage();
    paint.imageSmoothingEnabled = true;
    for (const turn of this._turns()) {
      paint.drawImage(this._night.canvas, this._x(turn - 180), this._y(90), TAU_DEG * this._sx, 180 * this._sy);
    }
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

  _drawBorders(paint) {
    const s = this._shapes, c = this.colours, near = Math.max(0, 1 - this._camera.distance_km / 9000);
    const stroke = (path, colour, alpha, width) => {
      if (!path || alpha <= 0) return;
      paint.strokeStyle = css(colour, alpha);
      paint.lineJoin = "round";
      for (const turn of this._turns()) {
        // The path is made in pixels first: a width in degrees would differ between the axes.
        const moved = new Path2D();
        moved.addPath(path, new DOMMatrix([this._sx, 0, 0, -this._sy, this._x(turn), this._y(0)]));
        paint.lineWidth = width;
        paint.stroke(moved);
      }
    };
    if (this.layers.regions) stroke(s.regions, c.region, 0.9 * near, 1);
    if (this.layers.borders) {
      stroke(s.borders, c.border, 0.5 + 0.25 * near, 1);
      stroke(s.fineBorders, c.border, 0.95, 1.2);
    }
  }

  _draw() {
    if (this._baseStale) this._drawBase();
    const paint = this._paint;
    paint.setTransform(1, 0, 0, 1, 0, 0);
    paint.drawImage(this._base, 0, 0);
    paint.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    this._subpoints();
    this._drawLinks(paint);
    this._drawSatellites(paint);
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

  _drawSatellites(paint) {
    const count = Math.min(this.states.length, this._below.length / 2), c = this.colours;
    const near = 1 + 1.2 * (1 - Math.min(1, this._camera.distance_km / 9000));
    const styles = [[0, c.out, 2], [1, c.satellite, 2.4], [2, c.raising, 1.8], [3, c.serving, 4.2]];
    for (const [state, colour, size] of styles) {
      if (!this.drawn(state)) continue;
      const sprite = this._sprite(colour, (size * near) / 2), half = sprite.width / 2 / this.ratio, wide = 2 * half;
      for (let i = 0; i < count; i++) {
        if (this.states[i] !== state || this._below[2 * i] !== this._below[2 * i]) continue;
        this._everywhere(this._below[2 * i], this._below[2 * i + 1], half, (x, y) => {
          paint.drawImage(sprite, x - half, y - half, wide, wide);
        });
      }
    }
  }

  /** Small picture of a dot with a ring of the page's colour: thousands of them are drawn faster than as paths. */
  _sprite(colour, radius) {
    const key = `${colour} ${radius.toFixed(1)} ${this.ratio} ${this.theme}`;
    this._sprites ??= new Map();
    if (!this._sprites.has(key)) {
      // Zooming makes many sizes.
      if (this._sprites.size > 40) this._sprites.clear();
      const canvas = document.createElement("canvas"), side = 2 * Math.ceil((radius + 1.5) * this.ratio);
      canvas.width = canvas.height = side;
      const paint = canvas.getContext("2d");
      for (const [r, fill] of [[radius + 1, css(this.colours.page, 0.45)], [radius, colour]]) {
        paint.fillStyle = fill;
        paint.beginPath();
        paint.arc(side / 2, side / 2, r * this.ratio, 0, 7);
        paint.fill();
      }
      this._sprites.set(key, canvas);
    }
    return this._sprites.get(key);
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

  _drawLinks(paint) {
    const { sites, gateways } = this._places, { feeder, lasers, sites: own, picked } = this.links, c = this.colours;
    const below = (i) => (i >= 0 && 2 * i < this._below.length ? [this._below[2 * i], this._below[2 * i + 1]] : null);
    const ground = (place) => (place ? [place.latitude_deg, place.longitude_deg] : null);
    const line = (from, to) => {
      if (!from || !to || from[0] !== from[0] || to[0] !== to[0]) return;
      // The short way round, at each copy of the start.
      const dx = wrapLongitude(to[1] - from[1]) * this._sx, y = this._y(to[0]), y0 = this._y(from[0]);
      if (Math.max(y, y0) < 0 || Math.min(y, y0) > this.height) return;
      // One by one: a single path of thousands of lines that cross one another takes far longer to fill.
      this._across(from[1], dx, (x) => {
        paint.beginPath();
        paint.moveTo(x, y0);
        paint.lineTo(x + dx, y);
        paint.stroke();
      });
    };
    const stroke = (colour, alpha, width, put) => {
      paint.strokeStyle = css(colour, alpha);
      paint.lineWidth = width;
      put();
    };
    if (this.layers.lasers) {
      stroke(c.laser, 0.3, 0.8, () => { for (let i = 0; i + 1 < lasers.length; i += 2) line(below(lasers[i]), below(lasers[i + 1])); });
    }
    if (this.layers.feeder) {
      stroke(c.feeder, 0.5, 1, () => { for (let i = 0; i + 1 < feeder.length; i += 2) line(ground(gateways[feeder[i + 1]]), below(feeder[i])); });
    }
    const path = (place, satellite, gateway) => {
      line(place, below(satellite));
      line(ground(gateways[gateway]), below(satellite));
    };
    const paths = () => {
      if (this.layers.siteLinks) for (const link of own) path(ground(sites[link.site]), link.satellite ?? -1, link.gateway ?? -1);
      if (picked) path([picked.latitude_deg, picked.longitude_deg], picked.satellite ?? -1, picked.gateway ?? -1);
    };
    // An edge of the page's colour, to be told from cells of any colour.
    stroke(c.page, 0.7, 4.2, paths);
    stroke(c.serving, 0.95, 2.2, paths);
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
