"""Everything that can be wrong with a collection is found, and repaired where that is possible."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import corruption
import numpy as np
import pyarrow.parquet as pq
import pytest
import stores

from ris import jobs
from ris.check import Finding, check
from ris.cli import main
from ris.compact import compact
from ris.errors import Cancelled
from ris.explore.explorer import Explorer, open_explorer
from ris.generate import Work
from ris.images.prepare import content_id
from ris.progress import StopSignal, silent
from ris.repair import Repaired, repair
from ris.store.collection import Collection
from ris.store.files import own_hash, write_json
from ris.store.manifest import write_manifest
from ris.store.table import TableWriter, write_map
from ris.store.thumbnails import Thumbnails

NOBODYS = content_id(b"nobody's")
GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return corruption.make(tmp_path_factory.mktemp("check"))


@pytest.fixture
def lived_in(made, tmp_path):
    """A collection with additions, corrected rows, removed items and two files of the map."""
    home = shutil.copytree(made.home, tmp_path / "home")
    return Collection(Path(home), corruption.NAME)


def look(collection: Collection) -> list[Finding]:
    return list(check(collection, silent, StopSignal()))


def mend(collection: Collection) -> Repaired:
    """Repair as the command does; afterwards nothing is left that could be repaired."""
    with jobs.run(collection.home, collection.name, "check") as job:
        done = repair(collection, Work(job.folder, silent, job.stop), look(collection))
        job.tell(event="finished", generation=collection.current())
    assert [one for one in done.left if one.repair] == []
    assert look(collection) == list(done.left)
    return done


def damage(path: Path, place: int | None = None) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if place is None else place] ^= 0xFF
    path.write_bytes(data)


def named(collection: Collection, name: str, generation: str | None = None) -> Path:
    """The file of that name that a generation needs; of several the first."""
    manifest = collection.manifest(generation or collection.current())
    return next(
        collection.folder / facts.file for facts in manifest.files if facts.file.endswith(name)
    )


def damage_column(part: Path, name: str) -> None:
    """Damage the pages of one column of a part."""
    row_group = pq.ParquetFile(part).metadata.row_group(0)
    columns = [row_group.column(i) for i in range(row_group.num_columns)]
    column = next(one for one in columns if one.path_in_schema.split(".")[0] == name)
    damage(part, column.data_page_offset + column.total_compressed_size // 2)


def answers(made, collection):
    with corruption.indexed():
        return corruption._answers(open_explorer(collection.home, collection.name), made.query)


def test_where_all_is_well_nothing_is_found(lived_in):
    told = []
    assert list(check(lived_in, told.append, StopSignal())) == []
    assert {one.stage for one in told} == {"check", "pictures"}
    assert all(one.done <= one.total for one in told)


@pytest.mark.parametrize("golden", sorted(path.name for path in GOLDEN.glob("v*")))
def test_in_collections_of_earlier_formats_nothing_is_found(golden, tmp_path):
    home = shutil.copytree(GOLDEN / golden, tmp_path / "home")
    assert look(Collection(Path(home), "golden")) == []


def test_nothing_is_changed_by_looking(lived_in):
    def contents():
        files = [path for path in lived_in.folder.rglob("*") if path.is_file()]
        return {path: path.read_bytes() for path in files if path.suffix != ".lock"}

    damage(named(lived_in, "graph.hnsw"))
    (lived_in.folder / "thumbnails.sqlite").write_bytes(b"damaged")
    for beside in lived_in.folder.glob("thumbnails.sqlite-*"):
        beside.unlink()
    before = contents()
    assert {one.kind for one in look(lived_in)} == {"graph", "thumbnails"}
    assert contents() == before


def test_it_can_be_cancelled(lived_in):
    stop = StopSignal()
    stop.cancelled = True
    with pytest.raises(Cancelled):
        list(check(lived_in, silent, stop))


def lose_thumbnails(collection: Collection) -> None:
    (collection.folder / "thumbnails.sqlite").write_bytes(b"damaged" * 1000)
    for beside in collection.folder.glob("thumbnails.sqlite-*"):
        beside.unlink()


def lose_one_thumbnail(collection: Collection) -> None:
    with Thumbnails(collection.folder / "thumbnails.sqlite") as thumbnails:
        thumbnails._forget([Explorer(collection).item(0).id])


def lose_a_bit_of_a_thumbnail(collection: Collection) -> None:
    with Thumbnails(collection.folder / "thumbnails.sqlite") as thumbnails:
        thumbnails._connection.execute("UPDATE thumbnails SET webp = zeroblob(100)")
        thumbnails._connection.commit()


def copy_of(collection: Collection) -> Path:
    return sorted((collection.folder / "uploads").glob("*/*"))[0]


def leave_debris(collection: Collection) -> None:
    path = sorted((collection.folder / "jobs").glob("2*"))[0]
    (path / "process.json").unlink()  # it tells of this very process
    (path / "work").mkdir()


def lose_a_job(collection: Collection) -> None:
    path = sorted((collection.folder / "jobs").glob("2*"))[0]
    (path / "process.json").unlink()
    (path / "job.json").write_text("{}")
    os.utime(path, (1, 1))


def write(name: str, content: bytes = b"damaged") -> Callable[[Collection], object]:
    def harm(collection):
        path = collection.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return harm


@pytest.mark.parametrize(
    ("kind", "harm"),
    [
        ("pointer", write("CURRENT")),
        ("pointer", lambda one: (one.folder / "CURRENT").unlink()),
        ("collection", write("collection.json")),
        ("collection", lambda one: (one.folder / "collection.json").unlink()),
        ("manifest", write("generations/00000003/manifest.json")),
        ("graph", lambda one: damage(named(one, "graph.hnsw"))),
        ("graph", lambda one: named(one, "graph.hnsw").unlink()),
        ("part", lambda one: damage_column(named(one, ".parquet"), "embedding")),
        ("skipped", write("skipped.parquet")),
        ("thumbnails", lose_thumbnails),
        ("thumbnails", lambda one: (one.folder / "thumbnails.sqlite").unlink()),
        ("thumbnail", lose_one_thumbnail),
        ("thumbnail", lose_a_bit_of_a_thumbnail),
        ("copy", lambda one: damage(copy_of(one))),
        ("picture", lambda one: copy_of(one).unlink()),
        ("orphan", write("parts/0.parquet")),
        ("orphan", write("generations/00000009/graph.hnsw")),
        ("orphan", write("encoders/0/encoder.onnx")),
        ("orphan", write("thumbnails.damaged")),
        ("orphan", write(f"uploads/{NOBODYS[:2]}/{NOBODYS}", b"nobody's")),
        ("debris", leave_debris),
        ("debris", lose_a_job),
    ],
)
def test_what_is_wrong_is_found_and_repaired(made, lived_in, kind, harm):
    truth = answers(made, lived_in)
    keys = Explorer(lived_in).keys.tolist()
    harm(lived_in)
    found = look(lived_in)
    assert kind in {one.kind for one in found}
    assert all(one.repair for one in found)
    assert mend(lived_in).lost == ()
    explorer = open_explorer(lived_in.home, lived_in.name)
    assert explorer.notices == ()
    assert explorer.keys.tolist() == keys
    assert corruption._differs(answers(made, lived_in), truth, noticed=False) == ""
    assert {one.kind for one in look(lived_in)} <= {"part", "graph"}  # of the one before


def test_a_damaged_generation_that_serves_gives_way_to_the_one_before(made, lived_in):
    write("generations/00000004/manifest.json")(lived_in)
    (found,) = look(lived_in)
    assert (found.kind, found.file) == ("manifest", "generations/00000004/manifest.json")
    assert found.what.endswith("The generation is lost.")
    mend(lived_in)
    assert lived_in.current() == "00000003"
    assert look(lived_in) == []
    truth = made.answers["00000003"]
    assert corruption._differs(answers(made, lived_in), truth, noticed=False) == ""


def test_the_only_generation_is_not_forgotten(collection):
    path = collection.folder / "generations/00000001/manifest.json"
    damage(path)
    (found,) = [one for one in look(collection) if one.kind == "manifest"]
    assert found.repair == ""
    mend(collection)
    assert path.exists()
    assert list((collection.folder / "parts").iterdir())


def test_a_generation_of_a_newer_ris_is_not_forgotten(lived_in):
    path = lived_in.folder / "generations/00000003/manifest.json"
    content = json.loads(path.read_text()) | {"format": 99}
    write_json(path, content | {"sha256": own_hash(content)})
    (found,) = look(lived_in)
    assert found.repair == ""
    mend(lived_in)
    assert path.exists()


@pytest.mark.parametrize("which", [0, 1])
def test_a_lost_file_of_the_map_is_made_again(lived_in, which):
    before = Explorer(lived_in).points()
    facts = lived_in.manifest(lived_in.current()).maps[which]
    damage(lived_in.folder / facts.file)
    (found,) = look(lived_in)
    assert (found.kind, found.file) == ("map", facts.file)
    mend(lived_in)
    after = Explorer(lived_in).points()
    assert Explorer(lived_in).notices == ()
    assert after.keys.tolist() == before.keys.tolist()
    far = Explorer(lived_in).colouring("reconstruction error").values  # measured again
    looked = Explorer(lived_in).look(int(after.keys[0]))
    assert far[0] == pytest.approx(10 ** (-looked.psnr_db / 20), abs=1e-4)
    assert np.isfinite(far).all()
    if which:  # most were fitted: they stay where they were
        same = np.isclose(after.x, before.x, atol=1e-4)
        assert same[:-3].all()


def test_a_part_is_put_together_from_another_generation(made, lived_in, tmp_path):
    (tmp_path / "work").mkdir()
    compact(lived_in, Work(tmp_path / "work", silent, StopSignal()))
    truth = answers(made, lived_in)
    shutil.rmtree(tmp_path.parent / "nothing", ignore_errors=True)
    named(lived_in, ".parquet").write_bytes(b"nothing of it can be read")
    assert mend(lived_in).lost == ()
    assert corruption._differs(answers(made, lived_in), truth, noticed=False) == ""


def test_rows_of_which_only_some_columns_can_be_read_keep_their_keys(made, lived_in):
    truth = answers(made, lived_in)
    part = named(lived_in, ".parquet")
    damage_column(part, "width")
    damage_column(part, "embedding")
    assert mend(lived_in).lost == ()
    after = answers(made, lived_in)
    assert [item.key for item in after["items"]] == [item.key for item in truth["items"]]
    assert corruption._differs({**after, "items": truth["items"]}, truth, noticed=False) == ""


def test_items_without_row_or_picture_are_listed_as_lost(made, lived_in, tmp_path):
    home = shutil.copytree(tmp_path / "home", tmp_path / "other")
    collection = Collection(Path(home), corruption.NAME)
    item = Explorer(collection).item(Explorer(collection).keys[-1])  # out of an archive
    collection.upload_path(item.id).unlink()
    with Thumbnails(collection.folder / "thumbnails.sqlite") as thumbnails:
        thumbnails._forget([item.id])
    info = collection.info()
    collection.write_info({**info, "sources": []})
    parts = collection.manifest(collection.current()).parts
    damage_column(collection.folder / parts[1].file, "embedding")
    done = mend(collection)
    assert [(one.kind, one.file) for one in done.lost] == [("lost", item.path)]
    explorer = open_explorer(collection.home, collection.name)
    assert explorer.notices == ()
    assert item.key not in explorer.keys
    assert item.key not in explorer.points().keys
    with corruption.indexed():
        opened = Explorer(collection)
        assert opened.search(made.query, k=100).hits
        assert len(opened.search(made.query, k=100).hits) == opened.count


def test_a_lost_part_costs_its_items_and_is_told(lived_in):
    count = Explorer(lived_in).count
    part = lived_in.manifest(lived_in.current()).parts[1]
    (lived_in.folder / part.file).unlink()
    (lost,) = mend(lived_in).lost
    assert (lost.kind, lost.file) == ("lost", part.file)
    explorer = open_explorer(lived_in.home, lived_in.name)
    assert explorer.notices == ()
    assert explorer.count == count - 3  # one of the four had been removed
    assert explorer.points().keys.tolist() == explorer.keys.tolist()


@pytest.mark.parametrize("kind", ["tags", "concepts", "dismissed"])
def test_what_people_said_is_told_when_it_is_damaged_and_stays(lived_in, kind):
    damage(lived_in.folder / f"{kind}.json")
    (found,) = look(lived_in)
    assert (found.kind, found.file, found.repair) == (kind, f"{kind}.json", "")
    assert f"{kind}.json" in found.what
    assert mend(lived_in).left == (found,)


@pytest.mark.parametrize("name", ["entry.json", "*.png"])
def test_what_is_wrong_in_the_trash_is_told_and_stays(lived_in, name):
    (picture,) = lived_in.folder.glob("trash/*/*.png")
    damage(next(picture.parent.glob(name)))
    (found,) = look(lived_in)
    file = picture.relative_to(lived_in.folder).as_posix()
    assert (found.kind, found.file, found.repair) == ("trash", file, "")
    assert mend(lived_in).left == (found,)


def test_without_its_keras_file_a_lost_encoder_stays_lost(lived_in):
    damage(named(lived_in, "/encoder.onnx"))
    named(lived_in, ".keras").unlink()
    found = {Path(one.file).name: one for one in look(lived_in)}
    assert found.keys() == {"encoder.onnx", "autoencoder.keras"}
    assert not any(one.repair for one in found.values())
    assert "the next training begins with the base encoder" in found["autoencoder.keras"].what


def test_a_lost_history_stays_lost(lived_in):
    named(lived_in, "training.json").write_text("{}")
    (found,) = look(lived_in)
    assert (found.kind, found.repair) == ("training", "")


@pytest.mark.slow
def test_onnx_files_are_exported_again(tmp_path):
    home = Path(shutil.copytree(GOLDEN / "v2", tmp_path / "home"))
    collection = Collection(home, "golden")
    explorer = Explorer(collection)
    truth = {int(key): explorer.similar(int(key), k=3).hits for key in explorer.keys}
    keras = named(collection, ".keras").read_bytes()
    damage(named(collection, "/encoder.onnx"))
    named(collection, "/autoencoder.onnx").unlink()
    assert {one.kind for one in look(collection)} == {"encoder"}
    mend(collection)
    assert named(collection, ".keras").read_bytes() == keras
    after = open_explorer(home, "golden")
    assert (after.generation, after.notices) == ("00000004", ())
    assert {int(key): after.similar(int(key), k=3).hits for key in after.keys} == truth
    item = after.item(int(after.keys[0]))
    hit = after.search(after.original(item.key)[0], k=1).hits[0]
    assert hit.item.key == item.key
    assert hit.distance < 1e-4
    assert after.reconstruct(item.key)[1].any()


class TestContentsThatChecksumsDoNotSee:
    """What some fault of ris itself might have written."""

    @pytest.fixture
    def publish(self, empty, tmp_path):
        """Publish 40 rows, with something else in the part, the map or the graph."""

        def do(rows=None, vectors=None, map_keys=None, in_graph=None, change=lambda m: m):
            work = tmp_path / "work"
            work.mkdir()
            good, keys = stores.unit_vectors(40), np.arange(40)
            with TableWriter(work / "part.parquet", stores.DIMENSION, {}) as writer:
                writer.write(rows or stores.make_rows(keys), good if vectors is None else vectors)
            xy = good[:, :2].copy()
            write_map(work / "map.parquet", keys if map_keys is None else map_keys, xy, keys >= 0)
            stores.write_encoder(work / "encoder")
            graph = good if in_graph is None else in_graph
            draft = stores.draft_of(empty, work, graph, keys, "0" * 16)
            empty.publish(replace(draft, manifest=change(draft.manifest)), parent=None)
            return empty

        return do

    def kinds(self, collection):
        """What is found beside the pictures, which were never there."""
        return {one.kind for one in look(collection)} - {"thumbnails", "picture"}

    def test_made_so_nothing_is_found(self, publish):
        assert self.kinds(publish()) == set()

    @pytest.mark.parametrize(
        ("said", "change"),
        [
            ("ids that are no", lambda rows: [replace(rows[0], id="x"), *rows[1:]]),
            ("not given yet", lambda rows: [*rows[:-1], replace(rows[-1], key=77)]),
            ("occur twice", lambda rows: [*rows[:-1], replace(rows[-1], key=0)]),
        ],
    )
    def test_rows_that_make_no_sense(self, publish, said, change):
        collection = publish(rows=change(stores.make_rows(range(40))))
        (found,) = [one for one in look(collection) if one.kind == "part"]
        assert said in found.what
        mend(collection)
        assert Explorer(collection).count in (39, 40)

    @pytest.mark.parametrize("value", [np.nan, 0.5])
    def test_embeddings_that_are_none(self, publish, value):
        vectors = stores.unit_vectors(40)
        vectors[3] = value
        collection = publish(vectors=vectors)
        (found,) = [one for one in look(collection) if one.kind == "part"]
        assert "1 embeddings that are not of unit length" in found.what
        lost = mend(collection).lost  # there is no picture to embed again
        assert [one.file for one in lost] == ["/pictures/3.png"]
        assert Explorer(collection).count == 39

    def test_another_count(self, publish):
        collection = publish(change=lambda m: replace(m, items=41))
        assert self.kinds(collection) == {"count"}
        mend(collection)
        assert Explorer(collection).count == 40

    def test_places_of_nobody(self, publish):
        collection = publish(map_keys=np.arange(40) + 1)
        assert self.kinds(collection) == {"map"}
        mend(collection)
        assert Explorer(collection).points().keys.tolist() == list(range(40))

    def test_a_graph_of_other_vectors(self, publish):
        collection = publish(in_graph=stores.unit_vectors(40, seed=9))
        assert self.kinds(collection) == {"graph"}
        mend(collection)
        assert self.kinds(collection) <= {"graph"}  # that of the generation before

    def test_another_encoder(self, lived_in):
        path = named(lived_in, "/encoder.onnx")
        stores.write_encoder(path.parent, seed=99)
        manifest = lived_in.manifest(lived_in.current())
        from ris.store.files import describe

        facts = tuple(
            describe(lived_in.folder, lived_in.folder / one.file) for one in manifest.encoder_files
        )
        path = lived_in.folder / "generations" / manifest.generation / "manifest.json"
        sealed = write_manifest(path, replace(manifest, encoder_files=facts))
        lived_in._set_current(sealed)
        (found,) = [one for one in look(lived_in) if "gives other embeddings" in one.what]
        assert (found.kind, found.repair) == ("encoder", "")


class TestTheCommand:
    @pytest.fixture
    def ris(self, lived_in, monkeypatch, capsys):
        def run(*arguments):
            monkeypatch.setenv("RIS_HOME", str(lived_in.home))
            monkeypatch.setattr(sys, "argv", ["ris", "check", lived_in.name, *arguments])
            capsys.readouterr()
            try:
                main()
                code = 0
            except SystemExit as ended:
                code = ended.code
            return code, capsys.readouterr().out

        return run

    def test_all_is_well(self, ris):
        assert ris() == (0, "small: all is well.\n")
        code, out = ris("--json")
        assert code == 0
        assert json.loads(out) == {
            "name": "small",
            "generation": "00000004",
            "findings": 0,
            "repaired": 0,
        }

    def test_what_is_wrong_is_told_and_repaired(self, ris, lived_in):
        (lived_in.folder / "CURRENT").write_text("damaged")
        code, out = ris()
        assert code == 1
        assert out.startswith("CURRENT: CURRENT is damaged. Can be repaired: ")
        assert "python -m ris check 'small' --repair" in out
        code, out = ris("--repair")
        assert code == 0
        assert out.startswith("Repaired: CURRENT: ")
        assert ris()[0] == 0
        assert jobs.latest(lived_in.home, lived_in.name).command == "check"

    def test_what_stays_wrong_is_told_too(self, ris, lived_in):
        named(lived_in, ".keras").unlink()
        damage(named(lived_in, "graph.hnsw"))
        code, out = ris("--repair", "--json")
        *found, summary = [json.loads(line) for line in out.splitlines()]
        assert code == 1
        assert [(one["kind"], one["repaired"]) for one in found] == [
            ("graph", True),
            ("graph", False),
            ("encoder", False),
        ]
        assert summary == {
            "name": "small",
            "generation": "00000005",
            "findings": 2,
            "repaired": 1,
        }
