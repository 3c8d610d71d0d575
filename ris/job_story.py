"""What a job tells of itself while it runs, read from the file that it writes.

Out goes a `JobState`; `jobs` adds whether the process lives.
"""

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

_STORIES = 100  # kept in memory
# what the lines of progress hold
_EVENTS: dict[str, dict[str, Any]] = {
    "progress": {
        "stage": str,
        "done": int,
        "total": int | None,
        "unit": str,
        "note": str,
        "loss": dict | None,
    },
    "finished": {"generation": str | None},
    "failed": {"error": str},
    "cancelled": {"error": str},
}
_LOSS = ("step", "pictures", "seconds", "loss", "validation_loss")


@dataclass(frozen=True)
class JobState:
    """What can be seen of a job.

    Attributes:
        id: Sorts by time.
        collection: Whose job it is.
        command: "create", "train", "add", "sync", "compact", "use" or "check".
        arguments: What it was started with, the command first.
        created: When it was started, ISO 8601 in UTC.
        status: "running", "finished", "failed", "cancelled" or "killed".
        stages: The stages of the present round in their order.
        stage: The present one, or the last one.
        done: Units of the stage done.
        total: Units in all, or None.
        unit: What is counted.
        per_second: Units a second in this stage, once that can be told.
        seconds_left: Of this stage, once that can be told.
        seconds: Since the job began.
        took: Seconds of each stage of the present round so far, the present one's included.
        history: The loss curve so far.
        message: What it says of itself.
        error: What went wrong, if it failed.
        hint: What to do about it.
        generation: What serves now that it has finished.
        kept_old: Why what it trained was not taken; empty if it was.
        changes: What an addition or a comparison found, by the names of `ris.changes.Changes`.
    """

    id: str
    collection: str
    command: str
    arguments: tuple[str, ...]
    created: str
    status: str
    stages: tuple[str, ...]
    stage: str = ""
    done: int = 0
    total: int | None = None
    unit: str = "pictures"
    per_second: float | None = None
    seconds_left: float | None = None
    seconds: float = 0.0
    took: dict[str, float] = field(default_factory=dict)
    history: tuple[dict[str, Any], ...] = ()
    message: str = ""
    error: str = ""
    hint: str = ""
    generation: str | None = None
    kept_old: str = ""
    changes: dict[str, int] | None = None


def follow(state: JobState, path: Path) -> tuple[JobState, float]:
    """The state of a job after all that its file tells, and the time of the last word; 0 if there
    was none."""
    with _reading:
        known = _stories.pop(path, None)
        if known is None or (path.stat().st_size if path.exists() else 0) < known.read:
            known = _Story(path)
        known.read_on()
        _stories[path] = known
        while len(_stories) > _STORIES:
            _stories.popitem(last=False)
        return known.tell(state), known.last


class _Story:
    """What a job has told so far. Its file only grows, and every open page asks for it every
    second, so of each file only what is new is read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.read = 0  # bytes, up to the end of a line
        self.last = 0.0  # time of the last event
        self._facts: dict[str, Any] = {}
        self._history: list[dict[str, Any]] = []
        self._took: dict[str, float] = {}
        self._began, self._first = 0.0, 0  # of the present stage: when, and at how many

    def read_on(self) -> None:
        """Read on."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.read)
                new = file.read()
        except OSError:
            return
        whole = new[: new.rfind(b"\n") + 1]  # half a last line is that of a killed job
        self.read += len(whole)
        for line in whole.decode(errors="replace").splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if _is_event(event):
                self._add(event)

    def tell(self, state: JobState) -> JobState:
        """The state of a job after all that it told."""
        state = replace(state, **self._facts, history=tuple(self._history), took=dict(self._took))
        spent, done = self.last - self._began, state.done - self._first
        if state.status != "running" or spent < 0.5 or done <= 0:
            return state
        speed = done / spent
        left = (state.total - state.done) / speed if state.total else None
        return replace(state, per_second=speed, seconds_left=left)

    def _add(self, event: dict[str, Any]) -> None:
        facts, self.last = self._facts, event["time"]
        stage = facts.get("stage", "")
        if stage:
            self._took[stage] = event["time"] - self._began
        if event["event"] == "progress":
            if event.get("plan"):
                facts["stages"] = tuple(event["plan"])
                self._took.clear()
            same = event["stage"] == stage
            if not same:
                self._began, self._first = event["time"], event["done"]
            if event["loss"]:
                self._history.append(event["loss"])
            facts |= {one: event[one] for one in ("stage", "done", "total", "unit")}
            facts["message"] = event["note"] or (facts.get("message", "") if same else "")
        elif event["event"] == "finished":
            facts |= {"status": "finished", "generation": event["generation"]}
            facts |= {"kept_old": event.get("kept_old", ""), "changes": event.get("changes")}
        else:
            facts |= {"status": event["event"], "error": event["error"]}
            facts["hint"] = event.get("hint", "")


_stories: OrderedDict[Path, _Story] = OrderedDict()
_reading = threading.Lock()


def _is_event(event: Any) -> bool:
    """Whether a line is one that a job writes; others come of damage and are passed over."""
    if not isinstance(event, dict) or not isinstance(event.get("time"), int | float):
        return False
    kinds = _EVENTS.get(str(event.get("event")))
    loss = event.get("loss") or dict.fromkeys(_LOSS)
    return (
        kinds is not None
        and all(field in event and isinstance(event[field], kind) for field, kind in kinds.items())
        and set(_LOSS) <= set(loss)
    )
