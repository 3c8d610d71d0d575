"""The members of a tar archive, one after the other, whatever is in it.

Of `tarfile` only the reader of a header's 512 bytes is used. The rest of it keeps every member,
takes names of any length into memory and ends in silence at a damaged header; a .tar.bz2 of 6 kB
kept it busy for hours (Python 3.11.7, 2026-11-23). `archives.py` is next.
"""

import bz2
import gzip
import lzma
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, Any, Protocol, cast

BLOCK = 512
PIECE = 2**20
MAX_NAME = 4096  # bytes; more than the name of any file on a disk
MAX_RECORDS = 2**20  # bytes of a member's PAX records
XZ_MEMORY = 256 * 2**20  # xz -9 takes 65 MiB; a file may ask for 4 GiB
# `length key=value`, with bounds, so that the time is linear in what is read
_RECORD = re.compile(rb"(\d{1,9}) ([^=]{1,100})=")


class UnpacksTooMuch(Exception):
    """More came out of an archive than was allowed."""


class Readable(Protocol):
    """What gives so many bytes, fewer only at its end."""

    def read(self, size: int, /) -> bytes:
        """So many bytes."""


@dataclass(frozen=True)
class Member:
    """What a tar archive holds.

    Attributes:
        name: As it stands there, cut after `MAX_NAME` bytes and one.
        kind: "file", "folder", "sparse" (a file stored with gaps) or "other" (a link, a device).
        size: Bytes of a file.
        modified: Seconds since 1970.
        data: A file's bytes, unless there are more than were asked for.
    """

    name: str
    kind: str
    size: int
    modified: float
    data: bytes = field(repr=False)


def open_tar(path: Path) -> IO[bytes]:
    """The bytes of a tar archive, unpacked as they are read.

    Raises:
        OSError: It can't be opened.
    """
    with path.open("rb") as file:
        begin = file.read(6)
    if begin.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.open(path))
    if begin.startswith(b"BZh"):
        return cast(IO[bytes], bz2.open(path))
    return BufferedReader(_Xz(path)) if begin == b"\xfd7zXZ\0" else path.open("rb")


def read_members(file: Readable, *, limit: int, largest: int) -> Iterator[Member]:
    """The members of a tar archive.

    Args:
        file: Its bytes.
        limit: How many bytes are read in all, at most.
        largest: Files of more bytes come without them.

    Raises:
        UnpacksTooMuch: There are more bytes than `limit`.
        EOFError: The archive is cut off.
        tarfile.TarError: It is damaged, or no tar archive.
    """
    stream = _Stream(file, limit)
    name, records = "", dict[bytes, bytes]()
    block = stream.block()
    if not block:
        raise EOFError("it is empty")
    while any(block):
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        if header.size < 0:
            raise tarfile.ReadError("a size below zero")
        if header.type == tarfile.GNUTYPE_LONGNAME:
            name = _text(stream.content(header.size, MAX_NAME + 1))
        elif header.type in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
            records |= _records(stream.content(header.size, MAX_RECORDS))
        elif header.type in (tarfile.XGLTYPE, tarfile.GNUTYPE_LONGLINK):
            stream.content(header.size, 0)
        else:
            more = 482  # where a header says that a block about a sparse file's gaps follows
            while header.type == tarfile.GNUTYPE_SPARSE and block[more]:
                block, more = stream.read(BLOCK), 504
            size = int(records.get(b"size", header.size))
            kind = _kind(header, records)
            # links and devices may tell a size, but only files and the unknown have content
            has_content = header.isreg() or header.type not in tarfile.SUPPORTED_TYPES
            wanted = size if kind == "file" and size <= largest else 0
            data = stream.content(size if has_content else 0, wanted)
            name = _text(records[b"path"]) if b"path" in records else name or header.name
            yield Member(name, kind, size, float(header.mtime), data)
            name, records = "", {}
        block = stream.block()
        if not block and (name or records):
            raise EOFError("it is cut off")


class _Stream:
    """Reads exactly what is asked for, up to a limit in all."""

    def __init__(self, file: Readable, limit: int) -> None:
        self._file = file
        self._left = limit

    def read(self, size: int) -> bytes:
        """So many bytes."""
        self._left -= size
        if self._left < 0:
            raise UnpacksTooMuch
        data = self._file.read(size)
        if len(data) < size:
            raise EOFError("it is cut off")
        return data

    def block(self) -> bytes:
        """The next block; empty at the end."""
        begin = self._file.read(1)
        self._left -= 1
        return begin + self.read(BLOCK - 1) if begin else b""

    def content(self, size: int, wanted: int) -> bytes:
        """So many of the bytes that follow a header; all of them are passed over."""
        data = self.read(min(size, wanted))
        left = size - len(data)
        while left:
            left -= len(self.read(min(left, PIECE)))
        self._file.read(-size % BLOCK)
        return data


class _Xz(RawIOBase):
    """The bytes in a file packed by xz. Unlike that of `lzma.open`, its memory is bounded."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._unpacker = _unpacker()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = b""
        while not data:
            fresh = b""
            if self._unpacker.eof:  # another stream may follow, after a padding of zeros
                fresh = (self._unpacker.unused_data + self._file.read(PIECE)).lstrip(b"\0")
                if not fresh:
                    return 0
                self._unpacker = _unpacker()
            elif self._unpacker.needs_input and not (fresh := self._file.read(PIECE)):
                raise EOFError("it is cut off")
            data = self._unpacker.decompress(fresh, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _unpacker() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)


def _kind(header: tarfile.TarInfo, records: dict[bytes, bytes]) -> str:
    sparse = any(key.startswith(b"GNU.sparse") for key in records)
    if sparse or header.type == tarfile.GNUTYPE_SPARSE:
        return "sparse"
    return "file" if header.isreg() else "folder" if header.isdir() else "other"


def _text(name: bytes) -> str:
    return name[: MAX_NAME + 1].split(b"\0")[0].decode("utf-8", "surrogateescape")


def _records(data: bytes) -> dict[bytes, bytes]:
    """The PAX records that are needed, as far as the data makes sense."""
    found, at = dict[bytes, bytes](), 0
    while match := _RECORD.match(data, at):
        end = at + int(match[1])
        if end <= match.end():
            break
        key, value = match[2], data[match.end() : min(end - 1, match.end() + MAX_NAME + 1)]
        if key == b"path" or key.startswith(b"GNU.sparse") or (key == b"size" and _is_size(value)):
            found[key] = value
        at = end
    return found


def _is_size(value: bytes) -> bool:
    return value.isdigit() and len(value) < 20
