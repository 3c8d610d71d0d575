// The cloud of points in plotly: one trace a colour, and what may change about them afterwards.

import { slotsOf } from "./map_points.js";
import { dotOf, layoutOf, tracesOf } from "./map_style.js";

const SETTINGS = { displayModeBar: false, scrollZoom: false, doubleClick: false, showAxisDragHandles: false, showTips: false };

export class Cloud {
  constructor(plotly, node, points, legend) {
    this.plotly = plotly;
    this.node = node;
    this.points = points;
    this.legend = legend;
    this.slots = slotsOf(points, legend);
  }

  async draw(view, hidden, colours) {
    this.colours = colours;
    this.dot = dotOf(this.points.count, view);
    const traces = tracesOf(this.points, this.slots, this.legend, hidden, colours, this.dot);
    await this.plotly.newPlot(this.node, traces, layoutOf(view), SETTINGS);
  }

  onMove(listener) {
    for (const moving of ["plotly_relayouting", "plotly_relayout"]) this.node.on(moving, listener);
  }

  // Browsers allow some sixteen WebGL contexts and plotly takes three a plot, so they are given back
  // at once instead of by the garbage collector.
  destroy() {
    const canvases = [...this.node.querySelectorAll("canvas")];
    this.plotly.purge(this.node);
    canvases.forEach((canvas) => canvas.getContext("webgl")?.getExtension("WEBGL_lose_context")?.loseContext());
  }

  point(i) {
    const slot = this.slots[i];
    return { key: this.points.keys[i], x: this.points.x[i], y: this.points.y[i], colour: this.colours.of(this.legend[slot], slot) };
  }

  // Where an item lies; null when it is not on this map.
  place(key) {
    const i = this.points.indexOf(key);
    return i === undefined ? null : this.point(i);
  }

  recolour(colours) {
    this.colours = colours;
    this.plotly.restyle(this.node, { "marker.color": this.#traceSlots().map((slot) => colours.of(this.legend[slot], slot)) });
  }

  show(hidden) {
    this.plotly.restyle(this.node, { visible: this.#traceSlots().map((slot) => !hidden.has(slot)) });
  }

  // Dots fit for `count` points in view. Small steps are passed over: each draws all points again.
  suit(count, view) {
    const dot = dotOf(count, view);
    if (Math.abs(dot.size - this.dot.size) < 1) return;
    this.dot = dot;
    this.plotly.restyle(this.node, { "marker.size": dot.size, "marker.opacity": dot.opacity });
  }

  #traceSlots() {
    return this.node.data.map((trace) => trace.meta);
  }
}
