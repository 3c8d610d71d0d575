"""The whole loop on real pictures: create, search held-out pictures, retrain, search again.

    python -m benchmarks.loop PICTURES [--limit N] [--minutes M] [--retrain M]

PICTURES is any folder or archive whose folders are labels. A share of the pictures is held out as
queries. Prints one JSON document: seconds of each stage, peak memory of the job, latency of a
query, and precision@10 by label next to raw 32 x 32 pixels on the same split.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray
from PIL import Image

from ris.errors import PictureError
from ris.images.decode import decode
from ris.images.entries import Entry
from ris.images.sources import folder_label, open_source
from ris.settings import ROOT


def main() -> None:
    """Run the loop and print what was measured."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="ris-benchmark-") as folder:
        place = Path(folder)
        print("Splitting the pictures", file=sys.stderr)
        counts = _split(options.pictures, place, options.limit, options.held_out, options.seed)
        report: dict[str, Any] = {"pictures": counts[0], "queries": counts[1]}
        report["raw 32x32"] = {"precision@10": _raw_precision(place)}
        home = ["--home", str(place / "home")]
        create = ["create", "loop", str(place / "pictures"), "--minutes", str(options.minutes)]
        report["create"] = _job([*home, *create, "--json"])
        report["search"] = _search(home, place / "queries")
        train = ["train", "loop", "--minutes", str(options.retrain)]
        report["retrain"] = _job([*home, *train, "--json"])
        report["search after retraining"] = _search(home, place / "queries")
    print(json.dumps(report, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", help="a folder or archive whose folders are labels")
    parser.add_argument("--limit", type=int, help="use so many pictures, drawn at random")
    parser.add_argument("--held-out", type=float, default=0.1, help="share used as queries")
    parser.add_argument("--minutes", type=float, default=3.0, help="training time")
    parser.add_argument("--retrain", type=float, default=3.0, help="training time of the second")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _split(
    source: str, place: Path, limit: int | None, held_out: float, seed: int
) -> tuple[int, int]:
    """Copy pictures to `pictures/LABEL/` and, the held-out ones, to `queries/LABEL/`."""
    entries = list(_entries(source))
    random.Random(seed).shuffle(entries)
    entries = entries[:limit]
    queries = int(len(entries) * held_out)
    for number, (inside, data) in enumerate(entries):
        group = "queries" if number < queries else "pictures"
        label = folder_label(inside) or "none"
        file = place / group / label / f"{number:07}{Path(inside).suffix}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return len(entries) - queries, queries


def _entries(source: str) -> Iterator[tuple[str, bytes]]:
    for entry in open_source(source).entries():
        if isinstance(entry, Entry):
            try:
                yield entry.inside, entry.read()
            except PictureError:
                continue


def _job(arguments: list[str]) -> dict[str, Any]:
    """Run `python -m ris` and tell what it printed, with the peak memory of all its processes."""
    command = [sys.executable, "-m", "ris", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    peak = _Peak(process.pid)
    output = process.communicate()[0]
    if process.returncode:
        sys.exit(f"{' '.join(arguments)} failed")
    facts = json.loads(output)
    told = ("items", "skipped", "seconds", "steps", "loss", "validation_loss", "recall")
    return {**{name: facts[name] for name in told}, "peak MB": peak.stop()}


class _Peak:
    """Samples the resident memory of a process and its children."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._done = threading.Event()
        self._most: dict[str, float] = {"main": 0.0, "all": 0.0}
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._done.wait(0.2):
            try:
                own = self._process.memory_info().rss
                children = self._process.children(recursive=True)
                total = own + sum(child.memory_info().rss for child in children)
            except psutil.Error:
                continue
            self._most["main"] = max(self._most["main"], own)
            self._most["all"] = max(self._most["all"], total)

    def stop(self) -> dict[str, float]:
        self._done.set()
        self._thread.join()
        return {name: round(most / 1e6) for name, most in self._most.items()}


def _search(home: list[str], queries: Path) -> dict[str, Any]:
    """Search every query; precision@10 by label and the time a query takes."""
    command = [sys.executable, "-m", "ris", *home, "search", "loop", str(queries), "-k", "10"]
    output = subprocess.run([*command, "--json"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    right, times = [], []
    for line in output.stdout.splitlines():
        answer = json.loads(line)
        label = Path(answer["query"]).parent.name
        right.append(statistics.mean(label in hit["labels"] for hit in answer["hits"]))
        times.append(answer["milliseconds"])
    return {
        "precision@10": round(statistics.mean(right), 4),
        "milliseconds, median": round(statistics.median(times), 2),
        "milliseconds, p95": round(float(np.percentile(times, 95)), 2),
    }


def _raw_precision(place: Path) -> float:
    """Precision@10 of the cosine of raw 32 x 32 pixels on the same split."""
    vectors, labels = _raw(place / "pictures")
    queries, wanted = _raw(place / "queries")
    right = []
    for start in range(0, len(queries), 64):
        near = np.argpartition(-(queries[start : start + 64] @ vectors.T), 10, axis=1)[:, :10]
        right.append(labels[near] == wanted[start : start + 64, None])
    return round(float(np.concatenate(right).mean()), 4)


def _raw(folder: Path) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    vectors, labels = [], []
    for path in sorted(folder.glob("*/*")):
        try:
            image = decode(path.read_bytes()).image
        except PictureError:
            continue
        vectors.append(np.asarray(image.resize((32, 32), Image.Resampling.BICUBIC)).ravel())
        labels.append(path.parent.name)
    rows = np.asarray(vectors, np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.array(labels)


if __name__ == "__main__":
    main()
