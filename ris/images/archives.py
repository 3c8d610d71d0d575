"""The files of archives as a stream of entries, whatever is in them.

Nothing is ever extracted to a member's name; sizes, ratios, counts and names are bounded; what is
damaged becomes a skipped row.
"""

import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, FileIO
from itertools import islice
from pathlib import Path, PurePosixPath

from ris.errors import SourceError
from ris.images.decode import MAX_BYTES, TOO_MANY_BYTES
from ris.images.entries import DataEntry, Entry, Skipped, sensible_time
from ris.images.names import escape, readable
from ris.images.tars import MAX_NAME, PIECE, Member, UnpacksTooMuch, open_tar, read_members

ARCHIVES = (".zip", ".tar", ".tar.xz", ".tar.gz", ".tar.bz2", ".tgz", ".txz")
MAX_RATIO = 200  # a picture hardly shrinks in an archive; a bomb shrinks a thousandfold
MAX_MEMBERS = 2_000_000
# Bytes of a ZIP archive's directory: a million files with names of 80 bytes. `zipfile` takes it
# all into memory, at most 8 bytes for one.
MAX_DIRECTORY = 128 * 2**20
# bzip2 and LZMA in ZIP archives are left out: `zipfile` (3.11 to 3.14) unpacks them without a
# limit, so that 1.5 kB become 4 GB in memory.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What reading an archive raises when its bytes are wrong.
DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    EOFError,
    LookupError,
    OverflowError,
    RuntimeError,
    ValueError,
)

# Reasons that people read.
ARCHIVE_INSIDE = "An archive inside is not opened; give it as a source of its own"
BOMB = f"unpacks to over {MAX_RATIO} times its size, like a bomb"


class ZipArchive:
    """The files of a ZIP archive, read one by one; nothing is ever extracted to a member's name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = escape(str(path))

    def entries(self) -> Iterator[Entry | Skipped]:
        try:
            with _open_zip(self.path) as archive:
                # unless members share their bytes, the ratio holds for all as for each
                left = MAX_RATIO * self.path.stat().st_size
                for number, member in enumerate(_files(archive)):
                    path = _member_path(self.path.name, member.filename)
                    if number == MAX_MEMBERS:
                        yield _too_many(self.name)
                        return
                    if reason := _why_not(member):
                        yield Skipped(path, reason)
                        continue
                    left -= member.file_size
                    if left < 0:
                        yield Skipped(self.name, f"The archive {BOMB}; the rest was not read")
                        return
                    yield self._entry(archive, member, path)
        except DAMAGED as error:
            raise _unreadable(self.name, "ZIP", error) from error

    def _entry(
        self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: str
    ) -> Entry | Skipped:
        try:
            with archive.open(member) as file:
                data = b"".join(iter(lambda: file.read(PIECE), b""))
        except DAMAGED:
            return Skipped(path, "It is damaged in the archive")
        return DataEntry(path, readable(member.filename), size=len(data), data=data)

    def count(self) -> int | None:
        try:
            with _open_zip(self.path) as archive:
                return sum(1 for _ in islice(_files(archive), MAX_MEMBERS))
        except DAMAGED as error:
            raise _unreadable(self.name, "ZIP", error) from error


class TarArchive:
    """The files of a `.tar`, `.tar.xz`, `.tar.gz` or `.tar.bz2`, read as a stream."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = escape(str(path))

    def entries(self) -> Iterator[Entry | Skipped]:
        seen = 0
        try:
            limit = MAX_RATIO * self.path.stat().st_size
            with open_tar(self.path) as file:
                for member in read_members(file, limit=limit, largest=MAX_BYTES):
                    if member.kind == "folder" or _is_hidden(member.name):
                        continue
                    if seen == MAX_MEMBERS:
                        yield _too_many(self.name)
                        return
                    yield self._entry(member)
                    seen += 1
        except UnpacksTooMuch:
            yield Skipped(self.name, f"The archive {BOMB}; the rest was not read")
        except DAMAGED as error:
            if not seen:
                raise _unreadable(self.name, "tar", error) from error
            reason = f"The archive is damaged or cut off after {seen} files; the rest was not read"
            yield Skipped(self.name, reason)

    def _entry(self, member: Member) -> Entry | Skipped:
        path = _member_path(self.path.name, member.name)
        reason = _refused(member.name, member.size)
        if member.kind == "sparse":
            reason = "It is stored with gaps (a sparse file), which is not read"
        elif member.kind == "other":
            reason = "It is no file but a link or a device, which is not followed"
        if reason:
            return Skipped(path, reason)
        modified = sensible_time(member.modified)
        data = member.data
        return DataEntry(path, readable(member.name), modified, size=len(data), data=data)

    def count(self) -> int | None:
        return None


class _Frugal(BufferedReader):
    """A file that gives no more at once than a ZIP archive's directory may have."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY:
            raise zipfile.BadZipFile("the directory is too large")
        return super().read(size)


@contextmanager
def _open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    with _Frugal(FileIO(path)) as file, zipfile.ZipFile(file) as archive:
        yield archive


def _files(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    for member in archive.infolist():
        if not (member.filename.endswith("/") or _is_hidden(member.filename)):
            yield member


def _why_not(member: zipfile.ZipInfo) -> str:
    """Why a file of a ZIP archive is not taken, or nothing."""
    if member.flag_bits & 0x1:
        return "It is encrypted"
    if member.compress_type not in METHODS:
        return "It is packed in a way that is not read; only stored and deflated files are"
    if member.file_size > MAX_RATIO * max(member.compress_size, 1):
        return f"It {BOMB}"
    return _refused(member.filename, member.file_size)


def _refused(name: str, size: int) -> str:
    """Why a file of such a name and size is not taken, or nothing."""
    if not name:
        return "It has no name"
    if len(name) > MAX_NAME:
        return f"Its name is longer than {MAX_NAME:,} letters"
    if name.lower().endswith(ARCHIVES):
        return ARCHIVE_INSIDE
    return TOO_MANY_BYTES if size > MAX_BYTES else ""


def _too_many(name: str) -> Skipped:
    return Skipped(name, f"The archive has more than {MAX_MEMBERS:,} files; the rest was not read")


def _member_path(archive: str, member: str) -> str:
    shown = member if len(member) <= MAX_NAME else f"{member[:100]}…"
    return readable(f"{archive}/{shown}")


def _is_hidden(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/")).parts  # some programs write Windows' paths
    return any(part.startswith(".") and part != ".." for part in parts) or "__MACOSX" in parts


def _unreadable(name: str, kind: str, error: Exception) -> SourceError:
    if isinstance(error, FileNotFoundError | PermissionError):
        reason = (error.strerror or "").lower()
    elif isinstance(error, UnicodeDecodeError):
        reason = "a file in it has a name that is no text"
    elif "memory" in str(error).lower():
        reason = "to unpack it takes more memory than xz -9 needs"
    else:
        reason = f"it is damaged, cut off, or no {kind} archive"
    return SourceError(
        f"The archive {name} can't be read: {reason}.",
        "Check that it is complete, or unpack it and give the folder.",
    )
