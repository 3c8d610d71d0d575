// What the colours mean: a list of categories to switch off and on, or a ramp of numbers to cut off at both ends.
// Names are hostile, so they go in as text only.

import { told } from "./map_numbers.js";

export class Legend {
  constructor(node, onChange) {
    this.node = node;
    this.onChange = onChange;
  }

  // filter: { hidden: Set of names, from, to: codes } is changed in place.
  show(legend, filter, colours) {
    const numbers = legend.kind === "numbers";
    this.node.hidden = !numbers && !legend.entries.some((entry) => entry.kind === "category");
    const drawn = JSON.stringify([legend.digest, [...filter.hidden], colours.dark]);
    if (drawn === this.drawn) return; // keeps the focus where it is
    this.drawn = drawn;
    this.node.replaceChildren();
    if (this.node.hidden) return;
    const again = () => {
      this.drawn = null;
      this.show(legend, filter, colours);
      this.onChange();
    };
    const all = everything(filter, again);
    const heading = element("div", "ris-legend-head", element("span", "", title(legend.name)), all);
    this.node.append(heading, numbers ? this.#ramp(legend, filter, colours, all) : this.#list(legend, filter, colours, again));
  }

  #list(legend, filter, colours, again) {
    const list = element("ul", "");
    legend.entries.forEach((entry, place) => {
      const { name } = entry;
      const seen = !filter.hidden.has(name);
      const swatch = element("span", "ris-swatch");
      swatch.style.background = colours.of(entry.code);
      const button = element("button", "", swatch, element("span", "ris-legend-name", name), element("span", "ris-legend-count", entry.count.toLocaleString()));
      button.type = "button";
      button.title = seen ? `Hide ${name}. Alt + click: show nothing else` : `Show ${name}`;
      button.setAttribute("aria-pressed", String(seen));
      button.addEventListener("click", (event) => {
        if (event.altKey) solo(filter.hidden, name, legend.entries);
        else if (!filter.hidden.delete(name)) filter.hidden.add(name);
        again();
        this.node.querySelectorAll("li button")[place]?.focus();
      });
      list.append(element("li", "", button));
    });
    return list;
  }

  #ramp(legend, filter, colours, all) {
    const bar = element("div", "ris-ramp");
    bar.style.background = `linear-gradient(to right, ${colours.ramp.join(", ")})`;
    const of = (code) => legend.low + ((legend.high - legend.low) * code) / 254;
    const ends = element("div", "ris-ramp-ends");
    const say = () => {
      const low = filter.from === 0 ? (legend.least < legend.low ? "≤ " : "") + told(legend.low, legend) : told(of(filter.from), legend);
      const high = filter.to === 254 ? (legend.most > legend.high ? "≥ " : "") + told(legend.high, legend) : told(of(filter.to), legend);
      ends.replaceChildren(element("span", "", low), element("span", "", high));
      bar.style.setProperty("--from", `${(100 * filter.from) / 254}%`);
      bar.style.setProperty("--to", `${(100 * filter.to) / 254}%`);
    };
    const slider = (side, words) => {
      const input = element("input", "");
      Object.assign(input, { type: "range", min: 0, max: 254, value: filter[side] });
      input.setAttribute("aria-label", words);
      const speak = () => input.setAttribute("aria-valuetext", told(of(filter[side]), legend));
      input.addEventListener("input", () => {
        const value = Number(input.value);
        filter[side] = side === "from" ? Math.min(value, filter.to) : Math.max(value, filter.from);
        input.value = filter[side];
        say();
        speak();
        all.hidden = isOpen(filter);
        this.onChange();
      });
      speak();
      return input;
    };
    bar.append(slider("from", `Least ${legend.name} shown`), slider("to", `Greatest ${legend.name} shown`));
    say();
    const box = element("div", "ris-ramp-box", bar, ends);
    if (legend.without) {
      const swatch = element("span", "ris-swatch");
      swatch.style.background = colours.rest;
      box.append(element("div", "ris-ramp-none", swatch, `${legend.without.toLocaleString()} without`));
    }
    return box;
  }
}

export function newFilter() {
  return { hidden: new Set(), from: 0, to: 254 };
}

// Of each code whether it is on screen.
export function shownBy(legend, filter) {
  const shown = new Uint8Array(256).fill(1);
  if (legend.kind === "numbers") {
    const cut = filter.from > 0 || filter.to < 254;
    for (let code = 0; code < 255; code++) shown[code] = Number(code >= filter.from && code <= filter.to);
    shown[255] = Number(!cut);
  } else {
    for (const entry of legend.entries) if (filter.hidden.has(entry.name)) shown[entry.code] = 0;
  }
  return shown;
}

// What a point's colour tells of it, in words: none where its card tells that anyway.
export function meaning(legend, code) {
  if (legend.kind === "numbers") {
    if (code === 255) return `${title(legend.name)} unknown`;
    const [below, above] = [code === 0 && legend.least < legend.low, code === 254 && legend.most > legend.high];
    const number = legend.low + ((legend.high - legend.low) * code) / 254;
    return `${title(legend.name)} ${below ? "≤" : above ? "≥" : "about"} ${told(number, legend)}`;
  }
  const entry = legend.entries.find((each) => each.code === code);
  return entry?.kind === "category" && legend.name !== "label" ? `${title(legend.name)} ${entry.name}` : "";
}

function everything(filter, again) {
  const button = element("button", "ris-legend-all", "Show all");
  button.type = "button";
  button.hidden = isOpen(filter);
  button.addEventListener("click", () => {
    Object.assign(filter, { from: 0, to: 254 });
    filter.hidden.clear();
    again();
  });
  return button;
}

function isOpen({ hidden, from, to }) {
  return hidden.size === 0 && from === 0 && to === 254;
}

function solo(hidden, name, entries) {
  for (const entry of entries) hidden.add(entry.name);
  hidden.delete(name);
}

function title(name) {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function element(name, kind, ...children) {
  const node = document.createElement(name);
  if (kind) node.className = kind;
  node.append(...children);
  return node;
}
