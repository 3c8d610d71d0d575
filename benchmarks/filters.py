"""What a filter costs a search: `python -m benchmarks.filters [ROWS]`, 1,000,000 by default.

Makes items with 128 numbers each, around 100 centres; an item's label is its centre, its price
has nothing to do with it. Prints one JSON document, all times in ms, medians:

- `unfiltered`: a query of the 10 nearest, by the graph and by comparing all.
- `filters`: for each, its share of the items; the time to evaluate it, which a repeated filter
  saves; the query by the graph and by the exact index; both with the evaluation; and the share of
  the true nearest that the graph found. Labels are the hard case: the nearest items that a filter
  allows are far from the query.
- `expressions`: the time to evaluate other filters, for the first time where that takes longer.

The graph is built in a hurry (M 16, ef_construction 40, 160 s at 1M rows) and asked with ef 128.
About 4 GB at 1M rows, and a file of 650 MB in the temporary folder.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hnswlib
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ris.store.index import ExactIndex, GraphIndex, load_graph, normalise, recall_at
from ris.store.items import Items

DIMENSION, CENTRES, K, QUERIES, EF = 128, 100, 10, 25, 128
FILTERS = (
    "price < 0.0001",
    "price < 0.01",
    'label == "label 07"',
    "price < 0.1",
    'label < "label 10"',
    "price < 0.5",
    'label < "label 50"',
)
EXPRESSIONS = (
    'folder == "/pictures/2026/label 07"',
    'path.startswith("/pictures/2026/label 07/")',
    '"label 07" in path',
    'modified >= "2026-12-28" and modified < "2027-01-01"',
    "width * height > 35_000_000",
    'label == "label 07" and width > 3000 and not price > 0.5',
)


def main() -> None:
    """Measure and print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    random = np.random.default_rng(0)
    centres = random.integers(0, CENTRES, rows)
    vectors = _vectors(random, centres)
    queries = _vectors(random, random.integers(50, CENTRES, QUERIES))
    items, keys = Items(_table(random, centres)), np.arange(rows)
    exact = ExactIndex(vectors, keys)
    with tempfile.TemporaryDirectory() as place:
        graph, seconds = _graph(vectors, Path(place) / "graph.hnsw")
        found = {
            "rows": rows,
            "graph built, s": round(seconds),
            "unfiltered": {
                "graph": _median(_each(queries, graph)),
                "exact": _median(_each(queries, exact)),
                "recall": _recall(graph, exact, queries, None),
            },
            "expressions": {text: _evaluations(items, text) for text in EXPRESSIONS},
            "filters": {text: _filtered(items, graph, exact, queries, text) for text in FILTERS},
        }
    print(json.dumps(found, indent=1))


def _filtered(
    items: Items, graph: Any, exact: Any, queries: NDArray[np.float32], text: str
) -> dict[str, float]:
    evaluated = _evaluations(items, text)["median"]
    allowed = items.matching(text)
    by_graph = _median(_each(queries, graph, allowed))
    by_exact = _median(_each(queries, exact, allowed))
    return {
        "share": len(allowed) / len(items),
        "evaluation": evaluated,
        "graph": by_graph,
        "exact": by_exact,
        "graph with evaluation": round(evaluated + by_graph, 2),
        "exact with evaluation": round(evaluated + by_exact, 2),
        "recall": _recall(graph, exact, queries, allowed),
    }


def _evaluations(items: Items, text: str) -> dict[str, float]:
    seconds = [_seconds(lambda: items.matching(text)) for _ in range(9)]
    return {"first": round(1000 * seconds[0], 2), "median": _median(iter(seconds))}


def _each(
    queries: NDArray[np.float32], index: Any, allowed: NDArray[np.int64] | None = None
) -> Iterator[float]:
    """The seconds of each query."""
    index.query(queries[:1], K, allowed=allowed)
    for query in queries:
        yield _seconds(lambda query=query: index.query(query[None], K, allowed=allowed))


def _recall(
    graph: Any, exact: Any, queries: NDArray[np.float32], allowed: NDArray[np.int64] | None
) -> float:
    answers = (index.query(queries, K, allowed=allowed) for index in (graph, exact))
    return round(recall_at(*answers), 4)


def _vectors(random: np.random.Generator, centres: NDArray[np.int64]) -> NDArray[np.float32]:
    middles = np.random.default_rng(1).normal(size=(CENTRES, DIMENSION)).astype(np.float32)
    noise = random.normal(size=(len(centres), DIMENSION)).astype(np.float32)
    return normalise(middles[centres] + noise)


def _table(random: np.random.Generator, centres: NDArray[np.int64]) -> pa.Table:
    count = len(centres)
    labels = [f"label {centre:02}" for centre in centres]
    year = random.integers(0, 365 * 86_400_000_000, count) + 1_767_225_600_000_000  # 2026
    return pa.table(
        {
            "key": np.arange(count),
            "id": [f"{number:064x}" for number in range(count)],
            "path": [f"/pictures/2026/{label}/{n:07}.jpg" for n, label in enumerate(labels)],
            "labels": pa.array([[label] for label in labels], pa.list_(pa.string())),
            "width": pa.array(random.integers(64, 6000, count), pa.int32()),
            "height": pa.array(random.integers(64, 6000, count), pa.int32()),
            "bytes": random.integers(1000, 10_000_000, count),
            "modified": pa.array(year, pa.timestamp("us", tz="UTC")),
            "price": random.random(count),
        }
    )


def _graph(vectors: NDArray[np.float32], path: Path) -> tuple[Any, float]:
    started = time.perf_counter()
    graph = hnswlib.Index(space="cosine", dim=DIMENSION)
    graph.init_index(len(vectors), M=16, ef_construction=40, random_seed=1)
    graph.add_items(vectors, np.arange(len(vectors)))
    graph.save_index(str(path))
    del graph
    seconds = time.perf_counter() - started
    return GraphIndex(load_graph(path, DIMENSION, len(vectors)), EF), seconds


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _median(seconds: Iterator[float]) -> float:
    return round(1000 * statistics.median(seconds), 2)


if __name__ == "__main__":
    main()
