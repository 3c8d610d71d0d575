// Draws what changes with every answer (query, hits, selection, lasso) over the points.

import { toPixel } from "./map_plane.js";

const SVG = "http://www.w3.org/2000/svg";
const BADGE = 9; // radius of a rank badge, px

export class Overlay {
  // Lines lie under the pictures, marks over them.
  constructor(under, over, pictures) {
    this.under = under;
    this.over = over;
    this.pictures = pictures;
  }

  // scene: { view, query, trail: [{x, y}], marks: [{key, x, y, rank, code}], chosen: [{x, y, code}], selected, hovered, outline, drawing, colourOf }
  draw(scene) {
    this.under.replaceChildren();
    this.over.replaceChildren();
    const at = (place) => this.#at(scene.view, place);
    const query = scene.query && at(scene.query);
    const heart = query ?? (scene.selected && at(scene.selected));
    if (scene.outline) this.#outline(scene.outline.map(([x, y]) => toPixel(scene.view, x, y)), scene.view);
    if (scene.drawing) shape("path", { d: path(scene.drawing), class: "ris-outline ris-drawing" }, this.over);
    this.#chosen(scene);
    if (query) this.#halo(query, scene);
    if (heart && scene.trail.length > 1) this.#trail(scene.trail.slice(0, -1).map(at), heart);
    if (heart) scene.marks.forEach((mark) => this.#line(heart, at(mark)));
    if (scene.hovered) this.#ring(scene.view, scene.hovered, "ris-hovered", 8);
    if (scene.selected) this.#ring(scene.view, scene.selected, "ris-selected", 11);
    if (query) this.#query(query);
    this.#marks(scene.marks.map((mark) => ({ ...mark, at: at(mark), colour: scene.colourOf(mark.code) })), heart);
  }

  // Where an item is seen: a picture may lie a little off its place.
  #at(view, place) {
    const picture = this.pictures.shown.get(place.key) ?? place;
    return toPixel(view, picture.x, picture.y);
  }

  // What is not inside is dimmed.
  #outline(corners, { width, height }) {
    if (!corners.length) return;
    const frame = `M0,0H${width}V${height}H0Z`;
    shape("path", { d: frame + path(corners), class: "ris-outside" }, this.under);
    shape("path", { d: path(corners), class: "ris-outline" }, this.under);
  }

  // One path for each colour: thousands of nodes would be slow.
  #chosen({ view, chosen, colourOf }) {
    const paths = new Map();
    for (const { x, y, code } of chosen) {
      const at = toPixel(view, x, y);
      if (at.x < -9 || at.y < -9 || at.x > view.width + 9 || at.y > view.height + 9) continue;
      const dot = `M${(at.x - 4).toFixed(1)},${at.y.toFixed(1)}a4,4 0 1 0 8,0a4,4 0 1 0 -8,0`;
      paths.set(code, (paths.get(code) ?? "") + dot);
    }
    for (const [code, d] of paths) shape("path", { d, class: "ris-chosen" }, this.under).style.fill = colourOf(code);
  }

  #halo({ x, y }, { view, query }) {
    const edge = toPixel(view, query.x + query.spread, query.y).x;
    shape("circle", { cx: x, cy: y, r: Math.max(edge - x, 16), class: "ris-halo" }, this.under);
  }

  // Where the query was before it was steered, and the way it went.
  #trail(places, end) {
    const d = path([...places, end]).slice(0, -1); // an open path
    shape("path", { d, class: "ris-trail" }, this.under);
    places.forEach(({ x, y }, i) => shape("circle", { cx: x, cy: y, r: i ? 3 : 5, class: "ris-step" }, this.over));
  }

  #line(from, to) {
    shape("line", { x1: from.x, y1: from.y, x2: to.x, y2: to.y, class: "ris-line" }, this.under);
  }

  #ring(view, place, kind, radius) {
    const { x, y } = this.#at(view, place);
    const picture = this.pictures.shown.get(place.key);
    if (!picture) {
      shape("circle", { cx: x, cy: y, r: radius, class: kind }, this.over);
      return;
    }
    const side = picture.size * this.pictures.scale(view) + 4;
    shape("rect", { x: x - side / 2, y: y - side / 2, width: side, height: side, rx: 10, class: kind }, this.over);
  }

  #query({ x, y }) {
    const size = 9;
    const d = `M${x},${y - size}L${x + size},${y}L${x},${y + size}L${x - size},${y}Z`;
    shape("path", { d, class: "ris-query" }, this.over);
  }

  // Ranks that would lie on one another are left out, the better one staying; zooming in shows them all.
  #marks(marks, heart) {
    const pictured = ({ key }) => this.pictures.shown.get(key);
    const dots = marks.filter((mark) => !pictured(mark));
    dots.reverse().forEach(({ at, colour }) => {
      shape("circle", { cx: at.x, cy: at.y, r: 5.5, class: "ris-mark" }, this.over).style.fill = colour;
    });
    const taken = heart ? [heart] : [];
    for (const mark of marks) {
      const corner = pictured(mark) ? pictured(mark).size / 2 - 4 : 0;
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
}

function path(corners) {
  return `M${corners.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L")}Z`;
}

function shape(name, attributes, parent) {
  const node = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) node.setAttribute(attribute, value);
  parent.append(node);
  return node;
}
