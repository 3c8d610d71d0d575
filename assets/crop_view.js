// A picture on which people draw a box, by hand or by keyboard: the part that is searched with.

const STEP = 0.02; // of a side, for an arrow key
const LEAST = 0.04; // of a side
const KEYS = "Arrow keys move the box, with Shift they change its size, Enter searches with it.";
const views = new WeakMap();

export function mount(component) {
  const parent = component.parentElement;
  if (!views.has(parent)) views.set(parent, new CropView(parent));
  views.get(parent).update(component);
  return () => {
    views.get(parent)?.root.remove();
    views.delete(parent);
  };
}

class CropView {
  constructor(parent) {
    this.image = new Image();
    this.image.draggable = false;
    this.box = make("div", "box");
    this.box.tabIndex = 0;
    this.box.setAttribute("role", "group");
    this.box.setAttribute("aria-roledescription", "Part of the picture");
    this.stage = make("div", "stage", this.image, this.box);
    this.said = make("p", "unseen");
    this.said.setAttribute("role", "status");
    this.search = make("button", "search", "Search with this part");
    this.search.type = "button";
    this.search.addEventListener("click", () => this.#send());
    this.root = make("div", "crop", this.stage, make("p", "keys", `Drag to draw a box. ${KEYS}`), this.search, this.said);
    parent.append(this.root);
    this.stage.addEventListener("pointerdown", (event) => this.#down(event));
    this.stage.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) this.stage.addEventListener(end, () => this.#up());
    this.box.addEventListener("keydown", (event) => this.#key(event));
  }

  update({ data, setTriggerValue }) {
    this.send = (value) => setTriggerValue("event", value);
    if (this.source !== data.source) {
      this.source = data.source;
      this.image.src = data.source.startsWith("data:") ? data.source : location.origin + data.source;
      this.image.alt = data.alt;
      this.#show(data.box ?? [0.2, 0.2, 0.6, 0.6]);
    }
  }

  #show(box) {
    this.at = box;
    const [x, y, width, height] = box.map((side) => `${(100 * side).toFixed(2)}%`);
    Object.assign(this.box.style, { left: x, top: y, width, height });
    const told = box.map((side) => Math.round(100 * side));
    this.box.setAttribute("aria-label", `${told[2]} % by ${told[3]} % of the picture, ${told[0]} % from the left, ${told[1]} % from the top. ${KEYS}`);
  }

  // Where the pointer is, in shares of the picture.
  #place(event) {
    const { left, top, width, height } = this.stage.getBoundingClientRect();
    return [clamp((event.clientX - left) / width, 0, 1), clamp((event.clientY - top) / height, 0, 1)];
  }

  #down(event) {
    if (event.button) return;
    event.preventDefault();
    this.stage.setPointerCapture(event.pointerId);
    const [x, y] = this.#place(event);
    const inside = event.target === this.box;
    this.drag = inside ? { from: [x, y], box: this.at } : { corner: [x, y] };
    this.box.focus({ preventScroll: true });
  }

  #move(event) {
    if (!this.drag) return;
    const [x, y] = this.#place(event);
    const { corner, from, box } = this.drag;
    if (corner) {
      const width = Math.max(Math.abs(x - corner[0]), LEAST);
      const height = Math.max(Math.abs(y - corner[1]), LEAST);
      this.#show([clamp(Math.min(x, corner[0]), 0, 1 - width), clamp(Math.min(y, corner[1]), 0, 1 - height), width, height]);
    } else {
      this.#show([clamp(box[0] + x - from[0], 0, 1 - box[2]), clamp(box[1] + y - from[1], 0, 1 - box[3]), box[2], box[3]]);
    }
  }

  #up() {
    this.drag = null;
  }

  #key(event) {
    const [across, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [];
    if (event.key === "Enter") this.#send();
    if (across === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // the page's own arrow keys go from picture to picture
    let [x, y, width, height] = this.at;
    if (event.shiftKey) {
      width = clamp(width + across * STEP, LEAST, 1 - x);
      height = clamp(height + down * STEP, LEAST, 1 - y);
    } else {
      x = clamp(x + across * STEP, 0, 1 - width);
      y = clamp(y + down * STEP, 0, 1 - height);
    }
    this.#show([x, y, width, height]);
    this.said.textContent = this.box.getAttribute("aria-label").split(".")[0];
  }

  #send() {
    this.send({ box: this.at });
  }
}

function clamp(value, least, most) {
  return Math.min(Math.max(value, least), most);
}

function make(name, kind, ...children) {
  const node = document.createElement(name);
  node.className = kind;
  node.append(...children);
  return node;
}
