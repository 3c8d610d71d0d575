// Turns pointer, wheel and keyboard into: hover, click, polygon, zoom, keys. Panning stays with plotly.

const CLICK_REACH = 5; // px a hand may move between press and release of a click
const STEP = 4; // px between two corners of a lasso
const LINE = 20; // px; some browsers count the wheel in lines
const SMALLEST = 8; // px; a smaller lasso or box is a slip of the hand

export class Gestures {
  // on: { tool(), hover(at | null), click(at), draw(corners | null), polygon(corners),
  // wheel(at, pixels), key(event) }
  constructor(stage, on) {
    this.stage = stage;
    this.on = on;
    this.press = null;
    this.stop = new AbortController();
    const listen = (target, type, handler, options = {}) =>
      target.addEventListener(type, handler, { signal: this.stop.signal, ...options });
    // In the capture phase, so that plotly does not start to pan while a lasso is drawn.
    listen(stage, "mousedown", (event) => this.#selects(event) && event.stopPropagation(), { capture: true });
    listen(stage, "touchstart", (event) => this.#selects(event) && event.stopPropagation(), { capture: true });
    listen(stage, "pointerdown", (event) => this.#down(event), { capture: true });
    // On window, because plotly lays a cover over the page while it pans.
    listen(window, "pointermove", (event) => this.#move(event));
    listen(window, "pointerup", (event) => this.#up(event));
    listen(window, "pointercancel", () => this.cancel());
    listen(stage, "pointerleave", () => on.hover(null));
    listen(stage, "wheel", (event) => this.#wheel(event), { capture: true, passive: false });
    listen(stage, "keydown", (event) => on.key(event));
  }

  destroy() {
    this.stop.abort();
  }

  // Gives up a drawing in progress; tells whether there was one.
  cancel() {
    const drawing = Boolean(this.press?.corners);
    this.press = null;
    this.on.draw(null);
    return drawing;
  }

  #selects(event) {
    return this.on.tool() !== "pan" || event.shiftKey;
  }

  #at(event) {
    const box = this.stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #down(event) {
    if (event.button !== 0) return;
    const at = this.#at(event);
    const drawn = this.#selects(event);
    if (drawn) this.stage.focus({ preventScroll: true });
    this.press = { from: at, corners: drawn ? [at] : null, box: this.on.tool() === "box", moved: false };
  }

  #move(event) {
    const at = this.#at(event);
    const press = this.press;
    if (!press) {
      if (event.buttons === 0 && this.stage.contains(event.target)) this.on.hover(at);
      return;
    }
    if (Math.hypot(at.x - press.from.x, at.y - press.from.y) > CLICK_REACH) press.moved = true;
    if (press.moved) this.on.hover(null);
    if (press.corners && press.moved) this.#extend(press, this.#inside(at));
  }

  #extend(press, at) {
    if (press.box) {
      press.corners = corners(press.from, at);
    } else {
      const last = press.corners.at(-1);
      if (Math.hypot(at.x - last.x, at.y - last.y) >= STEP) press.corners.push(at);
    }
    this.on.draw(press.corners);
  }

  #up(event) {
    const press = this.press;
    if (!press) return;
    this.press = null;
    if (!press.moved) {
      this.on.click(this.#at(event));
    } else if (press.corners) {
      this.on.draw(null);
      if (press.corners.length > 2 && extent(press.corners) >= SMALLEST) this.on.polygon(press.corners);
    }
  }

  #wheel(event) {
    event.preventDefault();
    event.stopPropagation();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1);
    this.on.wheel(this.#at(event), event.ctrlKey ? 6 * pixels : pixels); // ctrl: a pinch, in small steps
  }

  #inside({ x, y }) {
    const { clientWidth: wide, clientHeight: high } = this.stage;
    return { x: Math.min(Math.max(x, 0), wide), y: Math.min(Math.max(y, 0), high) };
  }
}

function corners(a, b) {
  return [a, { x: b.x, y: a.y }, b, { x: a.x, y: b.y }];
}

function extent(points) {
  const xs = points.map((point) => point.x);
  const ys = points.map((point) => point.y);
  return Math.min(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
}
