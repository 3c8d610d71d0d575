"""What people ask of hits beside looking alike, as one expression for the core.

The controls give labels, a folder and one column; a field gives an expression of the person's own.
`ris/store/expression.py` reads what comes out.
"""

from __future__ import annotations

import keyword
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from ris.errors import RisError


@dataclass(frozen=True)
class Filters:
    """What hits must be.

    Attributes:
        labels: They have one of these.
        folder: They lie in it or below.
        column: Name of a column for the rest.
        values: Its texts; "yes" or "no" for a column of those.
        least: The least number or day of it, as written.
        most: The greatest.
        where: An expression of the person's own.
        tags: They have one of these.
    """

    labels: tuple[str, ...] = ()
    folder: str = ""
    column: str = ""
    values: tuple[str, ...] = ()
    least: str = ""
    most: str = ""
    where: str = ""
    tags: tuple[str, ...] = ()

    def __len__(self) -> int:
        """How many kinds of conditions there are."""
        ranged = self.column and (self.values or self.least or self.most)
        return sum(map(bool, (self.labels, self.tags, self.folder, ranged, self.where)))


def expression(filters: Filters, kinds: Mapping[str, str]) -> str | None:
    """All conditions as one expression; None without any.

    Args:
        filters: What is wanted.
        kinds: The kind of each column by name.

    Raises:
        RisError: There is no such column, or a bound is no number.
    """
    parts = []
    if filters.labels:
        parts.append(f"label in {list(filters.labels)!r}")
    if filters.tags:
        parts.append(f"tag in {list(filters.tags)!r}")
    if filters.folder:
        below = filters.folder.rstrip("/") + "/"
        parts.append(f"(folder == {filters.folder!r} or path.startswith({below!r}))")
    if filters.column and (filters.values or filters.least or filters.most):
        parts += _of_column(filters, kinds)
    if filters.where.strip():
        parts.append(f"({filters.where.strip()}\n)")  # a comment at its end must not end ours
    return " and ".join(parts) or None


def named(column: str) -> str:
    """A column as expressions name it."""
    plain = column.isidentifier() and not keyword.iskeyword(column)
    return column if plain else f"column[{column!r}]"


def _of_column(filters: Filters, kinds: Mapping[str, str]) -> list[str]:
    kind, name = kinds.get(filters.column), named(filters.column)
    if kind is None:
        raise RisError(
            f"There is no column {filters.column!r:.60} in this collection.", "Clear the filter."
        )
    if kind == "bool":
        return [name if filters.values[:1] == ("yes",) else f"not {name}"] if filters.values else []
    if kind in ("text", "labels"):
        return [f"{name} in {list(filters.values)!r}"] if filters.values else []
    parts = [f"{name} >= {_bound(filters.least, kind)}"] if filters.least else []
    if filters.most and kind == "time":
        return [*parts, f"{name} < {_bound(_day_after(filters.most), kind)}"]
    return [*parts, f"{name} <= {_bound(filters.most, kind)}"] if filters.most else parts


def _day_after(day: str) -> str:
    """A range of days has its last day in it."""
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError) as error:
        message = f"Expected a day like 2026-05-31, got {day!r:.40}."
        raise RisError(message, "Clear the filter.") from error


def _bound(text: str, kind: str) -> str:
    if kind == "time":
        return repr(text)
    refused = RisError(f"Expected a number, got {text!r:.40}.", "Clear the filter.")
    try:
        number = float(text)
    except ValueError as error:
        raise refused from error
    if not math.isfinite(number):
        raise refused
    return repr(int(number)) if number.is_integer() else repr(number)
