"""From sources to a generation, and from a generation to the next."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import stores

from ris import build
from ris.errors import Cancelled, SourceError, StoreError
from ris.explore.card import METHODS, ReportCard, Verdict
from ris.explore.explorer import Explorer
from ris.generate import Work
from ris.images.sources import Demo, Folder
from ris.model.choices import Choices
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
        assert given.shape == back.shape == (64, 64, 3)

    def test_its_manifest_tells_of_it(self, created):
        manifest = Collection(created.home, "real").manifest("00000001")
        assert (manifest.items, manifest.rows, manifest.next_key) == (20, 20, 20)
        assert manifest.parent is None
        assert manifest.graph.recall == 1
        assert (manifest.maps[0].fitted, manifest.maps[0].placed) == (20, 0)
        explorer = Explorer(Collection(created.home, "real"), "00000001")
        assert "outlier score" in explorer.colourings()  # but no cluster: they are too few
        far = dict(
            zip(explorer.keys, explorer.colouring("reconstruction error").values, strict=True)
        )
        for key in (0, 7, 19):
            assert far[key] == pytest.approx(10 ** (-explorer.look(key).psnr_db / 20), abs=1e-4)
        assert explorer.clusters() == ()
        assert (manifest.training["minutes"], manifest.training["pictures"]) == (0, 0)
        assert "base" in manifest.training["objective"]
        assert {f.file.split("/")[-1] for f in manifest.encoder_files} == {
            "autoencoder.keras",
            "autoencoder.onnx",
            "encoder.onnx",
            "familiar.npz",
            "training.json",
        }

    def test_its_report_card_is_kept(self, created):
        told = Explorer(Collection(created.home, "real"), "00000001").training()
        card = ReportCard.from_json(told["report"])
        assert (card.pictures, card.queries) == (20, 5)
        assert set(card.methods) == set(METHODS) - {"before"}
        assert card.methods["this"].psnr_db > 10
        assert card.methods["this"].precision_at_10 is not None

    def test_what_was_refined_was_compared_with_it(self, created):
        manifests = Collection(created.home, "real").generations()
        if created.last.kept_old:
            assert "before" in created.last.kept_old
            return
        told = Explorer(Collection(created.home, "real"), manifests[1].generation).training()
        assert "before" in ReportCard.from_json(told["report"]).methods
        assert told["settings"]["minutes"] == 0.02
        assert told["pictures"] == 15  # five are kept out of training

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
    def test_it_serves_or_it_is_said_why_not(self, created, retrained):
        collection, (told, _) = Collection(created.home, "real"), retrained
        first, *_, last = [m.generation for m in collection.generations()]
        assert told["generation"] == collection.current() == last
        assert bool(told["kept_old"]) == (last == created.last.generation)
        for generation in (first, last):
            assert open_generation(collection, generation).notices == ()

    def test_keys_and_skipped_files_stay(self, created, retrained):
        collection = Collection(created.home, "real")
        kept = [m.generation for m in collection.generations()]
        old, new = (open_generation(collection, kept[n]).items for n in (0, -1))
        assert old.keys.tolist() == new.keys.tolist()
        assert old.get([5]) == new.get([5])
        assert collection.skipped_count() == 1

    def test_the_command_tells_all_of_it(self, retrained):
        told, _ = retrained
        assert (told["name"], told["items"], told["skipped"]) == ("real", 20, 1)
        stages = {"scan", "train", "evaluate"}
        assert set(told["seconds"]) == (stages if told["kept_old"] else set(STAGES))

    def test_progress_goes_to_stderr_alone(self, retrained):
        told, beside = retrained
        assert all(stage in beside for stage in told["seconds"])
        assert "Traceback" not in beside

    def test_it_goes_on_from_the_serving_weights(self, created):
        from ris.model.network import load_network

        collection = Collection(created.home, "real")
        last = collection.manifest(created.last.generation)
        start = build._load_start(collection, last, Choices())
        serving = load_network(collection.folder / "encoders" / last.encoder / "autoencoder.keras")
        for found, expected in zip(
            start.encoder.get_weights(), serving.encoder.get_weights(), strict=True
        ):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
def test_a_worse_encoder_is_not_published(created, tmp_path, monkeypatch):
    home = Path(shutil.copytree(created.home, tmp_path / "home"))
    collection = Collection(home, "real")
    before = collection.current()
    verdict = Verdict(True, -0.5, "Copies found first: 90.0 % before, 40.0 % now.")
    monkeypatch.setattr(build, "compare", lambda card: verdict)
    (tmp_path / "work").mkdir()
    built = build.train(collection, Work(tmp_path / "work", silent, StopSignal()), minutes=0.01)
    assert (built.manifest.generation, collection.current()) == (before, before)
    assert "40.0 % now" in built.kept_old


@pytest.mark.slow
def test_a_worse_encoder_is_met_half_way(created, tmp_path, monkeypatch):
    home = Path(shutil.copytree(created.home, tmp_path / "home"))
    collection = Collection(home, "real")
    cards = []

    def verdict(card):
        cards.extend([] if any(card is one for one in cards) else [card])
        first = card is cards[0]
        return Verdict(first, -0.5, "Worse.") if first else Verdict(False, 0.1, "Better.")

    monkeypatch.setattr(build, "compare", verdict)
    (tmp_path / "work").mkdir()
    built = build.train(collection, Work(tmp_path / "work", silent, StopSignal()), minutes=0.01)
    assert (collection.current(), built.kept_old) == (built.manifest.generation, "")
    assert collection.training(built.manifest.encoder)["share"] == 0.5
    assert Explorer(collection).notices == ()


@pytest.mark.slow
def test_no_minutes_go_back_to_the_base(created, tmp_path):
    home = Path(shutil.copytree(created.home, tmp_path / "home"))
    (tmp_path / "work").mkdir()
    work = Work(tmp_path / "work", silent, StopSignal())
    built = build.train(Collection(home, "real"), work, minutes=0, settings={"colour": "0"})
    assert built.manifest.training["pictures"] == 0
    assert built.manifest.dimension == 192  # without the histogram
    assert Collection(home, "real").current() == built.manifest.generation


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
        return Work(folder, silent, stop or StopSignal())

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
