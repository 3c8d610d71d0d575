"""More like this, less like that: a query's embedding moved by what people marked.

In come the query's embedding and those of marked items; out goes another, and the way between.
`explorer.py` searches with it.

Source: Rocchio, Relevance Feedback in Information Retrieval (1971), with the weights of Salton and
Buckley, Improving Retrieval Performance by Relevance Feedback (1990): what is wanted counts three
times what is not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ris.errors import RisError
from ris.store.concepts import Concept
from ris.store.index import Vectors, normalise

QUERY, MORE, LESS = 1.0, 0.75, 0.25  # weights: of the query, and of the means of what was marked
_STEPS = 8  # of the trail

Vectored = Callable[[Sequence[int]], Vectors]


@dataclass(frozen=True)
class Mark:
    """An item that people want more of, or less."""

    key: int
    more: bool


@dataclass(frozen=True)
class Steering:
    """Where a search is to go.

    Attributes:
        marks: Marked items, in the order in which they were marked.
        concepts: Names of concepts and how much of them is wanted, -1 … 1.
    """

    marks: tuple[Mark, ...] = ()
    concepts: tuple[tuple[str, float], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.marks or self.concepts)


STRAIGHT = Steering()


def steered(
    vectors: Vectors, steering: Steering, concepts: Mapping[str, Concept], embeddings: Vectored
) -> tuple[Vectors, Vectors]:
    """A query's embeddings as they are steered, and the trail that leads there.

    The embedding q becomes q + 0.75 × the mean of what more is wanted of - 0.25 × the mean of what
    less is wanted of, at unit length; a concept adds as much for what was marked for it, times how
    much of it is wanted.

    Args:
        vectors: float32 (V, dimension), the query's views, as it is first.
        steering: Where to go.
        concepts: Those there are, by name; items that are gone are passed over.
        embeddings: Gives those of items.

    Returns:
        float32 (V, dimension), and float32 (T, dimension): of the query as it is first, after each
        of the last marks, then with concepts; the last one is that of the first view.

    Raises:
        RisError: There is no concept of a name, or of too much.
        StoreError: There is no item of a marked key.
    """
    moved = [np.zeros(vectors.shape[1], np.float32)]
    marked = embeddings([mark.key for mark in steering.marks])
    wanted = np.array([mark.more for mark in steering.marks], np.bool_)
    for count in range(1, len(marked) + 1):
        so_far = wanted[:count]
        moved.append(shift(marked[:count][so_far], marked[:count][~so_far], vectors.shape[1]))
    for name, amount in steering.concepts:
        if name not in concepts:
            raise RisError(
                f"There is no concept {name!r}.",
                f"There are: {', '.join(concepts) or 'none yet'}.",
            )
        if not -1 <= amount <= 1:
            raise RisError(f"How much of {name!r} is wanted must be -1 to 1, got {amount:g}.")
        one = concepts[name]
        way = shift(embeddings(one.more), embeddings(one.less), vectors.shape[1])
        moved.append(moved[-1] + np.float32(amount) * way)
    trail = normalise(QUERY * vectors[:1] + np.stack([moved[0], *moved[1:][-_STEPS:]]))
    return normalise(QUERY * vectors + moved[-1]), trail


def shift(more: Vectors, less: Vectors, dimension: int) -> Vectors:
    """By how much marked items move a query, float32 (dimension,)."""
    moved = np.zeros(dimension, np.float32)
    if len(more):
        moved += np.float32(MORE) * more.mean(axis=0)
    if len(less):
        moved -= np.float32(LESS) * less.mean(axis=0)
    return moved
