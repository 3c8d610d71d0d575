"""A job, drawn from its files: so any tab shows it, after any refresh. What it is, how far and how
long, what it will change; afterwards what it brought and where to look, or what to do next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.parts import job_words, notices, session, words
from pages.parts.loss_chart import loss_chart
from ris import forecast, jobs
from ris.errors import BusyError, RisError
from ris.explore.card import ReportCard
from ris.job_story import JobState
from ris.store.collection import Collection

FITTING = "You can search already. The model is now being fitted to your pictures."
JOINED = "Somebody had started it just before you. It is the one job of this collection."


def job_panel(state: JobState, *, large: bool = False, again: bool = True) -> None:
    """Draw a job: its progress while it runs, afterwards how it ended.

    Args:
        state: The job.
        large: Whether it has the width of a page, where its end can't be put away.
        again: Whether to offer to start it again where it came to nothing.
    """
    place = f"{'large' if large else 'small'}-{state.collection}"
    if state.status == "running":
        _running(state, place, large=large)
    elif session.dismissed(state.id) and not large:
        return
    elif state.status == "finished":
        _finished(state, place, large=large)
    elif state.status == "cancelled":
        st.caption(job_words.cancelled(state))
    else:
        _failed(state, place, large=large, again=again)


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


def card_of(state: JobState) -> ReportCard | None:
    """Report card of the generation that the job published, while that is kept."""
    try:
        collection = Collection(session.home(), state.collection)
        return session.report_card(collection, collection.manifest(state.generation or ""))
    except RisError:
        return None


def items_of(state: JobState) -> int | None:
    """How many pictures the generation has that the job published, while that is kept."""
    try:
        collection = Collection(session.home(), state.collection)
        return collection.manifest(state.generation or "").items
    except RisError:
        return None


def brought(state: JobState) -> str:
    """What a finished job brought; that doesn't change any more."""
    return _brought(str(session.home()), state)


@st.cache_data(max_entries=512, show_spinner=False)
def _brought(at: str, state: JobState) -> str:
    return job_words.brought(state, card_of(state), items_of(state))


def start(name: str, arguments: list[str]) -> None:
    """Start a job and show it; where somebody else was faster, theirs is the one that is shown."""
    try:
        jobs.start(session.home(), name, arguments)
    except BusyError:
        running = jobs.latest(session.home(), name)
        session.join(running.id if running else "")
    except RisError as problem:
        notices.error(problem)
        return
    st.rerun(scope="app")


def _running(state: JobState, place: str, *, large: bool) -> None:
    source = job_words.source(state)
    st.markdown(
        f"**{job_words.what(state)}**{f' ({words.plain(source)})' if source else ''}, "
        f"{job_words.since(state)}"
    )
    if job_words.is_fitting(state):
        st.caption(FITTING)
    if session.joined(state.id):
        st.info(JOINED, icon=":material/group:")
    _stages(state)
    st.caption(job_words.will_change(state))
    if len(state.history) > 1:
        loss_chart(state.history, height=300 if large else 170, titles=large, key=f"loss-{place}")
    _buttons(state, place)


def _stages(state: JobState) -> None:
    st.markdown(stage_list(state))
    st.progress(fraction(state), text=progress_words(state))
    before = session.jobs_before(state)
    told = job_words.timing(state, forecast.stage_left(state), forecast.left(state, before))
    # A note tells what keeps a step from beginning; once it moves, its numbers say more.
    st.caption(told + (f". {state.message}" if state.message and not state.done else ""))


def _buttons(state: JobState, place: str) -> None:
    if session.cancelling(state.id):
        _ask_whether_to_cancel(state, place)
        return
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
            "Cancel…",
            key=f"cancel-{place}",
            icon=":material/close:",
            on_click=session.ask_to_cancel,
            args=(state.id,),
        )


def _ask_whether_to_cancel(state: JobState, place: str) -> None:
    # Not a dialog: a fragment that draws itself anew every second would close it.
    with st.container(border=True, key=f"asked-{place}"):
        st.markdown(f"**Cancel it?** {job_words.cancel_help(state)}")
        with st.container(horizontal=True):
            st.button(
                "Cancel the job",
                key=f"yes-{place}",
                type="primary",
                on_click=_tell,
                args=(jobs.cancel, state.collection),
            )
            st.button("Go on", key=f"no-{place}", on_click=session.ask_to_cancel, args=("",))


def _finished(state: JobState, place: str, *, large: bool) -> None:
    st.markdown(f":green[:material/check_circle:] **{job_words.what(state)}: done**")
    st.caption(words.plain(brought(state)))
    look = job_words.where_to_look(state)
    with st.container(horizontal=True, vertical_alignment="center", key=f"ended-{place}"):
        if look is not None:
            st.page_link(look[0], label=look[1], icon=":material/arrow_forward:")
        _put_away(state, place, large=large)


def _failed(state: JobState, place: str, *, large: bool, again: bool) -> None:
    if state.status == "failed":
        notices.failure(state.error or f"{job_words.what(state)} failed.", state.hint)
    else:
        notices.failure(*job_words.killed(state))
    with st.container(horizontal=True, vertical_alignment="center", key=f"ended-{place}"):
        if again and st.button("Start again", key=f"again-{place}", icon=":material/replay:"):
            start(state.collection, job_words.again(state))
        _put_away(state, place, large=large)


def _put_away(state: JobState, place: str, *, large: bool) -> None:
    if not large:
        st.button(
            "Dismiss",
            key=f"dismiss-{place}",
            type="tertiary",
            on_click=session.dismiss,
            args=(state.id,),
        )


def _tell(action: Callable[[Path, str], None], name: str) -> None:
    session.ask_to_cancel("")
    try:
        action(session.home(), name)
    except RisError as problem:  # it may have ended in the meantime
        st.toast(problem.message)
