"""What is known about a picture before anything is learned: its labels and metadata.

They come from the folder it lies in, or from a CSV file with the columns `path` and `label`; any
further column becomes a typed metadata column of the table.
"""

import csv
import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pandas as pd

from ris.errors import PictureError, SourceError
from ris.images.decode import read_file
from ris.images.entries import Entry
from ris.images.names import escape
from ris.images.sources import folder_label

MAX_CSV_BYTES = 64 * 2**20
MAX_COLUMNS = 500
MAX_VALUES = 10_000_000  # of all rows: a million rows with ten columns
MAX_LABEL = 1000  # letters
RESERVED = {
    "id", "key", "path", "box", "labels", "width", "height", "bytes", "modified", "image",
    "embedding",
}  # fmt: skip


@dataclass(frozen=True)
class Known:
    """What is recorded about one picture: its labels, its metadata by column."""

    labels: tuple[str, ...] = ()
    metadata: Mapping[str, object] | None = None


class Labels:
    """Answers what is known about an entry; the choice is `folder`, `none`, or a CSV file.

    Attributes:
        columns: Metadata columns by name: "int", "float", "bool", "text" or "time".
    """

    def __init__(self, choice: str = "folder") -> None:
        self.choice = choice
        self.columns: dict[str, str] = {}
        self._values: dict[str, list[object]] = {}
        self._by_path: dict[str, int] = {}
        self._backwards: list[tuple[str, int]] = []  # reversed paths, sorted, with their rows
        if choice not in ("folder", "none"):
            self._read_csv(Path(choice).expanduser())

    def of(self, entry: Entry) -> Known:
        """Labels and metadata of an entry."""
        if self.choice == "none":
            return Known()
        if self.choice == "folder":
            folder = folder_label(entry.inside)
            return Known((folder,) if folder else ())
        row = self._find(entry)
        if row is None:
            return Known()
        label = self._values["label"][row] if "label" in self._values else None
        metadata = {name: self._values[name][row] for name in self.columns}
        return Known((str(label),) if label else (), metadata)

    def _find(self, entry: Entry) -> int | None:
        """The row whose path is the entry's, or the end of it, or has it at its end."""
        for name in (entry.path, *_ends(entry.inside)):
            if name in self._by_path:
                return self._by_path[name]
        end = f"/{entry.inside}"[::-1]
        at = bisect_left(self._backwards, (end, -1))
        found = [row for path, row in self._backwards[at : at + 2] if path.startswith(end)]
        return found[0] if len(found) == 1 else None  # the end of several paths tells nothing

    def _read_csv(self, path: Path) -> None:
        table = _read_table(path)
        if "path" not in table.columns:
            found = ", ".join(map(str, table.columns[:10]))
            raise SourceError(
                f"{escape(str(path))} has no column named path; its columns are: {found[:500]}.",
                "Name the column with the pictures' file names path, the one with labels label.",
            )
        table = table.dropna(subset=["path"]).reset_index(drop=True)
        table.columns = _free_names([str(name) for name in table.columns])
        for name in table.columns.difference(["path", "label"], sort=False):
            table[name] = _typed(table[name].convert_dtypes())
            self.columns[str(name)] = _kind(table[name])
        for row, name in enumerate(table["path"]):
            given = name.replace("\\", "/").removeprefix("./")
            self._by_path[given] = row
            self._backwards.append((given[::-1], row))
        self._backwards.sort()
        self._values = {str(name): [_plain(v) for v in table[name]] for name in table.columns}


def _read_table(path: Path) -> Any:
    """A CSV file of a bounded size as a data frame.

    Raises:
        SourceError: It is none, or over the limits.
    """
    try:
        data = read_file(path.resolve())
        if len(data) > MAX_CSV_BYTES:
            raise PictureError(f"The file is larger than {MAX_CSV_BYTES // 2**20} MiB")
        _check_shape(data)
        table = pd.read_csv(BytesIO(data), dtype={"path": str, "label": str}, encoding="utf-8-sig")
        if "label" in table and table["label"].str.len().max() > MAX_LABEL:
            raise PictureError(f"It has a label of more than {MAX_LABEL:,} letters")
    except PictureError as error:
        reason = error.message
    except UnicodeError:
        reason = "It is not UTF-8 text"
    except (OSError, ValueError, OverflowError, csv.Error, pd.errors.ParserError) as error:
        said = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        reason = f"It is no CSV table ({said[:200]})"
    else:
        return table
    raise SourceError(
        f"The labels can't be read from {escape(str(path))}. {reason}.",
        "Give folder, none, or a UTF-8 CSV file with the columns path and label.",
    )


def _check_shape(data: bytes) -> None:
    """Refuse what pandas would take minutes and gigabytes for.

    Raises:
        PictureError: There are too many columns or values.
        csv.Error: A value is too long.
    """
    rows = csv.reader(TextIOWrapper(BytesIO(data), "utf-8-sig", newline=""))
    columns = len(next(filter(None, rows), []))
    if columns > MAX_COLUMNS:
        raise PictureError(f"It has {columns:,} columns, more than {MAX_COLUMNS}")
    count = 0
    for row in rows:
        count += columns
        if len(row) > columns:
            raise PictureError(
                f"Line {rows.line_num:,} has {len(row):,} values, but there are {columns} columns"
            )
        if count > MAX_VALUES:
            raise PictureError(f"It has more than {MAX_VALUES:,} values")


def _ends(path: str) -> list[str]:
    """A path, and what is left when its first folders are taken away: a/b/c, b/c, c."""
    parts = path.split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]


def _free_names(names: list[str]) -> list[str]:
    """The names of a CSV file's columns, those that the table uses itself with csv_ before."""
    free: dict[str, None] = {}
    for name in names:
        while name in RESERVED - {"path"} or name in free:
            name = f"csv_{name}"
        free[name] = None
    return list(free)


def _typed(column: Any) -> Any:
    """A column as the table can keep it: dates as times, numbers past 64 bits as text."""
    if pd.api.types.is_unsigned_integer_dtype(column):
        return column.astype("string")
    return _as_time(column.astype("string")) if _kind(column) == "text" else column


def _kind(column: Any) -> str:
    if pd.api.types.is_bool_dtype(column):
        return "bool"
    if pd.api.types.is_integer_dtype(column):
        return "int"
    if pd.api.types.is_float_dtype(column):
        return "float"
    return "time" if pd.api.types.is_datetime64_any_dtype(column) else "text"


def _as_time(column: Any) -> Any:
    """A column of ISO dates becomes times; anything else stays text."""
    if not column.dropna().str.match(r"\d{4}-\d{2}-\d{2}").all() or column.isna().all():
        return column
    try:
        return pd.to_datetime(column, format="ISO8601", utc=True)
    except ValueError:
        return column


def _plain(value: Any) -> object:
    if value is None or value is pd.NaT or pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no infinity
    return value.item() if hasattr(value, "item") else value
