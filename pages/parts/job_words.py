"""What people are told of a job: what it is, since when, what it changes, what it brought."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pages.parts import words
from pages.parts.report_card import found_first
from pages.parts.verdict import comparison
from ris.changes import Changes
from ris.explore.card import ReportCard
from ris.job_story import JobState

_WORK = {
    "create": "Creating",
    "train": "Retraining",
    "add": "Adding pictures",
    "sync": "Looking through the folders",
    "compact": "Putting the collection in order",
    "use": "Going back",
    "check": "Repairing",
}
_GOES_ON = "Until it is done you search as before; should it come out worse, nothing changes."
_CHANGES = {
    "create": "It makes the pictures searchable, then fits the model to them.",
    "train": "It makes a new generation, with another model, other hits and another map. "
    + _GOES_ON,
    "add": "It adds the pictures that are new. The model stays, and so does the map of the others.",
    "sync": "It changes nothing, it only compares.",
    "compact": "It puts the files in order. Hits and map stay as they are.",
    "use": "It lets an earlier generation serve, with what was added and removed since.",
    "check": "It looks at every file, and repairs what it can.",
}
_FITS = "It fits the model to your pictures: other hits and another map. " + _GOES_ON
_FOLLOWS = "It adds, moves and removes items as their files were. The model and the map stay."
_STAYS = "Nothing was lost: what served before goes on serving."


def is_fitting(state: JobState) -> bool:
    """Whether it is the second round of a creation: what it made first can be searched already."""
    return state.command == "create" and "scan" not in state.stages


def _applies(state: JobState) -> bool:
    return state.command == "sync" and "--apply" in state.arguments


def what(state: JobState) -> str:
    """What a job does: "Retraining"."""
    if is_fitting(state):
        return "Fitting the model"
    if _applies(state):
        return "Updating from the folders"
    return _WORK.get(state.command, "The job")


def will_change(state: JobState) -> str:
    """What a job changes once it is done."""
    if is_fitting(state):
        return _FITS
    return _FOLLOWS if _applies(state) else _CHANGES.get(state.command, "")


def since(state: JobState) -> str:
    """When it began: "since 18:21", of another day with the date."""
    began = datetime.fromisoformat(state.created).astimezone()
    today = began.date() == datetime.now(began.tzinfo).date()
    return f"since {began:%H:%M}" if today else f"since {words.moment(state.created)}"


def timing(state: JobState, stage_left: float | None, left: float | None) -> str:
    """How long it has run, and how long it still will, as far as that can be told."""
    told = f"{words.duration(state.seconds)} so far"
    if left is not None:
        return f"{told}, ready in about {words.roughly(left)}"
    if stage_left is not None:
        return f"{told}, about {words.roughly(stage_left)} left in this step"
    return told


def brought(state: JobState, card: ReportCard | None = None, items: int | None = None) -> str:
    """What a finished job brought.

    Args:
        state: It has finished.
        card: The report card of the generation that it published.
        items: How many pictures that has.
    """
    if state.kept_old:
        return state.kept_old
    if state.changes is not None:
        now = f" {words.count(items, 'picture')} now." if items and _adds(state) else ""
        return f"{what(state)}: {Changes(**state.changes).in_words()}.{now}"
    if state.command in ("compact", "check"):
        done = "Put in order" if state.command == "compact" else "Repaired"
        return f"{done} in {words.duration(state.seconds)}."
    if state.command == "use":
        return f"Generation {words.generation(state.generation or '')} serves now."
    took = words.duration(state.seconds)
    if state.command != "create":
        return " ".join([f"Retrained in {took}.", *_difference(card)])
    pictures = f" with {words.count(items, 'picture')}" if items else ""
    return " ".join([f"Created{pictures} in {took}.", *_difference(card)])


def _adds(state: JobState) -> bool:
    return state.command == "add" or _applies(state)


def _difference(card: ReportCard | None) -> list[str]:
    now, before = (found_first(card, name) if card else None for name in ("this", "before"))
    if card is None or now is None:
        return []
    if before is None:
        return [f"Altered copies found first: {words.percent(now)}."]
    told = f"{words.percent(before)} before, {words.percent(now)} now"
    return [comparison(card), f"Altered copies found first: {told}."]


def where_to_look(state: JobState) -> tuple[str, str] | None:
    """The page that shows what a finished job brought, and how its link is called."""
    if state.command in ("train", "create", "use"):
        return "model.py", "See the report card"
    if state.changes is not None:
        return "collection.py", "See the collection" if _adds(state) else "See what changed"
    return None


def cancelled(state: JobState) -> str:
    """What is left of a job that was cancelled."""
    if is_fitting(state):
        return "Fitting the model was cancelled. What could be searched before stays."
    return f"{what(state)} was cancelled."


def cancel_help(state: JobState) -> str:
    """What cancelling a job leaves."""
    if is_fitting(state):
        return "The model is not fitted. The collection stays as you can search it now."
    if state.command == "create":
        return "Nothing is published."
    return "Nothing is published; what served before goes on serving."


def killed(state: JobState) -> tuple[str, str]:
    """That a job was killed from outside, and what to do next."""
    where = f" while it was at “{words.stage(state.stage)}”" if state.stage else ""
    stays = "" if state.command == "create" and not is_fitting(state) else f"{_STAYS} "
    return (
        f"{what(state)} was killed from outside{where}: its process is gone.",
        f"{stays}Often the computer was short of memory: close what you can, then start it again.",
    )


def again(state: JobState) -> list[str]:
    """The arguments that start a job again that came to nothing."""
    arguments = list(state.arguments)
    if not is_fitting(state):
        return arguments
    fitted = ["train", state.collection]
    if "--minutes" in arguments:
        place = arguments.index("--minutes")
        fitted += arguments[place : place + 2]
    return fitted


def source(state: JobState) -> str:
    """What a job was given to read, by the names of the files."""
    if state.command not in ("add", "create"):
        return ""
    given = state.arguments[2:]
    end = next((i for i, one in enumerate(given) if one.startswith("--")), len(given))
    return ", ".join(Path(one).name or one for one in given[:end])
