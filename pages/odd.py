"""Odd ones out: the pictures that are least like all others, the oddest first."""

from __future__ import annotations

import streamlit as st

from pages.parts import cards, ready, searching, session, words
from pages.parts.hit_grid import Card
from pages.parts.view import MOST_HITS
from ris.explore.colourings import OUTLIER
from ris.explore.explorer import Explorer

STEP = 48


def odd_cards(explorer: Explorer, count: int) -> list[Card]:
    """The oddest items as cards, with how far they are from their nearest."""
    return [
        Card(
            item.key, cards.title(item), "from its nearest", f"{score:.3f}", item.labels, rank=rank
        )
        for rank, (item, score) in enumerate(explorer.odd(count), start=1)
    ]


def draw_odd(explorer: Explorer) -> None:
    """The pictures, as far as people scroll."""
    name = repr((explorer.name, explorer.generation, "odd"))
    number = searching.shown_hits(name, STEP)
    found = odd_cards(explorer, number)
    most = min(MOST_HITS, explorer.count)
    similar = cards.grid(
        found,
        explorer,
        key="odd-grid",
        more="scroll" if len(found) == number < most else "",
        on_more=lambda: searching.show_more_hits(name, min(most, number + STEP)),
        name="Odd ones out",
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
        has_scores = OUTLIER in explorer.colourings()
        if has_scores and st.button("Show on the map", icon=":material/scatter_plot:"):
            session.keep_colour(OUTLIER)
            session.go_to("map")
    if not has_scores:
        st.info(
            "This generation does not know how odd its pictures are: an earlier version of ris "
            "made its map. Retrain to see it.",
            icon=":material/info:",
        )
        return
    st.caption(
        f"Of {words.count(explorer.count, 'picture')} those that lie farthest from their nearest "
        "others come first: the rare, the damaged, and what got in by mistake. Open one to see "
        "how well the model knows it."
    )
    st.fragment(draw_odd)(explorer)


main()
