"""The map in tiles: what a browser fetches of a million points for what it shows of them.

In come the places of all points; out come tiles, each a list of rows. Level 0 is one tile with a
random sample of the whole map; every further level has three times the points of all before it,
spread over four times as many tiles. All levels up to one, over a part of the map, are an even
sample of that part; all levels together are all points. So a view shows the levels that it has
room for, points never vanish on the way in, and nothing is computed for a view.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FIRST = 20_000  # points of level 0: on a screen they look like the whole


@dataclass(frozen=True)
class Square:
    """The part of the plane that tiles divide: its lower left corner and its side."""

    x: float
    y: float
    side: float

    def cells(
        self, x: NDArray[np.float32], y: NDArray[np.float32], number: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Column and row of each point when the square is divided into number x number cells."""
        columns = ((x - self.x) * (number / self.side)).astype(np.int64)
        rows = ((y - self.y) * (number / self.side)).astype(np.int64)
        return columns.clip(0, number - 1), rows.clip(0, number - 1)


def square_around(x: NDArray[np.float32], y: NDArray[np.float32]) -> Square:
    """The smallest square that holds all points, of which there is at least one."""
    left, bottom = float(x.min()), float(y.min())
    side = max(float(x.max()) - left, float(y.max()) - bottom)
    return Square(left, bottom, side or 1.0)


@dataclass(frozen=True)
class Tiles:
    """Points in tiles.

    Attributes:
        square: What they divide.
        places: Level, column and row of each tile, int64 (T, 3); a level l > 0 divides the square
            into 2**(l + 1) columns and rows.
        starts: Where each tile begins in `rows`, int64 (T + 1,).
        rows: The rows of all points, int64 (N,), tile after tile.
    """

    square: Square
    places: NDArray[np.int64]
    starts: NDArray[np.int64]
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.places)

    def rows_of(self, tile: int) -> NDArray[np.int64]:
        """The rows of a tile's points.

        Raises:
            IndexError: There is no such tile.
        """
        if not 0 <= tile < len(self):
            raise IndexError(tile)
        return self.rows[self.starts[tile] : self.starts[tile + 1]]


def tile(x: NDArray[np.float32], y: NDArray[np.float32], *, first: int = FIRST) -> Tiles:
    """Divides points into tiles; the same points always in the same way.

    Args:
        x: float32 (N,).
        y: float32 (N,).
        first: How many points level 0 has.
    """
    count = len(x)
    if count == 0:
        nothing = np.empty(0, np.int64)
        return Tiles(Square(0, 0, 1), np.empty((0, 3), np.int64), np.zeros(1, np.int64), nothing)
    square = square_around(x, y)
    shuffled = np.random.default_rng(0).permutation(count)
    rows, places, sizes = [], [], []
    level, start, end = 0, 0, first
    while start < count:
        drawn = shuffled[start:end]
        number = 2 ** (level + 1) if level else 1
        columns, lines = square.cells(x[drawn], y[drawn], number)
        cells = lines * number + columns
        order = np.argsort(cells, kind="stable")
        found, members = np.unique(cells, return_counts=True)
        rows.append(drawn[order])
        sizes.append(members)
        places.append(np.stack([np.full_like(found, level), found % number, found // number], 1))
        level, start, end = level + 1, end, end * 4
    starts = np.concatenate([[0], np.cumsum(np.concatenate(sizes))])
    return Tiles(square, np.concatenate(places), starts, np.concatenate(rows))
