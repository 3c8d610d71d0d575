"""Pairs that people said are no duplicates, or are both to be kept: `dismissed.json`.

Named by the contents of the two, so that it holds for every generation, after a retraining, and
for a picture that was removed and added again. It belongs to no generation.
"""

import hashlib
from collections.abc import Set

import numpy as np
from numpy.typing import NDArray

from ris.errors import StoreError
from ris.store.collection import Collection
from ris.store.files import read_sealed, write_sealed
from ris.store.items import Item, Items

FILE = "dismissed.json"
FORMAT = 1
Pair = tuple[str, str]


class Dismissed:
    """The dismissed pairs of a collection, as they are when this is made.

    Raises:
        StoreError: The file is damaged.
    """

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._path = collection.folder / FILE
        self._pairs = self._read()

    def __len__(self) -> int:
        return len(self._pairs)

    @property
    def version(self) -> str:
        """Another text after every change."""
        return hashlib.sha256(repr(sorted(self._pairs)).encode()).hexdigest()

    def has(self, one: Item, other: Item) -> bool:
        """Whether a pair was dismissed."""
        return pair_of(one.id, one.path, other.id, other.path) in self._pairs

    def among(
        self,
        items: Items,
        first: NDArray[np.int64],
        second: NDArray[np.int64],
        asked: NDArray[np.bool_],
    ) -> NDArray[np.bool_]:
        """Which of the pairs of rows that are asked about were dismissed, bool (P,)."""
        found = np.zeros(len(first), np.bool_)
        if not self._pairs:
            return found
        places = np.flatnonzero(asked)
        ids, paths = items.column("id"), items.column("path")
        told = [
            column.take(rows[places]).to_pylist()
            for rows in (first, second)
            for column in (ids, paths)
        ]
        for place, *names in zip(places.tolist(), *told, strict=True):
            found[place] = pair_of(*names) in self._pairs
        return found

    def add(self, one: Item, other: Item) -> None:
        """Remember a pair for good.

        Raises:
            StoreError: The file is damaged, or the disk is full.
            BusyError: Somebody else is writing.
        """
        self._change({pair_of(one.id, one.path, other.id, other.path)}, set())

    def forget(self, one: Item, other: Item) -> None:
        """Take that back.

        Raises:
            StoreError, BusyError: As `add`.
        """
        self._change(set(), {pair_of(one.id, one.path, other.id, other.path)})

    def _change(self, new: Set[Pair], gone: Set[Pair]) -> None:
        with self._collection.writing():
            self._pairs = (self._read() | new) - gone  # others may have written meanwhile
            write_sealed(self._path, {"format": FORMAT, "pairs": sorted(self._pairs)})

    def _read(self) -> frozenset[Pair]:
        if not self._path.exists():
            return frozenset()
        hint = "Put a copy of it back, or remove it from the collection's folder."
        content = read_sealed(self._path, FORMAT, hint=hint)
        try:
            return frozenset((str(one), str(other)) for one, other in content["pairs"])
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(f"{FILE} holds no pairs: {error}.", hint) from error


def pair_of(one: str, one_path: str, other: str, other_path: str) -> Pair:
    """What names a pair: the contents; of copies of one content, where they lie as well."""
    if one == other:
        one, other = f"{one} {one_path}", f"{other} {other_path}"
    return (one, other) if one < other else (other, one)
