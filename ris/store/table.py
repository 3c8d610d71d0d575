"""The table of a collection: immutable Parquet parts, one row per item.

The door to pyarrow, but for the kernels of `columns.py` and `values.py`. Rows come as `Row` with
their embeddings, leave as Arrow tables or as embeddings in one array. Page checksums are written
and verified: without them 59 of 60 random bit flips were read in silence (2026-11-22).
`generation.py` binds the parts into a generation.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ris.errors import StoreError
from ris.images.entries import Skipped
from ris.images.parts import split_part

ROW_GROUP = 20_000

_METADATA_TYPES: dict[str, pa.DataType] = {
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "text": pa.string(),
    "time": pa.timestamp("us", tz="UTC"),
}
_BOX = pa.struct([(side, pa.int32()) for side in ("x", "y", "width", "height")])
MAP_SCHEMA = pa.schema(
    [("key", pa.int64()), ("x", pa.float32()), ("y", pa.float32()), ("how", pa.string())]
)
_CLUSTERED = [pa.field("cluster", pa.int32()), pa.field("outlier", pa.float32())]
_REDRAWN = [pa.field("error", pa.float32())]
SKIPPED_SCHEMA = pa.schema([("path", pa.string()), ("reason", pa.string())])


@dataclass(frozen=True)
class Row:
    """One item without its embedding.

    Attributes:
        key: The graph's label, never reused.
        id: sha256 of the file's bytes.
        path: Where it came from, as UTF-8 text (`ris.images.names`).
        labels: What it is said to show.
        width: Of the upright picture in pixels.
        height: Of the upright picture in pixels.
        bytes: Size of the file.
        modified: Time of the file's last change in seconds since 1970, or None.
        metadata: The person's own columns.
    """

    key: int
    id: str
    path: str
    labels: tuple[str, ...]
    width: int
    height: int
    bytes: int
    modified: float | None = None
    metadata: dict[str, object] = field(default_factory=dict)


def schema(dimension: int, columns: dict[str, str]) -> pa.Schema:
    """The table's schema.

    Args:
        dimension: Length of an embedding; 0 leaves the column out.
        columns: Metadata columns by name: "int", "float", "bool", "text" or "time".
    """
    fields = [
        pa.field("id", pa.string(), nullable=False),
        pa.field("key", pa.int64(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("box", _BOX),
        pa.field("labels", pa.list_(pa.string())),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("bytes", pa.int64()),
        pa.field("modified", pa.timestamp("us", tz="UTC")),
        pa.field("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
    ]
    if dimension:
        fields.append(pa.field("embedding", pa.list_(pa.float32(), dimension)))
    fields += [pa.field(name, _METADATA_TYPES[kind]) for name, kind in columns.items()]
    result = pa.schema(fields)
    features = {f.name: _feature(f.type, f.name) for f in result}
    return result.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def _feature(kind: pa.DataType, name: str = "") -> Any:
    """A column's type in the words of Hugging Face `datasets`."""
    if name == "image":
        return {"_type": "Image"}
    if pa.types.is_fixed_size_list(kind):
        return {"feature": _feature(kind.value_type), "length": kind.list_size, "_type": "List"}
    if pa.types.is_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "List"}
    if pa.types.is_struct(kind):
        return {f.name: _feature(f.type) for f in kind}
    names = {"float": "float32", "double": "float64"}
    return {"dtype": names.get(str(kind), str(kind)), "_type": "Value"}


class TableWriter:
    """Writes one Parquet file batch by batch; use it as a context.

    Args:
        path: The file; must not exist.
        dimension: Length of an embedding; 0 for rows that have none yet.
        columns: Metadata columns.
    """

    def __init__(self, path: Path, dimension: int, columns: dict[str, str]) -> None:
        self._schema = schema(dimension, columns)
        self._columns = columns
        self._writer = pq.ParquetWriter(path, self._schema, **_write_options(self._schema))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write the end of the file."""
        self._writer.close()

    def write(self, rows: Sequence[Row], embeddings: NDArray[np.float32] | None = None) -> None:
        """Append rows; embeddings float32 (len(rows), dimension)."""
        arrays = {
            "id": pa.array([row.id for row in rows], pa.string()),
            "key": pa.array([row.key for row in rows], pa.int64()),
            "path": pa.array([row.path for row in rows], pa.string()),
            "box": pa.array([box_of(row.path) for row in rows], _BOX),
            "labels": pa.array([list(row.labels) for row in rows], pa.list_(pa.string())),
            "width": pa.array([row.width for row in rows], pa.int32()),
            "height": pa.array([row.height for row in rows], pa.int32()),
            "bytes": pa.array([row.bytes for row in rows], pa.int64()),
            "modified": pa.array([_to_time(row.modified) for row in rows], _METADATA_TYPES["time"]),
            "image": pa.array(
                [{"bytes": None, "path": row.path} for row in rows],
                self._schema.field("image").type,
            ),
        }
        for name, kind in self._columns.items():
            values = [row.metadata.get(name) for row in rows]
            arrays[name] = pa.array(values, _METADATA_TYPES[kind])
        if embeddings is not None:
            arrays["embedding"] = _embedding_array(embeddings)
        self.write_table(pa.table(arrays, schema=self._schema))

    def write_table(self, table: pa.Table) -> None:
        """Append an Arrow table of the same schema."""
        self._writer.write_table(table, row_group_size=ROW_GROUP)


class ExportWriter(TableWriter):
    """Writes a table for other tools, with the bytes of the pictures where they are given."""

    def write_items(self, table: pa.Table, files: Sequence[bytes | None] | None) -> None:
        """Append rows of a part; `files` holds the bytes of their pictures."""
        if files is not None:
            names = [Path(path).name for path in table.column("path").to_pylist()]
            images = [
                {"bytes": file, "path": name} for file, name in zip(files, names, strict=True)
            ]
            place = table.column_names.index("image")
            column = self._schema.field("image")
            table = table.set_column(place, column, pa.array(images, column.type))
        self.write_table(table.cast(self._schema))


class SkippedWriter:
    """Writes the Parquet file of skipped files; `count` and `first` tell of them."""

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, SKIPPED_SCHEMA, **_write_options(SKIPPED_SCHEMA))
        self.count = 0
        self.first: Skipped | None = None

    def write(self, skipped: Sequence[Skipped]) -> None:
        """Append skipped files."""
        if skipped:
            self.first = self.first or skipped[0]
            self.count += len(skipped)
            columns = {
                "path": [one.path for one in skipped],
                "reason": [one.reason for one in skipped],
            }
            self._writer.write_table(pa.table(columns, schema=SKIPPED_SCHEMA))

    def close(self) -> None:
        """Write the end of the file."""
        self._writer.close()


def write_skipped(path: Path, skipped: Sequence[Skipped]) -> None:
    """Write the Parquet file of skipped files at once."""
    writer = SkippedWriter(path)
    writer.write(skipped)
    writer.close()


def conform(table: pa.Table, dimension: int, columns: dict[str, str]) -> pa.Table:
    """Rows with the columns of a generation, in their order; metadata they lack becomes null."""
    wanted = schema(dimension, columns)
    arrays = [
        table.column(f.name) if f.name in table.column_names else pa.nulls(len(table), f.type)
        for f in wanted
    ]
    return pa.table(arrays, schema=wanted)


def with_embeddings(
    table: pa.Table, embeddings: NDArray[np.float32], columns: dict[str, str]
) -> pa.Table:
    """Rows with other embeddings, float32 (rows, dimension), and the columns of a generation;
    those that they lack become null."""
    wanted = schema(embeddings.shape[1], columns)
    images = [{"bytes": None, "path": path} for path in table.column("path").to_pylist()]
    given = {
        **{name: table.column(name) for name in table.column_names},
        "image": pa.array(images, wanted.field("image").type),
        "embedding": _embedding_array(embeddings),
    }
    arrays = [given[f.name] if f.name in given else pa.nulls(len(table), f.type) for f in wanted]
    return pa.table(arrays, schema=wanted)


def replace_columns(table: pa.Table, values: dict[str, Sequence[object]]) -> pa.Table:
    """Rows with other values in some columns; `image` follows `path`."""
    if "path" in values:
        values = {**values, "image": [{"bytes": None, "path": path} for path in values["path"]]}
    for name, column in values.items():
        place = table.schema.get_field_index(name)
        field = table.schema.field(place)
        table = table.set_column(place, field, pa.array(column, field.type))
    return table


def read_rows(path: Path, rows: NDArray[np.int64]) -> pa.Table:
    """Some rows of a Parquet file, ascending; only the row groups that they lie in are read.

    Raises:
        StoreError: The file is missing or damaged.
    """
    with _translated(path), _open(path) as file:
        counts = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        ends = np.cumsum([0, *counts])
        found = [
            file.read_row_group(i).take(rows[(rows >= ends[i]) & (rows < ends[i + 1])] - ends[i])
            for i in range(len(counts))
            if ((rows >= ends[i]) & (rows < ends[i + 1])).any()
        ]
        return pa.concat_tables(found) if found else file.schema_arrow.empty_table()


def take(batch: pa.RecordBatch, rows: NDArray[np.int64]) -> pa.Table:
    """Some rows of a batch as a table."""
    table = pa.Table.from_batches([batch])
    return table if len(rows) == len(table) else table.take(rows)


def without_embeddings(table: pa.Table) -> pa.Table:
    """Rows without their embeddings."""
    return table.drop_columns("embedding").cast(schema(0, metadata_columns(table.schema)))


def add_embeddings(batch: pa.RecordBatch, embeddings: NDArray[np.float32]) -> pa.Table:
    """Rows without embeddings, with embeddings float32 (rows, dimension)."""
    return embed(pa.Table.from_batches([batch]), embeddings)


def select(table: pa.Table, rows: Sequence[int] | NDArray[np.int64]) -> pa.Table:
    """Some rows of a table."""
    return table.take(np.asarray(rows, np.int64))


def embed(table: pa.Table, embeddings: NDArray[np.float32]) -> pa.Table:
    """Rows without embeddings, with embeddings float32 (rows, dimension)."""
    after = table.column_names.index("image") + 1
    column = _embedding_array(embeddings)
    table = table.add_column(after, pa.field("embedding", column.type), column)
    return table.cast(schema(embeddings.shape[1], metadata_columns(table.schema)))


def other_columns(found: pa.Schema, dimension: int, columns: dict[str, str]) -> list[str]:
    """Names of columns that a part lacks, or has of another kind; metadata may be lacking."""
    own = schema(dimension, {}).names
    return [
        wanted.name
        for wanted in schema(dimension, columns)
        if (wanted.name in own or wanted.name in found.names)
        and (wanted.name not in found.names or found.field(wanted.name).type != wanted.type)
    ]


def metadata_columns(found: pa.Schema) -> dict[str, str]:
    """The person's own columns of a table, by name and kind."""
    own = set(schema(1, {}).names)
    kinds = {kind: name for name, kind in _METADATA_TYPES.items()}
    return {f.name: kinds[f.type] for f in found if f.name not in own}


def read_batches(
    path: Path, columns: Sequence[str] | None = None, rows: int = ROW_GROUP
) -> Iterator[pa.RecordBatch]:
    """The batches of a Parquet file, their checksums verified.

    Raises:
        StoreError: The file is missing or damaged.
    """
    with _translated(path), _open(path) as file:
        yield from file.iter_batches(batch_size=rows, columns=columns)


def read_skipped(path: Path) -> Iterator[Skipped]:
    """The files that a Parquet file of `SkippedWriter` tells of.

    Raises:
        StoreError: The file is missing, damaged, or another one.
    """
    for batch in read_batches(path):
        if batch.schema != SKIPPED_SCHEMA:
            raise StoreError(f"{path.name} is no list of skipped files.")
        for row in batch.to_pylist():
            yield Skipped(row["path"], row["reason"])


def salvage(path: Path) -> Iterator[tuple[pa.Table, NDArray[np.float32] | None]]:
    """What can still be read of a damaged part, row group by row group.

    Yields:
        The columns that can be read, `id`, `key` and `path` at least, and the embeddings, or None
        where they can't be read.
    """
    with suppress(*_DAMAGE), _open(path) as file:
        for group in range(file.num_row_groups):
            found = {}
            for name in file.schema_arrow.names:
                with suppress(*_DAMAGE):
                    found[name] = file.read_row_group(group, columns=[name]).column(0)
            embedding = found.pop("embedding", None)
            if {"id", "key", "path"} <= found.keys():
                vectors = None
                if embedding is not None:
                    vectors = embeddings_of(pa.table({"embedding": embedding}))
                yield pa.table(found), vectors


def read_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """A Parquet file, or those of some columns that it has, in memory.

    Raises:
        StoreError: The file is missing or damaged.
    """
    with _translated(path), _open(path) as file:
        if columns is not None:
            columns = [name for name in columns if name in file.schema_arrow.names]
        return file.read(columns=columns)


def concatenate(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables of one schema, one after the other."""
    if not tables:
        return schema(0, {}).empty_table()
    return pa.concat_tables(tables, promote_options="default")  # columns that one lacks are null


def read_embeddings(paths: Iterable[Path], count: int, dimension: int) -> NDArray[np.float32]:
    """All embeddings of the parts as one float32 array (count, dimension).

    Raises:
        StoreError: A part is damaged, or holds other counts or dimensions than expected.
    """
    result = np.empty((count, dimension), np.float32)
    start = 0
    for path in paths:
        for batch in read_batches(path, ["embedding"]):
            column = batch.column(0)
            if column.type != pa.list_(pa.float32(), dimension):
                raise StoreError(f"{path.name} holds {column.type}, expected {dimension} floats.")
            if start + len(column) > count:
                raise StoreError(f"{path.name} holds more rows than the {count} expected.")
            flat = column.flatten().to_numpy(zero_copy_only=True)
            result[start : start + len(column)] = flat.reshape(len(column), dimension)
            start += len(column)
    if start != count:
        raise StoreError(f"The table holds {start} embeddings, expected {count}.")
    return result


def write_map(
    path: Path,
    keys: NDArray[np.int64],
    xy: NDArray[np.float32],
    fitted: NDArray[np.bool_],
    cluster: NDArray[np.int32] | None = None,
    outlier: NDArray[np.float32] | None = None,
    error: NDArray[np.float32] | None = None,
) -> None:
    """Write the map: keys int64 (N,), places float32 (N, 2), fitted (or placed) bool (N,); if they
    are known also clusters int32 (N,), -1 for none, outlier scores and reconstruction errors
    float32 (N,)."""
    how = np.where(fitted, "fitted", "placed")
    columns = {"key": keys, "x": xy[:, 0], "y": xy[:, 1], "how": pa.array(how.tolist())}
    kind = MAP_SCHEMA
    if cluster is not None and outlier is not None:
        columns |= {"cluster": cluster, "outlier": outlier}
        kind = pa.schema([*kind, *_CLUSTERED])
    if error is not None:
        columns |= {"error": error}
        kind = pa.schema([*kind, *_REDRAWN])
    with pq.ParquetWriter(path, kind, **_write_options(kind)) as writer:
        writer.write_table(pa.table(columns, schema=kind), row_group_size=ROW_GROUP)


def embeddings_of(table: pa.Table) -> NDArray[np.float32]:
    """The embeddings of rows in memory, float32 (rows, dimension)."""
    column = table.column("embedding").combine_chunks()
    flat = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat.reshape(len(table), column.type.list_size), np.float32)


def _write_options(kind: pa.Schema) -> dict[str, Any]:
    vectors = [name for name in ("embedding",) if name in kind.names]
    plain = [f"{name}.list.element" for name in vectors]
    # zstd + byte_stream_split without a dictionary: the smallest for embeddings, measured
    dictionary = [n for n in ("path", "labels.list.element", "image.path", "how") if _has(kind, n)]
    return {
        "compression": "zstd",
        "use_dictionary": dictionary or False,
        "column_encoding": dict.fromkeys(plain, "BYTE_STREAM_SPLIT") or None,
        "write_page_checksum": True,
    }


def _has(kind: pa.Schema, name: str) -> bool:
    return name.split(".")[0] in kind.names


def _embedding_array(embeddings: NDArray[np.float32]) -> pa.FixedSizeListArray:
    flat = pa.array(np.ascontiguousarray(embeddings, np.float32).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, embeddings.shape[1])


def box_of(path: str) -> dict[str, int] | None:
    """What the column `box` holds for an item's path: null for a whole file."""
    box = split_part(path)[1]
    return None if box is None else box._asdict()


def _to_time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


# what pyarrow raises on damaged files
_DAMAGE = (pa.ArrowException, OSError, ValueError, KeyError, IndexError, MemoryError)


def _open(path: Path) -> pq.ParquetFile:
    return pq.ParquetFile(path, page_checksum_verification=True)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(f"{path.name} is missing.") from error
    except (pa.ArrowException, OSError) as error:
        raise StoreError(f"{path.name} is damaged: {' '.join(str(error).split())[:200]}") from error
