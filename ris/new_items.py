"""Rows that join a published collection: written batch by batch, placed on its map, published.

The encoder, the graph and the parts of the generation before stay as they are. `update.py` brings
pictures of files, `switch.py` those that a generation of another encoder lacks.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ris.explore.projection import NEAREST, place
from ris.explore.why import Pixels, errors
from ris.generate import Work, earlier_errors, open_encoder, redraws, write_places
from ris.images.entries import Entry
from ris.images.labels import Labels
from ris.images.parts import COLUMNS as PATCH_COLUMNS
from ris.images.parts import columns_of
from ris.images.pool import Decoded
from ris.progress import Progress
from ris.scan import copy_in, put_thumbnails, row_of
from ris.store.collection import Collection, Draft
from ris.store.decoded import DecodedLog
from ris.store.files import describe, require_space
from ris.store.generation import Positions, embeddings_of_items, joined, open_map
from ris.store.index import ExactIndex, Index, Keys, Vectors
from ris.store.known import microseconds
from ris.store.manifest import Manifest, Map, Part
from ris.store.table import (
    TableWriter,
    box_of,
    conform,
    embed,
    embeddings_of,
    replace_columns,
)
from ris.store.thumbnails import Thumbnails


@dataclass(frozen=True)
class _Places:
    """The map of a collection, and an index of the items that it was fitted to."""

    positions: Positions
    index: Index


def _open_places(folder: Path, manifest: Manifest) -> _Places:
    positions = open_map(folder, manifest, [])
    keys = positions.keys[positions.fitted] if positions.fitted.any() else positions.keys
    return _Places(positions, ExactIndex(embeddings_of_items(folder, manifest, keys), keys))


class NewItems:
    """The part of new rows, written batch by batch, with their places on the map."""

    def __init__(
        self, collection: Collection, manifest: Manifest, labels: Labels, work: Work
    ) -> None:
        self._collection = collection
        self._manifest = manifest
        self._labels = labels
        self._work = work
        self.encoder = open_encoder(collection, manifest)
        self._redraws = redraws(collection, manifest)
        self.part = work.folder / "part.parquet"
        self.rows = 0
        self.keys: list[int] = []
        self._columns = {**manifest.columns, **labels.columns}
        self._placed: list[Positions] = []
        self._copied = False

    def __enter__(self) -> "NewItems":
        self._table = TableWriter(self.part, self._manifest.dimension, self._columns)
        self._thumbnails = Thumbnails(self._collection.folder / "thumbnails.sqlite")
        self._log = DecodedLog(self._work.folder, self.encoder.size)
        self._opener = ThreadPoolExecutor(1)
        self._opened = self._opener.submit(  # a second for a million items, while others decode
            _open_places, self._collection.folder, self._manifest
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._table.close()
        self._thumbnails.close()
        self._log.close()
        self._opener.shutdown()
        if self._copied:  # waits for all that is written on this machine
            os.sync()  # the copies are on the disk before any generation names them

    def write(self, found: list[Decoded], first_key: int) -> None:
        """Keep new pictures: bytes, thumbnails, rows with their embeddings, places."""
        if not found:
            return
        room = len(found) * (20_000 + 3 * self.encoder.size**2)
        require_space(self._collection.folder, room)
        self._copied |= any(one.data is not None for one in found)
        kept = [copy_in(self._collection, one, self._work.folder) for one in found]
        put_thumbnails(self._thumbnails, kept)
        self._log.add(kept)
        pixels = np.stack([one.picture.pixels for one in kept])
        vectors = self.encoder.encode(pixels)
        keys = list(range(first_key, first_key + len(kept)))
        rows = [row_of(key, one, self._labels) for key, one in zip(keys, kept, strict=True)]
        self._table.write(rows, vectors)
        self._keep(keys, vectors, self._errors(pixels))

    def write_rows(self, table: Any, vectors: Vectors, pixels: Pixels | None = None) -> None:
        """Write rows of another encoder's generation with embeddings of this one, under the keys
        they have; new ones with their pixels, those that are on the map already without."""
        whole = embed(table, vectors)
        self._table.write_table(conform(whole, self._manifest.dimension, self._columns))
        if pixels is not None:
            self._keep(table.column("key").to_pylist(), vectors, self._errors(pixels))
        else:
            self.rows += len(table)

    def write_again(
        self, table: Any, keys: list[int], entries: list[Entry], *, are_new: bool
    ) -> None:
        """Write known rows with other keys, paths and times, and the labels that follow."""
        values: dict[str, Any] = {
            "key": keys,
            "path": [entry.path for entry in entries],
            "modified": [microseconds(entry.modified) for entry in entries],
        }
        if PATCH_COLUMNS.items() <= self._columns.items():
            told = [columns_of(entry.path) for entry in entries]
            values |= {name: [one.get(name) for one in told] for name in PATCH_COLUMNS}
            values["box"] = [box_of(entry.path) for entry in entries]
            sizes = table.column("bytes").to_pylist()
            values["bytes"] = [entry.size or n for entry, n in zip(entries, sizes, strict=True)]
        if are_new or self._labels.choice == "folder":
            known = [self._labels.of(entry) for entry in entries]
            values["labels"] = [list(one.labels) for one in known]
            if are_new:
                for name in self._labels.columns:
                    values[name] = [(one.metadata or {}).get(name) for one in known]
        copied = table.column("key").to_numpy()
        table = conform(table, self._manifest.dimension, self._columns)
        self._table.write_table(replace_columns(table, values))
        if are_new:
            error = earlier_errors(self._opened.result().positions, copied)
            self._keep(keys, embeddings_of(table), error)
        else:
            self.rows += len(keys)

    def _errors(self, pixels: Pixels) -> Vectors:
        """How far pictures are redrawn from what they are; NaN where what draws them is lost."""
        if not self._redraws:
            return np.full(len(pixels), np.nan, np.float32)
        return errors(pixels, self.encoder.reconstruct(pixels))

    def _keep(self, keys: list[int], vectors: Vectors, error: Vectors) -> None:
        self.rows += len(keys)
        self.keys += keys
        self._placed.append(self._places(np.array(keys, np.int64), vectors, error))

    def _places(self, keys: Keys, vectors: Vectors, error: Vectors) -> Positions:
        """Where new items fall on the map, by their nearest fitted neighbours; NaN: nowhere."""
        count = len(vectors)
        places = Positions(
            keys,
            np.full((count, 2), np.nan, np.float32),
            np.zeros(count, np.bool_),
            np.full(count, -1, np.int32),
            np.full(count, np.nan, np.float32),
            error,
        )
        opened = self._opened.result()
        positions = opened.positions
        if len(positions.keys) == 0:
            return places
        found = opened.index.query(vectors, NEAREST)
        rows = np.searchsorted(positions.keys, found.keys)  # (count, k); all are on the map
        for i, near in enumerate(rows):
            it = place(positions.xy[near], found.distances[i])
            places.xy[i] = it.x, it.y
            places.cluster[i] = positions.cluster[near[0]]
            places.outlier[i] = found.distances[i].mean()
        return places

    def write_places(self) -> Map | None:
        """Write the new items' places into `map.parquet` of the work folder; None where none
        has one."""
        placed = [one.take(np.flatnonzero(np.isfinite(one.xy[:, 0]))) for one in self._placed]
        if not any(len(one.keys) for one in placed):
            return None
        return write_places(self._work, joined(placed))


def publish_with(
    collection: Collection,
    work: Work,
    manifest: Manifest,
    new: NewItems | None,
    skipped: Path | None,
    *,
    parent: str,
) -> Manifest:
    """Let a generation serve to which new rows and their places are added.

    Args:
        collection: Whose generation it becomes.
        work: Where the new rows lie.
        manifest: Its facts without the new rows' part and map.
        new: The new rows, closed; or None.
        skipped: The file of skipped files that replaces the collection's; or None.
        parent: The generation that the work started from.
    """
    work.on_progress(Progress("publish", 0, 1, "generations"))
    work.stop.check()
    files: dict[str, Path] = {}
    if new is not None and new.rows:
        name = collection.new_part()
        facts = describe(work.folder, new.part, name=name).to_json()
        manifest = replace(manifest, parts=(*manifest.parts, Part(**facts, rows=new.rows)))
        files[name] = new.part
    if new is not None and (placed := new.write_places()) is not None:
        manifest = replace(manifest, maps=(*manifest.maps, placed))
        files[placed.file] = work.folder / "map.parquet"
    published = collection.publish(Draft(manifest, files, skipped), parent=parent)
    work.on_progress(Progress("publish", 1, 1, "generations", note=published.generation))
    return published
