"""A collection of patches: cut, searched, kept up with its large pictures."""

import os
import shutil
from pathlib import Path

import drawn
import numpy as np
import pytest
import stores
from PIL import Image

from ris import update
from ris.changes import Changes
from ris.check import check
from ris.errors import PictureError, RisError, SourceError
from ris.explore.explorer import Explorer
from ris.images.decode import decode
from ris.images.parts import Box, Tiling, part_path, split_part
from ris.images.patches import cut
from ris.images.sources import open_source
from ris.progress import StopSignal, silent
from ris.removal import remove, restore
from ris.scan import scan_again
from ris.store.collection import Collection
from ris.update import add, compare, sync

TILING = Tiling(32, 32)
ROWS, COLUMNS = 3, 4


def write_slide(path: Path, seed: int, *, blank: tuple[int, ...] = (0, 5)) -> Path:
    """A picture of 3 x 4 pictures of 32 pixels; some of them are white."""
    whole = Image.new("RGB", (COLUMNS * 32, ROWS * 32), "white")
    for number in range(ROWS * COLUMNS):
        if number not in blank:
            one = drawn.draw(drawn.FAMILIES[number % 4], seed * 100 + number)
            whole.paste(one, (number % COLUMNS * 32, number // COLUMNS * 32))
    path.parent.mkdir(parents=True, exist_ok=True)
    whole.save(path)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A collection of two slides of 10 patches and a small picture, in `now/`, and a copy of it;
    and what is in `still/`, which no test changes."""
    folder = tmp_path_factory.mktemp("slides")
    for place in ("still", "now"):
        pictures = folder / place / "slides"
        for name in ("one", "two"):
            write_slide(pictures / f"{name}.png", len(name) + ord(name[0]))
        drawn.write(pictures, "rings", 1)
        work = folder / f"work-{place}"
        stores.publish_folder(folder / place / "home", "own", pictures, work, tiling=TILING)
    shutil.copytree(folder / "now", folder / "before")
    return folder


@pytest.fixture
def folder(made):
    """The slides as they were, where they were."""
    shutil.rmtree(made / "now")
    shutil.copytree(made / "before", made / "now")
    return made / "now" / "slides"


@pytest.fixture
def collection(folder) -> Collection:
    return Collection(folder.parent / "home", "own")


@pytest.fixture
def still(made) -> Explorer:
    """A collection that no test changes, opened."""
    return Explorer(Collection(made / "still/home", "own"))


class TestCutting:
    def test_patches_are_items_with_their_place(self, still, made):
        path = str(made / "still/slides/one.png")
        slide = still.slides[path]
        assert (slide.width, slide.height, len(slide.keys)) == (128, 96, 10)
        items = still.items(slide.keys.tolist())
        boxes = [Box(*row) for row in slide.boxes.tolist()]
        assert [item.path for item in items] == [part_path(path, box) for box in boxes]
        assert Box(0, 0, 32, 32) not in boxes
        assert items[0].metadata == {"parent": path, "x": 32, "y": 0, "w": 32, "h": 32}
        assert {(item.width, item.height) for item in items} == {(32, 32)}
        assert {item.bytes for item in items} == {os.path.getsize(path)}

    def test_a_small_picture_stays_whole(self, still, made):
        whole = [one for one in still.items(still.keys) if one.metadata["parent"] is None]
        assert [one.path for one in whole] == [str(made / "still/slides/rings/01.png")]
        assert still.count == 21

    def test_nearly_empty_patches_are_left_out_and_told_once_a_picture(self, still, made):
        told = still.collection.skipped()
        assert [one.path for one in told] == [
            str(made / f"still/slides/{name}.png") for name in ("one", "two")
        ]
        assert told[0].reason.startswith("2 of its patches are nearly empty")

    def test_the_box_is_in_the_table_too(self, still):
        from ris.store.table import read_table

        part = still.collection.folder / still.manifest.parts[0].file
        boxes = read_table(part, ["box"]).column("box").to_pylist()
        assert boxes.count(None) == 1
        assert {"x": 32, "y": 0, "width": 32, "height": 32} in boxes

    def test_all_is_well_with_it(self, still):
        found = list(check(still.collection, silent, StopSignal()))
        assert [one.what for one in found] == []

    def test_archives_are_not_cut(self):
        with pytest.raises(SourceError, match="only those of a folder"):
            cut(open_source("demo"), TILING)

    def test_own_columns_of_the_same_names_are_refused(self, tmp_path):
        table = tmp_path / "labels.csv"
        table.write_text("path,label,x\none.png,a,3\n")
        write_slide(tmp_path / "slides/one.png", 1)
        with pytest.raises(SourceError, match="columns that patches have"):
            stores.publish_folder(
                tmp_path / "home",
                "own",
                tmp_path / "slides",
                tmp_path / "work",
                labels=str(table),
                tiling=TILING,
            )


class TestSearching:
    def test_a_patch_finds_itself_and_says_where_it_lies(self, still, made):
        tile = drawn.draw("checks", 100 * (3 + ord("o")) + 9)
        hit = still.search(drawn.encoded(tile), k=1).hits[0]
        assert hit.distance == pytest.approx(0, abs=1e-5)
        assert hit.item.path == part_path(str(made / "still/slides/one.png"), Box(32, 64, 32, 32))

    def test_a_box_of_a_slide_finds_the_patches_like_it(self, still, made):
        file = str(made / "still/slides/two.png")
        data = still.part(file, Box(64, 32, 32, 32))
        assert split_part(still.search(data, k=1).hits[0].item.path) == (file, (64, 32, 32, 32))
        with pytest.raises(PictureError):
            still.part(file, Box(100, 80, 64, 64))
        with pytest.raises(RisError, match="no patches"):
            still.part("/etc/passwd", Box(0, 0, 1, 1))

    def test_how_far_every_patch_is(self, still, made):
        slide = still.slides[str(made / "still/slides/one.png")]
        found = still.distances(int(slide.keys[3]), slide.keys)
        assert found.argmin() == 3
        hits = {h.item.key: h.distance for h in still.similar(int(slide.keys[3]), k=30).hits}
        expected = [hits.get(key, 0.0) for key in slide.keys.tolist()]
        assert found == pytest.approx(expected, abs=1e-5)

    def test_filters_know_the_slide_and_the_place(self, still, made):
        path = str(made / "still/slides/two.png")
        assert len(still.matching(f'parent == "{path}" and x >= 64 and y < 32')) == 2

    def test_the_patch_at_a_point(self, still, made):
        slide = still.slides[str(made / "still/slides/one.png")]
        key = slide.at(40, 10)
        assert still.item(key).metadata["x"] == 32
        assert slide.at(3, 3) is None

    def test_the_file_of_a_patch_is_its_pixels(self, still, made):
        slide = still.slides[str(made / "still/slides/one.png")]
        pixels = np.asarray(Image.open(made / "still/slides/one.png"))[0:32, 32:64]
        found = decode(still.file(int(slide.keys[0]))).image
        assert np.array_equal(np.asarray(found), pixels)

    def test_the_overview_shows_the_slide(self, still, made):
        path = made / "still/slides/one.png"
        seen = np.asarray(decode(still.overview(str(path))).image).astype(int)
        whole = np.asarray(Image.open(path).convert("RGB")).astype(int)
        assert seen.shape == whole.shape
        assert np.abs(seen - whole)[32:, 64:].mean() < 12
        with pytest.raises(RisError):
            still.overview("/nowhere.png")

    def test_a_lost_overview_is_made_again(self, folder, collection):
        opened = Explorer(collection)
        path = str(folder / "one.png")
        before = opened.overview(path)
        opened._thumbnails._forget(
            row[0]
            for row in opened._thumbnails._opened()
            .execute("SELECT id FROM thumbnails WHERE id LIKE 'overview %'")
            .fetchall()
        )
        again = opened.overview(path)
        one, other = (np.asarray(decode(data).image).astype(int) for data in (before, again))
        assert np.abs(one - other).mean() < 10


def kept(collection: Collection) -> dict[str, int]:
    """Key by path of what can be found."""
    opened = Explorer(collection)
    return {item.path: item.key for item in opened.items(opened.keys)}


class TestKeepingUp:
    def test_known_slides_are_not_cut_again(self, folder, collection, work, monkeypatch):
        def none(entries, *_, **__):
            assert list(entries) == []
            return iter(())

        monkeypatch.setattr(update, "map_entries", none)
        for again in (
            lambda: add(collection, work(), [str(folder)]),
            lambda: sync(collection, work()),
        ):
            assert again().changes == Changes(same=21)
        assert compare(collection, work()) == Changes(same=21)

    def test_a_new_slide_is_cut(self, folder, collection, work):
        write_slide(folder / "three.png", 9)
        before = kept(collection)
        assert sync(collection, work()).changes == Changes(new=10, same=21)
        after = kept(collection)
        assert before.items() <= after.items()
        opened = Explorer(collection)
        assert len(opened.slides) == 3
        assert opened._thumbnails.get("overview " + "0" * 64) is None
        assert opened.overview(str(folder / "three.png"))
        assert sync(collection, work()).changes == Changes(same=31)

    def test_a_moved_slide_keeps_its_patches(self, folder, collection, work):
        before = kept(collection)
        (folder / "away").mkdir()
        os.rename(folder / "one.png", folder / "away/moved.png")
        assert sync(collection, work()).changes == Changes(moved=10, same=11)
        old, new = str(folder / "one.png"), str(folder / "away/moved.png")
        after = kept(collection)
        assert after == {path.replace(old, new): key for path, key in before.items()}
        opened = Explorer(collection)
        assert set(opened.slides) == {str(folder / "two.png"), new}
        assert opened.overview(new)

    def test_a_slide_that_is_gone_takes_its_patches_along_and_back(self, folder, collection, work):
        before = kept(collection)
        os.rename(folder / "one.png", folder.parent / "one.png")
        assert sync(collection, work()).changes == Changes(gone=10, same=11)
        assert set(Explorer(collection).slides) == {str(folder / "two.png")}
        os.rename(folder.parent / "one.png", folder / "one.png")
        assert sync(collection, work()).changes == Changes(restored=10, same=11)
        assert kept(collection) == before

    def test_a_slide_that_was_painted_on_is_cut_again(self, folder, collection, work):
        before = kept(collection)
        image = Image.open(folder / "one.png").convert("RGB")
        image.paste(drawn.draw("discs", 77), (32, 0))
        image.save(folder / "one.png")
        os.utime(folder / "one.png", (5, 5))
        assert sync(collection, work()).changes == Changes(changed=1, same=20)
        after = kept(collection)
        assert before.keys() == after.keys()
        assert sum(before[path] != key for path, key in after.items()) == 1
        assert sync(collection, work()).changes == Changes(same=21)

    def test_patches_of_a_slide_that_became_smaller_go(self, folder, collection, work):
        image = Image.open(folder / "one.png").convert("RGB").crop((0, 0, 128, 64))
        image.save(folder / "one.png")
        os.utime(folder / "one.png", (5, 5))
        assert sync(collection, work()).changes == Changes(gone=4, same=17)
        assert Explorer(collection).slides[str(folder / "one.png")].height == 64

    def test_a_slide_is_removed_and_restored_by_its_path(self, folder, collection, work):
        path = str(folder / "one.png")
        assert remove(collection, [path]).changes.gone == 10
        assert sync(collection, work()).changes == Changes(same=11)
        assert restore(collection, [path]).changes.restored == 10
        key = kept(collection)[part_path(path, Box(32, 0, 32, 32))]
        assert remove(collection, [str(key)]).changes.gone == 1
        assert sync(collection, work()).changes == Changes(same=20)
        assert add(collection, work(), [str(folder)]).changes == Changes(same=20, restored=1)

    def test_training_reads_the_patches_again(self, folder, collection, work):
        place = work()
        options = {"on_progress": silent, "stop": StopSignal()}
        scanned = scan_again(collection, collection.serving(), 32, place.folder, **options)
        assert scanned.count == 21
        slide = np.asarray(Image.open(folder / "one.png"))
        assert np.array_equal(scanned.open_pixels()[0], slide[0:32, 32:64])
        assert scanned.items().keys.tolist() == list(range(21))
        os.remove(folder / "one.png")  # then their thumbnails are what is left
        scanned = scan_again(collection, collection.serving(), 32, work().folder, **options)
        assert scanned.count == 21
