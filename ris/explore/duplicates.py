"""Duplicates of a collection, of three kinds that are never mixed up.

- `exact`: files of the same bytes.
- `same`: the same picture in other bytes: scaled, compressed anew, brightened, lightly cut.
- `near`: pictures that are nearly the same, as of one burst.

One pass asks for the nearest of every item; what is near enough is joined to groups.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ris.progress import Progress, StopSignal, silent
from ris.store.dismissed import Dismissed
from ris.store.index import EXACT_BELOW, Index, Keys
from ris.store.items import Items

Kind = Literal["exact", "same", "near"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# Cosine distances up to which two pictures count as the same, and as nearly the same.
SAME, NEAR = 0.05, 0.12
_NEAREST = 12  # neighbours of each item that are looked at, itself among them
_BATCH = 512


@dataclass(frozen=True)
class Group:
    """Items that duplicate one another.

    Attributes:
        kind: "exact", "same" or "near".
        keys: Theirs, the best file first: most pixels, then most bytes, then the oldest.
        distance: The largest of those that hold the group together.
    """

    kind: Kind
    keys: tuple[int, ...]
    distance: float


@dataclass(frozen=True)
class Pairs:
    """Pairs of items that are near each other: rows of the items, first < second, each pair once,
    and their distances."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    distance: NDArray[np.float32]


def near_pairs(
    index: Index,
    keys: Keys,
    *,
    within: float = NEAR,
    on_progress: Callable[[Progress], None] = silent,
    stop: StopSignal | None = None,
) -> Pairs:
    """All pairs of items within a distance; of an item with many, those with its nearest.

    Args:
        index: Of the items.
        keys: Theirs, int64 (N,), ascending.
        within: The largest cosine distance.
        on_progress: Hears how many items are done.
        stop: Asked between two small steps.

    Raises:
        Cancelled: The person gave up.
    """
    rows, others, distances = [], [], []
    around = _around_exactly if len(keys) < EXACT_BELOW else _around
    for done, (row, other, distance) in around(index, keys, within):
        if stop is not None:
            stop.check()
        rows.append(row)
        others.append(other)
        distances.append(distance)
        on_progress(Progress("compare", done, len(keys)))
    if not rows:
        return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    one, two = np.concatenate(rows), np.concatenate(others)
    first, second = np.minimum(one, two), np.maximum(one, two)
    away = np.concatenate(distances)
    _, unique = np.unique(first * len(keys) + second, return_index=True)
    return Pairs(first[unique], second[unique], away[unique])


_Found = Iterator[tuple[int, tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]]


def _around(index: Index, keys: Keys, within: float) -> _Found:
    """What the index finds around the items, batch by batch."""
    for start in range(0, len(keys), _BATCH):
        some = keys[start : start + _BATCH]
        found = index.query(index.vectors(some.tolist()), _NEAREST)
        near = (found.distances <= within) & (found.keys != some[:, None])
        row, column = np.nonzero(near)
        others = np.searchsorted(keys, found.keys[row, column])
        yield start + len(some), (start + row, others, found.distances[row, column])


def _around_exactly(index: Index, keys: Keys, within: float) -> _Found:
    """The same by comparing all with all, each pair once: no sorting where hardly any are near."""
    vectors = index.vectors(keys.tolist())
    for start in range(0, len(keys), _BATCH):
        some = vectors[start : start + _BATCH]
        away = 1.0 - some @ vectors[start:].T  # (B, N - start)
        row, column = np.nonzero(away <= within)
        later = column > row
        row, column = row[later], column[later]
        distance = np.maximum(away[row, column], 0.0)
        order = np.lexsort((distance, row))  # of many pairs of one item the nearest
        ranks = np.arange(len(row)) - np.searchsorted(row[order], row[order])
        kept = order[ranks < _NEAREST]
        yield start + len(some), (start + row[kept], start + column[kept], distance[kept])


def to_review(group: Group, dismissed: Callable[[int, int], bool]) -> Iterator[tuple[int, int]]:
    """The pairs of a group to look at one by one, as keys: each item beside the best one, or
    beside another where people said that it is no duplicate of that.

    Args:
        group: The group.
        dismissed: Whether a pair was decided already.
    """
    for place, key in enumerate(group.keys[1:], start=1):
        others = (*group.keys[:place], *group.keys[place + 1 :])
        other = next((one for one in others if not dismissed(one, key)), None)
        if other is not None:
            yield other, key


def groups(
    items: Items, pairs: Pairs, dismissed: Dismissed, *, same: float = SAME, near: float = NEAR
) -> tuple[Group, ...]:
    """The groups of duplicates, the nearest first of each kind; each item is in at most one group
    of a kind, and a group of one kind stands for its best item in the next.

    Args:
        items: Of the generation.
        pairs: By their rows.
        dismissed: Pairs that people said are none, or are both to be kept.
        same: Distance up to which they are the same picture.
        near: Distance up to which they are near-duplicates.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    count = len(items)
    if count == 0:
        return ()
    contents, pixels, size = _facts(items)
    better = np.lexsort((np.arange(count), -size, -pixels))  # the best first
    rank = np.empty(count, np.int64)
    rank[better] = np.arange(count)
    found: list[Group] = []

    def join(
        kind: Kind, one: NDArray[np.int64], two: NDArray[np.int64], away: NDArray[np.float32]
    ) -> NDArray[np.int64]:
        """Note the groups that some pairs make; the best row of each row's group."""
        links = coo_matrix((np.ones(len(one), np.int8), (one, two)), shape=(count, count))
        labels = connected_components(links, directed=False)[1]
        best = np.full(labels.max() + 1, count)
        np.minimum.at(best, labels, rank)
        widest = np.zeros(len(best), np.float32)
        np.maximum.at(widest, labels[one], away)
        order = np.lexsort((rank, labels))
        order = order[np.bincount(labels)[labels[order]] > 1]
        ends = np.flatnonzero(np.diff(labels[order])) + 1
        for rows in np.split(order, ends) if len(order) else []:
            keys = tuple(items.keys[rows].tolist())
            found.append(Group(kind, keys, float(widest[labels[rows[0]]])))
        heads: NDArray[np.int64] = better[best[labels]]
        return heads

    heads = join("exact", *_exact_pairs(items, contents, rank, dismissed))
    steps: tuple[tuple[Kind, float], ...] = (("same", same), ("near", near))
    for kind, most in steps:
        one, two = heads[pairs.first], heads[pairs.second]
        wanted = (pairs.distance <= most) & (one != two)
        # an exact copy that was dismissed is not the same picture either
        wanted &= contents[pairs.first] != contents[pairs.second]
        wanted &= ~dismissed.among(items, pairs.first, pairs.second, wanted)
        heads = join(kind, one[wanted], two[wanted], pairs.distance[wanted])[heads]
    found.sort(key=lambda one: (KINDS.index(one.kind), one.distance, one.keys))
    return tuple(found)


def _facts(items: Items) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Of each item a number of its content, its pixels, and its file's bytes."""
    contents = items.codes("id").codes.astype(np.int64)
    width, height, size = (
        np.nan_to_num(items.column(name).to_numpy(zero_copy_only=False)).astype(np.int64)
        for name in ("width", "height", "bytes")
    )
    return contents, width * height, size


def _exact_pairs(
    items: Items,
    contents: NDArray[np.int64],
    rank: NDArray[np.int64],
    dismissed: Dismissed,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Each copy with the best of those of its content."""
    order = np.lexsort((rank, contents))
    starts = np.r_[True, np.diff(contents[order]) != 0]
    head = order[np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))]
    one, two = head[~starts], order[~starts]
    kept = ~dismissed.among(items, one, two, np.ones(len(one), np.bool_))
    return one[kept], two[kept], np.zeros(int(kept.sum()), np.float32)


class Compared:
    """Pairs that were found once, for as long as no other items come: taking one out, or bringing
    one back, needs no comparison. Of the last few collections."""

    def __init__(self, most: int = 2) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._found: OrderedDict[Hashable, tuple[Keys, Keys, Keys, NDArray[np.float32]]] = (
            OrderedDict()
        )

    def of(self, place: Hashable, keys: Keys, find: Callable[[], Pairs]) -> Pairs:
        """The pairs among some items.

        Args:
            place: Names collection, encoder and distance.
            keys: Of the items, int64 (N,), ascending.
            find: Compares them all.
        """
        with self._lock:
            known = self._found.get(place)
        if known is None or not np.isin(keys, known[0], assume_unique=True).all():
            pairs = find()
            known = keys, keys[pairs.first], keys[pairs.second], pairs.distance
            with self._lock:
                self._found[place] = known
                self._found.move_to_end(place)
                while len(self._found) > self._most:
                    self._found.popitem(last=False)
        _, first, second, distance = known
        there = np.isin(first, keys) & np.isin(second, keys)
        rows, others = (np.searchsorted(keys, one[there]) for one in (first, second))
        return Pairs(rows, others, distance[there])
