"""Where pictures come from: a folder, an archive, the demo.

A source is listed as a stream of entries, never as a whole, and every file that is no picture
becomes a skipped row with a reason a person understands. `pool.py` decodes the entries.
"""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Protocol

from ris.errors import PictureError, SourceError
from ris.images.archives import ARCHIVE_INSIDE, ARCHIVES, TarArchive, ZipArchive
from ris.images.decode import cannot_read, check_regular
from ris.images.entries import DrawnEntry, Entry, FileEntry, Skipped, sensible_time
from ris.images.names import escape, readable


class Source(Protocol):
    """A place that pictures come from."""

    name: str

    def entries(self) -> Iterator[Entry | Skipped]:
        """Every file in a stable order; what can't be a picture comes as `Skipped`."""

    def count(self) -> int | None:
        """How many entries there are, or None if only reading the whole would tell."""


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
        reason = getattr(error, "strerror", None) or "it is no path"
        raise SourceError(
            f"{escape(text[:200])} can't be read: {reason.lower()}.", "Give another path."
        ) from error
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
            try:
                if isinstance(one, os.DirEntry) and not one.is_dir(follow_symlinks=False):
                    yield self._entry(one)
                    continue
                with os.scandir(one) as found:
                    children = [child for child in found if not child.name.startswith(".")]
            except OSError as error:
                yield Skipped(escape(os.fspath(one)), cannot_read(error))
                continue
            children.sort(key=lambda child: child.name, reverse=True)
            waiting += children

    def _entry(self, child: os.DirEntry[str]) -> Entry | Skipped:
        path = escape(child.path)
        try:
            facts = child.stat(follow_symlinks=False)
            check_regular(facts)
        except OSError as error:
            return Skipped(path, cannot_read(error))
        except PictureError as error:
            return Skipped(path, error.message)
        if child.name.lower().endswith(ARCHIVES):
            return Skipped(path, ARCHIVE_INSIDE)
        inside = readable(os.path.relpath(child.path, self.root).replace(os.sep, "/"))
        return FileEntry(
            path,
            inside,
            sensible_time(facts.st_mtime),
            imported=False,
            size=facts.st_size,
            location=child.path,
        )

    def count(self) -> int | None:
        return sum(1 for _ in self.entries())


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


def folder_label(inside: str) -> str | None:
    """The label that a file's folder gives it: the name of the folder it lies in; one that is
    merely called images is passed over for the one above. None at the top of a source."""
    for name in reversed(PurePosixPath(inside).parts[:-1]):
        if name.lower() not in ("images", "image", "img", "imgs", "pictures", "..", "/"):
            return name
    return None
