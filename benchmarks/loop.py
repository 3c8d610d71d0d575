"""The whole loop on real pictures: create with the base encoder, ask, refine, ask again.

    python -m benchmarks.loop PICTURES [--limit N] [--minutes M] [--set NAME=VALUE]...

PICTURES is any folder or archive whose folders are labels. A share of the pictures is held out as
queries. Prints one JSON document: seconds of each stage, peak memory of the jobs, latency of a
query, what `evaluate --queries` says of the base encoder and of the refined one beside methods
that learn nothing, and the report card with the altered copies.
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

from ris.errors import PictureError
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
        home = ["--home", str(place / "home")]
        chosen = [word for one in options.set for word in ("--set", one)]
        create = ["create", "loop", str(place / "pictures"), "--minutes", "0", *chosen]
        report["create"] = _job([*home, *create, "--json"])
        report["base"] = _evaluate(home, place / "queries")
        report["search"] = _search(home, place / "queries")
        train = ["train", "loop", "--minutes", str(options.minutes)]
        report["train"] = _job([*home, *train, "--json"])
        report["refined"] = _evaluate(home, place / "queries")
        report["card"] = _told([*home, "evaluate", "loop", "--json"])
    print(json.dumps(report, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", help="a folder or archive whose folders are labels")
    parser.add_argument("--limit", type=int, help="use so many pictures, drawn at random")
    parser.add_argument("--held-out", type=float, default=0.1, help="share used as queries")
    parser.add_argument("--minutes", type=float, default=3.0, help="training time")
    parser.add_argument("--set", action="append", default=[], help="as of `create`")
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
    told = ("items", "skipped", "seconds", "steps", "recall", "kept_old")
    return {**{name: facts.get(name) for name in told}, "peak MB": peak.stop()}


def _evaluate(home: list[str], queries: Path) -> dict[str, Any]:
    """precision@10 and the vote's accuracy of every method, by held-out queries."""
    card = _told([*home, "evaluate", "loop", "--queries", str(queries), "--json"])
    return {
        name: {kind: round(scores[kind], 4) for kind in ("precision_at_10", "neighbour_vote")}
        for name, scores in card["methods"].items()
    }


def _told(arguments: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "ris", *arguments]
    output = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    told: dict[str, Any] = json.loads(output)
    return told


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
    """The time that a query takes."""
    command = [sys.executable, "-m", "ris", *home, "search", "loop", str(queries), "-k", "10"]
    output = subprocess.run([*command, "--json"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    times = [json.loads(line)["milliseconds"] for line in output.stdout.splitlines()]
    return {
        "milliseconds, median": round(statistics.median(times), 2),
        "milliseconds, p95": round(float(np.percentile(times, 95)), 2),
    }


if __name__ == "__main__":
    main()
