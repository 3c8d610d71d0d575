"""A published generation, opened for reading.

Files are checked against the manifest before anything native sees them. A damaged graph or map
costs speed or the map, never the search, and is said openly in `notices`. What two generations
have in common is read once.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ris.errors import StoreError
from ris.store.collection import Collection
from ris.store.files import FileFacts, verify
from ris.store.graph_file import GraphFile
from ris.store.index import (
    EXACT_BELOW,
    ExactIndex,
    GraphIndex,
    Index,
    JoinedIndex,
    LoadedGraph,
    Vectors,
    load_graph,
)
from ris.store.items import Items
from ris.store.live import live_rows, part_keys
from ris.store.manifest import Manifest
from ris.store.shared import Shared
from ris.store.table import concatenate, read_embeddings, read_table


@dataclass(frozen=True)
class Positions:
    """Places on the map, keys ascending.

    Attributes:
        keys: int64 (N,).
        xy: float32 (N, 2).
        fitted: Whether it was fitted rather than placed from its neighbours, bool (N,).
        cluster: Which cluster it belongs to, int32 (N,), -1 for none.
        outlier: Mean cosine distance to its nearest fitted neighbours, float32 (N,), NaN where
            an earlier ris made the map.
        error: How far the encoder's decoder redraws it from what it is, 0 to 1, float32 (N,), NaN
            where that was not measured, or an earlier ris made the map.
    """

    keys: NDArray[np.int64]
    xy: NDArray[np.float32]
    fitted: NDArray[np.bool_]
    cluster: NDArray[np.int32]
    outlier: NDArray[np.float32]
    error: NDArray[np.float32]

    def take(self, rows: NDArray[np.int64]) -> "Positions":
        """Some of them."""
        return Positions(*(getattr(self, one.name)[rows] for one in fields(self)))


@dataclass(frozen=True)
class Generation:
    """What a generation needs to answer.

    Attributes:
        manifest: Its facts.
        items: Its rows.
        index: Its nearest neighbours.
        positions: Its map; empty when it has none.
        encoder: Folder of its encoder.
        notices: What is not as it should be, for people.
        held: What its files were made into; generations that name them too take it from there for
            as long as somebody keeps this.
    """

    manifest: Manifest
    items: Items
    index: Index
    positions: Positions
    encoder: Path
    notices: tuple[str, ...]
    held: tuple[object, ...]


def open_generation(collection: Collection, generation: str) -> Generation:
    """Open a generation for reading.

    Raises:
        StoreError: Its table, or what serves its encoder, is missing or damaged.
    """
    folder, manifest = collection.folder, collection.manifest(generation)
    notices: list[str] = []
    for facts in manifest.encoder_files:
        _verify_encoder(folder, facts, notices)
    columns = (*Items.COLUMNS, *manifest.columns)
    tables = [_PARTS.open(folder, part, columns) for part in manifest.parts]
    keys = [table.column("key").to_numpy() for table in tables]
    rows = live_rows(keys, manifest.deleted)
    if len(rows) != manifest.items:
        raise StoreError(f"The table holds {len(rows)} items, expected {manifest.items}.")
    in_order = len(rows) == sum(map(len, keys)) and bool((np.diff(rows) == 1).all())
    items = Items(concatenate(tables), None if in_order else rows)
    index = _open_index(folder, manifest, keys, rows, notices)
    held = (*tables, *_hold_maps(folder, manifest))
    positions = open_map(folder, manifest, notices)
    encoder = folder / "encoders" / manifest.encoder
    return Generation(manifest, items, index, positions, encoder, tuple(notices), held)


def _verify_encoder(folder: Path, facts: FileFacts, notices: list[str]) -> None:
    """Only `encoder.onnx` is needed to search."""
    try:
        verify(folder, facts)
    except StoreError as error:
        if facts.file.endswith("/encoder.onnx"):
            raise
        notices.append(f"Part of the encoder is lost, search goes on: {error.message}")


def _open_index(
    folder: Path,
    manifest: Manifest,
    keys: list[NDArray[np.int64]],
    rows: NDArray[np.int64],
    notices: list[str],
) -> Index:
    facts = manifest.graph
    if manifest.items >= EXACT_BELOW and facts is not None:
        try:
            graph = _GRAPHS.open(folder, facts, manifest.dimension, facts.rows)
        except StoreError as error:
            notices.append(f"Search is exact, which is slower: {error.message}")
        else:
            hidden = [key for key in manifest.deleted if key < facts.next_key]
            indexed = GraphIndex(graph, facts.ef, hidden)
            tail = rows[np.concatenate(keys)[rows] >= facts.next_key]
            if len(tail) == 0:
                return indexed
            vectors = _read_vectors(folder, manifest, keys, tail)
            after = ExactIndex(vectors, np.concatenate(keys)[tail])
            return JoinedIndex(indexed, after, facts.next_key)
    vectors = _read_vectors(folder, manifest, keys, rows)
    return ExactIndex(vectors, np.concatenate(keys)[rows])


def _read_vectors(
    folder: Path, manifest: Manifest, keys: list[NDArray[np.int64]], rows: NDArray[np.int64]
) -> Vectors:
    """Embeddings of some rows, counted through all parts; only parts that they lie in are read."""
    ends = np.cumsum([0, *map(len, keys)])
    vectors = np.empty((len(rows), manifest.dimension), np.float32)
    for part, first, end in zip(manifest.parts, ends, ends[1:], strict=False):
        inside = np.flatnonzero((rows >= first) & (rows < end))
        if len(inside):
            path = verify(folder, part)
            found = read_embeddings([path], int(end - first), manifest.dimension)
            vectors[inside] = found[rows[inside] - first]
    return vectors


def _hold_maps(folder: Path, manifest: Manifest) -> list[Positions]:
    """The files of the map that are whole."""
    held = []
    for facts in manifest.maps:
        with suppress(StoreError):
            held.append(_MAPS.open(folder, facts))
    return held


def embeddings_of_items(folder: Path, manifest: Manifest, keys: NDArray[np.int64]) -> Vectors:
    """Embeddings of some items, float32 (K, dimension), without reading those of all.

    Args:
        folder: The collection's.
        manifest: Of a generation that has the items.
        keys: int64 (K,).

    Raises:
        StoreError: A part is missing or damaged.
    """
    vectors = np.empty((len(keys), manifest.dimension), np.float32)
    rest = np.ones(len(keys), np.bool_)
    if manifest.graph is not None:
        with suppress(StoreError):  # damaged: the table has them all
            graph = GraphFile(verify(folder, manifest.graph))
            inside = keys < manifest.graph.next_key
            vectors[inside] = graph.vectors[graph.rows_of(keys[inside])]
            rest = ~inside
    if rest.any():
        of_parts = part_keys(folder, manifest)
        rows = live_rows(of_parts, ())
        found = np.concatenate(of_parts)[rows]
        wanted = rows[np.searchsorted(found, keys[rest])]
        vectors[rest] = _read_vectors(folder, manifest, of_parts, wanted)
    return vectors


def open_map(folder: Path, manifest: Manifest, notices: list[str]) -> Positions:
    """The map of a generation alone; what of it is damaged is left out, with a notice."""
    found = [_NOWHERE]
    for facts in manifest.maps:
        try:
            found.append(_MAPS.open(folder, facts))
        except StoreError as error:
            lost = "Part of the map is lost" if len(manifest.maps) > 1 else "There is no map"
            notices.append(f"{lost}: {error.message}")
    return joined(found).take(live_rows([one.keys for one in found], manifest.deleted))


def joined(parts: Sequence[Positions]) -> Positions:
    """Places one after the other."""
    names = [one.name for one in fields(Positions)]
    return Positions(*(np.concatenate([getattr(one, name) for one in parts]) for name in names))


def _read_part(path: Path, columns: tuple[str, ...]) -> Any:
    return read_table(path, columns).combine_chunks()  # or else a few rows take milliseconds


def _read_map(path: Path) -> Positions:
    table = read_table(path)
    xy = np.stack([table.column(axis).to_numpy() for axis in ("x", "y")], axis=1)
    fitted = np.asarray(table.column("how").to_pylist()) == "fitted"
    cluster = np.full(len(table), -1, np.int32)
    outlier = np.full(len(table), np.nan, np.float32)
    if "cluster" in table.column_names:  # earlier maps have none
        cluster = table.column("cluster").to_numpy()
        outlier = table.column("outlier").to_numpy()
    error = np.full(len(table), np.nan, np.float32)
    if "error" in table.column_names:
        error = table.column("error").to_numpy()
    return Positions(table.column("key").to_numpy(), xy, fitted, cluster, outlier, error)


_NOWHERE = Positions(
    np.empty(0, np.int64),
    np.empty((0, 2), np.float32),
    np.empty(0, np.bool_),
    np.empty(0, np.int32),
    np.empty(0, np.float32),
    np.empty(0, np.float32),
)
_PARTS: Shared[Any] = Shared(_read_part)
_GRAPHS: Shared[LoadedGraph] = Shared(load_graph)
_MAPS: Shared[Positions] = Shared(_read_map)
