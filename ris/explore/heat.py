"""How alike the patches of a large picture are to a query, as a small raster over it."""

import numpy as np
from numpy.typing import NDArray

from ris.explore.slides import Slide

MOST_CELLS = 1024  # of the raster's long side


def heat(slide: Slide, distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean distance of the patches that lie over each cell, float32 (rows, columns); NaN: none.

    Args:
        slide: The picture.
        distances: Of its patches, float32 (N,), in the order of its keys.
    """
    cell = max(_step(slide), max(slide.width, slide.height) / MOST_CELLS)
    columns, rows = (int(np.ceil(side / cell)) for side in (slide.width, slide.height))
    total, count = np.zeros((rows, columns)), np.zeros((rows, columns))
    left, top, width, height = slide.boxes.T
    across = np.ceil(width / cell).astype(int).max(initial=1)
    down = np.ceil(height / cell).astype(int).max(initial=1)
    for dy in range(down):
        for dx in range(across):
            # of cells that a patch touches, those whose middle it holds
            x, y = np.floor(left / cell).astype(int) + dx, np.floor(top / cell).astype(int) + dy
            holds = ((x + 0.5) * cell < left + width) & ((y + 0.5) * cell < top + height)
            holds &= (x < columns) & (y < rows)
            np.add.at(total, (y[holds], x[holds]), distances[holds])
            np.add.at(count, (y[holds], x[holds]), 1)
    with np.errstate(invalid="ignore"):
        return (total / count).astype(np.float32)


def _step(slide: Slide) -> float:
    """From one patch to the next."""
    steps = [np.diff(np.unique(slide.boxes[:, axis])) for axis in (0, 1)]
    every = np.concatenate(steps)
    return float(np.median(every)) if len(every) else float(slide.boxes[:, 2].max(initial=1))
