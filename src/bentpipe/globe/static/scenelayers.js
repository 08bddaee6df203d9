// The objects of three.js that the globe draws: the Earth, borders, links, satellites, markers.

import {
  BufferAttribute, BufferGeometry, CanvasTexture, DataTexture, DoubleSide, DynamicDrawUsage, FloatType, GLSL3,
  InterleavedBuffer, InterleavedBufferAttribute, LinearFilter, Mesh, NearestFilter, Points, RawShaderMaterial, RedIntegerFormat, RGBAFormat, UnsignedByteType, UnsignedIntType,
  UnsignedShortType,
} from "./vendor/three.js";
import { A_M, B_M, behindEarth, detailBox, groundScaled, inBox, landCanvas, segmentsOf } from "./geo.js";
import * as shaders from "./shaders.js";

// Edges longer than this would leave the ground, degrees.
const LONGEST_DEG = 2;
const SATELLITES_PER_ROW = 256;
const CELLS_PER_ROW = 1024;

function material(name, own, shared) {
  const uniforms = { ...shared };
  for (const [key, value] of Object.entries(own)) uniforms[key] = { value };
  return new RawShaderMaterial({
    glslVersion: GLSL3, vertexShader: shaders[`${name}Vertex`], fragmentShader: shaders[`${name}Fragment`], uniforms,
    transparent: true, depthTest: false, depthWrite: false, side: DoubleSide,
  });
}

function drawn(object) {
  object.frustumCulled = false;
  object.matrixAutoUpdate = false;
  return object;
}

function integerTexture(array, width, height) {
  const wide = array instanceof Uint32Array;
  const texture = new DataTexture(array, width, height, RedIntegerFormat, wide ? UnsignedIntType : UnsignedShortType);
  texture.internalFormat = wide ? "R32UI" : "R16UI";
  texture.minFilter = texture.magFilter = NearestFilter;
  texture.unpackAlignment = 1;
  texture.needsUpdate = true;
  return texture;
}

function dataTexture(array, width, height, type) {
  const texture = new DataTexture(array, width, height, RGBAFormat, type);
  texture.minFilter = texture.magFilter = NearestFilter;
  texture.needsUpdate = true;
  return texture;
}

function maskTexture(canvas) {
  const texture = new CanvasTexture(canvas);
  texture.minFilter = texture.magFilter = LinearFilter;
  texture.generateMipmaps = false;
  texture.flipY = false;
  return texture;
}

function blankMask() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  canvas.getContext("2d").fillRect(0, 0, 1, 1);
  return maskTexture(canvas);
}

/** Ring or disc about the middle, its radii in units of the Earth's edge; `corners` lie outside the outer circle. */
function round(inner, outer, corners) {
  const geometry = new BufferGeometry(), points = [], index = [], far = outer / Math.cos(Math.PI / corners);
  for (let i = 0; i < corners; i++) {
    const c = Math.cos((2 * Math.PI * i) / corners), s = Math.sin((2 * Math.PI * i) / corners);
    points.push(inner * c, inner * s, far * c, far * s);
    const next = (i + 1) % corners;
    index.push(2 * i, 2 * i + 1, 2 * next, 2 * next, 2 * i + 1, 2 * next + 1);
  }
  geometry.setAttribute("position", new BufferAttribute(new Float32Array(points), 2));
  geometry.setIndex(index);
  return geometry;
}

/** The Earth: sea, land, grid, night and cells, in one fragment shader; and the halo around it. */
export class EarthLayer {
  constructor(shared) {
    const both = { ...shared };
    for (const name of ["uHalo", "uPage"]) both[name] = { value: [0, 0, 0] };
    both.uHaloStrength = { value: 0 };
    both.uDisc = { value: [1, 1] };
    this.material = material("earth", {
      uLimb: 0, uNight: 0, uGrid: 30, uSea: [0, 0, 0], uLand: [0, 0, 0], uLine: [0, 0, 0], uNightColour: [0, 0, 0],
      uSun: [1, 0, 0], uWorld: blankMask(), uDetail: blankMask(),
      uColours: dataTexture(new Uint8Array(4), 1, 1, UnsignedByteType),
      uIndex: integerTexture(new Uint16Array(1), 1, 1), uDetailBox: [0, 0, 1, 1], uCellBox: [0, 0, 1, 1],
      uIndexSize: [1, 1], uSharp: [0.5, 0.5],
    }, both);
    this.halo = drawn(new Mesh(round(0.985, 1.11, 48), material("halo", {}, both)));
    // A little more than the Earth: the ellipsoid's edge is no circle.
    this.object = drawn(new Mesh(round(0, 1.012, 48), this.material));
    this.texelDeg = { world: 1, detail: 1, cells: 1 };
    this.parts = { detail: false, cells: false, night: false };
    this._key = "";
  }

  get uniforms() {
    return this.material.uniforms;
  }

  _swap(name, texture) {
    this.uniforms[name].value.dispose();
    this.uniforms[name].value = texture;
  }

  setWorld(rings, limit) {
    const width = Math.min(2048, limit);
    const box = { west: -180, east: 180, south: -90, north: 90 };
    this._swap("uWorld", maskTexture(landCanvas(rings, box, width, width / 2)));
    this.texelDeg.world = 360 / width;
  }

  setScene(scene, index, rings, limit) {
    const box = scene.cells?.index;
    this.parts.detail = false;
    if (!box) return;
    this.uniforms.uCellBox.value = [box.west, box.south, box.east - box.west, box.north - box.south];
    if (index) {
      this._swap("uIndex", integerTexture(index, box.width, box.height));
      this.uniforms.uIndexSize.value = [box.width, box.height];
      this.texelDeg.cells = (box.north - box.south) / box.height;
    }
    const rows = Math.max(1, Math.ceil(scene.cells.count / CELLS_PER_ROW));
    this._swap("uColours", dataTexture(new Uint8Array(4 * CELLS_PER_ROW * rows), CELLS_PER_ROW, rows, UnsignedByteType));
    const detail = detailBox(box);
    // A territory as large as a third of the world has the coarse outlines everywhere.
    if (!rings.length || detail.east - detail.west > 120) return;
    const wide = detail.east - detail.west, tall = detail.north - detail.south;
    const width = Math.min(limit, wide >= tall ? 2048 : Math.round((2048 * wide) / tall));
    const height = Math.max(1, Math.round((width * tall) / wide));
    this._swap("uDetail", maskTexture(landCanvas(rings, detail, width, height)));
    this.uniforms.uDetailBox.value = [detail.west, detail.south, wide, tall];
    this.parts.detail = true;
    this.texelDeg.detail = wide / width;
  }

  setColours(colours) {
    const texture = this.uniforms.uColours.value;
    texture.image.data.set(colours);
    texture.needsUpdate = true;
  }

  /** Edges of land and of cells over about one pixel, however much their textures are enlarged. */
  prepare(degreesPerPixel) {
    const half = (texel) => Math.max(0.02, Math.min(0.5, (0.7 * degreesPerPixel) / texel));
    this.uniforms.uSharp.value = [half(this.texelDeg.world), half(this.texelDeg.detail)];
    const names = Object.entries({ ...this.parts, smooth: degreesPerPixel < 0.8 * this.texelDeg.cells });
    const defined = names.filter(([, on]) => on).map(([name]) => name.toUpperCase());
    if (defined.join() === this._key) return;
    this._key = defined.join();
    this.material.defines = Object.fromEntries(defined.map((name) => [name, 1]));
    this.material.needsUpdate = true;
  }

  dispose() {
    for (const name of ["uWorld", "uDetail", "uColours", "uIndex"]) this.uniforms[name].value.dispose();
    for (const mesh of [this.object, this.halo]) {
      mesh.geometry.dispose();
      mesh.material.dispose();
    }
  }
}

/** Bands of lines: four vertices each, the same in all but their number. */
class BandLayer {
  constructor(name, own, shared, size) {
    this.material = material(name, own, shared);
    this.size = size;
    this.object = drawn(new Mesh(new BufferGeometry(), this.material));
    this.object.visible = false;
  }

  get uniforms() {
    return this.material.uniforms;
  }

  /** Lines as flat arrays of `size` numbers for each end, and a kind each. */
  setLines(from, to, kinds) {
    const count = kinds.length, size = this.size;
    const geometry = new BufferGeometry();
    const spread = (values, width) => {
      const out = new Float32Array(4 * count * width);
      for (let i = 0; i < count; i++) {
        for (let corner = 0; corner < 4; corner++) {
          for (let c = 0; c < width; c++) out[(4 * i + corner) * width + c] = values[i * width + c];
        }
      }
      return new BufferAttribute(out, width);
    };
    geometry.setAttribute("aFrom", spread(from, size));
    geometry.setAttribute("aTo", spread(to, size));
    geometry.setAttribute("aKind", spread(kinds, 1));
    geometry.setIndex(new BufferAttribute(new Uint32Array(6 * count), 1));
    geometry.index.setUsage(DynamicDrawUsage);
    this.object.geometry.dispose();
    this.object.geometry = geometry;
    this.object.visible = count > 0;
    this.count = count;
    this.choose(() => true);
  }

  /** Draw those lines only of which `wanted(number)` is true. */
  choose(wanted) {
    const { index } = this.object.geometry;
    let n = 0;
    for (let i = 0; i < this.count; i++) {
      if (!wanted(i)) continue;
      const k = 4 * i, out = index.array;
      out[n++] = k;
      out[n++] = k + 1;
      out[n++] = k + 2;
      out[n++] = k + 2;
      out[n++] = k + 1;
      out[n++] = k + 3;
    }
    this.object.geometry.setDrawRange(0, n);
    this.object.visible = n > 0;
    index.clearUpdateRanges();
    index.addUpdateRange(0, n);
    index.needsUpdate = true;
  }

  dispose() {
    this.object.geometry.dispose();
    this.material.dispose();
  }
}

/** Which segments are of the world as it is drawn from near, and from afar. */
const NEAR = 1, FAR = 2;
/** From afar points nearer than so many degrees are one: less than two pixels of a whole globe. */
const FAR_DEG = 0.35;

/** A ring, flat, with fewer points. */
function thinned(ring) {
  const out = [ring[0], ring[1]];
  for (let i = 2; i < ring.length - 2; i += 2) {
    const n = out.length;
    if (Math.abs(ring[i] - out[n - 2]) + Math.abs(ring[i + 1] - out[n - 1]) >= FAR_DEG) out.push(ring[i], ring[i + 1]);
  }
  out.push(ring[ring.length - 2], ring[ring.length - 1]);
  return out;
}

/** Borders of countries and regions. */
export class BorderLayer extends BandLayer {
  constructor(shared) {
    super("border", {
      uShown: [1, 1, 1], uWidths: [1, 1.2, 1], uBorder: [0, 0, 0], uRegion: [0, 0, 0],
    }, shared, 3);
  }

  /** Coarse outlines of the world, fine ones of the territory in the place of them. */
  setOutlines(world, outlines, box) {
    const detail = box && outlines.countries.length ? detailBox(box) : null;
    const fine = detail && detail.east - detail.west <= 120 ? detail : null;
    const within = (lon, lat) => fine !== null && inBox(fine, lon, lat);
    const kinds = [], from = [], to = [], afar = [];
    const add = (segments, kind, far = 0) => {
      for (let i = 0; i < segments.length; i += 4) {
        const [x0, y0, x1, y1] = segments.slice(i, i + 4);
        const parts = Math.max(1, Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0)) / LONGEST_DEG));
        for (let p = 0; p < parts; p++) {
          const at = (k) => groundScaled(y0 + ((y1 - y0) * k) / parts, x0 + ((x1 - x0) * k) / parts);
          from.push(...at(p));
          to.push(...at(p + 1));
          kinds.push(kind);
          afar.push(far);
        }
      }
    };
    add(segmentsOf(world, (lon, lat) => !within(lon, lat)), 0, NEAR);
    add(segmentsOf(world.map(thinned), () => true), 0, FAR);
    if (fine) add(segmentsOf(outlines.countries, within), 1);
    add(segmentsOf(outlines.regions, () => true), 2);
    this._starts = Float64Array.from(from);
    this._kinds = Uint8Array.from(kinds);
    this._afar = Uint8Array.from(afar);
    this.setLines(from, to, kinds);
  }

  /** Leave out what is not shown, beyond the horizon or beside the view: most vertices are, in most views. */
  cull(eye, axes, opacity, far) {
    const p = this._starts;
    if (!p) return;
    const other = far ? NEAR : FAR;
    const { right, up, forward } = axes;
    // A line is at most 2 degrees long.
    const spare = 0.036;
    this.choose((i) => {
      if (opacity[this._kinds[i]] <= 0 || this._afar[i] === other) return false;
      const x = p[3 * i], y = p[3 * i + 1], z = p[3 * i + 2];
      if (x * eye[0] + y * eye[1] + z * eye[2] < 1 - spare) return false;
      const dx = x - eye[0], dy = y - eye[1], dz = z - eye[2];
      const depth = forward[0] * dx + forward[1] * dy + forward[2] * dz + spare;
      return depth > 0 &&
        Math.abs(right[0] * dx + right[1] * dy + right[2] * dz) < depth + 3 * spare &&
        Math.abs(up[0] * dx + up[1] * dy + up[2] * dz) < depth + 3 * spare;
    });
  }
}

/** Feeder links, lasers and the links of sites: their ends follow the satellites in the shader. */
export class LinkLayer extends BandLayer {
  constructor(shared, satellites) {
    super("link", {
      uLinkWidths: [1, 0.8, 4.2], uPage: [0, 0, 0], uFeeder: [0, 0, 0, 1], uLaser: [0, 0, 0, 1], uServing: [0, 0, 0, 1],
    }, { ...shared, ...satellites }, 4);
  }

  /** Pairs [[end, end, kind], ...]: an end is the number of a satellite or a point of scaled space. */
  setPairs(pairs) {
    const kinds = [], from = [], to = [];
    const put = (out, end) => (typeof end === "number" ? out.push(0, 0, 0, end) : out.push(end[0], end[1], end[2], -1));
    for (const [a, b, kind] of pairs) {
      put(from, a);
      put(to, b);
      kinds.push(kind);
    }
    this._ends = [from, to];
    this.setLines(from, to, kinds);
  }

  /** Leave out links both of whose ends the Earth hides: for the processor a vertex costs much. */
  cull(keyframes, time, eye) {
    const p = [0, 0, 0], [from, to] = this._ends;
    const unseen = (ends, i) => {
      const satellite = ends[4 * i + 3];
      if (satellite < 0) return behindEarth(eye, ends.slice(4 * i, 4 * i + 3));
      keyframes.position(satellite, time, p);
      p[0] /= A_M;
      p[1] /= A_M;
      p[2] /= B_M;
      return behindEarth(eye, p);
    };
    this.choose((i) => !(unseen(from, i) && unseen(to, i)));
  }
}

export class SatelliteLayer {
  constructor(shared) {
    this.texture = { uSatellites: { value: dataTexture(new Float32Array(4096), 1024, 1, FloatType) }, uShare: { value: 0 } };
    this.material = material("satellite", {
      uSizes: [0, 3, 2, 5], uState0: [0, 0, 0], uState1: [0, 0, 0], uState2: [0, 0, 0], uState3: [0, 0, 0],
      uPage: [0, 0, 0],
    }, { ...shared, ...this.texture });
    this.object = drawn(new Points(new BufferGeometry(), this.material));
    this.object.visible = false;
    this.rows = this.count = 0;
    this._buffer = this._states = null;
  }

  setKeyframes(keyframes) {
    const rows = Math.max(1, Math.ceil(keyframes.count / SATELLITES_PER_ROW));
    if (rows !== this.rows || !this._buffer) {
      this.texture.uSatellites.value.dispose();
      const texels = new Float32Array(16 * SATELLITES_PER_ROW * rows);
      this.texture.uSatellites.value = dataTexture(texels, 4 * SATELLITES_PER_ROW, rows, FloatType);
      // The same numbers for the points: attributes cost less than fetches where the processor computes GL.
      this._buffer = new InterleavedBuffer(texels, 16);
      this._buffer.setUsage(DynamicDrawUsage);
      this.rows = rows;
      this._states = null;
    }
    const texture = this.texture.uSatellites.value;
    keyframes.coefficients(texture.image.data);
    texture.needsUpdate = true;
    this._buffer.needsUpdate = true;
  }

  setStates(states) {
    if (!this._buffer) return;
    if (!this._states || this._states.count !== states.length) {
      const geometry = new BufferGeometry();
      for (let i = 0; i < 4; i++) geometry.setAttribute(`a${i}`, new InterleavedBufferAttribute(this._buffer, 4, 4 * i));
      this._states = new BufferAttribute(new Uint8Array(states), 1);
      this._states.setUsage(DynamicDrawUsage);
      geometry.setAttribute("aState", this._states);
      this.object.geometry.dispose();
      this.object.geometry = geometry;
    } else {
      this._states.array.set(states);
      this._states.needsUpdate = true;
    }
    this.count = Math.min(states.length, this._buffer.count);
    this.object.geometry.setDrawRange(0, this.count);
  }

  dispose() {
    this.texture.uSatellites.value.dispose();
    this.object.geometry.dispose();
    this.material.dispose();
  }
}

/** Sites, gateways and the picked place. */
export class MarkerLayer {
  constructor(shared) {
    this.material = material("marker", {
      uMarkers: [1, 1, 1], uSite: [0, 0, 0], uGateway: [0, 0, 0], uPicked: [0, 0, 0], uPage: [0, 0, 0],
    }, shared);
    this.object = drawn(new Points(new BufferGeometry(), this.material));
    this.object.visible = false;
  }

  setPlaces(groups) {
    const positions = [], kinds = [];
    groups.forEach((list, kind) => {
      for (const place of list) {
        if (!place) continue;
        positions.push(...place.scaled);
        kinds.push(kind);
      }
    });
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(new Float32Array(positions), 3));
    geometry.setAttribute("aKind", new BufferAttribute(new Float32Array(kinds), 1));
    this.object.geometry.dispose();
    this.object.geometry = geometry;
    this.object.visible = kinds.length > 0;
  }

  dispose() {
    this.object.geometry.dispose();
    this.material.dispose();
  }
}
