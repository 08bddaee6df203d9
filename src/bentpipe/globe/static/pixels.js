// Thousands of small things on a canvas, put down as pixels: as paths they take the canvas hundreds of milliseconds
// where there is no graphics processor, as pixels a few.

/** Picture of which pixels are set directly, opaque. */
export class Pixels {
  /** Start from what a canvas shows. */
  constructor(context, width, height) {
    this.width = width;
    this.height = height;
    this._under = context.getImageData(0, 0, width, height).data;
    this.image = context.createImageData(width, height);
    this.clear();
  }

  /** Back to what was below. */
  clear() {
    this.image.data.set(this._under);
  }

  /** What is set now is what `clear` goes back to. */
  keep() {
    this._under.set(this.image.data);
  }

  _blend(x, y, colour, alpha) {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const data = this.image.data, o = 4 * (y * this.width + x);
    data[o] += (colour[0] - data[o]) * alpha;
    data[o + 1] += (colour[1] - data[o + 1]) * alpha;
    data[o + 2] += (colour[2] - data[o + 2]) * alpha;
  }

  /** A dot with a ring around it, both with soft edges; radii in pixels. */
  dot(x, y, radius, colour, ring, edge, ringAlpha) {
    const far = radius + ring + 0.5;
    const left = Math.floor(x - far), right = Math.ceil(x + far), bottom = Math.ceil(y + far);
    for (let row = Math.floor(y - far); row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const d = Math.sqrt((column + 0.5 - x) ** 2 + (row + 0.5 - y) ** 2);
        const around = Math.min(1, far - d);
        if (around <= 0) continue;
        const inside = Math.max(0, Math.min(1, radius + 0.5 - d));
        this._blend(column, row, edge, around * ringAlpha);
        if (inside > 0) this._blend(column, row, colour, inside);
      }
    }
  }

  /** A line about one pixel wide, its two nearest pixels in each step by their nearness (Wu 1991). */
  line(x0, y0, x1, y1, colour, alpha) {
    const dx = x1 - x0, dy = y1 - y0, flat = Math.abs(dx) >= Math.abs(dy);
    const slope = flat ? dy / dx : dx / dy;
    if (!Number.isFinite(slope)) return;
    // Along the longer axis, from pixel to pixel, within the view.
    const [a, b, side, limit] = flat ? [x0, x1, y0, this.width] : [y0, y1, x0, this.height];
    const from = Math.max(0, Math.round(Math.min(a, b))), to = Math.min(limit - 1, Math.round(Math.max(a, b)));
    for (let k = from; k <= to; k++) {
      const other = side + slope * (k + 0.5 - a) - 0.5, low = Math.floor(other), share = other - low;
      if (flat) {
        this._blend(k, low, colour, alpha * (1 - share));
        this._blend(k, low + 1, colour, alpha * share);
      } else {
        this._blend(low, k, colour, alpha * (1 - share));
        this._blend(low + 1, k, colour, alpha * share);
      }
    }
  }
}
