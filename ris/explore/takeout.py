"""A selection to take along: its rows as CSV or Parquet, its pictures as a ZIP.

All come piece by piece, as they are sent or written, so that neither memory nor disk has to hold
them: one batch of rows, one picture at a time.
"""

import csv
import re
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from ris.errors import PictureError, StoreError
from ris.explore.explorer import Explorer
from ris.images.parts import split_part
from ris.store.export import export_items
from ris.store.items import Item

_BATCH = 1000  # rows
_PIECE = 2**20  # bytes
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')  # what some system has no file names with
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # every file's time, so that the same selection is the same ZIP

Keys = NDArray[np.int64]


def csv_pieces(explorer: Explorer, keys: Keys) -> Iterator[bytes]:
    """The rows of items as CSV in UTF-8, a heading first; labels and tags joined by "; ".

    Args:
        explorer: The open generation.
        keys: Theirs, in the order that they come in.
    """
    own = list(explorer.manifest.columns)
    tagged = _tags(explorer)
    told = ["key", "path", "labels", "tags", "width", "height", "bytes", "id", *own]
    yield _lines([told])
    for first in range(0, len(keys), _BATCH):
        items = explorer.items(keys[first : first + _BATCH].tolist())
        yield _lines([_row(item, tagged, own) for item in items])


def parquet_pieces(explorer: Explorer, keys: Keys) -> Iterator[bytes]:
    """The rows of items as a Parquet file, with their embeddings; see docs/format.md.

    Args:
        explorer: The open generation.
        keys: Theirs.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "items.parquet"
        export_items(explorer.collection, explorer.manifest, file, keys)
        with file.open("rb") as stream:
            while piece := stream.read(_PIECE):
                yield piece


def zip_pieces(explorer: Explorer, keys: Keys) -> Iterator[bytes]:
    """The files of items as a ZIP, with `items.csv` and, where some files are gone or were changed
    since, `missing.txt`.

    Args:
        explorer: The open generation.
        keys: Theirs.
    """
    sink, missing = _Sink(), []
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        archive.writestr(_entry("items.csv"), b"".join(csv_pieces(explorer, keys)))
        for first in range(0, len(keys), _BATCH):
            for item in explorer.items(keys[first : first + _BATCH].tolist()):
                try:
                    archive.writestr(_entry(file_name(item)), explorer.file(item.key))
                except PictureError as error:
                    missing.append(f"{item.key}\t{item.path}\t{error.message}")
                yield sink.take()
        if missing:
            archive.writestr(_entry("missing.txt"), "\n".join(missing) + "\n")
    yield sink.take()


def file_name(item: Item) -> str:
    """A file name that no other item has and that every system can have."""
    file, box = split_part(item.path)
    whole = PurePosixPath(file)
    called = whole.name if box is None else f"{whole.stem}-{box.x}-{box.y}.bmp"
    name = _UNSAFE.sub("_", called)[-100:].rstrip(". ") or "picture"
    return f"{item.key}-{name}"


class _Sink:
    """A file that can only be written to and whose content is taken away meanwhile."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def take(self) -> bytes:
        """What was written since the last time."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, _EARLIEST)


def _tags(explorer: Explorer) -> dict[str, frozenset[int]]:
    try:
        return {name: frozenset(keys.tolist()) for name, keys in explorer.tagged().items()}
    except StoreError:  # damaged, which the page tells
        return {}


def _row(item: Item, tagged: Mapping[str, frozenset[int]], own: list[str]) -> list[object]:
    tags = [name for name, keys in tagged.items() if item.key in keys]
    return [
        item.key,
        item.path,
        "; ".join(item.labels),
        "; ".join(tags),
        item.width,
        item.height,
        item.bytes,
        item.id,
        *(item.metadata[name] for name in own),
    ]


def _lines(rows: list[list[object]] | list[list[str]]) -> bytes:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")
