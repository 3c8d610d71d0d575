"""Which rows of a generation's parts hold: the last of each key, unless it was removed.

Parts are never changed. A part corrects rows of earlier ones by naming their keys again, as when
files were moved; removed keys stand in the manifest. Compaction makes both physical.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ris.store.files import verify
from ris.store.manifest import Manifest
from ris.store.table import conform, read_batches, read_table, take

Keys = NDArray[np.int64]


def live_rows(keys: Sequence[Keys], deleted: Sequence[int]) -> NDArray[np.int64]:
    """The rows that hold, counted through all parts, in the ascending order of their keys.

    Args:
        keys: Of each part, int64 (rows of the part,).
        deleted: Keys of removed items.
    """
    found = np.concatenate([np.empty(0, np.int64), *keys])
    rows = np.arange(len(found))
    if (np.diff(found) <= 0).any():
        rows = np.argsort(found, kind="stable")
        ordered = found[rows]
        rows = rows[np.append(ordered[1:] != ordered[:-1], True)]
    return rows[~np.isin(found[rows], np.asarray(deleted, np.int64))] if deleted else rows


def part_keys(folder: Path, manifest: Manifest) -> list[Keys]:
    """The keys of each part's rows, int64 (rows of the part,).

    Raises:
        StoreError: A part is missing or damaged.
    """
    paths = [verify(folder, part) for part in manifest.parts]
    return [read_table(path, ["key"]).column("key").to_numpy() for path in paths]


def live_keys(folder: Path, manifest: Manifest) -> Keys:
    """Keys of a generation's items, ascending, int64 (items,).

    Raises:
        StoreError: A part is missing or damaged.
    """
    keys = part_keys(folder, manifest)
    found: Keys = np.concatenate([np.empty(0, np.int64), *keys])[live_rows(keys, manifest.deleted)]
    return found


def read_live(
    folder: Path, manifest: Manifest, columns: Sequence[str] | None = None, *, rows: int
) -> Iterator[Any]:
    """The rows that hold as Arrow tables of at most `rows` rows, part by part.

    Keys ascend as long as no part corrects another.

    Raises:
        StoreError: A part is missing or damaged.
    """
    keys = part_keys(folder, manifest)
    holds = np.zeros(sum(map(len, keys)), np.bool_)
    holds[live_rows(keys, manifest.deleted)] = True
    first = 0
    for part in manifest.parts:
        for batch in read_batches(folder / part.file, columns, rows):
            kept = np.flatnonzero(holds[first : first + batch.num_rows])
            first += batch.num_rows
            if len(kept):
                found = take(batch, kept)
                if columns is None:
                    found = conform(found, manifest.dimension, dict(manifest.columns))
                yield found
