// The labels as a list of switches: colour, name, count. Names are hostile, so they go in as text only.

export class Legend {
  constructor(node, onChange) {
    this.node = node;
    this.onChange = onChange;
  }

  show(legend, hidden, colours) {
    const named = legend.some((entry) => entry.kind === "label");
    this.node.hidden = !named;
    const drawn = JSON.stringify([legend, [...hidden], colours.dark]);
    if (drawn === this.drawn) return; // keeps the focus where it is
    this.drawn = drawn;
    this.node.replaceChildren();
    if (!named) return;
    const heading = element("div", "ris-legend-head", element("span", "", "Labels"), this.#everything(legend, hidden, colours));
    const list = element("ul", "");
    legend.forEach((entry, slot) => {
      if (entry.count) list.append(element("li", "", this.#entry(entry, slot, legend, hidden, colours)));
    });
    this.node.append(heading, list);
  }

  #entry(entry, slot, legend, hidden, colours) {
    const swatch = element("span", "ris-swatch");
    swatch.style.background = colours.of(entry, slot);
    const name = element("span", "ris-legend-name", entry.name);
    const count = element("span", "ris-legend-count", entry.count.toLocaleString());
    const button = element("button", "", swatch, name, count);
    button.type = "button";
    button.title = hidden.has(slot) ? `Show ${entry.name}` : `Hide ${entry.name}. Alt + click: show nothing else`;
    button.setAttribute("aria-pressed", String(!hidden.has(slot)));
    button.addEventListener("click", (event) => {
      if (event.altKey) solo(hidden, slot, legend.length);
      else if (!hidden.delete(slot)) hidden.add(slot);
      this.#again(legend, hidden, colours, slot);
    });
    return button;
  }

  #everything(legend, hidden, colours) {
    const button = element("button", "ris-legend-all", "Show all");
    button.type = "button";
    button.hidden = hidden.size === 0;
    button.addEventListener("click", () => {
      hidden.clear();
      this.#again(legend, hidden, colours, 0);
    });
    return button;
  }

  #again(legend, hidden, colours, slot) {
    this.show(legend, hidden, colours);
    const shown = legend.slice(0, slot).filter((entry) => entry.count).length;
    this.node.querySelectorAll("li button")[shown]?.focus();
    this.onChange();
  }
}

function solo(hidden, slot, count) {
  for (let other = 0; other < count; other++) hidden.add(other);
  hidden.delete(slot);
}

function element(name, kind, ...children) {
  const node = document.createElement(name);
  if (kind) node.className = kind;
  node.append(...children);
  return node;
}
