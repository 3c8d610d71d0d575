"""Everything of a collection looked at: what is wrong, and what can be done about it.

Nothing is changed here; `repair.py` does what the findings say. The table is read batch by batch:
what stays in memory is the keys of its rows, a sample of them, and 32 bytes for each thumbnail.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ris import jobs, trash
from ris.errors import NewerError, PictureError, SourceError, StoreError
from ris.explore.familiar import FILE as FAMILIAR
from ris.images.decode import read_file
from ris.images.entries import Entry, Skipped
from ris.images.names import unescape
from ris.images.prepare import content_id, prepare
from ris.images.sources import Folder, open_source
from ris.model.encoder import Encoder
from ris.progress import OnProgress, Progress, StopSignal
from ris.store import decoded
from ris.store.collection import Collection
from ris.store.concepts import FILE as CONCEPTS
from ris.store.concepts import Concepts
from ris.store.dismissed import FILE as DISMISSED
from ris.store.dismissed import Dismissed
from ris.store.files import FileFacts, read_json, verify
from ris.store.generation import open_map
from ris.store.index import GraphIndex, Keys, Vectors, load_graph
from ris.store.kept import read_original
from ris.store.live import live_rows, read_live
from ris.store.manifest import Graph, Manifest, Map, Part
from ris.store.table import ROW_GROUP, embeddings_of, other_columns, read_batches, take
from ris.store.tags import FILE as TAGS
from ris.store.tags import Tags
from ris.store.thumbnails import look_over

ID = re.compile(r"[0-9a-f]{64}")
_SAMPLE = 20  # rows of a batch that are asked for in the graph
_ENCODED = 16  # pictures that are embedded again to see whether the encoder is theirs
_FOUND = 0.9  # least share of a sample that finds itself in the graph
_SAME = 1e-3  # cosine distance; a copy of a picture may come before it
_NEAR = 0.02  # cosine distance of an embedding made again


@dataclass(frozen=True)
class Finding:
    """Something that is wrong.

    Attributes:
        kind: "collection", "pointer", "manifest", "part", "count", "graph", "map", "encoder",
            "training", "tags", "concepts", "dismissed", "trash", "skipped", "thumbnails",
            "thumbnail", "copy", "picture", "orphan" or "debris"; "lost" after a repair.
        file: The file inside the collection, with forward slashes; of a "picture" its path.
        what: What is wrong with it, a sentence for people.
        repair: How it can be repaired; empty where it can't be.
    """

    kind: str
    file: str
    what: str
    repair: str = ""


@dataclass
class _Rows:
    """What was seen of a part: its keys, and some rows of it with their embeddings."""

    keys: list[Keys] = field(default_factory=list)
    sample: list[tuple[int, str, str, Vectors]] = field(default_factory=list)  # key, id, path


def check(collection: Collection, on_progress: OnProgress, stop: StopSignal) -> Iterator[Finding]:
    """Look at everything of a collection.

    The caller sees to it that no job runs meanwhile.

    Args:
        collection: The collection.
        on_progress: Hears of files looked at.
        stop: Asked between two small steps.

    Raises:
        Cancelled: The person gave up.
    """
    yield from _Check(collection, on_progress, stop).run()


def find_again(collection: Collection, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    """Contents, by their ids, that are still in the archives that the collection was made from."""
    left = set(wanted)
    try:
        sources = collection.info()["sources"] if left else []
    except StoreError:
        return
    for text in sources:
        with suppress(SourceError, OSError):  # gone, or damaged itself
            source = open_source(text)
            for entry in [] if isinstance(source, Folder) else source.entries():
                data = _read(entry)
                if (name := content_id(data)) in left:
                    left.discard(name)
                    yield name, data


def _read(entry: Entry | Skipped) -> bytes:
    with suppress(PictureError):
        if isinstance(entry, Entry):
            return entry.read()
    return b""


class _Check:
    def __init__(self, collection: Collection, on_progress: OnProgress, stop: StopSignal) -> None:
        self._collection = collection
        self._folder = collection.folder
        self._on_progress = on_progress
        self._stop = stop
        self._manifests = collection.generations()
        current = collection.current()
        self._serving = next((m for m in self._manifests if m.generation == current), None)
        self._serving = self._serving or (self._manifests[-1] if self._manifests else None)
        self._rows: dict[Part, _Rows] = {}
        self._bad: set[tuple[str, str]] = set()  # files that need not be looked into
        copies = (path.name for path in (self._folder / "uploads").glob("*/*"))
        self._unused = {*copies} - decoded.kept_ids(self._folder)  # until a row is met

    def run(self) -> Iterator[Finding]:
        yield from self._bindings()
        yield from self._files()
        for manifest in self._manifests:
            yield from self._count(manifest)
        for graph in {m.graph: m for m in self._manifests if m.graph}.values():
            yield from self._graph(graph)
        yield from self._maps()
        if self._serving is not None:
            yield from self._encoder(self._serving)
            if self._is_whole(self._serving.parts):
                yield from self._pictures(self._serving)
        yield from self._said()
        yield from self._trash()
        yield from self._skipped()
        yield from self._copies()
        yield from self._left_over()

    # -- what binds the files ---------------------------------------------------------------------

    def _bindings(self) -> Iterator[Finding]:
        try:
            self._collection.info()
        except StoreError as error:
            again = "It is written again, without sources: sync knows them once add was given them."
            yield Finding("collection", "collection.json", error.message, again)
        for generation, problem in self._collection.manifest_problems().items():
            can = bool(self._manifests) and not isinstance(problem, NewerError)
            yield Finding(
                "manifest",
                f"generations/{generation}/manifest.json",
                f"{problem.message} The generation is lost.",
                "The generation is forgotten; add or sync brings back what came with it."
                if can
                else "",
            )
        pointed = self._collection.pointed()
        missing = self._manifests and not (self._folder / "CURRENT").exists()
        if told := pointed.problem or ("CURRENT is missing." if missing else ""):
            now = f"It is set to generation {pointed.generation}, the newest."
            yield Finding("pointer", "CURRENT", told, now if pointed.generation else "")

    def _files(self) -> Iterator[Finding]:
        """Checksums of all files, and what the rows of the parts hold."""
        owners: dict[FileFacts, list[Manifest]] = {}
        for manifest in self._manifests:
            for facts in manifest.files:
                owners.setdefault(facts, []).append(manifest)
        for done, (facts, named_by) in enumerate(owners.items()):
            self._stop.check()
            self._on_progress(Progress("check", done, len(owners), "files"))
            try:
                path = verify(self._folder, facts)
                if isinstance(facts, Part):
                    self._look_into(path, facts, named_by)
                elif facts.file.endswith("/training.json"):
                    read_json(path)
            except StoreError as error:
                self._bad.add((facts.file, facts.sha256))
                yield self._finding(facts, error.message, named_by)
        self._on_progress(Progress("check", len(owners), len(owners), "files"))

    def _finding(self, facts: FileFacts, what: str, named_by: Sequence[Manifest]) -> Finding:
        """A finding about a file that manifests name."""
        name = facts.file.rsplit("/", 1)[-1]
        kind, repair = "encoder", ""
        if isinstance(facts, Part):
            kind = "part"
            repair = "Its rows are put together again; pictures are embedded again where need be."
        elif isinstance(facts, Graph):
            kind, repair = "graph", "It is built again from the table."
        elif isinstance(facts, Map):
            kind, repair = "map", "What is lost is placed again, or the map is fitted again."
        elif name.endswith(".onnx"):
            keras = self._serving and self._serving.encoder_file("autoencoder.keras")
            if keras and self._holds(keras):
                repair = "It is exported again from autoencoder.keras."
        elif name == "training.json":
            kind, what = "training", f"{what} Report card and history are lost; search goes on."
        elif name == FAMILIAR:
            what += " Search goes on; what is foreign to the collection is told by distances alone."
        else:
            what += " Search goes on; the next training begins with the base encoder."
        if self._serving not in named_by:
            ids = ", ".join(manifest.generation for manifest in named_by)
            what, repair = f"{what} Of the generations only {ids} needs it, and stays as it is.", ""
        return Finding(kind, facts.file, what, repair)

    def _holds(self, facts: FileFacts) -> bool:
        try:
            verify(self._folder, facts)
        except StoreError:
            return False
        return True

    def _is_whole(self, parts: Iterable[FileFacts]) -> bool:
        return not any((part.file, part.sha256) in self._bad for part in parts)

    # -- the table --------------------------------------------------------------------------------

    def _look_into(self, path: Path, part: Part, named_by: Sequence[Manifest]) -> None:
        """Look at the rows of a part whose checksum is right.

        Raises:
            StoreError: Something is wrong with them; the message names the file.
        """
        manifest = named_by[-1]
        seen = self._rows[part] = _Rows()
        wrong: dict[str, int] = {}
        for batch in read_batches(path, rows=ROW_GROUP):
            self._stop.check()
            other = other_columns(batch.schema, manifest.dimension, dict(manifest.columns))
            if other:
                raise StoreError(f"{part.file} has other columns than expected: {other}.")
            table = take(batch, np.arange(batch.num_rows))
            vectors = embeddings_of(table)
            keys = table.column("key").to_numpy()
            ids = table.column("id").to_pylist()
            self._unused.difference_update(ids)
            malformed = sum(not ID.fullmatch(one or "") for one in ids)
            off = int((~is_unit(vectors)).sum())
            beyond = int((keys >= min(one.next_key for one in named_by)).sum() + (keys < 0).sum())
            for what, count in (
                ("ids that are no content's", malformed),
                ("embeddings that are not of unit length", off),
                ("keys that were not given yet", beyond),
            ):
                wrong[what] = wrong.get(what, 0) + count
            seen.keys.append(keys)
            for row in range(0, len(keys), max(1, len(keys) // _SAMPLE)):
                path_ = table.column("path")[row].as_py()
                seen.sample.append((int(keys[row]), ids[row], path_, vectors[row]))
        found = np.concatenate([np.empty(0, np.int64), *seen.keys])
        wrong["keys that occur twice"] = len(found) - len(np.unique(found))
        if len(found) != part.rows:
            raise StoreError(f"{part.file} holds {len(found)} rows, expected {part.rows}.")
        if told := [f"{count} {what}" for what, count in wrong.items() if count]:
            raise StoreError(f"{part.file} holds {', '.join(told)}.")

    def _keys(self, manifest: Manifest) -> list[Keys]:
        """The keys of a generation's parts."""
        nothing = np.empty(0, np.int64)
        return [np.concatenate([nothing, *self._rows[part].keys]) for part in manifest.parts]

    def _count(self, manifest: Manifest) -> Iterator[Finding]:
        if not self._is_whole(manifest.parts):
            return
        items = len(live_rows(self._keys(manifest), manifest.deleted))
        if items != manifest.items:
            what = f"The table holds {items} items, generation {manifest.generation} tells of"
            counted = "They are counted again." if manifest is self._serving else ""
            file = f"generations/{manifest.generation}/manifest.json"
            yield Finding("count", file, f"{what} {manifest.items}.", counted)

    def _sample(self, manifest: Manifest) -> list[tuple[int, str, str, Vectors]]:
        """Some of the items that can be found; rows that were corrected have kept embeddings."""
        last = {row[0]: row for part in manifest.parts for row in self._rows[part].sample}
        removed = set(manifest.deleted)
        return [row for key, row in last.items() if key not in removed]

    # -- what is made of the table ----------------------------------------------------------------

    def _graph(self, manifest: Manifest) -> Iterator[Finding]:
        facts = manifest.graph
        if facts is None or not self._is_whole([facts, *manifest.parts]):
            return
        self._stop.check()
        path = self._folder / facts.file
        hidden = [key for key in manifest.deleted if key < facts.next_key]
        sample = [row for row in self._sample(manifest) if row[0] < facts.next_key]
        named_by = [one for one in self._manifests if one.graph == facts]
        try:
            index = GraphIndex(load_graph(path, manifest.dimension, facts.rows), facts.ef, hidden)
        except StoreError as error:
            yield self._finding(facts, f"{facts.file}: {error.message}", named_by)
            return
        if not sample:
            return
        found = index.query(np.stack([row[3] for row in sample]), 10)
        near = found.distances[:, :1] <= _SAME if found.distances.size else np.zeros((1, 1))
        if (share := float(near.mean())) < _FOUND:
            what = f"Only {share:.0%} of a sample of items find themselves in {facts.file}."
            yield self._finding(facts, what, named_by)

    def _maps(self) -> Iterator[Finding]:
        seen: set[Map] = set()
        for manifest in reversed(self._manifests):
            if not self._is_whole(manifest.parts):
                continue
            known = np.concatenate([*self._keys(manifest), np.asarray(manifest.deleted, np.int64)])
            for facts in manifest.maps:
                if facts in seen or not self._is_whole([facts]):
                    continue
                seen.add(facts)
                problem = self._map_problem(manifest, facts, known)
                if problem:
                    named_by = [one for one in self._manifests if facts in one.maps]
                    yield self._finding(facts, f"{facts.file} {problem}", named_by)

    def _map_problem(self, manifest: Manifest, facts: Map, known: Keys) -> str:
        try:  # places of removed items too
            alone = replace(manifest, maps=(facts,), deleted=())
            found = open_map(self._folder, alone, [])
        except (KeyError, ValueError):
            return "has other columns than expected."
        told = (facts.fitted, facts.placed)
        if (int(found.fitted.sum()), int((~found.fitted).sum())) != told:
            return f"holds other counts than the {told[0]} fitted and {told[1]} placed expected."
        if not np.isfinite(found.xy).all():
            return "holds places that are no numbers."
        if not np.isin(found.keys, known).all():
            return "holds places of items that are not in the table."
        return ""

    def _encoder(self, manifest: Manifest) -> Iterator[Finding]:
        facts = manifest.encoder_file("encoder.onnx")
        if facts is None or not self._is_whole([facts]):
            return
        try:
            encoder = Encoder(self._folder / "encoders" / manifest.encoder)
        except StoreError as error:
            yield self._finding(facts, error.message, [manifest])
            return
        if encoder.dimension != manifest.dimension:
            what = f"It gives {encoder.dimension} numbers, the table holds {manifest.dimension}."
            yield self._finding(facts, what, [manifest])
            return
        if not self._is_whole(manifest.parts):
            return
        away: list[float] = []
        for _, name, path, vector in self._sample(manifest):
            if len(away) == _ENCODED:
                break
            self._stop.check()
            with suppress(PictureError):
                data = read_original(self._collection.upload_path(name), path, name)
                pixels = prepare(data, encoder.size).pixels
                away.append(1 - float(encoder.encode(pixels[None])[0] @ vector))
        if away and float(np.median(away)) > _NEAR:
            what = (
                f"{facts.file} gives other embeddings than the table holds: of {len(away)} "
                f"pictures half are more than {np.median(away):.2f} away."
            )
            yield Finding("encoder", facts.file, f"{what} Train again.")

    # -- pictures ---------------------------------------------------------------------------------

    def _pictures(self, manifest: Manifest) -> Iterator[Finding]:
        """Thumbnails of all items, and items whose picture is nowhere."""
        try:
            problem, whole = look_over(self._folder / "thumbnails.sqlite")
        except StoreError as error:
            yield Finding("thumbnails", "thumbnails.sqlite", f"{error.message} {error.hint}")
            return
        again = "Thumbnails are made again from the originals."
        if problem:
            yield Finding("thumbnails", "thumbnails.sqlite", f"thumbnails.sqlite {problem}.", again)
        lost: list[tuple[str, str]] = []  # content and path of pictures that are nowhere
        without, done = 0, 0
        for table in read_live(self._folder, manifest, ["id", "path"], rows=ROW_GROUP):
            self._stop.check()
            for row in table.to_pylist():
                bare = bytes.fromhex(row["id"]) not in whole
                imported = not unescape(row["path"]).is_absolute()
                if bare or (imported and not self._collection.upload_path(row["id"]).is_file()):
                    try:
                        copied = self._collection.upload_path(row["id"])
                        read_original(copied, row["path"], row["id"])
                        without += bare
                    except PictureError:
                        lost.append((row["id"], row["path"]))
            done += len(table)
            self._on_progress(Progress("pictures", done, manifest.items, "pictures"))
        found = {name for name, _ in find_again(self._collection, {name for name, _ in lost})}
        if without and not problem:
            what = f"{without} items have no thumbnail."
            yield Finding("thumbnail", "thumbnails.sqlite", what, again)
        for name, path in lost:
            yield Finding(
                "picture",
                path,
                "Neither a copy nor the original of this picture can be read.",
                "It is copied again from the archive it came from." if name in found else "",
            )

    def _copies(self) -> Iterator[Finding]:
        every = {part for manifest in self._manifests for part in manifest.parts}
        told = self._is_whole(every) and not self._collection.manifest_problems()
        for path in sorted((self._folder / "uploads").glob("*/*")):
            self._stop.check()
            try:
                right = content_id(read_file(path)) == path.name
            except PictureError:
                right = False
            name = path.relative_to(self._folder).as_posix()
            if not right:
                what = "The copy of a picture does not hold what its name tells."
                yield Finding("copy", name, what, "It is removed.")
            elif told and path.name in self._unused:
                yield Finding("orphan", name, "No generation has this picture.", "It is removed.")

    def _said(self) -> Iterator[Finding]:
        """What people said: nothing can make it again."""
        for kind, file, read in (
            ("tags", TAGS, Tags(self._collection).all),
            ("concepts", CONCEPTS, Concepts(self._collection).all),
            ("dismissed", DISMISSED, partial(Dismissed, self._collection)),
        ):
            try:
                read()
            except StoreError as error:
                yield Finding(kind, file, f"{error.message} {error.hint}".strip())

    def _trash(self) -> Iterator[Finding]:
        """Files of duplicates that are not what was put there, or that nobody can tell of."""
        told = {entry.number: entry for entry in trash.listed(self._collection)}
        for folder in sorted((self._folder / "trash").glob("[0-9]*")):
            for path in sorted(folder.iterdir()):
                self._stop.check()
                if path.name in ("entry.json", "done"):
                    continue
                entry = told.get(folder.name)
                what = "The entry beside it can't be read: where it lay before is not known."
                if entry is not None:
                    with suppress(PictureError):
                        if content_id(read_file(path)) == entry.id:
                            continue
                    what = f"It is not the file any more that lay at {entry.path}."
                yield Finding("trash", path.relative_to(self._folder).as_posix(), what)

    def _skipped(self) -> Iterator[Finding]:
        try:
            self._collection.skipped_count()
        except StoreError as error:
            again = "It begins anew; sync finds again what can't be read."
            yield Finding("skipped", "skipped.parquet", error.message, again)

    # -- what should not be there -----------------------------------------------------------------

    def _left_over(self) -> Iterator[Finding]:
        with self._collection.writing():
            orphans = self._collection.orphans()
        for path in orphans:
            name = path.relative_to(self._folder).as_posix()
            yield Finding("orphan", name, "No generation needs it.", "It is removed.")
        for path in jobs.debris(self._collection.home, self._collection.name):
            name = path.relative_to(self._folder).as_posix()
            yield Finding("debris", name, "A job that was killed left it.", "It is removed.")


def is_unit(vectors: Vectors) -> NDArray[np.bool_]:
    """Which rows are of unit length; others can't be compared with."""
    lengths = np.einsum("ij,ij->i", vectors, vectors)
    return np.asarray(np.abs(lengths - 1) <= 1e-2)  # false for what is not finite
