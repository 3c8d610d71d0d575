// Draws what changes with every answer (query, hits, selection, lasso, thumbnails) over plotly's points.
// Apart from plotly on purpose: an answer must not make it upload 200,000 points again.

import { toPixel } from "./map_points.js";

const SVG = "http://www.w3.org/2000/svg";
const BADGE = 9; // radius of a rank badge, px
const THUMBNAIL = 44; // px, as in map_view.css

export class Overlay {
  // Lines lie under the thumbnails, marks over them.
  constructor(under, thumbnails, over) {
    this.under = under;
    this.thumbnails = thumbnails;
    this.over = over;
    this.pictured = new Set(); // keys that show as thumbnails
  }

  // scene: { view, query, marks: [{key, x, y, rank, colour}], selected, hovered, outline, drawing }
  draw(scene) {
    this.under.replaceChildren();
    this.over.replaceChildren();
    const at = (place) => toPixel(scene.view, place.x, place.y);
    const query = scene.query && at(scene.query);
    if (scene.outline) this.#outline(scene.outline.map(([x, y]) => at({ x, y })), "ris-outline");
    if (scene.drawing) this.#outline(scene.drawing, "ris-outline ris-drawing");
    if (query) this.#halo(query, scene);
    if (query) scene.marks.forEach((mark) => this.#line(query, at(mark)));
    if (scene.hovered) this.#ring(at(scene.hovered), scene.hovered.key, "ris-hovered", 8);
    if (scene.selected) this.#ring(at(scene.selected), scene.selected.key, "ris-selected", 11);
    if (query) this.#query(query);
    this.#marks(scene.marks.map((mark) => ({ ...mark, at: at(mark) })), query);
  }

  #outline(corners, kind) {
    if (!corners.length) return;
    const path = corners.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L");
    shape("path", { d: `M${path}Z`, class: kind }, this.under);
  }

  #halo({ x, y }, { view, query }) {
    const edge = toPixel(view, query.x + query.spread, query.y).x;
    shape("circle", { cx: x, cy: y, r: Math.max(edge - x, 16), class: "ris-halo" }, this.under);
  }

  #line(from, to) {
    shape("line", { x1: from.x, y1: from.y, x2: to.x, y2: to.y, class: "ris-line" }, this.under);
  }

  #ring({ x, y }, key, kind, radius) {
    if (!this.pictured.has(key)) {
      shape("circle", { cx: x, cy: y, r: radius, class: kind }, this.over);
      return;
    }
    const side = THUMBNAIL + 4;
    shape("rect", { x: x - side / 2, y: y - side / 2, width: side, height: side, rx: 10, class: kind }, this.over);
  }

  #query({ x, y }) {
    const size = 9;
    const d = `M${x},${y - size}L${x + size},${y}L${x},${y + size}L${x - size},${y}Z`;
    shape("path", { d, class: "ris-query" }, this.over);
  }

  // Ranks that would lie on one another are left out, the better one staying; zooming in shows them all.
  #marks(marks, query) {
    const dots = marks.filter((mark) => !this.pictured.has(mark.key));
    dots.reverse().forEach(({ at, colour }) => {
      shape("circle", { cx: at.x, cy: at.y, r: 5.5, class: "ris-mark" }, this.over).style.fill = colour;
    });
    const taken = query ? [query] : [];
    for (const mark of marks) {
      const corner = this.pictured.has(mark.key) ? THUMBNAIL / 2 - 4 : 0;
      const at = { x: mark.at.x - corner, y: mark.at.y - corner };
      if (taken.some((other) => Math.hypot(other.x - at.x, other.y - at.y) < 2 * BADGE)) continue;
      taken.push(at);
      this.#badge(at, mark);
    }
  }

  #badge({ x, y }, { colour, rank }) {
    shape("circle", { cx: x, cy: y, r: BADGE, class: "ris-badge" }, this.over).style.stroke = colour;
    shape("text", { x, y, class: "ris-rank" }, this.over).textContent = rank;
  }

  // Real thumbnails at their places; `items` is [{key, x, y, colour}], few enough to be shown.
  showThumbnails(items, base, view) {
    this.pictured = new Set(items.map((item) => item.key));
    const present = new Map([...this.thumbnails.children].map((image) => [Number(image.dataset.key), image]));
    for (const [key, image] of present) if (!this.pictured.has(key)) image.remove();
    for (const item of items) if (!present.has(item.key)) this.thumbnails.append(thumbnail(item, base));
    this.moveThumbnails(view);
  }

  moveThumbnails(view) {
    for (const image of this.thumbnails.children) {
      const { x, y } = toPixel(view, Number(image.dataset.x), Number(image.dataset.y));
      image.style.transform = `translate(${x - THUMBNAIL / 2}px, ${y - THUMBNAIL / 2}px)`;
    }
  }
}

// How many thumbnails a view has room for.
export function thumbnailRoom({ width, height }) {
  return Math.min(80, Math.floor((width * height) / (THUMBNAIL * THUMBNAIL * 3.5)));
}

function thumbnail(item, base) {
  const image = new Image(THUMBNAIL, THUMBNAIL);
  Object.assign(image.dataset, { key: item.key, x: item.x, y: item.y });
  image.alt = "";
  image.style.borderColor = item.colour;
  image.src = `${location.origin}${base}/thumbnails/${item.key}.webp`;
  return image;
}

function shape(name, attributes, parent) {
  const node = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) node.setAttribute(attribute, value);
  parent.append(node);
  return node;
}
