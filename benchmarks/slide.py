"""What a large picture costs: `python -m benchmarks.slide PICTURES [--side 20480]`

PICTURES is a folder or archive of photos. Tiles them to one TIFF file (256 x 256 tiles, JPEG), cuts
it into patches with `create --tiles 128`, embeds and indexes them with the base encoder, and
searches. Prints one JSON document: seconds of each stage, patches, peak memory of all processes
together, and milliseconds of a query by a patch, of one by a box of the slide, and of the distances
of all patches, which the heat map shows.
"""

import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np
import psutil
import tifffile
from numpy.typing import NDArray

from ris.explore.explorer import open_explorer
from ris.images.decode import decode
from ris.images.entries import Entry
from ris.images.parts import Box
from ris.images.sources import open_source

TILE = 256
QUERIES = 30


@click.command()
@click.argument("pictures")
@click.option("--side", default=20_480, help="Of the slide, in pixels.")
@click.option("--patch", default=128, help="Side of a patch.")
@click.option("--photos", default=600, help="How many different ones are used.")
def main(pictures: str, side: int, patch: int, photos: int) -> None:
    """Measure a slide of PICTURES."""
    with tempfile.TemporaryDirectory() as place:
        folder, home = Path(place) / "slides", Path(place) / "home"
        folder.mkdir()
        _write(folder / "slide.tif", _photos(pictures, photos), side // TILE)
        found: dict[str, Any] = {
            "slide": f"{side // TILE * TILE} x {side // TILE * TILE}",
            "slide, MB": round((folder / "slide.tif").stat().st_size / 1e6),
        }
        found |= _create(home, folder, patch)
        print(json.dumps(found), file=sys.stderr)  # in case the rest fails, for it took long
        found |= _search(home, str((folder / "slide.tif").resolve()), patch)
    print(json.dumps(found, indent=1))


def _photos(source: str, most: int) -> list[NDArray[np.uint8]]:
    """Squares of a tile's side, cut from the middle of photos."""
    squares = []
    for entry in open_source(source).entries():
        if len(squares) == most:
            break
        if isinstance(entry, Entry):
            image = decode(entry.read(), reduced=False).image
            least = min(image.size)
            left, top = (image.width - least) // 2, (image.height - least) // 2
            square = image.crop((left, top, left + least, top + least)).resize((TILE, TILE))
            squares.append(np.asarray(square))
    return squares


def _write(path: Path, photos: list[NDArray[np.uint8]], count: int) -> None:
    """A TIFF file of count x count photos, each row of them in another order."""
    random = np.random.default_rng(0)

    def tiles() -> Iterator[NDArray[np.uint8]]:
        for _ in range(count):
            row = cycle(random.permutation(len(photos)).tolist())
            for _ in range(count):
                yield photos[next(row)]

    tifffile.imwrite(
        path,
        tiles(),
        shape=(count * TILE, count * TILE, 3),
        dtype=np.uint8,
        tile=(TILE, TILE),
        compression="jpeg",
        photometric="rgb",
    )


def _create(home: Path, folder: Path, patch: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "ris", "--home", str(home), "--json", "create", "slide"]
    command += [str(folder), "--tiles", str(patch), "--minutes", "0"]
    peak, started = [0], time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    watcher = threading.Thread(target=_watch, args=(psutil.Process(process.pid), peak))
    watcher.start()
    told = json.loads(process.communicate()[0])
    watcher.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": round(time.perf_counter() - started),
        "processor s": round(used.ru_utime + used.ru_stime),
        "stages, s": {name: round(seconds, 1) for name, seconds in told["seconds"].items()},
        "patches": told["items"],
        "peak memory of all processes, MB": round(peak[0] / 1e6),
    }


def _watch(process: psutil.Process, peak: list[int]) -> None:
    """The most that a process and its children held at once, ten times a second."""
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        total = 0
        try:
            for one in [process, *process.children(recursive=True)]:
                total += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
        peak[0] = max(peak[0], total)
        time.sleep(0.1)


def _search(home: Path, path: str, patch: int) -> dict[str, Any]:
    explorer = open_explorer(home, "slide", guarded=True)
    slide = explorer.slides[path]
    random = np.random.default_rng(1)
    keys = random.choice(slide.keys, QUERIES)
    boxes = random.integers(0, min(slide.width, slide.height) - patch, (QUERIES, 2))
    timed: dict[str, list[float]] = {"patch": [], "box": [], "heat map": []}
    explorer.search(explorer.part(path, Box(0, 0, patch, patch)), k=10)  # its worker is there
    for key, (x, y) in zip(keys.tolist(), boxes.tolist(), strict=True):
        for name, ask in (
            ("patch", lambda: explorer.similar(key, k=10)),  # noqa: B023  asked at once
            (
                "box",
                lambda: explorer.search(explorer.part(path, Box(x, y, patch, patch)), k=10),  # noqa: B023
            ),
            ("heat map", lambda: explorer.distances(key, slide.keys)),  # noqa: B023
        ):
            started = time.perf_counter()
            ask()
            timed[name].append(1000 * (time.perf_counter() - started))
    return {f"{name}, ms": round(median(times), 1) for name, times in timed.items()}


if __name__ == "__main__":
    main()
