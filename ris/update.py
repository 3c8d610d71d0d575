"""A published collection kept up with its pictures: additions, removals, what changed in folders.

Everything goes by the same way: what is known of the files (`store/known.py`) is held against what
is there now, only what is new is decoded and embedded, and a generation is published that names
the encoder, the graph and the parts of the one before. Runs in a job or on the command line.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from ris.changes import Changes, Updated
from ris.errors import SourceError
from ris.generate import Work
from ris.images.decode import check
from ris.images.entries import Entry, Skipped
from ris.images.labels import Labels
from ris.images.parts import Tiling, file_of, split_part
from ris.images.patches import LeftOut, PatchEntry, cut
from ris.images.pool import Decoded, decode_one, map_entries, with_data
from ris.images.prepare import content_id
from ris.images.sources import Folder, Source, open_source
from ris.images.workers import Workers
from ris.new_items import NewItems, publish_with
from ris.progress import Progress
from ris.scan import BATCH
from ris.store.collection import Collection
from ris.store.decoded import DecodedBefore, forget
from ris.store.known import REMOVED, KnownFile, KnownFiles, has_content, microseconds
from ris.store.live import read_live
from ris.store.manifest import Manifest
from ris.store.overviews import by_file, made_of_thumbnails, overview_id
from ris.store.table import (
    ROW_GROUP,
    read_rows,
    write_skipped,
)
from ris.store.thumbnails import Thumbnails


def add(
    collection: Collection, work: Work, sources: list[str], *, labels: str | None = None
) -> Updated:
    """Add the pictures of sources that the collection does not have yet.

    Files that are known by path, size and time are not read again; contents that are known are
    not decoded again. Files that were moved keep their items; removed ones come back.

    Args:
        collection: A published collection.
        work: What to run with.
        sources: Folders, archives or `demo`.
        labels: "folder", "none" or a CSV file; by default what the collection was made with.

    Raises:
        SourceError: A source or the labels can't be read.
        StoreError: Nothing is published, or the disk is full.
        BusyError: Something else was published meanwhile.
        Cancelled: The person gave up; nothing was added.
    """
    tiling = collection.tiling()
    opened = [_cut_if_folder(open_source(text), tiling) for text in sources]
    with Workers() as workers:
        workers.start()  # half a second, in which what a large collection has is read
        update = _Update(collection, work, Labels(labels or collection.info()["labels"]))
        update.take(opened, again=True, workers=workers)
    collection.note_sources(sources)
    return update.publish()


def compare(collection: Collection, work: Work) -> Changes:
    """What changed in the folders that the collection was made from; nothing is done about it.

    New files are looked at, not decoded: some may turn out damaged later.

    Raises:
        SourceError: A folder is not there: bring it back, as its pictures would count as gone.
        StoreError: Nothing is published.
        Cancelled: The person gave up.
    """
    update = _Update(collection, work, Labels("none"))
    update.look(_folders(collection))
    return update.changes


def sync(collection: Collection, work: Work) -> Updated:
    """Do about it what `compare` tells: add, correct, remove.

    Raises:
        SourceError, StoreError, BusyError, Cancelled: As `compare` and `add`.
    """
    folders = _folders(collection)
    update = _Update(collection, work, Labels(collection.info()["labels"]))
    update.take(folders)
    update.note_gone(folders)
    return update.publish()


def _folders(collection: Collection) -> list[Folder]:
    """The folders among the sources of a collection."""
    texts = collection.info()["sources"]
    tiling = collection.tiling()
    opened = [open_source(text) for text in texts if os.path.isabs(text)]
    cut_too = [_cut_if_folder(source, tiling) for source in opened]
    return [source for source in cut_too if isinstance(source, Folder)]


def _cut_if_folder(source: Source, tiling: Tiling | None) -> Source:
    """A source with its large pictures cut; those of an archive stay whole."""
    return cut(source, tiling) if isinstance(source, Folder) else source


@dataclass(frozen=True)
class _Content:
    """A file whose content is known; what a worker tells instead of decoding it."""

    id: str


@dataclass
class _Corrections:
    """Rows to be written again: by place among the known files, what is other about them."""

    places: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


class _Update:
    """One comparison of files with a collection, and the generation that comes of it.

    Args:
        collection: A published collection.
        work: What to run with.
        labels: Of new items.
    """

    def __init__(self, collection: Collection, work: Work, labels: Labels) -> None:
        self.collection = collection
        self.work = work
        self.labels = labels
        self.manifest = collection.serving()
        for name, kind in labels.columns.items():
            had = self.manifest.columns.get(name, kind)
            if had != kind:
                raise SourceError(
                    f"The column {name} holds {kind} values in {labels.choice}, "
                    f"but {had} values in the collection.",
                    "Rename the column, or correct its values.",
                )
        self.known = KnownFiles(collection, self.manifest)
        self.changes = Changes()
        self._next_key = collection.next_key()
        self._seen = np.zeros(len(self.known), np.bool_)
        self._gone: set[int] = set()  # keys that are removed, their files being gone
        self._replaced: set[int] = set()  # keys whose files hold other pictures now
        self._restored: set[int] = set()
        self._left_out = LeftOut()
        self._cut: set[str] = set()  # files of which patches came
        self._as_cut: dict[str, bool] = {}  # whether they are as they were when they were cut
        self._taken: set[str] = set()  # paths whose file is surely one of several items
        self._moved = _Corrections()
        self._copies = _Corrections()
        self._skipped: list[Skipped] = []
        self._read: set[str] = set()  # paths that were skipped once and are pictures now
        skipped = collection.skipped()
        self._known_skipped = {one.path for one in skipped}
        self._removed = {one.path for one in skipped if one.reason == REMOVED}
        self._contents = work.folder / "contents.npy"
        self.known.write_contents(self._contents)
        self._new: NewItems | None = None

    def look(self, sources: list[Folder]) -> None:
        """Count what changed; new files are looked at, not decoded."""
        looking = partial(_look_at, contents=self._contents)
        found = map_entries(self._unknown(sources, again=False), looking)
        for entry, result in self._left_out.without(found):
            self._judge(entry, result)
        self._replace_others()
        self.note_gone(sources)

    def take(
        self, sources: Iterable[Source], *, again: bool = False, workers: Workers | None = None
    ) -> None:
        """Decode, embed and keep what is new in the sources.

        Args:
            sources: What to go through.
            again: Whether files that were removed by hand come back.
            workers: Processes to decode in; by default new ones.
        """
        with NewItems(self.collection, self.manifest, self.labels, self.work) as new:
            self._new = new
            decode = partial(_decode_new, size=new.encoder.size, contents=self._contents)
            before = DecodedBefore(self.collection.folder, new.encoder.size)
            results = before.resume(
                self._unknown(sources, again=again),
                lambda rest: map_entries(rest, decode, processes=workers),
            )
            results = self._left_out.without(results)
            while batch := list(islice(results, BATCH)):
                self.work.stop.check()
                found = [
                    with_data(result, entry)
                    for entry, result in batch
                    if self._judge(entry, self._content(result)) and isinstance(result, Decoded)
                ]
                new.write(found, self._next_key)
                self._next_key += len(found)
            self._replace_others()
            self._copy_rows(new)
        self._skipped += self._left_out.told()

    def publish(self) -> Updated:
        """Let the changed collection serve; does nothing where nothing changed."""
        work, manifest = self.work, self.manifest
        skipped = self._write_skipped()
        if not (self.changes.any or skipped or self._moved.keys):
            return Updated(manifest, self.changes)
        new = self._new
        deleted = {*manifest.deleted, *self._gone, *self._replaced} - self._restored
        gone = {*manifest.gone, *self._gone, *self._replaced} - self._restored
        changed = replace(
            manifest,
            deleted=tuple(sorted(deleted)),
            gone=tuple(sorted(gone)),
            items=manifest.items
            + len(manifest.deleted)
            - len(deleted)
            + len(new.keys if new else ()),
            next_key=self._next_key,
            columns={**manifest.columns, **self.labels.columns},
        )
        published = publish_with(
            self.collection, work, changed, new, skipped, parent=manifest.generation
        )
        forget(self.collection, work.folder)
        self._draw_overviews(published)
        return Updated(published, self.changes)

    def _draw_overviews(self, published: Manifest) -> None:
        """Make the overviews of the pictures that were cut now."""
        cut_now = {file for file, as_cut in self._as_cut.items() if not as_cut}
        if not cut_now:
            return
        rows: list[dict[str, str]] = []
        for table in read_live(self.collection.folder, published, ["id", "path"], rows=ROW_GROUP):
            told = table.to_pylist()
            rows += [row for row in told if split_part(row["path"])[0] in cut_now]
        with Thumbnails(self.collection.folder / "thumbnails.sqlite") as thumbnails:
            for file, places, boxes in by_file([row["path"] for row in rows]):
                ids = [rows[place]["id"] for place in places]
                made = made_of_thumbnails(thumbnails, boxes, ids)
                thumbnails.replace(overview_id(file), made)

    # -- judging ----------------------------------------------------------------------------------

    def _unknown(self, sources: Iterable[Source], *, again: bool) -> Iterator[Entry | Skipped]:
        """What must be read to be told from what is known."""
        done = 0
        for source in sources:
            for entry in source.entries():
                done += 1
                if done % BATCH == 0:
                    self.work.stop.check()
                    self.work.on_progress(Progress("scan", done, None))
                if isinstance(entry, Skipped) or not self._is_known(entry, again=again):
                    yield entry

    def _is_known(self, entry: Entry, *, again: bool) -> bool:
        """Whether path, size and time tell that a file is as it was."""
        if isinstance(entry, PatchEntry):
            self._cut.add(entry.file)
        for found in self.known.at(entry.path):
            file = self.known.file(found)
            if not _same(file, entry.size, entry.modified):
                continue
            if len(self.known.at(entry.path)) > 1:
                self._take_place(entry)
            if file.removed:
                if not (again or file.key in self.manifest.gone):
                    return True  # a person removed it; that it is still there is no news
                self._restored.add(file.key)
                self._count("restored")
            else:
                self._count("same")
            self._seen[found] = True
            return True
        if isinstance(entry, PatchEntry) and self._was_cut(entry):
            return True  # it was left out, or removed
        live = any(not self.known.removed[found] for found in self.known.at(entry.path))
        return entry.path in self._removed and not again and not live

    def _was_cut(self, entry: PatchEntry) -> bool:
        """Whether other patches tell that the file is as it was when it was cut."""
        if entry.file not in self._as_cut:
            others = self.known.patches(entry.file)
            files = map(self.known.file, others)
            same = any(_same(file, entry.size, entry.modified) for file in files)
            self._as_cut[entry.file] = same
        return self._as_cut[entry.file]

    def _judge(self, entry: Entry | Skipped, found: object) -> bool:
        """Note what a file is to the collection; whether it is a new picture."""
        if isinstance(found, Skipped):
            self._skipped.append(found)
            if found.path not in self._known_skipped:
                self._count("unreadable")
            for place_ in self.known.at(found.path):
                self._seen[place_] = True  # what can't be read now is not gone
            return False
        assert isinstance(entry, Entry)
        if entry.path in self._known_skipped:
            self._read.add(entry.path)
        places = self.known.of_content(found.id) if isinstance(found, _Content) else []
        if places and self._is_item(entry, places):
            return False
        live = [i for i in self.known.at(entry.path) if not self.known.removed[i]]
        if live and not entry.imported:
            self._seen[live] = True
            self._replaced.update(self.known.keys[live].tolist())
            self._count("changed")
        else:
            self._count("new")
        if places:  # a copy of a known picture: an item of its own, but not decoded again
            self._correct(self._copies, places[0], self._next_key, entry)
            self._next_key += 1
        return not places

    def _is_item(self, entry: Entry, places: list[int]) -> bool:
        """Whether a file of a known content is an item: touched, back, or moved."""
        files = {found: self.known.file(found) for found in places}
        if entry.imported and not all(file.removed for file in files.values()):
            self._count("same")
            return True
        here = [found for found, file in files.items() if file.path == entry.path]
        moved = [found for found, file in files.items() if not file.removed and _has_left(file)]
        for found in (*here, *moved):
            if not self._seen[found]:
                file = files[found]
                self._seen[found] = True
                self._take_place(entry)
                self._correct(self._moved, found, file.key, entry)
                if file.removed:
                    self._restored.add(file.key)
                restored = "restored" if file.removed else "same"
                self._count("moved" if file.path != entry.path else restored)
                return True
        return False

    def _content(self, result: object) -> object:
        """What a worker tells of a file, also where it was decoded before, when its content may
        have been unknown."""
        if isinstance(result, Decoded) and has_content(self._contents, result.picture.id):
            return _Content(result.picture.id)
        return result

    def _correct(self, rows: _Corrections, found: int, key: int, entry: Entry) -> None:
        rows.places.append(found)
        rows.keys.append(key)
        rows.entries.append(entry)

    def _take_place(self, entry: Entry) -> None:
        """Note that an item lies at a path; others that lay there do so no more."""
        if not entry.imported and self.known.at(entry.path):
            self._taken.add(entry.path)

    def _replace_others(self) -> None:
        """Remove the items whose files were replaced by those of other items, as by moving one
        file over another, or by putting an earlier picture back."""
        for path in self._taken:
            for found in self.known.at(path):
                if not (self._seen[found] or self.known.removed[found]):
                    self._seen[found] = True
                    self._replaced.add(int(self.known.keys[found]))
                    self._count("gone")

    def note_gone(self, folders: list[Folder]) -> None:
        """Take the items out whose files are no longer in the folders."""
        below = np.zeros(len(self.known), np.bool_)
        for folder in folders:
            below |= self.known.below(folder.name)
        for found in np.flatnonzero(below & ~self._seen & ~self.known.removed):
            self.work.stop.check()
            file = self.known.file(int(found))
            # a patch of a file that is smaller now, say, is gone too
            if _is_gone(file.path) or split_part(file.path)[0] in self._cut:
                self._gone.add(file.key)
                self._count("gone")

    def _count(self, what: str) -> None:
        self.changes = replace(self.changes, **{what: getattr(self.changes, what) + 1})

    # -- writing ----------------------------------------------------------------------------------

    def _copy_rows(self, new: "NewItems") -> None:
        """Write rows of known contents again, with what is other about them."""
        ends = np.cumsum([0, *(part.rows for part in self.manifest.parts)])
        for rows, are_new in ((self._moved, False), (self._copies, True)):
            at = np.array([self.known.file(i).row for i in rows.places], np.int64)
            for part, first, end in zip(self.manifest.parts, ends, ends[1:], strict=False):
                mine = np.flatnonzero((at >= first) & (at < end))
                if len(mine) == 0:
                    continue
                wanted, back = np.unique(at[mine] - first, return_inverse=True)
                table = read_rows(self.collection.folder / part.file, wanted).take(back)
                entries = [rows.entries[i] for i in mine]
                keys = [rows.keys[i] for i in mine]
                new.write_again(table, keys, entries, are_new=are_new)

    def _write_skipped(self) -> Path | None:
        """The skipped files of the collection with those found now; None where nothing changed."""
        found = {one.path for one in self._skipped}
        if not (found - self._known_skipped or self._read & self._known_skipped):
            return None
        path = self.work.folder / "skipped.parquet"
        known = [one for one in self.collection.skipped() if one.path not in found | self._read]
        write_skipped(path, [*known, *self._skipped])
        return path


def _decode_new(entry: Entry, size: int, contents: Path) -> Decoded | _Content:
    """Runs in a worker: decode a file unless its content is known."""
    data = entry.read()
    content = content_id(data)
    if has_content(contents, content):
        return _Content(content)
    return decode_one(entry, size, data=data)


def _look_at(entry: Entry, contents: Path) -> _Content | None:
    """Runs in a worker: the content if it is known; None for what seems to be a new picture."""
    data = entry.read()
    content = content_id(data)
    if has_content(contents, content):
        return _Content(content)
    check(data)
    return None


def _same(file: KnownFile, size: int | None, modified: float | None) -> bool:
    """Whether size and time are those of a known file, up to the rounding of the time."""
    now = microseconds(modified)
    if now is None or file.modified is None:
        return False
    return file.bytes == size and abs(now - file.modified) <= 1


def _is_gone(path: str) -> bool:
    """Whether there is surely nothing at an item's path; in doubt it is not gone."""
    place_ = file_of(path)
    if not place_.is_absolute():
        return False  # out of an archive: its copy is in the collection
    try:
        os.lstat(place_)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        pass  # a folder that may not be looked into, say
    return False


def _has_left(file: KnownFile) -> bool:
    """Whether an item's path holds nothing any more, or something else."""
    if _is_gone(file.path):
        return True
    try:
        facts = os.lstat(file_of(file.path))
    except OSError:
        return False
    return not _same(file, facts.st_size, facts.st_mtime)
