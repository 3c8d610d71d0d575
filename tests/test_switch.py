"""Going back to an earlier encoder without losing what happened since."""

import drawn
import numpy as np
import pytest
import stores

from ris.compact import compact
from ris.explore.explorer import Explorer
from ris.removal import remove, restore
from ris.store.known import KnownFiles
from ris.switch import later, switch
from ris.update import add, sync

COUNT = 8


@pytest.fixture
def retrained(tmp_path):
    """A collection of eight pictures with generation 2 by another encoder than generation 1."""
    for number in range(COUNT):
        drawn.write(tmp_path / "pictures", "bars", number)
    collection = stores.publish_folder(
        tmp_path / "home", "own", tmp_path / "pictures", tmp_path / "first"
    )
    stores.publish_by_another_encoder(collection, tmp_path / "pictures", tmp_path / "second")
    return collection


def test_without_changes_since_it_is_a_switch(retrained, work):
    assert later(retrained, "00000001") == (0, 0)
    assert switch(retrained, work(), "00000001").generation == "00000001"
    assert retrained.current() == "00000001"


def test_what_was_added_and_removed_since_is_carried_over(retrained, work, tmp_path):
    new = [drawn.write(tmp_path / "more", "rings", number) for number in range(3)]
    add(retrained, work(), [str(tmp_path / "more")])
    remove(retrained, ["0", str(new[1])])
    assert later(retrained, "00000001") == (2, 1)
    before = retrained.manifest("00000001")
    manifest = switch(retrained, work(), "00000001")
    assert (manifest.encoder, manifest.items) == (before.encoder, COUNT + 1)
    explorer = Explorer(retrained)
    assert explorer.notices == ()
    assert explorer.keys.tolist() == [*range(1, COUNT), COUNT, COUNT + 2]
    for path in (new[0], new[2]):
        hit = explorer.search(path, k=1).hits[0]
        assert (hit.item.path, round(hit.distance, 5)) == (str(path), 0)
        assert hit.item.labels == ("rings",)
        assert explorer.place_of(hit.item.key) is not None
    far = explorer.colouring("reconstruction error").values
    assert np.isfinite(far).tolist() == [False] * (COUNT - 1) + [True] * 2  # of an earlier ris
    assert retrained.next_key() == COUNT + 3


def test_what_was_removed_there_and_restored_since_is_found(retrained, work, tmp_path):
    switch(retrained, work(), "00000001")
    remove(retrained, ["3", "5"])
    older = retrained.serving()
    switch(retrained, work(), "00000002")  # without 3 and 5
    restore(retrained, ["3"])
    assert later(retrained, older.generation) == (1, 0)
    manifest = switch(retrained, work(), older.generation)
    assert manifest.encoder == older.encoder
    assert (manifest.items, manifest.deleted) == (COUNT - 1, (5,))
    explorer = Explorer(retrained)
    path = explorer.item(3).path
    assert explorer.search(path, k=1).hits[0].item.key == 3
    assert explorer.place_of(3) is not None


def test_what_was_compacted_away_there_comes_back_and_can_go_again(
    retrained, work, tmp_path, monkeypatch
):
    monkeypatch.setattr("ris.store.generation.EXACT_BELOW", 1)
    switch(retrained, work(), "00000001")
    remove(retrained, ["3"])
    compacted = compact(retrained, work())
    assert compacted.graph is not None
    switch(retrained, work(), "00000002")
    restore(retrained, ["3"])
    manifest = switch(retrained, work(), compacted.generation)
    assert (manifest.encoder, manifest.items) == (compacted.encoder, COUNT)
    explorer = Explorer(retrained)
    assert explorer.search(explorer.item(3).path, k=1).hits[0].item.key == 3
    remove(retrained, ["3"])
    explorer = Explorer(retrained)
    assert explorer.notices == ()
    assert 3 not in explorer.keys


def test_moved_files_stay_where_they_are_now(retrained, work, tmp_path):
    path = next(iter(sorted((tmp_path / "pictures").rglob("*.png"))))
    path.rename(path.with_name("moved.png"))
    sync(retrained, work())
    switch(retrained, work(), "00000001")
    assert retrained.current() not in ("00000001", "00000002")
    known = KnownFiles(retrained, retrained.serving())
    paths = {known.file(place).path for place in range(len(known))}
    assert str(path.with_name("moved.png")) in paths
    assert str(path) not in paths
    explorer = Explorer(retrained)
    assert explorer.count == COUNT
    hit = explorer.search(path.with_name("moved.png"), k=1).hits[0]
    assert (hit.item.path, round(hit.distance, 5)) == (str(path.with_name("moved.png")), 0)


def test_what_was_added_and_removed_since_stays_away(retrained, work, tmp_path):
    new = drawn.write(tmp_path / "pictures", "rings", 0)
    sync(retrained, work())
    remove(retrained, [str(new)])
    assert switch(retrained, work(), "00000001").items == COUNT
    assert [one.path for one in retrained.skipped()] == [str(new)]
    sync(retrained, work())
    assert Explorer(retrained).count == COUNT


def test_a_picture_that_is_lost_is_left_behind(retrained, work, tmp_path):
    new = drawn.write(tmp_path / "more", "rings", 0)
    add(retrained, work(), [str(tmp_path / "more")])
    new.write_bytes(b"another")
    from ris.store.thumbnails import Thumbnails

    with Thumbnails(retrained.folder / "thumbnails.sqlite") as thumbnails:
        thumbnails.keep_only(set())
    manifest = switch(retrained, work(), "00000001")
    assert manifest.items == COUNT


def test_within_an_encoder_going_back_undoes_what_came_later(retrained, work, tmp_path):
    drawn.write(tmp_path / "more", "rings", 0)
    add(retrained, work(), [str(tmp_path / "more")])
    assert later(retrained, "00000002") == (0, 0)
    switch(retrained, work(), "00000002")
    assert Explorer(retrained).count == COUNT
