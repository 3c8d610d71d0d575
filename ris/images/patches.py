"""A folder whose large pictures are cut: each patch comes as an entry of its own.

Sides are read in a worker, pixels of patches when they are decoded; the rest is as with a folder.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ris.errors import PictureError, SourceError
from ris.images.entries import Entry, FileEntry, Skipped
from ris.images.parts import NOWHERE, Box, Tiling, part_path, split_part
from ris.images.pool import map_entries
from ris.images.slides import MAX_PATCHES, bitmap, contrast, measure, read_window
from ris.images.sources import Folder, Source

EMPTY = "It is nearly empty"
S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True)
class PatchEntry(Entry):
    """A part of a file on disk.

    Attributes:
        location: Of the file, as the system knows it.
        file: Its path in the table.
        box: The part.
        empty: As in `Tiling`.
    """

    location: str = ""
    file: str = ""
    box: Box = NOWHERE
    empty: float = 0.0

    def read(self) -> bytes:
        pixels = read_window(Path(self.location), self.box)
        if self.empty and contrast(pixels) < self.empty:
            raise PictureError(EMPTY)
        return bitmap(pixels)


class CutFolder(Folder):
    """All pictures of a folder, the large ones cut into patches."""

    def __init__(self, root: Path, tiling: Tiling) -> None:
        super().__init__(root)
        self.tiling = tiling

    def entries(self) -> Iterator[Entry | Skipped]:
        for entry, found in map_entries(super().entries(), _measure, workers=1):
            if isinstance(found, Skipped):
                yield found
            elif isinstance(entry, FileEntry):
                yield from self._patches(entry, *found)

    def _patches(self, entry: FileEntry, width: int, height: int) -> Iterator[Entry | Skipped]:
        side = self.tiling.side
        if width <= side and height <= side:
            yield entry
            return
        if self.tiling.count(width, height) > MAX_PATCHES:
            yield Skipped(entry.path, f"It would become more than {MAX_PATCHES:,} patches")
            return
        for box in self.tiling.windows(width, height):
            yield PatchEntry(
                part_path(entry.path, box),
                entry.inside,
                entry.modified,
                imported=False,
                size=entry.size,
                location=entry.location,
                file=entry.path,
                box=box,
                empty=self.tiling.empty,
            )

    def count(self) -> int | None:
        return None  # it would measure every picture twice


def cut(source: Source, tiling: Tiling | None) -> Source:
    """A source whose large pictures are cut.

    Raises:
        SourceError: It is no folder: pictures out of an archive can't be read by windows.
    """
    if tiling is None:
        return source
    if not isinstance(source, Folder):
        raise SourceError(
            f"Pictures of {source.name} can't be cut, only those of a folder.",
            "Unpack it into a folder, or leave out --tiles.",
        )
    return CutFolder(source.root, tiling)


class LeftOut:
    """Patches that were left out for being nearly empty: they are no skipped files, but each
    picture tells how many of its patches they were."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def without(self, results: Iterable[tuple[S, T]]) -> Iterator[tuple[S, T]]:
        """Entries with their results, those of patches that are left out passed over."""
        for entry, result in results:
            if isinstance(result, Skipped) and result.reason == EMPTY:
                self._counts[split_part(result.path)[0]] += 1
            else:
                yield entry, result

    def told(self) -> list[Skipped]:
        """Rows of the list of skipped files, one for each picture."""
        return [
            Skipped(path, f"{number:,} of its patches are nearly empty and were left out")
            for path, number in self._counts.items()
        ]


def _measure(entry: Entry) -> tuple[int, int]:
    """Runs in a worker."""
    assert isinstance(entry, FileEntry)
    return measure(Path(entry.location))
