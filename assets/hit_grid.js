// The answers as a grid of cards. File names and labels are hostile: they go in as text nodes only.

const SIMILAR = "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM15.3 15.3 20 20";
const OPEN = "M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5";
const grids = new WeakMap();

export function mount(component) {
  const parent = component.parentElement;
  if (!grids.has(parent)) grids.set(parent, new Grid(parent));
  const grid = grids.get(parent);
  grid.update(component);
  return () => {
    grid.destroy();
    grids.delete(parent);
  };
}

class Grid {
  constructor(parent) {
    this.list = make("ol", "grid");
    this.list.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("focusin", (event) => this.#rove(event.target.closest("li")));
    this.empty = make("p", "empty");
    parent.append(this.list, this.empty);
    this.cards = new Map();
  }

  destroy() {
    this.list.remove();
    this.empty.remove();
  }

  update({ data, setTriggerValue }) {
    this.send = (kind, key) => setTriggerValue("event", { kind, key });
    if (this.base !== data.base) this.cards.clear(); // the same key is another picture in another collection
    this.base = data.base;
    this.empty.textContent = data.cards.length ? "" : data.empty;
    this.empty.hidden = data.cards.length > 0;
    const nodes = data.cards.map((card, i) => this.#card(card, data.ranked ? i + 1 : null));
    this.cards = new Map(data.cards.map((card, i) => [card.key, nodes[i]]));
    this.#arrange(nodes);
    this.#rove(nodes.find((node) => node.contains(node.getRootNode().activeElement)) ?? nodes[0]);
  }

  // Moving a node drops its focus, so only what is out of place is moved.
  #arrange(nodes) {
    const wanted = new Set(nodes);
    [...this.list.children].forEach((node) => wanted.has(node) || node.remove());
    nodes.forEach((node, i) => this.list.children[i] === node || this.list.insertBefore(node, this.list.children[i] ?? null));
  }

  #card(card, rank) {
    const node = this.cards.get(card.key) ?? this.#blank(card.key);
    const said = [rank && `Result ${rank}`, card.title, card.words, card.number && `distance ${card.number}`];
    node.classList.toggle("selected", card.selected);
    if (card.selected) node.setAttribute("aria-current", "true");
    else node.removeAttribute("aria-current");
    part(node, "rank").textContent = rank ?? "";
    part(node, "name").textContent = card.title;
    part(node, "name").title = card.title;
    part(node, "words").textContent = card.words;
    part(node, "number").textContent = card.number;
    part(node, "number").title = "Distance: 0 is the same, 2 is the opposite";
    part(node, "labels").replaceChildren(...card.labels.map(chip));
    part(node, "labels").title = card.labels.join(", ");
    part(node, "picture").setAttribute("aria-label", `Open ${said.filter(Boolean).join(", ")}`);
    part(node, "similar").setAttribute("aria-label", `Find pictures similar to ${card.title}`);
    part(node, "open").setAttribute("aria-label", `Open ${card.title}`);
    node.querySelector("img").alt = card.title;
    return node;
  }

  #blank(key) {
    const picture = button("picture", () => this.send("open", key));
    const image = new Image();
    image.loading = "lazy";
    image.decoding = "async";
    image.src = `${location.origin}${this.base}/thumbnails/${key}.webp`;
    image.addEventListener("error", () => picture.classList.add("broken"));
    picture.append(image, make("span", "rank"));
    const similar = button("similar", () => this.send("similar", key), icon(SIMILAR), "Find similar");
    const open = button("open", () => this.send("open", key), icon(OPEN));
    open.title = "Open";
    const distance = make("div", "distance", make("span", "words"), make("span", "number"));
    const text = make("div", "text", make("div", "name"), distance, make("div", "labels"));
    return make("li", "card", picture, text, make("div", "actions", similar, open));
  }

  // --- keyboard: Tab goes card by card, arrows move between the cards

  #rove(current) {
    if (!current) return;
    for (const node of this.list.children) {
      node.querySelectorAll("button").forEach((each) => (each.tabIndex = node === current ? 0 : -1));
    }
  }

  #key(event) {
    const nodes = [...this.list.children];
    const from = nodes.indexOf(event.target.closest("li"));
    const columns = nodes.filter((node) => node.offsetTop === nodes[0].offsetTop).length;
    const to = {
      ArrowRight: from + 1,
      ArrowLeft: from - 1,
      ArrowDown: from + columns,
      ArrowUp: from - columns,
      Home: 0,
      End: nodes.length - 1,
    }[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const next = nodes[to];
    if (next) part(next, "picture").focus();
  }
}

function part(node, kind) {
  return node.querySelector(`.${kind}`);
}

function make(name, kind, ...children) {
  const node = document.createElement(name);
  node.className = kind;
  node.append(...children);
  return node;
}

function button(kind, onClick, ...children) {
  const node = make("button", kind, ...children);
  node.type = "button";
  node.addEventListener("click", onClick);
  return node;
}

function chip(text) {
  return make("span", "chip", text);
}

function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}
