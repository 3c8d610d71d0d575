"""How long a running job still takes: told by itself for its present stage, and for those to come
by how long the last job took that went through them."""

from collections.abc import Sequence

from ris.job_story import JobState


def stage_left(job: JobState) -> float | None:
    """Seconds to the end of the present stage; None before that can be told. Training has its time
    given, whatever its pace."""
    if job.unit == "seconds" and job.total:
        return max(0.0, job.total - job.done)
    return job.seconds_left


def left(job: JobState, before: Sequence[JobState]) -> float | None:
    """Seconds to the end of a running job; None where nothing tells of a stage.

    Args:
        job: It runs.
        before: Jobs of the same collection, the newest first.
    """
    if job.stage not in job.stages:
        return None
    known: dict[str, float] = {}
    for one in before:
        if one.status == "finished" and one.id != job.id:
            known = {**one.took, **known}
    place = job.stages.index(job.stage)
    present = stage_left(job)
    if present is None and job.stage in known:
        present = max(0.0, known[job.stage] - job.took.get(job.stage, 0.0))
    to_come = [known.get(stage) for stage in job.stages[place + 1 :]]
    if present is None or None in to_come:
        return None
    return present + sum(seconds for seconds in to_come if seconds is not None)
