"""Going back to an earlier encoder without losing what happened since."""

from dataclasses import replace

import drawn
import pytest
import stores

from ris.explore.explorer import Explorer
from ris.removal import remove
from ris.switch import later, switch
from ris.update import add

COUNT = 8


@pytest.fixture
def retrained(tmp_path):
    """A collection of eight pictures with generation 2 by another encoder than generation 1."""
    for number in range(COUNT):
        drawn.write(tmp_path / "pictures", "bars", number)
    collection = stores.publish_folder(
        tmp_path / "home", "own", tmp_path / "pictures", tmp_path / "first"
    )
    other = stores.publish_folder(
        tmp_path / "other", "own", tmp_path / "pictures", tmp_path / "second", seed=5
    )
    manifest = other.manifest("00000001")
    files = {
        facts.file.replace("generations/00000001", "generations/{generation}"): other.folder
        / facts.file
        for facts in manifest.files
    }
    from ris.store.collection import Draft

    draft = Draft(
        replace(
            manifest,
            graph=replace(manifest.graph, file="generations/{generation}/graph.hnsw"),
            maps=(replace(manifest.maps[0], file="generations/{generation}/map.parquet"),),
        ),
        files,
    )
    collection.publish(draft, parent="00000001")
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
    assert retrained.next_key() == COUNT + 3


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
