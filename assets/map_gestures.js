// Turns pointers, wheel and keyboard into: hover, click, polygon, drag, zoom, keys.

const CLICK_REACH = 5; // px a hand may move between press and release of a click
const STEP = 4; // px between two corners of a lasso
const LINE = 20; // px; some browsers count the wheel in lines
const SMALLEST = 8; // px; a smaller lasso or box is a slip of the hand

export class Gestures {
  // on: { tool(), hover(at | null), click(at), draw(corners | null), polygon(corners), drag(dx, dy),
  // zoom(at, factor), wheel(at, pixels), key(event) }
  constructor(stage, on) {
    this.stage = stage;
    this.on = on;
    this.press = null; // of the one pointer that is down
    this.fingers = new Map(); // all pointers that are down, by id
    this.stop = new AbortController();
    const listen = (target, type, handler, options = {}) =>
      target.addEventListener(type, handler, { signal: this.stop.signal, ...options });
    listen(stage, "pointerdown", (event) => this.#down(event));
    listen(window, "pointermove", (event) => this.#move(event));
    listen(window, "pointerup", (event) => this.#up(event));
    listen(window, "pointercancel", (event) => this.#lost(event));
    listen(stage, "pointerleave", () => on.hover(null));
    listen(stage, "wheel", (event) => this.#wheel(event), { passive: false });
    // Safari tells a touchpad's pinch as gestures of its own and would zoom the page.
    listen(stage, "gesturestart", (event) => this.#pinchStart(event), { passive: false });
    listen(stage, "gesturechange", (event) => this.#pinch(event), { passive: false });
    listen(stage, "keydown", (event) => on.key(event));
    listen(window, "keydown", (event) => this.#escape(event));
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

  #at(event) {
    const box = this.stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #down(event) {
    if (event.button !== 0 || event.target.closest("button")) return;
    const at = this.#at(event);
    this.stage.setPointerCapture(event.pointerId); // a hand that leaves the window is followed
    this.fingers.set(event.pointerId, at);
    if (this.fingers.size > 1) {
      this.cancel(); // two fingers move and zoom, whatever the tool
      return;
    }
    const draws = this.on.tool() !== "pan" || event.shiftKey;
    this.press = { from: at, last: at, corners: draws ? [at] : null, box: this.on.tool() === "box", moved: false };
  }

  #move(event) {
    const at = this.#at(event);
    const before = this.fingers.get(event.pointerId);
    if (!before) {
      if (event.buttons === 0 && this.stage.contains(event.target)) this.on.hover(at);
      return;
    }
    if (this.fingers.size > 1) {
      this.#spread(event.pointerId, at);
      return;
    }
    this.fingers.set(event.pointerId, at);
    if (this.press) this.#pressed(this.press, at);
  }

  #pressed(press, at) {
    if (!press.moved && Math.hypot(at.x - press.from.x, at.y - press.from.y) <= CLICK_REACH) return;
    press.moved = true;
    this.on.hover(null);
    if (press.corners) {
      this.#extend(press, this.#inside(at));
    } else {
      this.on.drag(at.x - press.last.x, at.y - press.last.y);
      press.last = at;
    }
  }

  // The map follows the middle of two fingers and grows with the room between them.
  #spread(id, at) {
    const [one, other] = [...this.fingers.values()];
    this.fingers.set(id, at);
    const [here, there] = [...this.fingers.values()];
    const [from, to] = [between(one, other), between(here, there)];
    this.on.drag(to.x - from.x, to.y - from.y);
    this.on.zoom(to, Math.max(apart(one, other), 1) / Math.max(apart(here, there), 1));
  }

  #extend(press, at) {
    if (press.box) {
      press.corners = corners(press.from, at);
    } else if (apart(press.corners.at(-1), at) >= STEP) {
      press.corners.push(at);
    }
    this.on.draw(press.corners);
  }

  #up(event) {
    if (!this.fingers.delete(event.pointerId)) return;
    const { press } = this;
    this.press = null;
    if (!press) return;
    if (!press.moved) {
      this.on.draw(null);
      this.on.click(this.#at(event));
    } else if (press.corners) {
      this.on.draw(null);
      if (press.corners.length > 2 && extent(press.corners) >= SMALLEST) this.on.polygon(press.corners);
    }
  }

  // Esc is for the map wherever the focus is, but in what has a use of its own for it.
  #escape(event) {
    const busy = document.activeElement?.closest("input, textarea, select, [role=dialog], [role=listbox], [contenteditable]");
    if (event.key === "Escape" && !event.defaultPrevented && !busy && !document.querySelector("[role=dialog]")) this.on.key(event);
  }

  #lost(event) {
    if (this.fingers.delete(event.pointerId)) this.cancel();
  }

  #wheel(event) {
    event.preventDefault();
    event.stopPropagation();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1);
    this.on.wheel(this.#at(event), event.ctrlKey ? 6 * pixels : pixels); // ctrl: a pinch, in small steps
  }

  #pinchStart(event) {
    event.preventDefault();
    this.pinched = 1;
  }

  #pinch(event) {
    event.preventDefault();
    if (!this.fingers.size) this.on.zoom(this.#at(event), this.pinched / event.scale);
    this.pinched = event.scale;
  }

  #inside({ x, y }) {
    const { clientWidth: wide, clientHeight: high } = this.stage;
    return { x: Math.min(Math.max(x, 0), wide), y: Math.min(Math.max(y, 0), high) };
  }
}

function between(a, b) {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

function apart(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function corners(a, b) {
  return [a, { x: b.x, y: a.y }, b, { x: a.x, y: b.y }];
}

function extent(points) {
  const xs = points.map((point) => point.x);
  const ys = points.map((point) => point.y);
  return Math.min(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
}
