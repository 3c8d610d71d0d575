// The map: WebGL draws the points, tile by tile; our overlay draws answers; events go to Python.

import { Camera, around, resized, sees } from "./map_camera.js";
import { Card } from "./map_card.js";
import { Gestures } from "./map_gestures.js";
import { Dots, NO_WEBGL } from "./map_gl.js";
import { Legend, meaning, newFilter, shownBy } from "./map_legend.js";
import { Overlay } from "./map_overlay.js";
import { Pictures, medoidsIn, picturesIn } from "./map_pictures.js";
import { countIn, nearest, pointOf, toData } from "./map_plane.js";
import { coloursOf, dotOf, rgbaOf } from "./map_style.js";
import { Blocks, loadTileList, tilesIn } from "./map_tiles.js";
import { Toolbar } from "./map_toolbar.js";

const REACH = 14; // px; how near to a point the pointer must be
const PICTURES_FROM = 2.5; // times nearer than the whole map: a small collection keeps its dots at first
const ROOM = 72 * 72 * 1.6; // px of a view for each picture
const CORNERS = 500; // a lasso is sent with no more than these
const CALM = 120; // ms without a movement before dots and pictures are chosen anew
const HASTE = 150; // ms between two choices of tiles while the map moves
const HTML = `
  <div class="ris-map-stage" tabindex="0" role="group">
    <canvas class="ris-map-plot" aria-hidden="true"></canvas>
    <svg class="ris-map-overlay ris-map-under" aria-hidden="true"></svg>
    <div class="ris-map-pictures" aria-hidden="true"></div>
    <svg class="ris-map-overlay ris-map-over" aria-hidden="true"></svg>
    <div class="ris-map-card" hidden>
      <img alt=""><div class="ris-card-rank"></div><div class="ris-card-name"></div><div class="ris-card-labels"></div><div class="ris-card-colour"></div>
    </div>
    <div class="ris-map-note" role="status" hidden></div>
    <div class="ris-map-message" role="status"></div>
  </div>
  <div class="ris-map-toolbar" role="toolbar" aria-label="Map tools" hidden></div>
  <div class="ris-map-legend" role="group" aria-label="Legend" hidden></div>`;

const mounted = new WeakMap();
const states = new Map(); // by map and collection; a module lives as long as its tab

// Called by Streamlit with every change of data or theme; the function it gives is called once, at the end.
export function mount(component) {
  const parent = component.parentElement;
  if (!mounted.has(parent)) mounted.set(parent, new MapView(parent));
  const view = mounted.get(parent);
  view.update(component);
  return () => {
    view.destroy();
    mounted.delete(parent);
  };
}

class MapView {
  constructor(parent) {
    this.root = document.createElement("div");
    this.root.className = "ris-map";
    this.root.innerHTML = HTML; // a constant; all text from the collection goes in as text nodes
    parent.append(this.root);
    const part = (name) => this.root.querySelector(`.ris-map-${name}`);
    this.stage = part("stage");
    this.message = part("message");
    this.note = part("note");
    this.card = new Card(part("card"));
    this.pictures = new Pictures(part("pictures"));
    this.overlay = new Overlay(part("under"), part("over"), this.pictures);
    this.legend = new Legend(part("legend"), () => this.#filtered());
    this.toolbar = new Toolbar(part("toolbar"), (command) => this.#command(command));
    this.gestures = new Gestures(this.stage, {
      tool: () => this.state?.tool ?? "pan",
      hover: (at) => this.#hover(at),
      click: (at) => this.#click(at),
      draw: (corners) => this.#draw({ drawing: corners }),
      polygon: (corners) => this.#polygon(corners),
      drag: (dx, dy) => this.ready && this.camera.drag(dx, dy),
      zoom: (at, factor) => this.ready && this.camera.zoomAt(at, factor),
      wheel: (at, pixels) => this.#wheel(at, pixels),
      key: (event) => this.#key(event),
    });
    this.resizing = new ResizeObserver(() => this.#resized());
    this.resizing.observe(this.stage);
    this.live = { hovered: null, drawing: null };
  }

  destroy() {
    this.gone = true;
    this.gestures.destroy();
    this.resizing.disconnect();
    clearTimeout(this.settling);
    this.#close();
    this.dots?.destroy();
    this.root.remove();
  }

  // --- what Python says

  update({ data, setTriggerValue }) {
    this.send = (event) => setTriggerValue("event", event);
    const before = this.data;
    this.data = data;
    this.root.style.setProperty("--ris-map-height", `${data.height}px`);
    this.stage.setAttribute("aria-label", `Map of ${data.count.toLocaleString()} pictures. Arrow keys move, plus and minus zoom, 0 shows all.`);
    if (before?.base !== data.base) this.#open();
    else if (this.ready) this.#adopt();
  }

  async #open() {
    const { base, key, count } = this.data;
    const late = () => this.gone || this.data.base !== base; // another collection was chosen meanwhile
    this.#close();
    this.stage.classList.add("ris-waiting");
    this.toolbar.node.hidden = true;
    this.legend.node.hidden = true;
    this.#say(count ? "Drawing the map…" : "There is no map of these pictures yet.");
    if (!count) return;
    try {
      this.dots ??= this.#newDots();
      this.list = await loadTileList(base);
      if (late()) return;
      this.#begin(key, base);
    } catch (error) {
      if (!late()) this.#fail(error);
    }
  }

  #newDots() {
    const old = this.root.querySelector(".ris-map-plot");
    const canvas = old.cloneNode();
    old.replaceWith(canvas); // one whose context was lost gets no other
    canvas.addEventListener("webglcontextlost", () => {
      if (this.gone) return;
      this.dots = null;
      this.#open();
    });
    return new Dots(canvas);
  }

  #begin(key, base) {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const [x0, y0, x1, y1] = this.list.bounds;
    this.state = remembered(key);
    this.camera = new Camera({ x0, x1, y0, y1 }, width, height, () => this.#moved());
    const { view } = this.state;
    if (view && sees(view, this.camera.bounds)) this.camera.view = resized(view, width, height);
    this.camera.pictured(this.state.pictures);
    const failed = (error) => this.#fail(error);
    this.tiles = new Blocks(base, { come: (block) => this.#came(block), gone: ({ gl }) => gl && this.dots?.forget(gl), failed });
    this.medoids = new Blocks(base, { come: () => this.#settleSoon(), gone: () => {}, failed });
    this.dot = dotOf(this.data.count, this.camera.view);
    this.ready = true;
    this.#adopt();
    this.#choose();
  }

  #close() {
    this.ready = false;
    this.painted = null;
    this.tiles?.here().forEach(({ gl }) => gl && this.dots?.forget(gl));
    this.tiles?.destroy();
    this.medoids?.destroy();
    this.tiles = this.medoids = null;
    this.card.hide();
    this.note.hidden = true;
    this.live.hovered = null;
    this.pictures.clear();
  }

  #adopt() {
    const { outline, marked, selected, chosen, query, colours: legend } = this.data;
    this.colours = coloursOf(this.root, legend);
    const painted = `${legend.digest} ${this.colours.dark}`;
    const recoloured = this.painted !== painted;
    this.painted = painted;
    if (outline) this.state.outline = outline.length ? outline : null;
    this.marks = marked;
    this.selected = selected;
    this.stage.classList.toggle("ris-dimmed", marked.length > 0 || chosen.length > 0 || query !== null);
    if (recoloured) {
      this.#paint();
      this.#choose();
    }
    this.#tools();
    this.#draw();
    this.#settleSoon();
  }

  #filter() {
    const { name } = this.data.colours;
    if (!this.state.filters.has(name)) this.state.filters.set(name, newFilter());
    return this.state.filters.get(name);
  }

  #paint() {
    this.shown = shownBy(this.data.colours, this.#filter());
    this.legend.show(this.data.colours, this.#filter(), this.colours);
    this.dots.paint(rgbaOf(this.colours, this.shown));
    this.stale = true;
  }

  #filtered() {
    this.#paint();
    this.#draw();
    this.#settleSoon();
  }

  // --- tiles

  // Which tiles and medoids are wanted now.
  #choose() {
    const { view } = this.camera;
    this.chosen = performance.now();
    this.seen = tilesIn(this.list, view);
    const before = this.tiles.wanted.join();
    this.tiles.want(this.seen.paths, this.data.colours);
    this.stale ||= before !== this.tiles.wanted.join();
    this.medoids.want(this.state.pictures ? medoidsIn(this.list.square, view) : [], this.data.colours);
  }

  #came(block) {
    if (block.gl) this.dots.recode(block.gl, block.codes);
    else block.gl = this.dots.add(block.places, block.codes);
    this.stage.classList.remove("ris-waiting");
    this.#say("");
    this.stale = true;
    this.#draw();
    this.#settleSoon();
  }

  // --- movement

  #moved() {
    this.state.view = this.camera.view;
    this.stale = true;
    if (performance.now() - this.chosen > HASTE) this.#choose();
    this.#draw();
    this.#settleSoon();
  }

  #settleSoon() {
    delete this.stage.dataset.settled;
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.#settle(), CALM);
  }

  // Choosing dots and pictures for what is in view waits for rest, so that nothing flickers under way.
  #settle() {
    if (!this.ready) return;
    const { view } = this.camera;
    this.#choose();
    const tiles = this.tiles.here();
    const count = countIn(tiles, this.shown, view);
    const dot = dotOf(count, view);
    this.stale ||= dot.size !== this.dot.size || dot.opacity !== this.dot.opacity;
    this.dot = dot;
    const few = this.seen.whole && count <= (view.width * view.height) / ROOM && this.camera.nearness() >= PICTURES_FROM;
    const answers = this.#answers();
    const wanted = few || this.state.pictures;
    const pictures = wanted ? picturesIn(this.list.square, view, answers, this.medoids.here(), tiles, this.shown) : [];
    this.pictures.show(pictures, this.data.base, this.colours.of, new Set(answers.map(({ key }) => key)), view);
    this.stage.classList.toggle("ris-pictured", pictures.length > 0);
    this.#count();
    this.#draw();
    if (this.tiles.complete() && this.medoids.complete()) this.stage.dataset.settled = [view.x0, view.x1, view.y0, view.y1].join(" ");
  }

  // Tells when some of what is in view is not shown.
  #count() {
    const { whole, points, all } = this.seen;
    this.note.hidden = whole;
    if (!whole) this.note.textContent = `Showing about ${rounded(points)} of ${rounded(all)} here. Zoom in for the others.`;
  }

  #resized() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (this.ready && width && height) this.camera.resize(width, height);
  }

  // --- what people do

  // What is under a pixel: hits go before what lies under them.
  #find(at) {
    if (!this.ready) return null;
    const { view } = this.camera;
    const found = this.pictures.at(view, at);
    if (found) return found;
    const answers = this.#answers();
    const block = { places: answers.flatMap(({ x, y }) => [x, y]), codes: answers.map(() => 0) };
    const mark = nearest([block], [1], view, at, REACH);
    if (mark) return answers[mark[1]];
    const point = nearest(this.tiles.here(), this.shown, view, at, REACH);
    return point && pointOf(...point);
  }

  // What was chosen and its neighbours, or the hits.
  #answers() {
    return this.selected ? [this.selected, ...this.marks] : this.marks;
  }

  #hover(at) {
    const found = at && this.#find(at);
    this.stage.classList.toggle("ris-pointing", Boolean(found));
    if (found) this.card.show(this.data.base, found.key, this.#about(found), meaning(this.data.colours, found.code), at, this.camera.view);
    else this.card.hide();
    if (this.live.hovered?.key !== found?.key) this.#draw({ hovered: found ?? null });
  }

  #about({ key, count = 1 }) {
    const rank = this.marks.find((mark) => mark.key === key)?.rank;
    if (rank) return `Result ${rank}`;
    return count > 1 ? `Stands for ${count.toLocaleString()} here` : "";
  }

  #wheel(at, pixels) {
    this.#hover(null); // what lies under the pointer changes
    if (this.ready) this.camera.wheel(at, pixels);
  }

  #click(at) {
    const found = this.#find(at);
    this.#hover(null); // the card would cover what the answer marks
    if (found) this.send({ kind: "click", key: found.key });
  }

  #polygon(corners) {
    if (!this.ready) return;
    const every = Math.ceil(corners.length / CORNERS);
    const kept = corners.filter((_, i) => i % every === 0).map((corner) => toData(this.camera.view, corner));
    this.#select(kept.map(({ x, y }) => [x, y]));
  }

  // An empty polygon says that nothing is selected any more.
  #select(polygon) {
    this.state.outline = polygon.length ? polygon : null;
    this.#tools();
    this.#draw();
    this.send({ kind: "lasso", polygon });
  }

  #command(command) {
    if (!this.ready) return;
    const does = {
      in: () => this.camera.zoomIn(),
      out: () => this.camera.zoomOut(),
      all: () => this.camera.all(),
      results: () => this.camera.lookAt(this.#results()),
      clear: () => this.#select([]),
      pictures: () => this.#picture(),
    }[command];
    if (does) return does();
    this.state.tool = command;
    this.#tools();
  }

  #picture() {
    this.state.pictures = !this.state.pictures;
    this.camera.pictured(this.state.pictures);
    this.#tools();
    this.#moved();
    this.#settle();
  }

  #key(event) {
    if (!this.ready || event.ctrlKey || event.metaKey || event.altKey) return;
    const does = {
      ArrowLeft: () => this.camera.pan(-0.15, 0),
      ArrowRight: () => this.camera.pan(0.15, 0),
      ArrowUp: () => this.camera.pan(0, 0.15),
      ArrowDown: () => this.camera.pan(0, -0.15),
      "+": () => this.camera.zoomIn(),
      "=": () => this.camera.zoomIn(),
      "-": () => this.camera.zoomOut(),
      0: () => this.camera.all(),
      Escape: () => this.#escape(),
    }[event.key];
    if (!does) return;
    event.preventDefault();
    event.stopPropagation(); // Streamlit listens to keys on the whole page
    does();
  }

  #escape() {
    if (!this.gestures.cancel() && this.#clearable()) this.#select([]);
  }

  #clearable() {
    return this.state.outline !== null || this.selected !== null || this.data.chosen.length > 0;
  }

  // --- drawing

  #results() {
    return [...this.marks, this.data.query ?? this.selected].filter(Boolean);
  }

  #tools() {
    this.stage.dataset.tool = this.state.tool;
    this.toolbar.show({
      tool: this.state.tool,
      pictures: this.state.pictures,
      results: this.#results().length > 0,
      clearable: this.#clearable(),
    });
  }

  // Once a frame, however often something changes.
  #draw(change) {
    Object.assign(this.live, change);
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (this.ready && this.dots) this.#drawNow();
    });
  }

  #drawNow() {
    const { view } = this.camera;
    const { marks, selected, data, live, state } = this;
    if (this.stale) this.dots.draw(view, this.tiles.here().map(({ gl }) => gl), this.dot);
    this.stale = false; // drawing 200,000 points anew for a hover would be a waste
    this.pictures.move(view);
    this.overlay.draw({ view, marks, selected, chosen: data.chosen, query: data.query, trail: data.trail ?? [], outline: state.outline, ...live, colourOf: this.colours.of });
  }

  #say(words) {
    this.message.replaceChildren(words);
    this.message.hidden = !words;
  }

  #fail(error) {
    console.error("ris map:", error);
    const words = this.stage.classList.contains("ris-waiting") ? "The map could not be drawn." : "A part of the map could not be loaded.";
    this.#say(error.message === NO_WEBGL ? NO_WEBGL : words);
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = "Try again";
    again.onclick = () => this.#open();
    this.message.append(again);
  }
}

// Camera, tool, filters and outline, kept while the tab lives: a page change unmounts the map.
function remembered(name) {
  if (!states.has(name)) states.set(name, { tool: "pan", pictures: false, filters: new Map(), outline: null, view: null });
  return states.get(name);
}

// About as many: "83,000".
function rounded(number) {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(number, 1))) - 1);
  return (Math.round(number / step) * step).toLocaleString();
}
