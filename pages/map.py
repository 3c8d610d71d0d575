"""Map: the whole collection at once, like beside like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.parts import cards, ready, session, words
from pages.parts.colour_choice import choose_colour
from pages.parts.gallery import draw_gallery
from pages.parts.groups import draw_groups, draw_tags
from pages.parts.map_view import MOST_CHOSEN, map_view
from pages.parts.places import places_in_words
from pages.parts.save_map import draw_save, of_selection
from pages.parts.small_picture import draw_small_picture
from ris.errors import RisError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ris.explore.explorer import Explorer
    from ris.explore.results import SearchResult

NEIGHBOURS = 12
ALIKE = 24


def draw_hint(explorer: Explorer) -> None:
    """What one can do here, and what one can begin with."""
    st.markdown(
        "Each point is a picture; pictures that look alike lie close together.\n\n"
        "- **Point at** one to see it.\n"
        "- **Click** it to see its neighbours.\n"
        "- **Draw around** some with the lasso or the box to collect them."
    )
    draw_tags(explorer)
    draw_groups(explorer)


def draw_neighbours(explorer: Explorer, key: int, result: SearchResult) -> None:
    """The clicked picture and its neighbours."""
    item = explorer.item(key)
    with st.container(horizontal=True, vertical_alignment="center"):
        draw_small_picture(explorer, key, width=132, alt=cards.title(item))
        with st.container(width="stretch", gap="xsmall"):
            st.markdown(f"**{words.plain(cards.title(item))}**")
            st.caption(", ".join(map(words.plain, item.labels)) or "no label")
            with st.container(horizontal=True):
                if st.button("Search with it", icon=":material/image_search:"):
                    cards.look_for(explorer, key)
                st.button("Clear", icon=":material/close:", on_click=session.select)
    st.subheader("Its neighbours", anchor=False)
    draw_hits(explorer, result, key)


def draw_alike(explorer: Explorer, keys: NDArray[np.int64], result: SearchResult) -> None:
    """What is most like all that is selected."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(f"Most like these {words.count(len(keys), 'picture')}", anchor=False)
        st.button(
            "Back to them",
            icon=":material/arrow_back:",
            on_click=session.ask_alike,
            args=(False,),
        )
    draw_hits(explorer, result)


def draw_hits(explorer: Explorer, result: SearchResult, query: int | None = None) -> None:
    """Hits, with words where they lie in several places of the map."""
    if told := places_in_words(explorer, result.hits):
        st.caption(told)
    chosen = cards.grid(cards.hit_cards(result.hits), explorer, key="neighbours", query=query)
    if chosen is not None:
        session.select(key=chosen)
        st.rerun()


def resolved(explorer: Explorer, selection: session.Selection) -> session.Selection:
    """A selection with the keys of what lies inside what was drawn, which hold from then on."""
    if selection.polygon and not selection.seal:
        keys = explorer.inside(selection.polygon)
        seal = explorer.manifest.sha256
        session.select_items(keys, polygon=selection.polygon, seal=seal)
        return session.selection() or selection
    return selection


def keys_here(explorer: Explorer, selection: session.Selection) -> tuple[NDArray[np.int64], str]:
    """The selected items that the present generation has, and how they were selected."""
    keys = np.frombuffer(selection.keys, np.int64)
    here = keys[np.isin(keys, explorer.keys)]
    note = words.plain(selection.name)
    if selection.polygon and selection.seal != explorer.manifest.sha256:
        note = "Selected on an earlier map; they are the same pictures."
    drawn_here = selection.seal == explorer.manifest.sha256
    if len(here) > MOST_CHOSEN and not drawn_here:
        note += f" The map marks {MOST_CHOSEN:,} of them."
    gone = len(keys) - len(here)
    if gone:
        note += f" {words.count(gone, 'more picture')} of it left the collection since."
    return here, note.strip()


def answer(
    explorer: Explorer, selection: session.Selection, keys: NDArray[np.int64]
) -> SearchResult | None:
    """What is nearest to what is selected; None where that is not asked."""
    try:
        if selection.key is not None:
            return explorer.similar(selection.key, k=NEIGHBOURS)
        if selection.alike and len(keys):
            return explorer.like_all(keys, k=ALIKE)
    except RisError:  # an item that the present generation no longer has
        session.select()
        st.toast("The picture that was chosen is no longer in the collection.")
    return None


def main() -> None:
    """Draw the page."""
    explorer = ready.explorer()
    if explorer is None:
        return
    selection = session.selection()
    keys, note = np.empty(0, np.int64), ""
    result = None
    if selection is not None:
        selection = resolved(explorer, selection)
        keys, note = keys_here(explorer, selection)
        result = answer(explorer, selection, keys)
        selection = session.selection()
    with st.container(horizontal=True, vertical_alignment="bottom", key="head"):
        st.title("Map", anchor=False, width="stretch")
        colour = choose_colour(explorer)
        key = selection.key if selection else None
        draw_save(explorer, colour, lambda: of_selection(explorer, result, key))
    with st.container(key="stacked"):
        left, right = st.columns([3, 2], gap="medium")
    drawn_here = selection is not None and selection.seal == explorer.manifest.sha256
    with left, st.container(key="beside"):
        event = map_view(
            explorer,
            query=result.place if result and selection and selection.key is None else None,
            marked=[hit.item.key for hit in result.hits] if result else (),
            selected=selection.key if selection else None,
            outline=selection.polygon if selection and drawn_here else (),
            chosen=keys if selection and result is None and not drawn_here else None,
            colour=colour,
            height=680,
            key="map",
        )
    if event is not None:
        session.select(key=event.key, polygon=event.polygon)
        st.rerun()
    with right:
        if selection is None:
            draw_hint(explorer)
        elif result is not None and selection.key is not None:
            draw_neighbours(explorer, selection.key, result)
        elif result is not None:
            draw_alike(explorer, keys, result)
        else:
            draw_gallery(explorer, keys, note=note)


main()
