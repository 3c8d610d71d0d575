"""Jobs: what runs in any collection, and what ended: when, how, and what it brought."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.parts import job_words, session, words
from pages.parts.job_panel import brought, job_panel
from ris import jobs
from ris.job_story import JobState

SHOWN = 50
ENDED = {"finished": "done", "failed": "failed", "cancelled": "cancelled", "killed": "killed"}


def running() -> list[JobState]:
    """The jobs that run now, of all collections."""
    latest = (jobs.latest(session.home(), name) for name in session.names())
    return [job for job in latest if job is not None and job.status == "running"]


def ids(found: Sequence[JobState]) -> tuple[str, ...]:
    """What tells these jobs from others."""
    return tuple(job.id for job in found)


def ended() -> list[JobState]:
    """The last jobs that ended, of all collections, the newest first."""
    every = [job for name in session.names() for job in jobs.every(session.home(), name)]
    found = [job for job in every if job.status != "running"]
    return sorted(found, key=lambda job: job.created, reverse=True)[:SHOWN]


def outcome(job: JobState) -> str:
    """What a job brought, or why it brought nothing, in a sentence or two."""
    if job.status == "finished":
        return brought(job)
    if job.status == "cancelled":
        return job_words.cancelled(job)
    return job_words.killed(job)[0] if job.status == "killed" else f"{job.error} {job.hint}".strip()


def row(job: JobState) -> dict[str, object]:
    """An ended job as a row of the table."""
    source = job_words.source(job)
    return {
        "Began": words.moment(job.created),
        "Collection": job.collection,
        "Job": f"{job_words.what(job)} ({source})" if source else job_words.what(job),
        "Took": words.duration(job.seconds),
        "Ended": ENDED[job.status],
        "What it brought": outcome(job),
    }


def draw_running() -> None:
    """The running jobs; the whole page again as one begins or ends."""
    now = running()
    if session.shown_jobs() != ids(now):
        st.rerun(scope="app")
    if not now:
        st.caption("No job is running.")
    for job in now:
        with st.container(border=True, key=f"running-{job.collection}"):
            st.subheader(words.plain(job.collection), anchor=False)
            job_panel(job, large=True)


def draw_ended() -> None:
    """The table of ended jobs."""
    st.subheader("Ended", anchor=False)
    found = ended()
    if not found:
        st.markdown("None yet. *Retrain* in the sidebar starts one, so does a new collection.")
        return
    st.dataframe(
        pd.DataFrame([row(job) for job in found]),
        hide_index=True,
        row_height=88,
        column_config={"What it brought": st.column_config.TextColumn(width="large")},
        alt=f"{words.count(len(found), 'job')} that ended",
    )
    st.caption(f"The last {jobs.KEPT} of each collection are kept, with their logs in its folder.")


def main() -> None:
    """Draw the page."""
    st.title("Jobs", anchor=False)
    now = running()
    session.show_jobs(ids(now))
    st.fragment(draw_running, run_every=1 if now else 3)()
    draw_ended()


main()
