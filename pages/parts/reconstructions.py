"""Pictures beside what the model makes of them."""

from __future__ import annotations

import streamlit as st

from pages.parts import cards, session, words
from pages.parts.picture_input import examples
from pages.parts.redrawn import side_by_side
from ris.errors import RisError
from ris.explore.explorer import Explorer

RECONSTRUCTIONS = 8


def draw_reconstructions(explorer: Explorer) -> None:
    """Pictures beside what the model makes of them."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("What the model remembers", anchor=False)
        st.button(
            "Other pictures",
            icon=":material/shuffle:",
            type="tertiary",
            on_click=session.other_sample,
        )
    st.caption(
        "On the left the picture as the model sees it, on the right what it draws from the "
        "few numbers it keeps of it. What is lost here, search cannot see."
    )
    grid = st.grid(4, min_column_width=200, gap="medium")
    for key in examples(explorer, RECONSTRUCTIONS, session.sample_seed()):
        name = cards.title(explorer.item(key))
        with grid.cell():
            try:
                seen, drawn = explorer.reconstruct(key)
            except RisError as problem:
                st.caption(words.plain(f"{name}: {problem.message}"))
                continue
            st.image(
                side_by_side(seen, drawn),
                width="stretch",
                output_format="PNG",
                alt=f"{name}: as the model sees it, and as it redraws it",
            )
            st.caption(words.plain(name))
