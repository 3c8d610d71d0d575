// A large picture with the likeness of its patches over it. People draw a box, or click a patch.
// Python is told in pixels of the large picture.

const LEAST = 8; // pixels on the screen; less is a click
const views = new WeakMap();

export function mount(component) {
  const parent = component.parentElement;
  if (!views.has(parent)) views.set(parent, new SlideView(parent));
  const view = views.get(parent);
  view.update(component);
  return () => {
    view.destroy();
    views.delete(parent);
  };
}

class SlideView {
  constructor(parent) {
    this.root = make("div", "slide");
    this.plane = make("div", "plane");
    this.plane.tabIndex = 0;
    this.plane.setAttribute("role", "application");
    this.picture = picture("picture");
    this.heat = picture("heat");
    this.marks = make("div", "marks");
    this.drawn = make("div", "drawn");
    this.cross = make("div", "cross");
    this.drawn.hidden = true;
    this.cross.hidden = true;
    this.said = make("p", "unseen");
    this.said.setAttribute("role", "status");
    this.plane.append(this.picture, this.heat, this.marks, this.drawn, this.cross);
    this.root.append(this.plane, this.said);
    parent.append(this.root);
    this.plane.addEventListener("pointerdown", (event) => this.#down(event));
    this.plane.addEventListener("pointermove", (event) => this.#move(event));
    this.plane.addEventListener("pointerup", (event) => this.#up(event));
    this.plane.addEventListener("pointercancel", () => this.#cancel());
    this.plane.addEventListener("keydown", (event) => this.#key(event));
    this.plane.addEventListener("focus", () => (this.cross.hidden = !this.plane.matches(":focus-visible") || !this.at));
    this.plane.addEventListener("blur", () => (this.cross.hidden = true));
  }

  destroy() {
    this.root.remove();
  }

  update({ data, setTriggerValue }) {
    this.send = (event) => setTriggerValue("event", event);
    this.data = data;
    const source = `${location.origin}${data.base}/overviews/${data.slide}.webp`;
    if (this.picture.src !== source) {
      this.picture.src = source;
      this.at = null;
    }
    this.heat.hidden = !data.heat;
    if (data.heat) this.heat.src = data.heat;
    this.heat.style.opacity = data.strength;
    this.plane.style.setProperty("--ratio", `${data.width} / ${data.height}`);
    this.plane.style.setProperty("--share", data.width / data.height);
    this.plane.setAttribute("aria-label", data.name);
    this.picture.alt = data.name;
    this.marks.replaceChildren(...data.marks.map((mark) => this.#mark(mark)));
    this.drawn.hidden = true;
  }

  #mark({ box, kind, label }) {
    const node = make("div", `mark ${kind}`);
    this.#place(node, box);
    if (label) node.append(label);
    return node;
  }

  #place(node, [x, y, width, height]) {
    const { width: wide, height: high } = this.data;
    Object.assign(node.style, {
      left: `${(100 * x) / wide}%`,
      top: `${(100 * y) / high}%`,
      width: `${(100 * width) / wide}%`,
      height: `${(100 * height) / high}%`,
    });
  }

  // --- with the pointer

  #point(event) {
    const area = this.plane.getBoundingClientRect();
    const share = (value, start, length) => Math.min(1, Math.max(0, (value - start) / length));
    return [share(event.clientX, area.left, area.width) * this.data.width, share(event.clientY, area.top, area.height) * this.data.height];
  }

  #down(event) {
    if (event.button !== 0) return;
    this.plane.setPointerCapture(event.pointerId);
    this.from = { at: this.#point(event), x: event.clientX, y: event.clientY };
  }

  #move(event) {
    if (!this.from) return;
    const far = Math.max(Math.abs(event.clientX - this.from.x), Math.abs(event.clientY - this.from.y));
    this.box = far < LEAST ? null : between(this.from.at, this.#point(event));
    this.drawn.hidden = !this.box;
    if (this.box) this.#place(this.drawn, this.box);
  }

  #up(event) {
    if (!this.from) return;
    const [x, y] = this.from.at;
    if (this.box) this.send({ kind: "box", box: this.box.map(Math.round) });
    else if (event.button === 0) this.send({ kind: "click", x, y });
    this.from = this.box = null;
  }

  #cancel() {
    this.from = this.box = null;
    this.drawn.hidden = true;
  }

  // --- with the keyboard: arrows move a cross by one patch, Enter looks for the patch under it

  #key(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const { width, height, side } = this.data;
    if (event.key === "Escape" && this.from) this.#cancel();
    if (event.key === "Enter" && this.at) this.send({ kind: "click", x: this.at[0], y: this.at[1] });
    if (!step) return;
    event.preventDefault();
    const [x, y] = this.at ?? [width / 2, height / 2];
    const clamp = (value, most) => Math.min(most - 1, Math.max(0, value));
    this.at = [clamp(x + step[0] * side, width), clamp(y + step[1] * side, height)];
    this.cross.hidden = false;
    this.#place(this.cross, [this.at[0] - side / 2, this.at[1] - side / 2, side, side]);
    this.said.textContent = `${Math.round(this.at[0])} across, ${Math.round(this.at[1])} down`;
  }
}

function between([x, y], [to, down]) {
  return [Math.min(x, to), Math.min(y, down), Math.abs(to - x), Math.abs(down - y)];
}

function make(name, kind) {
  const node = document.createElement(name);
  node.className = kind;
  return node;
}

function picture(kind) {
  const image = new Image();
  image.className = kind;
  image.draggable = false;
  image.alt = "";
  return image;
}
