"""Pictures that people searched with, kept for a while so that a link to the search works.

They lie in the home of the collections, named by the hash of their content: a link carries that
hash, never a path, so whoever opens it was given it or has the picture. Nothing else reads them.
docs/limits.md tells for how long and how many.
"""

from __future__ import annotations

import os
import re
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ris.images.prepare import content_id

FOLDER = ".queries"
KEPT_SECONDS = 7 * 24 * 3600  # since the last search with it
KEPT_BYTES = 256 * 2**20  # of all of them together; those not used for longest go first
_NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Kept:
    """A picture from outside: the file's name, and its bytes."""

    name: str
    data: bytes

    @property
    def id(self) -> str:
        """sha256 of the bytes, in hex."""
        return content_id(self.data)


def keep(home: Path, picture: Kept) -> str:
    """Keep a picture and give its id; one that can't be written is no error, its link ends early.

    A kept file is the name in the first line, then the bytes.
    """
    identifier = picture.id
    folder = home / FOLDER
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        aside = folder / f"{uuid.uuid4().hex}.new"
        try:
            first = " ".join(picture.name.split()).encode("utf-8", "replace")
            aside.write_bytes(first + b"\n" + picture.data)
            os.replace(aside, folder / identifier)
        finally:
            aside.unlink(missing_ok=True)
        trim(folder)
    return identifier


def find(home: Path, identifier: str) -> Kept | None:
    """A kept picture; None when it is not there any more, or the id is none."""
    if not _NAME.fullmatch(identifier):
        return None
    file = home / FOLDER / identifier
    try:
        if time.time() - file.stat().st_mtime > KEPT_SECONDS:
            return None
        name, _, data = file.read_bytes().partition(b"\n")
        os.utime(file)
    except OSError:
        return None
    found = Kept(name.decode("utf-8", "replace"), data)
    return found if found.id == identifier else None


def trim(folder: Path) -> None:
    """Remove what is too old, then the oldest until the rest is small enough."""
    known = []
    for file in folder.iterdir():
        with suppress(OSError):  # another server may trim as well
            facts = file.stat()
            known.append((facts.st_mtime, facts.st_size, file))
    total = 0
    for moment, size, file in sorted(known, reverse=True):
        total += size
        if total > KEPT_BYTES or time.time() - moment > KEPT_SECONDS:
            with suppress(OSError):
                file.unlink()
