// Loads what the map draws, once per browser tab, and answers questions about points in typed arrays.

// On window, because every page visit mounts the component again while the tab lives on.
export const shared = (window.__ris ??= { plotly: null, points: new Map(), words: new Map(), views: new Map() });

const BYTES_PER_POINT = 20; // x f4, y f4, key f8, label i4; see pack_points in pages/parts/routes.py
const KEPT_GENERATIONS = 3;
const KEPT_WORDS = 2000;

export function loadPlotly(url) {
  shared.plotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = location.origin + url;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("plotly.js could not be loaded"));
    document.head.append(script);
  }).catch((error) => {
    shared.plotly = null; // so that "Try again" does try again
    throw error;
  });
  return shared.plotly;
}

export function loadPoints(base) {
  const known = shared.points.get(base);
  shared.points.delete(base); // put back at the end: the oldest unused one goes first
  const promise = known ?? fetchPoints(base);
  shared.points.set(base, promise);
  promise.catch(() => shared.points.delete(base));
  const surplus = shared.points.size - KEPT_GENERATIONS;
  [...shared.points.keys()].slice(0, Math.max(0, surplus)).forEach((old) => shared.points.delete(old));
  return promise;
}

async function fetchPoints(base) {
  const response = await fetch(`${location.origin}${base}/points.bin`);
  if (!response.ok) throw new Error(`points.bin: ${response.status}`);
  return unpack(await response.arrayBuffer());
}

function unpack(buffer) {
  const count = buffer.byteLength / BYTES_PER_POINT;
  const points = {
    count,
    x: new Float32Array(buffer, 0, count),
    y: new Float32Array(buffer, 4 * count, count),
    keys: new Float64Array(buffer, 8 * count, count),
    labels: new Int32Array(buffer, 16 * count, count),
  };
  points.bounds = boundsOf(points);
  points.indexOf = lookup(points.keys);
  return points;
}

function boundsOf({ x, y, count }) {
  const bounds = { x0: Infinity, x1: -Infinity, y0: Infinity, y1: -Infinity };
  for (let i = 0; i < count; i++) {
    if (x[i] < bounds.x0) bounds.x0 = x[i];
    if (x[i] > bounds.x1) bounds.x1 = x[i];
    if (y[i] < bounds.y0) bounds.y0 = y[i];
    if (y[i] > bounds.y1) bounds.y1 = y[i];
  }
  return bounds;
}

function lookup(keys) {
  let index = null;
  return (key) => {
    index ??= new Map(Array.from(keys, (each, i) => [each, i]));
    return index.get(key);
  };
}

// Which colour slot each point has: its label's place in the legend, else the slot of the rest.
export function slotsOf(points, legend) {
  if (legend.length === 1) return new Uint8Array(points.count);
  const slotOfLabel = new Map(legend.flatMap((entry, slot) => (entry.kind === "label" ? [[entry.label, slot]] : [])));
  const other = legend.findIndex((entry) => entry.kind === "other");
  const none = legend.findIndex((entry) => entry.kind === "none");
  return Uint8Array.from(points.labels, (label) => (label < 0 ? none : (slotOfLabel.get(label) ?? other)));
}

// The nearest visible point within `reach` pixels, or -1. Reading 200,000 floats takes under a
// millisecond, which spares a spatial index and plotly's own, slower hover.
export function nearest(points, slots, hidden, view, at, reach) {
  const { sx, sy } = scaleOf(view);
  const dataX = view.x0 + at.x / sx;
  const dataY = view.y1 - at.y / sy;
  let best = -1;
  let least = reach * reach;
  for (let i = 0; i < points.count; i++) {
    const dx = (points.x[i] - dataX) * sx;
    const dy = (points.y[i] - dataY) * sy;
    const distance = dx * dx + dy * dy;
    if (distance <= least && !hidden.has(slots[i])) {
      least = distance;
      best = i;
    }
  }
  return best;
}

// How many visible points are in view, and the first `limit` of them.
export function inView(points, slots, hidden, view, limit) {
  const first = [];
  let count = 0;
  for (let i = 0; i < points.count; i++) {
    const inside = points.x[i] >= view.x0 && points.x[i] <= view.x1 && points.y[i] >= view.y0 && points.y[i] <= view.y1;
    if (!inside || hidden.has(slots[i])) continue;
    count += 1;
    if (first.length < limit) first.push(i);
  }
  return { count, first };
}

function scaleOf(view) {
  return { sx: view.width / (view.x1 - view.x0), sy: view.height / (view.y1 - view.y0) };
}

export function toPixel(view, x, y) {
  const { sx, sy } = scaleOf(view);
  return { x: (x - view.x0) * sx, y: (view.y1 - y) * sy };
}

export function toData(view, at) {
  const { sx, sy } = scaleOf(view);
  return { x: view.x0 + at.x / sx, y: view.y1 - at.y / sy };
}

// An item's file name and labels, asked for when a hover card needs them.
export function loadWords(base, key) {
  const url = `${location.origin}${base}/items/${key}.json`;
  if (!shared.words.has(url)) {
    if (shared.words.size > KEPT_WORDS) shared.words.clear();
    shared.words.set(url, fetch(url).then((response) => (response.ok ? response.json() : null), () => null));
  }
  return shared.words.get(url);
}
