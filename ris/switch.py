"""Another generation serves, with what was added and removed since it was made.

Going back to an earlier encoder must not lose pictures: those that came later are embedded by it
first, under the keys that they have.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ris.generate import Work
from ris.images.labels import Labels
from ris.images.pool import Decoded, decode_all
from ris.progress import Progress
from ris.scan import BATCH
from ris.store.collection import Collection
from ris.store.kept import KeptEntry, kept_entry
from ris.store.live import live_rows, read_live
from ris.store.manifest import Manifest
from ris.store.table import read_table, select, without_embeddings
from ris.update import NewItems, publish_with, serving


def later(collection: Collection, generation: str) -> tuple[int, int]:
    """How many items were added and removed since a generation, as far as it lacks them.

    Nothing is counted for one of the serving encoder: going back to it undoes what came later.

    Raises:
        StoreError: There is no such generation, or a part is damaged.
    """
    now, target = serving(collection), collection.manifest(generation)
    if now.encoder == target.encoder:
        return 0, 0
    had, has = (_keys(collection, one) for one in (target, now))
    return len(np.setdiff1d(has, had)), len(np.setdiff1d(had, has))


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
    now, target = serving(collection), collection.manifest(generation)
    if later(collection, generation) == (0, 0):
        return collection.use(generation)
    had, has = (_keys(collection, one) for one in (target, now))
    wanted = np.setdiff1d(has, had)
    with NewItems(collection, target, Labels("none"), work) as new:
        rows = _rows(collection, now, wanted)
        entries = _entries(collection, now, wanted)
        results, done = decode_all(entries, new.encoder.size, thumbnails=False), 0
        for table in rows:
            work.stop.check()
            found = list(islice(results, len(table)))
            kept = [row for row, one in enumerate(found) if isinstance(one, Decoded)]
            pictures = [one.picture for one in found if isinstance(one, Decoded)]
            new.write_rows(select(table, kept), pictures)
            done += len(found)
            work.on_progress(Progress("embed", done, len(wanted)))
    removed = {*target.deleted, *np.setdiff1d(had, has).tolist()}
    changed = replace(
        target,
        deleted=tuple(sorted(removed)),
        gone=tuple(sorted({*target.gone, *now.gone} & removed)),
        items=target.items - len(removed) + len(target.deleted) + len(new.keys),
        next_key=max(now.next_key, target.next_key),
        columns={**target.columns, **now.columns},
    )
    return publish_with(collection, work, changed, new, None, parent=now.generation)


def _keys(collection: Collection, manifest: Manifest) -> NDArray[np.int64]:
    """Keys of a generation's items, ascending."""
    parts = [collection.folder / part.file for part in manifest.parts]
    keys = [read_table(part, ["key"]).column("key").to_numpy() for part in parts]
    return np.concatenate(keys)[live_rows(keys, manifest.deleted)]


def _rows(collection: Collection, manifest: Manifest, keys: NDArray[np.int64]) -> Iterator[Any]:
    """Rows of some items without their embeddings, batch by batch."""
    for table in read_live(collection.folder, manifest, rows=BATCH):
        places = np.flatnonzero(np.isin(table.column("key").to_numpy(), keys))
        if len(places):
            yield without_embeddings(select(table, places))


def _entries(
    collection: Collection, manifest: Manifest, keys: NDArray[np.int64]
) -> Iterator[KeptEntry]:
    for table in _rows(collection, manifest, keys):
        for row in table.to_pylist():
            yield kept_entry(collection, row["id"], row["path"])
