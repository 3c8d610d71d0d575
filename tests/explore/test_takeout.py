"""A selection to take along, as rows and as files."""

import csv
import io
import zipfile
from pathlib import Path

import drawn
import numpy as np
import pytest
import stores

from ris.explore.explorer import Explorer
from ris.explore.takeout import csv_pieces, file_name, zip_pieces
from ris.store.items import Item
from ris.store.tags import Tags


@pytest.fixture
def own(tmp_path):
    """A collection whose originals are the test's own, with a column and a hostile name."""
    source = drawn.fill_folder(tmp_path / "source", 2)
    (source / "bars" / 'a "b", c.png').write_bytes(drawn.encoded(drawn.draw("bars", 7)))
    (tmp_path / "labels.csv").write_text("path,label,price\nbars/00.png,stripes,1.5\n")
    labels = str(tmp_path / "labels.csv")
    folders = tmp_path / "home", "own", source, tmp_path / "work"
    return Explorer(stores.publish_folder(*folders, labels=labels))


def rows_of(explorer, keys):
    text = b"".join(csv_pieces(explorer, np.array(keys, np.int64))).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def archive_of(explorer, keys):
    data = b"".join(zip_pieces(explorer, np.array(keys, np.int64)))
    return zipfile.ZipFile(io.BytesIO(data))


def test_rows_tell_what_is_known_of_each_item(own):
    Tags(own.collection).add("fine", np.array([0, 2]))
    Tags(own.collection).add("a bit odd", np.array([0]))
    rows = rows_of(own, own.keys)
    assert len(rows) == own.count
    first, item = rows[0], own.item(0)
    assert (first["key"], first["path"], first["id"]) == ("0", item.path, item.id)
    assert (first["width"], first["height"]) == ("32", "32")
    assert first["tags"] == "a bit odd; fine"
    priced = [row for row in rows if row["price"]]
    assert [(row["labels"], row["price"]) for row in priced] == [("stripes", "1.5")]
    assert any('a "b", c.png' in row["path"] for row in rows)


def test_rows_come_in_the_order_asked_for_in_batches(own, monkeypatch):
    monkeypatch.setattr("ris.explore.takeout._BATCH", 2)
    assert [row["key"] for row in rows_of(own, [4, 1, 3])] == ["4", "1", "3"]
    assert len(list(csv_pieces(own, np.array([4, 1, 3])))) == 3
    assert rows_of(own, []) == []


def test_the_archive_holds_each_file_as_it_is(own):
    archive = archive_of(own, [0, 3, 5])
    assert archive.testzip() is None
    for key in (0, 3, 5):
        assert archive.read(file_name(own.item(key))) == own.file(key)
    names = archive.namelist()
    assert len(names) == 4
    assert archive.read("items.csv").decode().count("\n") == 4


def test_a_file_that_is_gone_is_named_and_the_others_come(own):
    Path(own.item(3).path).unlink()
    archive = archive_of(own, [0, 3])
    assert file_name(own.item(0)) in archive.namelist()
    assert file_name(own.item(3)) not in archive.namelist()
    assert own.item(3).path in archive.read("missing.txt").decode()


def test_no_more_than_a_picture_is_held_at_a_time(own):
    pieces = list(zip_pieces(own, own.keys))
    largest = max(len(own.file(int(key))) for key in own.keys)
    assert len(pieces) == own.count + 1
    assert max(map(len, pieces[1:-1])) < largest + 1000


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/b/c.png", "7-c.png"),
        ('shop.zip/x/..\\..\\"e:v|il".png', "7-.._..__e_v_il_.png"),
        ("a/" + "x" * 300 + ".png", None),
        ("a/...", "7-picture"),
    ],
)
def test_names_are_such_as_every_system_can_have(path, name):
    found = file_name(Item(7, "", path, (), 1, 1))
    assert found.startswith("7-")
    assert not set(found) & set('<>:"/\\|?*\n')
    assert len(found) < 110
    assert name in (None, found)
