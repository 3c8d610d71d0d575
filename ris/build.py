"""The whole way from sources to a published generation: create a collection, train it again.

Runs in a job or on the command line, never in the server. Each stage leaves its files in the
job's work folder; publishing moves them into the collection at once.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ris.errors import StoreError
from ris.explore.projection import project
from ris.images.labels import Labels
from ris.images.sources import Source, open_source
from ris.model.encoder import Encoder
from ris.model.quiet import quiet_stderr
from ris.progress import OnProgress, Progress, StopSignal
from ris.scan import Scanned, scan, scan_again
from ris.store.collection import Collection, Draft
from ris.store.files import describe, read_json, require_space
from ris.store.generation import open_map
from ris.store.index import ExactIndex, Index, build_graph, load_graph
from ris.store.manifest import Graph, Manifest, Map, Part
from ris.store.table import TableWriter, add_embeddings, read_batches, write_map

if TYPE_CHECKING:
    from ris.model.network import Network


DEFAULT_MINUTES = 3.0
DEMO_MINUTES = 0.35  # the demo must be searchable within two minutes, map and all
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


def create(
    collection: Collection, work: Work, *, minutes: float | None = None, seed: int = 0
) -> Manifest:
    """Fill a new collection from the sources it was made with.

    Args:
        collection: Made by `Collection.create`.
        work: What to run with.
        minutes: Training budget; by default `DEFAULT_MINUTES`, for the demo `DEMO_MINUTES`.
        seed: Of training, graph and map.

    Raises:
        SourceError: There is not one picture, or a source can't be read.
        StoreError: The disk is too small.
        Cancelled: The person gave up.
    """
    info = collection.info()
    labels = Labels(info["labels"])
    sources = [open_any_source(text) for text in info["sources"]]
    if minutes is None:
        minutes = DEMO_MINUTES if info["sources"] == ["demo"] else DEFAULT_MINUTES
    scanned = scan(
        collection,
        sources,
        labels,
        work.folder,
        on_progress=work.on_progress,
        stop=work.stop,
    )
    return _make_generation(collection, scanned, work, minutes, seed, parent=None)


def train(
    collection: Collection, work: Work, *, minutes: float | None = None, seed: int = 0
) -> Manifest:
    """Train the serving encoder further and make a new generation with it.

    Raises:
        StoreError: There is nothing to train, or the disk is too small.
        BusyError: Something else was published meanwhile.
        Cancelled: The person gave up.
    """
    current = collection.current()
    if current is None:
        raise StoreError(
            f"{collection.name!r} has no pictures yet: its creation did not finish.",
            "Create it again.",
        )
    parent = collection.manifest(current)
    encoder = collection.folder / "encoders" / parent.encoder
    size = int(read_json(encoder / "training.json")["network"]["size"])
    scanned = scan_again(
        collection,
        parent,
        size,
        work.folder,
        on_progress=work.on_progress,
        stop=work.stop,
    )
    if scanned.count == 0:
        raise StoreError("None of the pictures can be read any more.", "Bring the files back.")
    minutes = DEFAULT_MINUTES if minutes is None else minutes
    return _make_generation(collection, scanned, work, minutes, seed, parent=parent)


def check_sources(home: Path, name: str, sources: list[str], labels: str) -> None:
    """Refuse what can't become a collection before anything is made.

    Raises:
        RisError: The collection exists, a source does not, or the labels can't be read.
    """
    Collection.check_new(home, name)
    for source in sources:
        open_any_source(source)
    Labels(labels)


def open_any_source(text: str) -> Source:
    """A source by what a person wrote: `keras:NAME`, `demo`, a folder or an archive.

    Raises:
        SourceError: There is nothing of that kind.
    """
    if text.startswith("keras:"):
        from ris.model.datasets import KerasDataset

        return KerasDataset(text.removeprefix("keras:"))
    return open_source(text)


def _make_generation(
    collection: Collection,
    scanned: Scanned,
    work: Work,
    minutes: float,
    seed: int,
    *,
    parent: Manifest | None,
) -> Manifest:
    digest, facts = _train_encoder(collection, scanned, work, minutes, seed, parent)
    vectors, keys = _embed(scanned, work)
    require_space(collection.folder, vectors.nbytes * 3)
    graph = _build_graph(vectors, keys, scanned.next_key, work, seed)
    positions = _build_map(collection, vectors, keys, graph, work, seed, parent)
    work.on_progress(Progress("publish", 0, 1, "generations"))
    work.stop.check()
    draft = _draft(collection, scanned, work.folder, digest, vectors, graph, positions, facts)
    manifest = collection.publish(draft, parent=parent.generation if parent else None)
    work.on_progress(Progress("publish", 1, 1, "generations", note=manifest.generation))
    return manifest


def _train_encoder(
    collection: Collection,
    scanned: Scanned,
    work: Work,
    minutes: float,
    seed: int,
    parent: Manifest | None,
) -> tuple[str, dict[str, Any]]:
    """The trained encoder's digest and facts; its files lie in `encoder/` of the work folder."""
    total = round(minutes * 60)
    work.on_progress(Progress("train", 0, total, "seconds", note="Starting TensorFlow"))
    with quiet_stderr():
        from ris.model.export import export
        from ris.model.network import NetworkSettings
        from ris.model.training import TrainingSettings
        from ris.model.training import train as train_network

    trained = train_network(
        scanned.open_pixels(),
        NetworkSettings(size=scanned.size),
        TrainingSettings(minutes=minutes, seed=seed),
        start=_load_start(collection, parent),
        on_progress=work.on_progress,
        stop=work.stop,
    )
    folder = work.folder / "encoder"
    folder.mkdir()
    work.on_progress(Progress("train", total, total, "seconds", note="Exporting the encoder"))
    with quiet_stderr():
        return export(trained.network, trained.facts, folder), trained.facts


def _load_start(collection: Collection, parent: Manifest | None) -> "Network | None":
    """The serving network to go on from; a damaged one is left alone."""
    if parent is None:
        return None
    from ris.model.network import load_network

    try:
        path = collection.folder / "encoders" / parent.encoder / "autoencoder.keras"
        with quiet_stderr():
            return load_network(path)
    except StoreError:
        return None


def _embed(scanned: Scanned, work: Work) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Embeddings and keys of all pictures; the table's new part lies in the work folder."""
    encoder = Encoder(work.folder / "encoder")
    pixels = scanned.open_pixels()
    vectors = np.empty((scanned.count, encoder.dimension), np.float32)
    keys = np.empty(scanned.count, np.int64)
    done = 0
    with TableWriter(work.folder / "part.parquet", encoder.dimension, scanned.columns) as writer:
        for batch in read_batches(scanned.rows, rows=2048):
            work.stop.check()
            rows = slice(done, done + batch.num_rows)
            vectors[rows] = encoder.encode(pixels[rows])
            keys[rows] = batch.column("key").to_numpy()
            writer.write_table(add_embeddings(batch, vectors[rows]))
            done += batch.num_rows
            work.on_progress(Progress("embed", done, scanned.count))
    return vectors, keys


def _build_graph(
    vectors: NDArray[np.float32], keys: NDArray[np.int64], next_key: int, work: Work, seed: int
) -> Graph:
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


def _build_map(
    collection: Collection,
    vectors: NDArray[np.float32],
    keys: NDArray[np.int64],
    graph: Graph,
    work: Work,
    seed: int,
    parent: Manifest | None,
) -> Map:
    def on_epochs(done: int, total: int) -> None:
        work.stop.check()
        work.on_progress(Progress("map", done, total, "epochs"))

    work.on_progress(Progress("map", 0, None, "epochs"))
    index: Index = ExactIndex(vectors, keys)
    if len(keys) >= _EXACT_NEIGHBOURS_BELOW:
        path = work.folder / "graph.hnsw"
        index = load_graph(path, vectors.shape[1], len(keys), max(graph.ef, 64), ())
    previous = _earlier_places(collection, keys, parent)
    xy, fitted = project(index, vectors, keys, seed=seed, previous=previous, on_epochs=on_epochs)
    path = work.folder / "map.parquet"
    write_map(path, keys, xy, fitted)
    facts = describe(work.folder, path, name="generations/{generation}/map.parquet")
    return Map(**facts.to_json(), fitted=int(fitted.sum()), placed=int((~fitted).sum()))


def _earlier_places(
    collection: Collection, keys: NDArray[np.int64], parent: Manifest | None
) -> NDArray[np.float32] | None:
    """Where the items lay on the parent's map, float32 (N, 2), NaN for those it did not have."""
    if parent is None or parent.map is None:
        return None
    known = open_map(collection.folder, parent, notices=[])  # a damaged one: nothing to start from
    places = np.full((len(keys), 2), np.nan, np.float32)
    _, rows, known_rows = np.intersect1d(keys, known.keys, assume_unique=True, return_indices=True)
    places[rows] = known.xy[known_rows]
    return places


def _draft(
    collection: Collection,
    scanned: Scanned,
    folder: Path,
    digest: str,
    vectors: NDArray[np.float32],
    graph: Graph,
    positions: Map,
    facts: dict[str, Any],
) -> Draft:
    """The generation to publish, its files still in the work folder."""
    name = collection.new_part()
    part = Part(**describe(folder, folder / "part.parquet", name=name).to_json(), rows=len(vectors))
    encoder = {f"encoders/{digest}/{path.name}": path for path in (folder / "encoder").iterdir()}
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
        dimension=int(vectors.shape[1]),
        items=len(vectors),
        next_key=scanned.next_key,
        parts=(part,),
        graph=graph,
        map=positions,
        encoder_files=tuple(
            describe(folder, path, name=name) for name, path in sorted(encoder.items())
        ),
        columns=scanned.columns,
        training={
            **{name: facts[name] for name in told},
            "minutes": facts["settings"]["minutes"],
            "seed": facts["settings"]["seed"],
        },
    )
    return Draft(manifest, files, folder / "skipped.parquet")
