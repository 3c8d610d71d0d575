"""Which places lie inside a lasso."""

import numpy as np
from numpy.typing import NDArray


def inside(xy: NDArray[np.float32], polygon: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points lie inside a polygon, by the even-odd rule.

    Source: Franklin, PNPOLY - Point Inclusion in Polygon Test (1994).
    """
    result = np.zeros(len(xy), np.bool_)
    if len(polygon) < 3:
        return result
    x, y = xy[:, 0].astype(float), xy[:, 1].astype(float)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y0 != y1:
            crosses = (y0 > y) != (y1 > y)
            result ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return result
