"""How long the duplicates of many items take: `python -m benchmarks.duplicates [ITEMS]`

Makes ITEMS (100,000 by default) with embeddings of 256 numbers around 1,000 centres; of 3 in 100
there is an exact copy, of 3 an altered one, of 3 a near-duplicate. Builds table and graph as a
collection has them, then measures the one pass that finds the pairs, and the grouping. Prints one
JSON document: seconds of both, how many of the planted duplicates were found in the right kind, and
peak memory.
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ris.explore.duplicates import KINDS, groups, near_pairs
from ris.store.dismissed import Dismissed
from ris.store.index import ExactIndex, GraphIndex, Index, build_graph, load_graph, normalise
from ris.store.items import Items
from ris.store.table import Row, TableWriter, read_table

DIMENSION, CENTRES, SHARE = 256, 1000, 0.03
AWAY = {"same": 0.02, "near": 0.08}  # cosine distances of what is planted


class _NothingDismissed:
    def among(self, items: Items, first: Any, second: Any, asked: Any) -> NDArray[np.bool_]:
        return np.zeros(len(first), np.bool_)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    random = np.random.default_rng(0)
    vectors, contents, planted = _plant(random, count)
    keys = np.arange(count)
    with tempfile.TemporaryDirectory() as place:
        items = _items(Path(place) / "rows.parquet", contents)
        index: Index = ExactIndex(vectors, keys)
        facts: dict[str, Any] = {"items": count}
        if count >= 50_000:
            started = time.perf_counter()
            built = build_graph(vectors, keys, Path(place) / "graph.hnsw")
            facts |= {"graph, s": round(time.perf_counter() - started), "recall": built.recall}
            index = GraphIndex(load_graph(Path(place) / "graph.hnsw", DIMENSION, count), built.ef)
        started, computed = time.perf_counter(), time.process_time()
        pairs = near_pairs(index, keys)
        facts["pairs, s"] = round(time.perf_counter() - started, 1)
        # of all cores together; more tells than seconds where other work runs beside
        facts["pairs, processor s"] = round(time.process_time() - computed, 1)
        started = time.perf_counter()
        found = groups(items, pairs, cast(Dismissed, _NothingDismissed()))
        facts["groups, s"] = round(time.perf_counter() - started, 1)
    for kind in KINDS:
        together = {}
        for number, group in enumerate(found):
            if group.kind == kind:
                together |= dict.fromkeys(group.keys, number)
        hits = [together.get(a, -1) == together.get(b, -2) for a, b in planted[kind]]
        facts[f"{kind}, found"] = f"{sum(hits)} of {len(hits)}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({**facts, "peak memory, MB": peak // 1000}, indent=1))


def _plant(
    random: np.random.Generator, count: int
) -> tuple[NDArray[np.float32], list[int], dict[str, list[tuple[int, int]]]]:
    """Embeddings, contents, and which items are duplicates of which."""
    centres = random.normal(size=(CENTRES, DIMENSION))
    around = centres[random.integers(0, CENTRES, count)]
    vectors = normalise((around + random.normal(size=(count, DIMENSION))).astype(np.float32))
    contents = list(range(count))
    each = int(SHARE * count)
    order = random.permutation(count)
    planted: dict[str, list[tuple[int, int]]] = {}
    for number, kind in enumerate(KINDS):
        start = 2 * number * each
        pairs = order[start : start + 2 * each].reshape(-1, 2).tolist()
        planted[kind] = [(one, other) for one, other in pairs]
        for one, other in pairs:
            if kind == "exact":
                vectors[other], contents[other] = vectors[one], one
            else:
                vectors[other] = _apart(random, vectors[one], AWAY[kind])
    return vectors, contents, planted


def _apart(
    random: np.random.Generator, vector: NDArray[np.float32], distance: float
) -> NDArray[np.float32]:
    """A unit vector at a cosine distance from another."""
    aside = random.normal(size=len(vector))
    aside -= (aside @ vector) * vector
    cosine = 1 - distance
    turned = cosine * vector + np.sqrt(1 - cosine**2) * aside / np.linalg.norm(aside)
    return np.asarray(turned, np.float32)


def _items(path: Path, contents: list[int]) -> Items:
    with TableWriter(path, 0, {}) as writer:
        for start in range(0, len(contents), 20_000):
            writer.write(
                [
                    Row(key, f"{contents[key]:064x}", f"/pictures/{key}.jpg", (), 640, 480, key)
                    for key in range(start, min(start + 20_000, len(contents)))
                ]
            )
    return Items(read_table(path, Items.COLUMNS))


if __name__ == "__main__":
    main()
