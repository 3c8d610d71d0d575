"""The pictures of a collection, found again: copies, originals, thumbnails, in that order."""

from pathlib import Path

import drawn
import pytest
import stores

from ris.errors import PictureError
from ris.images.decode import decode
from ris.store.kept import kept_entries


@pytest.fixture
def entry(home, tmp_path, pictures):
    """The first picture of a collection whose originals are the test's own."""
    source = drawn.fill_folder(tmp_path / "source", 2)
    own = stores.publish_folder(home, "own", source, tmp_path / "work")
    return next(kept_entries(own, own.manifest(own.current())))


def test_all_pictures_come_in_the_order_of_their_keys(collection):
    manifest = collection.manifest(collection.current())
    found = list(kept_entries(collection, manifest))
    assert len(found) == 48
    assert [Path(one.path).parent.name for one in found[::12]] == list(drawn.FAMILIES)
    assert not any(one.imported for one in found)
    assert decode(found[0].read()).width == 32


def test_removed_ones_are_left_out(empty, tmp_path):
    draft = stores.make_draft(empty, tmp_path / "work", count=6, deleted=(0, 3))
    manifest = empty.publish(draft, parent=None)
    found = [Path(one.path).stem for one in kept_entries(empty, manifest)]
    assert found == ["1", "2", "4", "5"]


def test_the_original_is_read_while_it_is_the_same(entry):
    assert entry.read() == Path(entry.path).read_bytes()


def test_a_copy_is_preferred(entry):
    original = Path(entry.path).read_bytes()
    Path(entry.copied).parent.mkdir(parents=True)
    Path(entry.copied).write_bytes(original)
    Path(entry.path).unlink()
    assert entry.read() == original


@pytest.mark.parametrize("harm", ["gone", "changed"])
def test_else_its_thumbnail_stands_in(entry, harm):
    before = decode(entry.read())
    Path(entry.path).unlink()
    if harm == "changed":
        Path(entry.path).write_bytes(drawn.encoded(drawn.draw("rings", 99)))
    data = entry.read()
    assert data[8:12] == b"WEBP"
    assert decode(data).image.tobytes() == before.image.tobytes()


def test_without_any_of_them_it_is_gone(entry):
    Path(entry.path).unlink()
    Path(entry.thumbnails).unlink()
    with pytest.raises(PictureError, match="gone: neither the file nor its thumbnail"):
        entry.read()
