"""What a scan has decoded, noted as it goes: one that was killed need not be done again.

Beside the pixels that a scan writes lie notes of whose they are. `jobs.py` keeps both when it finds
that a job was killed, in `decoded/` of the collection; the next scan takes over what is the same by
its content, or of files by path, size and time, and removes it all when it has published.
"""

import json
import shutil
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ris.images.entries import Entry, Skipped
from ris.images.pool import Decoded
from ris.images.prepare import Prepared
from ris.store.collection import Collection

PIXELS, _NOTES, _KEPT = "pixels.u8", "decoded.jsonl", "decoded"
_STALE = 7 * 86_400  # seconds, after which nobody seems to want to go on
T = TypeVar("T")


class DecodedLog:
    """Pixels of pictures in one flat file, and notes of whose they are.

    Args:
        work: The job's folder.
        size: Side of the pictures.
    """

    def __init__(self, work: Path, size: int) -> None:
        self._work = work
        self._size = size
        self._count = 0
        self._pixels = (work / PIXELS).open("wb", buffering=0)

    def close(self) -> None:
        """Close the file of pixels."""
        self._pixels.close()

    def add(self, found: Sequence[Decoded]) -> None:
        """Write the pixels of a batch whose thumbnails are kept already, then the notes of it."""
        pixels = [one.picture.pixels.tobytes() for one in found]
        _write_all(self._pixels, b"".join(pixels))
        rows = [
            [
                one.entry.path,
                one.size,
                one.entry.modified,
                self._count + number,
                one.picture.id,
                one.picture.width,
                one.picture.height,
                zlib.crc32(data),
            ]
            for number, (one, data) in enumerate(zip(found, pixels, strict=True))
        ]
        self._count += len(found)
        if rows:
            with (self._work / _NOTES).open("ab", buffering=0) as notes:
                note = json.dumps({"side": self._size, "rows": rows}).encode()
                _write_all(notes, b"%08x %b\n" % (zlib.crc32(note), note))


@dataclass(frozen=True, slots=True)
class _Row:
    bytes: int
    modified: float | None
    place: int
    id: str
    width: int
    height: int
    checksum: int


class DecodedBefore:
    """What killed scans of a collection had decoded.

    Args:
        folder: The collection's.
        size: Side of the pictures that are wanted.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self._size = size
        self._rows: dict[str, tuple[Any, _Row]] = {}
        for notes in sorted((folder / _KEPT).glob(f"*/{_NOTES}")):
            try:
                pixels = (notes.parent / PIXELS).open("rb")
            except OSError:
                continue  # all of it is decoded again
            for note in _read(notes):
                if note["side"] == size:
                    for path, *rest in note["rows"]:
                        self._rows[path] = pixels, _Row(*rest)

    def resume(
        self,
        entries: Iterable[Entry | Skipped],
        decode: Callable[[Iterator[Entry | Skipped]], Iterator[tuple[Entry | Skipped, T]]],
    ) -> Iterator[tuple[Entry | Skipped, T | Decoded]]:
        """Entries with what became of them, in their order; only what is new goes to `decode`.

        Pictures that are taken over come without thumbnails, which are kept already.
        """
        order: deque[Entry | None] = deque()  # those known, and None for those that are decoded

        def unknown() -> Iterator[Entry | Skipped]:
            for entry in entries:
                known = isinstance(entry, Entry) and self._pixels(entry) is not None
                order.append(entry if known and isinstance(entry, Entry) else None)
                if not known:
                    yield entry

        for decoded in decode(unknown()):
            while (entry := order.popleft()) is not None:
                yield entry, self._decoded(entry)
            yield decoded
        for entry in order:
            assert entry is not None
            yield entry, self._decoded(entry)

    def _pixels(self, entry: Entry) -> bytes | None:
        """The pixels of an entry, if they are known and whole."""
        if entry.path not in self._rows:
            return None
        file, row = self._rows[entry.path]
        if not _is_same(entry, row):
            return None
        length = self._size * self._size * 3
        file.seek(row.place * length)
        data: bytes = file.read(length)
        return data if zlib.crc32(data) == row.checksum else None

    def _decoded(self, entry: Entry) -> Decoded:
        row, data = self._rows[entry.path][1], self._pixels(entry)
        assert data is not None
        pixels = np.frombuffer(data, np.uint8).reshape(self._size, self._size, 3)
        picture = Prepared(row.id, row.width, row.height, pixels, b"")
        plain = Entry(entry.path, entry.inside, entry.modified, entry.imported, row.bytes)
        return Decoded(plain, picture, row.bytes, None)


def _is_same(entry: Entry, row: _Row) -> bool:
    if (content := entry.content()) is not None:
        return content == row.id
    known = entry.modified is not None and not entry.imported
    return known and (entry.size, entry.modified) == (row.bytes, row.modified)


def keep(folder: Path, work: Path) -> None:
    """Keep what a killed job had decoded, unless more is kept already.

    A second scan decodes in the same order, so that the longer one of two holds the other.
    """
    for kept in (folder / _KEPT).glob("*"):
        if _length(kept) <= _length(work):
            shutil.rmtree(kept, ignore_errors=True)
    if _length(work) and not any((folder / _KEPT).glob("*")):
        place = folder / _KEPT / work.parent.name
        place.mkdir(parents=True, exist_ok=True)
        (work / _NOTES).replace(place / _NOTES)
        (work / PIXELS).replace(place / PIXELS)


def kept_ids(folder: Path) -> set[str]:
    """Content ids of what is kept."""
    notes = [note for path in (folder / _KEPT).glob(f"*/{_NOTES}") for note in _read(path)]
    return {_Row(*rest).id for note in notes for _, *rest in note["rows"]}


def forget_stale(folder: Path) -> bool:
    """Remove what was kept so long ago that nobody seems to want it; whether there was any."""
    kept = (folder / _KEPT).glob("*")
    stale = [one for one in kept if time.time() - one.stat().st_mtime > _STALE]
    for one in stale:
        shutil.rmtree(one, ignore_errors=True)
    return bool(stale)


def forget(collection: Collection, work: Path) -> None:
    """Remove what is kept and what is noted, now that it is published, with the copies and
    thumbnails of what is not in the collection after all."""
    (work / _NOTES).unlink(missing_ok=True)
    kept = collection.folder / _KEPT
    if kept.exists():
        shutil.rmtree(kept, ignore_errors=True)
        collection.forget_unused()


def _length(place: Path) -> int:
    """How much was decoded, by the notes."""
    return (place / _NOTES).stat().st_size if (place / _NOTES).exists() else 0


def _read(notes: Path) -> Iterator[dict[str, Any]]:
    """The notes that are whole; what the others tell of is decoded again."""
    with suppress(OSError), notes.open("rb") as lines:
        for line in lines:
            checksum, _, note = line.partition(b" ")
            if checksum == b"%08x" % zlib.crc32(note[:-1]) and note.endswith(b"\n"):
                yield json.loads(note)


def _write_all(file: Any, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
