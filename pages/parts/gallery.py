"""Everything inside a lasso on the map, page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import streamlit as st

from pages.parts import cards, session, words
from ris.explore.explorer import Explorer
from ris.explore.results import Points

PER_PAGE = 60


def draw_gallery(explorer: Explorer, keys: Sequence[int]) -> None:
    """Everything inside the lasso."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(words.count(len(keys), "picture") + " selected", anchor=False)
        st.button("Clear", icon=":material/close:", on_click=session.select)
    if not keys:
        st.info("No picture lies inside. Draw around some points.", icon=":material/info:")
        return
    st.caption(words.plain(labels_inside(explorer.points(), keys)))
    pages = -(-len(keys) // PER_PAGE)
    page = st.pagination(pages, key=f"gallery-{len(keys)}") if pages > 1 else 1
    items = explorer.items(keys[(page - 1) * PER_PAGE : page * PER_PAGE])
    chosen = cards.grid(cards.item_cards(items), explorer, key="gallery")
    if chosen is not None:
        session.select(key=chosen)
        st.rerun()


def labels_inside(points: Points, keys: Sequence[int]) -> str:
    """The labels of the selected items, most frequent first: "tartans 40, planets 2"."""
    inside = points.label[np.isin(points.keys, keys)]
    counts = Counter(inside[inside >= 0].tolist()).most_common()
    named = [f"{points.names[label]} {number:,}" for label, number in counts[:8]]
    return ", ".join(named) + (f" and {len(counts) - 8} more labels" if len(counts) > 8 else "")
