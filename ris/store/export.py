"""A collection as one Parquet file for other tools, in the convention of Hugging Face."""

from pathlib import Path

import numpy as np

from ris.errors import PictureError, StoreError
from ris.progress import OnProgress, Progress, silent
from ris.store.collection import Collection
from ris.store.files import write_atomic
from ris.store.index import Keys
from ris.store.kept import read_original
from ris.store.live import read_live
from ris.store.manifest import Manifest
from ris.store.table import ROW_GROUP, ExportWriter, select


def export_table(
    collection: Collection, file: Path, *, pictures: bool = False, on_progress: OnProgress = silent
) -> int:
    """Write the serving generation to one Parquet file.

    Args:
        collection: What to export.
        file: The file to write; replaced at once when it is complete.
        pictures: Whether the `image` column carries the files' bytes; those of files that are
            gone stay null.
        on_progress: Hears of the rows written.

    Returns:
        Number of rows.

    Raises:
        StoreError: Nothing has been published, or the file can't be written.
    """
    current = collection.current()
    if current is None:
        raise StoreError(f"{collection.name!r} has nothing to export yet.", "Create it first.")
    manifest = collection.manifest(current)
    try:
        write_atomic(file, lambda aside: _write(collection, manifest, aside, pictures, on_progress))
    except OSError as error:
        raise StoreError(f"{file} can't be written: {error.strerror or error}.") from error
    return manifest.items


def export_items(collection: Collection, manifest: Manifest, file: Path, keys: Keys) -> None:
    """Write some items of a generation to a Parquet file, without the pictures' bytes.

    Args:
        collection: Whose they are.
        manifest: Of the generation.
        file: The file to write.
        keys: The items', int64, in any order; they come in the order of the table.

    Raises:
        StoreError: The table is damaged.
    """
    with ExportWriter(file, manifest.dimension, dict(manifest.columns)) as writer:
        for table in read_live(collection.folder, manifest, rows=ROW_GROUP):
            rows = np.flatnonzero(np.isin(table.column("key").to_numpy(), keys))
            if len(rows):
                writer.write_items(select(table, rows), None)


def _write(
    collection: Collection,
    manifest: Manifest,
    path: Path,
    pictures: bool,
    on_progress: OnProgress,
) -> None:
    done = 0
    with ExportWriter(path, manifest.dimension, dict(manifest.columns)) as writer:
        rows = 200 if pictures else ROW_GROUP  # a batch of files must fit in memory
        for table in read_live(collection.folder, manifest, rows=rows):
            items = table.to_pylist() if pictures else []
            files = [_read_one(collection, item) for item in items] if pictures else None
            writer.write_items(table, files)
            done += len(table)
            on_progress(Progress("export", done, manifest.items, "rows"))


def _read_one(collection: Collection, row: dict[str, str]) -> bytes | None:
    try:
        return read_original(collection.upload_path(row["id"]), row["path"], row["id"])
    except PictureError:
        return None
