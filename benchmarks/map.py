"""Three ways to draw the map's points, in one browser: `python -m benchmarks.map`

Prints one JSON document. Each way draws the same points into the same frame: plotly.js (scattergl),
our own WebGL (`assets/map_gl.js`) and, where its bundle is given, regl-scatterplot:

    npm install regl-scatterplot esbuild
    echo 'export { default } from "regl-scatterplot"' > entry.js
    npx esbuild entry.js --bundle --format=esm --minify --outfile=regl.js
    python -m benchmarks.map --regl regl.js
"""

from __future__ import annotations

import json
import shutil
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import numpy as np

from ris.explore.polygon import inside

ASSETS = Path(__file__).parents[1] / "assets"
WIDTH, HEIGHT, COLOURS = 900, 640, 12
ARGUMENTS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LASSO = [(0.25, 0.25), (0.75, 0.2), (0.8, 0.75), (0.5, 0.85), (0.2, 0.7), (0.26, 0.27)]

PAGE = """<!doctype html><meta charset="utf-8">
<body style="margin:0"><div id="map" style="position:relative;width:900px;height:640px"></div>
<script type="module">
import { draw } from "/%s.js";
const answer = await fetch("/points.bin");
const buffer = await answer.arrayBuffer();
const count = buffer.byteLength / 9;
const places = new Float32Array(buffer, 0, 2 * count);
const codes = new Uint8Array(buffer, 8 * count, count);
const frame = () => new Promise(requestAnimationFrame);
const finished = async () => {
  await frame(); await frame();
  for (const canvas of document.querySelectorAll("canvas")) {
    const gl = canvas.getContext("webgl2") ?? canvas.getContext("webgl");
    gl?.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  }
};
const map = document.querySelector("#map");
const drawn = await draw(map, places, codes, count);
await finished();
window.painted = performance.now();
window.pan = async (steps) => {
  const took = [];
  for (let step = 1; step <= steps; step++) {
    const began = performance.now();
    await drawn.pan(step / 100);
    await finished();
    took.push(performance.now() - began);
  }
  return took.sort((a, b) => a - b)[steps >> 1];
};
window.lasso = drawn.lasso;
window.recolour = async () => {
  const began = performance.now();
  await drawn.recolour(codes.map((code) => (code + 1) %% 12));
  await finished();
  return performance.now() - began;
};
</script>"""

COLOUR = """const COLOUR = (i) => `#${(0x101010 + i * 0x131a0d).toString(16).padStart(6, "0")}`;"""

DRAW = {
    "plotly": COLOUR
    + """
export async function draw(node, places, codes, count) {
  await new Promise((done) => {
    const script = document.createElement("script");
    script.src = "/plotly.min.js"; script.onload = done; document.head.append(script);
  });
  const tracesOf = (codes) => Array.from({length: 12}, (_, colour) => {
    const x = [], y = [];
    for (let i = 0; i < count; i++) {
      if (codes[i] === colour) x.push(places[2*i]), y.push(places[2*i+1]);
    }
    return {type: "scattergl", mode: "markers", x: new Float64Array(x), y: new Float64Array(y),
            hoverinfo: "skip", marker: {size: 3, opacity: 0.6, color: COLOUR(colour)}};
  });
  const axis = {visible: false, range: [-1, 1]};
  const layout = {width: 900, height: 640, margin: {l: 0, r: 0, t: 0, b: 0}, dragmode: "lasso",
                  hovermode: false, showlegend: false, xaxis: axis, yaxis: axis};
  await Plotly.newPlot(node, tracesOf(codes), layout, {displayModeBar: false});
  return {
    pan: (by) => Plotly.relayout(node, {"xaxis.range": [-1 + by, 1 + by]}),
    recolour: (codes) => Plotly.react(node, tracesOf(codes), layout),
    lasso: () => new Promise((done) => {
      node.on("plotly_selected", (found) => done(found.points.length));
    }),
  };
}""",
    "ours": COLOUR
    + """
import { Dots } from "/map_gl.js";
export async function draw(node, places, codes) {
  const canvas = document.createElement("canvas");
  node.append(canvas);
  const dots = new Dots(canvas);
  const colours = new Uint8Array(1024);
  for (let i = 0; i < 12; i++) {
    const value = parseInt(COLOUR(i).slice(1), 16);
    colours.set([value >> 16, (value >> 8) & 255, value & 255, 255], 4 * i);
  }
  dots.paint(colours);
  const block = dots.add(places, codes);
  const look = (by) => {
    const view = {x0: -1 + by, x1: 1 + by, y0: -1, y1: 1, width: 900, height: 640};
    dots.draw(view, [block], {size: 3, opacity: 0.6});
  };
  look(0);
  return {
    pan: look,
    recolour: (codes) => { dots.recode(block, codes); look(0); },
    lasso: null,
  };
}""",
    "regl": COLOUR
    + """
import create from "/bundle.js";
export async function draw(node, places, codes, count) {
  const canvas = document.createElement("canvas");
  node.append(canvas);
  const plot = create({
    canvas, width: 900, height: 640, pointSize: 3, opacity: 0.6, lassoOnLongPress: false,
    colorBy: "valueA", pointColor: Array.from({length: 12}, (_, i) => COLOUR(i)),
  });
  const columns = (codes) => ({x: Float32Array.from({length: count}, (_, i) => places[2*i]),
    y: Float32Array.from({length: count}, (_, i) => places[2*i+1]), z: Array.from(codes)});
  await plot.draw(columns(codes), {zDataType: "categorical"});
  plot.set({mouseMode: "lasso", lassoMinDelay: 0, lassoMinDist: 1});
  return {
    pan: (by) => { plot.zoomToLocation([by, 0], 1, {transition: false}); },
    recolour: (codes) => plot.draw(columns(codes), {zDataType: "categorical"}),
    lasso: () => new Promise((done) => plot.subscribe("select", ({points}) => done(points.length))),
  };
}""",
}


@click.command()
@click.argument("counts", type=int, nargs=-1)
@click.option("--regl", type=click.Path(exists=True, path_type=Path), help="Its bundle.")
def main(counts: tuple[int, ...], regl: Path | None) -> None:
    """Measure COUNTS points, 20,000, 200,000 and 1,000,000 by default."""
    from playwright.sync_api import sync_playwright

    ways = ["plotly", "ours", *(["regl"] if regl else [])]
    chromium = next(filter(None, map(shutil.which, NAMES)))
    found: dict[str, dict[str, Any]] = {}
    with sync_playwright() as playwright:
        for count in counts or (20_000, 200_000, 1_000_000):
            for way in ways:
                browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
                try:
                    found.setdefault(f"{count:,}", {})[way] = _measure(browser, way, count, regl)
                finally:
                    browser.close()
            found[f"{count:,}"]["a lasso in Python, s"] = _resolve(_places(count))
    print(json.dumps(found, indent=1))


def _measure(browser: Any, way: str, count: int, regl: Path | None) -> dict[str, Any]:
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.set_default_timeout(180_000)
    places = _places(count)
    codes = np.random.default_rng(1).integers(0, COLOURS, count, np.uint8)
    spec = find_spec("plotly")
    assert spec is not None
    assert spec.origin is not None
    files = {
        "/": ("text/html", (PAGE % way).encode()),
        f"/{way}.js": ("text/javascript", DRAW[way].encode()),
        "/points.bin": ("application/octet-stream", places.tobytes() + codes.tobytes()),
        "/map_gl.js": ("text/javascript", (ASSETS / "map_gl.js").read_bytes()),
        "/plotly.min.js": (
            "text/javascript",
            (Path(spec.origin).parent / "package_data" / "plotly.min.js").read_bytes(),
        ),
        "/bundle.js": ("text/javascript", regl.read_bytes() if regl else b""),
    }

    def answer(route: Any) -> None:
        kind, body = files.get("/" + route.request.url.split("/", 3)[3], ("text/plain", b""))
        route.fulfill(content_type=kind, body=body)

    page.route("**/*", answer)
    page.goto("http://localhost:8080/", wait_until="commit")
    page.wait_for_function("window.painted", polling=50)
    measured = {
        "first paint, s": round(page.evaluate("window.painted") / 1000, 2),
        "a step of panning, ms": round(page.evaluate("window.pan(10)")),
        "other colours, ms": round(page.evaluate("window.recolour()")),
    }
    if page.evaluate("Boolean(window.lasso)"):
        measured["a lasso in the browser, s"] = _lasso(page)
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")
    megabytes = (used["usedSize"] + used.get("backingStorageSize", 0)) / 1e6
    return {**measured, "heap with typed arrays, MB": round(megabytes)}


def _lasso(page: Any) -> float | None:
    page.evaluate("void window.lasso().then((found) => (window.count = found))")
    for number, (right, down) in enumerate(LASSO):
        page.mouse.move(WIDTH * right, HEIGHT * down, steps=6)
        if number == 0:
            page.mouse.down()
    began = time.perf_counter()
    page.mouse.up()
    try:
        page.wait_for_function("window.count > 0", polling=20, timeout=90_000)
    except Exception:
        return None
    return round(time.perf_counter() - began, 2)


def _resolve(places: np.ndarray) -> float:
    turn = np.linspace(0, 2 * np.pi, 300)
    around = np.stack([0.5 * np.cos(turn), 0.5 * np.sin(turn)], 1)
    began = time.perf_counter()
    inside(places, around)
    return round(time.perf_counter() - began, 3)


def _places(count: int) -> np.ndarray:
    random = np.random.default_rng(0)
    centres = random.uniform(-0.8, 0.8, (200, 2))
    at = centres[random.integers(0, 200, count)] + random.normal(size=(count, 2)) * 0.05
    return np.clip(at, -1, 1).astype("<f4")


if __name__ == "__main__":
    main()
