"""How fast pictures are read, and how memory grows: `python -m benchmarks.ingest PICTURES`

PICTURES is a folder or archive. Prints one JSON document: pictures a second of the real scan
(files, rows, pixels, thumbnails on disk) beside the floor, a bare loop of two processes that
decode the same files with Pillow, resize them to the encoder's input and make the thumbnail; and
the peak memory of a whole `create --minutes 0`, with that of its workers, for a tenth of the
pictures and for all.
"""

import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import click
import psutil
from PIL import Image

from ris.images.decode import DRAFT_SIDE
from ris.images.entries import Entry
from ris.images.labels import Labels
from ris.images.prepare import THUMBNAIL_SIDE
from ris.images.sources import Folder, open_source
from ris.progress import StopSignal, silent
from ris.scan import scan
from ris.store.collection import Collection

SIZE = 64


@click.command()
@click.argument("pictures")
@click.option("--limit", type=int, help="Use so many files.")
@click.option("--floor/--no-floor", default=True, help="Whether to measure the floor as well.")
def main(pictures: str, limit: int | None, floor: bool) -> None:
    """Measure reading PICTURES."""
    with tempfile.TemporaryDirectory() as place:
        files = _files(pictures, Path(place) / "pictures", limit)
        found: dict[str, Any] = {"files": len(files)}
        if floor:
            bare, ours = [], []
            for number in range(3):  # by turns, as other work disturbs both
                bare.append(len(files) / _floor(files))
                ours.append(_scan(Path(place), f"all{number}", len(files)))
            found["floor, pictures/s"] = round(sorted(bare)[1])
            found["scan, pictures/s"] = round(sorted(ours)[1])
            found["ratio"] = round(sorted(ours)[1] / sorted(bare)[1], 3)
        for name, limit in (("a tenth", len(files) // 10), ("all", len(files))):
            found[f"peak memory of the job, {name}, MB"] = _job(Path(place), name[-3:], limit)
    print(json.dumps(found, indent=1))


def _files(source: str, folder: Path, limit: int | None) -> list[Path]:
    """The pictures as files in folders of a thousand."""
    files: list[Path] = []
    for entry in open_source(source).entries():
        if isinstance(entry, Entry) and (limit is None or len(files) < limit):
            path = folder / f"{len(files) // 1000:04}" / f"{len(files):07}{Path(entry.path).suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(entry.read())
            files.append(path)
    return files


def _floor(files: list[Path]) -> float:
    """Seconds of the bare loop."""
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(_bare, files[:2]))  # the processes are there
        started = time.perf_counter()
        list(pool.map(_bare, files, chunksize=16))
        return time.perf_counter() - started


def _bare(path: Path) -> int:
    with Image.open(path) as image:
        image.draft("RGB", (DRAFT_SIDE, DRAFT_SIDE))
        picture = image.convert("RGB")
    pixels = picture.resize((SIZE, SIZE), Image.Resampling.BICUBIC, reducing_gap=2.0).tobytes()
    small = max(picture.size) <= 64
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BICUBIC, 2.0)
    file = BytesIO()
    picture.save(file, "WEBP", quality=82, method=1, lossless=small)
    return len(pixels) + file.tell()


class _Part(Folder):
    """The first files of a folder."""

    def __init__(self, root: Path, limit: int) -> None:
        super().__init__(root)
        self.limit = limit

    def entries(self) -> Any:
        for number, entry in enumerate(super().entries()):
            if number >= self.limit:
                return
            yield entry


def _scan(place: Path, name: str, limit: int) -> float:
    collection = Collection.create(place / "home", name, [], "none")
    work = place / f"work-{name}"
    work.mkdir()
    started = time.perf_counter()
    source = _Part(place / "pictures", limit)
    scanned = scan(
        collection, [source], Labels("none"), SIZE, work, on_progress=silent, stop=StopSignal()
    )
    return scanned.count / (time.perf_counter() - started)


def _job(place: Path, name: str, limit: int) -> int:
    """The most memory that the job of a new collection took, with its workers, in MB."""
    files = sorted((place / "pictures").rglob("*.*"))[limit:]
    aside = place / "aside"
    for file in files:  # a folder of so many
        moved = aside / file.relative_to(place / "pictures")
        moved.parent.mkdir(parents=True, exist_ok=True)
        file.rename(moved)
    command = [sys.executable, "-m", "ris", "--home", str(place / "jobs"), "create", name]
    with subprocess.Popen(
        [*command, str(place / "pictures"), "--minutes", "0"], stdout=subprocess.DEVNULL
    ) as job:
        peak = _watch(psutil.Process(job.pid), job)
    if job.returncode:
        raise SystemExit("create failed")
    for file in files:
        (aside / file.relative_to(place / "pictures")).rename(file)
    return round(peak / 1e6)


def _watch(job: psutil.Process, process: "subprocess.Popen[bytes]") -> int:
    """The most bytes that a process and its children held at once, twenty times a second; pages
    of files are left out, as the system takes them back when it needs them."""
    peak = 0
    while process.poll() is None:
        total = 0
        with suppress(psutil.NoSuchProcess):
            for one in [job, *job.children(recursive=True)]:
                with suppress(psutil.NoSuchProcess):
                    memory = one.memory_info()
                    total += memory.rss - getattr(memory, "shared", 0)
        peak = max(peak, total)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    return peak


if __name__ == "__main__":
    main()
