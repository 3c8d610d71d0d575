// Colours, traces and layout of the points.

// Twelve colours and a grey for the rest, chosen by search so that the two most alike still differ by
// 0.076 (light) and 0.073 (dark) in OKLab under normal, deutan and protan sight (Petroff's ten: 0.056).
const LIGHT = ["#3545bc", "#a6042d", "#2ea10a", "#a169f1", "#c74490", "#b1b81d", "#7b3a7b", "#73a3fc", "#1f88b8", "#95610d", "#45c8d0", "#e56f64"];
const DARK = ["#69f8a1", "#e098fd", "#e18c22", "#6f6eee", "#36b0a4", "#facf22", "#b756a6", "#36ebf8", "#fa6278", "#a8c67a", "#5196d7", "#cc5b38"];
const ROOM = 900 * 640; // px; the plot that the sizes of dots were chosen on
const REST = { light: "#9ca3a3", dark: "#6a7274" };

export function coloursOf(root) {
  const css = getComputedStyle(root);
  const dark = luminance(css.getPropertyValue("--st-background-color")) < 0.5;
  const accent = css.getPropertyValue("--st-primary-color").trim();
  const rest = dark ? REST.dark : REST.light;
  const palette = dark ? DARK : LIGHT;
  const of = (entry, slot) => {
    if (entry.kind === "label") return palette[slot % palette.length];
    return entry.kind === "all" ? accent : rest;
  };
  return { dark, of };
}

function luminance(colour) {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = colour.trim() || "#fff";
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(context.fillStyle.slice(at, at + 2), 16));
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}

// One trace a colour: a colour for each single point costs plotly a parse for each single point.
export function tracesOf(points, slots, legend, hidden, colours, dot) {
  const members = membersOf(slots, legend.length);
  const order = legend.map((_, slot) => slot).sort((a, b) => Number(legend[a].kind === "label") - Number(legend[b].kind === "label"));
  return order.map((slot) => ({
    type: "scattergl",
    mode: "markers",
    meta: slot,
    visible: !hidden.has(slot),
    hoverinfo: "skip",
    x: members[slot].map((i) => points.x[i]),
    y: members[slot].map((i) => points.y[i]),
    marker: { ...dot, line: { width: 0 }, color: colours.of(legend[slot], slot) },
  }));
}

function membersOf(slots, count) {
  const sizes = new Uint32Array(count);
  slots.forEach((slot) => (sizes[slot] += 1));
  const members = Array.from(sizes, (size) => new Float64Array(size));
  const filled = new Uint32Array(count);
  slots.forEach((slot, i) => (members[slot][filled[slot]++] = i));
  return members;
}

// The fewer points there are for the room in view, the larger and more solid each of them is.
export function dotOf(count, { width, height }) {
  const crowd = Math.max(count, 1) * (ROOM / (width * height));
  const size = Math.min(9, Math.max(2.5, 12.4 - 1.9 * Math.log10(crowd)));
  return { size: Math.round(2 * size) / 2, opacity: count > 50000 ? 0.6 : 0.85 };
}

export function layoutOf(view) {
  const axis = { visible: false, showgrid: false, zeroline: false, automargin: false };
  return {
    width: view.width,
    height: view.height,
    margin: { l: 0, r: 0, t: 0, b: 0 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    xaxis: { ...axis, range: [view.x0, view.x1] },
    yaxis: { ...axis, range: [view.y0, view.y1] },
    dragmode: "pan",
    hovermode: false,
    showlegend: false,
  };
}
