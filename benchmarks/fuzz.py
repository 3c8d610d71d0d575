"""Hostile pictures and archives through the real workers and the real scan.

    python -m benchmarks.fuzz [--cases N] [--seed S]

Good pictures of every accepted kind are cut, spliced, filled with wrong bytes and huge numbers, and
named wrongly; every tenth case is an archive of such, itself often damaged. Case i of a seed is
always the same. Prints one JSON document: what came of the cases, every reason with its count, the
slowest, the most memory that a worker took, and `problems`, which must be empty. The same runs as a
test with fewer cases.
"""

import argparse
import bz2
import gzip
import io
import json
import lzma
import re
import struct
import sys
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import psutil
from numpy.random import Generator
from PIL import Image, ImageCms

from ris.errors import PictureError, SourceError
from ris.images.entries import Entry, Skipped
from ris.images.labels import Labels
from ris.images.pool import DEADLINE, map_entries
from ris.images.prepare import prepare
from ris.images.sources import Folder, Source, open_source
from ris.images.workers import MEMORY
from ris.progress import StopSignal, silent
from ris.scan import scan
from ris.store.collection import Collection
from ris.store.table import read_table

SIZE = 64
START = 256 * 2**20  # what a worker takes before its first picture, at most
ENDINGS = ("jpg", "png", "webp", "gif", "bmp", "tif", "avif", "txt", "JPG", "")
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "zip": bytes,
    "tar": bytes,
    "tar.gz": gzip.compress,
    "tar.xz": lzma.compress,
    "tar.bz2": bz2.compress,
}
NUMBERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 2**29, 2**31 - 1, 2**31, 2**32 - 1)
# what no reason for people has: names of classes, addresses, paths, lines, endless text
UNFIT = re.compile(
    r"Error|Exception|Traceback|\b0x|object at|errno|[<>\n\\]|/\w+/|None|.{161}", re.I
)


@dataclass(frozen=True)
class Report:
    """What came of a run.

    Attributes:
        cases: Files made, archives among them.
        items: Pictures that were read.
        skipped: Files that were not.
        reasons: How often each reason was given, numbers left out.
        problems: What must not be; in words.
        slowest: Seconds and names of the files that took longest.
        worker_mib: Most memory that a worker had at any time.
        own_mib: Most memory that this program had.
        seconds: Time of the whole.
    """

    cases: int
    items: int
    skipped: int
    reasons: dict[str, int]
    problems: list[str]
    slowest: list[tuple[float, str]]
    worker_mib: int
    own_mib: int
    seconds: float


def main() -> None:
    """Run and print; the exit code tells whether there were problems."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ris-fuzz-") as place:
        report = run(Path(place), options.cases, options.seed)
    print(json.dumps(asdict(report), indent=1, ensure_ascii=False))
    sys.exit(bool(report.problems))


def run(place: Path, cases: int, seed: int) -> Report:
    """Make the cases in a folder, read them, and look at what came of it."""
    began, before = time.monotonic(), workers()
    folder = place / "cases"
    folder.mkdir()
    for number in range(cases):
        name, data = make(seed, number)
        (folder / name).write_bytes(data)
    for name, data in largest().items():
        (folder / name).write_bytes(data)

    measured = dict(_measured(folder))
    source = _Recorded(folder)
    collection = Collection.create(place / "home", "fuzz", [str(folder)], "none")
    work = place / "work"
    work.mkdir()
    scanned = scan(
        collection, [source], Labels("none"), SIZE, work, on_progress=silent, stop=StopSignal()
    )
    items = read_table(scanned.rows, ["path"]).column("path").to_pylist()
    skipped = read_table(scanned.skipped).to_pylist() if scanned.skipped else []

    problems = [f"lost or doubled: {one}" for one in _differ(source.listed, items, skipped)]
    problems += [
        f"{row['path']}: unfit for people: {row['reason']}"
        for row in skipped
        if row["path"] not in source.refused
        and (UNFIT.search(row["reason"]) or not re.match(r"[A-Z].*[^.]$", row["reason"]))
    ]
    problems += [f"{name} is not read" for name in largest() if str(folder / name) not in items]
    problems += [f"a worker is left: {left}" for left in workers() - before]
    worker = max(memory for _, memory in measured.values())
    if worker > MEMORY + START:
        problems.append(f"a worker took {worker / 2**20:.0f} MiB")
    slowest = sorted(((seconds, name) for name, (seconds, _) in measured.items()), reverse=True)
    if slowest[0][0] > DEADLINE:
        problems.append(f"{slowest[0][1]} took {slowest[0][0]:.0f} s")
    reasons = Counter(re.sub(r"\d[\d,.]*", "N", row["reason"]) for row in skipped)
    return Report(
        cases=cases + len(largest()),
        items=len(items),
        skipped=len(skipped),
        reasons=dict(reasons.most_common()),
        problems=problems,
        slowest=[(round(seconds, 2), name) for seconds, name in slowest[:5]],
        worker_mib=round(worker / 2**20),
        own_mib=round(_peak_memory() / 2**20),
        seconds=round(time.monotonic() - began, 1),
    )


def make(seed: int, number: int) -> tuple[str, bytes]:
    """One case: a file's name and its bytes; they depend on the arguments only."""
    random = np.random.default_rng([seed, number])
    if number % 10:
        what, data = _mangled(random)
        ending = ENDINGS[random.integers(len(ENDINGS))]
        return f"{number:06} {what}.{ending}".rstrip("."), data
    packing = list(PACKINGS)[random.integers(len(PACKINGS))]
    data = _archive([_mangled(random) for _ in range(5)], packing)
    if random.random() < 0.5:
        data = _damage(data, data, random)[1]
    data = PACKINGS[packing](data)
    if random.random() < 0.3:
        data = _damage(data, data, random)[1]
    return f"{number:06} archive.{packing}", data


def _mangled(random: Generator) -> tuple[str, bytes]:
    names = list(good_pictures())
    one, other = (names[random.integers(len(names))] for _ in range(2))
    how, data = _damage(good_pictures()[one], good_pictures()[other], random)
    return f"{one} {how}", data


def _damage(data: bytes, other: bytes, random: Generator) -> tuple[str, bytes]:
    """A file as broken disks and strangers make it, and how it was made."""
    end = len(data)
    one, two = sorted(int(place) for place in random.integers(end, size=2))
    hows = ("whole", "cut", "flipped", "filled", "spliced", "huge", "huge", "repeated", "dropped")
    how = str(random.choice(hows))
    if how == "cut":
        data = data[:one]
    elif how == "flipped":
        bits = bytearray(data)
        for place in _places(end, int(random.integers(1, 12)), random):
            bits[place] ^= 1 << int(random.integers(8))
        data = bytes(bits)
    elif how == "filled":
        fill = (b"\0", b"\xff", random.bytes(1))[random.integers(3)]
        data = data[:one] + fill * min(two - one, 100) + data[one + min(two - one, 100) :]
    elif how == "spliced":
        data = data[:one] + other[int(random.integers(len(other))) :]
    elif how == "huge":
        for place in _places(end, int(random.integers(1, 4)), random):
            width = int(random.choice((1, 2, 4, 4, 8)))
            number = NUMBERS[random.integers(len(NUMBERS))] & (256**width - 1)
            order = ("big", "little")[random.integers(2)]
            data = data[:place] + number.to_bytes(width, order) + data[place + width :]
    elif how == "repeated":
        data = data[:two] + data[one:two] * int(random.integers(1, 50)) + data[two:]
    elif how == "dropped":
        data = data[:one] + data[one + int(random.integers(1, 100)) :]
    # a wrong checksum would keep most of the damage from the code behind it
    return how, _with_checksums(data) if random.random() < 0.7 else data


def _places(end: int, count: int, random: Generator) -> list[int]:
    """Some places in a file: near its beginning or its end, where sizes stand, or anywhere."""
    found = random.integers(min(end, int(random.choice((64, 300, end)))), size=count)
    return [int(place) for place in (end - 1 - found if random.random() < 0.2 else found)]


def _with_checksums(data: bytes) -> bytes:
    """A PNG file with the right checksum after each chunk, as far as there are any."""
    if not data.startswith(b"\x89PNG"):
        return data
    fixed, place = bytearray(data[:8]), 8
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        if place + 12 + length > len(data):
            break
        content = data[place + 4 : place + 8 + length]
        fixed += data[place : place + 4] + content + struct.pack(">I", zlib.crc32(content))
        place += 12 + length
    return bytes(fixed) + data[place:]


def _archive(files: list[tuple[str, bytes]], packing: str) -> bytes:
    whole = io.BytesIO()
    if packing == "zip":
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, (name, data) in enumerate(files):
                archive.writestr(f"{number}/{name}", data)
    else:
        with tarfile.open(fileobj=whole, mode="w") as archive:
            for number, (name, data) in enumerate(files):
                member = tarfile.TarInfo(f"{number}/{name}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return whole.getvalue()


@cache
def good_pictures() -> dict[str, bytes]:
    """Small files of every accepted kind, by name."""
    noise = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    colours = Image.fromarray(noise).resize((120, 90), Image.Resampling.BICUBIC)
    grey, palette, bits = (colours.convert(mode) for mode in ("L", "P", "1"))
    veiled = colours.copy()
    veiled.putalpha(Image.linear_gradient("L").resize(colours.size))
    levels = np.asarray(grey).astype(np.int32)
    deep = Image.fromarray((levels * 257).astype(np.uint16))
    profiles = [ImageCms.createProfile(name) for name in ("sRGB", "LAB")]
    lab = ImageCms.profileToProfile(colours, *profiles, outputMode="LAB")
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    exif.get_ifd(0x8769)[0x9003] = "2026:11:23 00:00:00"
    about = {"exif": exif, "icc_profile": ImageCms.ImageCmsProfile(profiles[0]).tobytes()}
    frames = {"save_all": True, "append_images": [colours.rotate(90), colours.rotate(180)]}
    kinds: dict[str, list[tuple[str, Image.Image, dict[str, object]]]] = {
        "JPEG": [
            ("", colours, {}),
            ("grey", grey, {}),
            ("cmyk", colours.convert("CMYK"), {}),
            ("progressive", colours, {"progressive": True}),
            ("restarts", colours, {"restart_marker_blocks": 2}),
            ("large", colours.resize((1200, 900)), {"quality": 30}),
            ("about", colours, about),
        ],
        "PNG": [
            ("", colours, {}),
            ("alpha", veiled, {}),
            ("grey", grey, {}),
            ("grey alpha", veiled.convert("LA"), {}),
            ("palette", palette, {}),
            ("transparency", palette, {"transparency": 3}),
            ("bits", bits, {}),
            ("deep", deep, {}),
            ("about", colours, about),
            ("animated", colours, frames),
        ],
        "WEBP": [
            ("", colours, {}),
            ("lossless", colours, {"lossless": True}),
            ("alpha", veiled, {}),
            ("about", colours, about),
            ("animated", colours, frames),
        ],
        "GIF": [
            ("", palette, {}),
            ("transparency", palette, {"transparency": 3}),
            ("animated", palette, frames),
        ],
        "BMP": [
            ("", colours, {}),
            ("alpha", veiled, {}),
            ("grey", grey, {}),
            ("palette", palette, {}),
            ("bits", bits, {}),
        ],
        "TIFF": [
            ("", colours, {}),
            *((name, colours, {"compression": name}) for name in ("tiff_lzw", "packbits", "jpeg")),
            ("deflate", colours, {"compression": "tiff_adobe_deflate"}),
            ("fax", bits, {"compression": "group4"}),
            ("alpha", veiled, {}),
            ("palette", palette, {}),
            ("cmyk", colours.convert("CMYK"), {}),
            ("lab", lab, {}),
            ("deep", deep, {"compression": "tiff_lzw"}),
            ("integers", Image.fromarray(levels * 1000), {}),
            ("floats", Image.fromarray(levels.astype(np.float32)), {}),
            ("big", colours, {"big_tiff": True}),
            ("about", colours, about),
            ("pages", colours, frames),
        ],
        "AVIF": [
            ("", colours, {}),
            ("alpha", veiled, {}),
            ("grey", grey, {}),
            ("about", colours, about),
            ("animated", colours, frames),
        ],
    }
    return {
        f"{kind} {name}".strip(): _encoded(image, kind, **options)
        for kind, ways in kinds.items()
        for name, image, options in ways
    }


@cache
def largest() -> dict[str, bytes]:
    """Pictures that are just within the limits and take the most memory, small as files."""
    size = (8000, 6250)
    exif = Image.Exif()
    exif[0x0112] = 6
    veiled = Image.new("RGBA", size, (200, 30, 60, 128))
    floats = Image.fromarray(np.zeros(size[::-1], np.float32))
    return {
        "largest.webp": _encoded(veiled, "WEBP", lossless=True, quality=0, method=0),
        "largest.png": _encoded(veiled, "PNG", compress_level=1, exif=exif),
        "largest.tif": _encoded(floats, "TIFF", compression="tiff_adobe_deflate"),
    }


def _encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


class _Recorded(Source):
    """All files of a folder and of the archives in it; remembers what it listed.

    Attributes:
        listed: How often each path was listed.
        refused: Archives that could not be opened at all.
    """

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self._folder = folder
        self.listed: Counter[str] = Counter()
        self.refused: set[str] = set()

    def entries(self) -> Iterator[Entry | Skipped]:
        for entry in self._all():
            self.listed[entry.path] += 1
            yield entry

    def count(self) -> int | None:
        return None

    def _all(self) -> Iterator[Entry | Skipped]:
        yield from Folder(self._folder).entries()
        for packing in PACKINGS:
            for path in sorted(self._folder.glob(f"* archive.{packing}")):
                try:
                    yield from open_source(str(path)).entries()
                except SourceError as error:
                    self.refused.add(str(path))
                    yield Skipped(str(path), error.message)


def _differ(listed: Counter[str], items: list[str], skipped: list[dict[str, str]]) -> list[str]:
    """Paths that did not end as often as they were listed, as an item or a skipped row."""
    ended = Counter(items) + Counter(row["path"] for row in skipped)
    return sorted((listed - ended) + (ended - listed))


def _measured(folder: Path) -> Iterator[tuple[str, tuple[float, int]]]:
    """The files of a folder with the seconds that each took and its worker's most memory."""
    for entry, found in map_entries(Folder(folder).entries(), partial(measure, size=SIZE)):
        if not isinstance(found, Skipped):
            yield Path(entry.path).name, found


def workers() -> set[str]:
    """Ids and command lines of the processes that this one began and that still run."""
    children = psutil.Process().children(recursive=True)
    lines = {f"{one.pid} {' '.join(one.cmdline())}" for one in children}
    return {line for line in lines if "resource_tracker" not in line}  # multiprocessing keeps it


def measure(entry: Entry, size: int) -> tuple[float, int]:
    """Runs in a worker: read a picture; the seconds, and the most memory so far in bytes."""
    began = time.perf_counter()
    with suppress(PictureError):
        prepare(entry.read(), size, thumbnail=True)
    return time.perf_counter() - began, _peak_memory()


def _peak_memory() -> int:
    """The most memory that this process ever had, in bytes; 0 where the system does not tell."""
    status = Path("/proc/self/status")  # getrusage would begin with the parent's
    found = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    from benchmarks import fuzz  # the workers know this module by its name only

    fuzz.main()
