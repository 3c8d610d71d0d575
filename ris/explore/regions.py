"""Where the nearest pictures lie on the map: together, or in several places far apart.

The map has two dimensions, likeness has more: pictures that are equally near to a query may lie far
from one another. In come hits and their places, out go the places with what lies there.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ris.explore.results import Hit

REACH = 0.08  # of the map's diagonal: hits that are nearer to one another lie in one place
_FEWEST, _SHARE = 2, 0.15  # hits, and part of them, that make a place worth telling


@dataclass(frozen=True)
class Region:
    """A place of the map where some of the nearest pictures lie.

    Attributes:
        name: Of the cluster that most of them belong to, or else their commonest label; "" where
            there is neither.
        keys: Theirs, nearest first.
        x: The middle of their places, in map units.
        y: The same.
    """

    name: str
    keys: tuple[int, ...]
    x: float
    y: float


def regions(
    hits: Sequence[Hit],
    xy: NDArray[np.float32],
    clusters: Sequence[str],
    diagonal: float,
) -> tuple[Region, ...]:
    """The places of the map where hits lie, the one with the most hits first.

    Args:
        hits: Nearest first; all of them on the map.
        xy: Their places, float32 (K, 2).
        clusters: The name of the cluster of each, "" for none.
        diagonal: Of the map, in map units.

    Returns:
        Those with at least two hits and 15 % of all; hits of no such place lie elsewhere.
    """
    found = []
    fewest = max(_FEWEST, _SHARE * len(hits))
    for rows in _groups(np.asarray(xy, float), REACH * diagonal):
        if len(rows) >= fewest:
            x, y = np.asarray(xy, float)[rows].mean(axis=0)
            name = _common([clusters[row] for row in rows]) or _common(
                [next(iter(hits[row].item.labels), "") for row in rows]
            )
            keys = tuple(hits[row].item.key for row in rows)
            found.append(Region(name, keys, float(x), float(y)))
    return tuple(sorted(found, key=lambda region: -len(region.keys)))


def diagonal_of(xy: NDArray[np.float32]) -> float:
    """The diagonal of a map, float32 (N, 2), without its outermost points; 0 for an empty one."""
    if len(xy) == 0:
        return 0.0
    low, high = np.percentile(xy[:: max(1, len(xy) // 100_000)], [1, 99], axis=0)
    return float(np.hypot(*(high - low)))


def _groups(xy: NDArray[np.float64], reach: float) -> list[list[int]]:
    """Rows that are linked by steps within reach, each group ascending."""
    near = np.linalg.norm(xy[:, None] - xy[None], axis=2) <= reach
    left, groups = set(range(len(xy))), []
    while left:
        group, edge = set[int](), {min(left)}
        while edge:
            group |= edge
            edge = set(np.flatnonzero(near[list(edge)].any(axis=0)).tolist()) - group
        left -= group
        groups.append(sorted(group))
    return groups


def _common(names: Sequence[str]) -> str:
    """The name that at least half of them have; "" for none."""
    (name, count), *_ = Counter(names).most_common(1)
    return name if 2 * count >= len(names) else ""
