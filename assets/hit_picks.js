// Which cards of a grid are selected, and from which one a range begins.

export class Picks {
  constructor(changed) {
    this.changed = changed;
    this.chosen = new Set();
    this.cards = [];
    this.anchor = null;
  }

  get size() {
    return this.chosen.size;
  }

  has(key) {
    return this.chosen.has(key);
  }

  // In the order of the cards, not in that of the clicks.
  keys() {
    return this.cards.filter((key) => this.chosen.has(key));
  }

  // The cards that there are now; a card that is gone is selected no more.
  order(keys) {
    this.cards = keys;
    const known = new Set(keys);
    this.chosen.forEach((key) => known.has(key) || this.chosen.delete(key));
  }

  toggle(key, range) {
    if (range && this.cards.includes(this.anchor)) this.#range(this.anchor, key);
    else {
      if (!this.chosen.delete(key)) this.chosen.add(key);
      this.anchor = key;
    }
    this.changed();
  }

  // Shift and an arrow: what lies between where one began and where one is.
  extend(from, to) {
    if (!this.chosen.size || !this.cards.includes(this.anchor)) this.anchor = from;
    this.#range(this.anchor, to);
    this.changed();
  }

  all() {
    this.chosen = new Set(this.cards);
    this.changed();
  }

  clear() {
    this.chosen.clear();
    this.anchor = null;
    this.changed();
  }

  #range(one, other) {
    const ends = [this.cards.indexOf(one), this.cards.indexOf(other)].sort((a, b) => a - b);
    this.cards.slice(ends[0], ends[1] + 1).forEach((key) => this.chosen.add(key));
  }
}
