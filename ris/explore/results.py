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
    """

    rank: int
    item: Item
    distance: float

    def to_json(self) -> dict[str, Any]:
        """As the command line prints it."""
        item = self.item
        return {
            "rank": self.rank,
            "key": item.key,
            "id": item.id,
            "path": item.path,
            "labels": list(item.labels),
            "distance": round(self.distance, 6),
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
    """

    query: str
    hits: tuple[Hit, ...]
    place: Place | None
    milliseconds: float

    def to_json(self) -> dict[str, Any]:
        """As the command line prints it."""
        return {
            "query": self.query,
            "hits": [hit.to_json() for hit in self.hits],
            "map": self.place and asdict(self.place),
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
