"""Does what the findings of `check.py` say can be done about them.

Nothing of a generation is changed in place: what is made again goes into a new one, beside the
files of the serving one that are whole. Only the thumbnails, the copies and what is in nobody's
way are put right where they are.
"""

import os
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ris import jobs
from ris.check import ID, Finding, check, find_again, is_unit
from ris.errors import StoreError
from ris.explore.clusters import cluster_nearby
from ris.explore.projection import place_many
from ris.explore.why import Pixels, errors
from ris.generate import (
    Work,
    earlier_errors,
    earlier_places,
    make_graph,
    make_map,
    open_encoder,
    redraws,
    write_places,
)
from ris.images.pool import Decoded, decode_all
from ris.model.encoder import Encoder
from ris.progress import Progress
from ris.store import decoded
from ris.store.collection import Collection, Draft, remove
from ris.store.files import describe, require_space, verify
from ris.store.generation import Positions, open_map
from ris.store.index import Keys, Vectors
from ris.store.kept import KeptEntry, kept_entries, kept_entry
from ris.store.live import live_rows, read_live
from ris.store.manifest import Manifest, Map, Part
from ris.store.table import (
    ROW_GROUP,
    TableWriter,
    embeddings_of,
    read_embeddings,
    read_table,
    salvage,
    with_embeddings,
    write_skipped,
)
from ris.store.thumbnails import Thumbnails

_BATCH = 512
_ROUNDS = 3  # a damaged table hides what is wrong with what is made of it
_DECODED = 32  # side in pixels of what is decoded for a thumbnail alone


@dataclass(frozen=True)
class Repaired:
    """What came of a repair.

    Attributes:
        manifest: The generation that serves now; None where nothing has been published.
        lost: What is no longer in the collection.
        left: What is still wrong.
    """

    manifest: Manifest | None
    lost: tuple[Finding, ...]
    left: tuple[Finding, ...]


def repair(collection: Collection, work: Work, findings: Sequence[Finding]) -> Repaired:
    """Repair what can be repaired, look again, and go on with what came to light by that.

    Args:
        collection: The collection.
        work: What to run with.
        findings: What is wrong with it.

    Raises:
        StoreError: The disk is full, or the encoder can't be exported again.
        BusyError: Something else was published meanwhile.
        Cancelled: The person gave up.
    """
    lost: list[Finding] = []
    left = list(findings)
    for _ in range(_ROUNDS):
        manifest, more = _repair_once(collection, work, left)
        lost += more
        left = list(check(collection, work.on_progress, work.stop))
        if not any(found.repair for found in left):
            break
    return Repaired(manifest, tuple(lost), tuple(left))


def _repair_once(
    collection: Collection, work: Work, findings: Sequence[Finding]
) -> tuple[Manifest | None, list[Finding]]:
    """The generation that serves now, and what is lost."""
    broken = {found.file for found in findings if found.repair}
    kinds = {found.kind for found in findings if found.repair}
    work.on_progress(Progress("repair", 0, None, "files"))
    collection.mend()
    jobs.remove_debris(collection.home, collection.name)
    _restore_copies(collection, work, findings)
    current = collection.current()
    if current not in [manifest.generation for manifest in collection.generations()]:
        return None, []
    assert current is not None
    folder = work.inside(f"repair-{current}-{uuid.uuid4().hex[:8]}")
    made = _Repair(collection, folder, collection.manifest(current), broken, kinds)
    manifest = made.publish()
    if kinds & {"thumbnails", "thumbnail", "picture"}:
        _restore_thumbnails(collection, work, manifest, damaged="thumbnails" in kinds)
    if any(found.kind == "orphan" and found.file.startswith("uploads/") for found in findings):
        collection.forget_unused(but=decoded.kept_ids(collection.folder))
    collection.mend()
    return manifest, made.lost


def _restore_copies(collection: Collection, work: Work, findings: Sequence[Finding]) -> None:
    """Remove damaged copies, and copy those again that an archive still has."""
    for found in findings:
        if found.kind == "copy":
            remove(collection.folder / found.file)
    paths = {found.file for found in findings if found.kind == "picture" and found.repair}
    copies = {Path(found.file).name for found in findings if found.kind == "copy"}
    current = collection.current()
    wanted = {one for one in copies if ID.fullmatch(one)}
    if paths and current is not None:
        entries = kept_entries(collection, collection.manifest(current))
        wanted |= {entry.id for entry in entries if entry.path in paths}
    for name, data in find_again(collection, wanted):
        place, aside = collection.upload_path(name), work.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(data)
        os.replace(aside, place)


def _restore_thumbnails(
    collection: Collection, work: Work, manifest: Manifest, *, damaged: bool
) -> None:
    """Make thumbnails again of the items that have none; all of them if their file is damaged."""
    with Thumbnails(collection.folder / "thumbnails.sqlite") as thumbnails:
        if damaged:
            thumbnails.start_anew()
        done = 0

        def bare() -> Iterator[KeptEntry]:
            for entry in kept_entries(collection, manifest):
                work.stop.check()
                if thumbnails.get(entry.id) is None:
                    yield entry

        found = decode_all(bare(), _DECODED)
        while batch := list(islice(found, _BATCH)):
            decoded = [one.picture for one in batch if isinstance(one, Decoded)]
            thumbnails.put((one.id, one.thumbnail) for one in decoded)
            done += len(batch)
            work.on_progress(Progress("thumbnails", done, None))


@dataclass
class _Salvaged:
    """Rows of broken parts on their way into new ones.

    Attributes:
        tables: Rows that are known, without embeddings.
        vectors: Their embeddings, NaN where they must be made again.
    """

    tables: list[Any] = field(default_factory=list)
    vectors: list[Vectors] = field(default_factory=list)


class _Repair:
    """The generation that comes of a repair.

    Args:
        collection: The collection.
        work: What to run with.
        manifest: The serving generation.
        broken: Its files that shall be made again, and others.
        kinds: Of all that shall be repaired.
    """

    def __init__(
        self,
        collection: Collection,
        work: Work,
        manifest: Manifest,
        broken: set[str],
        kinds: set[str],
    ) -> None:
        self._collection = collection
        self._folder = collection.folder
        self._work = work
        self._before = manifest
        self._manifest = manifest
        self._broken = broken
        self._counted = "count" in kinds
        self._begin_skipped = "skipped" in kinds
        self._files: dict[str, Path] = {}
        self.lost: list[Finding] = []

    def publish(self) -> Manifest:
        """Make again what is broken, and let that serve."""
        work = self._work
        self._export()
        self._mend_table()
        graph_lost = self._before.graph is not None and self._before.graph.file in self._broken
        map_lost = any(one.file in self._broken for one in self._before.maps)
        if graph_lost or map_lost or self.lost:
            self._derive(graph_lost or bool(self.lost))
        skipped = None
        if self._begin_skipped:
            remove(self._folder / "skipped.parquet", unless_file=True)
            skipped = work.folder / "skipped.parquet"
            write_skipped(skipped, [])
        if self._manifest == self._before and skipped is None:
            return self._before
        work.stop.check()
        work.on_progress(Progress("publish", 0, 1, "generations"))
        for name in self._files:
            remove(self._folder / name, unless_file=True)
        draft = Draft(self._manifest, self._files, skipped)
        published = self._collection.publish(draft, parent=self._before.generation)
        work.on_progress(Progress("publish", 1, 1, "generations", note=published.generation))
        return published

    # -- the encoder ------------------------------------------------------------------------------

    def _export(self) -> None:
        """Export the encoder again from its `.keras` file; the bytes differ, what it gives not."""
        lost = [
            one
            for one in self._before.encoder_files
            if one.file in self._broken and one.file.endswith(".onnx")
        ]
        keras = self._before.encoder_file("autoencoder.keras")
        if not lost or keras is None:
            return
        from ris.model.quiet import quiet_stderr

        self._work.on_progress(Progress("encoder", 0, len(lost), "files"))
        folder = self._work.folder / "encoder"
        folder.mkdir()
        with quiet_stderr():
            from ris.model.export import export_onnx
            from ris.model.network import load_network

            export_onnx(load_network(verify(self._folder, keras)), folder)
        facts = []
        for one in self._before.encoder_files:
            if one in lost:
                path = folder / Path(one.file).name
                self._files[one.file] = path
                one = describe(folder, path, name=one.file)
            facts.append(one)
        self._manifest = replace(self._manifest, encoder_files=tuple(facts))

    @cached_property
    def _encoder(self) -> Encoder:
        """The serving encoder, or what was exported again in its place."""
        facts = self._manifest.encoder_file("encoder.onnx")
        if facts is not None and facts.file in self._files:
            return Encoder(self._files[facts.file].parent)
        return open_encoder(self._collection, self._manifest)

    # -- the table --------------------------------------------------------------------------------

    def _mend_table(self) -> None:
        """Write new parts in the place of broken ones, and count again."""
        lost = [part for part in self._before.parts if part.file in self._broken]
        if not lost and not self._counted:
            return
        require_space(self._folder, sum(part.size for part in lost))
        present = {
            int(key)
            for part in self._before.parts
            if part not in lost
            for key in read_table(verify(self._folder, part), ["key"]).column("key").to_numpy()
        }
        salvaged = {part: self._salvage(part) for part in lost}
        for one in salvaged.values():
            for table in one.tables:
                present.update(table.column("key").to_pylist())
        missing = sum(part.rows for part in lost) - sum(
            len(table) for one in salvaged.values() for table in one.tables
        )
        if lost and missing > 0:
            missing -= self._take_from_others(salvaged[lost[-1]], present, missing)
        if missing > 0:
            files = ", ".join(part.file for part in lost)
            what = f"{missing} rows can't be read, and no other generation knows them."
            corrected = "Items whose rows they corrected are as they were before."
            again = "sync and add bring back as new items those whose pictures are still there."
            self.lost.append(Finding("lost", files, f"{what} {corrected} {again}"))
        written = {part: self._write_part(part, one) for part, one in salvaged.items()}
        parts = [written.get(part, part) for part in self._before.parts]
        kept = tuple(part for part in parts if part is not None)
        self._manifest = replace(self._manifest, parts=kept)
        keys = self._keys()
        there = np.unique(np.concatenate([np.empty(0, np.int64), *keys]))
        # removed rows that are lost can't be restored; a graph counts on all it hides being in it
        deleted = tuple(np.intersect1d(there, self._before.deleted).astype(int).tolist())
        self._manifest = replace(
            self._manifest,
            deleted=deleted,
            gone=tuple(sorted({*self._before.gone} & {*deleted})),
            items=len(live_rows(keys, deleted)),
            next_key=max(self._before.next_key, *(there[-1:] + 1).tolist()),
        )
        if self._manifest.items == 0:
            raise StoreError(
                "Nothing of the table can be read or made again.",
                "Switch to another generation, or create the collection again.",
            )

    def _salvage(self, part: Part) -> _Salvaged:
        """What can still be read of a broken part."""
        found = _Salvaged()
        seen: set[int] = set()
        path = self._folder / part.file
        for table, vectors in salvage(path) if path.is_file() else ():
            if vectors is None or vectors.shape[1] != self._before.dimension:
                vectors = np.full((len(table), self._before.dimension), np.nan, np.float32)
            vectors = np.where(is_unit(vectors)[:, None], vectors, np.nan)
            sound = []
            for row, (name, key) in enumerate(
                zip(table.column("id").to_pylist(), table.column("key").to_pylist(), strict=True)
            ):
                if ID.fullmatch(name or "") and key >= 0 and key not in seen:
                    sound.append(row)
                    seen.add(key)
            rows = np.array(sound, np.int64)
            found.tables.append(table.take(rows))
            found.vectors.append(vectors[rows])
        return found

    def _take_from_others(self, into: _Salvaged, present: set[int], missing: int) -> int:
        """Fill up with rows that other kept generations know, the newest first; how many."""
        before, wanted = self._before, missing
        gone = present | {*before.deleted}
        for other in reversed(self._collection.generations()):
            if other.generation == before.generation or missing <= 0:
                continue
            try:
                for table in read_live(self._folder, other, rows=ROW_GROUP):
                    keys = table.column("key").to_pylist()
                    rows = [
                        row
                        for row, key in enumerate(keys)
                        if key not in gone and key < before.next_key
                    ][:missing]
                    taken = table.take(np.array(rows, np.int64))
                    vectors = np.full((len(rows), before.dimension), np.nan, np.float32)
                    if other.encoder == before.encoder and rows:
                        vectors = embeddings_of(taken)
                    into.tables.append(taken.drop_columns("embedding"))
                    into.vectors.append(vectors)
                    gone.update(keys[row] for row in rows)
                    missing -= len(rows)
            except StoreError:
                continue  # its own parts are damaged
        return wanted - missing

    def _write_part(self, part: Part, found: _Salvaged) -> Part | None:
        """Write the rows that have embeddings or get them again; None where there are none."""
        path = self._work.folder / f"part-{len(self._files)}.parquet"
        columns = dict(self._before.columns)
        rows = 0
        with TableWriter(path, self._before.dimension, columns) as writer:
            for table, vectors in zip(found.tables, found.vectors, strict=True):
                self._embed(table, vectors)
                held = np.flatnonzero(is_unit(vectors))
                for path_ in table.column("path").take(np.flatnonzero(~is_unit(vectors))):
                    what = "Its embedding was lost, and the picture can't be read any more."
                    self.lost.append(Finding("lost", path_.as_py(), what))
                if len(held):
                    kept = with_embeddings(table.take(held), vectors[held], columns)
                    writer.write_table(kept)
                    rows += len(held)
        if not rows:
            return None
        name = self._collection.new_part()
        self._files[name] = path
        return Part(**describe(self._work.folder, path, name=name).to_json(), rows=rows)

    def _embed(self, table: Any, vectors: Vectors) -> None:
        """Embed those rows again that have no embedding; fills them in."""
        bare = np.flatnonzero(~is_unit(vectors))
        if not len(bare):
            return
        wanted = table.select(["id", "path"]).take(bare).to_pylist()
        for at, pixels in self._decoded(wanted):
            vectors[bare[at]] = self._encoder.encode(pixels)

    def _decoded(self, rows: list[dict[str, Any]]) -> Iterator[tuple[list[int], Pixels]]:
        """The pictures of rows that can still be read, batch by batch: which rows, and pixels."""
        entries = (kept_entry(self._collection, row["id"], row["path"]) for row in rows)
        found = decode_all(entries, self._encoder.size, thumbnails=False)
        done = 0
        while batch := list(islice(found, _BATCH)):
            self._work.stop.check()
            at = [done + i for i, one in enumerate(batch) if isinstance(one, Decoded)]
            pixels = [one.picture.pixels for one in batch if isinstance(one, Decoded)]
            if pixels:
                yield at, np.stack(pixels)
            done += len(batch)
            self._work.on_progress(Progress("embed", done, len(rows)))

    def _path(self, part: Part) -> Path:
        return self._files.get(part.file, self._folder / part.file)

    def _keys(self) -> list[Keys]:
        tables = (read_table(self._path(part), ["key"]) for part in self._manifest.parts)
        return [table.column("key").to_numpy() for table in tables]

    # -- graph and map ----------------------------------------------------------------------------

    def _derive(self, graph_lost: bool) -> None:
        """Make graph and map again, over all rows of the table, removed ones too."""
        parts, work = self._manifest.parts, self._work
        keys = self._keys()
        rows = live_rows(keys, ())
        found = np.concatenate(keys)[rows]
        count = sum(map(len, keys))
        paths = [self._path(part) for part in parts]
        vectors = read_embeddings(paths, count, self._manifest.dimension)[rows]
        whole = tuple(one for one in self._before.maps if one.file not in self._broken)
        alone = replace(self._manifest, maps=whole, deleted=())
        known = open_map(self._folder, alone, [])
        places = earlier_places(known, found)
        at = np.isfinite(places).all(axis=1)
        fitted = np.isin(found, known.keys[known.fitted]) & at
        error = earlier_errors(known, found)
        if len(whole) < len(self._before.maps):
            self._measure(found, error)
        refit = fitted.sum() <= len(found) / 2
        if graph_lost or refit:  # a map is fitted to the neighbours that the graph tells
            next_key = self._manifest.next_key
            graph = make_graph(work, vectors, found, next_key, seed=0)
            self._files[graph.file] = work.folder / "graph.hnsw"
            self._manifest = replace(self._manifest, graph=graph)
        if refit:
            positions = self._fit(vectors, found, places, error)
        else:
            cluster, outlier = np.full(len(found), -1, np.int32), np.empty(len(found), np.float32)
            known_rows = np.searchsorted(known.keys, found[at])
            cluster[at], outlier[at] = known.cluster[known_rows], known.outlier[known_rows]
            places[~at], outlier[~at] = place_many(vectors[~at], vectors[fitted], places[fitted])
            cluster[~at] = cluster_nearby(places[at], cluster[at], places[~at])
            made = Positions(found, places, fitted, cluster, outlier, error)
            positions = write_places(work, made)
        self._files[positions.file] = work.folder / "map.parquet"
        self._manifest = replace(self._manifest, maps=(positions,))

    def _measure(self, keys: Keys, error: NDArray[np.float32]) -> None:
        """Fill in how far items are redrawn from what they are, which was lost with the map."""
        lost = {"encoder.onnx", "autoencoder.onnx"} & {Path(one).name for one in self._files}
        if lost or not redraws(self._collection, self._before):
            return  # the next training tells it
        at = np.flatnonzero(np.isnan(error))
        rows: dict[int, dict[str, Any]] = {}  # later rows of a key correct earlier ones
        for part in self._manifest.parts:
            table = read_table(self._path(part), ["id", "key", "path"])
            mine = np.flatnonzero(np.isin(table.column("key").to_numpy(), keys[at]))
            rows |= {row["key"]: row for row in table.take(mine).to_pylist()}
        for places, pixels in self._decoded([rows[key] for key in keys[at].tolist()]):
            error[at[places]] = errors(pixels, self._encoder.reconstruct(pixels))

    def _fit(
        self,
        vectors: Vectors,
        keys: Keys,
        places: NDArray[np.float32],
        error: NDArray[np.float32],
    ) -> Map:
        """A map fitted again, from where its items lie by any kept generation."""
        for other in reversed(self._collection.generations()):
            elsewhere = earlier_places(open_map(self._folder, other, []), keys)
            places = np.where(np.isfinite(places), places, elsewhere)
        graph = self._manifest.graph
        assert graph is not None
        return make_map(self._work, vectors, keys, graph, errors=error, previous=places, seed=0)
