"""A published generation, opened for reading.

Files are checked against the manifest before anything native sees them. A damaged graph or map
costs speed or the map, never the search, and is said openly in `notices`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ris.errors import StoreError
from ris.store.collection import Collection
from ris.store.files import FileFacts, verify
from ris.store.index import (
    EXACT_BELOW,
    ExactIndex,
    Index,
    JoinedIndex,
    load_graph,
)
from ris.store.items import Items
from ris.store.manifest import Manifest
from ris.store.table import concatenate, read_embeddings, read_table


@dataclass(frozen=True)
class Positions:
    """Places on the map, keys ascending: keys int64 (N,), xy float32 (N, 2), fitted bool (N,)."""

    keys: NDArray[np.int64]
    xy: NDArray[np.float32]
    fitted: NDArray[np.bool_]


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
    """

    manifest: Manifest
    items: Items
    index: Index
    positions: Positions
    encoder: Path
    notices: tuple[str, ...]


def open_generation(collection: Collection, generation: str) -> Generation:
    """Open a generation for reading.

    Raises:
        StoreError: Its table, or what serves its encoder, is missing or damaged.
    """
    manifest = collection.manifest(generation)
    notices: list[str] = []
    parts = [verify(collection.folder, part) for part in manifest.parts]
    for facts in manifest.encoder_files:
        _verify_encoder(collection.folder, facts, notices)
    items = _open_items(parts, manifest)
    index = _open_index(collection.folder, parts, manifest, notices)
    positions = open_map(collection.folder, manifest, notices)
    encoder = collection.folder / "encoders" / manifest.encoder
    return Generation(manifest, items, index, positions, encoder, tuple(notices))


def _verify_encoder(folder: Path, facts: FileFacts, notices: list[str]) -> None:
    """Only `encoder.onnx` is needed to search."""
    try:
        verify(folder, facts)
    except StoreError as error:
        if facts.file.endswith("/encoder.onnx"):
            raise
        notices.append(f"Part of the encoder is lost, search goes on: {error.message}")


def _open_items(parts: list[Path], manifest: Manifest) -> Items:
    columns = [*Items.COLUMNS, *manifest.columns]
    table = concatenate([read_table(part, columns) for part in parts])
    if manifest.deleted:
        keys = table.column("key").to_numpy()
        table = table.take(np.flatnonzero(~np.isin(keys, manifest.deleted)))
    if table.num_rows != manifest.items:
        raise StoreError(f"The table holds {table.num_rows} items, expected {manifest.items}.")
    return Items(table)


def _open_index(folder: Path, parts: list[Path], manifest: Manifest, notices: list[str]) -> Index:
    if manifest.items >= EXACT_BELOW and manifest.graph is not None:
        try:
            return _open_graph(folder, parts, manifest)
        except StoreError as error:
            notices.append(f"Search is exact, which is slower: {error.message}")
    return _exact(parts, manifest, 0)


def _open_graph(folder: Path, parts: list[Path], manifest: Manifest) -> Index:
    facts = manifest.graph
    assert facts is not None
    path = verify(folder, facts)
    deleted = [key for key in manifest.deleted if key < facts.next_key]
    graph = load_graph(path, manifest.dimension, facts.rows, facts.ef, deleted)
    if facts.rows == manifest.rows:
        return graph
    return JoinedIndex(graph, _exact(parts, manifest, facts.next_key), facts.next_key)


def _exact(parts: list[Path], manifest: Manifest, first_key: int) -> ExactIndex:
    """An exact index over the rows whose keys are at least `first_key`."""
    keys = np.concatenate([read_table(p, ["key"]).column("key").to_numpy() for p in parts])
    vectors = read_embeddings(parts, manifest.rows, manifest.dimension)
    kept = (keys >= first_key) & ~np.isin(keys, manifest.deleted)
    if kept.all():
        return ExactIndex(vectors, keys)
    return ExactIndex(vectors[kept], keys[kept])


def open_map(folder: Path, manifest: Manifest, notices: list[str]) -> Positions:
    """The map of a generation alone; empty, with a notice, when it is damaged."""
    if manifest.map is not None:
        try:
            table = read_table(verify(folder, manifest.map))
            xy = np.stack([table.column(axis).to_numpy() for axis in ("x", "y")], axis=1)
            fitted = np.asarray(table.column("how").to_pylist()) == "fitted"
            keys = table.column("key").to_numpy()
            kept = ~np.isin(keys, manifest.deleted)
            return Positions(keys[kept], xy[kept], fitted[kept])
        except StoreError as error:
            notices.append(f"There is no map: {error.message}")
    return Positions(np.empty(0, np.int64), np.empty((0, 2), np.float32), np.empty(0, np.bool_))
