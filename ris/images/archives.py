"""The files of archives as a stream of entries, whatever is in them.

Nothing is ever extracted to a member's name; sizes, ratios and counts are bounded; what is damaged
becomes a skipped row.
"""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO

from ris.errors import PictureError, SourceError
from ris.images.decode import MAX_BYTES
from ris.images.entries import DataEntry, Entry, Skipped
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
        return DataEntry(path, readable(member.filename), size=len(data), data=data)

    def count(self) -> int | None:
        try:
            with zipfile.ZipFile(self.path) as archive:
                return sum(
                    1 for m in archive.infolist() if not (m.is_dir() or _is_hidden(m.filename))
                )
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise _unreadable(self.name, error) from error


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
        data = file.read()
        inside = readable(member.name)
        return DataEntry(path, inside, float(member.mtime), size=len(data), data=data)

    def count(self) -> int | None:
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
