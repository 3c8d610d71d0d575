"""Another generation serves, with what was added and removed since it was made.

Going back to an earlier encoder must not lose pictures: those that came later are embedded by it
first, under the keys that they have.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from ris.generate import Work
from ris.images.labels import Labels
from ris.images.pool import Decoded, decode_all
from ris.new_items import NewItems, publish_with
from ris.progress import Progress
from ris.scan import BATCH
from ris.store.collection import Collection
from ris.store.index import Keys
from ris.store.kept import KeptEntry, kept_entry
from ris.store.live import live_keys, read_live
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
    """Let a generation serve; one of another encoder with what was added and removed since.

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
    if len(came) == len(went) == 0:
        return collection.use(generation)
    with NewItems(collection, target, Labels("none"), work) as new:
        rows = _rows(collection, now, came)
        entries = _entries(collection, now, came)
        results, done = decode_all(entries, new.encoder.size, thumbnails=False), 0
        for table in rows:
            work.stop.check()
            found = list(islice(results, len(table)))
            kept = [row for row, one in enumerate(found) if isinstance(one, Decoded)]
            pictures = [one.picture for one in found if isinstance(one, Decoded)]
            new.write_rows(select(table, kept), pictures)
            done += len(found)
            work.on_progress(Progress("embed", done, len(came)))
    removed = {*target.deleted, *went.tolist()}
    changed = replace(
        target,
        deleted=tuple(sorted(removed)),
        gone=tuple(sorted({*target.gone, *now.gone} & removed)),
        items=target.items - len(removed) + len(target.deleted) + len(new.keys),
        next_key=max(now.next_key, target.next_key),
        columns={**target.columns, **now.columns},
    )
    return publish_with(collection, work, changed, new, None, parent=now.generation)


def _since(collection: Collection, now: Manifest, target: Manifest) -> tuple[Keys, Keys]:
    """Keys of what came and of what went since a generation of another encoder."""
    if now.encoder == target.encoder:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    had, has = (live_keys(collection.folder, one) for one in (target, now))
    return np.setdiff1d(has, had), np.setdiff1d(had, has)


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
