"""Nearest neighbours of unit vectors: exact, by an HNSW graph, or both joined.

The only door to hnswlib 0.8, which aborts the process on a query of the wrong length, segfaults
when queried before it is initialised, loads a file of another dimension without a word, and
accepts NaN: everything is validated here before it gets there. A graph file is only loaded after
its checksum matched the manifest (`generation.py`).

An index answers with keys and cosine distances (0 same, 2 opposite), nearest first.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ris.errors import RisError, StoreError
from ris.store.graph_file import GraphFile
from ris.store.nearest import Keys as Keys  # what an index is asked with, and answers
from ris.store.nearest import Neighbours as Neighbours
from ris.store.nearest import Vectors as Vectors
from ris.store.nearest import (
    allowed_of,
    merged,
    nearest,
    nearest_among,
    no_neighbours,
    picked,
)

EXACT_BELOW = 50_000  # rows; up to here the exact product answers in about a millisecond
RECALL_WANTED = 0.993  # of the queries it is chosen by, so that others reach 0.99
EF_CHOICES = (32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096)
REPEATABLE_BELOW = 200_000  # rows; more than one build thread makes a graph unrepeatable
EXACT_AMONG = 50_000  # allowed rows of a graph; up to here each is compared
_FETCHED = (4, 16)  # times k: neighbours among which k allowed ones are looked for
_MOST_FETCHED = 10_000  # neighbours; past that comparing all is faster
_FEW = 0.1  # of the rows; more are compared with all the others, which need no gathering


class Index(Protocol):
    """Something that finds nearest neighbours."""

    dimension: int
    count: int

    def query(self, queries: Vectors, k: int, *, allowed: Keys | None = None) -> Neighbours:
        """The nearest items of each query.

        Args:
            queries: float32 (Q, dimension), unit length.
            k: How many, at most: min(k, count) come, or min(k, len(allowed)).
            allowed: Keys of the only items that may come, int64 (A,), ascending; by default all.

        Raises:
            RisError: The queries, k or allowed are not of this kind.
            StoreError: There is no item of an allowed key (told where each is looked at).
        """

    def vectors(self, keys: Sequence[int]) -> Vectors:
        """The embeddings of items, float32 (len(keys), dimension).

        Raises:
            StoreError: There is no item of such a key.
        """


class ExactIndex:
    """Compares a query with every row; the judge of every other index.

    Args:
        vectors: float32 (N, dimension), unit length; kept, not copied.
        keys: int64 (N,), ascending.
    """

    def __init__(self, vectors: Vectors, keys: Keys) -> None:
        _check_vectors(vectors, vectors.shape[1])
        if len(keys) != len(vectors) or (np.diff(keys) <= 0).any():
            raise StoreError(f"Expected {len(vectors)} ascending keys, got {len(keys)}.")
        self._vectors = vectors
        self._keys = np.asarray(keys, np.int64)
        self.dimension = int(vectors.shape[1])
        self.count = len(keys)

    def query(self, queries: Vectors, k: int, *, allowed: Keys | None = None) -> Neighbours:
        """See `Index`."""
        queries, k = _check_vectors(queries, self.dimension), _check_k(k)
        if allowed is None:
            return nearest(queries, k, self._keys, self._vectors)
        rows = self._rows_of(_check_allowed(allowed))
        if len(rows) <= self.count * _FEW:
            return nearest_among(queries, k, allowed, self._vectors, rows)
        banned = np.ones(self.count, np.bool_)
        banned[rows] = False
        return nearest(queries, min(k, len(rows)), self._keys, self._vectors, banned)

    def vectors(self, keys: Sequence[int]) -> Vectors:
        """See `Index`."""
        return self._vectors[self._rows_of(np.asarray(keys, np.int64))]

    def _rows_of(self, keys: Keys) -> NDArray[np.int64]:
        rows = np.minimum(np.searchsorted(self._keys, keys), max(self.count - 1, 0))
        if len(keys) and (self.count == 0 or (self._keys[rows] != keys).any()):
            raise StoreError(f"There is no item with one of the keys {keys[:5].tolist()}.")
        return rows


@dataclass(frozen=True)
class LoadedGraph:
    """A graph in memory, and the file that it came from, whose vectors are read in place.

    Attributes:
        graph: An `hnswlib.Index`.
        file: Its file.
    """

    graph: Any
    file: GraphFile


class GraphIndex:
    """An HNSW graph that is never changed while it serves.

    Args:
        loaded: A graph; may be shared with other generations.
        ef: Candidates kept during a query; more is slower and finds more.
        deleted: Keys of the graph that must not be answered any more. They are left out of the
            answers rather than marked in the graph, which another generation may be using.
    """

    def __init__(self, loaded: LoadedGraph, ef: int, deleted: Sequence[int] = ()) -> None:
        self._loaded = loaded  # for as long as it is in use others share it
        self._graph, self._file = loaded.graph, loaded.file
        self._ef = ef
        self._graph.set_ef(ef)  # forgotten on load and shared between threads: set once, here
        self._deleted = np.unique(np.asarray(deleted, np.int64))
        self._total = int(self._graph.get_current_count())
        self.dimension = int(self._graph.dim)
        self.count = self._total - len(self._deleted)

    def query(self, queries: Vectors, k: int, *, allowed: Keys | None = None) -> Neighbours:
        """See `Index`; without `allowed`, fewer come when not so many can be reached through the
        graph. Few allowed items are compared one by one. Of many, the nearest are looked for among
        more neighbours, and one by one where those are too few; hnswlib's own filter calls Python
        for each item it passes, which took 3 to 133 times as long."""
        queries, k = _check_vectors(queries, self.dimension), _check_k(k)
        if allowed is None:
            return self._reached(queries, min(k, self.count))
        k = min(k, len(_check_allowed(allowed)))
        if len(allowed) > EXACT_AMONG:
            for more in _FETCHED:
                expected = more * len(allowed) / self.count
                if expected >= 1 and more * k <= _MOST_FETCHED:
                    near = self._nearest(queries, min(more * k, self._total))
                    found = allowed_of(near, allowed, k)
                    if found is not None:
                        return found
        return nearest_among(queries, k, allowed, self._file.vectors, self._rows_of(allowed))

    def _reached(self, queries: Vectors, k: int) -> Neighbours:
        """The k nearest, or as many as the graph reaches, without removed items."""
        wanted = k + min(len(self._deleted), k + 8)
        while True:
            found = self._nearest(queries, min(wanted, self._total))
            if len(self._deleted) == 0:
                return found
            alive = ~_among(found.keys, self._deleted)
            fewest = int(alive.sum(axis=1).min(initial=k))
            if fewest >= k or wanted >= self._total:
                order = np.argsort(~alive, axis=1, kind="stable")[:, : min(k, fewest)]
                return Neighbours(picked(found.keys, order), picked(found.distances, order))
            wanted *= 4

    def _nearest(self, queries: Vectors, k: int) -> Neighbours:
        """The k nearest of all in the graph, removed ones too, or as many as can be reached."""
        while k:
            try:
                keys, distances = self._graph.knn_query(queries, k)
                return Neighbours(keys.astype(np.int64), np.clip(distances, 0.0, 2.0))
            except RuntimeError:  # fewer than k reachable: many copies
                k //= 2
        return no_neighbours(len(queries))

    def vectors(self, keys: Sequence[int]) -> Vectors:
        """See `Index`."""
        return self._file.vectors[self._rows_of(np.asarray(keys, np.int64))]

    def _rows_of(self, keys: Keys) -> NDArray[np.int64]:
        if _among(keys, self._deleted).any():
            raise StoreError(f"One of the items {keys[:5].tolist()} was removed.")
        return self._file.rows_of(keys)


class JoinedIndex:
    """A graph and the rows that came after it, searched exactly; answers merged."""

    def __init__(self, graph: Index, tail: Index, first_tail_key: int) -> None:
        self._graph = graph
        self._tail = tail
        self._first_tail_key = first_tail_key
        self.dimension = graph.dimension
        self.count = graph.count + tail.count

    def query(self, queries: Vectors, k: int, *, allowed: Keys | None = None) -> Neighbours:
        """See `Index`."""
        parts: tuple[Keys | None, Keys | None] = (None, None)
        if allowed is not None:
            split = int(np.searchsorted(_check_allowed(allowed), self._first_tail_key))
            parts = allowed[:split], allowed[split:]
        found = [
            index.query(queries, k, allowed=part)
            for index, part in zip((self._graph, self._tail), parts, strict=True)
        ]
        return merged(found, k)

    def vectors(self, keys: Sequence[int]) -> Vectors:
        """See `Index`."""
        wanted = np.asarray(keys, np.int64)
        in_tail = wanted >= self._first_tail_key
        found = np.empty((len(wanted), self.dimension), np.float32)
        for part, rows in ((self._graph, ~in_tail), (self._tail, in_tail)):
            if rows.any():
                found[rows] = part.vectors(wanted[rows].tolist())
        return found


@dataclass(frozen=True)
class GraphSettings:
    """How a graph was built, and what was measured on it.

    Attributes:
        m: Links of a node.
        ef_construction: Candidates while building.
        ef: Candidates while querying, chosen by measuring.
        recall: Share of the true 10 nearest that were found at `ef`.
    """

    m: int
    ef_construction: int
    ef: int
    recall: float


def build_graph(
    vectors: Vectors, keys: Keys, path: Path, *, seed: int = 0, on_rows: Any = None
) -> GraphSettings:
    """Build a graph, choose its ef against exact answers, and save it.

    Args:
        vectors: float32 (N, dimension), unit length, N >= 1.
        keys: int64 (N,), ascending.
        path: The file to write; complete and on the disk when this returns.
        seed: Of the graph's random levels.
        on_rows: Called with the number of rows added so far.

    Raises:
        StoreError: The vectors are not fit for a graph, or the file could not be written whole.
    """
    import hnswlib

    _check_vectors(vectors, vectors.shape[1])
    m, ef_construction = (16, 200) if len(keys) < 500_000 else (24, 200)
    graph = hnswlib.Index(space="cosine", dim=int(vectors.shape[1]))
    graph.init_index(
        max_elements=len(keys), M=m, ef_construction=ef_construction, random_seed=seed + 1
    )
    threads = 1 if len(keys) < REPEATABLE_BELOW else os.cpu_count() or 1
    for start in range(0, len(keys), 10_000):
        part = slice(start, start + 10_000)
        graph.add_items(vectors[part], keys[part], num_threads=threads)
        if on_rows:
            on_rows(min(start + 10_000, len(keys)))
    _save(graph, path)
    ef, recall = _choose_ef(
        LoadedGraph(graph, GraphFile(path)), ExactIndex(vectors, keys), vectors, seed
    )
    return GraphSettings(m, ef_construction, ef, round(recall, 4))


def load_graph(path: Path, dimension: int, count: int) -> LoadedGraph:
    """Load a graph file whose checksum has been verified, for `GraphIndex`.

    Raises:
        StoreError: hnswlib is missing, or the graph does not hold `count` rows.
    """
    file = GraphFile(path)
    if file.dimension != dimension:
        raise StoreError(
            f"{path.name} holds vectors of length {file.dimension}, expected {dimension}."
        )
    try:
        import hnswlib

        graph = hnswlib.Index(space="cosine", dim=dimension)
        graph.load_index(str(path))
        if graph.get_current_count() != count:
            raise StoreError(f"The graph holds {graph.get_current_count()} rows, expected {count}.")
        return LoadedGraph(graph, file)
    except (ImportError, RuntimeError) as error:
        raise StoreError(f"The graph can't be loaded: {error}.") from error


def recall_at(found: Neighbours, exact: Neighbours) -> float:
    """Share of the answers that lie within the true k-th distance, so that ties are fair.

    Source: Aumüller et al., ANN-Benchmarks (2020), section 3.
    """
    if exact.distances.size == 0:
        return 1.0
    farthest = exact.distances[:, -1:] + 1e-5  # float32 products differ in the last digits
    return float((found.distances <= farthest).mean())


def normalise(vectors: Vectors) -> Vectors:
    """Rows at unit length; a row of zeros becomes the first axis, as it has no direction."""
    vectors = np.array(vectors, np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    empty = lengths[:, 0] < 1e-12
    vectors[empty, 0] = 1.0
    lengths[empty] = 1.0
    vectors /= lengths
    return vectors


def _choose_ef(
    built: LoadedGraph, exact: ExactIndex, vectors: Vectors, seed: int
) -> tuple[int, float]:
    """The least ef that reaches the wanted recall on queries between the collection's items."""
    random = np.random.default_rng(seed)
    pick = random.integers(0, exact.count, (500, 2))
    queries = normalise(0.7 * vectors[pick[:, 0]] + 0.3 * vectors[pick[:, 1]])
    truth = exact.query(queries, 10)
    recall = 0.0
    for ef in EF_CHOICES:
        recall = recall_at(GraphIndex(built, ef).query(queries, 10), truth)
        if recall >= RECALL_WANTED:
            break
    return ef, recall


def _save(graph: Any, path: Path) -> None:
    """hnswlib reports nothing on a full disk: compare the size it should have."""
    graph.save_index(str(path))
    size = path.stat().st_size if path.exists() else 0
    if size != graph.index_file_size():
        raise StoreError(
            f"Only {size} of the graph's {graph.index_file_size()} bytes could be written.",
            "The disk may be full: free some space and try again.",
        )


def _among(keys: Keys, some: Keys) -> NDArray[np.bool_]:
    """Which of the keys are among some ascending ones."""
    if len(some) == 0:
        return np.zeros(keys.shape, np.bool_)
    places = np.minimum(np.searchsorted(some, keys), len(some) - 1)
    return np.asarray(some[places] == keys)


def _check_k(k: int) -> int:
    if k < 0:
        raise RisError(f"The number of neighbours must be positive, got {k}.")
    return k


def _check_allowed(allowed: Keys) -> Keys:
    if (np.diff(allowed) <= 0).any():
        raise RisError(f"Expected ascending keys, got {allowed[:5].tolist()}…")
    return allowed


def _check_vectors(vectors: Vectors, dimension: int) -> Vectors:
    """The vectors, or an error that names what is wrong, before native code sees them."""
    if vectors.ndim != 2 or vectors.shape[1] != dimension:
        raise RisError(f"Expected vectors of length {dimension}, got an array {vectors.shape}.")
    vectors = np.ascontiguousarray(vectors, np.float32)
    lengths = np.einsum("ij,ij->i", vectors, vectors)
    if not np.isfinite(lengths).all():
        raise RisError("A vector holds values that are not finite numbers.")
    if (np.abs(lengths - 1.0) > 1e-2).any():
        raise RisError("A vector is not of unit length.")
    return vectors
