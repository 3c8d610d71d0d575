"""Overviews of the pictures that were cut: made by the jobs that cut them, kept as thumbnails are.

A lost one is put together again of the thumbnails of its patches.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ris.images.overview import overview
from ris.images.parts import Box, split_part
from ris.store.thumbnails import OVERVIEW, Thumbnails

MOST_PATCHES = 20_000  # of which an overview is made; of more, so many that are evenly spread

T = TypeVar("T")


def overview_id(file: str) -> str:
    """The name of a file's overview among the thumbnails."""
    return OVERVIEW + hashlib.sha256(file.encode()).hexdigest()


def keep_overviews(thumbnails: Thumbnails, paths: Sequence[str], pixels: NDArray[np.uint8]) -> None:
    """Make the overviews of all pictures that some items are patches of.

    Args:
        thumbnails: Where they are kept.
        paths: Of the items, all patches of a picture among them.
        pixels: Of the items, uint8 (N, S, S, 3).
    """
    for file, rows, boxes in by_file(paths):
        found = ((box, pixels[row]) for row, box in _spread(list(zip(rows, boxes, strict=True))))
        thumbnails.replace(overview_id(file), _made(boxes, found))


def made_of_thumbnails(thumbnails: Thumbnails, boxes: Sequence[Box], ids: Sequence[str]) -> bytes:
    """An overview of the thumbnails of a picture's patches, which lie at `boxes`."""

    def found() -> Iterator[tuple[Box, bytes]]:
        for content, box in _spread(list(zip(ids, boxes, strict=True))):
            if (webp := thumbnails.get(content)) is not None:
                yield box, webp

    return _made(boxes, found())


def by_file(paths: Sequence[str]) -> Iterator[tuple[str, list[int], list[Box]]]:
    """The files that items are patches of, with the items' places in the list and their boxes."""
    found: dict[str, tuple[list[int], list[Box]]] = {}
    for row, path in enumerate(paths):
        file, box = split_part(path)
        if box is not None:
            rows, boxes = found.setdefault(file, ([], []))
            rows.append(row)
            boxes.append(box)
    for file, (rows, boxes) in found.items():
        yield file, rows, boxes


def _made(boxes: Sequence[Box], patches: Iterable[tuple[Box, NDArray[np.uint8] | bytes]]) -> bytes:
    width = max(box.x + box.width for box in boxes)
    height = max(box.y + box.height for box in boxes)
    return overview(width, height, patches)


def _spread(patches: list[T]) -> list[T]:
    return patches[:: max(1, -(-len(patches) // MOST_PATCHES))]
