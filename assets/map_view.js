// The map: plotly.js draws the points and pans; our overlay draws answers; events go to Python.

import { Camera, around, resized } from "./map_camera.js";
import { Card } from "./map_card.js";
import { Cloud } from "./map_cloud.js";
import { Gestures } from "./map_gestures.js";
import { Legend } from "./map_legend.js";
import { Overlay, thumbnailRoom } from "./map_overlay.js";
import { inView, loadPlotly, loadPoints, nearest, shared, toData } from "./map_points.js";
import { coloursOf } from "./map_style.js";
import { Toolbar } from "./map_toolbar.js";

const REACH = 14; // px; how near to a point the pointer must be
const THUMBNAILS_FROM = 2.5; // times nearer than the whole map: a small collection keeps its dots at first
const CORNERS = 500; // a lasso is sent with no more than these
const CALM = 150; // ms without a movement before dots and thumbnails are chosen anew
const HTML = `
  <div class="ris-map-stage" tabindex="0" role="group">
    <div class="ris-map-plot"></div>
    <svg class="ris-map-overlay ris-map-under" aria-hidden="true"></svg>
    <div class="ris-map-thumbnails" aria-hidden="true"></div>
    <svg class="ris-map-overlay ris-map-over" aria-hidden="true"></svg>
    <div class="ris-map-card" hidden>
      <img alt=""><div class="ris-card-rank"></div><div class="ris-card-name"></div><div class="ris-card-labels"></div>
    </div>
    <div class="ris-map-message" role="status"></div>
  </div>
  <div class="ris-map-toolbar" role="toolbar" aria-label="Map tools" hidden></div>
  <div class="ris-map-legend" hidden></div>`;

const mounted = new WeakMap();

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
    this.plot = part("plot");
    this.message = part("message");
    this.card = new Card(part("card"));
    this.overlay = new Overlay(part("under"), part("thumbnails"), part("over"));
    this.legend = new Legend(part("legend"), () => this.#changedVisibility());
    this.toolbar = new Toolbar(part("toolbar"), (command) => this.#command(command));
    this.gestures = new Gestures(this.stage, {
      tool: () => this.state?.tool ?? "pan",
      hover: (at) => this.#hover(at),
      click: (at) => this.#click(at),
      draw: (corners) => this.#draw({ drawing: corners }),
      polygon: (corners) => this.#polygon(corners),
      wheel: (at, pixels) => this.#wheel(at, pixels),
      key: (event) => this.#key(event),
    });
    this.resizing = new ResizeObserver(() => this.#resized());
    this.resizing.observe(this.stage);
    this.live = { hovered: -1, drawing: null };
  }

  destroy() {
    this.gone = true;
    this.gestures.destroy();
    this.resizing.disconnect();
    clearTimeout(this.settling);
    this.cloud?.destroy();
    this.root.remove();
  }

  // --- what Python says

  update({ data, setTriggerValue }) {
    this.send = (event) => setTriggerValue("event", event);
    const same = this.data?.base === data.base;
    this.data = data;
    this.root.style.setProperty("--ris-map-height", `${data.height}px`);
    this.stage.setAttribute("aria-label", `Map of ${data.count.toLocaleString()} pictures. Arrow keys move, plus and minus zoom, 0 shows all.`);
    if (!same) this.#open();
    else if (this.ready) this.#adopt();
  }

  async #open() {
    const { base, plotly, key, count } = this.data;
    const late = () => this.gone || this.data.base !== base; // another collection was chosen meanwhile
    this.ready = false;
    this.card.hide();
    this.stage.classList.add("ris-waiting");
    this.toolbar.node.hidden = true;
    this.legend.node.hidden = true;
    this.#say(count ? "Drawing the map…" : "There is no map of these pictures yet.");
    if (!count) return;
    try {
      const [library, points] = await Promise.all([loadPlotly(plotly), loadPoints(base)]);
      if (late()) return;
      this.state = remembered(`${key} ${base}`);
      await this.#plotPoints(library, points);
      if (late()) return;
      this.#begin();
      this.#say("");
    } catch (error) {
      if (late()) return;
      console.error("ris map:", error);
      this.#fail();
    }
  }

  async #plotPoints(library, points) {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const { view, hidden } = this.state;
    this.cloud?.destroy();
    const cloud = new Cloud(library, this.plot, points, this.data.legend);
    this.cloud = cloud;
    this.camera = new Camera(library, this.plot, points.bounds);
    await cloud.draw(view ? resized(view, width, height) : around(points.bounds, width, height), hidden, coloursOf(this.root));
    if (this.gone) cloud.destroy();
  }

  #begin() {
    this.cloud.onMove(() => this.#moved());
    this.ready = true;
    this.stage.classList.remove("ris-waiting");
    this.state.view = this.camera.read();
    this.#adopt();
    this.#settleSoon();
  }

  #adopt() {
    const { outline, marked, selected, query, legend } = this.data;
    const colours = coloursOf(this.root);
    if (colours.dark !== this.cloud.colours.dark) this.#recolour(colours);
    if (outline) this.state.outline = outline.length ? outline : null;
    this.marks = marked.flatMap((key, i) => {
      const place = this.cloud.place(key);
      return place ? [{ ...place, rank: i + 1 }] : [];
    });
    this.selected = selected === null ? null : this.cloud.place(selected);
    this.stage.classList.toggle("ris-dimmed", this.marks.length > 0 || query !== null);
    this.legend.show(legend, this.state.hidden, colours);
    this.#tools();
    this.#draw();
  }

  #recolour(colours) {
    this.cloud.recolour(colours);
    this.overlay.thumbnails.replaceChildren(); // made anew, framed in the new colours
    this.#settleSoon();
  }

  // --- movement

  #moved() {
    this.state.view = this.camera.read();
    this.#draw();
    this.overlay.moveThumbnails(this.state.view);
    this.#settleSoon();
  }

  #settleSoon() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.#settle(), CALM);
  }

  // Choosing dots and thumbnails for what is in view waits for rest: a new size draws all points again.
  #settle() {
    if (!this.ready) return;
    const { view, hidden } = this.state;
    const { points, slots } = this.cloud;
    const room = thumbnailRoom(view);
    const { count, first } = inView(points, slots, hidden, view, room);
    const pictured = count <= room && this.camera.nearness() >= THUMBNAILS_FROM;
    this.overlay.showThumbnails(pictured ? first.map((i) => this.cloud.point(i)) : [], this.data.base, view);
    this.cloud.suit(count, view);
    this.#draw();
  }

  #resized() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (this.ready && width && height) this.camera.resize(width, height);
  }

  #changedVisibility() {
    this.cloud.show(this.state.hidden);
    this.#settleSoon();
  }

  // --- what people do

  #find(at) {
    const { view, hidden } = this.state;
    const marks = { x: this.marks.map((mark) => mark.x), y: this.marks.map((mark) => mark.y), count: this.marks.length };
    const marked = nearest(marks, [], new Set(), view, at, REACH); // a hit goes before what lies under it
    if (marked >= 0) return this.cloud.points.indexOf(this.marks[marked].key);
    return nearest(this.cloud.points, this.cloud.slots, hidden, view, at, this.overlay.pictured.size ? 22 : REACH);
  }

  #hover(at) {
    const found = at && this.ready ? this.#find(at) : -1;
    this.stage.classList.toggle("ris-pointing", found >= 0);
    if (found >= 0) {
      const key = this.cloud.points.keys[found];
      const rank = this.marks.find((mark) => mark.key === key)?.rank;
      this.card.show(this.data.base, key, rank, at, this.state.view);
    } else {
      this.card.hide();
    }
    if (this.live.hovered !== found) this.#draw({ hovered: found });
  }

  #wheel(at, pixels) {
    this.#hover(null); // what lies under the pointer changes
    if (this.ready) this.camera.wheel(at, pixels);
  }

  #click(at) {
    const found = this.ready ? this.#find(at) : -1;
    if (found >= 0) this.send({ kind: "click", key: this.cloud.points.keys[found] });
  }

  #polygon(corners) {
    if (!this.ready) return;
    const every = Math.ceil(corners.length / CORNERS);
    const kept = corners.filter((_, i) => i % every === 0).map((corner) => toData(this.state.view, corner));
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
    }[command];
    if (does) return does();
    this.state.tool = command;
    this.#tools();
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
    if (!this.gestures.cancel() && this.state.outline) this.#select([]);
  }

  // --- drawing

  #results() {
    return this.data.query ? [...this.marks, this.data.query] : this.marks;
  }

  #tools() {
    this.stage.dataset.tool = this.state.tool;
    this.toolbar.show({ tool: this.state.tool, results: this.#results().length > 0, outline: this.state.outline !== null });
  }

  #draw(change) {
    Object.assign(this.live, change);
    if (!this.ready) return;
    const { hovered, drawing } = this.live;
    const { view, outline } = this.state;
    const point = hovered >= 0 ? this.cloud.point(hovered) : null;
    this.overlay.draw({ view, outline, drawing, query: this.data.query, marks: this.marks, selected: this.selected, hovered: point });
  }

  #say(words) {
    this.message.replaceChildren(words);
    this.message.hidden = !words;
  }

  #fail() {
    this.#say("The map could not be drawn.");
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = "Try again";
    again.onclick = () => this.#open();
    this.message.append(again);
  }
}

// Camera, tool, hidden labels and outline, kept while the tab lives: a page change unmounts the map.
function remembered(name) {
  if (!shared.views.has(name)) shared.views.set(name, { tool: "pan", hidden: new Set(), outline: null, view: null });
  return shared.views.get(name);
}
