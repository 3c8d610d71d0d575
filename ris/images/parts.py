"""Parts of pictures: where a patch lies in the file that it is cut from, and how that is named.

A patch is named by the path of its file with a media fragment, `slide.tif#xywh=0,128,128,128`
(W3C, Media Fragments URI 1.0, section 4.2.2), so that every place that knows items by their path
knows patches too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ris.errors import RisError
from ris.images.names import FRAGMENT, unescape

# the columns that patches have in the table, with their kinds
COLUMNS = {"parent": "text", "x": "int", "y": "int", "w": "int", "h": "int"}
NEARLY_EMPTY = 5.0  # levels of grey of 255
SIDES = (16, 2048)  # of a patch
_PART = re.compile(rf"(.+){FRAGMENT}(\d{{1,9}}),(\d{{1,9}}),(\d{{1,9}}),(\d{{1,9}})", re.DOTALL)


class Box(NamedTuple):
    """A rectangle of a picture in pixels of the upright picture, from its upper left corner."""

    x: int
    y: int
    width: int
    height: int


NOWHERE = Box(0, 0, 0, 0)


@dataclass(frozen=True)
class Tiling:
    """How large pictures are cut.

    Attributes:
        side: Of a patch, in pixels. Pictures that are larger, in width or height, are cut.
        stride: From one patch to the next.
        empty: A patch is nearly empty, and left out, where the standard deviation of its grey
            values is below this, of 255; 0 keeps all.
    """

    side: int
    stride: int
    empty: float = NEARLY_EMPTY

    def __post_init__(self) -> None:
        least, most = SIDES
        if not least <= self.side <= most:
            raise RisError(f"Patches have a side of {least} to {most} pixels, got {self.side}.")
        if not self.side / 8 <= self.stride <= self.side:
            raise RisError(
                f"The stride is {self.stride} pixels, expected {-(-self.side // 8)} to {self.side}."
            )
        if not 0 <= self.empty <= 128:
            raise RisError(f"Expected 0 to 128 levels of grey, got {self.empty:g}.")

    def windows(self, width: int, height: int) -> Iterator[Box]:
        """The patches of a picture, row by row; the last ones are moved inside, so that all are
        whole, unless the picture is narrower or lower than a patch."""
        across, down = min(self.side, width), min(self.side, height)
        for y in self._starts(height, down):
            for x in self._starts(width, across):
                yield Box(x, y, across, down)

    def count(self, width: int, height: int) -> int:
        """How many patches a picture has."""
        sides = ((width, min(self.side, width)), (height, min(self.side, height)))
        (across, down) = (-(-(long - side) // self.stride) + 1 for long, side in sides)
        return across * down

    def _starts(self, length: int, side: int) -> Iterator[int]:
        yield from range(0, length - side, self.stride)
        yield length - side


def part_path(path: str, box: Box) -> str:
    """The path of a part of a file."""
    return f"{path}{FRAGMENT}{','.join(map(str, box))}"


def split_part(path: str) -> tuple[str, Box | None]:
    """The file's own path, and the part of it; None for all of it."""
    match = _PART.fullmatch(path)
    if match is None:
        return path, None
    file, *numbers = match.groups()
    return file, Box(*map(int, numbers))


def file_of(path: str) -> Path:
    """The file that an item's path leads to, be the item a part of it."""
    return unescape(split_part(path)[0])


def columns_of(path: str) -> dict[str, object]:
    """What the table tells of a patch in columns of its own; nothing of a whole file."""
    file, box = split_part(path)
    return {} if box is None else dict(zip(COLUMNS, (file, *box), strict=True))
