# ruff: noqa: E402 - the paths come first
"""Makes the golden folder of the present format version: a tiny collection, by the real code.

    python tests/golden/make.py

writes `tests/golden/v<FORMAT_VERSION>/`: the home of a collection `golden` of 12 drawn pictures
out of ZIPs, with labels and metadata from CSVs, one skipped file, one item removed and one added
later, and `expected.json`, what it answers. Everything is made by ris itself; only the network is
smaller than any that ris trains on its own (input of 16 pixels), to keep the folder at a few
hundred kB.

A released golden folder is never made again: `test_golden.py` opens all of them for ever. Run this
for a new format version only, and while a version is not released yet.
"""

import json
import shutil
import sys
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))
sys.path.insert(0, str(HERE.parent / "support"))

import drawn
import numpy as np
import stores

from ris.explore.explorer import Explorer
from ris.explore.projection import project
from ris.generate import Work
from ris.images.archives import ZipArchive
from ris.images.labels import Labels
from ris.images.prepare import prepare
from ris.model.encoder import Encoder, seal
from ris.progress import StopSignal, silent
from ris.removal import remove
from ris.scan import scan
from ris.store.collection import Collection
from ris.store.files import write_json
from ris.store.index import ExactIndex
from ris.store.manifest import FORMAT_VERSION
from ris.store.table import TableWriter, add_embeddings, read_batches, write_map
from ris.update import add

SIZE, DIMENSION = 16, 8


def write_sources(folder: Path) -> tuple[Path, Path]:
    """The archive and the CSV that the collection is made of."""
    rows = ["path,label,price,new,seen,maker"]
    with zipfile.ZipFile(folder / "pictures.zip", "w") as archive:
        for family in drawn.FAMILIES:
            for number in range(3):
                name = f"{family}/{number:02}.png"
                archive.writestr(name, drawn.encoded(drawn.draw(family, number)))
                rows.append(
                    f"{name},{family},{number},{'true' if number else 'false'},"
                    f"2026-01-{number + 1:02},{'' if number == 2 else 'Änne'}"
                )
        archive.writestr("notes.txt", "no picture")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "pictures.zip", folder / "labels.csv"


def make(home: Path, work: Path) -> Collection:
    """Scan, train, embed, graph, map and publish."""
    # here, so that the workers of the scan need no Keras
    from ris.model.export import export
    from ris.model.network import NetworkSettings
    from ris.model.training import TrainingSettings, train

    archive, csv = write_sources(work)
    collection = Collection.create(home, "golden", [archive.name], csv.name)
    labels = Labels(str(csv))
    source = ZipArchive(archive)
    scanned = scan(collection, [source], labels, 32, work, on_progress=silent, stop=StopSignal())
    ids = [row["id"] for b in read_batches(scanned.rows, ["id"]) for row in b.to_pylist()]
    pixels = np.stack(
        [prepare(collection.upload_path(one).read_bytes(), SIZE).pixels for one in ids]
    )
    network = NetworkSettings(
        size=SIZE, widths=(4, 4, 8), code_channels=2, decoder_width=8, dimension=DIMENSION
    )
    trained = train(pixels, network, TrainingSettings(minutes=0.1, batch=4))
    (work / "encoder").mkdir()
    export(trained.network, work / "encoder")
    digest = seal(work / "encoder", trained.facts)
    vectors, keys = Encoder(work / "encoder").encode(pixels), np.arange(len(ids))
    with TableWriter(work / "part.parquet", vectors.shape[1], scanned.columns) as writer:
        for batch in read_batches(scanned.rows):
            writer.write_table(add_embeddings(batch, vectors))
    laid = project(ExactIndex(vectors, keys), vectors, keys)
    write_map(work / "map.parquet", keys, laid.xy, laid.fitted)
    draft = stores.draft_of(collection, work, vectors, keys, digest, columns=scanned.columns)
    told = ("objective", "seconds", "steps", "loss", "validation_loss", "pictures")
    facts = {**{name: trained.facts[name] for name in told}, "minutes": 0.1, "seed": 0}
    manifest = replace(draft.manifest, training=facts)
    collection.publish(replace(draft, manifest=manifest, skipped=scanned.skipped), parent=None)
    _live_on(collection, work)
    return collection


def _live_on(collection: Collection, work: Path) -> None:
    """One item is removed, another one added, with metadata of its own."""
    remove(collection, ["5"])
    with zipfile.ZipFile(work / "more.zip", "w") as archive:
        archive.writestr("discs/09.png", drawn.encoded(drawn.draw("discs", 9)))
    text = "path,label,price,new,seen,maker\ndiscs/09.png,discs,9,true,2026-01-09,Änne\n"
    (work / "more.csv").write_text(text, encoding="utf-8")
    (work / "adding").mkdir()
    adding = Work(work / "adding", silent, StopSignal())
    info = collection.info()
    add(collection, adding, [str(work / "more.zip")], labels=str(work / "more.csv"))
    write_json(collection.folder / "collection.json", info)  # without a path of this machine


def answers(collection: Collection) -> dict[str, object]:
    """What it answers, as `test_golden.py` compares it."""
    explorer = Explorer(collection)
    points = explorer.points()
    found = {
        "generation": explorer.generation,
        "items": [
            {
                "key": item.key,
                "id": item.id,
                "path": item.path,
                "labels": list(item.labels),
                "metadata": {name: str(value) for name, value in item.metadata.items()},
                "place": [float(points.x[row]), float(points.y[row])],
                "nearest": [
                    [hit.item.key, round(hit.distance, 5)]
                    for hit in explorer.similar(item.key).hits
                ],
            }
            for row, item in enumerate(explorer.items(explorer.keys))
        ],
        "skipped": [[one.path, one.reason] for one in collection.skipped()],
    }
    explorer._thumbnails.close()  # else SQLite's side files stay
    return found


def main() -> None:
    folder = HERE / f"v{FORMAT_VERSION}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with tempfile.TemporaryDirectory() as work:
        collection = make(folder, Path(work))
    text = json.dumps(answers(collection), indent=1, ensure_ascii=False)
    (folder / "expected.json").write_text(text + "\n", encoding="utf-8")
    (collection.folder / "writer.lock").unlink()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            print(f"{file.stat().st_size:>9} {file.relative_to(folder)}")


if __name__ == "__main__":
    main()
