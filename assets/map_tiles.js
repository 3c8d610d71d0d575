// Fetches points in blocks: tiles of the map, and the medoids of its cells. What is no longer wanted is not begun.

const AT_ONCE = 4; // requests, of the six that browsers allow a host
const IN_VIEW = 200000; // points that are drawn at once, about
const KEPT = 1200000; // points that stay in memory, out of view ones included

// What the tiles are: { square: [x, y, side], tiles: [[level, column, row, count]] }.
export async function loadTileList(base) {
  const response = await fetch(`${location.origin}${base}/tiles.json`);
  if (!response.ok) throw new Error(`tiles.json: ${response.status}`);
  return response.json();
}

// The tiles in view, of as many levels as there is room for: their paths, about how many points they bring into
// view, how many there are in view of all levels, and whether that is the same.
export function tilesIn({ square, tiles }, view, room = IN_VIEW) {
  const levels = [];
  tiles.forEach(([level, column, row, count], number) => {
    const inView = count * share(view, square, square[2] / (level ? 2 ** (level + 1) : 1), column, row);
    levels[level] ??= { paths: [], points: 0 };
    if (!inView) return;
    levels[level].paths.push(`tiles/${number}`);
    levels[level].points += inView;
  });
  const seen = { paths: [], points: 0, all: 0, whole: true };
  for (const { paths, points } of levels) {
    seen.all += points;
    seen.whole &&= seen.paths.length === 0 || seen.points + points <= room;
    if (!seen.whole) continue;
    seen.points += points;
    seen.paths.push(...paths);
  }
  return seen;
}

// How much of a cell is in view, from 0 to 1.
function share(view, square, side, column, row) {
  const [left, bottom] = [square[0] + column * side, square[1] + row * side];
  const wide = Math.min(view.x1, left + side) - Math.max(view.x0, left);
  const high = Math.min(view.y1, bottom + side) - Math.max(view.y0, bottom);
  return wide >= 0 && high >= 0 ? Math.max((wide * high) / (side * side), 1e-9) : 0;
}

export class Blocks {
  // on: { come(block), gone(block), failed(error) }
  constructor(base, on) {
    this.base = base;
    this.on = on;
    this.known = new Map(); // by path, the longest unwanted first
    this.wanted = [];
    this.running = 0;
    this.stop = new AbortController();
  }

  destroy() {
    this.stop.abort();
    this.known.clear();
    this.wanted = [];
  }

  // colours: { name, digest }. Gives the blocks that are here already.
  want(paths, colours) {
    this.wanted = paths;
    this.colours = colours;
    for (const path of paths) {
      const block = this.known.get(path);
      if (block && this.known.delete(path)) this.known.set(path, block);
    }
    this.#tidy();
    this.#begin();
    return this.here();
  }

  here() {
    return this.wanted.map((path) => this.known.get(path)).filter((block) => block?.codes);
  }

  // Whether all that is wanted is here, in the colours that are wanted.
  complete() {
    return this.wanted.every((path) => this.known.get(path)?.digest === this.colours.digest);
  }

  #begin() {
    for (const path of this.wanted) {
      if (this.running >= AT_ONCE) return;
      const block = this.known.get(path);
      if (!block || (!block.loading && !block.failed && block.digest !== this.colours.digest)) this.#load(path);
    }
  }

  async #load(path) {
    const block = this.known.get(path) ?? { path };
    const { name, digest } = this.colours;
    const url = `${location.origin}${this.base}/${path}`;
    this.known.set(path, block);
    this.running += 1;
    block.loading = true;
    try {
      const [points, codes] = await Promise.all([
        block.places ? null : this.#bytes(`${url}.bin`),
        this.#bytes(`${url}/${digest}/${encodeURIComponent(name)}.bin`),
      ]);
      if (points) Object.assign(block, unpacked(points, codes.byteLength));
      Object.assign(block, { codes: new Uint8Array(codes), digest });
      this.on.come(block);
    } catch (error) {
      block.failed = true;
      if (!this.stop.signal.aborted) this.on.failed(error);
    } finally {
      this.running -= 1;
      block.loading = false;
      if (!this.stop.signal.aborted) this.#begin();
    }
  }

  async #bytes(url) {
    const response = await fetch(url, { signal: this.stop.signal });
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
    return response.arrayBuffer();
  }

  #tidy() {
    const wanted = new Set(this.wanted);
    let points = [...this.known.values()].reduce((sum, block) => sum + (block.codes?.length ?? 0), 0);
    for (const [path, block] of this.known) {
      if (points <= KEPT) return;
      if (wanted.has(path) || block.loading) continue;
      points -= block.codes?.length ?? 0;
      this.known.delete(path);
      this.on.gone(block);
    }
  }
}

// As pack_points in pages/parts/routes.py packs them; medoids tell also for how many points each stands.
function unpacked(buffer, count) {
  return {
    places: new Float32Array(buffer, 0, 2 * count),
    keys: new Float64Array(buffer, 8 * count, count),
    counts: new Uint32Array(buffer, 16 * count),
  };
}
