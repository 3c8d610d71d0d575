// Pictures dropped or pasted anywhere on the page go into the page's uploader, which checks and
// sends them; addresses of pictures go to Python, where the server allows them.

const INPUT = ".st-key-ask [data-testid=stFileUploaderDropzone] input[type=file]";
const WRITING = "input:not([type=checkbox], [type=radio], [type=file]), textarea, [contenteditable=true]";
const catchers = new WeakMap();

export function mount(component) {
  const parent = component.parentElement;
  if (!catchers.has(parent)) catchers.set(parent, new Catcher(parent));
  catchers.get(parent).update(component);
  return () => {
    catchers.get(parent)?.destroy();
    catchers.delete(parent);
  };
}

class Catcher {
  constructor(parent) {
    this.veil = document.createElement("div");
    this.veil.className = "veil";
    this.words = document.createElement("p");
    this.veil.append(this.words);
    this.said = document.createElement("p");
    this.said.className = "said";
    this.said.setAttribute("role", "status");
    parent.append(this.veil, this.said);
    this.depth = 0;
    this.ended = new AbortController();
    const listen = (kind, heard) => document.addEventListener(kind, heard, { capture: true, signal: this.ended.signal });
    listen("dragenter", (event) => this.#over(event, 1));
    listen("dragover", (event) => this.#over(event, 0));
    listen("dragleave", (event) => this.#over(event, -1));
    listen("drop", (event) => this.#drop(event));
    listen("paste", (event) => this.#paste(event));
  }

  destroy() {
    this.ended.abort();
    clearTimeout(this.later);
    this.veil.remove();
    this.said.remove();
  }

  update({ data, setTriggerValue }) {
    this.addresses = data.addresses;
    this.words.textContent = "Drop pictures anywhere to search with them";
    this.send = (address) => setTriggerValue("event", { kind: "address", address });
  }

  // --- dragging: only what comes from outside counts, not what is dragged within the page

  #over(event, step) {
    if (!this.#brings(event.dataTransfer)) return;
    event.preventDefault();
    this.depth = Math.max(0, this.depth + step);
    this.veil.classList.toggle("shown", step >= 0 || this.depth > 0);
    if (step === 0) event.dataTransfer.dropEffect = "copy";
  }

  #brings(transfer) {
    const kinds = [...(transfer?.types ?? [])];
    return kinds.includes("Files") || (this.addresses && kinds.includes("text/uri-list"));
  }

  #drop(event) {
    this.depth = 0;
    this.veil.classList.remove("shown");
    if (!this.#brings(event.dataTransfer)) return;
    event.preventDefault();
    event.stopPropagation(); // the uploader would take what falls on it a second time
    const files = [...event.dataTransfer.files];
    const address = event.dataTransfer.getData("text/uri-list").split("\n").find((line) => /^https?:/.test(line));
    if (files.length) this.#give(files);
    else if (address) this.send(address.trim());
    else this.#say("That is no picture. Drop picture files.");
  }

  #paste(event) {
    const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    if (files.length) {
      event.preventDefault();
      event.stopPropagation();
      this.#give(files);
      return;
    }
    const target = event.composedPath()[0];
    if (target instanceof Element && target.closest(WRITING)) return;
    const text = event.clipboardData?.getData("text/plain").trim() ?? "";
    if (this.addresses && /^https?:\/\/\S+$/.test(text)) this.send(text);
    else this.#say("There is no picture in the clipboard. Copy one first.");
  }

  // --- the page's own uploader takes it from here

  #give(files) {
    const input = [...document.querySelectorAll(INPUT)].find((each) => each.isConnected);
    if (!input) {
      this.#say("The page is still loading. Try again.");
      return;
    }
    const carried = new DataTransfer();
    files.forEach((file) => carried.items.add(file));
    input.files = carried.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    this.#say(files.length === 1 ? `Searching with ${files[0].name || "the picture"}` : `Searching with ${files.length} pictures`);
  }

  #say(words) {
    this.said.textContent = words;
    this.said.classList.add("shown");
    clearTimeout(this.later);
    this.later = setTimeout(() => this.said.classList.remove("shown"), 4000);
  }
}
