// Pictures as a grid of cards. File names and labels are hostile: they go in as text nodes only.
// What is selected stays here; Python hears of it when people do something with it.

import { Picks } from "./hit_picks.js";

const SIMILAR = "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM15.3 15.3 20 20";
const OPEN = "M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5";
const TAG = "M4 4h8l8 8-8 8-8-8ZM8.5 8.5h.01";
const CLOSE = "M6 6l12 12M18 6 6 18";
const MORE = "M4 11h3v9H4zM7 11l4-7a2 2 0 0 1 2 3l-1 3h6a2 2 0 0 1 2 2l-2 6a2 2 0 0 1-2 2H7";
const LESS = "M4 13h3V4H4zM7 13l4 7a2 2 0 0 0 2-3l-1-3h6a2 2 0 0 0 2-2l-2-6a2 2 0 0 0-2-2H7";
const KEYS = "Arrow keys move, Enter opens, S searches with it, Space selects.";
const NARROW = window.matchMedia("(max-width: 640px)"); // what stands beside the grid elsewhere comes after it
const MARKING = " Plus wants more like it, minus less.";
const PLACE = / at [\d,]+, [\d,]+$/; // in its slide, at the end of a patch's title
const AHEAD = "600px"; // more are asked for before the end comes into view
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
    this.list.setAttribute("role", "list"); // Safari drops it from lists without bullets
    this.list.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("focusin", (event) => this.#rove(event.target.closest("li")));
    this.keys = make("p", "unseen", KEYS);
    this.keys.id = "keys";
    this.empty = make("p", "empty");
    this.more = button("more", () => this.#more(), "Show more");
    this.picks = new Picks(() => this.#picked());
    this.bar = make(
      "div",
      "bar",
      make("span", "count"),
      button("together", () => this.#together(), icon(SIMILAR), make("span", "")),
      button("collect", () => this.#collect(), icon(TAG), "Tag or export"),
      button("liked", () => this.#mark("more", this.picks.keys()), icon(MORE), "More like this"),
      button("unliked", () => this.#mark("less", this.picks.keys()), icon(LESS), "Less like this"),
      button("clear", () => this.#clear(), icon(CLOSE), "Clear"),
    );
    this.bar.setAttribute("role", "toolbar");
    this.bar.setAttribute("aria-label", "Selected pictures");
    this.said = make("p", "unseen");
    this.said.setAttribute("role", "status");
    this.root = make("div", "hits", this.keys, this.list, this.empty, this.more, this.bar, this.said);
    parent.append(this.root);
    this.cards = new Map();
    this.near = new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && this.#more(), { rootMargin: AHEAD });
  }

  destroy() {
    this.near.disconnect();
    cancelAnimationFrame(this.waiting);
    this.root.remove();
  }

  update({ data, setTriggerValue }) {
    this.send = (event) => setTriggerValue("event", event);
    this.want = () => setTriggerValue("more", true); // apart, so that neither replaces the other
    if (this.base !== data.base) {
      this.cards.clear(); // the same key is another picture in another collection
      this.picks.clear();
    }
    this.base = data.base;
    this.root.classList.toggle("small", data.small);
    this.root.classList.toggle("marking", data.marking);
    this.keys.textContent = KEYS + (data.marking ? MARKING : "");
    this.list.setAttribute("aria-label", data.name);
    if (!data.small) this.list.setAttribute("aria-describedby", "keys");
    this.empty.textContent = data.cards.length ? "" : data.empty;
    this.empty.hidden = data.cards.length > 0;
    const nodes = data.cards.map((card) => this.#card(card));
    this.cards = new Map(data.cards.map((card, i) => [card.key, nodes[i]]));
    this.#arrange(nodes);
    this.#begin(data.about);
    this.#rove(nodes.find((node) => node.contains(node.getRootNode().activeElement)) ?? nodes.find((node) => node === this.current) ?? nodes[0]);
    this.picks.order(data.cards.map((card) => card.key));
    this.#picked();
    this.#wait(data);
    this.#return(data.closed);
  }

  // Moving a node drops its focus, so only what is out of place is moved.
  #arrange(nodes) {
    const wanted = new Set(nodes);
    [...this.list.children].forEach((node) => wanted.has(node) || node.remove());
    nodes.forEach((node, i) => this.list.children[i] === node || this.list.insertBefore(node, this.list.children[i] ?? null));
  }

  // Other pictures are seen from their beginning, wherever one had scrolled to among the last ones.
  #begin(about) {
    const others = this.about !== undefined && this.about !== about;
    this.about = about;
    if (!others) return;
    this.current = undefined;
    if (this.root.getBoundingClientRect().top < 0) this.root.scrollIntoView({ block: "start" });
  }

  #card(card) {
    const node = this.cards.get(card.key) ?? this.#blank(card.key);
    const told = JSON.stringify(card);
    if (node.told === told) return node; // of hundreds of cards few change
    node.told = told;
    const said = [card.mark && `Marked, ${card.mark} like it`, card.rank && `Result ${card.rank}`, card.title, card.labels.join(", "), card.words, card.number && `distance ${card.number}`];
    node.classList.toggle("selected", card.selected);
    if (card.selected) node.setAttribute("aria-current", "true");
    else node.removeAttribute("aria-current");
    part(node, "rank").textContent = card.rank || "";
    node.dataset.mark = card.mark;
    const place = card.title.match(PLACE)?.[0] ?? "";
    part(node, "file").textContent = card.title.slice(0, card.title.length - place.length);
    part(node, "place").textContent = place;
    part(node, "name").title = card.title;
    part(node, "words").textContent = card.words;
    part(node, "number").textContent = card.number;
    part(node, "number").title = "Distance: 0 is the same, 2 is the opposite";
    part(node, "labels").replaceChildren(...card.labels.map(chip));
    part(node, "labels").title = card.labels.join(", ");
    part(node, "picture").setAttribute("aria-label", `Open ${said.filter(Boolean).join(", ")}`);
    part(node, "similar").setAttribute("aria-label", `Find similar to ${card.title}`);
    part(node, "open").setAttribute("aria-label", `Open ${card.title}`);
    part(node, "pick").setAttribute("aria-label", `Select ${card.title}`);
    node.querySelector("img").alt = card.title;
    return node;
  }

  #blank(key) {
    const picture = button("picture", (event) => this.#click(event, key));
    const image = new Image();
    image.loading = "lazy";
    image.decoding = "async";
    image.src = `${location.origin}${this.base}/thumbnails/${key}.webp`;
    image.addEventListener("error", () => picture.classList.add("broken"));
    picture.append(image, make("span", "rank"));
    const pick = make("input", "pick");
    pick.type = "checkbox";
    pick.addEventListener("click", (event) => this.picks.toggle(key, event.shiftKey));
    const similar = button("similar", () => this.send({ kind: "similar", key }), icon(SIMILAR), "Find similar");
    const open = button("open", () => this.send({ kind: "open", key }), icon(OPEN));
    open.title = "Open";
    const distance = make("div", "distance", make("span", "words"), make("span", "number"));
    const text = make("div", "text", make("div", "name", make("span", "file"), make("span", "place")), distance, make("div", "labels"));
    return make("li", "card", picture, pick, text, make("div", "actions", similar, open));
  }

  // --- selecting

  #click(event, key) {
    if (!this.root.classList.contains("small") && (event.shiftKey || event.ctrlKey || event.metaKey)) {
      this.picks.toggle(key, event.shiftKey);
    } else this.send({ kind: "open", key });
  }

  #picked() {
    const count = this.picks.size;
    for (const [key, node] of this.cards) {
      node.classList.toggle("picked", this.picks.has(key));
      part(node, "pick").checked = this.picks.has(key);
    }
    this.root.classList.toggle("picking", count > 0);
    this.bar.hidden = count === 0;
    part(this.bar, "count").textContent = `${count} selected`;
    const action = part(this.bar, "together").lastChild;
    action.textContent = count === 1 ? "Search with it" : `Search with these ${count}`;
    for (const [kind, told] of [["liked", "More"], ["unliked", "Less"]]) {
      part(this.bar, kind).lastChild.textContent = `${told} like ${count === 1 ? "this" : "these"}`;
    }
    const words = count ? `${count} selected` : "Nothing is selected";
    if (this.said.textContent !== words && (count || this.said.textContent)) this.said.textContent = words;
  }

  #together() {
    this.send({ kind: "together", keys: this.picks.keys() });
    this.picks.clear();
  }

  #collect() {
    this.send({ kind: "collect", keys: this.picks.keys() });
  }

  // One trip for one mark or several; what comes back shows them.
  #mark(kind, keys) {
    this.send({ kind, keys });
    this.picks.clear();
  }

  #clear() {
    this.picks.clear();
    part(this.current ?? this.list, "picture")?.focus();
  }

  // --- more: what is asked for once, until other cards come

  #wait(data) {
    this.near.disconnect();
    this.asked = false;
    this.mode = data.more;
    this.more.hidden = !data.more;
    this.more.textContent = "Show more";
    if (data.more === "scroll" && !NARROW.matches) this.near.observe(this.more);
  }

  #more() {
    if (this.asked || !this.mode) return;
    this.asked = true;
    this.more.textContent = "Looking for more…";
    this.want();
  }

  // --- focus comes back to the card when what was open over the grid has closed

  #return({ key, times }) {
    const closed = this.times !== undefined && this.times !== times;
    this.times = times;
    if (!closed) return;
    const target = this.cards.get(key) ?? this.current; // another than was opened, after "Next"
    const deadline = performance.now() + 3000;
    const step = () => {
      if (document.querySelector("[role=dialog]") && performance.now() < deadline) this.waiting = requestAnimationFrame(step);
      else if (target?.isConnected) part(target, "picture").focus();
    };
    this.waiting = requestAnimationFrame(step);
  }

  // --- keyboard: Tab goes into the grid and card by card, arrows move between the cards

  #rove(current) {
    if (!current) return;
    this.current = current;
    for (const node of this.list.children) {
      node.querySelectorAll("button, input").forEach((each) => (each.tabIndex = node === current ? 0 : -1));
    }
  }

  #key(event) {
    const nodes = [...this.list.children];
    const card = event.target.closest("li");
    const from = nodes.indexOf(card);
    const key = [...this.cards].find(([, node]) => node === card)?.[0];
    const small = this.root.classList.contains("small");
    if (event.altKey || key === undefined) return;
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key.toLowerCase() === "a" && !small) {
      event.preventDefault();
      this.picks.all();
      return;
    }
    if (command) return;
    if (event.key === "Escape" && this.picks.size) {
      event.stopPropagation();
      this.picks.clear();
      return;
    }
    if (event.key.toLowerCase() === "s" && !event.shiftKey) {
      event.preventDefault();
      this.send({ kind: "similar", key });
      return;
    }
    if (["+", "-"].includes(event.key) && this.root.classList.contains("marking")) {
      event.preventDefault();
      this.#mark(event.key === "+" ? "more" : "less", [key]);
      return;
    }
    if (event.key === " " && event.target.classList.contains("picture") && !small) {
      event.preventDefault();
      this.picks.toggle(key, event.shiftKey);
      return;
    }
    const columns = nodes.filter((node) => node.offsetTop === nodes[0].offsetTop).length;
    const to = {
      ArrowRight: from + 1,
      ArrowLeft: from - 1,
      ArrowDown: from + columns,
      ArrowUp: from - columns,
      Home: 0,
      End: nodes.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = nodes[to];
    if (!next) return;
    if (event.shiftKey && !small) this.picks.extend(key, [...this.cards.keys()][to]);
    part(next, "picture").focus();
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
