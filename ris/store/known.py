"""What a collection knows of its files: who is at a path, who has a content, removed ones too."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ris.images.entries import Skipped
from ris.images.names import FRAGMENT, unescape
from ris.images.parts import file_of, split_part
from ris.store.collection import Collection
from ris.store.files import verify
from ris.store.live import live_rows
from ris.store.manifest import Manifest
from ris.store.table import concatenate, read_table, write_skipped

REMOVED = "removed from the collection; add it again to bring it back"
_COLUMNS = ("key", "id", "path", "bytes", "modified")


@dataclass(frozen=True)
class KnownFile:
    """A row as far as it tells of a file.

    Attributes:
        row: Its position in the parts, counted through all of them.
        key: The item's.
        id: sha256 of the file's bytes, in hex.
        path: As in the table.
        bytes: Size of the file.
        modified: Microseconds since 1970, or None.
        removed: Whether the item was removed.
    """

    row: int
    key: int
    id: str
    path: str
    bytes: int
    modified: int | None
    removed: bool


def microseconds(modified: float | None) -> int | None:
    """A file's time in seconds since 1970 as the table keeps it."""
    return None if modified is None else round(modified * 1e6)


class KnownFiles:
    """The files of a generation's items, removed ones too until compaction.

    Holds paths and content ids in memory: some 300 bytes an item.

    Raises:
        StoreError: A part is missing or damaged.
    """

    def __init__(self, collection: Collection, manifest: Manifest) -> None:
        parts = [verify(collection.folder, part) for part in manifest.parts]
        tables = [read_table(part, _COLUMNS) for part in parts]
        table = concatenate(tables)
        self._rows = live_rows([one.column("key").to_numpy() for one in tables], ())
        if len(self._rows) < len(table) or (np.diff(self._rows) < 0).any():
            table = table.take(self._rows)
        keys: NDArray[np.int64] = table.column("key").to_numpy()
        self.keys = keys
        self.removed: NDArray[np.bool_] = np.isin(keys, np.asarray(manifest.deleted, np.int64))
        self._ids = table.column("id")
        self._paths = table.column("path")
        self._bytes = table.column("bytes").to_numpy()
        self._modified = table.column("modified").cast("int64").to_numpy(zero_copy_only=False)

    def __len__(self) -> int:
        return len(self.keys)

    def file(self, place: int) -> KnownFile:
        """The file at a place of this list, which is in the order of keys."""
        modified = self._modified[place]
        return KnownFile(
            row=int(self._rows[place]),
            key=int(self.keys[place]),
            id=self._ids[place].as_py(),
            path=self._paths[place].as_py(),
            bytes=int(self._bytes[place]),
            modified=None if np.isnan(modified) else int(modified),
            removed=bool(self.removed[place]),
        )

    def at(self, path: str) -> list[int]:
        """Places of the files that were at a path, the oldest first."""
        return self._by_path.of(path)

    def of_content(self, content_id: str) -> list[int]:
        """Places of the files of a content, the oldest first."""
        contents, places = self._contents
        found: list[int] = places[_of_content(contents, content_id)].tolist()
        return found

    def below(self, folder: str) -> NDArray[np.bool_]:
        """Which files lie below a folder, or are patches of a file, given as the table writes
        paths."""
        start = (folder.rstrip("/") + "/", folder + FRAGMENT)
        return np.array([path.startswith(start) for path in _texts(self._paths)], np.bool_)

    def moved_since(self, earlier: "KnownFiles") -> NDArray[np.int64]:
        """Keys of items that are not removed here and have other paths or times than earlier,
        removed there or not."""
        live = np.flatnonzero(~self.removed)
        keys, here, there = np.intersect1d(self.keys[live], earlier.keys, True, True)
        here = live[here]
        paths = [
            one._paths.take(places).to_numpy(zero_copy_only=False)
            for one, places in ((self, here), (earlier, there))
        ]
        times = self._modified[here], earlier._modified[there]
        same = (times[0] == times[1]) | (np.isnan(times[0]) & np.isnan(times[1]))
        moved: NDArray[np.int64] = keys[(paths[0] != paths[1]) | ~same]
        return moved

    def patches(self, file: str) -> list[int]:
        """Places of the patches of a file."""
        return self._by_file.get(file, [])

    def write_contents(self, file: Path) -> None:
        """Write what `has_content` looks in."""
        content = BytesIO()
        np.save(content, self._contents[0])
        file.write_bytes(content.getvalue())  # which tells why it fails, unlike `np.save`

    @cached_property
    def _contents(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """The first 16 bytes of every content id as numbers (N, 2), by the first of them, and
        the places that they come from."""
        found = bytes.fromhex("".join(one[:32] for one in _texts(self._ids)))
        halves = np.frombuffer(found, ">u8").reshape(-1, 2).astype(np.uint64)
        places = np.argsort(halves[:, 0], kind="stable")
        return halves[places], places

    @cached_property
    def _by_path(self) -> "_Places":
        return _Places(_texts(self._paths))

    @cached_property
    def _by_file(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for place, path in enumerate(_texts(self._paths)):
            file, box = split_part(path)
            if box is not None:
                found.setdefault(file, []).append(place)
        return found


@lru_cache(maxsize=1)
def _open_contents(file: Path) -> NDArray[np.uint64]:
    found: NDArray[np.uint64] = np.load(file, mmap_mode="r")
    return found


def has_content(file: Path, content_id: str) -> bool:
    """Whether a collection knows a content, by the file of `KnownFiles.write_contents`; for
    workers, without reading all of it."""
    return len(_of_content(_open_contents(file), content_id)) > 0


def _of_content(contents: NDArray[np.uint64], content_id: str) -> NDArray[np.int64]:
    """Rows of contents, (N, 2) by their first number, that are those of an id."""
    first, second = (np.uint64(int(content_id[start : start + 16], 16)) for start in (0, 16))
    start = np.searchsorted(contents[:, 0], first, "left")
    end = np.searchsorted(contents[:, 0], first, "right")
    return start + np.flatnonzero(contents[start:end, 1] == second)


def removed_by_hand(collection: Collection, manifest: Manifest) -> list[Skipped]:
    """Files that are still in their folders though their items were removed by hand.

    A generation that forgets which items were removed lists them as skipped, so that `sync` goes
    on passing them over.
    """
    by_hand = set(manifest.deleted).difference(manifest.gone)
    if not by_hand:
        return []
    known = KnownFiles(collection, manifest)
    files = (known.file(int(place)) for place in np.flatnonzero(known.removed))
    paths = {file.path for file in files if file.key in by_hand}
    listed = {one.path for one in collection.skipped() if one.reason == REMOVED}
    found = (path for path in sorted(paths - listed) if unescape(path).is_absolute())
    return [Skipped(path, REMOVED) for path in found if file_of(path).exists()]


def note_removed(collection: Collection, manifest: Manifest, folder: Path) -> Path | None:
    """The skipped files with those of `removed_by_hand`, written into a folder; None where there
    are none of these."""
    found = removed_by_hand(collection, manifest)
    if not found:
        return None
    path = folder / "skipped.parquet"
    write_skipped(path, [*collection.skipped(), *found])
    return path


class _Places:
    """Where in a list each text is: a tenth of the time and memory of a list for each."""

    def __init__(self, texts: list[str]) -> None:
        places = range(len(texts))
        self._first = dict(zip(reversed(texts), reversed(places), strict=True))
        self._more: dict[str, list[int]] = {}
        if len(self._first) < len(texts):
            firsts = np.fromiter(map(self._first.__getitem__, texts), np.int64, len(texts))
            for place in np.flatnonzero(firsts != np.arange(len(texts))).tolist():
                self._more.setdefault(texts[place], []).append(place)

    def of(self, text: str) -> list[int]:
        if (first := self._first.get(text)) is None:
            return []
        return [first, *self._more.get(text, ())]


def _texts(column: Any) -> list[str]:
    """An Arrow column of texts; by way of NumPy, which is five times as fast as `to_pylist`."""
    found: list[str] = column.to_numpy(zero_copy_only=False).tolist()
    return found
