"""Groups of pictures that lie together on the map, found in the job that makes it, and their names.

The door to scikit-learn, which is loaded in jobs only; naming what was found needs none of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ris.store.generation import Positions
from ris.store.index import Keys, Vectors
from ris.store.values import Codes

SEARCHED_AT_MOST = 20_000  # points; HDBSCAN's time grows with their square, the rest follows
_LEAST, _MOST = 1 / 64, 1 / 3  # of the points that a cluster has
_FEWEST = 12
_CORE = 5  # neighbours that tell how dense it is somewhere
_COMMON = 0.6  # share of a cluster from which one label names it alone
_JUDGED = 500  # members that a medoid is chosen among


@dataclass(frozen=True)
class Cluster:
    """Pictures that lie together on the map.

    Attributes:
        number: Its code in `Positions.cluster`.
        name: Its commonest labels, or "Group 1" where there are none.
        count: How many pictures it has.
        medoid: Key of the picture that is most like all the others.
    """

    number: int
    name: str
    count: int
    medoid: int


def find_clusters(xy: NDArray[np.float32], *, seed: int = 0) -> NDArray[np.int32]:
    """Which cluster each point belongs to, int32 (N,), the largest first; -1 for none.

    HDBSCAN's most persistent clusters, none of them over a third of the points: without that bound
    it took 1,940 of the demo's 2,040 pictures for one, with it it finds 14 and leaves 15 % over
    (2026-11-23). Past `SEARCHED_AT_MOST` a sample is searched, and each other point goes with its
    nearest one.

    Source: Campello, Moulavi, Sander, Density-Based Clustering Based on Hierarchical Density
    Estimates (2013).

    Args:
        xy: Places on the map, float32 (N, 2).
        seed: Of the sample.
    """
    from sklearn.cluster import HDBSCAN

    count = len(xy)
    sample = np.arange(count)
    if count > SEARCHED_AT_MOST:
        random = np.random.default_rng(seed)
        sample = np.sort(random.choice(count, SEARCHED_AT_MOST, replace=False))
    least = max(_FEWEST, int(len(sample) * _LEAST))
    if len(sample) < 2 * least:
        return np.full(count, -1, np.int32)
    found = HDBSCAN(
        min_cluster_size=least,
        max_cluster_size=max(least, int(len(sample) * _MOST)),
        min_samples=_CORE,
        copy=True,
    ).fit_predict(xy[sample].astype(np.float64))
    if count > len(sample):
        found = cluster_nearby(xy[sample], found, xy)
    return _largest_first(found)


def cluster_nearby(
    xy: NDArray[np.float32], cluster: NDArray[np.int32], others: NDArray[np.float32]
) -> NDArray[np.int32]:
    """The cluster of the point nearest to each of other places, int32 (M,).

    Args:
        xy: Places whose clusters are known, float32 (N, 2), N >= 1.
        cluster: Those, int32 (N,).
        others: Places, float32 (M, 2).
    """
    from sklearn.neighbors import KDTree

    if len(others) == 0:
        return np.empty(0, np.int32)
    return np.asarray(cluster[KDTree(xy).query(others, return_distance=False)[:, 0]], np.int32)


def name_clusters(
    positions: Positions, labels: Codes, vectors: Callable[[Keys], Vectors]
) -> tuple[Cluster, ...]:
    """The clusters of a map, in the order of their numbers.

    Args:
        positions: The map.
        labels: The first label of each of its points.
        vectors: Gives the embeddings of keys.
    """
    order = np.argsort(positions.cluster, kind="stable")
    numbers, starts = np.unique(positions.cluster[order], return_index=True)
    members = np.split(order, starts[1:])
    found = [
        (int(number), rows) for number, rows in zip(numbers, members, strict=False) if number >= 0
    ]
    names = _told_apart([_name(number, labels.codes[rows], labels.names) for number, rows in found])
    return tuple(
        Cluster(number, name, len(rows), _medoid(positions.keys[rows], vectors))
        for (number, rows), name in zip(found, names, strict=True)
    )


def _largest_first(found: NDArray[np.int64]) -> NDArray[np.int32]:
    counts = np.bincount(found[found >= 0], minlength=1)
    ranks = np.empty(len(counts) + 1, np.int32)
    ranks[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    ranks[-1] = -1
    return ranks[found]


def _name(number: int, labels: NDArray[np.int32], names: tuple[str, ...]) -> str:
    """The commonest label of a cluster, or two if one alone is not common enough."""
    known = labels[labels >= 0]
    if len(known) * 2 < len(labels) or len(known) == 0:
        return f"Group {number + 1}"
    counts = np.bincount(known, minlength=len(names))
    first, *rest = np.argsort(-counts, kind="stable")[:2]
    if counts[first] >= _COMMON * len(labels) or not rest or counts[rest[0]] == 0:
        return str(names[first])
    return f"{names[first]}, {names[rest[0]]}"


def _told_apart(names: list[str]) -> list[str]:
    """The same names, those that come again with a number: "shoes", "shoes 2"."""
    seen: dict[str, int] = {}
    told = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        told.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return told


def _medoid(keys: Keys, vectors: Callable[[Keys], Vectors]) -> int:
    """The member nearest to the mean of all, among evenly spread ones."""
    judged = keys[:: max(1, len(keys) // _JUDGED)]
    found = vectors(judged)
    return int(judged[np.argmax(found @ found.mean(axis=0))])
