"""What is known about a picture before anything is learned: its labels and metadata.

They come from the folder it lies in, or from a CSV file with the columns `path` and `label`; any
further column becomes a typed metadata column of the table.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ris.errors import SourceError
from ris.images.entries import Entry
from ris.images.sources import folder_label

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
        self._by_end: dict[str, int | None] = {}  # None: the end of several paths
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
        return self._by_end.get(entry.inside)

    def _read_csv(self, path: Path) -> None:
        try:
            table = pd.read_csv(path, dtype={"path": str, "label": str}, encoding="utf-8-sig")
        except (OSError, ValueError, UnicodeError, pd.errors.ParserError) as error:
            raise SourceError(
                f"The labels can't be read from {path}: {error}",
                "Give folder, none, or a UTF-8 CSV file with the columns path and label.",
            ) from error
        if "path" not in table.columns:
            found = ", ".join(map(str, table.columns[:10]))
            raise SourceError(
                f"{path} has no column named path; its columns are: {found}.",
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
            for end in _ends(given)[1:]:
                self._by_end[end] = None if end in self._by_end else row
        self._values = {str(name): [_plain(v) for v in table[name]] for name in table.columns}


def _ends(path: str) -> list[str]:
    """A path, and what is left when its first folders are taken away: a/b/c, b/c, c."""
    parts = path.split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]


def _free_names(names: list[str]) -> list[str]:
    """The names of a CSV file's columns, those that the table uses itself with csv_ before."""
    free: list[str] = []
    for name in names:
        while name in RESERVED - {"path"} or name in free:
            name = f"csv_{name}"
        free.append(name)
    return free


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
