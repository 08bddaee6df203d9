// Labels over a view: HTML elements that never overlap one another; where there is no room, the less important stay away.

const FONT = "500 12px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const HEIGHT = 16;
const GAP = 8;
const AT_MOST = 80;

/** Corner of a label of some width beside a marker, by the side it is on: right, left, below, above. */
const SIDES = [
  (x, y) => [x + GAP, y - HEIGHT / 2],
  (x, y, w) => [x - GAP - w, y - HEIGHT / 2],
  (x, y, w) => [x - w / 2, y + GAP],
  (x, y, w) => [x - w / 2, y - GAP - HEIGHT],
];

export class Labels {
  constructor(host) {
    this.layer = document.createElement("div");
    this.layer.className = "bp-labels";
    // What they say stands in the page's tables too.
    this.layer.setAttribute("aria-hidden", "true");
    host.append(this.layer);
    this._measure = document.createElement("canvas").getContext("2d");
    this._measure.font = FONT;
    this._held = new Map();
    this.boxes = [];
  }

  /** Texts to show: [{key, text, kind, priority}]; a higher priority is placed first. */
  setItems(items) {
    for (const held of this._held.values()) held.element.remove();
    this._held.clear();
    const sorted = [...items].sort((a, b) => b.priority - a.priority).slice(0, AT_MOST);
    for (const item of sorted) {
      const element = document.createElement("span");
      element.className = `bp-label bp-${item.kind}`;
      element.textContent = item.text;
      this.layer.append(element);
      const width = Math.ceil(this._measure.measureText(item.text).width) + 8;
      this._held.set(item.key, { ...item, element, width, side: 0, shown: false, x: NaN, y: NaN });
    }
  }

  /** Place all: `where(key)` gives [x, y] of the marker in pixels of the view, or null where it is hidden. */
  place(where, width, height) {
    this.boxes = [];
    const markers = [];
    for (const [key, held] of this._held) {
      held.at = where(key);
      if (held.at) markers.push({ key, left: held.at[0] - 5, right: held.at[0] + 5, top: held.at[1] - 5, bottom: held.at[1] + 5 });
    }
    for (const [key, held] of this._held) {
      const found = held.at && this._room(key, held, markers, width, height);
      if (!found) {
        if (held.shown) held.element.classList.remove("bp-shown");
        held.shown = false;
        continue;
      }
      this.boxes.push(found);
      const x = Math.round(found.left), y = Math.round(found.top);
      if (x !== held.x || y !== held.y) held.element.style.transform = `translate(${x}px,${y}px)`;
      if (!held.shown) held.element.classList.add("bp-shown");
      [held.x, held.y, held.shown, held.side] = [x, y, true, found.side];
    }
  }

  _room(key, held, markers, width, height) {
    const meets = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    // The side of last time first: a label that jumps about is hard to read.
    const order = [held.side, 0, 1, 2, 3];
    let spare = null;
    for (const side of order) {
      const [left, top] = SIDES[side](held.at[0], held.at[1], held.width).map(Math.round);
      const box = { key, text: held.text, kind: held.kind, left, top, right: left + held.width, bottom: top + HEIGHT, side };
      if (left < 2 || top < 2 || box.right > width - 2 || box.bottom > height - 2) continue;
      if (this.boxes.some((other) => meets(box, other))) continue;
      if (!markers.some((marker) => marker.key !== key && meets(box, marker))) return box;
      spare ??= box;
    }
    return spare;
  }

  /** Draw the labels that are shown into a picture. */
  paint(context, scale, colours) {
    context.save();
    context.scale(scale, scale);
    context.font = FONT;
    context.textBaseline = "middle";
    for (const box of this.boxes) {
      context.globalAlpha = 0.78;
      context.fillStyle = colours.page;
      context.beginPath();
      context.roundRect(box.left, box.top, box.right - box.left, box.bottom - box.top, 3);
      context.fill();
      context.globalAlpha = 1;
      context.fillStyle = colours[box.kind] ?? colours.ink;
      context.fillText(box.text, box.left + 4, (box.top + box.bottom) / 2);
    }
    context.restore();
  }

  dispose() {
    this.layer.remove();
  }
}
