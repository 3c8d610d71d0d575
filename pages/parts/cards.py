"""Items and hits as cards of the grid, and what people do with cards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import streamlit as st

from pages.parts import searching, session, steer, words
from pages.parts.browser import nothing
from pages.parts.hit_grid import Card, Closed, hit_grid
from pages.parts.picture_dialog import picture_dialog
from pages.parts.view import MOST_PICTURES, item_name
from ris.explore.explorer import Explorer
from ris.explore.results import Hit
from ris.store.items import Item


def title(item: Item) -> str:
    """What an item is called on screens: its file's name, and where in it a patch lies."""
    return words.name(item.path)


def hit_cards(
    hits: Sequence[Hit], *, selected: int | None = None, marks: Mapping[int, str] | None = None
) -> list[Card]:
    """Hits as cards, with the distance in words, also how a copy is turned, and as a number."""
    return [
        Card(
            key=hit.item.key,
            title=title(hit.item),
            words=", ".join(filter(None, [hit.verdict, words.turn(hit.turned, hit.mirrored)])),
            number=f"{hit.distance:.3f}",
            labels=hit.item.labels,
            selected=hit.item.key == selected,
            rank=hit.rank,
            mark=(marks or {}).get(hit.item.key, ""),
        )
        for hit in hits
    ]


def item_cards(items: Sequence[Item]) -> list[Card]:
    """Items as cards, without a distance."""
    return [Card(i.key, title(i), "", "", i.labels) for i in items]


def grid(
    cards: Sequence[Card],
    explorer: Explorer,
    *,
    key: str,
    more: str = "",
    on_more: Callable[[], None] = nothing,
    name: str = "Pictures",
    about: str = "",
    empty: str = "No pictures to show.",
    marking: bool = False,
    query: int | bytes | None = None,
) -> int | None:
    """Draw cards and do what people ask of them: open one in full size, search with several.

    Args:
        cards: What to show.
        explorer: The open generation.
        key: Names this grid among the widgets of the page.
        more: Whether more can be had, as `hit_grid` takes it.
        on_more: Called when more are wanted, before the run that then shows them.
        name: What the list is, for screen readers.
        about: What the cards are an answer to, as `hit_grid` takes it.
        empty: The words shown in place of no cards.
        marking: Whether cards can be marked as more or less wanted.
        query: The one picture that the cards are hits of, by key or bytes.

    Returns:
        The key of the one to look for, or None.
    """
    closed = Closed(*searching.closed(key))
    event = hit_grid(
        cards,
        explorer,
        name=name,
        about=about,
        empty=empty,
        more=more,
        on_more=on_more,
        closed=closed,
        marking=marking,
        key=key,
    )
    if event is not None and event.kind == "open":
        searching.open_item(key, event.keys[0])
    if event is not None and event.kind in ("more", "less"):
        steer.mark(explorer, event.keys, event.kind)
        st.rerun()
    if event is not None and event.kind == "together":
        look_for(explorer, *event.keys)
    if event is not None and event.kind == "collect":
        picked = np.unique(np.array(event.keys, np.int64))
        session.select_items(picked, name=f"Picked among: {name}.")
        session.go_to("map")
    if searching.opened(key) is not None:
        picture_dialog(explorer, key, {card.key: card for card in cards}, query)
    return event.keys[0] if event is not None and event.kind == "similar" else None


def look_for(explorer: Explorer, *keys: int) -> None:
    """Make items the query, several of them together, and show the search page."""
    if len(keys) > MOST_PICTURES:
        st.toast(f"The first {MOST_PICTURES} of {len(keys)} are searched with.")
    items = explorer.items(keys[:MOST_PICTURES])
    searching.ask(items=[item_name(item.key, item.id) for item in items])
    searching.go_to_search()
