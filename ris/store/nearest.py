"""Nearest of vectors: compared one by one, merged, or picked from an answer.

Pure NumPy; `index.py` validates what comes here and chooses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Keys = NDArray[np.int64]
T = TypeVar("T", bound=np.generic)

_GATHERED = 50_000  # rows gathered at once: 50 MB of 256 numbers each
_BLOCK = 64  # queries multiplied at once: at 1M rows a block of distances is 256 MB


@dataclass(frozen=True)
class Neighbours:
    """Answers to Q queries: keys int64 (Q, k) and distances float32 (Q, k), nearest first."""

    keys: Keys
    distances: Vectors


def nearest(
    queries: Vectors,
    k: int,
    keys: Keys,
    vectors: Vectors,
    banned: NDArray[np.bool_] | None = None,
) -> Neighbours:
    """The nearest of all rows but those banned, compared one by one; k is at most their number."""
    k = min(k, len(keys))
    if k == 0:
        return no_neighbours(len(queries))
    found = np.empty((len(queries), k), np.int64)
    distances = np.empty((len(queries), k), np.float32)
    for start in range(0, len(queries), _BLOCK):
        block = slice(start, start + _BLOCK)
        away = 1.0 - queries[block] @ vectors.T  # (block, N)
        if banned is not None:
            away[:, banned] = np.inf
        rows = np.argpartition(away, k - 1, axis=1)[:, :k]
        near = picked(away, rows)
        order = np.lexsort((rows, near), axis=1)  # equal distances: the older item first
        found[block] = keys[picked(rows, order)]
        distances[block] = picked(near, order)
    return Neighbours(found, np.clip(distances, 0.0, 2.0))


def nearest_among(
    queries: Vectors, k: int, keys: Keys, vectors: Vectors, rows: NDArray[np.int64]
) -> Neighbours:
    """The nearest of some rows, whose keys are given; no others are read."""
    best = no_neighbours(len(queries))
    for start in range(0, len(rows), _GATHERED):
        part = slice(start, start + _GATHERED)
        found = nearest(queries, k, keys[part], vectors[rows[part]])
        best = merged((best, found), k)
    return best


def merged(found: Sequence[Neighbours], k: int) -> Neighbours:
    """The nearest of several answers to the same queries; of equally near ones the first."""
    keys = np.concatenate([one.keys for one in found], axis=1)
    distances = np.concatenate([one.distances for one in found], axis=1)
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return Neighbours(picked(keys, order), picked(distances, order))


def allowed_of(found: Neighbours, allowed: Keys, k: int) -> Neighbours | None:
    """The k nearest that are allowed; None where a query has fewer."""
    places = np.minimum(np.searchsorted(allowed, found.keys), len(allowed) - 1)
    banned = allowed[places] != found.keys  # (Q, found)
    if (banned.shape[1] - banned.sum(axis=1) < k).any():
        return None
    order = np.argsort(banned, axis=1, kind="stable")[:, :k]
    return Neighbours(picked(found.keys, order), picked(found.distances, order))


def picked(of: NDArray[T], columns: NDArray[np.int64]) -> NDArray[T]:
    """Of each row the columns named for it, (Q, k): `np.take_along_axis`, which takes three times
    as long over a few."""
    return of[np.arange(len(columns))[:, None], columns]


def no_neighbours(count: int) -> Neighbours:
    return Neighbours(np.empty((count, 0), np.int64), np.empty((count, 0), np.float32))
