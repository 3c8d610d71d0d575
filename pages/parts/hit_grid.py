"""The answers to a search as a grid of cards.

In come cards, whose words the page has chosen; out comes at most one event of the person's hand.
The drawing is done in the browser by `assets/hit_grid.js`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.browser import LOADER, generation_url, nothing, script_url, style

if TYPE_CHECKING:
    from ris.explore.explorer import Explorer

_component = st.components.v2.component("ris_hits", css=style("hit_grid.css"), js=LOADER)


@dataclass(frozen=True)
class Card:
    """One picture of the grid.

    Attributes:
        key: the item's key.
        title: the file name; cut with an ellipsis, shown whole as a tooltip.
        words: the distance in words, such as "very similar".
        number: the distance as a number, such as "0.083".
        labels: shown as chips.
        selected: whether to ring the card.
    """

    key: int
    title: str
    words: str
    number: str
    labels: tuple[str, ...]
    selected: bool = False


@dataclass(frozen=True)
class GridEvent:
    """What a person did: "similar" or "open", on the picture `key`; reported in one run only."""

    kind: str
    key: int


def hit_grid(
    cards: Sequence[Card],
    explorer: Explorer,
    *,
    ranked: bool = True,
    empty: str = "No pictures to show.",
    key: str,
) -> GridEvent | None:
    """Shows cards, best first.

    Args:
        cards: what to show.
        explorer: the open generation the keys belong to.
        ranked: number the cards from 1, as the map numbers its marks.
        empty: the words shown in place of no cards.
        key: names this grid among the widgets of the page.
    """
    result = _component(
        key=key,
        data={
            "base": generation_url(explorer),
            "code": script_url("hit_grid.js"),
            "cards": [asdict(card) for card in cards],
            "ranked": ranked,
            "empty": empty,
        },
        on_event_change=nothing,
    )
    return read_event(result.get("event"))


def read_event(sent: object) -> GridEvent | None:
    """What the browser sent, checked; None when there was nothing or it makes no sense."""
    match sent:
        case {"kind": "similar" | "open" as kind, "key": int() | float() as key} if math.isfinite(
            key
        ):
            return GridEvent(kind, int(key))
    return None
