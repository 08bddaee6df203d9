// Mouse, pen, fingers and wheel on a view, as: take hold, drag, let go, zoom, click, hover.

// A press that moves less than this is a click, pixels of the page.
const STILL = 4;

export class Gestures {
  /** handlers: hold(x, y), drag(x, y), zoom(factor, x, y), click(x, y), hover(x, y) or hover(null). */
  constructor(element, handlers) {
    this.element = element;
    this.handlers = handlers;
    this._down = new Map();
    this._moved = false;
    this._spread = 0;
    element.style.touchAction = "none";
    this._list = [
      ["pointerdown", (e) => this._press(e)],
      ["pointermove", (e) => this._move(e)],
      ["pointerup", (e) => this._release(e, true)],
      ["pointercancel", (e) => this._release(e, false)],
      ["pointerleave", () => { if (!this._down.size) handlers.hover(null); }],
      ["wheel", (e) => this._wheel(e)],
    ];
    for (const [name, fn] of this._list) element.addEventListener(name, fn, { passive: false });
  }

  _at(event) {
    const box = this.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  _middle() {
    const all = [...this._down.values()];
    return [0, 1].map((c) => all.reduce((sum, p) => sum + p[c], 0) / all.length);
  }

  _reach() {
    const [a, b] = [...this._down.values()];
    return Math.hypot(a[0] - b[0], a[1] - b[1]);
  }

  _press(event) {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    const at = this._at(event);
    this._down.set(event.pointerId, at);
    try {
      this.element.setPointerCapture(event.pointerId);
    } catch {
      // A pointer that is gone already cannot be captured, nor need be.
    }
    if (this._down.size === 1) {
      this._moved = false;
      this._start = at;
    } else {
      this._moved = true;
      this._spread = this._down.size === 2 ? this._reach() : 0;
    }
    this.handlers.hold(...this._middle());
  }

  _move(event) {
    const at = this._at(event);
    if (!this._down.has(event.pointerId)) {
      if (event.pointerType !== "touch") this.handlers.hover(...at);
      return;
    }
    this._down.set(event.pointerId, at);
    if (!this._moved && Math.hypot(at[0] - this._start[0], at[1] - this._start[1]) < STILL) return;
    this._moved = true;
    if (this._down.size === 2 && this._spread > 0) {
      const reach = Math.max(8, this._reach());
      this.handlers.pinch(this._spread / reach, ...this._middle());
      this._spread = reach;
    }
    this.handlers.drag(...this._middle());
  }

  _release(event, done) {
    if (!this._down.delete(event.pointerId)) return;
    if (this._down.size) {
      this._spread = this._down.size === 2 ? this._reach() : 0;
      this.handlers.hold(...this._middle());
      return;
    }
    if (done && !this._moved) this.handlers.click(...this._at(event));
    this.handlers.letGo();
  }

  _wheel(event) {
    event.preventDefault();
    // Lines and pages of some mice, as pixels.
    const unit = [1, 16, 320][event.deltaMode] ?? 1;
    const step = Math.max(-240, Math.min(240, event.deltaY * unit));
    // A pinch on a touchpad comes as a wheel with Ctrl, in smaller steps.
    this.handlers.zoom(Math.exp(step * (event.ctrlKey ? 0.01 : 0.0022)), ...this._at(event));
  }

  dispose() {
    for (const [name, fn] of this._list) this.element.removeEventListener(name, fn);
  }
}
