"""A duplicate taken out of a collection: its file goes to the collection's trash, and back.

Nothing is ever erased. A file of the person's own is moved as a whole; what has no file of its own
(out of an archive, a patch of a slide) is only taken out of the collection. Each has a folder
`trash/<number>/` with `entry.json`, written before the file is moved, so that whatever is killed in
between is put in order by `settle`, which every change begins with. All of it runs under the lock
that jobs hold. `trash/log.csv` tells what was done.
"""

import csv
import errno
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ris import jobs
from ris.errors import RisError, StoreError
from ris.images.names import escape, unescape
from ris.images.parts import split_part
from ris.removal import remove, restore
from ris.store.collection import Collection, now
from ris.store.files import (
    disk_errors,
    own_hash,
    read_json,
    refusal,
    sync_file,
    sync_folder,
    write_sealed,
)
from ris.store.kept import read_original
from ris.store.known import KnownFile, KnownFiles

LOG = "log.csv"
_COLUMNS = ("time", "action", "number", "key", "id", "path", "kept")
_NUMBER = re.compile(r"\d{6}")
_CHUNK = 2**20


@dataclass(frozen=True)
class Entry:
    """An item in the trash.

    Attributes:
        number: Names it: six digits.
        key: The item's.
        id: Its content id.
        path: Where its file lay, as the table has it.
        file: The file's name in the trash; empty where there was none of its own.
        kept: Key of the item that was kept in its place.
        time: When, ISO 8601 in UTC.
    """

    number: str
    key: int
    id: str
    path: str
    file: str
    kept: int
    time: str


def throw_away(collection: Collection, key: int, *, kept: int) -> Entry:
    """Take an item out of the collection and move its file to the trash.

    Args:
        collection: A published collection.
        key: The item.
        kept: The item that is kept in its place; it must be there, with its file whole.

    Raises:
        RisError: One of the two is not in the collection any more, the file of the one to be kept
            can't be read, or that of the other was changed or can't be moved. Nothing is changed.
        BusyError: A job runs, or another tab is doing the same.
    """
    with _alone(collection):
        item, other = _both(collection, key, kept)
        _check_whole(collection, other)
        own = _own_file(item.path)
        if own is not None and _digest(own) != item.id:
            raise RisError(f"{item.path} was changed since it was added, so it stays where it is.")
        number = f"{max((int(one.number) for one in listed(collection)), default=0) + 1:06}"
        file = own.name if own else ""
        entry = Entry(number, key, item.id, item.path, escape(file), kept, now())
        folder = _folder(collection) / number
        folder.mkdir(parents=True)
        write_sealed(folder / "entry.json", asdict(entry))
        sync_folder(folder.parent)
        try:
            if own is not None:
                _move(own, folder / file, item.id)
            remove(collection, [str(key)])
        except BaseException:
            _settle_one(collection, entry, KnownFiles(collection, collection.serving()))
            raise
        _log(collection, "moved to the trash" if file else "taken out", entry)
    return entry


def undo(collection: Collection, number: str) -> Entry:
    """Bring an item in the trash back, with its file where it lay.

    Raises:
        RisError: It is not in the trash, or something else lies at its place now.
        BusyError: A job runs.
    """
    with _alone(collection):
        entry = next((one for one in listed(collection) if one.number == number), None)
        if entry is None:
            raise RisError(f"There is nothing of the number {number:.20} in the trash.")
        (_folder(collection) / number / "done").unlink(missing_ok=True)
        if entry.file:
            place = unescape(entry.path)
            _move(_file(collection, entry), place, entry.id)
        try:
            restore(collection, [str(entry.key)])
        except StoreError as error:
            if not (entry.file or _is_live(collection, entry.key)):
                hint = "It was forgotten when the collection was compacted: add it again."
                raise RisError("It can't be brought back.", hint) from error
        _forget(collection, entry)
        _log(collection, "undone", entry)
    return entry


def settle(collection: Collection) -> None:
    """Put in order what was killed in between; nothing is lost by it.

    Raises:
        BusyError: A job runs.
    """
    with _alone(collection):
        pass


def listed(collection: Collection) -> list[Entry]:
    """What is in the trash, the last first."""
    found = []
    for folder in _folder(collection).glob("[0-9]*"):
        if _NUMBER.fullmatch(folder.name):
            with suppress(StoreError, TypeError):  # killed before it was written: nothing moved
                content = read_json(folder / "entry.json")
                sealed = content.pop("sha256", None)  # earlier ones have none
                if sealed in (None, own_hash(content)):  # `check` tells of others
                    found.append(Entry(**content))
    return sorted(found, key=lambda one: one.number, reverse=True)


def note(collection: Collection, action: str, key: int, kept: int) -> None:
    """Write into the log what was decided without moving a file."""
    with disk_errors():
        _log(collection, action, Entry("", key, "", "", "", kept, now()))


@contextmanager
def _alone(collection: Collection) -> Iterator[None]:
    with jobs.exclusive(collection.home, collection.name), disk_errors():
        entries = listed(collection)
        if any(_is_open(collection, one) for one in entries):
            known = KnownFiles(collection, collection.serving())
            for entry in entries:
                _settle_one(collection, entry, known)
        yield


def _is_open(collection: Collection, entry: Entry) -> bool:
    """Whether it may be between two states: what was done whole is in the log."""
    done = _folder(collection) / entry.number / "done"
    return not done.exists()


def _settle_one(collection: Collection, entry: Entry, known: KnownFiles) -> None:
    """Bring one entry to where it was before it was begun, or to its end."""
    live = any(
        known.file(place).key == entry.key and not known.file(place).removed
        for place in known.at(entry.path)
    )
    if not entry.file:
        if live:
            _forget(collection, entry)
        elif _is_open(collection, entry):
            _log(collection, "taken out", entry)
        return
    place, file = unescape(entry.path), _file(collection, entry)
    if not file.exists():
        if place.exists():  # never moved, or back already
            if not live:
                with suppress(StoreError):
                    restore(collection, [str(entry.key)])
            _forget(collection, entry)
        return
    if not place.exists():
        if live:  # moved, but it never left the collection
            _move(file, place, entry.id)
            _forget(collection, entry)
        elif _is_open(collection, entry):
            _log(collection, "moved to the trash", entry)
        return
    # both are there: copied but not yet taken away from the one place
    if _same_file(file, place) or (live and _digest(place) == entry.id):
        if not live:
            with suppress(StoreError):
                restore(collection, [str(entry.key)])
        file.unlink()
        _forget(collection, entry)


def _both(collection: Collection, key: int, kept: int) -> tuple[KnownFile, KnownFile]:
    known = KnownFiles(collection, collection.serving())
    found = []
    for one in (key, kept):
        places = [int(p) for p in (known.keys == one).nonzero()[0] if not known.removed[p]]
        if not places:
            raise RisError(
                "One of the two pictures is not in the collection any more.",
                "It was decided meanwhile, in another tab perhaps.",
            )
        found.append(known.file(places[0]))
    if key == kept:
        raise RisError("A picture can't be kept in its own place.")
    return found[0], found[1]


def _check_whole(collection: Collection, item: KnownFile) -> None:
    """Refuse where the file that is to be kept can't be read."""
    own = _own_file(item.path)
    if own is not None:
        if _digest(own) != item.id:
            raise RisError(
                f"{item.path}, which is to be kept, is gone or was changed.",
                "Bring the collection up to date first: Collection, Look for changes.",
            )
        return
    read_original(collection.upload_path(item.id), item.path, item.id)


def _own_file(path: str) -> Path | None:
    """The person's own file behind an item; None for what came out of an archive, and patches."""
    file, box = split_part(path)
    place = unescape(file)
    return place if box is None and place.is_absolute() else None


def _digest(path: Path) -> str:
    """sha256 of a file; empty where it can't be read, or is none."""
    try:
        if path.is_symlink() or not path.is_file():
            return ""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _move(source: Path, target: Path, content: str) -> None:
    """Move a file to a place where nothing is; it is whole at one of the two at any moment.

    Raises:
        RisError: Something is there, or the system refuses.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target, follow_symlinks=False)  # refuses to write over anything
        except FileExistsError as error:
            raise RisError(
                f"Something else lies at {escape(str(target))} now.", "Move it away first."
            ) from error
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK):
                raise
            _copy(source, target, content)
        sync_folder(target.parent)
        source.unlink()
        sync_folder(source.parent)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise refusal(error) from error
        reason = error.strerror or "the system refuses"
        raise RisError(f"{escape(str(source))} can't be moved: {reason.lower()}.") from error


def _copy(source: Path, target: Path, content: str) -> None:
    """Copy a file to another disk, or one without links; checked before it counts."""
    aside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        shutil.copy2(source, aside)
        sync_file(aside)
        if _digest(aside) != content:
            raise RisError(f"{escape(str(source))} could not be copied whole.", "Try again.")
        try:
            target.touch(exist_ok=False)  # nobody else can put anything there from now on
        except FileExistsError as error:
            raise RisError(f"Something else lies at {escape(str(target))} now.") from error
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)


def _same_file(one: Path, other: Path) -> bool:
    return one.stat().st_ino == other.stat().st_ino and one.stat().st_dev == other.stat().st_dev


def _is_live(collection: Collection, key: int) -> bool:
    known = KnownFiles(collection, collection.serving())
    return bool(((known.keys == key) & ~known.removed).any())


def _folder(collection: Collection) -> Path:
    return collection.folder / "trash"


def _file(collection: Collection, entry: Entry) -> Path:
    return _folder(collection) / entry.number / unescape(entry.file).name


def _forget(collection: Collection, entry: Entry) -> None:
    """Remove an entry that has no file in the trash any more."""
    folder = _folder(collection) / entry.number
    if entry.file and _file(collection, entry).exists():
        return
    (folder / "done").unlink(missing_ok=True)
    (folder / "entry.json").unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _log(collection: Collection, action: str, entry: Entry) -> None:
    """Append a line to the log, and mark the entry as done whole."""
    path = _folder(collection) / LOG
    path.parent.mkdir(exist_ok=True)
    fresh = not path.exists()
    facts = {**asdict(entry), "action": action, "time": now()}
    with path.open("a", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, extrasaction="ignore")
        if fresh:
            writer.writeheader()
        writer.writerow(facts)
        file.flush()
        os.fsync(file.fileno())
    if entry.number and (path.parent / entry.number).is_dir():
        (path.parent / entry.number / "done").touch()
