"""Nearest neighbours of unit vectors: exact, by an HNSW graph, or both joined.

The only door to hnswlib 0.8, which aborts the process on a query of the wrong length, segfaults
when queried before it is initialised, loads a file of another dimension without a word, and
accepts NaN: everything is validated here before it gets there. A graph file is only loaded after
its checksum matched the manifest (`generation.py`).

An index answers with keys and cosine distances (0 same, 2 opposite), nearest first.
"""

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ris.errors import RisError, StoreError

Vectors = NDArray[np.float32]
Keys = NDArray[np.int64]

EXACT_BELOW = 50_000  # rows; up to here the exact product answers in about a millisecond
RECALL_WANTED = 0.99
EF_CHOICES = (32, 64, 128, 256, 512)
REPEATABLE_BELOW = 200_000  # rows; more than one build thread makes a graph unrepeatable
_BLOCK = 64  # queries multiplied at once: at 1M rows a block of distances is 256 MB


@dataclass(frozen=True)
class Neighbours:
    """Answers to Q queries: keys int64 (Q, k) and distances float32 (Q, k), nearest first."""

    keys: Keys
    distances: Vectors


class Index(Protocol):
    """Something that finds nearest neighbours."""

    dimension: int
    count: int

    def query(self, queries: Vectors, k: int) -> Neighbours:
        """The min(k, count) nearest items of each query, float32 (Q, dimension), unit length."""

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

    def query(self, queries: Vectors, k: int) -> Neighbours:
        """See `Index`."""
        queries = _check_vectors(queries, self.dimension)
        k = min(_check_k(k), self.count)
        if k == 0:
            return _no_neighbours(len(queries))
        keys = np.empty((len(queries), k), np.int64)
        distances = np.empty((len(queries), k), np.float32)
        for start in range(0, len(queries), _BLOCK):
            block = slice(start, start + _BLOCK)
            away = 1.0 - queries[block] @ self._vectors.T  # (block, N)
            rows = np.argpartition(away, k - 1, axis=1)[:, :k]
            near = np.take_along_axis(away, rows, axis=1)
            order = np.lexsort((rows, near), axis=1)  # equal distances: the older item first
            keys[block] = self._keys[np.take_along_axis(rows, order, axis=1)]
            distances[block] = np.take_along_axis(near, order, axis=1)
        return Neighbours(keys, np.clip(distances, 0.0, 2.0))

    def vectors(self, keys: Sequence[int]) -> Vectors:
        """See `Index`."""
        wanted = np.asarray(keys, np.int64)
        rows = np.minimum(np.searchsorted(self._keys, wanted), max(self.count - 1, 0))
        if self.count == 0 or (self._keys[rows] != wanted).any():
            raise StoreError(f"There is no item with one of the keys {list(keys)[:5]}.")
        return self._vectors[rows]


class GraphIndex:
    """An HNSW graph that is never changed while it serves.

    Args:
        graph: An `hnswlib.Index`; may be shared with other generations.
        ef: Candidates kept during a query; more is slower and finds more.
        deleted: Keys of the graph that must not be answered any more. They are left out of the
            answers rather than marked in the graph, which another generation may be using.
    """

    def __init__(self, graph: Any, ef: int, deleted: Sequence[int] = ()) -> None:
        self._graph = graph
        self._ef = ef
        graph.set_ef(ef)  # forgotten on load and shared between threads: set once, here
        self._deleted = np.unique(np.asarray(deleted, np.int64))
        self._total = int(graph.get_current_count())
        self.dimension = int(graph.dim)
        self.count = self._total - len(self._deleted)

    def query(self, queries: Vectors, k: int) -> Neighbours:
        """See `Index`; fewer than k come when so many can't be reached through the graph."""
        queries = _check_vectors(queries, self.dimension)
        k = min(_check_k(k), self.count)
        wanted = k + min(len(self._deleted), k + 8)
        while True:
            found = self._nearest(queries, min(wanted, self._total))
            if len(self._deleted) == 0:
                return found
            alive = ~_among(found.keys, self._deleted)
            fewest = int(alive.sum(axis=1).min(initial=k))
            if fewest >= k or wanted >= self._total:
                order = np.argsort(~alive, axis=1, kind="stable")[:, : min(k, fewest)]
                return Neighbours(
                    np.take_along_axis(found.keys, order, axis=1),
                    np.take_along_axis(found.distances, order, axis=1),
                )
            wanted *= 4

    def _nearest(self, queries: Vectors, k: int) -> Neighbours:
        """The k nearest of all in the graph, removed ones too, or as many as can be reached."""
        while k:
            try:
                keys, distances = self._graph.knn_query(queries, k)
                return Neighbours(keys.astype(np.int64), np.clip(distances, 0.0, 2.0))
            except RuntimeError:  # fewer than k reachable: many copies
                k //= 2
        return _no_neighbours(len(queries))

    def vectors(self, keys: Sequence[int]) -> Vectors:
        """See `Index`."""
        if _among(np.asarray(keys, np.int64), self._deleted).any():
            raise StoreError(f"One of the items {list(keys)[:5]} was removed.")
        try:
            return np.asarray(self._graph.get_items(list(keys)), np.float32)
        except RuntimeError as error:
            raise StoreError(f"There is no item with one of the keys {list(keys)[:5]}.") from error


class JoinedIndex:
    """A graph and the rows that came after it, searched exactly; answers merged."""

    def __init__(self, graph: Index, tail: Index, first_tail_key: int) -> None:
        self._graph = graph
        self._tail = tail
        self._first_tail_key = first_tail_key
        self.dimension = graph.dimension
        self.count = graph.count + tail.count

    def query(self, queries: Vectors, k: int) -> Neighbours:
        """See `Index`."""
        found = [index.query(queries, k) for index in (self._graph, self._tail)]
        keys = np.concatenate([one.keys for one in found], axis=1)
        distances = np.concatenate([one.distances for one in found], axis=1)
        order = np.argsort(distances, axis=1, kind="stable")[:, : min(k, self.count)]
        return Neighbours(
            np.take_along_axis(keys, order, axis=1), np.take_along_axis(distances, order, axis=1)
        )

    def vectors(self, keys: Sequence[int]) -> Vectors:
        """See `Index`."""
        parts = [self._tail if key >= self._first_tail_key else self._graph for key in keys]
        rows = [part.vectors([key]) for part, key in zip(parts, keys, strict=True)]
        return np.concatenate(rows) if rows else np.empty((0, self.dimension), np.float32)


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
    ef, recall = _choose_ef(graph, ExactIndex(vectors, keys), vectors, seed)
    _save(graph, path)
    return GraphSettings(m, ef_construction, ef, round(recall, 4))


def load_graph(path: Path, dimension: int, count: int) -> Any:
    """Load a graph file whose checksum has been verified, for `GraphIndex`.

    Raises:
        StoreError: hnswlib is missing, or the graph does not hold `count` rows.
    """
    found = _stored_dimension(path)
    if found != dimension:
        raise StoreError(f"{path.name} holds vectors of length {found}, expected {dimension}.")
    try:
        import hnswlib

        graph = hnswlib.Index(space="cosine", dim=dimension)
        graph.load_index(str(path))
        if graph.get_current_count() != count:
            raise StoreError(f"The graph holds {graph.get_current_count()} rows, expected {count}.")
        return graph
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


def _choose_ef(graph: Any, exact: ExactIndex, vectors: Vectors, seed: int) -> tuple[int, float]:
    """The least ef that reaches the wanted recall on queries between the collection's items."""
    random = np.random.default_rng(seed)
    pick = random.integers(0, exact.count, (200, 2))
    queries = normalise(0.7 * vectors[pick[:, 0]] + 0.3 * vectors[pick[:, 1]])
    truth = exact.query(queries, 10)
    recall = 0.0
    for ef in EF_CHOICES:
        recall = recall_at(GraphIndex(graph, ef).query(queries, 10), truth)
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


def _stored_dimension(path: Path) -> int:
    """The vectors' length by a graph file's header; hnswlib itself does not look.

    Six 64-bit numbers: level 0 offset, capacity, count, bytes of an element, offset of its label,
    offset of its vector. The label follows the vector.
    """
    try:
        with path.open("rb") as file:
            header = struct.unpack("<6Q", file.read(48))
    except (OSError, struct.error) as error:
        raise StoreError(f"{path.name} is no graph: {error}.") from error
    return int(header[4] - header[5]) // 4


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


def _no_neighbours(count: int) -> Neighbours:
    return Neighbours(np.empty((count, 0), np.int64), np.empty((count, 0), np.float32))
