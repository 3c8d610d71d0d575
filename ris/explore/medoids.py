"""The pictures that stand for a part of the map: of each cell of a grid, its medoid.

In come the places of all points and a way to their embeddings; out come, block by block, the cells
of a grid with the row of each cell's medoid: the picture that is most like all the others there. A
zoom divides the map into twice as many columns and rows as the one before it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ris.explore.tiles import Square

BLOCK = 8  # cells on a side of a block, which is asked for as a whole
ZOOMS = 7  # past the last one, what is in view is few enough to be had whole
_SAMPLE = 24  # of so many pictures of a cell the medoid is chosen
_BLOCKS_KEPT = 1024  # each is some hundred bytes

VectorsOf = Callable[[NDArray[np.int64]], NDArray[np.float32]]


@dataclass(frozen=True)
class Cells:
    """The cells of a block that hold something: rows of their medoids, int64 (C,), and how many
    points each cell holds, int64 (C,)."""

    rows: NDArray[np.int64]
    counts: NDArray[np.int64]


class Medoids:
    """The medoids of a map's cells; each block is computed once.

    Args:
        x: float32 (N,).
        y: float32 (N,).
        square: What the grids divide.
        vectors_of: Gives the unit vectors, float32 (R, D), of given rows.
    """

    def __init__(
        self,
        x: NDArray[np.float32],
        y: NDArray[np.float32],
        square: Square,
        vectors_of: VectorsOf,
    ) -> None:
        codes = _interleaved(*square.cells(x, y, BLOCK * 2 ** (ZOOMS - 1)))
        self._order = np.argsort(codes, kind="stable")  # cells of every zoom are ranges of it
        self._codes = codes[self._order]
        self._vectors_of = vectors_of
        self.block = lru_cache(_BLOCKS_KEPT)(self._block)

    def _block(self, zoom: int, column: int, row: int) -> Cells:
        """The cells of a block.

        Args:
            zoom: 0 ... ZOOMS - 1; the map has 2**zoom columns and rows of blocks.
            column: Of the block.
            row: Of the block, from below.

        Raises:
            IndexError: There is no such block.
        """
        if not (0 <= zoom < ZOOMS and 0 <= column < 2**zoom and 0 <= row < 2**zoom):
            raise IndexError((zoom, column, row))
        finer = 2 * (ZOOMS - 1 - zoom)  # bits by which this zoom's cells are coarser than codes
        wide = (BLOCK * BLOCK) << finer
        own = int(_interleaved(np.array([column]), np.array([row]))[0])
        start, end = np.searchsorted(self._codes, [own * wide, (own + 1) * wide])
        cells = self._codes[start:end] >> finer
        bounds = np.flatnonzero(np.diff(cells)) + 1
        starts = start + np.concatenate([[0], bounds]).astype(np.int64)
        counts = np.diff(np.append(starts, end))
        if start == end:
            return Cells(np.empty(0, np.int64), np.empty(0, np.int64))
        # evenly spread over the cell, whose points lie along a curve through all of it
        samples = [
            self._order[np.unique(np.linspace(first, first + count - 1, _SAMPLE).astype(np.int64))]
            for first, count in zip(starts, counts, strict=True)
        ]
        return Cells(self._medoids(samples), counts)

    def _medoids(self, samples: list[NDArray[np.int64]]) -> NDArray[np.int64]:
        vectors = self._vectors_of(np.concatenate(samples))
        found, start = [], 0
        for sample in samples:
            own = vectors[start : start + len(sample)]
            start += len(sample)
            found.append(sample[int(np.argmax(own @ own.sum(axis=0)))])
        return np.array(found, np.int64)


def _interleaved(columns: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cells along a curve that goes through a square by quarters.

    Source: Morton, A Computer Oriented Geodetic Data Base (1966).
    """
    return _spread(columns) | (_spread(rows) << 1)


def _spread(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """A zero between all bits of numbers of up to 16."""
    numbers = numbers.astype(np.int64)
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        numbers = (numbers | (numbers << shift)) & mask
    return numbers
