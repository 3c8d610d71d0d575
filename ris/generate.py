"""One round of work: scanned pictures and an encoder in, a published generation out.

`build.py` decides which rounds there are. Each round works in a folder of its own on the
collection's disk; publishing moves its files into the collection at once.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ris.errors import StoreError
from ris.explore.card import KindScore
from ris.explore.clusters import find_clusters
from ris.explore.familiar import Watch
from ris.explore.projection import FIT_AT_MOST, outlier_scores, project
from ris.explore.scale import Scale, learn, nearest_others, random_pairs
from ris.explore.why import errors
from ris.model.encoder import Encoder, seal
from ris.progress import OnProgress, Progress, StopSignal
from ris.scan import Scanned
from ris.store.collection import Collection, Draft
from ris.store.files import describe, require_space, verify
from ris.store.generation import Positions, open_map
from ris.store.index import (
    ExactIndex,
    GraphIndex,
    Index,
    Keys,
    Vectors,
    build_graph,
    load_graph,
)
from ris.store.manifest import Graph, Manifest, Map, Part
from ris.store.table import TableWriter, add_embeddings, read_batches, write_map

_EXACT_NEIGHBOURS_BELOW = 10_000  # rows; the map takes its neighbours from the graph above


@dataclass(frozen=True)
class Work:
    """What a piece of work is given to run with.

    Attributes:
        folder: An empty folder on the collection's disk.
        on_progress: Hears how far it is.
        stop: Asked between two small steps.
    """

    folder: Path
    on_progress: OnProgress
    stop: StopSignal

    def inside(self, name: str) -> "Work":
        """The same in a new folder of its own."""
        folder = self.folder / name
        folder.mkdir()
        return Work(folder, self.on_progress, self.stop)


class Round:
    """A generation in the making; its encoder's files lie in `encoder/` of the work folder.

    Args:
        collection: Whose generation it becomes.
        scanned: Its pictures.
        work: What to run with.
        seed: Of graph and map.
        parent: The generation that serves now, or None.
        held_out: Rows that the encoder is not trained on, int64: what they are like tells how
            others will be.
    """

    def __init__(
        self,
        collection: Collection,
        scanned: Scanned,
        work: Work,
        seed: int,
        parent: Manifest | None,
        held_out: NDArray[np.int64],
    ) -> None:
        self.collection = collection
        self.scanned = scanned
        self.work = work
        self.seed = seed
        self.parent = parent
        self.held_out = held_out
        self.vectors = np.empty((0, 0), np.float32)
        self.keys = np.empty(scanned.count, np.int64)
        self.errors = np.empty(scanned.count, np.float32)

    def embed(self) -> None:
        """Embed and redraw all pictures; the table's new part lies in the work folder, and beside
        the encoder what features are usual."""
        encoder = Encoder(self.work.folder / "encoder")
        self.vectors = np.empty((self.scanned.count, encoder.dimension), np.float32)
        pixels, done = self.scanned.open_pixels(), 0
        watch = Watch(self.held_out, seed=self.seed)
        part = self.work.folder / "part.parquet"
        with TableWriter(part, encoder.dimension, self.scanned.columns) as writer:
            for batch in read_batches(self.scanned.rows, rows=2048):
                self.work.stop.check()
                rows = slice(done, done + batch.num_rows)
                self.vectors[rows], features = encoder.describe(pixels[rows])
                watch.add(self.vectors[rows], features)
                self.errors[rows] = errors(pixels[rows], encoder.reconstruct(pixels[rows]))
                self.keys[rows] = batch.column("key").to_numpy()
                writer.write_table(add_embeddings(batch, self.vectors[rows]))
                done += batch.num_rows
                self.work.on_progress(Progress("embed", done, self.scanned.count))
        self.errors = self.errors[np.argsort(self.keys)]
        self.vectors, self.keys = by_key(self.vectors, self.keys)
        self._seen = watch.finish(self.work.folder / "encoder")

    def scale(self, copies: Mapping[str, KindScore]) -> Scale | None:
        """What distances are called, once all pictures are embedded; None where there are too few.

        Args:
            copies: How copies of held-out pictures were found, with their distances.
        """
        index = ExactIndex(self.vectors, self.keys)
        pairs = random_pairs(self.vectors, seed=self.seed)
        return learn(copies, nearest_others(index, self._seen.asked), pairs, self._seen.strangeness)

    def publish(self, facts: dict[str, Any]) -> Manifest:
        """Build graph and map, and let the generation serve.

        Args:
            facts: What is known of the encoder, for `training.json`.

        Raises:
            StoreError: The disk is too small.
            BusyError: Something else was published meanwhile.
            Cancelled: The person gave up.
        """
        work = self.work
        require_space(self.collection.folder, self.vectors.nbytes * 3)
        graph = make_graph(work, self.vectors, self.keys, self.scanned.next_key, seed=self.seed)
        previous = None
        if self.parent is not None:
            # a damaged map: nothing to start from
            previous = earlier_places(open_map(self.collection.folder, self.parent, []), self.keys)
        positions = make_map(
            work,
            self.vectors,
            self.keys,
            graph,
            errors=self.errors,
            previous=previous,
            seed=self.seed,
        )
        work.on_progress(Progress("publish", 0, 1, "generations"))
        work.stop.check()
        draft = self._draft(seal(work.folder / "encoder", facts), graph, positions, facts)
        parent = self.parent.generation if self.parent else None
        manifest = self.collection.publish(draft, parent=parent)
        work.on_progress(Progress("publish", 1, 1, "generations", note=manifest.generation))
        return manifest

    def _draft(self, digest: str, graph: Graph, positions: Map, facts: dict[str, Any]) -> Draft:
        """The generation to publish, its files still in the work folder."""
        folder, count = self.work.folder, len(self.keys)
        name = self.collection.new_part()
        part = Part(**describe(folder, folder / "part.parquet", name=name).to_json(), rows=count)
        encoder = {
            f"encoders/{digest}/{path.name}": path for path in (folder / "encoder").iterdir()
        }
        files = {
            name: folder / "part.parquet",
            graph.file: folder / "graph.hnsw",
            positions.file: folder / "map.parquet",
            **encoder,
        }
        told = ("objective", "seconds", "steps", "loss", "validation_loss", "pictures")
        manifest = Manifest(
            generation="",
            parent=None,
            created="",
            encoder=digest,
            dimension=self.vectors.shape[1],
            items=count,
            next_key=self.scanned.next_key,
            parts=(part,),
            graph=graph,
            maps=(positions,),
            encoder_files=tuple(
                describe(folder, path, name=name) for name, path in sorted(encoder.items())
            ),
            columns=self.scanned.columns,
            training={
                **{name: facts[name] for name in told if name in facts},
                "minutes": facts["settings"]["minutes"],
                "seed": self.seed,
            },
        )
        return Draft(manifest, files, self.scanned.skipped)


def open_encoder(collection: Collection, manifest: Manifest) -> Encoder:
    """The encoder of a generation, once its file is known to be what the manifest says.

    Raises:
        StoreError: It is missing, damaged, or can't be loaded.
    """
    facts = manifest.encoder_file("encoder.onnx")
    if facts is not None:
        verify(collection.folder, facts)
    return Encoder(collection.folder / "encoders" / manifest.encoder)


def redraws(collection: Collection, manifest: Manifest) -> bool:
    """Whether a generation's encoder can redraw pictures: its file is what the manifest says."""
    facts = manifest.encoder_file("autoencoder.onnx")
    if facts is not None:
        with suppress(StoreError):
            verify(collection.folder, facts)
            return True
    return False


def by_key(vectors: Vectors, keys: Keys) -> tuple[Vectors, Keys]:
    """Embeddings and keys in the ascending order of the keys; rows that were corrected come late
    in a table."""
    if (np.diff(keys) <= 0).any():
        order = np.argsort(keys)
        return vectors[order], keys[order]
    return vectors, keys


def make_graph(work: Work, vectors: Vectors, keys: Keys, next_key: int, *, seed: int) -> Graph:
    """Build the graph over all items into `graph.hnsw` of the work folder.

    Args:
        work: What to run with.
        vectors: float32 (N, dimension), unit length.
        keys: int64 (N,), ascending.
        next_key: Items with smaller keys are in the graph.
        seed: Of the graph's random levels.

    Raises:
        StoreError: The file could not be written whole.
        Cancelled: The person gave up.
    """

    def on_rows(done: int) -> None:
        work.stop.check()
        work.on_progress(Progress("graph", done, len(keys)))

    on_rows(0)
    path = work.folder / "graph.hnsw"
    built = build_graph(vectors, keys, path, seed=seed, on_rows=on_rows)
    facts = describe(work.folder, path, name="generations/{generation}/graph.hnsw")
    return Graph(
        **facts.to_json(),
        rows=len(keys),
        next_key=next_key,
        m=built.m,
        ef_construction=built.ef_construction,
        ef=built.ef,
        recall=built.recall,
    )


def make_map(
    work: Work,
    vectors: Vectors,
    keys: Keys,
    graph: Graph,
    *,
    errors: NDArray[np.float32],
    previous: NDArray[np.float32] | None,
    seed: int,
) -> Map:
    """Lay all items out into `map.parquet` of the work folder, where the graph lies already.

    Args:
        work: What to run with.
        vectors: float32 (N, dimension), unit length.
        keys: int64 (N,), ascending.
        graph: Of these items.
        errors: How far they are redrawn from what they are, float32 (N,), NaN where not known.
        previous: Where they lay before, float32 (N, 2), NaN where they did not; or None.
        seed: The same one gives the same map.

    Raises:
        Cancelled: The person gave up.
    """

    def on_epochs(done: int, total: int) -> None:
        work.stop.check()
        work.on_progress(Progress("map", done, total, "epochs"))

    work.on_progress(Progress("map", 0, None, "epochs"))
    index = _neighbours_of(work, vectors, keys, graph)
    found = project(index, vectors, keys, seed=seed, previous=previous, on_epochs=on_epochs)
    work.stop.check()
    clusters = find_clusters(found.xy, seed=seed)
    places = Positions(keys, found.xy, found.fitted, clusters, found.outlier, errors)
    return write_places(work, places)


def score_outliers(
    work: Work, vectors: Vectors, keys: Keys, graph: Graph, fitted: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """The outlier scores of a map that has none; the graph lies in the work folder already."""
    return outlier_scores(_neighbours_of(work, vectors, keys, graph), vectors, keys, fitted)


def _neighbours_of(work: Work, vectors: Vectors, keys: Keys, graph: Graph) -> Index:
    """What finds the neighbours that a map is made of."""
    if not _EXACT_NEIGHBOURS_BELOW <= len(keys) <= FIT_AT_MOST:
        return ExactIndex(vectors, keys)
    loaded = load_graph(work.folder / "graph.hnsw", vectors.shape[1], len(keys))
    return GraphIndex(loaded, max(graph.ef, 64))


def write_places(work: Work, positions: Positions) -> Map:
    """Write a map into `map.parquet` of the work folder."""
    path, fitted = work.folder / "map.parquet", positions.fitted
    write_map(
        path,
        positions.keys,
        positions.xy,
        fitted,
        positions.cluster,
        positions.outlier,
        positions.error,
    )
    facts = describe(work.folder, path, name="generations/{generation}/map.parquet")
    return Map(**facts.to_json(), fitted=int(fitted.sum()), placed=int((~fitted).sum()))


def earlier_places(known: Positions, keys: Keys) -> NDArray[np.float32]:
    """Where items lie on a map, float32 (N, 2); NaN: not on it."""
    return _by_keys(known.xy, known.keys, keys)


def earlier_errors(known: Positions, keys: Keys) -> NDArray[np.float32]:
    """How far items are redrawn from what they are, by a map of the same encoder, float32 (N,);
    NaN: it does not tell."""
    return _by_keys(known.error, known.keys, keys)


def _by_keys(values: NDArray[np.float32], known: Keys, keys: Keys) -> NDArray[np.float32]:
    """The values of keys, any of them, by those of known ones, ascending; NaN: not known."""
    found = np.full((len(keys), *values.shape[1:]), np.nan, np.float32)
    rows = np.searchsorted(known, keys)
    there = np.flatnonzero(np.append(known, -1)[rows] == keys)
    found[there] = values[rows[there]]
    return found
