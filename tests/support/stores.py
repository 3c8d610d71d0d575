"""A small published collection, made by the real code around an encoder of a few lines.

The encoder is an ONNX file like a trained one: average colours over a 4 x 4 grid, turned by a
seeded matrix. So everything but training runs as it does for people, in a second.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import drawn
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from ris.explore.why import errors
from ris.images.labels import Labels
from ris.images.parts import Tiling
from ris.images.patches import cut
from ris.images.sources import Folder
from ris.model.encoder import Encoder
from ris.progress import StopSignal, silent
from ris.scan import scan
from ris.store.collection import Collection, Draft
from ris.store.files import describe, write_json
from ris.store.index import build_graph
from ris.store.manifest import Graph, Manifest, Map, Part
from ris.store.table import Row, TableWriter, add_embeddings, read_batches, write_map

SIZE, DIMENSION = 32, 16


def write_encoder(
    folder: Path,
    *,
    seed: int = 0,
    dimension: int = DIMENSION,
    symmetric: bool = False,
    features: bool = True,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """`encoder.onnx`, `autoencoder.onnx` and the rest of an encoder's folder.

    Its features are the average colours, its feature map (4, 4, 3) has them where they are; without
    `features` it gives neither, as those of an earlier ris.

    To a `symmetric` one a picture and its mirror image are the same, as to those trained now.
    `facts` are put over those of `training.json`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    matrix = np.random.default_rng(seed).normal(size=(48, dimension)).astype(np.float32)
    constants = {
        "turn": matrix,
        "grey": np.float32(128),
        "half": np.float32(127.5),
        "one": np.float32(1),
        "tiny": np.float32(1e-6),
        "flat": np.array([-1, 48], np.int64),
        "scales": np.array([1, 1, SIZE / 4, SIZE / 4], np.float32),
        "rows": np.array([1], np.int64),
        "backwards": np.array([3, 2, 1, 0], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["pictures"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["channels"], perm=[0, 3, 1, 2]),
        helper.make_node(
            "AveragePool", ["channels"], ["grid"], kernel_shape=[8, 8], strides=[8, 8]
        ),
    ]
    both = [
        helper.make_node("Gather", ["grid", "backwards"], ["mirrored"], axis=3),
        helper.make_node("Mean", ["grid", "mirrored"], ["seen"]),
    ]
    embed = [
        *(both if symmetric else []),
        helper.make_node("Sub", ["seen" if symmetric else "grid", "grey"], ["centred"]),
        helper.make_node("Reshape", ["centred", "flat"], ["codes"]),
        helper.make_node("MatMul", ["codes", "turn"], ["turned"]),
        helper.make_node("ReduceL2", ["turned", "rows"], ["length"], keepdims=1),
        helper.make_node("Max", ["length", "tiny"], ["positive"]),
        helper.make_node("Div", ["turned", "positive"], ["out"]),
    ]
    decode = [
        helper.make_node("Resize", ["grid", "", "scales"], ["large"], mode="nearest"),
        helper.make_node("Transpose", ["large"], ["pixels"], perm=[0, 2, 3, 1]),
        helper.make_node("Div", ["pixels", "half"], ["scaled"]),
        helper.make_node("Sub", ["scaled", "one"], ["out"]),
    ]
    see = [
        helper.make_node("Identity", ["codes"], ["features"]),
        helper.make_node("Transpose", ["grid"], ["map"], perm=[0, 2, 3, 1]),
    ]
    seen: dict[str, list[str | int]] = {"features": ["N", 48], "map": ["N", 4, 4, 3]}
    for name, rest, outputs in (
        (
            "encoder",
            [*embed, *(see if features else [])],
            {"out": ["N", dimension], **(seen if features else {})},
        ),
        ("autoencoder", decode, {"out": ["N", SIZE, SIZE, 3]}),
    ):
        used = {value for node in nodes + rest for value in node.input}
        graph = helper.make_graph(
            nodes + rest,
            name,
            [helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["N", SIZE, SIZE, 3])],
            [
                helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)
                for output, shape in outputs.items()
            ],
            [numpy_helper.from_array(v, k) for k, v in constants.items() if k in used],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
        model.ir_version = 9
        onnx.checker.check_model(model)
        onnx.save(model, folder / f"{name}.onnx")
    told = {"network": {"size": SIZE}, "history": [{"step": 0, "validation_loss": 0.5}]}
    write_json(folder / "training.json", {**told, **(facts or {})})


def unit_vectors(count: int, dimension: int = DIMENSION, *, seed: int = 0) -> NDArray[np.float32]:
    """Random directions, float32 (count, dimension)."""
    vectors = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def make_rows(keys: Sequence[int]) -> list[Row]:
    """Rows that differ in every column."""
    return [
        Row(key, f"{key:064x}", f"/pictures/{key}.png", (f"label {key % 3}",), 32, 30 + key, key)
        for key in keys
    ]


def make_draft(
    collection: Collection,
    work: Path,
    *,
    count: int = 20,
    seed: int = 0,
    tail: int = 0,
    deleted: tuple[int, ...] = (),
    facts: Mapping[str, Any] | None = None,
) -> Draft:
    """A generation of random rows, ready to publish; the last `tail` rows are not in the graph."""
    work.mkdir(parents=True, exist_ok=True)
    vectors, keys = unit_vectors(count, seed=seed), np.arange(count)
    with TableWriter(work / "part.parquet", DIMENSION, {}) as writer:
        writer.write(make_rows(range(count)), vectors)
    xy = np.random.default_rng(seed).normal(size=(count, 2)).astype(np.float32)
    write_map(work / "map.parquet", keys, xy, np.ones(count, np.bool_))
    digest = _fake_encoder(work, seed, facts=facts)
    draft = draft_of(collection, work, vectors, keys, digest, tail=tail, deleted=deleted, seed=seed)
    return _told(draft, facts)


def publish_folder(
    home: Path,
    name: str,
    source: Path,
    work: Path,
    *,
    labels: str = "folder",
    seed: int = 0,
    symmetric: bool = False,
    facts: Mapping[str, Any] | None = None,
    cluster: Sequence[int] | None = None,
    tiling: Tiling | None = None,
) -> Collection:
    """A collection of a folder's pictures: scanned, embedded, mapped and published.

    With the `cluster` of each picture its map has clusters, reconstruction errors, and outlier
    scores of 0.01 for the first picture, 0.02 for the next; else it is a map as an earlier ris made
    it. Large pictures are cut as `tiling` says.
    """
    work.mkdir(parents=True, exist_ok=True)
    collection = Collection.create(home, name, [str(source)], labels, tiling=tiling)
    given = Labels(labels)
    scanned = scan(
        collection,
        [cut(Folder(source), tiling)],
        given,
        SIZE,
        work,
        on_progress=silent,
        stop=StopSignal(),
    )
    digest = _fake_encoder(work, seed, symmetric, facts)
    encoder, pixels = Encoder(work / "encoder"), scanned.open_pixels()
    vectors = encoder.encode(pixels)
    keys = np.arange(scanned.count)
    with TableWriter(work / "part.parquet", DIMENSION, scanned.columns) as writer:
        for batch in read_batches(scanned.rows):
            writer.write_table(add_embeddings(batch, vectors))
    known: tuple[Any, ...] = ()
    if cluster is not None:
        far = errors(pixels, encoder.reconstruct(pixels))
        known = np.array(cluster, np.int32), _outliers(len(keys)), far
    xy, fitted = vectors[:, :2] * 10, np.ones(len(keys), np.bool_)
    write_map(work / "map.parquet", keys, xy, fitted, *known)
    draft = draft_of(collection, work, vectors, keys, digest, columns=scanned.columns, seed=seed)
    draft = _told(draft, facts)
    collection.publish(replace(draft, skipped=scanned.skipped), parent=None)
    return collection


def publish_by_another_encoder(collection: Collection, source: Path, place: Path) -> None:
    """The next generation of a collection of a folder's pictures, as a retraining leaves it: the
    same items, embedded by another encoder."""
    other = publish_folder(place / "home", "other", source, place / "work", seed=5)
    manifest = other.serving()
    files = {
        one.file.replace(f"generations/{manifest.generation}", "generations/{generation}"): (
            other.folder / one.file
        )
        for one in manifest.files
    }
    (drawn_map,) = manifest.maps
    assert manifest.graph is not None
    draft = replace(
        manifest,
        graph=replace(manifest.graph, file="generations/{generation}/graph.hnsw"),
        maps=(replace(drawn_map, file="generations/{generation}/map.parquet"),),
    )
    collection.publish(Draft(draft, files), parent=collection.current())


def publish_slide(
    home: Path, place: Path, name: str = "slides", file: str = "a slide.png"
) -> Collection:
    """A collection of a picture of 4 x 4 pictures, some of them the same."""
    whole = Image.new("RGB", (128, 128), "white")
    for number in range(1, 16):
        one = drawn.draw(drawn.FAMILIES[number % 4], number % 8)
        whole.paste(one, (number % 4 * 32, number // 4 * 32))
    folder = place / "slides"
    folder.mkdir()
    whole.save(folder / file)
    return publish_folder(home, name, folder, place / "work", tiling=Tiling(32, 32))


def _outliers(count: int) -> NDArray[np.float32]:
    return np.arange(1, count + 1, dtype=np.float32) / 100


def _fake_encoder(
    work: Path, seed: int, symmetric: bool = False, facts: Mapping[str, Any] | None = None
) -> str:
    write_encoder(work / "encoder", seed=seed, symmetric=symmetric, facts=facts)
    return f"{seed:016x}"


def _told(draft: Draft, facts: Mapping[str, Any] | None) -> Draft:
    """What a list of generations tells, from the facts of its training, as a real round does."""
    told = {name: facts[name] for name in ("objective", "seconds") if facts and name in facts}
    manifest = replace(draft.manifest, training={**draft.manifest.training, **told})
    return replace(draft, manifest=manifest)


def draft_of(
    collection: Collection,
    work: Path,
    vectors: NDArray[np.float32],
    keys: NDArray[np.int64],
    digest: str,
    *,
    tail: int = 0,
    deleted: tuple[int, ...] = (),
    columns: dict[str, str] | None = None,
    seed: int = 0,
) -> Draft:
    """A generation of the files in `work`: `part.parquet`, `map.parquet`, `encoder/`; its graph is
    built here."""
    in_graph = len(keys) - tail
    built = build_graph(vectors[:in_graph], keys[:in_graph], work / "graph.hnsw", seed=seed)
    part = collection.new_part()
    graph, places = (f"generations/{{generation}}/{name}" for name in ("graph.hnsw", "map.parquet"))
    encoder = {f"encoders/{digest}/{file.name}": file for file in (work / "encoder").iterdir()}
    graph_facts = describe(work, work / "graph.hnsw", name=graph).to_json()
    map_facts = describe(work, work / "map.parquet", name=places).to_json()
    part_facts = describe(work, work / "part.parquet", name=part).to_json()
    manifest = Manifest(
        generation="",
        parent=None,
        created="",
        encoder=digest,
        dimension=vectors.shape[1],
        items=len(keys) - len(deleted),
        next_key=len(keys),
        parts=(Part(**part_facts, rows=len(keys)),),
        graph=Graph(
            **graph_facts,
            rows=in_graph,
            next_key=in_graph,
            m=built.m,
            ef_construction=built.ef_construction,
            ef=built.ef,
            recall=built.recall,
        ),
        maps=(Map(**map_facts, fitted=len(keys), placed=0),),
        encoder_files=tuple(describe(work, f, name=n) for n, f in sorted(encoder.items())),
        columns=columns or {},
        deleted=deleted,
        training={"objective": "none", "minutes": 0.0, "validation_loss": 0.5},
    )
    files = {
        part: work / "part.parquet",
        graph: work / "graph.hnsw",
        places: work / "map.parquet",
        **encoder,
    }
    return Draft(manifest, files)
