"""Sources in; rows, pixels and thumbnails out; files that can't be read become skipped rows."""

import shutil
import zipfile
from pathlib import Path

import drawn
import numpy as np
import pytest
import stores

from ris.errors import Cancelled, SourceError
from ris.images.archives import ZipArchive
from ris.images.entries import Skipped
from ris.images.labels import Labels
from ris.images.prepare import content_id
from ris.images.sources import Folder
from ris.progress import Progress, StopSignal, silent
from ris.scan import scan, scan_again
from ris.store.table import read_table
from ris.store.thumbnails import Thumbnails


def run(collection, sources, work, *, labels="folder", on_progress=silent, stop=None):
    work.mkdir(exist_ok=True)
    stop = stop or StopSignal()
    return scan(
        collection, sources, Labels(labels), stores.SIZE, work, on_progress=on_progress, stop=stop
    )


def test_rows_pixels_and_thumbnails_belong_together(empty, pictures, tmp_path):
    told: list[Progress] = []
    scanned = run(empty, [Folder(pictures)], tmp_path / "work", on_progress=told.append)
    assert (scanned.count, scanned.skipped_count, scanned.next_key) == (48, 1, 48)
    rows = read_table(scanned.rows).to_pylist()
    pixels = scanned.open_pixels()
    assert [row["key"] for row in rows] == list(range(48))
    with Thumbnails(empty.folder / "thumbnails.sqlite") as thumbnails:
        for row, own in zip(rows, pixels, strict=True):
            data = Path(row["path"]).read_bytes()
            assert (row["id"], row["bytes"]) == (content_id(data), len(data))
            assert row["labels"] == [Path(row["path"]).parent.name]
            family, number = row["labels"][0], int(Path(row["path"]).stem)
            np.testing.assert_array_equal(own, np.asarray(drawn.draw(family, number)))
            assert thumbnails.get(row["id"]) is not None
    assert {progress.stage for progress in told} == {"scan"}
    assert (told[-1].done, told[-1].total) == (49, 49)
    assert not (empty.folder / "uploads").exists()


def test_why_files_were_skipped_is_kept(empty, pictures, tmp_path):
    scanned = run(empty, [Folder(pictures)], tmp_path / "work")
    (row,) = read_table(scanned.skipped).to_pylist()
    assert Path(row["path"]).name == "notes.txt"
    assert row["reason"].startswith("The file is not a picture")


def test_pictures_of_an_archive_are_copied_in(empty, pictures, tmp_path):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for file in sorted(pictures.rglob("*.png"))[:5]:
            archive.write(file, file.relative_to(pictures))
    scanned = run(empty, [ZipArchive(tmp_path / "p.zip")], tmp_path / "work")
    for row in read_table(scanned.rows).to_pylist():
        copy = empty.upload_path(row["id"])
        assert content_id(copy.read_bytes()) == row["id"]
        assert row["path"].startswith("p.zip/bars/")
    assert not list(empty.folder.rglob("*.tmp"))


def test_several_sources_follow_each_other(empty, tmp_path):
    sources = [
        Folder(drawn.fill_folder(tmp_path / name, 2, families=(name,)))
        for name in ("rings", "bars")
    ]
    scanned = run(empty, sources, tmp_path / "work")
    rows = read_table(scanned.rows).to_pylist()
    assert [row["labels"][0] for row in rows] == ["rings", "rings", "bars", "bars"]


def test_metadata_of_a_csv_becomes_columns(empty, pictures, tmp_path):
    (tmp_path / "l.csv").write_text("path,label,price\nbars/00.png,B,5\nbars/01.png,B,\n")
    scanned = run(empty, [Folder(pictures)], tmp_path / "work", labels=str(tmp_path / "l.csv"))
    assert scanned.columns == {"price": "int"}
    found = read_table(scanned.rows).to_pylist()
    assert [row["price"] for row in found[:2]] == [5, None]
    assert found[0]["labels"] == ["B"]


def test_the_same_picture_twice_is_two_items(empty, tmp_path):
    folder = drawn.fill_folder(tmp_path / "s", 1, families=("bars",))
    shutil.copy(folder / "bars" / "00.png", folder / "bars" / "copy.png")
    scanned = run(empty, [Folder(folder)], tmp_path / "work")
    rows = read_table(scanned.rows).to_pylist()
    assert len({row["id"] for row in rows}) == 1
    assert [row["key"] for row in rows] == [0, 1]


def test_without_one_picture_the_first_reason_is_told(empty, tmp_path):
    (tmp_path / "s").mkdir()
    with pytest.raises(SourceError, match="There are no files"):
        run(empty, [Folder(tmp_path / "s")], tmp_path / "work")
    (tmp_path / "s" / "a.txt").write_text("text")
    with pytest.raises(
        SourceError, match=r"no picture that can be read .*a\.txt: The file is not a picture"
    ) as refused:
        run(empty, [Folder(tmp_path / "s")], tmp_path / "work")
    assert refused.value.hint


def test_a_cancelled_scan_ends(empty, pictures, tmp_path):
    stop = StopSignal()
    stop.cancelled = True
    with pytest.raises(Cancelled):
        run(empty, [Folder(pictures)], tmp_path / "work", stop=stop)


def test_a_scan_of_slow_files_is_cancelled_after_a_few_of_them(empty, tmp_path):
    stop, listed = StopSignal(), 0

    class Slow:
        name = "slow"

        def entries(self):
            nonlocal listed
            for number in range(100_000):
                listed += 1
                stop.cancelled = number > 20
                yield Skipped(str(number), "It is slow")

        def count(self):
            return None

    with pytest.raises(Cancelled):
        run(empty, [Slow()], tmp_path / "work", stop=stop)
    assert listed < 50


class TestAgain:
    @pytest.fixture
    def own(self, tmp_path):
        source = drawn.fill_folder(tmp_path / "source", 3)
        (source / "notes.txt").write_text("no picture")
        return stores.publish_folder(tmp_path / "home", "own", source, tmp_path / "work")

    def again(self, collection, work):
        work.mkdir()
        manifest = collection.manifest(collection.current())
        return scan_again(collection, manifest, 32, work, on_progress=silent, stop=StopSignal())

    def test_all_is_as_it_was(self, own, tmp_path):
        scanned = self.again(own, tmp_path / "again")
        assert (scanned.count, scanned.skipped_count, scanned.next_key) == (12, 1, 12)
        first = read_table(next((own.folder / "parts").iterdir())).drop_columns("embedding")
        assert read_table(scanned.rows).to_pylist() == first.to_pylist()
        np.testing.assert_array_equal(scanned.open_pixels()[4], np.asarray(drawn.draw("checks", 1)))

    def test_what_is_gone_is_skipped_and_keys_stay(self, own, tmp_path):
        rows = read_table(next((own.folder / "parts").iterdir())).to_pylist()
        Path(rows[4]["path"]).unlink()
        for file in own.folder.glob("thumbnails.sqlite*"):
            file.unlink()
        scanned = self.again(own, tmp_path / "again")
        found = read_table(scanned.rows).to_pylist()
        assert [row["key"] for row in found] == [key for key in range(12) if key != 4]
        assert (scanned.count, scanned.next_key) == (11, 12)
        reasons = {row["path"]: row["reason"] for row in read_table(scanned.skipped).to_pylist()}
        assert reasons[rows[4]["path"]].startswith("It is gone")
        np.testing.assert_array_equal(scanned.open_pixels()[4], np.asarray(drawn.draw("checks", 2)))

    def test_removed_items_do_not_come_back(self, empty, tmp_path):
        draft = stores.make_draft(empty, tmp_path / "w", count=6, deleted=(2,))
        empty.publish(draft, parent=None)
        with Thumbnails(empty.folder / "thumbnails.sqlite") as thumbnails:
            webp = drawn.encoded(drawn.draw("bars", 1), "WEBP", lossless=True)
            thumbnails.put((f"{key:064x}", webp) for key in range(6))
        scanned = self.again(empty, tmp_path / "again")
        keys = read_table(scanned.rows).column("key").to_pylist()
        assert keys == [0, 1, 3, 4, 5]
        assert scanned.next_key == 6
