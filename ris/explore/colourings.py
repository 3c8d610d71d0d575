"""What the map can be coloured by: labels, clusters, scores, columns, dates, sizes, tags.

In come the items of a generation and their places; out goes a code or a number for every point, in
the order of `Explorer.points()`. The page turns them into colours and a legend.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ris.errors import RisError
from ris.store.generation import Positions
from ris.store.items import Items
from ris.store.values import Codes

LABEL, CLUSTER, OUTLIER, ERROR, TAG = (
    "label",
    "cluster",
    "outlier score",
    "reconstruction error",
    "tag",
)
FOLDER, DATE, PIXELS, BYTES = "folder", "date", "picture size", "file size"
_OWN = {LABEL, CLUSTER, OUTLIER, ERROR, TAG, DATE, PIXELS, BYTES}
_NUMBERS = {"int", "float", "time"}


@dataclass(frozen=True)
class Colouring:
    """What points are coloured by, in the order of `Explorer.points()`.

    Attributes:
        name: One of `Explorer.colourings()`.
        kind: Whether points differ by category or by number.
        names: The categories.
        codes: The category of each point, int32 (N,), -1 for none; all -1 for numbers.
        values: The number of each point, float32 (N,), NaN for none; all NaN for categories.
        unit: What the numbers count: "" (nothing to tell), "days" (since 1970), "megapixels",
            "bytes" or "distance" (cosine).
        version: Another one where the same generation tells something else by this name: people
            change tags at any time. Whoever caches a colouring does so under name and version.
    """

    name: str
    kind: Literal["categories", "numbers"]
    names: tuple[str, ...]
    codes: NDArray[np.int32]
    values: NDArray[np.float32]
    unit: str = ""
    version: str = ""


class Colourings:
    """What the points of a generation can be coloured by.

    Args:
        items: The generation's.
        positions: Its map.
        labels: Gives the first label of each item.
        clusters: Gives the clusters' names by number.
        tags: Gives a tag of each item; people change tags at any time.
    """

    def __init__(
        self,
        items: Items,
        positions: Positions,
        labels: Callable[[], Codes],
        clusters: Callable[[], tuple[str, ...]],
        tags: Callable[[], Codes],
    ) -> None:
        self._items = items
        self._positions = positions
        self._labels = labels
        self._clusters = clusters
        self._tags = tags
        self._rows = items.rows_of(positions.keys)
        self._columns = {f"{name} (column)" if name in _OWN else name: name for name in items.kinds}

    def names(self) -> tuple[str, ...]:
        """What can be chosen, the most telling first; only what some item has."""
        if len(self._rows) == 0:
            return ()
        there = self._there
        return tuple(n for n, found in there.items() if found or (n == TAG and self._tags().names))

    @cached_property
    def _there(self) -> dict[str, bool]:
        """What some item has, in the order that it is offered in; tags come and go."""
        there = {
            LABEL: len(self._labels().names) > 0,
            CLUSTER: bool((self._positions.cluster >= 0).any()),
            OUTLIER: bool(np.isfinite(self._positions.outlier).any()),
            ERROR: bool(np.isfinite(self._positions.error).any()),
            TAG: False,
            **{shown: self._items.has_values(name) for shown, name in self._columns.items()},
        }
        if FOLDER not in self._columns:
            there[FOLDER] = self._items.has_folders()
        return {**there, DATE: self._items.has_values("modified"), PIXELS: True, BYTES: True}

    def of(self, name: str) -> Colouring:
        """One of them.

        Raises:
            RisError: It is none of `names`.
        """
        items = self._items
        if name not in self.names():
            raise RisError(
                f"The map can't be coloured by {name!r}.",
                f"It can be by {', '.join(self.names()) or 'nothing, as there is no map'}.",
            )
        if name in self._columns:
            column = self._columns[name]
            if items.kinds[column] in _NUMBERS:
                unit = "days" if items.kinds[column] == "time" else ""
                return self._numbers(name, items.numbers(column), unit)
            return self._categories(name, items.codes(column))
        if name == CLUSTER:
            return _categories(name, Codes(self._positions.cluster, self._clusters()))
        if name == OUTLIER:
            return _numbers(name, self._positions.outlier, "distance")
        if name == ERROR:
            return _numbers(name, self._positions.error, "")
        if name == DATE:
            return self._numbers(name, items.numbers("modified"), "days")
        if name == BYTES:
            return self._numbers(name, items.numbers("bytes"), "bytes")
        if name == PIXELS:
            pixels = items.numbers("width") * items.numbers("height") / np.float32(1e6)
            return self._numbers(name, pixels, "megapixels")
        found = {LABEL: self._labels, TAG: self._tags}.get(name, lambda: items.codes(FOLDER))()
        return self._categories(name, found)

    def _categories(self, name: str, of_items: Codes) -> Colouring:
        return _categories(name, Codes(of_items.codes[self._rows], of_items.names))

    def _numbers(self, name: str, of_items: NDArray[np.float32], unit: str) -> Colouring:
        return _numbers(name, of_items[self._rows], unit)


def _categories(name: str, found: Codes) -> Colouring:
    nothing = np.full(len(found.codes), np.nan, np.float32)
    return Colouring(name, "categories", found.names, found.codes, nothing)


def _numbers(name: str, values: NDArray[np.float32], unit: str) -> Colouring:
    return Colouring(name, "numbers", (), np.full(len(values), -1, np.int32), values, unit)
