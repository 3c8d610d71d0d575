"""Collections of every format version ever released still open and answer as they did."""

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

from ris.compact import compact
from ris.explore.explorer import Explorer
from ris.generate import Work
from ris.images.decode import decode
from ris.progress import StopSignal, silent
from ris.removal import remove
from ris.store.collection import Collection
from ris.store.export import export_table
from ris.store.kept import kept_entries
from ris.store.manifest import FORMAT_VERSION

HERE = Path(__file__).parent
VERSIONS = sorted(path.name for path in HERE.glob("v[0-9]*"))


@pytest.fixture(params=VERSIONS)
def version(request, tmp_path):
    """A copy of a golden home, so that nothing ever writes into the original."""
    return Path(shutil.copytree(HERE / request.param, tmp_path / request.param))


@pytest.fixture
def golden(version):
    return Collection(version, "golden")


@pytest.fixture
def expected(version):
    return json.loads((version / "expected.json").read_text(encoding="utf-8"))


def test_there_is_one_of_every_version():
    assert [f"v{number}" for number in range(1, FORMAT_VERSION + 1)] == VERSIONS


def test_it_opens_without_a_notice(golden, expected):
    explorer = Explorer(golden)
    assert explorer.notices == ()
    assert explorer.generation == expected["generation"]
    assert explorer.count == len(expected["items"]) == 12


def test_items_labels_metadata_and_places_are_as_they_were(golden, expected):
    explorer = Explorer(golden)
    for then in expected["items"]:
        item, place = explorer.item(then["key"]), explorer.place_of(then["key"])
        assert (item.id, item.path, list(item.labels)) == (then["id"], then["path"], then["labels"])
        assert {name: str(value) for name, value in item.metadata.items()} == then["metadata"]
        assert [place.x, place.y] == pytest.approx(then["place"])
    assert set(then["metadata"]) == {"price", "new", "seen", "maker"}
    assert [[one.path, one.reason] for one in golden.skipped()] == expected["skipped"]


def test_what_its_map_does_not_tell_is_not_claimed(golden):
    explorer = Explorer(golden)
    assert "reconstruction error" not in explorer.colourings()
    assert explorer.odd(12, by="reconstruction error") == []


def test_neighbours_are_as_they_were(golden, expected):
    explorer = Explorer(golden)
    for then in expected["items"]:
        found = {hit.item.key: hit.distance for hit in explorer.similar(then["key"], k=12).hits}
        for key, distance in then["nearest"]:
            assert found[key] == pytest.approx(distance, abs=1e-4)


def test_its_encoder_embeds_as_it_did(golden, expected):
    """A picture finds itself: today's decoding and yesterday's embeddings still meet."""
    explorer = Explorer(golden)
    for then in expected["items"]:
        data = golden.upload_path(then["id"]).read_bytes()
        first = explorer.search(data, k=1).hits[0]
        assert first.distance == pytest.approx(0, abs=1e-4)
        assert first.item.key == then["key"]


def test_its_graph_answers_like_the_table(golden, monkeypatch):
    exact = Explorer(golden)
    monkeypatch.setattr("ris.store.generation.EXACT_BELOW", 1)
    by_graph = Explorer(golden)
    assert by_graph.notices == ()
    assert type(by_graph._index) is not type(exact._index)
    for key in exact.keys.tolist():
        one, other = exact.similar(key, k=5), by_graph.similar(key, k=5)
        distances = [[hit.distance for hit in result.hits] for result in (one, other)]
        np.testing.assert_allclose(distances[0], distances[1], atol=1e-5)


def test_its_pictures_are_there(golden):
    explorer = Explorer(golden)
    assert decode(explorer.thumbnail(3)).width == 32
    assert explorer.original(3)[1] == "image/png"
    given, back = explorer.reconstruct(3)
    assert given.shape == back.shape
    kept = list(kept_entries(golden, explorer.manifest))
    assert [decode(entry.read()).width for entry in kept] == [32] * 12
    assert explorer.training()["history"]


def test_it_can_be_changed_and_has_the_present_format_then(golden, expected, tmp_path):
    remove(golden, [str(expected["items"][0]["key"])])
    (tmp_path / "work").mkdir()
    compact(golden, Work(tmp_path / "work", silent, StopSignal()))
    explorer = Explorer(golden)
    assert (explorer.count, explorer.manifest.format) == (11, FORMAT_VERSION)
    assert explorer.notices == ()


def test_it_can_be_exported(golden, tmp_path):
    assert export_table(golden, tmp_path / "out.parquet", pictures=True) == 12


@pytest.mark.slow
def test_its_network_can_be_trained_on(golden):
    from ris.model.network import load_network

    explorer = Explorer(golden)
    folder = golden.folder / "encoders" / explorer.manifest.encoder
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = load_network(folder / "autoencoder.keras")
    given, _ = explorer.reconstruct(3)
    pictures, own = given[None].astype(np.float32), explorer._index.vectors([3])
    if golden.manifest(explorer.generation).format == 1:
        found = network.head(network.encoder(pictures))
    else:
        found = network.model(pictures)["embedding"]
    np.testing.assert_allclose(found, own, atol=1e-3)
