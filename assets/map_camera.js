// Where the map looks: zoom, pan, fit, resize. A map unit is always as many pixels wide as high.

import { unitOf } from "./map_plane.js";

const ZOOM_STEP = 1.6;
const WHEEL = 1 / 500; // zoom, as an exponent, of a wheel's pixel
const NEAREST = 20000; // limits of zooming, in times of the whole map
const FARTHEST = 1 / 3;
const CLOSEST_FIT = 40; // "zoom to the results" goes no nearer than this many times
const OVERHANG = [0.08, 44]; // part of a side, and px at most, by which pictures may reach beyond their points

export class Camera {
  // bounds: of all points. onMove is called after every change.
  constructor(bounds, width, height, onMove) {
    this.bounds = bounds;
    this.onMove = onMove;
    this.overhang = 0;
    this.view = around(bounds, width, height);
  }

  // Whether pictures stand for points: then the whole map leaves room for those at its edges.
  pictured(yes) {
    const { view } = this;
    const all = same(view, this.#whole());
    this.overhang = yes ? Math.min(OVERHANG[0] * Math.min(view.width, view.height), OVERHANG[1]) : 0;
    if (all) this.view = this.#whole();
  }

  look(view) {
    this.view = view;
    this.onMove();
  }

  all() {
    this.look(this.#whole());
  }

  zoomIn() {
    this.#zoom(1 / ZOOM_STEP);
  }

  zoomOut() {
    this.#zoom(ZOOM_STEP);
  }

  wheel(at, pixels) {
    this.zoomAt(at, Math.exp(Math.min(Math.max(pixels, -200), 200) * WHEEL));
  }

  #zoom(factor) {
    const { width, height } = this.view;
    this.zoomAt({ x: width / 2, y: height / 2 }, factor);
  }

  #whole() {
    const { width, height } = this.view;
    const whole = around(this.bounds, width - 2 * this.overhang, height - 2 * this.overhang);
    return resized(whole, width, height);
  }

  // Zooms so that what lies under a pixel stays there.
  zoomAt(at, factor) {
    const { view } = this;
    const whole = unitOf(this.#whole());
    const unit = Math.min(Math.max(unitOf(view) * factor, whole / NEAREST), whole / FARTHEST);
    const x0 = view.x0 + at.x * (unitOf(view) - unit);
    const y1 = view.y1 - at.y * (unitOf(view) - unit);
    this.look({ ...view, x0, x1: x0 + unit * view.width, y0: y1 - unit * view.height, y1 });
  }

  // dx, dy: pixels that what is in view moves right and down.
  drag(dx, dy) {
    const unit = unitOf(this.view);
    const { x0, x1, y0, y1 } = this.view;
    this.look({ ...this.view, x0: x0 - dx * unit, x1: x1 - dx * unit, y0: y0 + dy * unit, y1: y1 + dy * unit });
  }

  // dx, dy: parts of what is in view.
  pan(dx, dy) {
    this.drag(-dx * this.view.width, dy * this.view.height);
  }

  lookAt(places) {
    const { width, height } = this.view;
    const fit = around(boundsOf(places), width, height, 1.5);
    const unit = Math.max(unitOf(fit), unitOf(this.#whole()) / CLOSEST_FIT);
    this.look(about(middle(fit), unit, width, height));
  }

  resize(width, height) {
    if (this.view.width !== width || this.view.height !== height) this.look(resized(this.view, width, height));
  }

  // How many times nearer than the whole map.
  nearness() {
    return unitOf(this.#whole()) / unitOf(this.view);
  }
}

// A view that shows all of `bounds` with a margin around it.
export function around(bounds, width, height, margin = 1.12) {
  const wide = Math.max(bounds.x1 - bounds.x0, 1e-6) * margin;
  const high = Math.max(bounds.y1 - bounds.y0, 1e-6) * margin;
  return about(middle(bounds), Math.max(wide / width, high / height), width, height);
}

// The same middle and zoom in a frame of another size.
export function resized(view, width, height) {
  return about(middle(view), unitOf(view), width, height);
}

function same(a, b) {
  return [a.x0 - b.x0, a.x1 - b.x1, a.y0 - b.y0, a.y1 - b.y1].every((off) => Math.abs(off) < unitOf(b));
}

// Whether anything of `bounds` is in view.
export function sees(view, bounds) {
  return view.x0 < bounds.x1 && view.x1 > bounds.x0 && view.y0 < bounds.y1 && view.y1 > bounds.y0;
}

function about({ x, y }, unit, width, height) {
  const dx = (unit * width) / 2;
  const dy = (unit * height) / 2;
  return { x0: x - dx, x1: x + dx, y0: y - dy, y1: y + dy, width, height };
}

function middle({ x0, x1, y0, y1 }) {
  return { x: (x0 + x1) / 2, y: (y0 + y1) / 2 };
}

function boundsOf(places) {
  const xs = places.map((place) => place.x);
  const ys = places.map((place) => place.y);
  return { x0: Math.min(...xs), x1: Math.max(...xs), y0: Math.min(...ys), y1: Math.max(...ys) };
}
