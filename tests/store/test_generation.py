"""Opening a generation: what is damaged costs speed or the map and is said, or is an error."""

from dataclasses import replace

import drawn
import numpy as np
import pytest
import stores

from ris import update
from ris.errors import StoreError
from ris.store import generation as generation_module
from ris.store import shared
from ris.store.files import verify
from ris.store.generation import embeddings_of_items, open_generation
from ris.store.index import ExactIndex, GraphIndex, JoinedIndex


@pytest.fixture
def published(empty, tmp_path):
    empty.publish(stores.make_draft(empty, tmp_path / "work", count=200), parent=None)
    return empty


@pytest.fixture
def with_graph(published, monkeypatch):
    """Small as it is, it is searched by its graph."""
    monkeypatch.setattr(generation_module, "EXACT_BELOW", 100)
    return published


def open_it(collection):
    return open_generation(collection, collection.current())


def file_of(collection, name):
    return next((collection.folder / "generations").rglob(name))


def damage(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


def test_all_of_it_is_there(published):
    found = open_it(published)
    assert found.notices == ()
    assert len(found.items) == found.index.count == 200
    assert found.positions.keys.tolist() == list(range(200))
    assert found.positions.xy.shape == (200, 2)
    assert found.positions.fitted.all()
    assert (found.encoder / "encoder.onnx").exists()
    assert isinstance(found.index, ExactIndex)


def test_large_ones_are_searched_by_their_graph(with_graph):
    found = open_it(with_graph)
    assert isinstance(found.index, GraphIndex)
    assert found.notices == ()
    own = found.index.query(stores.unit_vectors(200), 1).keys[:, 0]
    assert (own == np.arange(200)).mean() > 0.95


@pytest.mark.parametrize("harm", ["damaged", "missing", "truncated", "of another dimension"])
def test_without_its_graph_search_is_exact_and_says_so(with_graph, tmp_path, harm):
    path = file_of(with_graph, "graph.hnsw")
    if harm == "damaged":
        damage(path)
    elif harm == "missing":
        path.unlink()
    elif harm == "truncated":
        path.write_bytes(path.read_bytes()[:-100])
    else:
        from ris.store.index import build_graph

        build_graph(stores.unit_vectors(200, 8), np.arange(200), path)
    found = open_it(with_graph)
    assert isinstance(found.index, ExactIndex)
    assert found.index.query(stores.unit_vectors(1), 1).keys.tolist() == [[0]]
    (notice,) = found.notices
    assert notice.startswith("Search is exact, which is slower: ")
    assert "graph.hnsw" in notice


@pytest.mark.parametrize("harm", ["damaged", "missing"])
def test_without_its_map_it_is_searched_and_says_so(published, harm):
    path = file_of(published, "map.parquet")
    path.unlink() if harm == "missing" else damage(path)
    found = open_it(published)
    assert found.positions.keys.shape == (0,)
    assert found.positions.xy.shape == (0, 2)
    assert found.index.count == 200
    (notice,) = found.notices
    assert notice.startswith("There is no map: ")
    assert "map.parquet" in notice


def test_a_map_of_an_earlier_ris_has_no_clusters_and_scores(published):
    positions = open_it(published).positions
    assert len(positions.keys) == 200
    assert (positions.cluster == -1).all()
    assert np.isnan(positions.outlier).all()
    assert np.isnan(positions.error).all()


@pytest.mark.parametrize("harm", ["damaged", "missing"])
def test_a_part_that_is_lost_is_an_error_that_names_it(published, harm):
    (path,) = (published.folder / "parts").iterdir()
    path.unlink() if harm == "missing" else damage(path)
    with pytest.raises(StoreError, match=path.name):
        open_it(published)


def test_a_damaged_encoder_is_an_error_that_names_its_file(published):
    (path,) = (published.folder / "encoders").rglob("encoder.onnx")
    damage(path)
    with pytest.raises(StoreError, match=r"/encoder\.onnx is damaged"):
        open_it(published)


@pytest.mark.parametrize("name", ["autoencoder.onnx", "training.json"])
def test_what_is_not_needed_to_search_costs_a_notice(published, name):
    (path,) = (published.folder / "encoders").rglob(name)
    damage(path)
    (notice,) = open_it(published).notices
    assert notice.startswith("Part of the encoder is lost, search goes on: ")
    assert f"{name} is damaged" in notice


@pytest.mark.parametrize("exact", [True, False])
def test_removed_items_are_nowhere(empty, tmp_path, monkeypatch, exact):
    monkeypatch.setattr(generation_module, "EXACT_BELOW", 1000 if exact else 1)
    draft = stores.make_draft(empty, tmp_path / "work", count=100, deleted=(3, 50, 99))
    empty.publish(draft, parent=None)
    found = open_it(empty)
    assert len(found.items) == found.index.count == 97
    assert not np.isin([3, 50, 99], found.items.keys).any()
    assert not np.isin([3, 50, 99], found.positions.keys).any()
    answers = found.index.query(stores.unit_vectors(100), 97).keys
    assert not np.isin([3, 50, 99], answers).any()
    with pytest.raises(StoreError):
        found.index.vectors([3])


def test_rows_after_the_graph_are_found_too(empty, tmp_path, monkeypatch):
    monkeypatch.setattr(generation_module, "EXACT_BELOW", 100)
    draft = stores.make_draft(empty, tmp_path / "work", count=200, tail=30, deleted=(5, 190))
    empty.publish(draft, parent=None)
    found = open_it(empty)
    assert isinstance(found.index, JoinedIndex)
    assert found.index.count == 198
    own = found.index.query(stores.unit_vectors(200), 1).keys[:, 0]
    assert (own[170:190] == np.arange(170, 190)).all()
    assert not np.isin([5, 190], own).any()


def test_an_unknown_generation_is_told_with_those_kept(published):
    with pytest.raises(StoreError, match="kept: 00000001"):
        open_generation(published, "00000002")


def test_what_an_addition_leaves_as_it_is_is_not_read_again(
    collection, work, tmp_path, monkeypatch
):
    before = open_generation(collection, collection.current())
    drawn.write(tmp_path / "more", "rings", 99)
    update.add(collection, work(), [str(tmp_path / "more")])
    read = []

    def verified(folder, facts):
        read.append(facts.file)
        return verify(folder, facts)

    monkeypatch.setattr(shared, "verify", verified)
    after = open_generation(collection, collection.current())
    assert len(after.items) == len(before.items) + 1
    old = {facts.file for facts in before.manifest.files}
    new = {facts.file for facts in (*after.manifest.parts, *after.manifest.maps)} - old
    assert sorted(read) == sorted(new)


def test_embeddings_of_some_items_come_from_wherever_they_are(collection, work, tmp_path):
    for number in range(3):  # items in the graph, items after it, and rows that were corrected
        drawn.write(tmp_path / "more", "rings", 90 + number)
        update.add(collection, work(), [str(tmp_path / "more")])
        (tmp_path / "more/rings" / f"{90 + number}.png").rename(tmp_path / "more" / f"{number}.png")
    manifest = collection.serving()
    opened = open_generation(collection, manifest.generation)
    keys = opened.index.query(opened.index.vectors([0]), 999).keys[0]
    expected = opened.index.vectors(keys.tolist())
    found = embeddings_of_items(collection.folder, manifest, keys)
    np.testing.assert_allclose(found, expected, atol=1e-6)  # hnswlib scales them once more
    damaged = replace(manifest, graph=replace(manifest.graph, sha256="0" * 64))
    np.testing.assert_array_equal(embeddings_of_items(collection.folder, damaged, keys), expected)
