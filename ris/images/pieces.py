"""Windows of a picture whose pixels lie in pieces: tiles, or strips as wide as the picture."""

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from ris.images.parts import Box

PIECES_KEPT = 128 * 2**20  # bytes

Pixels = NDArray[np.uint8]


class Pieced:
    """What unpacks pieces as they are needed and keeps those that were needed last.

    Args:
        width: Of the picture in pixels.
        height: Of the picture in pixels.
        wide: Of a piece in pixels.
        high: Of a piece in pixels; those at the lower edge may be less high.
    """

    def __init__(self, width: int, height: int, wide: int, high: int) -> None:
        self.width, self.height = width, height
        self._wide, self._high = wide, high
        self._across = -(-width // wide)
        self._kept: OrderedDict[int, Pixels] = OrderedDict()
        self._bytes = 0

    def read(self, box: Box) -> Pixels:
        """The pixels of a part that lies inside, uint8 (height, width, 3)."""
        found = np.full((box.height, box.width, 3), 255, np.uint8)
        rows = range(box.y // self._high, (box.y + box.height - 1) // self._high + 1)
        columns = range(box.x // self._wide, (box.x + box.width - 1) // self._wide + 1)
        for row in rows:
            for column in columns:
                piece = self._piece(row * self._across + column)
                top, left = row * self._high - box.y, column * self._wide - box.x
                from_y, from_x = max(0, -top), max(0, -left)
                part = piece[from_y : box.height - top, from_x : box.width - left]
                y, x = max(0, top), max(0, left)
                found[y : y + part.shape[0], x : x + part.shape[1]] = part
        return found

    def unpack(self, number: int) -> Pixels:
        """A piece as RGB, uint8 (rows, columns, 3); they count row by row."""
        raise NotImplementedError

    def _piece(self, number: int) -> Pixels:
        if number in self._kept:
            self._kept.move_to_end(number)
            return self._kept[number]
        piece = self.unpack(number)
        self._kept[number] = piece
        self._bytes += piece.nbytes
        while self._bytes > PIECES_KEPT and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return piece
