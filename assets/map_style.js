// The palette of 256 colours that points' codes are places in, and the size of dots.

import { PALETTE } from "./map_gl.js";

// Twelve colours and a grey for the rest, chosen by search so that the two most alike still differ by
// 0.076 (light) and 0.073 (dark) in OKLab under normal, deutan and protan sight (Petroff's ten: 0.056).
const LIGHT = ["#3545bc", "#a6042d", "#2ea10a", "#a169f1", "#c74490", "#b1b81d", "#7b3a7b", "#73a3fc", "#1f88b8", "#95610d", "#45c8d0", "#e56f64"];
const DARK = ["#69f8a1", "#e098fd", "#e18c22", "#6f6eee", "#36b0a4", "#facf22", "#b756a6", "#36ebf8", "#fa6278", "#a8c67a", "#5196d7", "#cc5b38"];
const REST = { light: "#9ca3a3", dark: "#6a7274" };
// For numbers: viridis (Smith and van der Walt, 2015), whose lightness alone tells the order to every eye. On light
// ground from pale to dark, on dark ground from dark to pale, so that the higher number always stands out more.
const RAMP = ["#440154", "#482777", "#3f4a8a", "#31678e", "#26838f", "#1f9d8a", "#6cce5a", "#b6de2b", "#fee825"];
const NO_NUMBER = 255; // as in pages/parts/colours.py
const ROOM = 900 * 640; // px; the plot that the sizes of dots were chosen on

// { dark, of(code), ramp } for a legend out of pages/parts/colours.py.
export function coloursOf(root, legend) {
  const css = getComputedStyle(root);
  const dark = luminance(css.getPropertyValue("--st-background-color")) < 0.5;
  const accent = css.getPropertyValue("--st-primary-color").trim();
  const rest = dark ? REST.dark : REST.light;
  const ramp = dark ? RAMP.slice(2) : RAMP.slice(0, -2).reverse(); // without what the ground swallows
  if (legend.kind === "numbers") {
    const of = (code) => (code === NO_NUMBER ? rest : between(ramp, code / (NO_NUMBER - 1)));
    return { dark, of, ramp, rest };
  }
  const kinds = new Map(legend.entries.map((entry) => [entry.code, entry.kind]));
  const palette = dark ? DARK : LIGHT;
  const of = (code) => ({ all: accent, category: palette[code % palette.length] })[kinds.get(code)] ?? rest;
  return { dark, of, ramp, rest };
}

// The palette as WebGL takes it; hidden codes have no colour.
export function rgbaOf(colours, shown) {
  const rgba = new Uint8Array(4 * PALETTE);
  for (let code = 0; code < PALETTE; code++) {
    if (shown[code]) rgba.set([...channels(colours.of(code)), 255], 4 * code);
  }
  return rgba;
}

function between(ramp, share) {
  const at = share * (ramp.length - 1);
  const from = Math.min(Math.floor(at), ramp.length - 2);
  const [one, other] = [channels(ramp[from]), channels(ramp[from + 1])];
  return hex(one.map((channel, i) => Math.round(channel + (other[i] - channel) * (at - from))));
}

function luminance(colour) {
  const [r, g, b] = channels(colour.trim() || "#fff");
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}

const parsed = new Map();

function channels(colour) {
  if (!parsed.has(colour)) {
    const context = document.createElement("canvas").getContext("2d");
    context.fillStyle = colour;
    parsed.set(colour, [1, 3, 5].map((at) => parseInt(context.fillStyle.slice(at, at + 2), 16)));
  }
  return parsed.get(colour);
}

function hex(rgb) {
  return `#${rgb.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

// The fewer points there are for the room in view, the larger and more solid each of them is.
export function dotOf(count, { width, height }) {
  const crowd = Math.max(count, 1) * (ROOM / (width * height));
  const size = Math.min(9, Math.max(2.5, 12.4 - 1.9 * Math.log10(crowd)));
  return { size: Math.round(2 * size) / 2, opacity: count > 50000 ? 0.6 : 0.85 };
}
