"""Odd ones out: the pictures that are least like all others, or that the model redraws worst."""

from __future__ import annotations

import streamlit as st

from pages.parts import cards, ready, searching, session, words
from pages.parts.hit_grid import Card
from pages.parts.view import MOST_HITS
from ris.explore.colourings import ERROR, OUTLIER
from ris.explore.explorer import Explorer

STEP = 48
ORDERS = {OUTLIER: "Least like the others", ERROR: "Redrawn worst"}
MEANINGS = {OUTLIER: "from its nearest", ERROR: "redrawn off by"}
TOLD = {
    OUTLIER: (
        "those that lie farthest from their nearest others come first: the rare, the damaged, and "
        "what got in by mistake. Open one to see how well the model knows it."
    ),
    ERROR: (
        "those that the model redraws worst come first: it does not know them well, and what is "
        "lost of them plays no part in the search. The number tells how far their pixels are off "
        "(root mean square, 0 to 1)."
    ),
}


def odd_cards(explorer: Explorer, count: int, by: str) -> list[Card]:
    """The oddest items as cards, with how odd they are."""
    return [
        Card(item.key, cards.title(item), MEANINGS[by], f"{score:.3f}", item.labels, rank=rank)
        for rank, (item, score) in enumerate(explorer.odd(count, by=by), start=1)
    ]


def choose_order(known: list[str]) -> str:
    """What people order by; the link keeps it."""
    chosen = st.segmented_control(
        "Order",
        known,
        format_func=lambda one: ORDERS[one],
        default=known[0],
        required=True,
        key="order",
        bind="query-params",
        label_visibility="collapsed",
    )
    return chosen or known[0]


def draw_odd(explorer: Explorer, by: str) -> None:
    """The pictures, as far as people scroll."""
    name = repr((explorer.name, explorer.generation, by))
    number = searching.shown_hits(name, STEP)
    found = odd_cards(explorer, number, by)
    most = min(MOST_HITS, explorer.count)
    similar = cards.grid(
        found,
        explorer,
        key="odd-grid",
        more="scroll" if len(found) == number < most else "",
        on_more=lambda: searching.show_more_hits(name, min(most, number + STEP)),
        name="Odd ones out",
        about=by,
    )
    if similar is not None:
        cards.look_for(explorer, similar)


def main() -> None:
    """Draw the page."""
    explorer = ready.explorer()
    if explorer is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="head"):
        st.title("Odd ones out", anchor=False, width="stretch")
        known = [one for one in ORDERS if one in explorer.colourings()]
        to_map = bool(known) and st.button("Show on the map", icon=":material/scatter_plot:")
    if not known:
        st.info(
            "This generation does not know how odd its pictures are: an earlier version of ris "
            "made its map. Retrain to see it.",
            icon=":material/info:",
        )
        return
    by = choose_order(known)
    if to_map:
        session.keep_colour(by)
        session.go_to("map")
    st.caption(f"Of {words.count(explorer.count, 'picture')} {TOLD[by]}")
    st.fragment(draw_odd)(explorer, by)


main()
