"""The progress of a job, drawn from its files: so any tab shows it, after any refresh."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.parts import notices, session, words
from pages.parts.loss_chart import best_validation, loss_chart
from ris import jobs
from ris.errors import RisError
from ris.jobs import JobState
from ris.store.collection import Collection


def job_panel(state: JobState, *, large: bool = False) -> None:
    """Draw a job: its progress while it runs, afterwards how it ended."""
    if state.status == "running":
        _running(state, large=large)
    elif state.status == "finished":
        st.caption(brought(state, loss_before(state)))
    elif state.status == "cancelled":
        st.caption(f"{_work(state)} was cancelled.")
    elif not session.dismissed(state.id) or large:
        _ended(state, large=large)


def fraction(state: JobState) -> float:
    """How much of the present stage is done, 0 to 1."""
    return min(1.0, max(0.0, state.done / state.total)) if state.total else 0.0


def progress_words(state: JobState) -> str:
    """Progress of the present stage: "1,200 of 2,400 pictures, 480 per second"."""
    parts = []
    if state.total:
        parts.append(f"{state.done:,} of {words.count(state.total, state.unit.removesuffix('s'))}")
    elif state.done:
        parts.append(f"{state.done:,} {state.unit}")
    rate = speed(state)
    if rate:
        parts.append(rate)
    return ", ".join(parts) or "starting"


def speed(state: JobState) -> str:
    """How fast it goes; training tells it in its loss curve, as its own unit is time."""
    if state.unit == "pictures" and state.per_second:
        return f"{_number(state.per_second)} per second"
    if state.stage == "train" and state.history and state.history[-1]["seconds"]:
        last = state.history[-1]
        seen = last["pictures"]
        return f"{_number(seen / last['seconds'])} pictures per second" if seen else ""
    return ""


def seconds_left(state: JobState) -> float | None:
    """Time to the end of the stage; training has its time given, whatever its pace."""
    if state.unit == "seconds" and state.total:
        return max(0.0, state.total - state.done)
    return state.seconds_left


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def stage_list(state: JobState) -> str:
    """The stages as Markdown: done, present, to come."""
    present = state.stages.index(state.stage) if state.stage in state.stages else -1
    lines = []
    for i, name in enumerate(state.stages):
        text = words.stage(name)
        if i < present:
            lines.append(f":green[:material/check_circle:] {text}")
        elif i == present:
            lines.append(f":primary[:material/arrow_circle_right:] **{text}**")
        else:
            lines.append(f":gray[:material/circle: {text}]")
    return "  \n".join(lines)


def brought(state: JobState, before: float | None = None) -> str:
    """What a finished job brought; ``before`` is the validation loss of the generation before."""
    best = best_validation(state.history)
    done = "Created" if state.command == "create" else "Retrained"
    text = f"{done} in {words.duration(state.seconds)}."
    if best is not None:
        text += f" Validation loss {best:.4f}"
        text += f", {before:.4f} before." if before is not None else "."
    return text


def loss_before(state: JobState) -> float | None:
    """Validation loss of the generation that the job went on from, while that is kept."""
    try:
        collection = Collection(session.home(), state.collection)
        parent = collection.manifest(state.generation or "").parent
        told = collection.manifest(parent or "").training.get("validation_loss")
    except RisError:
        return None
    return float(told) if told is not None else None


def _running(state: JobState, *, large: bool) -> None:
    if large:
        left, right = st.columns([2, 3], gap="large")
        with left:
            _stages(state)
            _buttons(state, "large")
        with right:
            _curve(state, large=True)
    else:
        _stages(state)
        _curve(state, large=False)
        _buttons(state, "small")


def _stages(state: JobState) -> None:
    st.markdown(stage_list(state))
    st.progress(fraction(state), text=progress_words(state))
    spent = f"{words.duration(state.seconds)} so far"
    left = seconds_left(state)
    if left is not None:
        spent += f", about {words.duration(left)} left in this step"
    # A note tells what keeps a step from beginning; once it moves, its numbers say more.
    st.caption(spent + (f". {state.message}" if state.message and not state.done else ""))


def _curve(state: JobState, *, large: bool) -> None:
    if len(state.history) > 1:
        loss_chart(state.history, height=300 if large else 170, titles=large)
    elif large:
        st.caption("The loss curve appears here as soon as the model trains.")


def _buttons(state: JobState, place: str) -> None:
    with st.container(horizontal=True):
        if state.stage == "train":
            st.button(
                "Finish early",
                key=f"finish-{place}",
                icon=":material/flag:",
                help="Stop training now, keep the best model so far and go on to the map.",
                on_click=_tell,
                args=(jobs.stop_early, state.collection),
            )
        st.button(
            "Cancel",
            key=f"cancel-{place}",
            icon=":material/close:",
            help="Give up. Nothing is published; what served before goes on serving.",
            on_click=_tell,
            args=(jobs.cancel, state.collection),
        )


def _ended(state: JobState, *, large: bool) -> None:
    what = _work(state)
    if state.status == "failed":
        notices.failure(state.error or f"{what} failed.", state.hint)
    else:
        notices.failure(
            f"{what} ended before it was done: its process is gone.",
            state.hint or "The computer may be short of memory. Start it again.",
        )
    if not large:
        st.button(
            "Dismiss", key="dismiss", type="tertiary", on_click=session.dismiss, args=(state.id,)
        )


def _work(state: JobState) -> str:
    return "Creating" if state.command == "create" else "Retraining"


def _tell(action: Callable[[Path, str], None], name: str) -> None:
    try:
        action(session.home(), name)
    except RisError as problem:  # it may have ended in the meantime
        st.toast(problem.message)
