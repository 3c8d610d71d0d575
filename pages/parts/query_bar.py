"""The bar that stays in view: what is looked for, and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from pages.parts import pictures, searching, session, words
from pages.parts.asked import Asked, heading
from pages.parts.crop_view import crop_of, crop_view
from pages.parts.export_menu import draw_export
from pages.parts.view import View
from ris.explore.explorer import Explorer
from ris.explore.results import SearchResult
from ris.explore.saved_map import SavedQuery
from ris.explore.scale import NOTHING

WAYS = {False: "As one", True: "Each alone"}


def draw_query(
    explorer: Explorer, asked: Sequence[Asked], view: View, result: SearchResult | None
) -> None:
    """Draw the bar."""
    with st.container(key="query-bar", horizontal=True, vertical_alignment="center"):
        with st.container(key="query-pictures", horizontal=True, width="content", gap="small"):
            for each in asked:
                shown = each.thumbnail
                if (crop := crop_of(view)) is not None and len(asked) == 1:
                    shown = searching.part(shown, crop, explorer)
                pictures.inline(shown, "image/webp", f"What is looked for: {each.name}")
        with st.container(width="stretch", gap=None, key="query-words"):
            st.markdown(f"**{words.plain(heading(asked))}**")
            st.caption(summary(asked, view, result))
        if len(asked) > 1:
            st.session_state["ris.control.alone"] = WAYS[view.alone]
            st.segmented_control(
                "Search with them",
                list(WAYS.values()),
                required=True,
                label_visibility="collapsed",
                key="ris.control.alone",
                on_change=choose_way,
            )
        if len(asked) == 1:
            draw_part(explorer, asked[0], view)
        if (
            len(asked) == 2
            and all(each.is_item for each in asked)
            and st.button("Walk between", icon=":material/linear_scale:")
        ):
            one, other = (str(each.query) for each in asked)
            session.go_to("between", {"from": [one], "to": [other]})
        if result is not None and result.hits:
            keys = np.array([hit.item.key for hit in result.hits], np.int64)
            name = heading(asked)
            query = SavedQuery(name, result.place, result.hits, asked[0].thumbnail)
            draw_export(explorer, keys, title=f"Pictures like {name}", query=query, key="hits")
        st.button("Clear", icon=":material/close:", on_click=searching.clear_query)


def draw_part(explorer: Explorer, asked: Asked, view: View) -> None:
    """Search with a part of the picture, or with all of it again."""
    if st.button("Part of it", icon=":material/crop:", help="Search with a part of this picture."):
        draw_box(explorer, asked, view)
    if view.crop:
        st.button("Whole picture", icon=":material/crop_free:", on_click=searching.cut, args=("",))


@st.dialog("Search with a part", width="large")
def draw_box(explorer: Explorer, asked: Asked, view: View) -> None:
    """The picture, to draw a box on."""
    source = pictures.source(explorer, asked.query, asked.thumbnail)
    said = crop_view(source, asked.name, box=crop_of(view), key="part-of-query")
    if said is not None:
        searching.cut(said)
        st.rerun()


def choose_way() -> None:
    """Search several pictures as one query, or each alone."""
    alone = st.session_state["ris.control.alone"] == WAYS[True]
    searching.show(replace(searching.view(), alone=alone))


def summary(asked: Sequence[Asked], view: View, result: SearchResult | None) -> str:
    """Where the query is from, and how much was found."""
    if all(each.is_item for each in asked):
        source = "From this collection"
    elif any(each.is_item for each in asked):
        source = "From this collection and of your own"
    else:
        source = "Your picture" if len(asked) == 1 else "Your pictures"
    if len(asked) > 1:
        source += ", each searched alone" if view.alone else ", searched as one: their mean"
    if result is None:
        return f"{source}."
    if view.crop and len(asked) == 1:
        source += ", a part of it"
    found = words.count(len(result.hits), "hit")
    if result.matching is not None:
        found += f" among {words.count(result.matching, 'picture')} under the filter"
    nearest = f", the nearest {result.verdict}" if result.verdict not in ("", NOTHING) else ""
    return f"{source}. {found} in {result.milliseconds:.1f} ms{nearest}."
