"""The sidebar of every page: which collection, Retrain, and the job that is running."""

from __future__ import annotations

import math

import streamlit as st

from pages.parts import session, words
from pages.parts.job_panel import job_panel, start
from ris import jobs
from ris.jobs import JobState
from ris.model.choices import default_minutes
from ris.store.collection import Collection
from ris.store.manifest import Manifest

MINUTES = (1, 3, 10, 30)
MEANWHILE = "Searching goes on meanwhile."


def draw() -> None:
    """Draw the sidebar and start watching for changes made elsewhere."""
    names = session.names()
    if not names:
        session.remember(session.observe())
        st.fragment(_watch, run_every=3)()
        return
    # Without a default: the address bar would not name it, and links would lead to another
    # collection once that is the first.
    st.selectbox("Collection", names, index=None, key=session.COLLECTION, bind="query-params")
    session.settle_collection(names)
    state = session.observe()
    _greet(session.remember(state), state)
    with st.container():  # however much is in it, what follows keeps its place and so its identity
        if state.name and state.generation:
            manifest = _facts(session.collection(), state.generation)
            if state.status != "running":
                _retrain(state.name, manifest.items)
    st.fragment(_watch, run_every=1 if state.status == "running" else 3)()


def estimate(minutes: int, rest: float | None) -> str:
    """How long a retraining takes, in words; ``rest`` is the seconds after training last time."""
    training = f"{minutes} min of training"
    if rest is None:
        return f"{training}, then report card and map. {MEANWHILE}"
    total = words.duration(math.ceil((minutes * 60 + rest) / 60) * 60)
    return f"Ready in about {total}: {training}, then report card and map. {MEANWHILE}"


def besides_training(job: JobState) -> float | None:
    """Seconds that a finished job took beside training, as far as a retraining takes them too."""
    if job.status != "finished" or not job.history:
        return None
    rest = max(0.0, job.seconds - job.history[-1]["seconds"])
    # A creation embeds, measures and maps twice.
    return rest / 2 if job.command == "create" else rest


def _facts(collection: Collection | None, generation: str) -> Manifest:
    """Tell of the generation that serves."""
    assert collection is not None
    manifest = collection.manifest(generation)
    st.caption(
        f"{words.count(manifest.items, 'picture')}  \n"
        f"Generation {words.generation(generation)}, {words.moment(manifest.created)}"
    )
    return manifest


def _retrain(name: str, pictures: int) -> None:
    usual = 1 if default_minutes(pictures) <= 1 else 3
    minutes = st.segmented_control(
        "Minutes of training", MINUTES, default=usual, required=True, key="minutes", width="stretch"
    )
    last = jobs.latest(session.home(), name)
    st.caption(estimate(minutes or usual, besides_training(last) if last else None))
    if st.button("Retrain", icon=":material/model_training:", width="stretch"):
        start(name, ["train", name, "--minutes", str(minutes or usual)])


def _watch() -> None:
    """Show the job; run the whole app again when a job or a generation came or went."""
    if session.changed():
        st.rerun(scope="app")
    name, shown = session.chosen(), session.collection()
    job = jobs.latest(session.home(), name) if name else None
    if job is not None and shown is not None and shown.current():
        with st.container(key="job"):
            job_panel(job)


def _greet(before: session.State | None, now: session.State) -> None:
    if before is None or before.name != now.name or now.generation is None:
        return
    if before.generation != now.generation:
        st.toast(
            f"Generation {words.generation(now.generation)} is serving now.",
            icon=":material/check_circle:",
        )
