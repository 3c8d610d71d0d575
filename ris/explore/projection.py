"""Embeddings in, places on the 2-D map out.

The only door to umap, which compiles for 13 s in every process and pulls TensorFlow in: the fit
runs in jobs only. Placing a query between its fitted neighbours takes microseconds and runs
anywhere.
"""

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ris.store.index import (
    ExactIndex,
    GraphIndex,
    Index,
    Keys,
    Neighbours,
    Vectors,
    build_graph,
    load_graph,
)

OnEpochs = Callable[[int, int], None]

NEIGHBOURS = 15
NEAREST = 10  # fitted neighbours, whose mean distance tells an outlier
FIT_AT_MOST = 50_000  # past that a sample is fitted and the rest placed (cluster purity .993/.996)
_PLACED_BY = 3  # nearest fitted neighbours; the mean of 10 lands between the clusters


@dataclass(frozen=True)
class Projected:
    """Items laid out on the map.

    Attributes:
        xy: Places, float32 (N, 2).
        fitted: Which of them were fitted rather than placed, bool (N,).
        outlier: Mean cosine distance to the `NEAREST` nearest fitted items, float32 (N,): the
            more, the less a picture is like any other one.
    """

    xy: NDArray[np.float32]
    fitted: NDArray[np.bool_]
    outlier: NDArray[np.float32]


@dataclass(frozen=True)
class Place:
    """Where a picture falls on the map.

    Attributes:
        x: In map units.
        y: In map units.
        spread: How far its nearest neighbours lie from there, in map units: its uncertainty.
    """

    x: float
    y: float
    spread: float


def place(xy: NDArray[np.float32], distances: Vectors) -> Place:
    """Where a picture falls whose nearest fitted neighbours are known.

    Args:
        xy: Places of its neighbours, float32 (k, 2), nearest first, k >= 1.
        distances: Their cosine distances, float32 (k,).

    Returns:
        The distance-weighted mean of the three nearest, with the weighted root mean square of all
        neighbours' distances from it as its spread.
    """
    weights = _weights(distances)
    nearest = weights[:_PLACED_BY]
    centre = nearest @ xy[:_PLACED_BY] / nearest.sum()
    spread = float(np.sqrt(weights @ ((xy - centre) ** 2).sum(axis=1) / weights.sum()))
    return Place(float(centre[0]), float(centre[1]), spread)


def project(
    index: Index,
    vectors: Vectors,
    keys: Keys,
    *,
    seed: int = 0,
    previous: NDArray[np.float32] | None = None,
    on_epochs: OnEpochs | None = None,
) -> Projected:
    """Places of all items on the map.

    Args:
        index: Finds the items' neighbours; used up to `FIT_AT_MOST` items.
        vectors: float32 (N, D), unit length.
        keys: int64 (N,), ascending.
        seed: The same one gives the same map.
        previous: Earlier places of the same items, float32 (N, 2), NaN where there was none; the
            new map starts from them and is turned to lie like them.
        on_epochs: Called with (done, total) epochs of the fit; what it raises ends the fit.
    """
    count = len(keys)
    fitted = _choose_fitted(count, seed)
    start = None if previous is None else _usable_start(previous[fitted], seed)
    xy, outlier = np.empty((count, 2), np.float32), np.empty(count, np.float32)
    fit, outlier[fitted] = _fit(
        index, vectors[fitted], keys[fitted], seed, start, on_epochs or _silent
    )
    if start is not None:
        fit = align(fit, start)
    xy[fitted] = fit
    rest = np.setdiff1d(np.arange(count), fitted, assume_unique=True)
    if len(rest):
        xy[rest], outlier[rest] = place_many(vectors[rest], vectors[fitted], fit)
    how = np.zeros(count, np.bool_)
    how[fitted] = True
    return Projected(xy, how, outlier)


def outlier_scores(
    index: Index, vectors: Vectors, keys: Keys, fitted: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """The outlier scores of a map that has none, float32 (N,), as `project` gives them.

    Args:
        index: As `project` takes it.
        vectors: float32 (N, D), unit length.
        keys: int64 (N,), ascending.
        fitted: Which of them the map was fitted to, bool (N,); at least one.
    """
    among, scores = vectors[fitted], np.empty(len(keys), np.float32)
    scores[fitted] = _mean_distance(_neighbours_among(index, among, keys[fitted])[1][:, 1:])
    if not fitted.all():
        scores[~fitted] = _mean_distance(_nearest_fitted(vectors[~fitted], among).distances)
    return scores


def align(xy: NDArray[np.float32], target: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move, turn, mirror and scale a map so that it lies like another one, as closely as it can.

    Source: Gower, Generalized Procrustes Analysis (1975).
    """
    centre, goal = xy.mean(axis=0), target.mean(axis=0)
    here, there = xy - centre, target - goal
    u, sizes, v = np.linalg.svd(here.T @ there)
    scale = sizes.sum() / max(float((here**2).sum()), 1e-12)
    return np.asarray(here @ (u @ v) * scale + goal, np.float32)


def _choose_fitted(count: int, seed: int) -> NDArray[np.int64]:
    if count <= FIT_AT_MOST:
        return np.arange(count)
    random = np.random.default_rng(seed)
    return np.sort(random.choice(count, FIT_AT_MOST, replace=False))


def _usable_start(previous: NDArray[np.float32], seed: int) -> NDArray[np.float32] | None:
    """Earlier places, new items in the middle with a little noise; None if few are known."""
    known = np.isfinite(previous).all(axis=1)
    if known.mean() < 0.5 or known.sum() < NEIGHBOURS:
        return None
    start = np.array(previous, np.float32)
    middle, spread = start[known].mean(axis=0), start[known].std(axis=0)
    noise = np.random.default_rng(seed).normal(size=((~known).sum(), 2)).astype(np.float32)
    start[~known] = middle + 0.1 * spread * noise
    return start


def _fit(
    index: Index,
    vectors: Vectors,
    keys: Keys,
    seed: int,
    start: NDArray[np.float32] | None,
    on_epochs: OnEpochs,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Places and outlier scores of fitted items."""
    neighbours = _neighbours_among(index, vectors, keys)
    outlier = _mean_distance(neighbours[1][:, 1:])
    if len(keys) < 2 * NEIGHBOURS:
        return _principal_plane(vectors), outlier
    umap = _import_umap()
    # init="pca": a third of the time of the spectral start at the same quality (50k, 2026-11-22)
    settings: dict[str, Any] = {"init": "pca"}
    if start is not None:
        settings = {"init": start, "n_epochs": 100, "learning_rate": 0.3}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells that a seed means one thread, and the like
        fit = umap.UMAP(
            n_neighbors=NEIGHBOURS,
            metric="cosine",
            random_state=seed,
            precomputed_knn=neighbours,
            tqdm_kwds={"disable": False, "bar_format": "{n} {total}", "file": _Epochs(on_epochs)},
            **settings,
        ).fit_transform(vectors)
    return np.asarray(fit, np.float32), outlier


def _mean_distance(distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean distance of each item's nearest; of a lone item it is 0."""
    near = distances[:, :NEAREST]
    return near.mean(axis=1, dtype=np.float32) if near.size else np.zeros(len(near), np.float32)


class _Epochs:
    """A file for umap's progress bar, the only way that it tells how far it is."""

    def __init__(self, on_epochs: OnEpochs) -> None:
        self._on_epochs = on_epochs

    def write(self, text: str) -> None:
        numbers = text.split()
        if len(numbers) == 2:
            self._on_epochs(int(numbers[0]), int(numbers[1]))

    def flush(self) -> None:
        pass


def _neighbours_among(index: Index, vectors: Vectors, keys: Keys) -> tuple[Any, Any]:
    """Rows and distances of each vector's nearest neighbours among the given ones, itself first."""
    if index.count != len(keys):
        index = ExactIndex(vectors, keys)
    found = index.query(vectors, NEIGHBOURS)
    rows = np.searchsorted(keys, found.keys)
    own = np.arange(len(keys))[:, None]
    # copies of a picture are as near as itself: put itself first, as umap expects
    order = np.argsort(rows != own, axis=1, kind="stable")
    return (
        np.take_along_axis(rows, order, axis=1),
        np.take_along_axis(found.distances, order, axis=1),
    )


def place_many(
    vectors: Vectors, fitted: Vectors, xy: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Places float32 (N, 2) and outlier scores float32 (N,) of vectors (N, D) between fitted ones,
    (M, D) at (M, 2)."""
    found = _nearest_fitted(vectors, fitted)
    weights = _weights(found.distances[:, :_PLACED_BY])
    weights /= weights.sum(axis=1, keepdims=True)
    places = np.einsum("nk,nkd->nd", weights, xy[found.keys[:, :_PLACED_BY]])
    return np.asarray(places, np.float32), _mean_distance(found.distances)


def _nearest_fitted(vectors: Vectors, fitted: Vectors) -> Neighbours:
    """The fitted vectors nearest to others, by their rows."""
    rows = np.arange(len(fitted))
    with TemporaryDirectory() as folder:
        # 950,000 against 50,000 one by one takes minutes, the graph's building included seconds
        path = Path(folder) / "fitted.hnsw"
        ef = build_graph(fitted, rows, path).ef
        index = GraphIndex(load_graph(path, fitted.shape[1], len(rows)), ef)
        return index.query(vectors, NEAREST)


def _silent(done: int, total: int) -> None:
    pass


def _weights(distances: Vectors) -> NDArray[np.float64]:
    """Near neighbours weigh more; a copy at distance 0 decides almost alone."""
    return 1.0 / (np.asarray(distances, np.float64) + 1e-3)


def _principal_plane(vectors: Vectors) -> NDArray[np.float32]:
    """For a handful of pictures: their two principal axes."""
    centred = vectors - vectors.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:2]
    plane = np.zeros((len(vectors), 2), np.float32)
    plane[:, : len(axes)] = centred @ axes.T
    return plane * 10


def _import_umap() -> Any:
    """umap without TensorFlow, which it would import for a class that is not used here: 2.1 s
    and 310 MB instead of 7.8 s and 800 MB (2026-11-22)."""
    loaded = sys.modules.get("tensorflow")
    sys.modules["tensorflow"] = None  # type: ignore[assignment]
    try:
        import umap
    finally:
        del sys.modules["tensorflow"]
        if loaded is not None:
            sys.modules["tensorflow"] = loaded
    return umap
