"""Everything that is selected on the map, page by page, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.parts import cards, session, words
from pages.parts.export_menu import draw_export
from pages.parts.tagging import draw_last_change, draw_tagging

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ris.explore.explorer import Explorer
    from ris.explore.results import Points

PER_PAGE = 60
LABELS = 12  # that can be chosen to see only those
NO_LABEL = "no label"


def draw_gallery(explorer: Explorer, keys: NDArray[np.int64], *, note: str = "") -> None:
    """What is selected: how many, of which labels, the pictures.

    Args:
        explorer: The open generation.
        keys: Of the items, int64 ascending.
        note: How they were selected, for people; "" when they were drawn around.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(words.count(len(keys), "picture") + " selected", anchor=False)
        st.button("Clear", icon=":material/close:", on_click=session.select)
    if note:
        st.caption(note)
    if len(keys) == 0:
        st.info("No picture lies inside. Draw around some points.", icon=":material/info:")
        return
    with st.container(horizontal=True, key="selection-actions"):
        st.button(
            "Search with these",
            icon=":material/image_search:",
            type="primary",
            help="Finds the pictures outside the selection that are most like all of it.",
            on_click=session.ask_alike,
            args=(True,),
        )
        draw_tagging(explorer, keys)
        draw_export(explorer, keys, title=note or "Selected on the map")
    draw_last_change(explorer)
    shown = draw_labels(explorer.points(), keys)
    pages = -(-len(shown) // PER_PAGE)
    page = st.pagination(pages, key=f"gallery-{len(shown)}") if pages > 1 else 1
    items = explorer.items(shown[(page - 1) * PER_PAGE : page * PER_PAGE].tolist())
    picked = cards.grid(cards.item_cards(items), explorer, key="gallery")
    if picked is not None:
        session.select(key=picked)
        st.rerun()


def draw_labels(points: Points, keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The labels of the selection with their counts; gives the keys of those that were chosen, all
    of them while none was."""
    counts = labels_inside(points, keys)
    if not counts or set(counts) == {NO_LABEL}:
        return keys
    shown = list(counts)[:LABELS]
    chosen = st.pills(
        "Labels: choose some to see only those",
        shown,
        selection_mode="multi",
        format_func=lambda name: f"{words.plain(name)} ({counts[name]:,})",
        key="gallery-labels",
        wrap=True,
    )
    rest = len(counts) - len(shown)
    if rest:
        number = sum(list(counts.values())[LABELS:])
        st.caption(f"And {words.count(rest, 'more label')} of {words.count(number, 'picture')}.")
    return only(points, keys, chosen) if chosen else keys


def labels_inside(points: Points, keys: NDArray[np.int64]) -> dict[str, int]:
    """How many selected items have each label, most frequent first, those without one last."""
    labels = _labels_of(points, keys)
    counts = np.bincount(labels + 1, minlength=len(points.names) + 1)
    order = np.argsort(-counts[1:], kind="stable")
    found = {points.names[i]: int(counts[i + 1]) for i in order if counts[i + 1]}
    return {**found, NO_LABEL: int(counts[0])} if counts[0] else found


def only(points: Points, keys: NDArray[np.int64], names: list[str]) -> NDArray[np.int64]:
    """The selected items that have one of some labels."""
    codes = [points.names.index(name) for name in names if name in points.names]
    wanted = [*codes, *([-1] if NO_LABEL in names else [])]
    return keys[np.isin(_labels_of(points, keys), wanted)]


def _labels_of(points: Points, keys: NDArray[np.int64]) -> NDArray[np.int32]:
    """The label of each item, -1 for none; also of those that are not on the map."""
    rows = np.minimum(np.searchsorted(points.keys, keys), max(len(points.keys) - 1, 0))
    if len(points.keys) == 0:
        return np.full(len(keys), -1, np.int32)
    return np.where(points.keys[rows] == keys, points.label[rows], np.int32(-1))
