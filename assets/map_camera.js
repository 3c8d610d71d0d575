// Where the map looks: zoom, pan, fit, resize. Always of equal aspect, which spares plotly's scaleanchor.

const ZOOM_STEP = 1.6;
const WHEEL = 1 / 500; // zoom, as an exponent, of a wheel's pixel; plotly's own is a fixed tenth a notch
const NEAREST = 5000; // limits of zooming, in times of the whole map
const FARTHEST = 1 / 3;
const CLOSEST_FIT = 40; // "zoom to the results" goes no nearer than this many times

export class Camera {
  constructor(plotly, plot, bounds) {
    this.plotly = plotly;
    this.plot = plot;
    this.bounds = bounds;
    this.turned = 0; // pixels of the wheel that are not yet on screen
    this.busy = false;
  }

  // What is on screen now. _fullLayout is the only place that is true while a drag lasts (plotly.js 4.1).
  read() {
    const { xaxis, yaxis, width, height } = this.plot._fullLayout;
    const view = { x0: xaxis.range[0], x1: xaxis.range[1], y0: yaxis.range[0], y1: yaxis.range[1], width, height };
    // While plotly takes on a new size, its ranges and its size may be of different moments, which would
    // read as another zoom (one that nobody asked for was seen on a busy machine): the last true view holds.
    if (isTrue(view) || !this.last) this.last = view;
    return this.last;
  }

  look(view) {
    const { x0, x1, y0, y1 } = view;
    return this.plotly.relayout(this.plot, { "xaxis.range": [x0, x1], "yaxis.range": [y0, y1] });
  }

  all() {
    const { width, height } = this.read();
    this.look(around(this.bounds, width, height));
  }

  zoomIn() {
    this.#zoom(1 / ZOOM_STEP);
  }

  zoomOut() {
    this.#zoom(ZOOM_STEP);
  }

  #zoom(factor) {
    const { width, height } = this.read();
    return this.zoomAt({ x: width / 2, y: height / 2 }, factor);
  }

  // Zooms so that what lies under a pixel stays there.
  zoomAt(at, factor) {
    const view = this.read();
    const whole = unitOf(around(this.bounds, view.width, view.height));
    const unit = Math.min(Math.max(unitOf(view) * factor, whole / NEAREST), whole / FARTHEST);
    const x0 = view.x0 + at.x * (unitOf(view) - unit);
    const y1 = view.y1 - at.y * (unitOf(view) - unit);
    return this.look({ x0, x1: x0 + unit * view.width, y0: y1 - unit * view.height, y1 });
  }

  // A wheel turns faster than a large map is drawn, so turns are gathered while one is drawn.
  async wheel(at, pixels) {
    this.turned += Math.min(Math.max(pixels, -200), 200);
    if (this.busy) return;
    this.busy = true;
    while (this.turned) {
      const turned = this.turned;
      this.turned = 0;
      await this.zoomAt(at, Math.exp(turned * WHEEL));
      await new Promise(requestAnimationFrame);
    }
    this.busy = false;
  }

  // dx, dy: parts of what is in view.
  pan(dx, dy) {
    const view = this.read();
    const [wide, high] = [(view.x1 - view.x0) * dx, (view.y1 - view.y0) * dy];
    this.look({ x0: view.x0 + wide, x1: view.x1 + wide, y0: view.y0 + high, y1: view.y1 + high });
  }

  lookAt(places) {
    const { width, height } = this.read();
    const fit = around(boundsOf(places), width, height, 1.5);
    const unit = Math.max(unitOf(fit), unitOf(around(this.bounds, width, height)) / CLOSEST_FIT);
    this.look(about(middle(fit), unit, width, height));
  }

  resize(width, height) {
    const view = this.read();
    if (view.width === width && view.height === height) return;
    const { x0, x1, y0, y1 } = resized(view, width, height);
    this.plotly.relayout(this.plot, { width, height, "xaxis.range": [x0, x1], "yaxis.range": [y0, y1] });
  }

  // How many times nearer than the whole map.
  nearness() {
    const view = this.read();
    return unitOf(around(this.bounds, view.width, view.height)) / unitOf(view);
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

function about({ x, y }, unit, width, height) {
  const dx = (unit * width) / 2;
  const dy = (unit * height) / 2;
  return { x0: x - dx, x1: x + dx, y0: y - dy, y1: y + dy, width, height };
}

function middle({ x0, x1, y0, y1 }) {
  return { x: (x0 + x1) / 2, y: (y0 + y1) / 2 };
}

// Map units a pixel.
function unitOf(view) {
  return (view.x1 - view.x0) / view.width;
}

// A map unit is as many pixels wide as high.
function isTrue(view) {
  return Math.abs(unitOf(view) / ((view.y1 - view.y0) / view.height) - 1) < 0.02;
}

function boundsOf(places) {
  const xs = places.map((place) => place.x);
  const ys = places.map((place) => place.y);
  return { x0: Math.min(...xs), x1: Math.max(...xs), y0: Math.min(...ys), y1: Math.max(...ys) };
}
