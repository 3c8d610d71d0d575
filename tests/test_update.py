"""Adding, removing and keeping up with folders, on real files of a small collection."""

import os
import shutil
import zipfile
from pathlib import Path

import drawn
import numpy as np
import pytest
import stores

from ris import update
from ris.changes import Changes
from ris.compact import compact
from ris.errors import PictureError, SourceError, StoreError
from ris.explore.explorer import Explorer
from ris.generate import Work
from ris.images.entries import Skipped
from ris.images.pool import decode_one
from ris.progress import StopSignal, silent
from ris.removal import remove, restore
from ris.scan import Scanned, scan_again
from ris.store.collection import Collection
from ris.update import add, compare, sync

COUNT = 12


@pytest.fixture
def pictures(tmp_path):
    """A folder of 12 pictures in the folders bars and discs, and one file that is none."""
    folder = tmp_path / "pictures"
    for family in ("bars", "discs"):
        for number in range(COUNT // 2):
            drawn.write(folder, family, number)
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture
def collection(tmp_path, pictures):
    return stores.publish_folder(tmp_path / "home", "own", pictures, tmp_path / "first")


def scanned_again(collection: Collection, work: Work) -> Scanned:
    """What a training sees of the serving generation."""
    return scan_again(
        collection,
        collection.serving(),
        stores.SIZE,
        work.folder,
        on_progress=silent,
        stop=StopSignal(),
    )


@pytest.fixture
def decoded(monkeypatch):
    """Paths of the pictures that are decoded; not in worker processes, where nobody would see."""
    seen = []

    def here(entries, do, **_):
        for entry in entries:
            try:
                yield entry, do(entry)
            except PictureError as error:
                yield entry, Skipped(entry.path, error.message)

    def noting(entry, size, **rest):
        found = decode_one(entry, size, **rest)
        seen.append(entry.path)
        return found

    monkeypatch.setattr(update, "map_entries", here)
    monkeypatch.setattr(update, "decode_one", noting)
    return seen


def items(collection):
    """Key by path of what can be found."""
    explorer = Explorer(collection)
    return {item.path: item.key for item in explorer.items(explorer.keys)}


def generations(collection):
    return [manifest.generation for manifest in collection.generations()]


class TestAdding:
    def test_new_pictures_are_found_and_have_a_place(self, collection, pictures, work, tmp_path):
        before = items(collection)
        more = tmp_path / "more"
        new = drawn.write(more, "rings", 0)
        done = add(collection, work(), [str(more)])
        assert done.changes == Changes(new=1)
        assert done.manifest.parent == "00000001"
        after = items(collection)
        assert after == {**before, str(new): COUNT}
        explorer = Explorer(collection)
        assert explorer.search(new, k=1).hits[0].item.key == COUNT
        assert explorer.item(COUNT).labels == ("rings",)
        assert explorer.place_of(COUNT) is not None
        assert explorer.thumbnail(COUNT)
        assert explorer.notices == ()

    def test_a_new_picture_joins_the_cluster_of_its_nearest(self, tmp_path, pictures, work):
        cluster = np.arange(COUNT) % 3
        folders = tmp_path / "home", "own", pictures, tmp_path / "first"
        own = stores.publish_folder(*folders, cluster=cluster)
        new = drawn.write(tmp_path / "more", "rings", 7)
        add(own, work(), [str(new.parent)])
        explorer = Explorer(own)
        positions = explorer._positions
        nearest, *_ = explorer.similar(COUNT, k=10).hits
        assert positions.cluster.tolist() == [*cluster, cluster[nearest.item.key]]
        assert positions.outlier[:COUNT] == pytest.approx(np.arange(1, COUNT + 1) / 100)
        distances = [hit.distance for hit in explorer.similar(COUNT, k=10).hits]
        assert positions.outlier[COUNT] == pytest.approx(np.mean(distances), abs=1e-5)

    def test_how_well_new_pictures_are_redrawn_is_measured(self, tmp_path, pictures, work):
        folders = tmp_path / "home", "own", pictures, tmp_path / "first"
        own = stores.publish_folder(*folders, cluster=[0] * COUNT)
        drawn.write(tmp_path / "more", "rings", 7)
        shutil.copy(Explorer(own).item(3).path, tmp_path / "more" / "copy of 3.png")
        add(own, work(), [str(tmp_path / "more")])
        explorer = Explorer(own)
        far = explorer.colouring("reconstruction error").values
        expected = [10 ** (-explorer.look(key).psnr_db / 20) for key in (COUNT, COUNT + 1)]
        assert far[COUNT:] == pytest.approx(expected, abs=1e-4)
        copied = next(hit.item.key for hit in explorer.similar(3, k=1).hits)
        assert far[copied] == far[3]

    def test_without_what_redraws_pictures_come_all_the_same(self, tmp_path, pictures, work):
        folders = tmp_path / "home", "own", pictures, tmp_path / "first"
        own = stores.publish_folder(*folders, cluster=[0] * COUNT)
        (own.folder / own.serving().encoder_file("autoencoder.onnx").file).write_bytes(b"damaged")
        drawn.write(tmp_path / "more", "rings", 7)
        add(own, work(), [str(tmp_path / "more")])
        far = Explorer(own).colouring("reconstruction error").values
        assert np.isnan(far).tolist() == [False] * COUNT + [True]

    def test_graph_parts_and_map_of_before_are_kept(self, collection, work, tmp_path):
        before = collection.manifest("00000001")
        drawn.write(tmp_path / "more", "rings", 0)
        after = add(collection, work(), [str(tmp_path / "more")]).manifest
        assert (after.graph, after.encoder) == (before.graph, before.encoder)
        assert after.parts[:-1] == before.parts
        assert after.maps[:-1] == before.maps
        assert after.parts[-1].rows == 1

    def test_known_files_are_not_read_again(self, collection, pictures, work, decoded):
        done = add(collection, work(), [str(pictures)])
        assert done.changes == Changes(same=COUNT)
        assert decoded == []
        assert generations(collection) == ["00000001"]

    def test_a_touched_file_is_read_but_not_decoded(self, collection, pictures, work, decoded):
        path = pictures / "bars/00.png"
        os.utime(path, (5, 5))
        before = items(collection)
        assert add(collection, work(), [str(pictures)]).changes == Changes(same=COUNT)
        assert decoded == []
        assert items(collection) == before
        read = []
        unread = add(collection, work(), [str(pictures)])
        assert (unread.changes, read) == (Changes(same=COUNT), [])
        assert unread.manifest.generation == "00000002"  # its time is known now

    def test_a_copy_elsewhere_is_an_item_but_not_decoded(
        self, collection, pictures, work, tmp_path, decoded
    ):
        copy = tmp_path / "more/discs/copy.png"
        copy.parent.mkdir(parents=True)
        shutil.copyfile(pictures / "bars/01.png", copy)
        done = add(collection, work(), [str(tmp_path / "more")])
        assert (done.changes, decoded) == (Changes(new=1), [])
        explorer = Explorer(collection)
        twin = explorer.item(items(collection)[str(copy)])
        assert twin.labels == ("discs",)
        original = explorer.item(items(collection)[str(pictures / "bars/01.png")])
        assert (twin.id, twin.width) == (original.id, original.width)
        nearest = explorer.similar(original.key, k=1).hits[0]
        assert (nearest.item.key, round(nearest.distance, 5)) == (twin.key, 0)

    def test_pictures_of_an_archive_are_copied_and_known_by_content(
        self, collection, work, tmp_path, pictures
    ):
        with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
            archive.writestr("new.png", drawn.encoded(drawn.draw("rings", 3)))
            archive.write(pictures / "bars/00.png", "known.png")
        done = add(collection, work(), [str(tmp_path / "more.zip")])
        assert done.changes == Changes(new=1, same=1)
        (tmp_path / "more.zip").unlink()
        explorer = Explorer(collection)
        assert explorer.original(COUNT)[1] == "image/png"
        assert add(collection, work(), [str(pictures)]).changes == Changes(same=COUNT)

    def test_only_copies_wait_for_the_whole_disk(self, collection, work, tmp_path, monkeypatch):
        """An addition of a folder waited for what other programs were writing."""
        waited = []
        monkeypatch.setattr(os, "sync", lambda: waited.append(True))
        new = drawn.write(tmp_path / "more", "rings", 0)
        add(collection, work(), [str(tmp_path / "more")])
        assert not waited
        with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
            archive.writestr("new.png", drawn.encoded(drawn.draw("rings", 3)))
            archive.write(new, "known.png")
        add(collection, work(), [str(tmp_path / "more.zip")])
        assert waited

    def test_what_is_no_picture_is_skipped_once(self, collection, pictures, work):
        (pictures / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n, and then nothing")
        done = add(collection, work(), [str(pictures)])
        assert done.changes == Changes(same=COUNT, unreadable=1)
        again = add(collection, work(), [str(pictures)])
        assert again.changes == Changes(same=COUNT)
        assert sorted(Path(one.path).name for one in collection.skipped()) == [
            "broken.png",
            "notes.txt",
        ]
        drawn.write(pictures, "rings", 7, "broken.png")
        assert add(collection, work(), [str(pictures)]).changes == Changes(same=COUNT, new=1)
        assert [Path(one.path).name for one in collection.skipped()] == ["notes.txt"]

    def test_many_additions_are_all_kept(self, collection, work, tmp_path):
        for number in range(5):
            drawn.write(tmp_path / "more", "rings", number)
            add(collection, work(), [str(tmp_path / "more")])
        assert len(items(collection)) == COUNT + 5
        manifest = collection.manifest(collection.current())
        assert len(manifest.parts) == 6
        assert Explorer(collection).points().keys.tolist() == list(range(COUNT + 5))

    def test_cancelled_nothing_is_added(self, collection, work, tmp_path):
        from ris.errors import Cancelled

        drawn.write(tmp_path / "more", "rings", 0)
        given = work()
        given.stop.cancelled = True
        with pytest.raises(Cancelled):
            add(collection, given, [str(tmp_path / "more")])
        assert len(items(collection)) == COUNT

    def test_nothing_is_embedded_by_a_damaged_encoder(self, collection, work, tmp_path):
        path = next((collection.folder / "encoders").rglob("encoder.onnx"))
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1  # it may still load, and embed otherwise
        path.write_bytes(data)
        drawn.write(tmp_path / "more", "rings", 0)
        with pytest.raises(StoreError, match=r"encoder\.onnx is damaged"):
            add(collection, work(), [str(tmp_path / "more")])

    def test_metadata_columns_may_come_later(self, collection, work, tmp_path):
        new = drawn.write(tmp_path / "more", "rings", 0)
        (tmp_path / "labels.csv").write_text("path,label,price\nrings/00.png,ring,5\n")
        add(collection, work(), [str(tmp_path / "more")], labels=str(tmp_path / "labels.csv"))
        explorer = Explorer(collection)
        assert explorer.item(items(collection)[str(new)]).metadata == {"price": 5}
        assert explorer.item(0).metadata == {"price": None}

    def test_a_metadata_column_of_another_kind_is_refused(self, collection, work, tmp_path):
        drawn.write(tmp_path / "more", "rings", 0)
        csv = tmp_path / "labels.csv"
        csv.write_text("path,label,price\nrings/00.png,ring,5\n")
        add(collection, work(), [str(tmp_path / "more")], labels=str(csv))
        csv.write_text("path,label,price\nrings/00.png,ring,cheap\n")
        with pytest.raises(SourceError, match="price holds text values"):
            add(collection, work(), [str(tmp_path / "more")], labels=str(csv))

    def test_a_source_that_is_not_there_is_an_error(self, collection, work):
        with pytest.raises(SourceError):
            add(collection, work(), ["/nowhere/at/all"])

    def test_without_a_generation_there_is_nothing_to_add_to(self, tmp_path, work):
        empty = Collection.create(tmp_path / "home", "empty", [], "none")
        with pytest.raises(StoreError, match="no pictures yet"):
            add(empty, work(), [str(tmp_path)])


class TestRemoving:
    def test_removed_items_are_nowhere_and_come_back(self, collection, pictures):
        before = items(collection)
        done = remove(collection, ["3", str(pictures / "discs/05.png")])
        assert done.changes == Changes(gone=2)
        assert set(before.values()) - set(items(collection).values()) == {
            3,
            before[str(pictures / "discs/05.png")],
        }
        assert Explorer(collection).count == COUNT - 2
        restore(collection, ["3"])
        restore(collection, [str(pictures / "discs/05.png")])
        assert items(collection) == before

    def test_a_folder_names_all_in_it(self, collection, pictures):
        assert remove(collection, [str(pictures / "bars")]).changes.gone == COUNT // 2
        assert restore(collection, [str(pictures / "bars")]).changes.restored == COUNT // 2

    @pytest.mark.parametrize("name", ["99", "/nowhere.png", "x"])
    def test_an_unknown_name_is_refused_and_nothing_changes(self, collection, name):
        with pytest.raises(StoreError, match="is not in the collection"):
            remove(collection, ["0", name])
        assert generations(collection) == ["00000001"]
        with pytest.raises(StoreError, match="is not among what was removed"):
            restore(collection, ["0"])

    def test_removed_by_hand_stays_removed_until_it_is_added_again(
        self, collection, pictures, work
    ):
        remove(collection, ["0"])
        assert compare(collection, work()) == Changes(same=COUNT - 1)
        assert sync(collection, work()).changes == Changes(same=COUNT - 1)
        assert add(collection, work(), [str(pictures)]).changes == Changes(
            same=COUNT - 1, restored=1
        )
        assert len(items(collection)) == COUNT

    def test_keys_are_never_given_again(self, collection, work, tmp_path):
        drawn.write(tmp_path / "more", "rings", 0)
        add(collection, work(), [str(tmp_path / "more")])
        collection.use("00000001")
        drawn.write(tmp_path / "most", "rings", 1)
        add(collection, work(), [str(tmp_path / "most")])
        assert max(items(collection).values()) == COUNT + 1


class TestKeepingUp:
    def change(self, pictures):
        """One new, one changed, one moved, one gone, one unreadable."""
        drawn.write(pictures, "rings", 0)
        drawn.write(pictures, "rings", 1, "bars/00.png")
        (pictures / "discs/00.png").rename(pictures / "bars/from discs.png")
        (pictures / "discs/01.png").unlink()
        (pictures / "broken.jpg").write_bytes(b"nothing")

    EXPECTED = Changes(new=1, changed=1, moved=1, gone=1, unreadable=1, same=COUNT - 3)

    def test_it_tells_first_and_then_does_what_it_told(self, collection, pictures, work):
        before = items(collection)
        self.change(pictures)
        assert compare(collection, work()) == self.EXPECTED
        assert generations(collection) == ["00000001"]
        assert sync(collection, work()).changes == self.EXPECTED
        after = items(collection)
        moved = str(pictures / "bars/from discs.png")
        assert after[moved] == before[str(pictures / "discs/00.png")]
        assert Explorer(collection).item(after[moved]).labels == ("bars",)
        assert after[str(pictures / "bars/00.png")] not in before.values()
        assert str(pictures / "discs/01.png") not in after
        assert len(after) == COUNT
        assert Explorer(collection).notices == ()
        assert compare(collection, work()) == Changes(same=COUNT)

    def test_what_was_gone_comes_back_with_its_key(self, collection, pictures, work):
        before = items(collection)
        path = pictures / "discs/01.png"
        data, facts = path.read_bytes(), path.stat()
        path.unlink()
        sync(collection, work())
        path.write_bytes(data)
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        assert sync(collection, work()).changes == Changes(restored=1, same=COUNT - 1)
        assert items(collection) == before
        path.unlink()
        sync(collection, work())
        path.write_bytes(data)  # with another time
        assert sync(collection, work()).changes == Changes(restored=1, same=COUNT - 1)
        assert items(collection) == before

    def test_removed_by_hand_stays_removed_after_a_training(self, collection, pictures, work):
        """A training leaves removed rows out, so nothing but the skipped files tells of them."""
        from ris.store.table import read_table

        remove(collection, ["0"])
        for _ in range(2):
            scanned = scanned_again(collection, work())
            listed = read_table(scanned.skipped).column("path").to_pylist()
            assert sorted(listed) == [str(pictures / "bars/00.png"), str(pictures / "notes.txt")]
            shutil.copyfile(scanned.skipped, collection.folder / "skipped.parquet")

    def test_what_was_listed_as_removed_and_came_back_is_kept_up_with(
        self, collection, pictures, work
    ):
        """As when a compaction listed it, and the generation before serves again."""
        remove(collection, ["0"])
        compact(collection, work())
        collection.use("00000002")
        restore(collection, ["0"])
        drawn.write(pictures, "rings", 9, "bars/00.png")
        assert sync(collection, work()).changes == Changes(changed=1, same=COUNT - 1)

    def test_a_file_moved_over_another_leaves_one_item_there(self, collection, pictures, work):
        before = items(collection)
        one, other = str(pictures / "bars/00.png"), str(pictures / "bars/01.png")
        os.replace(one, other)
        expected = Changes(moved=1, gone=1, same=COUNT - 2)
        assert compare(collection, work()) == expected
        assert sync(collection, work()).changes == expected
        after = items(collection)
        assert after[other] == before[one]
        assert len(Explorer(collection).keys) == len(after) == COUNT - 1
        assert compare(collection, work()) == Changes(same=COUNT - 1)

    @pytest.mark.parametrize("with_time", [True, False])
    def test_an_earlier_picture_put_back_leaves_one_item_there(
        self, collection, pictures, work, with_time
    ):
        before = items(collection)
        path = pictures / "bars/00.png"
        data, facts = path.read_bytes(), path.stat()
        drawn.write(pictures, "rings", 1, "bars/00.png")
        sync(collection, work())
        path.write_bytes(data)
        if with_time:
            os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        sync(collection, work())
        assert items(collection) == before
        assert len(Explorer(collection).keys) == COUNT

    def test_a_removed_picture_does_not_come_back_where_another_one_lies(
        self, collection, pictures, work
    ):
        path = str(pictures / "bars/00.png")
        drawn.write(pictures, "rings", 1, "bars/00.png")
        sync(collection, work())
        for name in (path, "0"):
            with pytest.raises(StoreError, match="is not among what was removed"):
                restore(collection, [name])
        remove(collection, [path])
        assert restore(collection, [path]).changes == Changes(restored=1)
        assert items(collection)[path] == COUNT
        remove(collection, [path])
        assert restore(collection, ["0"]).changes == Changes(restored=1)
        assert items(collection)[path] == 0

    def test_a_moved_folder_keeps_all_its_items(self, collection, pictures, work, tmp_path):
        before = items(collection)
        (pictures / "bars").rename(pictures / "stripes")
        assert sync(collection, work()).changes == Changes(moved=COUNT // 2, same=COUNT // 2)
        after = items(collection)
        assert sorted(after.values()) == sorted(before.values())
        assert Explorer(collection).label_counts() == {"discs": 6, "stripes": 6}

    def test_a_folder_that_is_away_is_no_removal(self, collection, pictures, work, tmp_path):
        pictures.rename(tmp_path / "away")
        with pytest.raises(SourceError, match="nothing at"):
            sync(collection, work())
        assert len(items(collection)) == COUNT

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything")
    def test_what_cannot_be_read_is_not_gone(self, collection, pictures, work):
        (pictures / "bars").chmod(0)
        try:
            assert compare(collection, work()).gone == 0
        finally:
            (pictures / "bars").chmod(0o755)

    def test_swapped_names_keep_what_they_show(self, collection, pictures, work):
        a, b = pictures / "bars/00.png", pictures / "bars/01.png"
        before = items(collection)
        a.rename(pictures / "x")
        b.rename(a)
        (pictures / "x").rename(b)
        sync(collection, work())
        explorer = Explorer(collection)
        assert items(collection) == {**before, str(a): before[str(b)], str(b): before[str(a)]}
        for path in (a, b):
            assert explorer.search(path, k=1).hits[0].item.path == str(path)

    def test_searching_again_after_training_sees_all(self, collection, pictures, work, tmp_path):
        """Rows that were corrected come late in the parts; a retraining puts them in order."""
        from ris.store.table import read_table

        (pictures / "bars/00.png").rename(pictures / "bars/zero.png")
        sync(collection, work())
        scanned = scanned_again(collection, work())
        keys = read_table(scanned.rows).column("key").to_pylist()
        assert sorted(keys) == list(range(COUNT))
        assert np.asarray(scanned.open_pixels()).any(axis=(1, 2, 3)).all()
