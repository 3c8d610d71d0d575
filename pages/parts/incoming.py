"""Files from the browser, written to a folder of their own inside the home of the collections.

Archives are kept as they came. Single pictures are packed into one, because the core copies what
comes out of an archive into the collection, while it reads pictures of a folder where they lie.
"""

from __future__ import annotations

import shutil
import time
import uuid
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, cast

from streamlit.runtime.uploaded_file_manager import UploadedFile

from ris.store.files import disk_errors

FOLDER = ".incoming"
PIECE = 1 << 20
STALE_SECONDS = 24 * 3600  # no creation takes as long, so no job reads such an upload any more


def new_folder(home: Path) -> Path:
    """A new, empty folder for one upload; folders of long past uploads are removed."""
    place = home / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    for old in place.iterdir():
        if time.time() - old.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(old, ignore_errors=True)
    folder = place / uuid.uuid4().hex
    folder.mkdir()
    return folder


def safe_name(name: str) -> str:
    """The last part of the name a browser sent, fit to be a file's name."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1].replace("\0", "").strip()
    return last[-200:] if last.strip(".") else "unnamed"


def keep(upload: UploadedFile, folder: Path) -> Path:
    """Copy one upload into ``folder`` piece by piece.

    Raises:
        StoreError: The disk is full.
    """
    upload.seek(0)
    with disk_errors():
        target = _place(folder, safe_name(upload.name))
        with target.open("xb") as file:
            shutil.copyfileobj(upload, file, PIECE)
    return target


def pack(uploads: Iterable[UploadedFile], folder: Path) -> Path:
    """Copy uploads into one archive in ``folder``; equal names get a number, none is lost.

    Raises:
        StoreError: The disk is full.
    """
    with disk_errors():
        target = _place(folder, "pictures.zip")
        _write_zip(target, uploads)
    return target


def _write_zip(target: Path, uploads: Iterable[UploadedFile]) -> None:
    taken: set[str] = set()
    with zipfile.ZipFile(target, "x", zipfile.ZIP_STORED) as archive:
        for upload in uploads:
            name = _free(safe_name(upload.name), taken)
            upload.seek(0)
            with archive.open(name, "w", force_zip64=True) as file:
                shutil.copyfileobj(upload, cast(BinaryIO, file), PIECE)


def describe(source: str) -> str:
    """A source for people: an upload by its file's name, anything else as it is."""
    path = Path(source)
    return f"{path.name}, through the browser" if FOLDER in path.parts else source


def discard(folder: Path) -> None:
    """Remove the folder of an upload that no job took."""
    shutil.rmtree(folder, ignore_errors=True)


def _place(folder: Path, name: str) -> Path:
    """Where a file of that name fits: where there is one already, in a folder beside it."""
    target, number = folder / name, 1
    while target.exists():
        number += 1
        target = folder / str(number) / name
    target.parent.mkdir(exist_ok=True)
    return target


def _free(name: str, taken: set[str]) -> str:
    path, number = Path(name), 1
    while name.lower() in taken:
        number += 1
        name = f"{path.stem}-{number}{path.suffix}"
    taken.add(name.lower())
    return name
