"""Publishing, switching, pruning and what is left when it is interrupted."""

import json
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import stores
from filelock import FileLock

from ris.errors import BusyError, StoreError
from ris.store import collection as collection_module
from ris.store.collection import Collection, Pointed, check_name, collections
from ris.store.files import verify
from ris.store.generation import open_generation
from ris.store.table import SkippedWriter

KILLED = Path(__file__).parents[1] / "support" / "killed.py"


@pytest.fixture
def publish(empty, tmp_path):
    """Publish another generation of random rows on top of what serves."""
    made = []

    def once(**options):
        made.append(None)
        seed = len(made)
        draft = stores.make_draft(empty, tmp_path / f"work{seed}", seed=seed, **options)
        return empty.publish(draft, parent=empty.current())

    return once


def ids(collection):
    return [manifest.generation for manifest in collection.generations()]


def files(collection):
    """All files of parts, encoders and generations, in forward slashes."""
    return {
        path.relative_to(collection.folder).as_posix()
        for top in ("parts", "encoders", "generations")
        for path in (collection.folder / top).rglob("*")
        if path.is_file()
    }


def assert_whole(collection):
    """Every generation opens, and its files are what its manifest says."""
    for manifest in collection.generations():
        for facts in manifest.files:
            verify(collection.folder, facts)
        assert open_generation(collection, manifest.generation).notices == ()


class TestNames:
    @pytest.mark.parametrize(
        "name", ["a", "Holiday 2024", "my.pictures-1_x", "Bücher", "写真", "x" * 63]
    )
    def test_good_ones(self, tmp_path, name):
        assert check_name(name) == name
        assert Collection.create(tmp_path, name, [], "none").info()["name"] == name

    @pytest.mark.parametrize(
        "name",
        [
            "",
            ".",
            "..",
            ".hidden",
            "a/b",
            "../a",
            "a\\b",
            " a",
            "a ",
            "a.",
            "_a",
            "-a",
            "a\n",
            "x" * 64,
        ],
    )
    def test_bad_ones_are_refused_before_anything_is_made(self, tmp_path, name):
        with pytest.raises(StoreError, match="can't be a collection's name") as refused:
            Collection.create(tmp_path / "home", name, [], "none")
        assert refused.value.hint
        assert not (tmp_path / "home").exists()


class TestCreating:
    def test_an_empty_collection_is_listed_and_serves_nothing(self, empty):
        assert collections(empty.home) == ["small"]
        assert empty.current() is None
        assert empty.generations() == []
        assert (empty.skipped(), empty.skipped_count()) == ([], 0)
        info = empty.info()
        assert (info["sources"], info["labels"], info["format"]) == (["/pictures"], "folder", 2)

    def test_an_unfinished_one_may_be_started_again(self, empty):
        again = Collection.create(empty.home, "small", ["demo"], "none")
        assert again.info()["sources"] == ["demo"]

    def test_a_published_one_is_not_overwritten(self, empty, publish):
        publish()
        with pytest.raises(StoreError, match="exists") as refused:
            Collection.create(empty.home, "small", ["demo"], "none")
        assert "delete" in refused.value.hint
        assert empty.info()["sources"] == ["/pictures"]

    def test_an_unknown_one_is_told_with_those_known(self, empty):
        with pytest.raises(StoreError, match=r"no collection 'other' \(known: small\)"):
            Collection(empty.home, "other")

    def test_a_home_that_is_not_there_holds_nothing(self, tmp_path):
        assert collections(tmp_path / "gone") == []
        with pytest.raises(StoreError, match="none yet"):
            Collection(tmp_path / "gone", "a")

    def test_folders_that_are_no_collections_are_not_listed(self, empty):
        (empty.home / "stray").mkdir()
        shutil.copytree(empty.folder, empty.home / ".deleted-1")
        assert collections(empty.home) == ["small"]


class TestPublishing:
    def test_a_generation_is_complete_and_serves(self, empty, publish):
        manifest = publish()
        assert (manifest.generation, manifest.parent) == ("00000001", None)
        assert empty.current() == "00000001"
        assert empty.manifest("00000001") == manifest
        assert files(empty) == {f.file for f in manifest.files} | {
            "generations/00000001/manifest.json"
        }
        assert_whole(empty)

    def test_the_next_one_knows_its_parent(self, empty, publish):
        publish()
        assert (publish().parent, empty.current()) == ("00000001", "00000002")
        assert ids(empty) == ["00000001", "00000002"]

    def test_two_are_kept_and_nothing_of_the_others(self, empty, publish):
        for _ in range(4):
            publish()
        assert ids(empty) == ["00000003", "00000004"]
        named = {facts.file for m in empty.generations() for facts in m.files}
        assert files(empty) == named | {
            f"generations/{generation}/manifest.json" for generation in ids(empty)
        }
        assert_whole(empty)

    def test_the_one_that_served_before_is_kept_though_it_is_old(self, empty, publish):
        for _ in range(2):
            publish()
        empty.use("00000001")
        publish()
        assert ids(empty) == ["00000001", "00000002", "00000003"]
        assert empty.current() == "00000003"
        assert_whole(empty)

    def test_ids_are_never_used_again(self, empty, publish):
        publish()
        publish()
        empty.use("00000001")
        assert publish().generation == "00000003"

    def test_keys_are_never_given_again_though_the_generation_that_gave_them_is_forgotten(
        self, empty, publish
    ):
        publish(count=20)
        publish(count=25)
        empty.use("00000001")
        for _ in range(3):
            publish(count=20)
        assert "00000002" not in ids(empty)
        assert empty.next_key() == 25

    def test_a_stale_parent_is_refused_and_nothing_changes(self, empty, publish, tmp_path):
        publish()
        draft = stores.make_draft(empty, tmp_path / "late", seed=99)
        publish()
        before = files(empty)
        with pytest.raises(BusyError, match="started from generation 00000001, now 00000002"):
            empty.publish(draft, parent="00000001")
        assert (files(empty), empty.current()) == (before, "00000002")

    def test_skipped_files_replace_those_of_before(self, empty, tmp_path):
        for generation, count in enumerate((3, 1)):
            draft = stores.make_draft(empty, tmp_path / f"w{generation}", seed=generation)
            writer = SkippedWriter(tmp_path / "skipped.parquet")
            found = [stores_skipped(i) for i in range(count)]
            writer.write(found)
            writer.close()
            empty.publish(
                replace(draft, skipped=tmp_path / "skipped.parquet"), parent=empty.current()
            )
            assert empty.skipped() == found
            assert empty.skipped_count() == count
        assert empty.skipped(limit=0) == []

    def test_debris_of_killed_writers_is_swept(self, empty, publish):
        publish()
        for name in ("parts/dead.parquet", "generations/00000009/graph.hnsw", "encoders/ab/x.onnx"):
            (empty.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (empty.folder / name).write_text("debris")
        manifest = publish()
        assert not [name for name in files(empty) if "dead" in name or "encoders/ab" in name]
        assert "generations/00000009/graph.hnsw" not in files(empty)
        assert_whole(empty)
        assert int(manifest.generation) >= 2

    def test_nothing_is_swept_while_a_manifest_cannot_be_read(self, empty, publish):
        """Its files would count as debris."""
        first = publish()
        publish()
        damaged = empty.folder / "generations/00000001/manifest.json"
        good = damaged.read_text()
        damaged.write_text("{}")
        empty._sweep()
        damaged.write_text(good)
        for facts in first.files:
            verify(empty.folder, facts)


def stores_skipped(number):
    return collection_module.Skipped(f"{number}.txt", "not a picture")


class TestSwitching:
    def test_another_generation_serves(self, empty, publish):
        publish()
        publish()
        assert empty.use("00000001").generation == "00000001"
        assert Collection(empty.home, "small").current() == "00000001"

    def test_debris_of_killed_writers_is_swept(self, empty, publish):
        publish()
        publish()
        debris = empty.folder / "parts/dead.parquet"
        debris.write_text("debris")
        empty.use("00000001")
        assert not debris.exists()
        assert_whole(empty)

    @pytest.mark.parametrize("generation", ["00000009", "9", "", "../.."])
    def test_an_unknown_one_is_refused_with_those_kept(self, empty, publish, generation):
        publish()
        with pytest.raises(StoreError, match=r"has no generation .*\(kept: 00000001\)"):
            empty.use(generation)
        assert empty.current() == "00000001"

    def test_a_damaged_one_is_refused(self, empty, publish):
        publish()
        publish()
        (empty.folder / "generations/00000001/manifest.json").write_text("{}")
        with pytest.raises(StoreError):
            empty.use("00000001")
        assert empty.current() == "00000002"


class TestDamage:
    @pytest.mark.parametrize(
        "content",
        [
            None,
            b"",
            b"garbage",
            b"00000077",
            b"../../x",
            bytes(9),
            b"\xff\xfe",
        ],
    )
    def test_a_lost_pointer_is_replaced_by_the_newest_generation(self, empty, publish, content):
        publish()
        publish()
        (empty.folder / "CURRENT").unlink()
        if content is not None:
            (empty.folder / "CURRENT").write_bytes(content)
        assert empty.current() == "00000002"
        assert publish().parent == "00000002"
        assert (empty.folder / "CURRENT").read_text().startswith("00000003 ")

    @pytest.mark.parametrize(
        "content", ["00000001 00000000", "00000001 0000", "00000009 00000000", "00000001 x"]
    )
    def test_a_pointer_to_another_manifest_is_told(self, empty, publish, content):
        publish()
        publish()
        assert empty.pointed() == Pointed("00000002")
        (empty.folder / "CURRENT").write_text(content)
        assert empty.current() == "00000002"
        assert empty.pointed().problem

    def test_a_pointer_of_an_earlier_ris_is_followed(self, empty, publish):
        publish()
        publish()
        (empty.folder / "CURRENT").write_text("00000001\n")
        assert empty.pointed() == Pointed("00000001")

    def test_a_manifest_in_place_of_another_is_damage(self, empty, publish):
        publish()
        publish()
        folder = empty.folder / "generations"
        shutil.copyfile(folder / "00000001/manifest.json", folder / "00000002/manifest.json")
        with pytest.raises(StoreError, match="is the manifest of generation 00000001"):
            empty.manifest("00000002")

    def test_without_its_collection_json_it_is_there_all_the_same(self, empty, publish):
        publish()
        (empty.folder / "collection.json").unlink()
        assert collections(empty.home) == ["small"]
        again = Collection(empty.home, "small")
        assert again.current() == "00000001"
        with pytest.raises(StoreError, match=r"collection\.json can't be read") as caught:
            again.info()
        assert caught.value.hint.endswith("python -m ris check 'small' --repair")

    def test_a_bit_in_collection_json_is_noticed(self, empty):
        path = empty.folder / "collection.json"
        path.write_text(path.read_text().replace("/pictures", "/picturez"))
        with pytest.raises(StoreError, match="its own hash does not match"):
            empty.info()

    def test_a_damaged_manifest_is_told_and_the_other_generation_can_serve(self, empty, publish):
        publish()
        publish()
        path = empty.folder / "generations/00000002/manifest.json"
        path.write_text(path.read_text().replace('"items": 20', '"items": 21'))
        assert ids(empty) == ["00000001"]
        with pytest.raises(StoreError, match=r"00000002/manifest\.json is damaged"):
            empty.manifest("00000002")
        empty.use("00000001")
        publish()
        assert_whole(empty)

    def test_a_newer_format_is_left_alone(self, empty, publish):
        publish()
        path = empty.folder / "generations/00000001/manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "format": 3}))
        before = files(empty)
        with pytest.raises(StoreError, match="format version 3"):
            empty.manifest("00000001")
        assert files(empty) == before

    def test_kill_9_at_any_step_of_publishing_leaves_a_whole_store(self, empty, publish, tmp_path):
        publish()
        publish()
        command = [sys.executable, KILLED, empty.home, tmp_path / "killed", "45"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        assert 20 <= int(done.stdout) < 45  # every step, and some that came through
        seen = set()
        for home in (tmp_path / "killed").iterdir():
            killed = Collection(home, "small")
            seen.add(killed.current())
            assert killed.current() in ids(killed)
            assert_whole(killed)
            draft = stores.make_draft(killed, home / "again", seed=11)
            killed.publish(draft, parent=killed.current())
            assert_whole(killed)
            named = {facts.file for m in killed.generations() for facts in m.files}
            assert {name for name in files(killed) if "manifest" not in name} == named
        assert seen == {"00000002", "00000003"}


class TestLock:
    def test_a_second_writer_gives_up_with_a_sentence(self, empty, publish, monkeypatch):
        publish()
        monkeypatch.setattr(collection_module, "LOCK_SECONDS", 0.05)
        with empty.writing():
            with pytest.raises(BusyError, match="Somebody else is writing") as refused:
                Collection(empty.home, "small").use("00000001")
            assert refused.value.hint

    def test_a_second_writer_waits_for_the_first(self, empty, publish):
        publish()
        done = threading.Event()
        other = Collection(empty.home, "small")

        def use():
            other.use("00000001")
            done.set()

        lock = FileLock(empty.folder / "writer.lock")
        with lock:
            thread = threading.Thread(target=use)
            thread.start()
            assert not done.wait(0.2)  # it can't be done while the lock is held
        thread.join(10)
        assert done.is_set()

    def test_the_lock_is_free_again_after_an_error(self, empty, publish):
        publish()
        with pytest.raises(StoreError):
            empty.use("00000005")
        empty.use("00000001")


class TestDeleting:
    def test_all_of_it_is_gone(self, empty, publish):
        publish()
        empty.delete()
        assert list(empty.home.iterdir()) == []
        assert collections(empty.home) == []

    def test_the_name_is_free_again(self, empty, publish):
        publish()
        empty.delete()
        assert Collection.create(empty.home, "small", [], "none").current() is None

    def test_what_a_killed_removal_left_goes_with_the_next_creation(self, empty):
        left = empty.home / ".deleted-0123"
        shutil.copytree(empty.folder, left)
        Collection.create(empty.home, "other", [], "none")
        assert not left.exists()

    def test_while_somebody_writes_it_stays(self, empty, publish, monkeypatch):
        publish()
        monkeypatch.setattr(collection_module, "LOCK_SECONDS", 0.05)
        with empty.writing(), pytest.raises(BusyError):
            Collection(empty.home, "small").delete()
        assert collections(empty.home) == ["small"]


def test_copies_lie_under_their_content_id(empty):
    assert empty.upload_path("abcd") == empty.folder / "uploads" / "ab" / "abcd"
