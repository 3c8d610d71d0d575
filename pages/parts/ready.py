"""What a page shows before there is anything to explore, and the explorer once there is."""

from __future__ import annotations

import streamlit as st

from pages.parts import notices, session, words
from pages.parts.create import create_form, start_again
from pages.parts.job_panel import job_panel
from ris import jobs
from ris.errors import RisError
from ris.explore.explorer import Explorer


def explorer() -> Explorer | None:
    """The explorer of the collection that is shown; without one, say what to do.

    The page then returns. `st.stop()` in its place would leave Streamlit 1.67 with the fragments
    of the page before, and a late tick of theirs breaks the page in the browser.
    """
    name = session.chosen()
    if name is None:
        welcome()
        return None
    try:
        opened = session.explorer()
    except RisError as problem:
        notices.error(problem)
        st.page_link("model.py", label="See the generations", icon=":material/history:")
        return None
    if opened is None:
        being_made(name)
        return None
    for notice in opened.notices:
        st.warning(words.plain(notice), icon=":material/warning:")
    return opened


def welcome() -> None:
    """There is no collection yet."""
    st.title("Find pictures that look alike", anchor=False)
    st.markdown(
        "ris finds the pictures nearest to any picture and lays them all out on a map, with a "
        "model that it fits to *your* collection. Everything stays on this computer."
    )
    st.subheader("Make your first collection", anchor=False)
    create_form()


def being_made(name: str) -> None:
    """The collection exists, nothing of it is published."""
    job = jobs.latest(session.home(), name)
    if job is not None and job.status == "running":
        st.title(f"Making “{name}”", anchor=False)
        st.markdown(
            "The pictures are read and embedded by the model that comes with ris. When that is "
            "done, search and map open by themselves; the model is then fitted to your pictures "
            "while you search. You may close this tab."
        )
        with st.container(border=True):
            st.fragment(_progress, run_every=1)(name)
        return
    st.title(f"“{name}” is not ready", anchor=False)
    if job is None:
        notices.failure("Nothing of this collection is published.", "Start again, or delete it.")
    else:
        job_panel(job, large=True, again=False)
    shown = session.collection()
    if shown is not None:
        start_again(shown)
    st.page_link("collection.py", label="Delete it, or make another")


def _progress(name: str) -> None:
    job = jobs.latest(session.home(), name)
    if job is not None:
        job_panel(job, large=True)
