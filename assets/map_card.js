// The card beside the pointer: thumbnail, file name, labels. Names are hostile, so they go in as text only.

const GAP = 16;
const KEPT_WORDS = 2000;
const known = new Map(); // file names and labels by address; a module lives as long as its tab

export class Card {
  constructor(node) {
    this.node = node;
    this.image = node.querySelector("img");
    this.name = node.querySelector(".ris-card-name");
    this.rank = node.querySelector(".ris-card-rank");
    this.labels = node.querySelector(".ris-card-labels");
    this.colour = node.querySelector(".ris-card-colour");
    this.key = null;
  }

  // rank, colour: words, of which there may be none.
  show(base, key, rank, colour, at, view) {
    if (key !== this.key) this.#fill(base, key);
    this.rank.textContent = rank;
    this.colour.textContent = colour;
    this.node.hidden = false;
    this.#place(at, view);
  }

  hide() {
    this.node.hidden = true;
    this.key = null;
  }

  #fill(base, key) {
    this.key = key;
    this.image.src = `${location.origin}${base}/thumbnails/${key}.webp`;
    this.name.textContent = "\u00a0"; // holds the line's height until the name is here
    this.labels.replaceChildren();
    loadWords(base, key).then((words) => {
      if (this.key !== key) return;
      this.name.textContent = words?.name ?? `Picture ${key}`;
      this.labels.replaceChildren(...(words?.labels ?? []).slice(0, 4).map(chip));
    });
  }

  // Beside the point, on the side where there is room.
  #place(at, view) {
    const { offsetWidth: wide, offsetHeight: high } = this.node;
    const right = at.x + GAP + wide <= view.width;
    const x = right ? at.x + GAP : at.x - GAP - wide;
    const y = Math.min(Math.max(at.y - high / 2, 8), view.height - high - 8);
    this.node.style.transform = `translate(${Math.max(8, Math.round(x))}px, ${Math.round(Math.max(8, y))}px)`;
  }
}

// An item's file name and labels, asked for when a card needs them.
function loadWords(base, key) {
  const url = `${location.origin}${base}/items/${key}.json`;
  if (!known.has(url)) {
    if (known.size > KEPT_WORDS) known.clear();
    known.set(url, fetch(url).then((response) => (response.ok ? response.json() : null), () => null));
  }
  return known.get(url);
}

function chip(text) {
  const node = document.createElement("span");
  node.textContent = text;
  return node;
}
