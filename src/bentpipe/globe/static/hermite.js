// Satellites between two keyframes: a cubic with the positions and velocities of both (Hermite).

import { A_M, B_M } from "./geo.js";

/** Keyframes of N satellites: `a` at `t0` and `b` at `t1` (Unix s), each N x (position m, velocity m/s), Earth-fixed. */
export class Keyframes {
  constructor({ t0, t1, a, b }) {
    this.t0 = t0;
    this.t1 = t1;
    this.a = a;
    this.b = b;
    this.count = Math.floor(a.length / 6);
  }

  /** Earth-fixed position of a satellite, m; NaN where the keyframes have none. */
  position(i, unixS, out = [0, 0, 0]) {
    const span = this.t1 - this.t0, s = (unixS - this.t0) / span, k = 6 * i;
    const r = 1 - s;
    const h0 = (1 + 2 * s) * r * r, h1 = s * r * r * span, h2 = s * s * (3 - 2 * s), h3 = -s * s * r * span;
    for (let c = 0; c < 3; c++) {
      out[c] = h0 * this.a[k + c] + h1 * this.a[k + 3 + c] + h2 * this.b[k + c] + h3 * this.b[k + 3 + c];
    }
    return out;
  }

  /**
   * Coefficients of the cubic in s = (t - t0) / (t1 - t0) for the vertex shader, in scaled space: 4 RGBA texels a
   * satellite. They are taken in float64, so that the shader adds numbers of about 1, 0.07, 0.001, ...: its error is
   * that of one float32 near 1, below 1 m. The fourth component of the first texel is 1 where there is a position.
   */
  coefficients(out) {
    const span = this.t1 - this.t0;
    for (let i = 0; i < this.count; i++) {
      const k = 6 * i, o = 16 * i;
      let sound = 1;
      for (let c = 0; c < 3; c++) {
        const scale = 1 / (c === 2 ? B_M : A_M);
        const p0 = this.a[k + c] * scale, p1 = this.b[k + c] * scale;
        const v0 = this.a[k + 3 + c] * span * scale, v1 = this.b[k + 3 + c] * span * scale;
        const c2 = 3 * (p1 - p0) - 2 * v0 - v1, c3 = 2 * (p0 - p1) + v0 + v1;
        if (!Number.isFinite(c2 + c3)) sound = 0;
        out[o + c] = p0;
        out[o + 4 + c] = v0;
        out[o + 8 + c] = c2;
        out[o + 12 + c] = c3;
      }
      if (!sound) out.fill(0, o, o + 16);
      out[o + 3] = sound;
    }
    return out;
  }
}
