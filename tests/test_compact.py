"""Compaction: the same items, in one part, with a graph and a map over all of them."""

from dataclasses import replace
from pathlib import Path

import drawn
import numpy as np
import pytest
import stores

from ris import compact as compaction
from ris.changes import Changes
from ris.compact import compact, due
from ris.errors import StoreError
from ris.explore.explorer import Explorer
from ris.removal import remove, restore
from ris.store.manifest import Map
from ris.update import add, compare, sync

COUNT = 8


@pytest.fixture
def pictures(tmp_path):
    for number in range(COUNT):
        drawn.write(tmp_path / "pictures", "bars", number)
    return tmp_path / "pictures"


@pytest.fixture
def lived_in(tmp_path, pictures, work):
    """A collection with three additions, a moved file, one removed by hand and one that is gone."""
    cluster, folders = np.arange(COUNT) % 3, (tmp_path / "home", "own", pictures)
    collection = stores.publish_folder(*folders, tmp_path / "first", cluster=cluster)
    for number in range(3):
        drawn.write(pictures, "rings", number)
        sync(collection, work())
    (pictures / "bars/00.png").rename(pictures / "bars/zero.png")
    (pictures / "bars/01.png").unlink()
    sync(collection, work())
    remove(collection, ["2"])
    return collection


def contents(collection):
    explorer = Explorer(collection)
    items = explorer.items(explorer.keys)
    return {
        item.key: (
            item.path,
            item.labels,
            explorer.place_of(item.key),
            int(explorer._positions.cluster[explorer._positions.keys == item.key][0]),
            explorer.thumbnail(item.key),
        )
        for item in items
    }


def test_nothing_is_other_afterwards(lived_in, work):
    before = contents(lived_in)
    vectors = Explorer(lived_in)._index.vectors(list(before))
    manifest = compact(lived_in, work())
    assert contents(lived_in) == before
    np.testing.assert_array_equal(Explorer(lived_in)._index.vectors(list(before)), vectors)
    assert len(manifest.parts) == len(manifest.maps) == 1
    assert manifest.rows == manifest.items == manifest.graph.rows == COUNT + 1
    assert (manifest.deleted, manifest.gone) == ((), ())
    assert Explorer(lived_in).notices == ()


def test_a_map_of_an_earlier_ris_gets_outlier_scores(tmp_path, pictures, work):
    collection = stores.publish_folder(tmp_path / "home", "own", pictures, tmp_path / "first")
    for number in range(2):
        drawn.write(pictures, "rings", number)
    sync(collection, work())
    before = Explorer(collection)._positions
    assert np.isnan(before.outlier).tolist() == [True] * COUNT + [False] * 2
    compact(collection, work())
    explorer = Explorer(collection)
    positions, fitted = explorer._positions, before.keys[before.fitted]
    vectors = explorer._index.vectors(fitted.tolist())
    distances = np.sort(1 - vectors @ vectors.T, axis=1)[:, 1:]  # each one's own goes
    np.testing.assert_allclose(positions.outlier[:COUNT], distances.mean(axis=1), atol=1e-5)
    np.testing.assert_array_equal(positions.outlier[COUNT:], before.outlier[COUNT:])
    assert "outlier score" in explorer.colourings()


@pytest.mark.parametrize("fitted_again", [False, True])
def test_how_well_pictures_are_redrawn_stays_known(
    tmp_path, pictures, work, monkeypatch, fitted_again
):
    folders = tmp_path / "home", "own", pictures, tmp_path / "first"
    collection = stores.publish_folder(*folders, cluster=[0] * COUNT)
    drawn.write(pictures, "rings", 0)
    sync(collection, work())
    before = Explorer(collection).colouring("reconstruction error").values
    monkeypatch.setattr("ris.compact._is_outgrown", lambda manifest: fitted_again)
    compact(collection, work())
    after = Explorer(collection).colouring("reconstruction error").values
    assert np.isfinite(after).all()
    np.testing.assert_array_equal(after, before)


def test_a_damaged_part_is_not_copied_in_silence(lived_in, work):
    path = lived_in.folder / lived_in.manifest(lived_in.current()).parts[0].file
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(StoreError, match="is damaged"):
        compact(lived_in, work())


def test_the_graph_holds_them_all(lived_in, work, monkeypatch):
    monkeypatch.setattr("ris.store.generation.EXACT_BELOW", 1)
    compact(lived_in, work())
    explorer = Explorer(lived_in)
    for key in explorer.keys:
        found = explorer._index.query(explorer._index.vectors([key]), 1)
        assert found.keys.tolist() == [[key]]


def test_removed_by_hand_it_stays_removed_but_is_not_restored(lived_in, work, pictures):
    compact(lived_in, work())
    assert compare(lived_in, work()) == Changes(same=COUNT + 1)
    with pytest.raises(StoreError, match="not among what was removed"):
        restore(lived_in, ["2"])
    reasons = {Path(one.path).name: one.reason for one in lived_in.skipped()}
    assert reasons == {"02.png": "removed from the collection; add it again to bring it back"}
    assert add(lived_in, work(), [str(pictures)]).changes == Changes(new=1, same=COUNT + 1)
    assert lived_in.skipped() == []


def test_copies_and_thumbnails_go_when_no_generation_has_them(tmp_path, pictures, work):
    import zipfile

    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("new.png", drawn.encoded(drawn.draw("rings", 5)))
    collection = stores.publish_folder(tmp_path / "home", "own", pictures, tmp_path / "first")
    added = add(collection, work(), [str(tmp_path / "more.zip")]).manifest
    item = Explorer(collection, added.generation).item(COUNT)
    remove(collection, [str(COUNT)])
    compact(collection, work())
    assert collection.upload_path(item.id).exists()  # the generation before still has it
    compact(collection, work())
    assert not collection.upload_path(item.id).exists()
    assert Explorer(collection)._thumbnails.get(item.id) is None
    assert all(thumbnail for *_, thumbnail in contents(collection).values())


def test_a_map_to_which_more_came_than_it_was_made_of_is_made_again(
    lived_in, work, pictures, monkeypatch
):
    monkeypatch.setattr(compaction, "_PLACED", 1)
    for _ in range(2):  # what came later is still told apart after the first one
        (kept,) = compact(lived_in, work()).maps
        assert (kept.placed, kept.made_of) == (3, COUNT)
    for number in range(10, 10 + COUNT):
        drawn.write(pictures, "rings", number)
    sync(lived_in, work())
    (made,) = compact(lived_in, work()).maps
    assert (made.fitted, made.placed, made.made_of) == (2 * COUNT + 1, 0, None)


class TestDue:
    @pytest.fixture
    def manifest(self, lived_in):
        return lived_in.manifest(lived_in.current())

    def test_not_at_first(self, manifest):
        assert due(manifest) == ""

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (lambda m: replace(m, parts=m.parts * 30), "parts"),
            (lambda m: replace(m, parts=(replace(m.parts[0], rows=60_009),)), "60,001 pictures"),
            (lambda m: replace(m, deleted=tuple(range(50_001))), "50,001 removed"),
            (
                lambda m: replace(m, maps=(*m.maps, Map("x", 1, "y", fitted=0, placed=1_001))),
                "the map",
            ),
            (
                lambda m: replace(m, maps=(Map("x", 1, "y", 50, 2_000, made_of=900), *m.maps)),
                "the map",
            ),
        ],
    )
    def test_when_it_piles_up(self, manifest, change, reason):
        assert reason in due(change(manifest))

    def test_a_map_of_a_sample_of_very_many_is_not(self, manifest):
        """It was fitted to 50,000 and the rest placed: ten more are no reason."""
        maps = Map("x", 1, "y", 50_000, 950_000), Map("z", 1, "y", 0, 100)
        assert due(replace(manifest, maps=maps)) == ""

    def test_a_tail_of_a_tenth_of_a_large_one_is_not(self, manifest):
        graph = replace(manifest.graph, rows=1_000_000)
        for rows, expected in ((1_100_000, False), (1_120_000, True)):
            large = replace(manifest, graph=graph, parts=(replace(manifest.parts[0], rows=rows),))
            assert bool(due(large)) == expected
