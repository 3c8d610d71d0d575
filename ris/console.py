"""What the command line writes: progress on stderr, answers on stdout, for people or as JSON."""

import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import click
from tqdm import tqdm

from ris.progress import Progress


class Bars:
    """Draws a progress bar for each stage on stderr (a line for each where it is no terminal),
    and keeps the time.

    Attributes:
        seconds: Seconds spent in each stage, by name; all rounds together.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._bar: Any = None
        self._stage = ""
        self._began = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        """Hear of progress; fits `on_progress`."""
        if progress.stage != self._stage:
            self.close()
            self._stage, self._began = progress.stage, time.monotonic()
            # disable=None: no bar where stderr is a file
            self._bar = tqdm(
                desc=f"{progress.stage:9}",
                total=progress.total,
                unit=f" {progress.unit}",
                file=sys.stderr,
                disable=None,
                leave=True,
            )
        self._bar.total = progress.total
        self._bar.update(progress.done - self._bar.n)
        if progress.loss and progress.loss["loss"] is not None:
            loss, held_out = progress.loss["loss"], progress.loss["validation_loss"]
            self._bar.set_postfix_str(f"loss {loss:.4f}, held out {held_out:.4f}")

    def close(self) -> None:
        """End the last stage."""
        if self._bar is not None:
            spent = time.monotonic() - self._began
            self.seconds[self._stage] = round(self.seconds.get(self._stage, 0.0) + spent, 2)
            self._bar.close()
            if not sys.stderr.isatty():
                click.echo(f"{self._stage}: {spent:.1f} s", err=True)
        self._bar, self._stage = None, ""


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON document on a line of its own."""
    click.echo(json.dumps(document, ensure_ascii=False, default=_to_text))


def print_table(rows: Iterable[Sequence[object]], heads: Sequence[str]) -> None:
    """Aligned columns; control characters of hostile names are made visible."""
    lines = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(line[i]) for line in [list(heads), *lines]) for i in range(len(heads))]
    for line in [list(heads), *lines]:
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo(text.rstrip())


def printable(value: object) -> str:
    """Text that can't move the cursor or colour the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(value))


def print_facts(facts: Mapping[str, object]) -> None:
    """Names and values, one a line."""
    width = max(map(len, facts))
    for name, value in facts.items():
        click.echo(f"{name.ljust(width)}  {printable(value)}")


def readable_bytes(count: float) -> str:
    """A size with its unit, e.g. 1.5 MB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _to_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
