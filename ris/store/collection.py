"""A collection on disk: its generations, the pointer to the serving one, and how one is published.

```
models/<collection>/
  collection.json   CURRENT   writer.lock   skipped.parquet   thumbnails.sqlite
  parts/<uuid>.parquet   generations/<id>/{manifest.json,graph.hnsw,map.parquet}
  encoders/<digest>/{autoencoder.keras,encoder.onnx,autoencoder.onnx,familiar.npz,training.json}
  uploads/<aa>/<content id>   jobs/<id>/   trash/
```

Nothing that is being served is changed in place: a new generation is written beside the old one
and one pointer is moved. All writers hold `writer.lock` around read, change and write.
"""

import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ris.errors import BusyError, NewerError, StoreError
from ris.images.entries import Skipped
from ris.images.parts import Tiling
from ris.store.files import (
    disk_errors,
    own_hash,
    read_json,
    repair_hint,
    sync_file,
    sync_folder,
    verify,
    write_atomic,
    write_json,
)
from ris.store.manifest import FORMAT_VERSION, Manifest, read_manifest, write_manifest
from ris.store.table import read_skipped, read_table
from ris.store.thumbnails import Thumbnails

LOCK_SECONDS = 10
KEPT = 2  # generations; with one, 20 of 2,141 concurrent readers failed, with two 0 of 4,019
_POINTER = re.compile(r"(\d{8})(?: ([0-9a-f]{8}))?")  # earlier ones lack the manifest's hash
_NAME = re.compile(r"[^\W_][\w .-]{0,62}(?<![ .])")


def now() -> str:
    """This moment, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def collections(home: Path) -> list[str]:
    """The names of all collections, finished or being created, sorted."""
    if not home.is_dir():
        return []
    return sorted(folder.name for folder in home.glob("[!.]*") if _is_collection(folder))


def _is_collection(folder: Path) -> bool:
    """Whether a folder holds a collection, be its `collection.json` lost."""
    return (folder / "collection.json").is_file() or _is_published(folder)


def _is_published(folder: Path) -> bool:
    return any((folder / "generations").glob("*/manifest.json"))


def check_name(name: str) -> str:
    """A name that can be a folder on every system.

    Raises:
        StoreError: It can't.
    """
    if not _NAME.fullmatch(name):
        raise StoreError(
            f"{name!r} can't be a collection's name.",
            "Use up to 63 letters, digits, spaces, dots, - and _; begin with a letter or digit.",
        )
    return name


@dataclass(frozen=True)
class Pointed:
    """What CURRENT leads to.

    Attributes:
        generation: Id of the serving generation; None while nothing has been published.
        problem: What is wrong with the pointer, for people, if another generation than the one it
            named may be serving.
    """

    generation: str | None
    problem: str = ""


@dataclass(frozen=True)
class Draft:
    """A generation before it is published: its facts, and where its new files lie.

    Attributes:
        manifest: Complete but for id, parent and time; files named as they will be, with
            `{generation}` for the id.
        files: New files by the name that the manifest gives them.
        skipped: A Parquet file of skipped files that replaces the collection's, or None.
    """

    manifest: Manifest
    files: dict[str, Path]
    skipped: Path | None = None


class Collection:
    """One collection of a home.

    Args:
        home: Folder of all collections.
        name: The collection's name.

    Raises:
        StoreError: There is none of that name.
    """

    def __init__(self, home: Path, name: str) -> None:
        self.home = home
        self.name = check_name(name)
        self.folder = home / name
        if not _is_collection(self.folder):
            known = ", ".join(collections(home)) or "none yet"
            raise StoreError(f"There is no collection {name!r} (known: {known}).", CREATE_HINT)

    @classmethod
    def create(
        cls,
        home: Path,
        name: str,
        sources: list[str],
        labels: str,
        settings: Mapping[str, str] | None = None,
        *,
        tiling: Tiling | None = None,
    ) -> "Collection":
        """Make an empty collection, or start an unfinished one again.

        Large pictures are cut as `tiling` says.

        Raises:
            StoreError: It exists and has been published, or the name can't be used.
        """
        cls.check_new(home, name)
        folder = home / name
        for gone in home.glob(".deleted-*"):
            shutil.rmtree(gone, ignore_errors=True)  # a removal that was killed
        with disk_errors():
            folder.mkdir(parents=True, exist_ok=True)
            info = _new_info(name, now(), sources, labels, settings or {})
            _write_info(folder, {**info, **({"tiles": asdict(tiling)} if tiling else {})})
        return cls(home, name)

    @staticmethod
    def check_new(home: Path, name: str) -> None:
        """Refuse a name that a published collection has.

        Raises:
            StoreError: It exists and has been published, or the name can't be used.
        """
        if _is_published(home / check_name(name)):
            raise StoreError(
                f"The collection {name!r} exists.",
                f"Choose another name, or remove it first: python -m ris delete {name!r}",
            )

    def info(self) -> dict[str, Any]:
        """What `collection.json` says: name, created, sources, labels, settings.

        Raises:
            StoreError: It is missing or damaged.
        """
        hint = repair_hint(self.folder)
        try:
            content = read_json(self.folder / "collection.json")
        except StoreError as error:
            raise StoreError(error.message, hint) from error
        sealed = content.pop("sha256", None)  # earlier ones have none
        if sealed not in (None, own_hash(content)):
            raise StoreError("collection.json is damaged: its own hash does not match.", hint)
        if lost := {"name", "created", "sources", "labels", "settings"} - content.keys():
            raise StoreError(f"collection.json does not tell {', '.join(sorted(lost))}.", hint)
        return content

    def tiling(self) -> Tiling | None:
        """How large pictures of the sources are cut; None where they are not.

        Raises:
            StoreError: `collection.json` is missing or damaged.
        """
        told = self.info().get("tiles")
        try:
            return None if told is None else Tiling(**told)
        except TypeError as error:
            raise StoreError("collection.json tells how pictures are cut, but not so.") from error

    def write_info(self, info: Mapping[str, Any]) -> None:
        """Replace what `info` gives; the caller holds the writers' lock."""
        _write_info(self.folder, info)

    def training(self, encoder: str) -> dict[str, Any]:
        """What `training.json` says of an encoder, by its digest: settings, history, report card.

        Raises:
            StoreError: It is missing or damaged.
        """
        path = self.folder / "encoders" / encoder / "training.json"
        for manifest in self.generations():
            facts = manifest.encoder_file(path.name)
            if manifest.encoder == encoder and facts is not None:
                verify(self.folder, facts)
                break
        return read_json(path)

    def current(self) -> str | None:
        """Id of the serving generation; None while nothing has been published.

        A lost or damaged pointer is replaced by the newest complete generation.
        """
        return self.pointed().generation

    def pointed(self) -> Pointed:
        """The serving generation, and what is wrong with the pointer to it."""
        try:
            text = (self.folder / "CURRENT").read_bytes().decode("ascii", "replace").strip()
        except FileNotFoundError:
            found = self.generations()
            # none, or one: its writer was killed just before it wrote the pointer
            problem = "CURRENT is missing." if len(found) > 1 else ""
            return Pointed(found[-1].generation if found else None, problem)
        except OSError as error:
            problem = f"CURRENT can't be read: {error.strerror}."
        else:
            problem = "CURRENT is damaged."
            if match := _POINTER.fullmatch(text):
                generation, seal = match.groups()
                if not self._manifest_path(generation).exists():
                    problem = f"generations/{generation}/manifest.json is missing."
                elif self._is_sealed(generation, seal or ""):
                    return Pointed(generation)
        found = self.generations()
        return Pointed(found[-1].generation if found else None, problem)

    def _is_sealed(self, generation: str, seal: str) -> bool:
        """Whether a manifest's hash begins so; also where the manifest is damaged, which whoever
        opens it is told."""
        try:
            return read_manifest(self._manifest_path(generation)).sha256.startswith(seal)
        except StoreError:
            return True

    def manifest(self, generation: str) -> Manifest:
        """The manifest of a generation.

        Raises:
            StoreError: There is none, or it is damaged.
        """
        if not self._manifest_path(generation).is_file():
            known = ", ".join(m.generation for m in self.generations()) or "none"
            raise StoreError(
                f"{self.name!r} has no generation {generation} (kept: {known}).",
                f"See them with: python -m ris generations {self.name!r}",
            )
        return read_manifest(self._manifest_path(generation))

    def serving(self) -> Manifest:
        """The manifest of the generation that serves.

        Raises:
            StoreError: Nothing is published, or the manifest is damaged.
        """
        while (current := self.current()) is not None:
            try:
                return self.manifest(current)
            except StoreError:
                if self.current() == current:  # damaged, not replaced and forgotten just now
                    raise
        raise StoreError(
            f"{self.name!r} has no pictures yet: its creation did not finish.",
            "Create it again.",
        )

    def generations(self) -> list[Manifest]:
        """The complete generations that are kept, oldest first; damaged ones are left out."""
        found = []
        for path in sorted((self.folder / "generations").glob("[0-9]*/manifest.json")):
            try:
                found.append(read_manifest(path))
            except StoreError:
                continue
        return found

    def use(self, generation: str) -> Manifest:
        """Let another kept generation serve."""
        with self.writing():
            self._sweep()
            manifest = self.manifest(generation)
            self._set_current(manifest)
        return manifest

    def publish(self, draft: Draft, *, parent: str | None) -> Manifest:
        """Move the files of a draft into the collection and let it serve.

        Args:
            draft: What to publish; its files are moved.
            parent: The generation that the work started from.

        Raises:
            BusyError: Another one has been published since.
        """
        with self.writing():
            if self.current() != parent:
                raise BusyError(
                    f"{self.name!r} changed while the work ran: it started from generation "
                    f"{parent}, now {self.current()} serves.",
                    "Start again; it will begin from what serves now.",
                )
            self._sweep()
            # after a switch back, a generation that is about to be forgotten may have given keys
            next_key = max(draft.manifest.next_key, self.next_key())
            draft = replace(draft, manifest=replace(draft.manifest, next_key=next_key))
            manifest = self._commit(draft, parent)
            self._set_current(manifest)
            self._prune()
        return manifest

    def _commit(self, draft: Draft, parent: str | None) -> Manifest:
        known = [int(path.name) for path in self._generation_folders()]
        generation = f"{max(known, default=0) + 1:08}"
        for name, file in draft.files.items():
            place = self.folder / _fill(name, generation)
            place.parent.mkdir(parents=True, exist_ok=True)
            sync_file(file)
            os.replace(file, place)
        home = self.folder / "generations" / generation
        home.mkdir(parents=True, exist_ok=True)
        folders = {home, *((self.folder / _fill(name, generation)).parent for name in draft.files)}
        for folder in folders | {f.parent for f in folders}:
            sync_folder(folder)
        if draft.skipped is not None:
            sync_file(draft.skipped)
            os.replace(draft.skipped, self.folder / "skipped.parquet")
        manifest = replace(
            _with_generation(draft.manifest, generation),
            generation=generation,
            parent=parent,
            created=now(),
            format=FORMAT_VERSION,  # not that of the generation that it was made from
        )
        # The manifest is written last: a folder without one is debris, not a generation.
        return write_manifest(self._manifest_path(generation), manifest)

    def next_key(self) -> int:
        """The key of the next new item; above all that were ever given in a kept generation."""
        return max((manifest.next_key for manifest in self.generations()), default=0)

    def note_sources(self, sources: list[str]) -> None:
        """Remember where further pictures came from."""
        with self.writing():
            info = self.info()
            known = [*info["sources"], *(one for one in sources if one not in info["sources"])]
            if known != info["sources"]:
                self.write_info({**info, "sources": known})

    def _has_unreadable(self) -> bool:
        """Whether a generation's manifest is damaged."""
        return bool(self.manifest_problems())

    def new_part(self) -> str:
        """A name for a new part."""
        return f"parts/{uuid.uuid4().hex}.parquet"

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the writers' lock.

        Raises:
            BusyError: Another writer held it for 10 seconds.
            StoreError: The disk is full.
        """
        lock = FileLock(self.folder / "writer.lock", timeout=LOCK_SECONDS)
        with disk_errors():
            try:
                lock.acquire()
            except Timeout as error:
                raise BusyError(
                    f"Somebody else is writing to {self.name!r}.", "Try again in a moment."
                ) from error
            except (IsADirectoryError, PermissionError) as error:
                raise StoreError(
                    f"writer.lock can't be held: {error.strerror}.",
                    "Remove it from the collection.",
                ) from error
            try:
                yield
            finally:
                lock.release()

    def skipped(self, *, limit: int | None = None) -> list[Skipped]:
        """Files that did not become items, and why."""
        path = self.folder / "skipped.parquet"
        return list(islice(read_skipped(path), limit)) if path.exists() else []

    def skipped_count(self) -> int:
        """Number of files that did not become items."""
        path = self.folder / "skipped.parquet"
        return sum(1 for _ in read_skipped(path)) if path.exists() else 0

    def upload_path(self, content_id: str) -> Path:
        """Where the bytes of a picture are that was copied into the collection."""
        return self.folder / "uploads" / content_id[:2] / content_id

    def forget_unused(self, but: Set[str] = frozenset()) -> None:
        """Remove copies and thumbnails of contents that no kept generation has an item of.

        Args:
            but: Content ids to be kept all the same.

        Does nothing while a manifest or a part can't be read, as its items would count as unused.
        Thumbnails that a full disk keeps stay until the next time.
        """
        with self.writing():
            if self._has_unreadable():
                return
            used = set(but)
            parts = {part for manifest in self.generations() for part in manifest.parts}
            for part in parts:
                try:
                    path = verify(self.folder, part)
                except StoreError:
                    return
                used.update(read_table(path, ["id"]).column("id").to_pylist())
            for path in (self.folder / "uploads").glob("??/*"):
                if path.name not in used:
                    path.unlink(missing_ok=True)
            with suppress(StoreError), Thumbnails(self.folder / "thumbnails.sqlite") as thumbnails:
                thumbnails.keep_only(used)

    def delete(self) -> None:
        """Remove the collection with all that is in it; originals in folders are not touched, and
        what lies in its trash is moved beside it, into `<name> trash`."""
        with self.writing():
            trash = self.folder / "trash"
            if any(path.is_file() for path in trash.glob("[0-9]*/*") if path.name != "done"):
                os.replace(trash, self.home / f"{self.name} trash {uuid.uuid4().hex[:6]}")
            gone = self.home / f".deleted-{uuid.uuid4().hex}"
            os.replace(self.folder, gone)  # at once, so that nobody sees half of it
        shutil.rmtree(gone, ignore_errors=True)

    def _manifest_path(self, generation: str) -> Path:
        return self.folder / "generations" / generation / "manifest.json"

    def _generation_folders(self) -> list[Path]:
        return sorted((self.folder / "generations").glob("[0-9]" * 8))

    def _set_current(self, manifest: Manifest) -> None:
        # with a part of the manifest's hash, so that a bit more or less names no other generation
        line = f"{manifest.generation} {manifest.sha256[:8]}"
        write_atomic(self.folder / "CURRENT", lambda aside: _write_line(aside, line))

    def manifest_problems(self) -> dict[str, StoreError]:
        """What is wrong with the manifests that can't be read, by generation."""
        found = {}
        for folder in self._generation_folders():
            path = folder / "manifest.json"
            if path.exists():
                try:
                    read_manifest(path)
                except StoreError as error:
                    found[folder.name] = error
        return found

    def mend(self) -> None:
        """Put in order what binds the generations together, under the lock: forget those whose
        manifest is damaged if there are others, set the pointer right, remove orphans, and write
        a lost `collection.json` again as far as that is known."""
        with self.writing():
            found = self.generations()
            for generation, problem in self.manifest_problems().items():
                if found and not isinstance(problem, NewerError):
                    remove(self._manifest_path(generation))
            if (serving := self.current()) in [manifest.generation for manifest in found]:
                remove(self.folder / "CURRENT", unless_file=True)
                self._set_current(self.manifest(serving))
            try:
                self.info()
            except StoreError:
                remove(self.folder / "collection.json", unless_file=True)
                created = found[0].created if found else now()
                self.write_info(_new_info(self.name, created, [], "folder", {}))
            self._sweep()

    def _prune(self) -> None:
        """Forget all but the newest generations, the one that served before, and the newest one
        of the encoder before the present one: additions shall not take the way back from it."""
        found = self.generations()
        serving = self.current()
        parents = [m.parent for m in found if m.generation == serving]
        newest = {m.encoder: m.generation for m in found}  # by encoder, the oldest of them first
        kept = {m.generation for m in found[-KEPT:]} | {serving, *parents}
        kept |= set(list(newest.values())[-KEPT:])
        for manifest in found:
            if manifest.generation not in kept:
                self._manifest_path(manifest.generation).unlink()
        self._sweep()

    def _sweep(self) -> None:
        """Remove what no generation names: debris of killed writers, files of forgotten ones.

        Does nothing while a manifest can't be read, as its files would count as debris.
        """
        for path in self.orphans():
            path.unlink(missing_ok=True)
        for top in ("encoders", "generations"):
            for folder in (self.folder / top).glob("*"):
                with suppress(OSError):  # not empty
                    folder.rmdir()

    def orphans(self) -> list[Path]:
        """Files that no generation names; none while a manifest can't be read."""
        if self._has_unreadable():
            return []
        found = self.generations()
        named = {self.folder / facts.file for manifest in found for facts in manifest.files}
        named.update(self._manifest_path(manifest.generation) for manifest in found)
        places = [
            *self.folder.glob(".*.tmp"),
            *self.folder.glob("*.damaged"),  # thumbnails that were set aside
            *self.folder.glob("parts/*"),
            *self.folder.glob("encoders/*/*"),
            *self.folder.glob("generations/*/*"),
        ]
        return [path for path in places if path.is_file() and path not in named]


CREATE_HINT = "Create one with: python -m ris create NAME FOLDER"


def remove(path: Path, *, unless_file: bool = False) -> None:
    """Remove a file, or a folder that is in its place."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif not unless_file:
        path.unlink(missing_ok=True)


def _new_info(
    name: str, created: str, sources: list[str], labels: str, settings: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "format": FORMAT_VERSION,
        "name": name,
        "created": created,
        "sources": sources,
        "labels": labels,
        "settings": dict(settings),
    }


def _write_info(folder: Path, info: Mapping[str, Any]) -> None:
    write_json(folder / "collection.json", {**info, "sha256": own_hash(info)})


def _fill(name: str, generation: str) -> str:
    return name.replace("{generation}", generation)


def _with_generation(manifest: Manifest, generation: str) -> Manifest:
    """File names with the generation's id filled in."""
    graph = manifest.graph
    return replace(
        manifest,
        graph=graph and replace(graph, file=_fill(graph.file, generation)),
        maps=tuple(replace(one, file=_fill(one.file, generation)) for one in manifest.maps),
    )


def _write_line(path: Path, text: str) -> None:
    path.write_text(text + "\n")
