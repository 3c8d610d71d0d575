// Pictures in place of dots: one for each cell of a grid over the map, so that none covers another.

import { toPixel, unitOf } from "./map_plane.js";

const CELL = 48; // px, the least side of a cell; past twice as much the grid is one twice as fine
const LARGEST = 112; // px, of a picture
const GAP = 6; // px between two pictures
const BLOCK = 8; // cells on a side of a block of medoids, and their last zoom: ris/explore/medoids.py
const LAST_ZOOM = 6;

// The grid for a view: how often halved, and a cell's side in map units. The same grid serves while one pans.
export function gridOf(square, view) {
  const zoom = Math.max(0, Math.floor(Math.log2(square[2] / BLOCK / unitOf(view) / CELL)));
  return { zoom, side: square[2] / BLOCK / 2 ** zoom };
}

// Paths of the blocks of medoids in view; none where the view is so near that all points are here anyway.
export function medoidsIn(square, view) {
  const { zoom } = gridOf(square, view);
  if (zoom > LAST_ZOOM) return [];
  const number = 2 ** zoom;
  const side = square[2] / number;
  const [left, right] = [view.x0, view.x1].map((x) => clamp(Math.floor((x - square[0]) / side), 0, number - 1));
  const [low, high] = [view.y0, view.y1].map((y) => clamp(Math.floor((y - square[1]) / side), 0, number - 1));
  const paths = [];
  for (let row = low; row <= high; row++) for (let column = left; column <= right; column++) paths.push(`medoids/${zoom}/${column}/${row}`);
  return paths;
}

// What to show in each cell in view: { key, x, y, code, count }, with the middle of the picture and its size in px.
// Answers come first, then medoids; in cells whose medoid is hidden by the legend, the first point that isn't.
export function picturesIn(square, view, answers, medoids, tiles, shown) {
  const { side, zoom } = gridOf(square, view);
  const last = BLOCK * 2 ** zoom - 1;
  const size = Math.min(side / unitOf(view) - GAP, LARGEST);
  const found = new Map();
  const first = {
    places: answers.flatMap(({ x, y }) => [x, y]),
    keys: answers.map(({ key }) => key),
    codes: answers.map(({ code }) => code),
    counts: [],
  };
  for (const { places, keys, codes, counts } of [first, ...medoids, ...tiles]) {
    for (let i = 0; i < codes.length; i++) {
      const x = places[2 * i];
      const y = places[2 * i + 1];
      if (!shown[codes[i]] || x < view.x0 - side || x > view.x1 + side || y < view.y0 - side || y > view.y1 + side) continue;
      const [column, row] = [x - square[0], y - square[1]].map((far) => clamp(Math.floor(far / side), 0, last));
      const cell = row * 0x1000000 + column;
      const known = found.get(cell);
      if (known) {
        if (counts.length) Object.assign(known, { count: counts[i], certain: true });
        else if (keys !== first.keys && !known.certain && known.key !== keys[i]) known.count += 1;
        continue;
      }
      const middle = { x: square[0] + (column + 0.5) * side, y: square[1] + (row + 0.5) * side };
      const free = Math.max(0, (side - (size + GAP) * unitOf(view)) / 2); // how far it may lie off the middle
      found.set(cell, {
        key: keys[i],
        code: codes[i],
        count: counts[i] ?? 1,
        certain: counts.length > 0,
        x: clamp(x, middle.x - free, middle.x + free),
        y: clamp(y, middle.y - free, middle.y + free),
        size,
      });
    }
  }
  return [...found.values()];
}

function clamp(number, least, most) {
  return Math.min(Math.max(number, least), most);
}

// The pictures on the page, moved with the view until others are chosen.
export class Pictures {
  constructor(node) {
    this.node = node;
    this.shown = new Map(); // by key
  }

  // answers: keys that stand out.
  show(pictures, base, colourOf, answers, view) {
    const before = new Map([...this.node.children].map((image) => [Number(image.dataset.key), image]));
    this.shown = new Map(pictures.map((picture) => [picture.key, picture]));
    this.unit = unitOf(view);
    for (const [key, image] of before) if (!this.shown.has(key)) image.remove();
    for (const picture of pictures) {
      const image = before.get(picture.key) ?? this.#image(picture.key, base);
      image.style.width = image.style.height = `${picture.size}px`;
      image.style.borderColor = colourOf(picture.code);
      image.classList.toggle("ris-answer", answers.has(picture.key));
      image.classList.toggle("ris-many", picture.count > 1);
    }
    this.move(view);
  }

  move(view) {
    const scale = this.scale(view);
    for (const image of this.node.children) {
      const { x, y, size } = this.shown.get(Number(image.dataset.key));
      const at = toPixel(view, x, y);
      image.style.transform = `translate(${at.x - size / 2}px, ${at.y - size / 2}px) scale(${scale})`;
    }
  }

  clear() {
    this.shown.clear();
    this.node.replaceChildren();
  }

  // How much larger they are than when they were chosen: they grow with the map until others are.
  scale(view) {
    return this.unit / unitOf(view);
  }

  // The picture under a pixel, or null.
  at(view, { x, y }) {
    const scale = this.scale(view);
    for (const picture of this.shown.values()) {
      const middle = toPixel(view, picture.x, picture.y);
      const half = (picture.size * scale) / 2;
      if (Math.abs(middle.x - x) <= half && Math.abs(middle.y - y) <= half) return picture;
    }
    return null;
  }

  #image(key, base) {
    const image = new Image();
    image.dataset.key = key;
    image.alt = "";
    image.draggable = false;
    image.src = `${location.origin}${base}/thumbnails/${key}.webp`;
    this.node.append(image);
    return image;
  }
}
