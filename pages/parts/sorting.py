"""Hits in another order than that of their distance; each keeps its rank."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ris.explore.results import Hit
from ris.store.items import Item

_OWN = "column."  # before the name of a metadata column, which may be any
_KNOWN: dict[str, tuple[str, Callable[[Item], Any]]] = {
    "label": ("Label", lambda item: item.labels or None),
    "name": ("Name", lambda item: item.path.rsplit("/", 1)[-1].casefold()),
    "folder": ("Folder", lambda item: item.path.casefold()),
    "largest": ("Largest first", lambda item: -item.width * item.height),
    "smallest": ("Smallest first", lambda item: item.width * item.height),
}


def choices(columns: Iterable[str]) -> dict[str, str]:
    """The orders there are, by how a link says them; ``columns`` are the collection's own."""
    own = {}
    for name in columns:
        own[f"{_OWN}{name}"] = f"{name}, rising"
        own[f"-{_OWN}{name}"] = f"{name}, falling"
    return {"": "Most alike", **{sort: words for sort, (words, _) in _KNOWN.items()}, **own}


def in_order(hits: Sequence[Hit], sort: str) -> list[Hit]:
    """Hits in an order of `choices`; those without a value last, equal ones by distance."""
    if sort in _KNOWN:
        return _sorted(hits, _KNOWN[sort][1], falling=False)
    column = sort.removeprefix("-")
    if column.startswith(_OWN):
        name = column.removeprefix(_OWN)
        return _sorted(hits, lambda item: item.metadata.get(name), falling=sort.startswith("-"))
    return list(hits)


def _sorted(hits: Sequence[Hit], value: Callable[[Item], Any], *, falling: bool) -> list[Hit]:
    known = [hit for hit in hits if value(hit.item) is not None]
    # Sorting is stable also when reversed, so equal ones stay in the order of their distance.
    known.sort(key=lambda hit: value(hit.item), reverse=falling)
    return known + [hit for hit in hits if value(hit.item) is None]
