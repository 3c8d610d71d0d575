"""One picture in full size, with what is known about it."""

from __future__ import annotations

from pathlib import PurePosixPath

import streamlit as st

from pages.parts import notices, session, words
from ris.errors import RisError
from ris.explore.explorer import Explorer
from ris.store.items import Item


def facts(item: Item, distance: float | None = None) -> dict[str, str]:
    """What is known about an item, as labelled words."""
    known = {"File": item.path, "Size": f"{item.width:,} × {item.height:,} pixels"}
    if item.labels:
        known["Label" if len(item.labels) == 1 else "Labels"] = ", ".join(item.labels)
    if distance is not None:
        known["Distance"] = f"{distance:.3f}, {words.distance(distance)}"
    known |= {name: str(value) for name, value in item.metadata.items() if value is not None}
    return {name: words.plain(value) for name, value in known.items()}


def picture_dialog(explorer: Explorer, key: int, distance: float | None = None) -> None:
    """Show an item in a dialog; "Find similar" in it makes the item the query."""
    item = explorer.item(key)
    name = PurePosixPath(item.path).name

    def body() -> None:
        try:
            data, mime = explorer.original(key)
        except RisError as problem:
            notices.error(problem)
            data, mime = explorer.thumbnail(key), "image/webp"
        beside = st.container(horizontal=True, gap="medium")
        with beside.container(key="full-picture", width="content"):
            st.image(data, alt=f"{name}, {', '.join(item.labels) or 'no label'}")
        with beside.container(key="picture-facts", width="stretch"):
            st.table(facts(item, distance), border="horizontal", hide_header=True)
            draw_actions(data, mime)

    def draw_actions(data: bytes, mime: str) -> None:
        with st.container(horizontal=True):
            if st.button("Find similar", type="primary", icon=":material/image_search:"):
                session.ask_item(name, key)
                session.go_to("")
            st.download_button(
                "Download",
                data,
                file_name=name,
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
            )

    st.dialog(words.plain(name), width="large")(body)()
