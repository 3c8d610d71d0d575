"""The columns of items that a filter can name, and what can be asked of them.

The door to Arrow's kernels: every question becomes a few of them over a batch of rows, on all
cores. `expression.py` reads a text and asks; `items.py` holds the table.
"""

import operator
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ris.errors import RisError

Keys = NDArray[np.int64]
Tagged = Callable[[], Mapping[str, Keys]]
Literal = bool | int | float | str
Condition = Callable[["Rows"], Any]  # gives true, false, or null for unknown, of each row

_COMPARISONS = {
    "==": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
_CALCULATIONS = {
    "+": (operator.add, pc.add),
    "-": (operator.sub, pc.subtract),
    "*": (operator.mul, pc.multiply),
    "/": (operator.truediv, pc.divide),
}
_PARTS = {
    "contains": pc.match_substring,
    "startswith": pc.starts_with,
    "endswith": pc.ends_with,
}
_TIME = pa.timestamp("us", tz="UTC")
_VALUES_SHOWN = 1000
_KINDS = {pa.string(): "text", pa.bool_(): "bool", _TIME: "time"}
_WORDS = {
    "number": "a number",
    "text": "a text in quotes",
    "labels": "a text in quotes",
    "time": 'a time like "2026-05-31" or "2026-05-31 18:30"',
    "bool": "True or False",
}
_PLURAL = {
    "number": "numbers",
    "text": "texts",
    "labels": "labels",
    "time": "times",
    "bool": "yes and no",
}


class Rows:
    """A batch of rows."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch = batch

    def column(self, name: str) -> Any:
        """A column as an Arrow array."""
        return self._batch.column(name)

    @cached_property
    def folders(self) -> Any:
        """The paths up to their last slash, "" without one: codes of few texts, which take 0.1 s
        to make for 1M rows, once, and 5 ms to compare."""
        parts = pc.split_pattern(self._batch.column("path"), "/", max_splits=1, reverse=True)
        nested = pc.greater(pc.list_value_length(parts), 1)
        return pc.if_else(nested, pc.list_element(parts, 0), "").dictionary_encode()

    def tags(self, tagged: Mapping[str, Keys]) -> Any:
        """The tags of each row as lists of texts, of the keys that each tag has."""
        keys = self._batch.column("key").to_numpy()
        having = [np.flatnonzero(np.isin(keys, one)) for one in tagged.values()]
        rows = np.concatenate([np.empty(0, np.int64), *having])
        codes = np.repeat(np.arange(len(having)), list(map(len, having)))
        ends = np.cumsum(np.bincount(rows, minlength=len(keys)))
        values = pa.array(list(tagged), pa.string()).take(codes[np.argsort(rows, kind="stable")])
        return pa.ListArray.from_arrays(np.concatenate([[0], ends]).astype(np.int32), values)


@dataclass(frozen=True)
class Column:
    """What has a value for each row, or none.

    Attributes:
        kind: "number", "text", "time", "bool", or "labels" for a list of texts. A question about
            labels asks whether it holds for any of them.
        of: Gives the values of rows.
    """

    kind: str
    of: Callable[[Rows], Any]

    def compared(self, sign: str, other: "Column | Literal") -> Condition:
        """Whether `==`, `!=`, `<`, `<=`, `>` or `>=` holds; `!=` of labels holds for none of them.

        Raises:
            RisError: The two can't be compared.
        """
        kernel = _COMPARISONS[sign]
        if isinstance(other, Column):
            if self.kind != other.kind or self.kind == "labels":
                raise RisError(
                    f"{_PLURAL[self.kind]} can't be compared with {_PLURAL[other.kind]}."
                )
            return lambda rows: kernel(*_alike(self.of(rows), other.of(rows)))
        if self.kind == "labels" and sign == "!=":
            return negated(self.compared("==", other))
        value = _scalar(self.kind, other)
        if pa.types.is_floating(value.type):
            return lambda rows: kernel(_floats(self.of(rows)), value)
        return self._tested(lambda column: kernel(column, value))

    def among(self, values: Sequence[Literal]) -> Condition:
        """Whether it is one of some values.

        Raises:
            RisError: One of them can't be compared with it.
        """
        wanted = pa.array([_scalar(self.kind, value).as_py() for value in values])

        def test(column: Any) -> Any:
            if not values:
                return pa.array(np.zeros(len(column), np.bool_))
            common = _common_type(column.type, wanted.type)
            found = pc.is_in(pc.cast(column, common, safe=False), wanted.cast(common, safe=False))
            return pc.if_else(pc.is_valid(column), found, pa.scalar(None, pa.bool_()))

        return self._tested(test)

    def part(self, where: str, text: Literal) -> Condition:
        """Whether a text `contains`, `startswith` or `endswith` another.

        Raises:
            RisError: One of the two is no text.
        """
        if self.kind not in ("text", "labels"):
            raise RisError(f"{_PLURAL[self.kind]} have no parts.")
        pattern = _scalar("text", text).as_py()
        return self._tested(lambda column: _PARTS[where](column, pattern))

    def missing(self) -> Condition:
        """Whether there is no value."""
        if self.kind == "labels":
            return lambda rows: pc.equal(pc.fill_null(pc.list_value_length(self.of(rows)), 0), 0)
        return lambda rows: pc.is_null(self.of(rows))

    def _tested(self, test: Callable[[Any], Any]) -> Condition:
        def condition(rows: Rows) -> Any:
            column = self.of(rows)
            if self.kind == "labels":
                passed = _mask(test(column.flatten()))
                found = np.zeros(len(column), np.bool_)
                found[pc.list_parent_indices(column).to_numpy()[passed]] = True
                return pa.array(found)
            if _is_coded(column):
                return test(column.dictionary).take(column.indices)
            return test(column)

        return condition


@dataclass(frozen=True)
class Summary:
    """What is in a column.

    Attributes:
        kind: As that of a `Column`.
        values: The texts or labels of it, most frequent first, at most 1,000 of them.
        counts: How often each comes.
        complete: Whether those are all.
        least: The least number or time; None without any.
        most: The greatest.
    """

    kind: str
    values: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    complete: bool = True
    least: Any = None
    most: Any = None


class Columns:
    """The columns of a table by the names that people use, and which rows meet a condition.

    Those that hold numbers, texts, times, or True and False go by their own names. `label` and
    `labels` are an item's labels; `folder` is the path up to its last slash, `tag` and `tags` what
    people gave it, unless the table has columns of these names.

    Args:
        table: An Arrow table with at least `key`, `path` and `labels`.
    """

    def __init__(self, table: Any) -> None:
        self._batches = [Rows(batch) for batch in table.to_batches()]
        labels = Column("labels", lambda rows: rows.column("labels"))
        folder = Column("text", lambda rows: rows.folders)
        self.by_name: dict[str, Column] = {"label": labels, "labels": labels, "folder": folder}
        for field in table.schema:
            number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
            kind = "number" if number else _KINDS.get(field.type)
            if kind is not None:
                self.by_name[field.name] = _stored(field.name, kind)
        self._own = dict(self.by_name)
        self.by_name |= self._with_tags(dict)

    def tagged(self, tags: Tagged) -> "Columns":
        """The same columns with other tags, which change while a table stays as it is.

        Args:
            tags: Gives the keys of each tag, int64 ascending; asked when a filter names tags.
        """
        columns = copy(self)
        columns.by_name = {**self._own, **self._with_tags(tags)}
        return columns

    def _with_tags(self, tags: Tagged) -> dict[str, Column]:
        column = Column("labels", lambda rows: rows.tags(tags()))
        return {name: column for name in ("tag", "tags") if name not in self._own}

    def mask(self, condition: Condition) -> NDArray[np.bool_]:
        """Whether each row meets a condition, bool (N,); where that is unknown, it does not.

        Raises:
            RisError: Arrow can't compute it.
        """
        with ThreadPoolExecutor(os.cpu_count()) as threads:  # Arrow works without the GIL
            try:
                found = list(threads.map(lambda rows: _mask(condition(rows)), self._batches))
            except pa.ArrowException as error:
                raise RisError(f"The filter can't be computed: {error}") from error
        return np.concatenate([np.empty(0, np.bool_), *found])

    def folders(self) -> Any:
        """The folder of each row, "" without one, as an Arrow array of codes."""
        kind = pa.dictionary(pa.int32(), pa.string())
        return pa.chunked_array([rows.folders for rows in self._batches], kind)

    def summary(self, name: str) -> Summary:
        """What is in a column, of all rows: 30 to 90 ms for 1M of them.

        Raises:
            RisError: There is no such column.
        """
        if name not in self.by_name:
            raise RisError(f"There is no column {name!r:.60}.")
        column = self.by_name[name]
        arrays = [column.of(rows) for rows in self._batches]
        if column.kind in ("number", "time"):
            ends = [pc.min_max(array) for array in arrays]
            return Summary(
                column.kind,
                least=min((e["min"].as_py() for e in ends if e["min"].is_valid), default=None),
                most=max((e["max"].as_py() for e in ends if e["max"].is_valid), default=None),
            )
        if column.kind == "bool":
            return Summary("bool")
        found: Counter[str] = Counter()
        for array in arrays:
            flat = array.flatten() if column.kind == "labels" else array
            for value in pc.value_counts(flat).to_pylist():
                found[value["values"]] += value["counts"]
        found.pop(None, None)  # type: ignore[call-overload]
        shown = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:_VALUES_SHOWN]
        return Summary(
            column.kind,
            tuple(value for value, _ in shown),
            tuple(count for _, count in shown),
            complete=len(shown) == len(found),
        )


def negated(condition: Condition) -> Condition:
    """Whether a condition is not met."""
    return lambda rows: pc.invert(condition(rows))


def all_of(conditions: Sequence[Condition]) -> Condition:
    """Whether all conditions are met."""
    return lambda rows: reduce(pc.and_kleene, (one(rows) for one in conditions))


def any_of(conditions: Sequence[Condition]) -> Condition:
    """Whether a condition of several is met."""
    return lambda rows: reduce(pc.or_kleene, (one(rows) for one in conditions))


def calculated(sign: str, one: Column | Literal, other: Column | Literal) -> Column | Literal:
    """`+`, `-`, `*` or `/` of two numbers or columns of numbers; of columns as float64.

    Raises:
        RisError: One of the two is no number, or the result isn't.
    """
    plain, kernel = _CALCULATIONS[sign]
    if not isinstance(one, Column) and not isinstance(other, Column):
        try:
            result: Literal = plain(*(_scalar("number", side).as_py() for side in (one, other)))
        except (ZeroDivisionError, OverflowError) as error:
            raise RisError(f"{error}.") from error
        return result
    sides = [_as_floats(side) for side in (one, other)]
    return Column("number", lambda rows: kernel(*(side(rows) for side in sides)))


def _stored(name: str, kind: str) -> Column:
    return Column(kind, lambda rows: rows.column(name))


def _as_floats(side: Column | Literal) -> Callable[[Rows], Any]:
    if isinstance(side, Column):
        if side.kind != "number":
            raise RisError(f"{_PLURAL[side.kind]} can't be calculated with.")
        return lambda rows: _floats(side.of(rows))
    number = pa.scalar(float(_scalar("number", side).as_py()))
    return lambda rows: number


def _scalar(kind: str, value: Literal) -> Any:
    """A value to compare a column of a kind with."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {"number": number, "bool": isinstance(value, bool)}.get(kind, isinstance(value, str))
    found = "another column" if isinstance(value, Column) else f"{value!r:.40}"
    refused = RisError(f"Expected {_WORDS[kind]}, got {found}.")
    if not fits:
        raise refused
    try:
        return pa.scalar(_time(str(value)), _TIME) if kind == "time" else pa.scalar(value)
    except (ValueError, OverflowError) as error:  # too large, no time, no Unicode
        raise refused from error


def _time(text: str) -> datetime:
    """ISO 8601, in UTC unless it says otherwise."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _common_type(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    if pa.types.is_floating(one) or pa.types.is_floating(other):
        return pa.float64()
    return pa.int64() if pa.types.is_integer(one) else one


def _floats(column: Any) -> Any:
    return pc.cast(column, pa.float64(), safe=False)


def _alike(*columns: Any) -> list[Any]:
    """Columns of one kind, as columns of one type."""
    plain = [one.dictionary_decode() if _is_coded(one) else one for one in columns]
    same = len({one.type for one in plain}) == 1
    return plain if same else [_floats(one) for one in plain]


def _is_coded(column: Any) -> bool:
    return bool(pa.types.is_dictionary(column.type))


def _mask(found: Any) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = pc.fill_null(found, False).to_numpy(zero_copy_only=False)
    return mask
