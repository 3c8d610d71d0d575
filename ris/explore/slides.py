"""The large pictures that patches were cut from, and where in them the patches lie."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ris.images.parts import COLUMNS
from ris.store.items import Items


@dataclass(frozen=True)
class Slide:
    """A large picture that was cut.

    Attributes:
        path: Of its file, as `parent` in the table has it.
        width: In pixels, as far as its patches reach.
        height: In pixels, as far as its patches reach.
        keys: Of its patches, int64 (N,), ascending.
        boxes: Where they lie, int64 (N, 4): x, y, width, height.
    """

    path: str
    width: int
    height: int
    keys: NDArray[np.int64]
    boxes: NDArray[np.int64]

    def at(self, x: float, y: float) -> int | None:
        """The key of the patch at a point; of several the one whose middle is nearest."""
        left, top, width, height = self.boxes.T
        inside = (left <= x) & (x < left + width) & (top <= y) & (y < top + height)
        rows = np.flatnonzero(inside)
        if len(rows) == 0:
            return None
        away = np.hypot(left + width / 2 - x, top + height / 2 - y)[rows]
        return int(self.keys[rows[away.argmin()]])


def slides_of(items: Items) -> dict[str, Slide]:
    """The pictures that items were cut from, by their paths in the order of their first patch."""
    if not COLUMNS.items() <= items.kinds.items():
        return {}
    parents = items.codes("parent")
    there = parents.codes >= 0
    columns = [items.column(name).to_numpy(zero_copy_only=False) for name in ("x", "y", "w", "h")]
    boxes = np.stack([np.nan_to_num(column) for column in columns], axis=1).astype(np.int64)
    order = np.flatnonzero(there)[np.argsort(parents.codes[there], kind="stable")]
    found = []
    ends = np.flatnonzero(np.diff(parents.codes[order])) + 1
    for rows in np.split(order, ends) if len(order) else []:
        right, bottom = (boxes[rows, side] + boxes[rows, side + 2] for side in (0, 1))
        path = parents.names[parents.codes[rows[0]]]
        found.append(
            Slide(path, int(right.max()), int(bottom.max()), items.keys[rows], boxes[rows])
        )
    found.sort(key=lambda one: int(one.keys[0]))
    return {one.path: one for one in found}
