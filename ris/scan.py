"""Sources in; rows, pixels and thumbnails on disk out: the first stage of every job.

Everything streams: a few batches of pictures are in memory at a time, rows go to a Parquet file
without embeddings, pixels to one flat file that training maps into memory. `build.py` is next.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ris.errors import SourceError
from ris.images.entries import Entry, Skipped
from ris.images.labels import Labels
from ris.images.parts import COLUMNS as PATCH_COLUMNS
from ris.images.parts import columns_of
from ris.images.patches import CutFolder, LeftOut
from ris.images.pool import Decoded, decode_one, map_entries, with_data
from ris.images.sources import Source
from ris.progress import OnProgress, Progress, StopSignal
from ris.store.collection import Collection
from ris.store.decoded import PIXELS, DecodedBefore, DecodedLog
from ris.store.files import require_space
from ris.store.items import Items
from ris.store.kept import kept_entries
from ris.store.known import removed_by_hand
from ris.store.live import read_live
from ris.store.manifest import Manifest
from ris.store.overviews import keep_overviews
from ris.store.table import (
    Row,
    SkippedWriter,
    TableWriter,
    read_table,
    without_embeddings,
)
from ris.store.thumbnails import Thumbnails

BATCH = 512
T = TypeVar("T")


@dataclass(frozen=True)
class Scanned:
    """What a scan left in the job's folder.

    Attributes:
        rows: Parquet file of the rows without embeddings.
        pixels: Flat file of uint8 (count, size, size, 3).
        skipped: Parquet file of skipped files; None once the collection has it.
        count: Number of pictures.
        skipped_count: Number of skipped files.
        size: Side of the encoder's input.
        columns: Metadata columns.
        next_key: The key after the last one.
    """

    rows: Path
    pixels: Path
    skipped: Path | None
    count: int
    skipped_count: int
    size: int
    columns: dict[str, str]
    next_key: int

    def open_pixels(self) -> NDArray[np.uint8]:
        """The pixels, mapped into memory."""
        shape = (self.count, self.size, self.size, 3)
        return np.memmap(self.pixels, np.uint8, "r", shape=shape)

    def items(self) -> Items:
        """The rows in memory."""
        return Items(read_table(self.rows, Items.COLUMNS))


def scan(
    collection: Collection,
    sources: list[Source],
    labels: Labels,
    size: int,
    work: Path,
    *,
    on_progress: OnProgress,
    stop: StopSignal,
) -> Scanned:
    """Decode all pictures of the sources into a job's folder.

    Raises:
        SourceError: There is not one picture in them, or a source can't be read.
        StoreError: The disk is visibly too small.
        Cancelled: The person gave up.
    """
    counts = [source.count() for source in sources]
    total = None if None in counts else sum(count or 0 for count in counts)
    # pixels, a thumbnail of about 10 kB, and what the rows, the graph and the map take
    require_space(collection.folder, (total or 1000) * (size * size * 3 + 12_000))
    entries = _until_given_up((one for source in sources for one in source.entries()), stop)
    are_cut = any(isinstance(source, CutFolder) for source in sources)
    files = _Files(work, columns_with(labels, are_cut=are_cut), size)
    before = DecodedBefore(collection.folder, size)
    decode = partial(map_entries, work=partial(decode_one, size=size))
    left_out = LeftOut()
    with files, Thumbnails(collection.folder / "thumbnails.sqlite") as thumbnails:
        done = 0
        results = (
            copy_in(collection, with_data(result, entry), work)
            for entry, result in left_out.without(before.resume(entries, decode))
        )
        while batch := list(islice(results, BATCH)):
            stop.check()
            found = [one for one in batch if isinstance(one, Decoded)]
            files.skipped.write([one for one in batch if isinstance(one, Skipped)])
            put_thumbnails(thumbnails, found)
            first = files.count
            files.add(found)
            files.table.write([row_of(first + i, one, labels) for i, one in enumerate(found)])
            done += len(batch)
            on_progress(Progress("scan", done, max(total, done) if total else None))
        files.skipped.write(left_out.told())
    if files.count == 0:
        raise _nothing_found(sources, files)
    scanned = files.scanned(files.count)
    if are_cut:
        paths = read_table(scanned.rows, ["path"]).column("path").to_pylist()
        with Thumbnails(collection.folder / "thumbnails.sqlite") as thumbnails:
            keep_overviews(thumbnails, paths, scanned.open_pixels())
    os.sync()  # the copies are on the disk before any generation names them
    return scanned


def scan_again(
    collection: Collection,
    manifest: Manifest,
    size: int,
    work: Path,
    *,
    on_progress: OnProgress,
    stop: StopSignal,
) -> Scanned:
    """Decode the pictures of a generation again; those that are gone become skipped rows.

    Raises:
        StoreError: The table is damaged, or the disk is visibly too small.
        Cancelled: The person gave up.
    """
    require_space(collection.folder, manifest.items * (size * size * 3 + 2_000))
    columns = dict(manifest.columns)
    files = _Files(work, columns, size)
    entries = _until_given_up(kept_entries(collection, manifest), stop)
    before = DecodedBefore(collection.folder, size)
    decode = partial(map_entries, work=partial(decode_one, size=size, thumbnail=False))
    results = (result for _, result in before.resume(entries, decode))
    with files:
        files.skipped.write(collection.skipped())
        files.skipped.write(removed_by_hand(collection, manifest))
        done = 0
        for found in read_live(collection.folder, manifest, rows=BATCH):
            stop.check()
            table = without_embeddings(found)
            batch = list(islice(results, table.num_rows))
            kept = [row for row, one in enumerate(batch) if isinstance(one, Decoded)]
            files.skipped.write([one for one in batch if isinstance(one, Skipped)])
            files.add([one for one in batch if isinstance(one, Decoded)])
            files.table.write_table(table.take(np.array(kept, np.int64)))
            done += len(batch)
            on_progress(Progress("scan", done, manifest.items))
    return files.scanned(manifest.next_key)


def _until_given_up(
    entries: Iterable[Entry | Skipped], stop: StopSignal
) -> Iterator[Entry | Skipped]:
    """The entries; asked for each, for 512 files that take their whole time are hours."""
    for entry in entries:
        stop.check()
        yield entry


class _Files:
    """The files that a scan fills."""

    def __init__(self, work: Path, columns: dict[str, str], size: int) -> None:
        self._work = work
        self._columns = columns
        self._size = size
        self.count = 0
        self.table = TableWriter(work / "rows.parquet", 0, columns)
        self.skipped = SkippedWriter(work / "skipped.parquet")
        self._log = DecodedLog(work, size)

    def __enter__(self) -> "_Files":
        return self

    def __exit__(self, *_: object) -> None:
        self.table.close()
        self.skipped.close()
        self._log.close()

    def add(self, found: list[Decoded]) -> None:
        self._log.add(found)
        self.count += len(found)

    def scanned(self, next_key: int) -> Scanned:
        return Scanned(
            rows=self._work / "rows.parquet",
            pixels=self._work / PIXELS,
            skipped=self._work / "skipped.parquet",
            count=self.count,
            skipped_count=self.skipped.count,
            size=self._size,
            columns=self._columns,
            next_key=next_key,
        )


def row_of(key: int, one: Decoded, labels: Labels) -> Row:
    """The row of a new item."""
    known = labels.of(one.entry)
    return Row(
        key=key,
        id=one.picture.id,
        path=one.entry.path,
        labels=known.labels,
        width=one.picture.width,
        height=one.picture.height,
        bytes=one.size,
        modified=one.entry.modified,
        metadata={**(known.metadata or {}), **columns_of(one.entry.path)},
    )


def columns_with(labels: Labels, *, are_cut: bool) -> dict[str, str]:
    """The metadata columns of a collection, with those of patches where pictures are cut.

    Raises:
        SourceError: The person's own columns have their names.
    """
    if not are_cut:
        return labels.columns
    if both := sorted(PATCH_COLUMNS.keys() & labels.columns.keys()):
        raise SourceError(
            f"{labels.choice} has columns that patches have themselves: {', '.join(both)}.",
            "Rename them.",
        )
    return {**labels.columns, **PATCH_COLUMNS}


def put_thumbnails(thumbnails: Thumbnails, found: list[Decoded]) -> None:
    """Keep the thumbnails of pictures; those that were decoded before have theirs there."""
    pictures = (one.picture for one in found)
    thumbnails.put((one.id, one.thumbnail) for one in pictures if one.thumbnail)


def copy_in(collection: Collection, one: T, work: Path) -> T:
    """Keep the bytes of a picture that has no file of its own; goes on without them."""
    if not isinstance(one, Decoded) or one.data is None:
        return one
    place = collection.upload_path(one.picture.id)
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        aside = work / place.name
        aside.write_bytes(one.data)
        os.replace(aside, place)
    return replace(one, data=None)


def _nothing_found(sources: list[Source], files: _Files) -> SourceError:
    names = ", ".join(source.name for source in sources)
    first = files.skipped.first
    if first is None:
        return SourceError(f"There are no files in {names}.", "Give a folder with pictures.")
    return SourceError(
        f"There is no picture that can be read among the files in {names} "
        f"({files.skipped.count} skipped). The first, {first.path}: {first.reason}.",
        "Give JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF pictures.",
    )
