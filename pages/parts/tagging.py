"""Tags of a selection: give one, take one, take the last change back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.parts import notices, session, words
from pages.parts.session import Tagging
from ris.errors import RisError
from ris.store.tags import Tags, check_tag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ris.explore.explorer import Explorer


def draw_tagging(explorer: Explorer, keys: NDArray[np.int64]) -> None:
    """A button with a form behind it, for what is selected."""
    turn = session.taggings()
    with st.popover("Tag", icon=":material/sell:", key=f"tag-popover-{turn}"):
        try:
            tagged = explorer.tagged()
        except RisError as problem:
            notices.error(problem)
            return
        name = st.selectbox(
            "Tag",
            list(tagged),
            index=None,
            accept_new_options=True,
            placeholder="Choose one, or type a new one",
            key=f"tag-name-{turn}",
        )
        has = int(np.isin(keys, tagged.get(name or "", [])).sum())
        lacks = len(keys) - has
        with st.container(horizontal=True):
            if st.button(
                f"Tag {words.count(lacks, 'picture')}",
                type="primary",
                disabled=not name or lacks == 0,
                key=f"tag-give-{turn}",
            ):
                change(explorer, str(name), keys, given=True)
            if st.button(
                f"Take from {words.count(has, 'picture')}",
                disabled=not name or has == 0,
                key=f"tag-take-{turn}",
            ):
                change(explorer, str(name), keys, given=False)
        st.caption("Tags stay with the pictures when the model is retrained.")


def change(explorer: Explorer, name: str, keys: NDArray[np.int64], *, given: bool) -> None:
    """Give a tag to items or take it from them, and remember how to take that back."""
    tags = Tags(explorer.collection)
    try:
        name = check_tag(name)
        changed = tags.add(name, keys) if given else tags.remove(name, keys)
    except RisError as problem:
        notices.error(problem)
        return
    session.note_tagging(Tagging(explorer.name, name, given, changed.tobytes()))
    st.rerun()


def draw_last_change(explorer: Explorer) -> None:
    """What was tagged last, with a way back."""
    done = session.last_tagging()
    if done is None:
        return
    number = words.count(len(done.keys) // 8, "picture")
    with st.container(horizontal=True, vertical_alignment="center", key="tagged-last"):
        verb = "Tagged" if done.given else "No longer tagged"
        st.markdown(f"{verb} “{words.plain(done.tag)}”: {number}.")
        if st.button("Undo", icon=":material/undo:", type="tertiary"):
            take_back(explorer, done)


def take_back(explorer: Explorer, done: Tagging) -> None:
    """Undo a change of tags: only what it changed."""
    tags, keys = Tags(explorer.collection), np.frombuffer(done.keys, np.int64)
    try:
        if done.given:
            tags.remove(done.tag, keys)
        else:
            tags.add(done.tag, keys)
    except RisError as problem:
        notices.error(problem)
        return
    session.note_tagging(None)
    st.rerun()
