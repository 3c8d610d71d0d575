// The map's own tools: one of three ways to drag, dots or pictures, and commands that change the view.

const ICONS = {
  pan: "M12 3v18M3 12h18M12 3l-2.5 2.5M12 3l2.5 2.5M12 21l-2.5-2.5M12 21l2.5-2.5M3 12l2.5-2.5M3 12l2.5 2.5M21 12l-2.5-2.5M21 12l-2.5 2.5",
  lasso: "M12 4.5c4.7 0 8.5 2.4 8.5 5.5s-3.8 5.5-8.5 5.5S3.5 13.1 3.5 10 7.3 4.5 12 4.5ZM7 14.6a2 2 0 1 0 .8 2.9c.6 1.7-.3 3-1.8 3.5",
  box: "M4 7V4h3M10.5 4h3M17 4h3v3M20 10.5v3M20 17v3h-3M13.5 20h-3M7 20H4v-3M4 13.5v-3",
  pictures: "M4 5h16v14H4ZM4 16l4.5-4.5 3.5 3.5 3-3 5 5M15.5 8.5a1.2 1.2 0 1 0 .01 0",
  in: "M12 5v14M5 12h14",
  out: "M5 12h14",
  all: "M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5",
  results: "M12 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7ZM12 2.5v3.5M12 18v3.5M2.5 12H6M18 12h3.5",
  clear: "M6 6l12 12M18 6L6 18",
};

const TOOLS = [
  ["pan", "Move the map"],
  ["lasso", "Lasso (or Shift + drag)"],
  ["box", "Box select"],
];
const LOOKS = [["pictures", "Show pictures instead of dots"]];
const COMMANDS = [
  ["in", "Zoom in"],
  ["out", "Zoom out"],
  ["all", "Show everything"],
  ["results", "Zoom to the results"],
  ["clear", "Clear the selection (Esc)"],
];

export class Toolbar {
  constructor(node, onCommand) {
    this.node = node;
    this.buttons = new Map();
    const group = (entries, pressed) => {
      const box = document.createElement("div");
      for (const [command, words] of entries) box.append(this.#button(command, words, pressed, onCommand));
      node.append(box);
    };
    group(TOOLS, true);
    group(LOOKS, true);
    group(COMMANDS, false);
  }

  show({ tool, pictures, results, clearable }) {
    this.node.hidden = false;
    for (const [name] of TOOLS) this.buttons.get(name).setAttribute("aria-pressed", String(name === tool));
    this.buttons.get("pictures").setAttribute("aria-pressed", String(pictures));
    this.buttons.get("results").hidden = !results;
    this.buttons.get("clear").hidden = !clearable;
  }

  #button(command, words, pressed, onCommand) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.tip = words;
    button.setAttribute("aria-label", words);
    if (pressed) button.setAttribute("aria-pressed", "false");
    button.hidden = command === "results" || command === "clear";
    button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[command]}"/></svg>`;
    button.addEventListener("click", () => onCommand(command));
    this.buttons.set(command, button);
    return button;
  }
}
