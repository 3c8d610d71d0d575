"""The columns that neighbours can tell, for one generation: its values, and what was left out.

In come hits and a column's name, out goes what `prediction.py` makes of them. Leaving items out
asks the index for a thousand of them at once, and is done once for each column and number of
neighbours.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ris.errors import RisError
from ris.explore.prediction import (
    MOST_LEFT_OUT,
    LeftOut,
    Prediction,
    leave_out_codes,
    leave_out_numbers,
    predict_category,
    predict_number,
)
from ris.explore.results import Hit
from ris.store.index import Index, Vectors
from ris.store.items import Items
from ris.store.values import Codes

LABEL = "label"
_NUMBERS = {"int", "float", "time"}
_EQUAL = 1e-5  # cosine distance; a copy of the same file would predict itself
_SPARE = 6  # neighbours more, as equal ones are passed over
_KEPT = 16


class NeighboursSay:
    """What the nearest items of a query say of a column.

    Args:
        items: The generation's.
        index: Its index.
    """

    def __init__(self, items: Items, index: Index) -> None:
        self._items = items
        self._index = index
        self._values = lru_cache(_KEPT)(self._read)
        self._left_out = lru_cache(_KEPT)(self._leave_out)

    def columns(self) -> tuple[str, ...]:
        """The columns that can be predicted: "label" and the person's own, as far as items have
        values."""
        own = (name for name in self._items.kinds if self._items.has_values(name))
        labels = self._values(LABEL) if LABEL not in self._items.kinds else None
        has_labels = isinstance(labels, Codes) and len(labels.names) > 0
        return (*([LABEL] if has_labels else []), *own)

    def predict(self, hits: tuple[Hit, ...], column: str) -> Prediction:
        """What hits say of a column.

        Raises:
            RisError: There is no such column, or no item has a value in it.
        """
        if column not in self.columns():
            raise RisError(
                f"Neighbours can't tell {column!r}.",
                f"They can tell {', '.join(self.columns()) or 'nothing: there are no columns'}.",
            )
        rows = self._items.rows_of([hit.item.key for hit in hits])
        distances = np.array([hit.distance for hit in hits], np.float32)
        values = self._values(column)
        left_out = self._left_out(column, max(len(hits), 1))
        if isinstance(values, Codes):
            return predict_category(column, values.codes[rows], values.names, distances, left_out)
        is_time = self._items.kinds[column] == "time"
        return predict_number(column, values[rows], distances, left_out, is_time=is_time)

    def _read(self, column: str) -> Codes | Vectors:
        if column not in self._items.kinds:
            return self._items.label_codes()
        if self._items.kinds[column] in _NUMBERS:
            return self._items.numbers(column)
        return self._items.codes(column)

    def _leave_out(self, column: str, k: int) -> LeftOut:
        values = self._values(column)
        of_items = values.codes if isinstance(values, Codes) else values
        known = np.flatnonzero(of_items >= 0 if isinstance(values, Codes) else np.isfinite(values))
        rows = np.sort(np.random.default_rng(0).permutation(known)[:MOST_LEFT_OUT])
        own = self._items.keys[rows]
        vectors = self._index.vectors(own.tolist())
        found = self._index.query(vectors, min(k + _SPARE, self._index.count))
        passed = (found.keys == own[:, None]) | (found.distances < _EQUAL)
        order = np.argsort(passed, axis=1, kind="stable")[:, :k]
        near = self._items.rows_of(np.take_along_axis(found.keys, order, axis=1).ravel())
        passed = np.take_along_axis(passed, order, axis=1)
        away = np.take_along_axis(found.distances, order, axis=1)
        of_near: NDArray[np.generic] = of_items[near].reshape(passed.shape)
        if isinstance(values, Codes):
            return leave_out_codes(of_items[rows], np.where(passed, -1, of_near), away)
        return leave_out_numbers(of_items[rows], np.where(passed, np.nan, of_near), away)
