"""Another generation serves, with what was added, removed and moved since it was made.

Going back to an earlier encoder must not lose pictures: those that came later are embedded by it
first, under the keys that they have; those that it had removed come back.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ris.generate import Work
from ris.images.labels import Labels
from ris.images.pool import Decoded, decode_all
from ris.new_items import NewItems, publish_with
from ris.progress import Progress
from ris.scan import BATCH
from ris.store.collection import Collection
from ris.store.generation import embeddings_of_items
from ris.store.index import Keys
from ris.store.kept import KeptEntry, kept_entry
from ris.store.known import KnownFiles, note_removed
from ris.store.live import live_keys, part_keys, read_live
from ris.store.manifest import Manifest
from ris.store.table import select, without_embeddings


def later(collection: Collection, generation: str) -> tuple[int, int]:
    """How many items were added and removed since a generation, as far as it lacks them.

    Nothing is counted for one of the serving encoder: going back to it undoes what came later.

    Raises:
        StoreError: There is no such generation, or a part is damaged.
    """
    now, target = collection.serving(), collection.manifest(generation)
    came, went = _since(collection, now, target)
    return len(came), len(went)


def switch(collection: Collection, work: Work, generation: str) -> Manifest:
    """Let a generation serve; one of another encoder with what was added, removed and moved
    since.

    Pictures that can't be read any more are not carried over.

    Args:
        collection: A published collection.
        work: What to run with.
        generation: Which one.

    Returns:
        The generation that serves now: that one, or a new one of its encoder.

    Raises:
        StoreError: There is no such generation, or a part is damaged.
        BusyError: Something else was published meanwhile.
        Cancelled: The person gave up.
    """
    now, target = collection.serving(), collection.manifest(generation)
    came, went = _since(collection, now, target)
    moved = _moved(collection, now, target)
    skipped = _note_removed(collection, now, target, work)
    if len(came) == len(went) == len(moved) == 0 and skipped is None:
        return collection.use(generation)
    back = np.intersect1d(came, target.deleted)  # removed there: their rows wait in its parts
    came = np.setdiff1d(came, back)
    target = replace(target, columns={**now.columns, **target.columns})
    with NewItems(collection, target, Labels("none"), work) as new:
        rows = _rows(collection, now, came)
        entries = _entries(collection, now, came)
        results, done = decode_all(entries, new.encoder.size, thumbnails=False), 0
        for table in rows:
            work.stop.check()
            found = list(islice(results, len(table)))
            kept = [row for row, one in enumerate(found) if isinstance(one, Decoded)]
            pictures = [one.picture.pixels for one in found if isinstance(one, Decoded)]
            if pictures:
                pixels = np.stack(pictures)
                new.write_rows(select(table, kept), new.encoder.encode(pixels), pixels)
            done += len(found)
            work.on_progress(Progress("embed", done, len(came)))
        for table in _rows(collection, now, moved):
            keys = table.column("key").to_numpy()
            vectors = embeddings_of_items(collection.folder, target, keys)
            new.write_rows(table, vectors)
    removed = {*target.deleted, *went.tolist()}.difference(back.tolist())
    changed = replace(
        target,
        deleted=tuple(sorted(removed)),
        gone=tuple(sorted({*target.gone, *now.gone} & removed)),
        items=target.items - len(went) + len(back) + len(new.keys),
        next_key=max(now.next_key, target.next_key),
    )
    if target.graph is not None and min(new.keys, default=target.next_key) < target.graph.next_key:
        changed = replace(changed, graph=None)  # it lacks keys that it answers for
    return publish_with(collection, work, changed, new, skipped, parent=now.generation)


def _since(collection: Collection, now: Manifest, target: Manifest) -> tuple[Keys, Keys]:
    """Keys of what came and of what went since a generation of another encoder."""
    if now.encoder == target.encoder:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    had, has = (live_keys(collection.folder, one) for one in (target, now))
    return np.setdiff1d(has, had), np.setdiff1d(had, has)


def _moved(collection: Collection, now: Manifest, target: Manifest) -> Keys:
    """Keys of items whose rows a generation of another encoder has with other paths or times."""
    if now.encoder == target.encoder:
        return np.empty(0, np.int64)
    return KnownFiles(collection, now).moved_since(KnownFiles(collection, target))


def _note_removed(
    collection: Collection, now: Manifest, target: Manifest, work: Work
) -> Path | None:
    """The skipped files with those that were added and removed by hand since, so that `sync` goes
    on passing them over; None where nothing changes."""
    if now.encoder == target.encoder or not now.deleted:
        return None
    had = np.concatenate([np.empty(0, np.int64), *part_keys(collection.folder, target)])
    forgotten = np.setdiff1d(now.deleted, had).astype(int).tolist()
    return note_removed(collection, replace(now, deleted=tuple(forgotten)), work.folder)


def _rows(collection: Collection, manifest: Manifest, keys: Keys) -> Iterator[Any]:
    """Rows of some items without their embeddings, batch by batch."""
    for table in read_live(collection.folder, manifest, rows=BATCH):
        places = np.flatnonzero(np.isin(table.column("key").to_numpy(), keys))
        if len(places):
            yield without_embeddings(select(table, places))


def _entries(collection: Collection, manifest: Manifest, keys: Keys) -> Iterator[KeptEntry]:
    for table in _rows(collection, manifest, keys):
        for row in table.to_pylist():
            yield kept_entry(collection, row["id"], row["path"])
