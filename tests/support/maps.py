"""Collections whose map matters and whose pictures don't: large ones, and ones that were turned."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import stores

from ris.explore.explorer import Explorer
from ris.images.display import from_pixels
from ris.images.prepare import make_thumbnail
from ris.store.collection import Collection, Draft
from ris.store.files import describe
from ris.store.manifest import Map
from ris.store.table import Row, TableWriter, write_map
from ris.store.thumbnails import Thumbnails

CLUSTERS = 40
ENCODER = f"{0:016x}"  # digest of the encoder that `stores` makes of seed 0


def publish_points(home: Path, name: str, count: int, work: Path) -> Collection:
    """A large collection of one grey picture: clusters of all sizes on the map, a label for each.

    Only the first thousand are in the graph, which takes the longest to build; the rest is
    searched exactly.
    """
    collection = Collection.create(home, name, ["/pictures"], "folder")
    random = np.random.default_rng(0)
    centres = random.normal(size=(CLUSTERS, 2)) * 10
    spread = random.uniform(0.3, 2.5, CLUSTERS)
    share = 1 / np.arange(1, CLUSTERS + 1)
    of = random.choice(CLUSTERS, count, p=share / share.sum())
    xy = centres[of] + random.normal(size=(count, 2)) * spread[of, None]
    vectors, keys = stores.unit_vectors(count), np.arange(count)
    with TableWriter(work / "part.parquet", stores.DIMENSION, {}) as writer:
        for start in range(0, count, 50_000):
            rows = [
                Row(k, f"{k:064x}", f"/pictures/{k}.png", (f"label {of[k]}",), 32, 32, k)
                for k in range(start, min(start + 50_000, count))
            ]
            writer.write(rows, vectors[start : start + len(rows)])
    write_map(work / "map.parquet", keys, xy.astype(np.float32), np.ones(count, np.bool_))
    stores.write_encoder(work / "encoder")
    draft = stores.draft_of(collection, work, vectors, keys, ENCODER, tail=count - 1_000)
    collection.publish(draft, parent=None)
    grey = make_thumbnail(from_pixels(np.full((32, 32, 3), 160, np.uint8)))
    with Thumbnails(collection.folder / "thumbnails.sqlite") as thumbnails:
        for start in range(0, count, 20_000):
            thumbnails.put((f"{k:064x}", grey) for k in range(start, min(start + 20_000, count)))
    return collection


def publish_turned(collection: Collection, work: Path) -> None:
    """A further generation of the same pictures, whose map is the mirror image of the last one."""
    work.mkdir()
    last = collection.generations()[-1]
    points = Explorer(collection).points()
    xy = np.stack([points.y, points.x], axis=1)
    write_map(work / "map.parquet", points.keys, xy, np.ones(len(xy), np.bool_))
    places = "generations/{generation}/map.parquet"
    facts = describe(work, work / "map.parquet", name=places).to_json()
    manifest = replace(last, maps=(Map(**facts, fitted=len(xy), placed=0),))
    collection.publish(Draft(manifest, {places: work / "map.parquet"}), parent=last.generation)
