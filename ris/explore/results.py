"""What a search answers, and what the map shows."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ris.explore.projection import Place
from ris.store.items import Item


@dataclass(frozen=True)
class Hit:
    """An answer of a search.

    Attributes:
        rank: 1 for the nearest.
        item: The item found.
        distance: Cosine distance to the query: 0 same, 2 opposite.
        turned: Degrees clockwise by which the query was turned to be that near.
        mirrored: Whether it was mirrored, left to right, before it was turned. Encoders to which
            a picture and its mirror image are the same don't need it.
        verdict: The distance in words, by the generation's `Scale`; "" where the query was steered,
            and is no picture any more.
    """

    rank: int
    item: Item
    distance: float
    turned: int = 0
    mirrored: bool = False
    verdict: str = ""

    def to_json(self, *, copies: bool = False) -> dict[str, Any]:
        """As the command line prints it.

        Args:
            copies: Whether turned and mirrored copies were looked for.
        """
        item = self.item
        return {
            "rank": self.rank,
            "key": item.key,
            "id": item.id,
            "path": item.path,
            "labels": list(item.labels),
            "distance": round(self.distance, 6),
            "verdict": self.verdict,
            **({"turned": self.turned, "mirrored": self.mirrored} if copies else {}),
            **({"metadata": item.metadata} if item.metadata else {}),
        }


@dataclass(frozen=True)
class SearchResult:
    """The answer to one query.

    Attributes:
        query: What was asked, for people: a path, or "picture".
        hits: Nearest first.
        place: Where the query falls on the map; None without a map.
        milliseconds: Time from the picture's bytes to the answer.
        copies: Whether turned and mirrored copies were looked for.
        matching: How many items the filter holds for; None without a filter.
        verdict: That of the nearest hit, or "nothing like this here"; "" without hits, or where
            they have none.
        trail: Where the query was on the map as it was, after each mark and with concepts; empty
            unless it was steered.
    """

    query: str
    hits: tuple[Hit, ...]
    place: Place | None
    milliseconds: float
    copies: bool = False
    matching: int | None = None
    verdict: str = ""
    trail: tuple[Place, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As the command line prints it."""
        return {
            "query": self.query,
            "verdict": self.verdict,
            **({} if self.matching is None else {"matching": self.matching}),
            "hits": [hit.to_json(copies=self.copies) for hit in self.hits],
            "map": self.place and asdict(self.place),
            **({"trail": [asdict(one) for one in self.trail]} if self.trail else {}),
            "milliseconds": round(self.milliseconds, 3),
        }


@dataclass(frozen=True)
class Points:
    """The map of all items: keys int64 (N,), x and y float32 (N,), label int32 (N,) with -1 for
    none, and the labels' names."""

    keys: NDArray[np.int64]
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    label: NDArray[np.int32]
    names: tuple[str, ...]
