// Where the processor computes GL, the Earth is the dearest thing to draw. It is kept as a picture while the camera and
// the cells stay as they are; while the camera moves it is drawn at half the width and height, and sharp when it rests.

import { LinearFilter, UnsignedByteType, WebGLRenderTarget } from "./vendor/three.js";

export class StillGround {
  constructor(renderer) {
    this.renderer = renderer;
    const options = { depthBuffer: false, stencilBuffer: false, type: UnsignedByteType, generateMipmaps: false, minFilter: LinearFilter };
    this._sharp = new WebGLRenderTarget(1, 1, options);
    this._coarse = new WebGLRenderTarget(1, 1, options);
    this._held = null;
  }

  /** Put the ground on the canvas. Returns whether it is coarse, so that a sharp one must follow. */
  draw(scene, camera, moved, changed) {
    const { renderer } = this, { width, height } = renderer.domElement;
    // A first change of the camera after a rest (a jump) is drawn sharp; a movement has one at each drawing.
    const now = performance.now(), moving = moved && now - (this._movedMs ?? -1e9) < 400;
    if (moved) this._movedMs = now;
    const target = moving ? this._coarse : this._sharp;
    const w = moving ? Math.ceil(width / 2) : width, h = moving ? Math.ceil(height / 2) : height;
    if (target.width !== w || target.height !== h) {
      target.setSize(w, h);
      this._held = null;
    }
    if (moved || changed || this._held !== target) {
      renderer.setRenderTarget(target);
      renderer.clear();
      renderer.render(scene, camera);
      this._held = target;
    }
    const gl = renderer.getContext();
    const from = renderer.properties.get(target).__webglFramebuffer;
    renderer.setRenderTarget(null);
    // Chromium empties the canvas at the first clear or draw after it was shown, and a blit is neither: without this
    // the marks, drawn next, would wipe the ground away.
    renderer.clear();
    // Not through three.js, which would hold this binding for still in place the next time.
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, from);
    gl.blitFramebuffer(0, 0, w, h, 0, 0, width, height, gl.COLOR_BUFFER_BIT, moving ? gl.LINEAR : gl.NEAREST);
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, null);
    return moving;
  }

  dispose() {
    this._sharp.dispose();
    this._coarse.dispose();
  }
}
