"""A collection of N synthetic embeddings through the real store: `python -m benchmarks.scale N`

Prints one JSON document. The rows are written as they would be, then `python -m ris compact` builds
graph and map, a fresh process opens and searches, another one compares with bare hnswlib and with
exact answers, and 100 real pictures are added by `python -m ris add` and found.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from ris.store.collection import Collection, Draft
from ris.store.files import describe
from ris.store.index import normalise
from ris.store.manifest import Manifest, Part
from ris.store.table import Row, TableWriter

NAME, DIMENSION, CENTRES, BLOCK = "scale", 128, 1000, 20_000
ADDED = 100


@click.command()
@click.argument("count", type=int, default=1_000_000)
@click.option("--home", type=click.Path(path_type=Path), help="Keep the collection there.")
def main(count: int, home: Path | None) -> None:
    """Measure a collection of COUNT items."""
    with tempfile.TemporaryDirectory() as place:
        folder = home or Path(place)
        found: dict[str, Any] = {"items": count, "dimension": DIMENSION}
        if not (folder / NAME).exists():
            found["write the rows, s"] = round(_seconds(lambda: make(folder, count)), 1)
            found["compact"] = _compact(folder)
        found["cold"] = _in_process(folder, "cold")
        found["queries"] = _in_process(folder, "queries")
        found["add"] = _add(folder)
    print(json.dumps(found, indent=1))


def make(home: Path, count: int) -> None:
    """A collection of rows around many centres of different sizes, without graph and map."""
    collection = Collection.create(home, NAME, [], "none")
    work = home / "work"
    work.mkdir(parents=True)
    digest = _export_encoder(work / "encoder")
    random = np.random.default_rng(0)
    centres = normalise(random.normal(size=(CENTRES, DIMENSION)).astype(np.float32))
    axes = random.normal(size=(CENTRES, 16, DIMENSION)).astype(np.float32) / 16
    share = 1 / np.arange(1, CENTRES + 1)
    with TableWriter(work / "part.parquet", DIMENSION, {}) as writer:
        for start in range(0, count, BLOCK):
            keys = range(start, min(start + BLOCK, count))
            of = random.choice(CENTRES, len(keys), p=share / share.sum())
            inside = random.normal(size=(len(keys), 1, 16)).astype(np.float32)
            noise = random.normal(size=(len(keys), DIMENSION)).astype(np.float32) * 0.02
            vectors = normalise(centres[of] + (inside @ axes[of])[:, 0] + noise)
            ids = random.bytes(32 * len(keys)).hex()
            writer.write(
                [
                    Row(key, ids[64 * i : 64 * i + 64], f"/archive/{of[i]:03}/{key:08}.jpg",
                        (f"label {of[i]}",), 640, 480, 100_000 + key, float(key))
                    for i, key in enumerate(keys)
                ],
                vectors,
            )  # fmt: skip
    name = collection.new_part()
    files = {f"encoders/{digest}/{p.name}": p for p in (work / "encoder").iterdir()}
    part = Part(**describe(work, work / "part.parquet", name=name).to_json(), rows=count)
    manifest = Manifest(
        generation="",
        parent=None,
        created="",
        encoder=digest,
        dimension=DIMENSION,
        items=count,
        next_key=count,
        parts=(part,),
        graph=None,
        maps=(),
        encoder_files=tuple(describe(work, p, name=n) for n, p in sorted(files.items())),
    )
    collection.publish(Draft(manifest, {name: work / "part.parquet", **files}), parent=None)


def _export_encoder(folder: Path) -> str:
    """The base encoder with half as many numbers, in a process of its own."""
    script = f"""
import numpy as np
from pathlib import Path
from ris.model.base import load_base
from ris.model.choices import Choices
from ris.model.encoder import seal
from ris.model.export import export
from ris.model.head import fit_to
from ris.model.network import NetworkSettings, build_network
network = build_network(NetworkSettings(dimension={DIMENSION - 64}))
network.copy_weights(load_base(Choices()))
pixels = np.random.default_rng(0).integers(0, 256, (500, 64, 64, 3), np.uint8)
fit_to(network, pixels, np.arange(500))
folder = Path({str(folder)!r})
folder.mkdir()
export(network, folder)
print(seal(folder, {{}}))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.split()[-1]


def _compact(home: Path) -> dict[str, Any]:
    """What the job took: seconds of its stages, and its peak memory."""
    before = time.perf_counter()
    process = _ris(home, "compact", NAME)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit("compact failed")
    collection = Collection(home, NAME)
    graph = collection.manifest(collection.current() or "").graph
    assert graph is not None
    return {
        "s": round(time.perf_counter() - before, 1),
        "peak memory, GB": round(usage.ru_maxrss / 1e6, 2),
        "M": graph.m,
        "ef_construction": graph.ef_construction,
        "ef": graph.ef,
        "recall at 10 in the manifest": graph.recall,
    }


def _add(home: Path) -> dict[str, Any]:
    """Seconds from the command to the first search that finds the new pictures."""
    from ris.images.demo import FAMILIES
    from ris.images.entries import DrawnEntry

    folder = home / "new"
    folder.mkdir(exist_ok=True)
    first = int(time.time())
    for number in range(first, first + ADDED):
        family = list(FAMILIES)[number % len(FAMILIES)]
        entry = DrawnEntry("", "", family=family, number=number)
        (folder / f"{number}.jpg").write_bytes(entry.read())
    from ris.explore.explorer import open_explorer

    serving = open_explorer(home, NAME)  # as a server that has it open already
    started = time.perf_counter()
    process = _ris(home, "add", NAME, str(folder))
    _, status, usage = os.wait4(process.pid, 0)
    added = time.perf_counter() - started
    if status:
        raise SystemExit("add failed")
    again = open_explorer(home, NAME)
    hit = again.search(folder / f"{first}.jpg", k=1).hits[0]
    total = time.perf_counter() - started
    assert hit.item.path == str(folder / f"{first}.jpg")
    return {
        "pictures": again.count - serving.count,
        "command, s": round(added, 2),
        "found by an open server after, s": round(total, 2),
        "peak memory of the command, GB": round(usage.ru_maxrss / 1e6, 2),
    }


def _ris(home: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "ris", "--home", str(home), *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def _in_process(home: Path, what: str) -> dict[str, Any]:
    """Measure in a fresh process, so that its memory is its own."""
    script = f"from benchmarks import scale; scale.{what}({str(home)!r})"
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def cold(home: str) -> None:
    """Open and search once; prints JSON."""
    started = time.perf_counter()
    from ris.explore.explorer import open_explorer

    explorer = open_explorer(Path(home), NAME)
    opened = time.perf_counter() - started
    explorer.similar(5, k=24)
    first = time.perf_counter() - started
    map_seconds = _seconds(lambda: explorer.points())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    found = {
        "open, s": round(opened, 2),
        "open and first search, s": round(first, 2),
        "points of the map, s": round(map_seconds, 2),
        "peak memory, GB": round(peak, 2),
        "notices": explorer.notices,
    }
    print(json.dumps(found))


def queries(home: str) -> None:
    """Searches beside bare hnswlib and exact answers; prints JSON."""
    import hnswlib

    from ris.explore.explorer import open_explorer
    from ris.store.index import ExactIndex, GraphIndex, recall_at
    from ris.store.table import read_embeddings

    explorer = open_explorer(Path(home), NAME)
    manifest = explorer.manifest
    graph = manifest.graph
    assert graph is not None
    vectors = read_embeddings(
        [explorer.collection.folder / manifest.parts[0].file], graph.rows, DIMENSION
    )
    random = np.random.default_rng(1)
    pick = random.integers(0, len(vectors), (1000, 2))
    asked = normalise(0.7 * vectors[pick[:, 0]] + 0.3 * vectors[pick[:, 1]])
    index: Any = explorer._index
    if not isinstance(index, GraphIndex):
        index = index._graph
    bare = hnswlib.Index(space="cosine", dim=DIMENSION)
    bare.load_index(str(explorer.collection.folder / graph.file))
    bare.set_ef(graph.ef)
    exact = ExactIndex(vectors, np.arange(len(vectors))).query(asked[:200], 10)
    recall = recall_at(index.query(asked[:200], 10), exact)
    ours, theirs = _beside(lambda: index.query(asked, 10), lambda: bare.knn_query(asked, 10))
    whole, inner = [], []
    index._graph = watched = _Watched(index._graph)
    for key in random.integers(0, len(vectors), 300):
        whole.append(_seconds(lambda k=key: explorer.similar(int(k), k=24)))
        inner.append(watched.seconds)
    found = {
        "recall at 10": round(recall, 4),
        "batch of 1,000, queries/s": round(1000 / ours),
        "bare hnswlib, queries/s": round(1000 / theirs),
        "ratio": round(theirs / ours, 3),
        "one query with its 24 items, ms": round(1000 * median(whole), 2),
        "hnswlib's own call in it, ms": round(1000 * median(inner), 2),
        "outside it, ms": round(1000 * float(np.median(np.subtract(whole, inner))), 2),
    }
    print(json.dumps(found))


class _Watched:
    """A graph that tells how long its last query took."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph
        self.seconds = 0.0

    def knn_query(self, *asked: Any) -> Any:
        started = time.perf_counter()
        found = self._graph.knn_query(*asked)
        self.seconds = time.perf_counter() - started
        return found


def _beside(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of two, measured by turns."""
    times: NDArray[np.float64] = np.array([[_seconds(one), _seconds(other)] for _ in range(7)])
    return float(np.median(times[:, 0])), float(np.median(times[:, 1]))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
