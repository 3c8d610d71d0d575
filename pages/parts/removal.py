"""Deleting a collection, after asking."""

from __future__ import annotations

import streamlit as st

from pages.parts import notices, session, words
from ris import trash
from ris.errors import RisError
from ris.store.collection import Collection


def losses(collection: Collection) -> str:
    """What would be lost, in a sentence."""
    generations = collection.generations()
    if not generations:
        return "Nothing of it is published yet."
    items = words.count(generations[-1].items, "picture")
    kept = sum(bool(entry.file) for entry in trash.listed(collection))
    trashed = f" {words.count(kept, 'file')} in its trash stay beside it." if kept else ""
    return (
        f"The search, the map and {words.count(len(generations), 'generation')} over {items} "
        "are removed. Pictures in folders of yours stay untouched; copies of pictures that came "
        "from an archive or through the browser go with the collection." + trashed
    )


def removal_dialog(collection: Collection) -> None:
    """Ask, then delete."""

    def body() -> None:
        st.markdown(losses(collection))
        busy = session.busy()
        if busy:
            st.warning("A job of it is running. Cancel it first.", icon=":material/warning:")
        with st.container(horizontal=True):
            delete, keep = (
                st.button(
                    "Delete for good", key="for-good", icon=":material/delete:", disabled=busy
                ),
                st.button("Keep it"),
            )
        if delete:
            try:
                collection.delete()
            except RisError as problem:
                notices.error(problem)
                return
        if delete or keep:
            st.rerun()

    st.dialog(f"Delete “{words.plain(collection.name)}”?")(body)()
