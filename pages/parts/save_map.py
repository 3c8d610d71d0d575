"""The map to take along: a button that makes one HTML file of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import cards
from pages.parts.asked import Asked, heading
from ris.errors import RisError
from ris.explore.saved_map import PICTURES, SavedQuery, saved_map

if TYPE_CHECKING:
    from ris.explore.colourings import Colouring
    from ris.explore.explorer import Explorer
    from ris.explore.results import SearchResult


def draw_save(
    explorer: Explorer, colour: Colouring | None, query: Callable[[], SavedQuery | None]
) -> None:
    """A button that saves the map as it is coloured, with what was looked for and its hits.

    Args:
        explorer: The open generation.
        colour: What its points are coloured by; None: the first thing there is.
        query: Gives what was looked for, once the button is pressed.
    """
    if not explorer.colourings():  # there is no map to save
        return

    def make() -> bytes:  # runs when the button is pressed, not before
        return saved_map(explorer, colouring=colour, query=query())

    st.download_button(
        "Save this map",
        make,
        file_name=f"{explorer.name}-map.html",
        mime="text/html",
        icon=":material/save:",
        on_click="ignore",
        help="One file with all points, what is looked for and its hits, that opens in any "
        f"browser without ris and offline. At most {PICTURES} points bring their pictures.",
    )


def of_selection(
    explorer: Explorer, result: SearchResult | None, key: int | None
) -> SavedQuery | None:
    """What was looked for by what is selected on the map: an item, or several together."""
    if result is None:
        return None
    if key is None:
        return SavedQuery("The pictures that were selected", result.place, result.hits)
    name, thumbnail = cards.title(explorer.item(key)), b""
    with suppress(RisError):  # the file is gone, and its thumbnail too
        thumbnail = explorer.thumbnail(key)
    return SavedQuery(name, result.place, result.hits, thumbnail)


def of_search(asked: Sequence[Asked], result: SearchResult | None) -> SavedQuery | None:
    """What was looked for on the Search page."""
    if result is None:
        return None
    thumbnail = asked[0].thumbnail if len(asked) == 1 else b""
    return SavedQuery(heading(asked), result.place, result.hits, thumbnail)
