"""Distances in words: a scale learned from a collection's own pictures, for each generation.

In come the distances of held-out pictures to altered copies of themselves and to their nearest
others, those of random pairs, and how strange they are to the encoder; out come the ends of five
words, and a limit past which a query is foreign. `build.py` has it learned when an encoder was
judged, the report card keeps it, and `explorer.py` speaks by it. Generations of an earlier ris have
none and speak by `FIXED`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ris.errors import StoreError
from ris.explore.card import SHARES, KindScore
from ris.store.index import Index, Vectors

SAME, COPY, ALIKE, LOOSE, UNLIKE = (
    "same picture",
    "near copy",
    "alike",
    "loosely alike",
    "not alike",
)
NOTHING = "nothing like this here"
NEAREST = 10  # neighbours whose mean distance tells how near a query comes
LEAST_ASKED = 20  # held-out pictures; fewer tell nothing of one in twenty
PAIRS = 20_000
MILD = ("jpeg", "half")  # copies that people call the same picture
MIDDLE = SHARES.index(0.5)
ALTERED = ("text", "colours", "crop70", "turn10")  # and those they call copies
_EQUAL = 1e-5  # cosine distance; equal files, whose products differ in the last digits


@dataclass(frozen=True)
class Limit:
    """When a query is foreign: how near it comes and how strange it is, each in standard deviations
    from the mean of the collection's own held-out pictures, add up to more than `score`.

    Attributes:
        near: Mean and standard deviation of the mean distance to the `NEAREST` nearest.
        strange: Mean and standard deviation of `Familiar.strangeness`.
        score: What 95 of 100 held-out pictures stay under.
        least: A query with a nearer neighbour than this is never foreign.
    """

    near: tuple[float, float]
    strange: tuple[float, float]
    score: float
    least: float

    def is_passed(self, distances: Vectors, strangeness: float) -> bool:
        """Whether a query is foreign, by the distances of its nearest and its strangeness."""
        if len(distances) == 0 or float(distances[0]) < self.least:
            return False
        near = _standard(float(distances[:NEAREST].mean()), self.near)
        return near + _standard(strangeness, self.strange) > self.score


@dataclass(frozen=True)
class Scale:
    """What distances are called.

    Attributes:
        steps: Upper ends of cosine distances, ascending, with the word for what is nearer.
        limit: When a query is foreign; None where only its distances can tell.
        asked: How many held-out pictures it was learned from; 0 for the fixed one.
    """

    steps: tuple[tuple[float, str], ...]
    limit: Limit | None = None
    asked: int = 0

    def word(self, distance: float) -> str:
        """What two pictures so far apart are."""
        for end, word in self.steps:
            if distance < end:
                return word
        return UNLIKE

    def is_foreign(self, distances: Vectors, strangeness: float | None) -> bool:
        """Whether there is nothing like a query here.

        Args:
            distances: Of its nearest items, ascending.
            strangeness: By `Familiar`; None where that is not known.
        """
        if len(distances) == 0:
            return False
        if self.limit is not None and strangeness is not None:
            return self.limit.is_passed(distances, strangeness)
        return float(distances[0]) >= self.steps[-1][0]

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


# With the base encoder two pictures are .70 to .96 apart (5 % to 95 % of pairs) and nearest
# neighbours .17 to .52 on clothing, .14 to .44 on CIFAR-10; of pairs under .25, .5 and .7 about 9,
# 6 and 3 in 10 share a label, of all 1 (2026-11-23).
FIXED = Scale(
    (
        (0.001, "identical"),
        (0.05, "nearly the same"),
        (0.25, "very alike"),
        (0.50, ALIKE),
        (0.70, LOOSE),
    )
)


def scale_from_json(content: object) -> Scale:
    """What `Scale.to_json` gave.

    Raises:
        StoreError: It is no scale.
    """
    try:
        assert isinstance(content, Mapping)
        steps = tuple((float(end), str(word)) for end, word in content["steps"])
        assert steps
        limit = content.get("limit")
        return Scale(
            steps,
            limit
            and Limit(
                near=(float(limit["near"][0]), float(limit["near"][1])),
                strange=(float(limit["strange"][0]), float(limit["strange"][1])),
                score=float(limit["score"]),
                least=float(limit["least"]),
            ),
            int(content.get("asked", 0)),
        )
    except (AssertionError, KeyError, TypeError, ValueError, IndexError) as error:
        raise StoreError("The report card is damaged: it holds no scale of distances.") from error


def learn(
    copies: Mapping[str, KindScore], nearest: Vectors, pairs: Vectors, strangeness: Vectors | None
) -> Scale | None:
    """The scale of an encoder on a collection.

    - *same picture*: as near as 95 of 100 mild copies (recompressed, halved), unless more than 1
      in 20 pictures would have another such as their nearest wrongly. The collection may hold
      copies: at most twice as many as lie within the median of mild ones.
    - *near copy*: nearer than what 19 of 20 pictures have as their nearest other, as far as copies
      that are altered more reach at all.
    - *alike*: nearer than the nearest other of every second picture.
    - *loosely alike*: nearer than 99 of 100 random pairs.

    Args:
        copies: How held-out pictures' copies were found, with their distances.
        nearest: Distances of held-out pictures to their nearest others, (H, k) ascending, NaN past
            the last.
        pairs: Distances of random pairs.
        strangeness: Of the held-out pictures, (H,); None where it can't be told.

    Returns:
        None where there are too few held-out pictures to learn from.
    """
    known = np.isfinite(nearest[:, 0]) if nearest.size else np.zeros(0, np.bool_)
    mild = [copies[kind].distances for kind in MILD if kind in copies]
    reach = [copies[kind].distances[-1] for kind in ALTERED if kind in copies]
    if known.sum() < LEAST_ASKED or len(pairs) == 0 or not mild or not reach:
        return None
    first = nearest[known, 0]
    sure, same = (max(0.001, *(one[place] for one in mild)) for place in (MIDDLE, -1))
    most = min(1.0, 2 * float((first <= sure).mean()) + 0.05)
    same = max(sure, min(same, float(np.quantile(first, most))))
    others = first[first > same] if (first > same).sum() >= LEAST_ASKED else first
    copy = max(same, min(float(np.quantile(others, 0.05)), max(reach)))
    alike = max(copy, float(np.median(others)))
    loose = max(alike, float(np.quantile(pairs, 0.01)))
    ends = [round(end, 4) for end in (same, copy, alike, loose)]
    steps = tuple(zip(ends, (SAME, COPY, ALIKE, LOOSE), strict=True))
    limit = None
    if strangeness is not None:
        near = np.nanmean(nearest[known, :NEAREST], axis=1)
        limit = _limit(near, strangeness[known], ends[2])
    return Scale(steps, limit, int(known.sum()))


def nearest_others(index: Index, vectors: Vectors) -> Vectors:
    """Distances of items to the `NEAREST` nearest that are not equal to them, (H, k) ascending, NaN
    past the last: of the items' own embeddings (H, dimension)."""
    found = index.query(vectors, min(3 * NEAREST, index.count)).distances
    away = np.where(found > _EQUAL, found, np.nan)
    order = np.argsort(np.isnan(away), axis=1, kind="stable")[:, :NEAREST]
    return np.take_along_axis(away, order, axis=1)


def random_pairs(vectors: Vectors, *, seed: int = 0) -> Vectors:
    """Cosine distances of `PAIRS` pairs of different rows; none of fewer than two rows."""
    if len(vectors) < 2:
        return np.empty(0, np.float32)
    pick = np.random.default_rng(seed).integers(0, len(vectors), (PAIRS, 2))
    one, other = pick[pick[:, 0] != pick[:, 1]].T
    return np.asarray(1 - np.einsum("ij,ij->i", vectors[one], vectors[other]), np.float32)


def _limit(near: NDArray[Any], strange: NDArray[Any], least: float) -> Limit:
    scales = [(float(one.mean()), max(float(one.std()), 1e-6)) for one in (near, strange)]
    scores = (near - scales[0][0]) / scales[0][1] + (strange - scales[1][0]) / scales[1][1]
    return Limit(scales[0], scales[1], float(np.quantile(scores, 0.95)), least)


def _standard(value: float, by: Sequence[float]) -> float:
    return (value - by[0]) / by[1]
