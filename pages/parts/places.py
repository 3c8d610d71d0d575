"""Where the nearest pictures lie on the map, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pages.parts import words

if TYPE_CHECKING:
    from ris.explore.explorer import Explorer
    from ris.explore.regions import Region
    from ris.explore.results import Hit

_NAMED = 4  # places; more are counted


def places_in_words(explorer: Explorer, hits: Sequence[Hit]) -> str:
    """Markdown that says in which places of the map hits lie; "" where they lie in one.

    "The nearest pictures lie in 2 places on the map: 8 in “boats”, 3 in “fish”; 1 lies elsewhere."
    """
    return sentence(explorer.regions(hits), len(hits))


def sentence(regions: Sequence[Region], count: int) -> str:
    """The words for regions in which some of ``count`` hits lie."""
    if len(regions) < 2:
        return ""
    told, seen = [], set[str]()
    for region in regions[:_NAMED]:
        name = words.plain(region.name)
        part = "in another part of" if region.name in seen else "in"
        told.append(f"{len(region.keys)} {part} “{name}”" if name else f"{len(region.keys)} in one")
        seen.add(region.name)
    rest = count - sum(len(region.keys) for region in regions[:_NAMED])
    elsewhere = f"; {rest} {'lies' if rest == 1 else 'lie'} elsewhere" if rest else ""
    places = f"The nearest pictures lie in {len(regions)} places on the map"
    return f"{places}: {', '.join(told)}{elsewhere}."
