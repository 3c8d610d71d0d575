"""From sources to a generation, and from a generation to the next."""

import json
import subprocess
import sys

import numpy as np
import pytest
import stores

from ris import build
from ris.errors import Cancelled, SourceError, StoreError
from ris.explore.explorer import Explorer
from ris.images.sources import Demo, Folder
from ris.model.datasets import KerasDataset
from ris.progress import STAGES, StopSignal, silent
from ris.store.collection import Collection
from ris.store.generation import open_generation


@pytest.mark.slow
class TestCreated:
    """What the real job of the fixture `created` made."""

    def test_it_can_be_searched_and_finds_itself(self, created):
        explorer = Explorer(Collection(created.home, "real"), "00000001")
        assert explorer.notices == ()
        assert explorer.count == 20
        for key in (0, 7, 19):
            result = explorer.search(explorer.item(key).path)
            assert result.hits[0].item.key == key
            assert result.hits[0].distance == pytest.approx(0, abs=1e-4)
            assert result.place is not None
        given, back = explorer.reconstruct(3)
        assert given.shape == back.shape == (32, 32, 3)

    def test_its_manifest_tells_of_it(self, created):
        manifest = Collection(created.home, "real").manifest("00000001")
        assert (manifest.items, manifest.rows, manifest.next_key) == (20, 20, 20)
        assert manifest.parent is None
        assert manifest.graph.recall == 1
        assert (manifest.map.fitted, manifest.map.placed) == (20, 0)
        assert manifest.training["minutes"] == 0.02
        assert {f.file.split("/")[-1] for f in manifest.encoder_files} == {
            "autoencoder.keras",
            "autoencoder.onnx",
            "encoder.onnx",
            "training.json",
        }

    def test_embeddings_are_those_the_encoder_gives(self, created):
        explorer = Explorer(Collection(created.home, "real"), "00000001")
        vectors = explorer._index.vectors(list(range(20)))
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
        assert vectors.shape == (20, explorer.manifest.dimension)


@pytest.fixture(scope="module")
def retrained(created):
    """The line that `train --json` prints for the collection `real`, and what it says beside."""
    command = [sys.executable, "-m", "ris", "--home", created.home, "train", "real", "--json"]
    done = subprocess.run(
        [*command, "--minutes", "0.02", "--seed", "7"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    return json.loads(line), done.stderr


@pytest.mark.slow
class TestRetrained:
    def test_a_new_generation_serves_beside_the_old_one(self, created, retrained):
        collection = Collection(created.home, "real")
        assert collection.current() == "00000002"
        assert [m.generation for m in collection.generations()] == ["00000001", "00000002"]
        for generation in ("00000001", "00000002"):
            assert open_generation(collection, generation).notices == ()

    def test_keys_and_skipped_files_stay(self, created, retrained):
        collection = Collection(created.home, "real")
        old, new = (open_generation(collection, f"0000000{n}").items for n in (1, 2))
        assert old.keys.tolist() == new.keys.tolist()
        assert old.get([5]) == new.get([5])
        assert collection.skipped_count() == 1

    def test_the_command_tells_all_of_it(self, retrained):
        told, _ = retrained
        assert told["name"] == "real"
        assert (told["generation"], told["parent"], told["items"]) == ("00000002", "00000001", 20)
        assert (told["skipped"], told["seed"], told["minutes"]) == (1, 7, 0.02)
        assert set(told["seconds"]) == set(STAGES)

    def test_progress_goes_to_stderr_alone(self, retrained):
        _, beside = retrained
        assert all(stage in beside for stage in STAGES)
        assert "Traceback" not in beside

    def test_it_goes_on_from_the_serving_weights(self, created):
        collection = Collection(created.home, "real")
        assert build._load_start(collection, collection.manifest("00000001")) is not None


class TestSources:
    def test_each_is_known_by_what_a_person_writes(self, tmp_path):
        assert isinstance(build.open_any_source("demo"), Demo)
        assert isinstance(build.open_any_source(str(tmp_path)), Folder)
        assert isinstance(build.open_any_source("keras:cifar10"), KerasDataset)
        with pytest.raises(SourceError):
            build.open_any_source("keras:nothing")

    def test_what_cannot_become_a_collection_is_refused_before_anything_is_made(
        self, collection, tmp_path
    ):
        home = collection.home
        good = str(tmp_path)
        build.check_sources(home, "new", [good, "demo"], "folder")
        for name, sources, labels in (
            ("drawn", [good], "folder"),
            ("../x", [good], "folder"),
            ("new", [good, str(tmp_path / "gone")], "folder"),
            ("new", [good], str(tmp_path / "gone.csv")),
        ):
            with pytest.raises((SourceError, StoreError)):
                build.check_sources(home, name, sources, labels)
        assert not (home / "new").exists()


class TestRefusals:
    def work(self, folder, stop=None):
        folder.mkdir()
        return build.Work(folder, silent, stop or StopSignal())

    def test_an_unfinished_collection_cannot_be_trained(self, empty, tmp_path):
        with pytest.raises(StoreError, match="has no pictures yet") as refused:
            build.train(empty, self.work(tmp_path / "w"))
        assert refused.value.hint

    def test_without_one_picture_left_it_cannot_be_trained(self, empty, tmp_path):
        empty.publish(stores.make_draft(empty, tmp_path / "d", count=3), parent=None)
        with pytest.raises(StoreError, match="can be read any more"):
            build.train(empty, self.work(tmp_path / "w"))

    def test_cancelled_it_publishes_nothing(self, collection, tmp_path):
        stop = StopSignal()
        stop.cancelled = True
        with pytest.raises(Cancelled):
            build.train(collection, self.work(tmp_path / "w", stop))
        assert [m.generation for m in collection.generations()] == ["00000001"]
