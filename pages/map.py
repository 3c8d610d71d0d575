"""Map: the whole collection at once, like beside like."""

from __future__ import annotations

import streamlit as st

from pages.parts import cards, ready, session, words
from pages.parts.gallery import draw_gallery
from pages.parts.map_view import map_view
from ris.errors import RisError
from ris.explore.explorer import Explorer
from ris.explore.results import SearchResult

NEIGHBOURS = 12


def draw_hint(explorer: Explorer) -> None:
    """What one can do here, and the labels with their counts."""
    st.markdown(
        "Each point is a picture; pictures that look alike lie close together.\n\n"
        "- **Point at** one to see it.\n"
        "- **Click** it to see its neighbours.\n"
        "- **Draw around** some with the lasso or the box to collect them."
    )


def draw_neighbours(explorer: Explorer, key: int, result: SearchResult) -> None:
    """The clicked picture and its neighbours."""
    item = explorer.item(key)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.image(explorer.thumbnail(key), width=132, alt=cards.title(item))
        with st.container(width="stretch", gap="xsmall"):
            st.markdown(f"**{words.plain(cards.title(item))}**")
            st.caption(", ".join(map(words.plain, item.labels)) or "no label")
            with st.container(horizontal=True):
                if st.button("Search with it", icon=":material/image_search:"):
                    cards.look_for(explorer, key)
                st.button("Clear", icon=":material/close:", on_click=session.select)
    st.subheader("Its neighbours", anchor=False)
    chosen = cards.grid(cards.hit_cards(result.hits), explorer, key="neighbours")
    if chosen is not None:
        session.select(key=chosen)
        st.rerun()


def main() -> None:
    """Draw the page."""
    explorer = ready.explorer()
    if explorer is None:
        return
    st.title("Map", anchor=False)
    selection = session.selection()
    result, keys = None, []
    if selection is not None and selection.key is not None:
        try:
            result = explorer.similar(selection.key, k=NEIGHBOURS)
        except RisError:  # an item that the present generation no longer has
            session.select()
            selection = None
    elif selection is not None:
        keys = [int(key) for key in explorer.inside(selection.polygon)]
    with st.container(key="stacked"):
        left, right = st.columns([3, 2], gap="medium")
    with left, st.container(key="beside"):
        event = map_view(
            explorer,
            marked=[hit.item.key for hit in result.hits] if result else (),
            selected=selection.key if selection else None,
            outline=selection.polygon if selection else (),
            height=680,
            key="map",
        )
    if event is not None:
        session.select(key=event.key, polygon=event.polygon)
        st.rerun()
    with right:
        if result is not None and selection is not None and selection.key is not None:
            draw_neighbours(explorer, selection.key, result)
        elif selection is not None:
            draw_gallery(explorer, keys)
        else:
            draw_hint(explorer)


main()
