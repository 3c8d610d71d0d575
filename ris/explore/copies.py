"""Copies of a picture, turned or mirrored: a query's views in, the best answer to any of them out.

Views are made of the encoder's input, which is square, so that a query is decoded once.
`explorer.py` encodes them in one batch and asks the index for all at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ris.model.encoder import Encoder
from ris.store.index import Keys, Neighbours, Vectors

_TURNS = (0, 90, 180, 270)  # degrees clockwise
# Encoders that average a picture with its mirror image differ by 1e-7 between the two, others by
# 0.4 and more (noise, 6 trained encoders, 2026-11-23).
_SAME = 1e-4
# What two views of a symmetric picture may differ by: an earlier view is preferred by as much.
_TIE = 1e-5


@dataclass(frozen=True)
class Best:
    """Items by their best view, nearest first: keys int64 (k,), distances float32 (k,), and views
    int64 (k,), the numbers of the views they are nearest to."""

    keys: Keys
    distances: Vectors
    views: NDArray[np.int64]

    def first(self, k: int) -> "Best":
        """The k nearest of them."""
        return Best(self.keys[:k], self.distances[:k], self.views[:k])


def views(pixels: NDArray[np.uint8], *, mirrored: bool) -> NDArray[np.uint8]:
    """A square picture turned by 0, 90, 180 and 270 degrees, then its mirror image likewise.

    Args:
        pixels: uint8 (S, S, 3).
        mirrored: Whether views of the mirror image are wanted too.

    Returns:
        uint8 (4, S, S, 3), or (8, S, S, 3) with the mirror image's; the first is `pixels`.
    """
    sides = (pixels, pixels[:, ::-1]) if mirrored else (pixels,)
    return np.stack([np.rot90(side, -turn // 90) for side in sides for turn in _TURNS])


def view_of(number: int) -> tuple[int, bool]:
    """Degrees clockwise of a view, and whether it is one of the mirror image."""
    return _TURNS[number % len(_TURNS)], number >= len(_TURNS)


def tells_mirrored(encoder: Encoder) -> bool:
    """Whether a picture and its mirror image have embeddings of their own."""
    noise = np.random.default_rng(0).integers(0, 256, (encoder.size, encoder.size, 3), np.uint8)
    one, other = encoder.encode(np.stack([noise, noise[:, ::-1]]))
    return float(1.0 - one @ other) > _SAME


def nearest_of_any(found: Neighbours, k: int, *, without: Sequence[int] = ()) -> Best:
    """The k items nearest to any of the views, each once, at its least distance.

    Args:
        found: The k nearest to each of V views, one more for each item left out: keys and
            distances (V, k). That is enough: an item that is not among those of the view it is
            nearest to has k others before it.
        k: How many, at most.
        without: Keys of items to leave out.
    """
    if len(found.keys) == 1:
        keys, distances = found.keys[0], found.distances[0]
        nearest_by = np.zeros(len(keys), np.int64)
    else:
        keys, column = np.unique(found.keys, return_inverse=True)
        away = np.full((len(found.keys), len(keys)), np.inf, np.float32)  # (V, items)
        np.put_along_axis(away, column.reshape(found.keys.shape), found.distances, axis=1)
        distances = away.min(axis=0)
        preferred = away + _TIE * np.arange(len(away), dtype=np.float32)[:, None]
        nearest_by = preferred.argmin(axis=0)
    order = np.lexsort((keys, distances))  # equal distances: the older item first
    left_out = (keys[order, None] == np.asarray(without, np.int64)).any(axis=1)
    order = order[~left_out][:k]
    return Best(keys[order], distances[order], nearest_by[order])
