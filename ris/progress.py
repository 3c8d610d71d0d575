"""What long work tells about itself while it runs.

Long work takes `on_progress` and calls it with a `Progress`. The command line draws a bar from it,
a job writes it to its file for the pages, a test collects a list. A job can be asked to stop
through a `StopSignal`, which the work looks at between two small steps.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ris.errors import Cancelled

PLAN = ("evaluate", "embed", "graph", "map", "publish")  # what every generation goes through
STAGES = ("scan", "train", *PLAN)


@dataclass(frozen=True)
class Progress:
    """How far one stage of the work is.

    Attributes:
        stage: Name of the stage, e.g. one of `STAGES`.
        done: Units done so far.
        total: Units in all, or None when that can't be known yet.
        unit: What is counted, e.g. "pictures".
        loss: A point of the loss curve: step, pictures, seconds, loss (or None),
            validation_loss.
        note: A short text for the person, e.g. a choice that was made.
        plan: The stages to come, when a round of them begins.
    """

    stage: str
    done: int
    total: int | None
    unit: str = "pictures"
    loss: dict[str, float | int | None] | None = None
    note: str = ""
    plan: tuple[str, ...] = ()


OnProgress = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """An `on_progress` for callers who don't want to hear."""


class StopSignal:
    """Asks running work to stop: early (keep what is good) or altogether (give up)."""

    def __init__(self) -> None:
        self.early = False
        self.cancelled = False

    def check(self) -> None:
        """Raise `Cancelled` when the person gave up the work."""
        if self.cancelled:
            raise Cancelled(
                "Cancelled. Nothing more was published.", "What served before goes on serving."
            )
