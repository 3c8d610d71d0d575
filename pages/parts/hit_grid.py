"""Pictures as a grid of cards, in which people move, select, open and search.

In come cards, whose words the page has chosen; out comes at most one event of the person's hand.
The drawing is done in the browser by `assets/hit_grid.js`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.browser import LOADER, generation_url, nothing, script_url, style

if TYPE_CHECKING:
    from ris.explore.explorer import Explorer

LONGEST = 1000  # keys of one event

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
        rank: its number, as on the map; 0 shows none.
        mark: "more" or "less" where more or less like it is wanted.
    """

    key: int
    title: str
    words: str
    number: str
    labels: tuple[str, ...]
    selected: bool = False
    rank: int = 0
    mark: str = ""


@dataclass(frozen=True)
class Closed:
    """Which picture was open in full size over the grid last, and how often one was closed: as that
    changes the focus returns to its card."""

    key: int | None = None
    times: int = 0


@dataclass(frozen=True)
class GridEvent:
    """What a person did; reported in one run only.

    Attributes:
        kind: "similar" or "open" on one picture; "together" (search), "collect", "more" or "less"
            on one or several.
        keys: of the pictures.
    """

    kind: str
    keys: tuple[int, ...]


def hit_grid(
    cards: Sequence[Card],
    explorer: Explorer,
    *,
    name: str = "Pictures",
    about: str = "",
    empty: str = "No pictures to show.",
    more: str = "",
    on_more: Callable[[], None] = nothing,
    closed: Closed | None = None,
    small: bool = False,
    marking: bool = False,
    key: str,
) -> GridEvent | None:
    """Shows cards in their order.

    Args:
        cards: what to show.
        explorer: the open generation the keys belong to.
        name: what the list is, for screen readers.
        about: what the cards are an answer to; as it changes, their beginning comes into view.
        empty: the words shown in place of no cards.
        more: whether more can be had: "scroll" asks for them as the end comes near, except on a
            phone, where other things come after the grid; "ask" by a button alone, "" not at all.
        on_more: called when more are wanted, before the run that then shows them.
        closed: the picture that was open over the grid.
        small: a row of small cards, of which none can be selected.
        marking: whether cards can be marked as more or less wanted.
        key: names this grid among the widgets of the page.
    """
    result = _component(
        key=key,
        data={
            "base": generation_url(explorer),
            "code": script_url("hit_grid.js"),
            "cards": [asdict(card) for card in cards],
            "name": name,
            "about": about,
            "empty": empty,
            "more": more,
            "closed": asdict(closed or Closed()),
            "small": small,
            "marking": marking,
        },
        on_event_change=nothing,
        on_more_change=on_more,
    )
    return read_event(result.get("event"))


def read_event(sent: object) -> GridEvent | None:
    """What the browser sent, checked; None when there was nothing or it makes no sense."""
    match sent:
        case {"kind": "similar" | "open" as kind, "key": int() | float() as key} if _whole(key):
            return GridEvent(kind, (int(key),))
        case {
            "kind": "together" | "collect" | "more" | "less" as kind,
            "keys": [_, *_] as keys,
        } if len(keys) <= LONGEST:
            if all(isinstance(key, int | float) and _whole(key) for key in keys):
                return GridEvent(kind, tuple(dict.fromkeys(int(key) for key in keys)))
    return None


def _whole(key: float) -> bool:
    return math.isfinite(key) and 0 <= key < 2**63 and key == int(key)
