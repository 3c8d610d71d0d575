"""Collection: what is in it, what was left out and why, making a new one, deleting."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from pages.parts import incoming, ready, session, words
from pages.parts.additions import draw_additions
from pages.parts.create import create_form
from pages.parts.removal import removal_dialog
from ris.explore.explorer import Explorer
from ris.store.collection import Collection

SKIPPED_SHOWN = 1000
ROW = 35  # px of a table's row
LABELS = {"folder": "the names of the folders", "none": "nowhere: there are none"}


def draw_contents(collection: Collection, explorer: Explorer) -> None:
    """Counts, labels, picture sizes, where it all came from."""
    folder, generation = str(collection.folder), explorer.generation
    counts = explorer.label_counts()
    with st.grid(4, min_column_width=150):
        st.metric("Pictures", f"{explorer.count:,}", border=True)
        st.metric("Labels", f"{len(counts):,}", border=True)
        st.metric("Skipped files", f"{collection.skipped_count():,}", border=True)
        st.metric("On disk", words.size(session.disk_use(folder, generation)), border=True)
    halves = st.grid(2, min_column_width=340, gap="large")
    with halves.cell():
        draw_labels(counts)
    with halves.cell():
        draw_sizes(*session.sides(folder, generation))
        draw_origin(collection)


def draw_labels(counts: dict[str, int]) -> None:
    """Labels with their counts."""
    st.subheader("Labels", anchor=False)
    if not counts:
        st.info("No picture has a label. The map shows them all in one colour.")
        return
    st.dataframe(
        pd.DataFrame({"Label": list(counts), "Pictures": list(counts.values())}),
        hide_index=True,
        height=min(ROW * (len(counts) + 1) + 2, 720),
        column_config={
            "Pictures": st.column_config.ProgressColumn(
                format="%d", min_value=0, max_value=max(counts.values())
            )
        },
        alt=f"{len(counts)} labels with the number of pictures of each",
    )


def draw_sizes(widths: np.ndarray, heights: np.ndarray) -> None:
    """Sizes of the pictures, the most common first."""
    st.subheader("Picture sizes", anchor=False)
    sizes = pd.DataFrame({"width": widths, "height": heights})
    common = sizes.value_counts()
    if len(common) == 1:
        st.markdown(f"All pictures are {widths[0]:,} × {heights[0]:,} pixels.")
        return
    st.dataframe(
        pd.DataFrame(
            {
                "Size in pixels": [f"{w:,} × {h:,}" for w, h in common.index[:5]],
                "Pictures": common.to_numpy()[:5],
            }
        ),
        hide_index=True,
        column_config={"Pictures": st.column_config.NumberColumn(format="localized")},
        alt="The most common picture sizes",
    )
    st.caption(
        f"{words.count(len(common), 'size')} in all: {widths.min():,} to {widths.max():,} wide, "
        f"{heights.min():,} to {heights.max():,} pixels high."
    )


def draw_origin(collection: Collection) -> None:
    """Where the pictures came from."""
    info = collection.info()
    st.subheader("Origin", anchor=False)
    st.table(
        {
            "Sources": words.plain(", ".join(map(incoming.describe, info["sources"]))),
            "Labels from": words.plain(LABELS.get(str(info["labels"]), str(info["labels"]))),
            "Created": words.moment(info["created"]),
            "Stored in": words.plain(str(collection.folder)),
        },
        border="horizontal",
        hide_header=True,
    )


def draw_skipped(collection: Collection) -> None:
    """Files that were left out, and why."""
    number = collection.skipped_count()
    if number == 0:
        st.success("Nothing was skipped: every file could be read.", icon=":material/check_circle:")
        return
    rows = collection.skipped(limit=SKIPPED_SHOWN)
    st.markdown(
        "These files are not in the collection. Those of your folders are tried again whenever "
        "you look for changes under *Add and update*."
    )
    st.dataframe(
        pd.DataFrame({"File": [r.path for r in rows], "Reason": [r.reason for r in rows]}),
        hide_index=True,
        alt="Skipped files with the reason of each",
    )
    if number > len(rows):
        st.caption(f"The first {len(rows):,} of {number:,}.")


def main() -> None:
    """Draw the page."""
    if session.chosen() is None:
        ready.welcome()
        return
    collection = session.collection()
    if collection is None:
        ready.being_made(session.chosen() or "")
        st.subheader("New collection", anchor=False)
        create_form()
        return
    st.title("Collection", anchor=False)
    skipped = collection.skipped_count() if collection.current() else 0
    tabs = st.tabs(
        ["Contents", "Add and update", f"Skipped ({skipped:,})", "New collection", "Delete"],
        key="collection-tab",
    )
    with tabs[3]:
        create_form()
    with tabs[4]:
        st.markdown(f"Delete “{collection.name}” with everything ris has learnt from it.")
        if st.button("Delete…", icon=":material/delete:"):
            removal_dialog(collection)
    with tabs[2]:
        draw_skipped(collection)
    with tabs[1]:
        draw_additions(collection)
    with tabs[0]:
        explorer = ready.explorer()
        if explorer is not None:
            draw_contents(collection, explorer)


main()
