"""The rows of a generation in memory, without embeddings: what a hit shows.

About 160 bytes an item. Items are found by key, never by position.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ris.errors import StoreError
from ris.store.columns import Columns, Summary, Tagged
from ris.store.expression import read
from ris.store.table import metadata_columns
from ris.store.values import Codes, coded, numbers


@dataclass(frozen=True)
class Item:
    """A member of a collection.

    Attributes:
        key: Its number, never reused.
        id: sha256 of the file's bytes.
        path: Where it came from.
        labels: What it is said to show.
        width: Of the upright picture in pixels.
        height: Of the upright picture in pixels.
        bytes: Size of the file.
        metadata: The person's own columns.
    """

    key: int
    id: str
    path: str
    labels: tuple[str, ...]
    width: int
    height: int
    bytes: int = 0
    metadata: dict[str, object] = field(default_factory=dict)


class Items:
    """The items of a generation.

    Args:
        table: An Arrow table without embeddings.
        rows: Which of its rows can be found, int64, keys ascending; by default all of them.

    Attributes:
        keys: Of all items, int64 (N,), ascending.
        kinds: The person's own columns by name: "int", "float", "bool", "text" or "time".
    """

    COLUMNS = ("key", "id", "path", "labels", "width", "height", "bytes", "modified")

    def __init__(self, table: Any, rows: NDArray[np.int64] | None = None) -> None:
        self._table = table
        self.kinds = metadata_columns(table.schema)
        # taking rows out of a table joins all its chunks first; times are slow to become Python's
        shown = [name for name in table.schema.names if name != "modified"]
        self._batches = table.select(shown).to_batches()
        self._ends = np.cumsum([batch.num_rows for batch in self._batches])
        self._rows = rows  # an index, as copying the table of a million items takes a second
        keys: NDArray[np.int64] = table.column("key").to_numpy()
        self.keys = keys if rows is None else keys[rows]

    def __len__(self) -> int:
        return len(self.keys)

    def rows_of(self, keys: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        """Positions of keys.

        Raises:
            StoreError: There is no such item.
        """
        wanted = np.asarray(keys, np.int64)
        rows = np.searchsorted(self.keys, wanted)
        inside = rows < len(self.keys)
        if not inside.all() or (self.keys[rows] != wanted).any():
            raise StoreError(f"There is no item with one of the keys {wanted[:5].tolist()}.")
        return rows

    def get(self, keys: Sequence[int] | NDArray[np.int64]) -> list[Item]:
        """The items of keys, in their order.

        Raises:
            StoreError: There is no such item.
        """
        rows = self.rows_of(keys)
        if self._rows is not None:
            rows = self._rows[rows]
        found: list[Any] = [None] * len(rows)
        inside = np.searchsorted(self._ends, rows, "right")
        for batch in set(inside.tolist()):
            places = np.flatnonzero(inside == batch)
            first = self._ends[batch] - self._batches[batch].num_rows
            of = self._batches[batch].take(rows[places] - first).to_pydict()
            for i, place in enumerate(places.tolist()):
                found[place] = Item(
                    of["key"][i],
                    of["id"][i],
                    of["path"][i],
                    tuple(of["labels"][i] or ()),
                    of["width"][i],
                    of["height"][i],
                    of["bytes"][i],
                    {name: of[name][i] for name in self.kinds},
                )
        return found

    def path(self, key: int) -> str:
        """Where an item came from: a third of the time that `get` takes.

        Raises:
            StoreError: There is no such item.
        """
        row = int(self.rows_of([key])[0])
        row = row if self._rows is None else int(self._rows[row])
        found: str = self._table.column("path")[row].as_py()
        return found

    def matching(self, where: str, tags: Tagged = dict) -> NDArray[np.int64]:
        """Keys of the items that an expression holds for, ascending; not to be written to.

        Args:
            where: As docs/commands.md describes it, e.g. `label == "cat" and width >= 1000`.
            tags: Gives the keys of each tag, int64 ascending.

        Raises:
            RisError: It can't be understood; the hint lists the columns that it can name.
        """
        columns = self._columns.tagged(tags)
        holds = columns.mask(read(where, columns))
        keys = self.keys[holds if self._rows is None else holds[self._rows]]
        keys.setflags(write=False)  # they are shared by all who filter by it
        return keys

    def filterable(self) -> dict[str, str]:
        """The columns that an expression can name, with the kind of each."""
        return {name: column.kind for name, column in self._columns.by_name.items()}

    def summary(self, column: str) -> Summary:
        """What is in a column.

        Raises:
            RisError: There is no such column.
        """
        return self._columns.summary(column)

    @cached_property
    def _columns(self) -> Columns:
        return Columns(self._table)

    def label_codes(self) -> Codes:
        """The first label of every item as a code, names sorted by alphabet."""
        column = self.column("labels").combine_chunks()
        if len(column) == 0:
            return Codes(np.empty(0, np.int32), ())
        offsets = column.offsets.to_numpy()
        encoded = column.values.dictionary_encode()
        names = np.array(encoded.dictionary.to_pylist(), dtype=object)
        order = np.argsort(names)
        ranks = np.empty(len(order), np.int32)
        ranks[order] = np.arange(len(order), dtype=np.int32)
        codes = np.full(len(column), -1, np.int32)
        labelled = offsets[1:] > offsets[:-1]
        first = encoded.indices.to_numpy(zero_copy_only=False)[offsets[:-1][labelled]]
        codes[labelled] = ranks[first]
        return Codes(codes, tuple(names[order]))

    def column(self, name: str) -> Any:
        """A column of all items as an Arrow array, in the order of their keys."""
        column = self._table.column(name)
        return column if self._rows is None else column.take(self._rows)

    def codes(self, name: str) -> Codes:
        """A column of texts, or of yes and no, as codes; "folder" is the path up to its last
        slash."""
        if name != "folder" or name in self.kinds:
            return coded(self.column(name))
        column = self._columns.folders()
        return coded(column if self._rows is None else column.take(self._rows))

    def has_folders(self) -> bool:
        """Whether the items lie in more than one folder; a few tell that as a rule."""
        few = self._table.column("path").take(np.linspace(0, len(self._table) - 1, 200, dtype=int))
        if len({path.rpartition("/")[0] for path in few.to_pylist()}) > 1 and self._rows is None:
            return True
        return len(self.codes("folder").names) > 1

    def numbers(self, name: str) -> NDArray[np.float32]:
        """A column of numbers as float32 (N,), times as days since 1970; NaN for none."""
        return numbers(self.column(name))

    def has_values(self, name: str) -> bool:
        """Whether any item has a value in a column."""
        column = self.column(name)
        return bool(column.null_count < len(column))
