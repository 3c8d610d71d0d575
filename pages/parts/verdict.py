"""Keep a retrained model or roll back to the one before: the question, and the switch."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.parts import notices, session, words
from ris import jobs
from ris.errors import RisError
from ris.explore.card import WORSE, ReportCard, compare
from ris.store.collection import Collection
from ris.store.manifest import Manifest
from ris.switch import later

BUSY = "Wait for the running job, or cancel it: it goes on from what serves now."


def earlier(manifests: Sequence[Manifest], serving: str, card: ReportCard | None) -> str | None:
    """The generation to roll back to; None where it is gone, or was not compared with."""
    if card is None or not {"this", "before"} <= set(card.methods):
        return None
    now = next((one for one in manifests if one.generation == serving), None)
    others = [
        one.generation
        for one in manifests
        if now is not None and one.encoder != now.encoder and one.generation < serving
    ]
    return max(others, default=None)  # additions since were made with the same encoder


def comparison(card: ReportCard) -> str:
    """Whether a retrained model is better than the one before, in a sentence."""
    verdict = compare(card)
    if verdict.worse or verdict.change < -WORSE:
        return "The new model is worse than the one before."
    if verdict.change > WORSE:
        return "The new model is better than the one before."
    return "The new model is about as good as the one before."


def verdict_words(card: ReportCard) -> str:
    """The same with the numbers and the question that follows, as Markdown."""
    reasons = words.plain(compare(card).reasons)
    return f"**{comparison(card)}** {reasons} Keep it, or go back to the one before?"


def draw_verdict(
    collection: Collection, manifests: Sequence[Manifest], serving: str, card: ReportCard | None
) -> None:
    """Ask whether the serving generation shall stay, until that is answered in this session."""
    known = {manifest.generation: manifest for manifest in manifests}
    parent = earlier(manifests, serving, card)
    if card is None or parent is None or session.is_kept(known[serving].encoder):
        return
    with st.container(border=True, key="verdict"):
        st.markdown(verdict_words(card))
        with st.container(horizontal=True):
            st.button(
                "Keep it",
                icon=":material/check:",
                on_click=session.keep,
                args=(known[serving].encoder,),
            )
            busy = session.busy()
            if st.button(
                "Roll back",
                icon=":material/undo:",
                disabled=busy,
                help=BUSY if busy else f"Let generation {words.generation(parent)} serve again.",
            ):
                switch_dialog(collection, known[parent])


def serve(collection: Collection, manifest: Manifest) -> None:
    """Let a generation serve that a person chose, who is then not asked about it.

    Raises:
        RisError: It is gone, or somebody else is writing.
    """
    added, removed = later(collection, manifest.generation)
    if added or removed:
        jobs.start(collection.home, collection.name, ["use", collection.name, manifest.generation])
    else:
        with jobs.exclusive(collection.home, collection.name):
            collection.use(manifest.generation)
    session.keep(manifest.encoder)


def switch_dialog(collection: Collection, manifest: Manifest) -> None:
    """Ask, then serve another generation."""

    def body() -> None:
        st.markdown(
            f"From now on every search and the map in every open tab use generation "
            f"**{words.generation(manifest.generation)}** of {words.moment(manifest.created)} with "
            f"{words.count(manifest.items, 'picture')}. Nothing is deleted: you can switch back "
            "on this page."
        )
        added, removed = later(collection, manifest.generation)
        if added or removed:
            since = [f"{words.count(added, 'picture')} added"] if added else []
            since += [f"{words.count(removed, 'picture')} removed"] if removed else []
            st.markdown(
                f"It lacks what happened since: {' and '.join(since)}. That is carried over "
                "first, which takes a moment."
            )
        with st.container(horizontal=True):
            if st.button("Serve it", type="primary"):
                try:
                    serve(collection, manifest)
                except RisError as problem:
                    notices.error(problem)
                else:
                    st.rerun()
            if st.button("Leave it as it is"):
                st.rerun()

    st.dialog("Serve another generation?")(body)()
