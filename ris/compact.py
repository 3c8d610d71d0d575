"""What additions and removals pile up, put in order: one table, one graph, one map.

Until then later parts are searched exactly beside the graph, and removed rows are passed over.
Runs as a job, beside a server that goes on answering from the generation before.
"""

from dataclasses import replace

import numpy as np

from ris.explore.clusters import find_clusters
from ris.generate import (
    Work,
    by_key,
    earlier_errors,
    earlier_places,
    make_graph,
    make_map,
    score_outliers,
    write_places,
)
from ris.progress import Progress
from ris.store.collection import Collection, Draft
from ris.store.files import describe, require_space
from ris.store.generation import open_map
from ris.store.index import Keys, Vectors
from ris.store.known import note_removed
from ris.store.live import read_live
from ris.store.manifest import Manifest, Map, Part
from ris.store.table import ROW_GROUP, TableWriter, embeddings_of

STAGES = ("table", "graph", "map", "publish")
MOST_PARTS = 100  # reading 30,000 rows out of 300 parts takes .12 s, out of 30 parts .06 s
_TAIL, _TAIL_SHARE = 50_000, 0.1  # rows searched exactly: about 2 ms at 50,000
_REMOVED, _REMOVED_SHARE = 50_000, 0.2
_PLACED = 1_000


def due(manifest: Manifest) -> str:
    """Why a generation should be compacted, for people; empty while it need not.

    When there are over `MOST_PARTS` parts; when the rows that came after the graph, or those that
    were removed, are over 50,000 and over 10 % or 20 % of all; or when more items came to the map
    than it was made of, and over 1,000.
    """
    rows = manifest.rows
    tail = rows - (manifest.graph.rows if manifest.graph else 0)
    if len(manifest.parts) > MOST_PARTS:
        return f"the table is in {len(manifest.parts)} parts"
    if tail > max(_TAIL, _TAIL_SHARE * rows):
        return f"{tail:,} pictures came after the search index was built"
    if len(manifest.deleted) > max(_REMOVED, _REMOVED_SHARE * rows):
        return f"{len(manifest.deleted):,} removed pictures take room"
    if len(manifest.maps) > 1 and _is_outgrown(manifest):
        return "the map was made of fewer pictures than came later"
    return ""


def compact(collection: Collection, work: Work, *, seed: int = 0) -> Manifest:
    """Make a generation of the same items in one part, with a graph over all of them.

    The map stays where it is; it is made again, from where its items lie, once more items came to
    it than it was made of. What was removed can't be restored afterwards; files in
    folders that were removed by hand are listed among the skipped ones, so that `sync` passes them
    over.

    Args:
        collection: A published collection.
        work: What to run with.
        seed: Of graph and map.

    Raises:
        StoreError: Nothing is published, a part is damaged, or the disk is full.
        BusyError: Something else was published meanwhile.
        Cancelled: The person gave up.
    """
    manifest = collection.serving()
    work.on_progress(Progress("table", 0, manifest.items, "rows", plan=STAGES))
    require_space(collection.folder, 2 * manifest.bytes)
    vectors, keys = _write_part(collection, manifest, work)
    graph = make_graph(work, vectors, keys, manifest.next_key, seed=seed)
    known = open_map(collection.folder, manifest, [])
    previous = earlier_places(known, keys)
    if manifest.maps and np.isfinite(previous).all() and not _is_outgrown(manifest):
        places = known.take(np.searchsorted(known.keys, keys))
        if (places.cluster < 0).all():  # a map of an earlier ris
            places = replace(places, cluster=find_clusters(places.xy, seed=seed))
        unknown = np.isnan(places.outlier)  # of an earlier ris, too
        if unknown.any() and places.fitted.any():
            scores = score_outliers(work, vectors, keys, graph, places.fitted)
            places = replace(places, outlier=np.where(unknown, scores, places.outlier))
        positions = write_places(work, places)
        positions = replace(positions, made_of=_made_of(manifest.maps[0]))
    else:
        told = earlier_errors(known, keys)
        positions = make_map(work, vectors, keys, graph, errors=told, previous=previous, seed=seed)
    name = collection.new_part()
    part = work.folder / "part.parquet"
    facts = describe(work.folder, part, name=name).to_json()
    changed = replace(
        manifest,
        parts=(Part(**facts, rows=len(keys)),),
        graph=graph,
        maps=(positions,),
        deleted=(),
        gone=(),
    )
    files = {
        name: part,
        graph.file: work.folder / "graph.hnsw",
        positions.file: work.folder / "map.parquet",
    }
    skipped = note_removed(collection, manifest, work.folder)
    work.on_progress(Progress("publish", 0, 1, "generations"))
    work.stop.check()
    draft = Draft(changed, files, skipped)
    published = collection.publish(draft, parent=manifest.generation)
    collection.forget_unused()
    work.on_progress(Progress("publish", 1, 1, "generations", note=published.generation))
    return published


def _write_part(collection: Collection, manifest: Manifest, work: Work) -> tuple[Vectors, Keys]:
    """Copy the rows that hold into one part; their embeddings and keys, keys ascending."""
    vectors = np.empty((manifest.items, manifest.dimension), np.float32)
    keys = np.empty(manifest.items, np.int64)
    done = 0
    part = work.folder / "part.parquet"
    with TableWriter(part, manifest.dimension, dict(manifest.columns)) as writer:
        for table in read_live(collection.folder, manifest, rows=ROW_GROUP):
            work.stop.check()
            writer.write_table(table)
            rows = slice(done, done + len(table))
            vectors[rows] = embeddings_of(table)
            keys[rows] = table.column("key").to_numpy()
            done += len(table)
            work.on_progress(Progress("table", done, manifest.items, "rows"))
    return by_key(vectors, keys)


def _is_outgrown(manifest: Manifest) -> bool:
    """Whether more items came to the map than it was made of."""
    first = _made_of(manifest.maps[0])
    return sum(one.fitted + one.placed for one in manifest.maps) - first > max(_PLACED, first)


def _made_of(first: Map) -> int:
    return first.fitted + first.placed if first.made_of is None else first.made_of
