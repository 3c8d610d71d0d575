"""Any group of pictures to take along: as a list, as files, or as one page that opens offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import words
from pages.parts.downloads import offer
from ris.explore.handover import PICTURES, finding_page

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ris.explore.explorer import Explorer
    from ris.explore.saved_map import SavedQuery


def draw_export(
    explorer: Explorer,
    keys: NDArray[np.int64],
    *,
    title: str,
    query: SavedQuery | None = None,
    key: str = "export",
) -> None:
    """A button with all ways to take a group along.

    Args:
        explorer: The open generation.
        keys: Of the group's items, in its order.
        title: What the group is, as the page says it.
        query: What it is an answer to, if anything was looked for.
        key: Names the button among the widgets of the page.
    """
    paths = offer(explorer, keys)

    def make() -> bytes:  # runs when the button is pressed, not before
        return finding_page(explorer, keys, title=title, query=query, verdict=explorer.scale.word)

    with st.popover("Export", icon=":material/download:", key=f"{key}-popover"):
        st.caption(words.count(len(keys), "picture"))
        st.link_button(
            "List (CSV)", paths["csv"], icon=":material/table_rows:", help="One row a picture."
        )
        st.link_button(
            "Table (Parquet)",
            paths["parquet"],
            icon=":material/table:",
            help="All columns with the embeddings, for pandas, polars, DuckDB or datasets.",
        )
        st.link_button(
            "Pictures (ZIP)",
            paths["zip"],
            icon=":material/folder_zip:",
            help="The files as they are, with the list.",
        )
        st.download_button(
            "Page (HTML)",
            make,
            file_name=f"{explorer.name}-{len(keys)}-pictures.html",
            mime="text/html",
            icon=":material/web:",
            on_click="ignore",
            help="What was looked for, the pictures, what is said of them and the map in one file "
            f"that opens in any browser, offline. At most {PICTURES} pictures.",
            key=f"{key}-page",
        )
