"""Where pictures come from: a folder, an archive, the demo.

A source is listed as a stream of entries, never as a whole, and every file that is no picture
becomes a skipped row with a reason a person understands. `pool.py` decodes the entries.
"""

import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from ris.errors import PictureError, SourceError
from ris.images.decode import MAX_BYTES, read_file
from ris.images.names import escape, readable

ARCHIVES = (".zip", ".tar", ".tar.xz", ".tar.gz", ".tar.bz2", ".tgz", ".txz")
MAX_RATIO = 200  # a picture hardly shrinks in an archive; a bomb shrinks a thousandfold
# What reading an archive raises when its bytes are wrong.
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
)
MAX_MEMBERS = 20_000_000


@dataclass(frozen=True)
class Skipped:
    """A file that did not become an item, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Entry:
    """A file that may be a picture; it can be sent to another process.

    Attributes:
        path: Its name for people, as UTF-8 text; the real path for files on disk.
        inside: Its path inside the source with forward slashes; labels come from it.
        modified: Seconds since 1970, or None if unknown.
        imported: Whether the bytes must be copied into the collection (archives, the demo), or
            can be read again from `path`.
    """

    path: str
    inside: str
    modified: float | None = None
    imported: bool = True

    def read(self) -> bytes:
        """The file's bytes.

        Raises:
            PictureError: They can't be read.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class FileEntry(Entry):
    """A file on disk; `location` is its path as the system knows it."""

    location: str = ""

    def read(self) -> bytes:
        return read_file(Path(self.location))


@dataclass(frozen=True)
class DataEntry(Entry):
    """A file out of an archive or a data set, its bytes at hand."""

    data: bytes = b""

    def read(self) -> bytes:
        return self.data


@dataclass(frozen=True)
class DrawnEntry(Entry):
    """A picture of the demo collection, drawn when it is read."""

    family: str = ""
    number: int = 0

    def read(self) -> bytes:
        from ris.images.demo import draw

        file = BytesIO()
        draw(self.family, self.number).save(file, "JPEG", quality=90)
        return file.getvalue()


class Source(Protocol):
    """A place that pictures come from."""

    name: str

    def entries(self) -> Iterator[Entry | Skipped]:
        """Every file in a stable order; what can't be a picture comes as `Skipped`."""

    def count(self) -> int | None:
        """How many entries there are, or None if only reading the whole would tell."""

    def sample(self, count: int) -> Iterator[Entry | Skipped]:
        """About `count` entries from all over the source, or its first ones if others cost as
        much as reading all."""


def open_source(text: str) -> Source:
    """The source a person named: `demo`, a folder or an archive.

    Raises:
        SourceError: There is nothing of that kind.
    """
    if text == "demo":
        return Demo()
    path = Path(os.path.expanduser(text))
    try:
        path.stat()
    except FileNotFoundError as error:
        raise SourceError(
            f"There is nothing at {escape(text)}.",
            "Give a folder, an archive (.zip, .tar, .tar.xz), demo, or keras:cifar10.",
        ) from error
    except (OSError, ValueError) as error:
        raise SourceError(f"{escape(text[:200])} can't be read: {error}.") from error
    if path.is_dir():
        return Folder(path.resolve())
    lower = path.name.lower()
    if path.is_file() and lower.endswith(".zip"):
        return ZipArchive(path.resolve())
    if path.is_file() and lower.endswith(ARCHIVES):
        return TarArchive(path.resolve())
    raise SourceError(
        f"{escape(text)} is neither a folder nor an archive.",
        f"Give a folder, or an archive whose name ends in {', '.join(ARCHIVES)}.",
    )


class Folder:
    """All files of a folder and its folders, in the order of their names, links left out."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.name = escape(str(root))

    def entries(self) -> Iterator[Entry | Skipped]:
        waiting: list[os.DirEntry[str] | str] = [str(self.root)]
        while waiting:
            one = waiting.pop()
            if isinstance(one, os.DirEntry) and not one.is_dir(follow_symlinks=False):
                yield self._entry(one)
                continue
            try:
                with os.scandir(one) as found:
                    children = [child for child in found if not child.name.startswith(".")]
            except OSError as error:
                yield Skipped(escape(os.fspath(one)), f"can't be read: {error.strerror}")
                continue
            children.sort(key=lambda child: child.name, reverse=True)
            waiting += children

    def _entry(self, child: os.DirEntry[str]) -> Entry | Skipped:
        path = escape(child.path)
        try:
            facts = child.stat(follow_symlinks=False)
        except OSError as error:
            return Skipped(path, f"can't be read: {error.strerror}")
        if stat.S_ISLNK(facts.st_mode):
            return Skipped(path, "a link; links are not followed")
        if not stat.S_ISREG(facts.st_mode):
            return Skipped(path, "not a regular file")
        if child.name.lower().endswith(ARCHIVES):
            return Skipped(path, "an archive inside a folder; give it as a source of its own")
        inside = readable(os.path.relpath(child.path, self.root).replace(os.sep, "/"))
        return FileEntry(path, inside, facts.st_mtime, imported=False, location=child.path)

    def count(self) -> int | None:
        return sum(1 for _ in self.entries())

    def sample(self, count: int) -> Iterator[Entry | Skipped]:
        return islice(self.entries(), 0, None, max((self.count() or 0) // count, 1))


class ZipArchive:
    """The files of a ZIP archive, read one by one; nothing is ever extracted to a member's name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = escape(str(path))

    def entries(self) -> Iterator[Entry | Skipped]:
        try:
            with zipfile.ZipFile(self.path) as archive:
                for member in islice(archive.infolist(), MAX_MEMBERS):
                    if not (member.is_dir() or _is_hidden(member.filename)):
                        yield self._entry(archive, member)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise _unreadable(self.name, error) from error

    def _entry(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Entry | Skipped:
        path = _member_path(self.path.name, member.filename)
        if member.flag_bits & 0x1:
            return Skipped(path, "encrypted")
        if member.file_size > MAX_RATIO * max(member.compress_size, 1):
            return Skipped(path, f"unpacks to over {MAX_RATIO} times its size, like a bomb")
        try:
            with archive.open(member) as file:
                data = _read_bounded(file)
        except PictureError as error:
            return Skipped(path, error.message)
        except DAMAGED as error:
            return Skipped(path, f"damaged in the archive: {error}")
        return DataEntry(path, readable(member.filename), data=data)

    def count(self) -> int | None:
        try:
            with zipfile.ZipFile(self.path) as archive:
                return sum(
                    1 for m in archive.infolist() if not (m.is_dir() or _is_hidden(m.filename))
                )
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise _unreadable(self.name, error) from error

    def sample(self, count: int) -> Iterator[Entry | Skipped]:
        return islice(self.entries(), count)


class TarArchive:
    """The files of a `.tar`, `.tar.xz`, `.tar.gz` or `.tar.bz2`, read as a stream."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = escape(str(path))

    def entries(self) -> Iterator[Entry | Skipped]:
        seen, left = 0, MAX_RATIO * self.path.stat().st_size
        try:
            with tarfile.open(self.path, "r|*") as archive:
                for member in islice(archive, MAX_MEMBERS):
                    left -= member.size
                    if left < 0:
                        reason = f"unpacks to over {MAX_RATIO} times its size, like a bomb"
                        yield Skipped(self.name, f"{reason}; read up to {member.name!r}")
                        return
                    if member.isdir() or _is_hidden(member.name):
                        continue
                    yield self._entry(archive, member)
                    seen += 1
        except (tarfile.TarError, *DAMAGED) as error:
            if not seen:
                raise _unreadable(self.name, error) from error
            yield Skipped(self.name, f"the archive is damaged after {seen} files: {error}")

    def _entry(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> Entry | Skipped:
        path = _member_path(self.path.name, member.name)
        if not member.isreg():
            return Skipped(path, "not a regular file (links and devices are not followed)")
        if member.size > MAX_BYTES:
            return Skipped(path, f"larger than {MAX_BYTES // 2**20} MiB")
        file = archive.extractfile(member)
        if file is None:
            return Skipped(path, "not a regular file")
        return DataEntry(path, readable(member.name), float(member.mtime), data=file.read())

    def count(self) -> int | None:
        return None

    def sample(self, count: int) -> Iterator[Entry | Skipped]:
        return islice(self.entries(), count)


class Demo:
    """The built-in collection, drawn by our own code."""

    name = "demo"
    PER_FAMILY = 120  # 2,040 pictures, drawn in about 20 s on two cores

    def entries(self) -> Iterator[Entry | Skipped]:
        from ris.images.demo import FAMILIES

        for family in FAMILIES:
            for number in range(self.PER_FAMILY):
                inside = f"{family}/{number:03}.jpg"
                yield DrawnEntry(f"demo/{inside}", inside, family=family, number=number)

    def count(self) -> int | None:
        from ris.images.demo import FAMILIES

        return len(FAMILIES) * self.PER_FAMILY

    def sample(self, count: int) -> Iterator[Entry | Skipped]:
        return islice(self.entries(), 1)  # they are all of one size


def folder_label(inside: str) -> str | None:
    """The label that a file's folder gives it: the name of the folder it lies in; one that is
    merely called images is passed over for the one above. None at the top of a source."""
    for name in reversed(PurePosixPath(inside).parts[:-1]):
        if name.lower() not in ("images", "image", "img", "imgs", "pictures", "..", "/"):
            return name
    return None


def _member_path(archive: str, member: str) -> str:
    return readable(f"{archive}/{member}")


def _is_hidden(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part.startswith(".") and part != ".." for part in parts) or "__MACOSX" in parts


def _read_bounded(file: IO[bytes]) -> bytes:
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise PictureError(f"larger than {MAX_BYTES // 2**20} MiB")
    return data


def _unreadable(name: str, error: Exception) -> SourceError:
    return SourceError(
        f"The archive {name} can't be read: {error}",
        "Check that it is complete, or unpack it and give the folder.",
    )
