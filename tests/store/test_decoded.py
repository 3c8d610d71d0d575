"""What a killed scan had decoded is taken over: the same, whole, and nothing else."""

import os
import time
from dataclasses import replace

import drawn
import numpy as np
import pytest

from ris.images.entries import DataEntry, Skipped
from ris.images.pool import Decoded, decode_one
from ris.images.sources import Folder
from ris.store.decoded import DecodedBefore, DecodedLog, forget, forget_stale, keep, kept_ids
from ris.store.kept import kept_entries

SIZE = 16


@pytest.fixture
def entries(tmp_path):
    return list(Folder(drawn.fill_folder(tmp_path / "pictures", 3)).entries())


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "jobs" / "first" / "work"
    folder.mkdir(parents=True)
    return folder


def note(work, entries, size=SIZE):
    log = DecodedLog(work, size)
    for entry in entries:
        log.add([decode_one(entry, size)])
    log.close()


def resume(folder, entries, size=SIZE):
    """What comes of the entries, and which of them were decoded."""
    decoded = []

    def decode(rest):
        for entry in rest:
            if not isinstance(entry, Skipped):
                decoded.append(entry)
                yield entry, decode_one(entry, size)
            else:
                yield entry, entry

    return list(DecodedBefore(folder, size).resume(entries, decode)), decoded


def assert_as_decoded(found, entries):
    assert [entry for entry, _ in found] == entries
    for entry, one in found:
        assert isinstance(one, Decoded)
        fresh = decode_one(entry, SIZE)
        assert replace(one.entry) == fresh.entry
        assert (one.size, one.data, one.picture.id) == (fresh.size, fresh.data, fresh.picture.id)
        assert (one.picture.width, one.picture.height) == (32, 32)
        np.testing.assert_array_equal(one.picture.pixels, fresh.picture.pixels)


@pytest.mark.parametrize("noted", [slice(0, 5), slice(5, 9), slice(1, None, 2), slice(None)])
def test_only_the_rest_is_decoded_and_the_order_is_kept(tmp_path, entries, work, noted):
    note(work, entries[noted])
    keep(tmp_path, work)
    found, decoded = resume(tmp_path, entries)
    assert_as_decoded(found, entries)
    assert decoded == [entry for entry in entries if entry not in entries[noted]]


def test_skipped_files_are_passed_on_in_their_order(tmp_path, entries, work):
    note(work, entries[:4])
    keep(tmp_path, work)
    skipped = Skipped("x", "no picture")
    mixed = [*entries[:2], skipped, *entries[2:5], skipped]
    found, decoded = resume(tmp_path, mixed)
    assert [entry for entry, _ in found] == mixed
    assert decoded == [entries[4]]


def test_what_has_changed_is_decoded(tmp_path, entries, work):
    note(work, entries)
    keep(tmp_path, work)
    other_time = replace(entries[0], modified=5.0)
    other_size = replace(entries[1], size=7)
    in_archive = replace(entries[2], imported=True)
    found, decoded = resume(tmp_path, [other_time, other_size, in_archive, *entries[3:]])
    assert decoded == [other_time, other_size, in_archive]
    assert len(found) == len(entries)


def test_what_an_archive_holds_is_known_by_its_content(tmp_path, entries, work):
    held = [
        DataEntry(f"a.zip/{i}.png", f"{i}.png", size=len(data), data=data)
        for i, data in enumerate(entry.read() for entry in entries)
    ]
    note(work, held)
    keep(tmp_path, work)
    swapped = replace(held[0], data=held[1].data, size=held[1].size)
    found, decoded = resume(tmp_path, [swapped, *held[1:]])
    assert decoded == [swapped]
    assert_as_decoded(found, [swapped, *held[1:]])


def test_items_of_a_collection_are_known_by_their_content(tmp_path, collection, work):
    items = list(kept_entries(collection, collection.serving()))
    note(work, items[:30])
    keep(tmp_path, work)
    other = replace(items[0], id=items[1].id)
    found, decoded = resume(tmp_path, [other, *items[1:]])
    assert decoded == [other, *items[30:]]
    assert_as_decoded(found[1:], items[1:])


def test_pictures_of_another_size_are_not_taken(tmp_path, entries, work):
    note(work, entries, size=32)
    keep(tmp_path, work)
    assert resume(tmp_path, entries)[1] == entries


def test_pixels_that_did_not_reach_the_disk_are_not_taken(tmp_path, entries, work):
    note(work, entries)
    pixels = bytearray((work / "pixels.u8").read_bytes())
    pixels[0] ^= 1
    (work / "pixels.u8").write_bytes(pixels[: -SIZE * SIZE])
    keep(tmp_path, work)
    found, decoded = resume(tmp_path, entries)
    assert decoded == [entries[0], entries[-1]]
    assert_as_decoded(found, entries)


def test_a_note_that_was_cut_is_not_read(tmp_path, entries, work):
    note(work, entries[:2])
    notes = work / "decoded.jsonl"
    notes.write_bytes(notes.read_bytes()[:-5])
    keep(tmp_path, work)
    assert resume(tmp_path, entries)[1] == entries[1:]


def flip(path):
    """One bit of an id in the second note."""
    data = bytearray(path.read_bytes())
    data[data.index(b"\n") + 100] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "harm", "again"),
    [
        ("decoded.jsonl", flip, slice(1, 2)),
        ("decoded.jsonl", lambda path: path.write_bytes(b"\xff{}\n[1]\n0 {}\n"), slice(None)),
        ("decoded.jsonl", lambda path: (path.unlink(), path.mkdir()), slice(None)),
        ("pixels.u8", lambda path: path.unlink(), slice(None)),
        ("pixels.u8", lambda path: (path.unlink(), path.mkdir()), slice(None)),
    ],
)
def test_what_is_damaged_is_decoded_again(tmp_path, entries, work, name, harm, again):
    """A damaged note ended each further scan in an error of JSON, or was believed."""
    note(work, entries)
    keep(tmp_path, work)
    harm(tmp_path / "decoded" / "first" / name)
    found, decoded = resume(tmp_path, entries)
    assert decoded == entries[again]
    assert_as_decoded(found, entries)
    assert len(kept_ids(tmp_path)) <= len(entries)


def test_the_longer_one_of_two_is_kept(tmp_path, entries, work):
    second = tmp_path / "jobs" / "second" / "work"
    third = tmp_path / "jobs" / "third" / "work"
    for folder, count in ((work, 4), (second, 2), (third, 6)):
        folder.mkdir(parents=True, exist_ok=True)
        note(folder, entries[:count])
    for folder, ids in ((work, 4), (second, 4), (third, 6)):
        keep(tmp_path, folder)
        assert len(kept_ids(tmp_path)) == ids
        assert len(list((tmp_path / "decoded").iterdir())) == 1


def test_jobs_that_decoded_nothing_keep_nothing(tmp_path, work):
    note(work, [])
    keep(tmp_path, work)
    assert not (tmp_path / "decoded").exists()


def test_it_goes_once_it_is_published_with_the_copies_of_what_is_no_item(collection, work):
    data = drawn.encoded(drawn.draw("rings", 99))
    note(work, [DataEntry("a.zip/a.png", "a.png", size=len(data), data=data)])
    keep(collection.folder, work)
    (content,) = kept_ids(collection.folder)
    place = collection.upload_path(content)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"copy")
    collection.forget_unused(but=kept_ids(collection.folder))
    assert place.exists()
    forget(collection, work)
    assert not (collection.folder / "decoded").exists()
    assert not place.exists()


def test_it_goes_once_it_is_stale(tmp_path, entries, work):
    note(work, entries)
    keep(tmp_path, work)
    assert not forget_stale(tmp_path)
    assert kept_ids(tmp_path)
    week = time.time() - 8 * 86_400
    os.utime(tmp_path / "decoded" / "first", (week, week))
    assert forget_stale(tmp_path)
    assert kept_ids(tmp_path) == set()
