"""The progress of a job, drawn from its files: so any tab shows it, after any refresh."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.parts import notices, session, words
from pages.parts.loss_chart import loss_chart
from pages.parts.report_card import found_first
from ris import jobs
from ris.changes import Changes
from ris.errors import RisError
from ris.explore.card import ReportCard
from ris.jobs import JobState
from ris.store.collection import Collection

_WORK = {
    "create": "Creating",
    "train": "Retraining",
    "add": "Adding pictures",
    "sync": "Looking through the folders",
    "compact": "Putting the collection in order",
    "use": "Going back",
    "check": "Repairing",
}
FITTING = "You can search already. The model is now being fitted to your pictures."


def job_panel(state: JobState, *, large: bool = False) -> None:
    """Draw a job: its progress while it runs, afterwards how it ended."""
    if state.status == "running":
        _running(state, large=large)
    elif state.status == "finished":
        st.caption(words.plain(brought(state, card_of(state))))
    elif state.status == "cancelled":
        st.caption(cancelled(state))
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


def is_fitting(state: JobState) -> bool:
    """Whether it is the second round of a creation: what it made first can be searched already."""
    return state.command == "create" and "scan" not in state.stages


def brought(state: JobState, card: ReportCard | None = None) -> str:
    """What a finished job brought; ``card`` is that of the generation it published."""
    if state.kept_old:
        return state.kept_old
    if state.changes is not None:
        return f"{_work(state)}: {Changes(**state.changes).in_words()}."
    if state.command in ("compact", "check"):
        done = "Put in order" if state.command == "compact" else "Repaired"
        return f"{done} in {words.duration(state.seconds)}."
    if state.command == "use":
        return f"Generation {words.generation(state.generation or '')} serves now."
    done = "Created" if state.command == "create" else "Retrained"
    text = f"{done} in {words.duration(state.seconds)}."
    now, before = (found_first(card, name) if card else None for name in ("this", "before"))
    if now is None:
        return text
    if before is None:
        return f"{text} Altered copies found first: {words.percent(now)}."
    told = f"{words.percent(before)} before, {words.percent(now)} now"
    return f"{text} Altered copies found first: {told}."


def card_of(state: JobState) -> ReportCard | None:
    """Report card of the generation that the job published, while that is kept."""
    try:
        collection = Collection(session.home(), state.collection)
        return session.report_card(collection, collection.manifest(state.generation or ""))
    except RisError:
        return None


def cancelled(state: JobState) -> str:
    """What is left of a job that was cancelled."""
    if is_fitting(state):
        return "Fitting the model was cancelled. What could be searched before stays."
    return f"{_work(state)} was cancelled."


def cancel_help(state: JobState) -> str:
    """What cancelling a job leaves."""
    if is_fitting(state):
        return "Give up fitting the model. The collection stays as you can search it now."
    if state.command == "create":
        return "Give up. Nothing is published."
    return "Give up. Nothing is published; what served before goes on serving."


def _running(state: JobState, *, large: bool) -> None:
    if is_fitting(state):
        st.caption(FITTING)
    _stages(state)
    size = "large" if large else "small"
    if len(state.history) > 1:
        loss_chart(state.history, height=300 if large else 170, titles=large, key=f"loss, {size}")
    _buttons(state, size)


def _stages(state: JobState) -> None:
    st.markdown(stage_list(state))
    st.progress(fraction(state), text=progress_words(state))
    spent = f"{words.duration(state.seconds)} so far"
    left = seconds_left(state)
    if left is not None:
        spent += f", about {words.duration(left)} left in this step"
    # A note tells what keeps a step from beginning; once it moves, its numbers say more.
    st.caption(spent + (f". {state.message}" if state.message and not state.done else ""))


def _buttons(state: JobState, place: str) -> None:
    with st.container(horizontal=True):
        if state.stage == "train":
            st.button(
                "Finish early",
                key=f"finish-{place}",
                icon=":material/flag:",
                help="Stop training now, keep the best model so far and go on to the report card.",
                on_click=_tell,
                args=(jobs.stop_early, state.collection),
            )
        st.button(
            "Cancel",
            key=f"cancel-{place}",
            icon=":material/close:",
            help=cancel_help(state),
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
    if is_fitting(state):
        return "Fitting the model"
    if state.command == "sync" and "--apply" in state.arguments:
        return "Updating from the folders"
    return _WORK.get(state.command, "The job")


def _tell(action: Callable[[Path, str], None], name: str) -> None:
    try:
        action(session.home(), name)
    except RisError as problem:  # it may have ended in the meantime
        st.toast(problem.message)
