"""A file that may be a picture, before it is read; and one that is none, with the reason."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from ris.images.decode import read_file
from ris.images.prepare import content_id


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
        size: Bytes of the file, or None if unknown.
    """

    path: str
    inside: str
    modified: float | None = None
    imported: bool = True
    size: int | None = None

    def read(self) -> bytes:
        """The file's bytes.

        Raises:
            PictureError: They can't be read.
        """
        raise NotImplementedError

    def content(self) -> str | None:
        """The content id, where it can be told without reading a file."""
        return None


def sensible_time(seconds: float) -> float | None:
    """A time that a calendar has (years 1 to 9999), else None; files and archives may tell any."""
    return seconds if -62_135_596_800 <= seconds < 253_402_300_800 else None


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

    def content(self) -> str:
        return content_id(self.data)


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
