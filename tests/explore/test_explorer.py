"""A collection that answers: search, find similar, look, see the map."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import drawn
import numpy as np
import pytest
import stores
from PIL import Image, ImageOps

import ris
from ris.errors import PictureError, RisError, StoreError
from ris.explore import explorer as explorer_module
from ris.explore.explorer import Explorer, open_explorer
from ris.images.decode import decode
from ris.store import generation as generation_module
from ris.store.collection import Collection
from ris.store.index import JoinedIndex
from ris.store.tags import Tags

VIEWS = [(turned, mirrored) for turned in (0, 90, 180, 270) for mirrored in (False, True)]


def copy_of(image: Image.Image, turned: int, mirrored: bool) -> bytes:
    """A file whose picture, mirrored or not and then turned clockwise, is the one given."""
    back = image.rotate(turned, expand=True)  # counter-clockwise
    return drawn.encoded(ImageOps.mirror(back) if mirrored else back)


def answer(result):
    """Keys and distances of the hits."""
    return [(hit.item.key, pytest.approx(hit.distance, abs=1e-5)) for hit in result.hits]


def answer_keys(hits):
    return [hit.item.key for hit in hits]


@pytest.fixture
def own(home, tmp_path):
    """A collection whose originals are the test's own: two per family, and a TIFF."""
    source = drawn.fill_folder(tmp_path / "source", 2)
    (source / "tiff").mkdir()
    (source / "tiff" / "a.tif").write_bytes(drawn.encoded(drawn.draw("rings", 9), "TIFF"))
    return Explorer(stores.publish_folder(home, "own", source, tmp_path / "work"))


class TestSearching:
    def test_every_item_finds_itself_first_at_distance_0(self, explorer):
        for key in range(0, 48, 5):
            first = explorer.search(explorer.item(key).path).hits[0]
            assert (first.rank, first.item.key) == (1, key)
            assert first.distance == pytest.approx(0, abs=1e-5)

    def test_hits_are_ranked_and_complete(self, explorer):
        result = explorer.search(explorer.item(7).path, k=9)
        assert [hit.rank for hit in result.hits] == list(range(1, 10))
        distances = [hit.distance for hit in result.hits]
        assert distances == sorted(distances)
        assert len({hit.item.key for hit in result.hits}) == 9
        assert all(hit.item.labels == (Path(hit.item.path).parent.name,) for hit in result.hits)
        assert result.milliseconds > 0
        assert result.query == explorer.item(7).path

    def test_path_bytes_and_pixels_are_the_same_query(self, explorer):
        path = Path(explorer.item(3).path)
        pixels = np.asarray(Image.open(path).convert("RGB"))
        answers = [
            explorer.search(query, k=5) for query in (str(path), path, path.read_bytes(), pixels)
        ]
        keys = [[hit.item.key for hit in answer.hits] for answer in answers]
        assert keys[1:] == keys[:-1]
        assert [answer.query for answer in answers[2:]] == ["picture", "picture"]

    def test_a_link_may_be_asked_about(self, explorer, tmp_path):
        (tmp_path / "link.png").symlink_to(explorer.item(3).path)
        assert explorer.search(tmp_path / "link.png").hits[0].item.key == 3

    def test_k_beyond_the_collection_gives_all(self, explorer):
        assert len(explorer.search(explorer.item(0).path, k=1000).hits) == 48

    @pytest.mark.parametrize("k", [0, -1])
    def test_k_must_be_positive(self, explorer, k):
        with pytest.raises(RisError, match="at least 1"):
            explorer.search(explorer.item(0).path, k=k)
        with pytest.raises(RisError, match="at least 1"):
            explorer.similar(0, k=k)

    @pytest.mark.parametrize("content", [None, b"", b"<html>"])
    def test_a_bad_file_is_named_with_its_reason(self, explorer, tmp_path, content):
        path = tmp_path / "bad.png"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(PictureError, match=r"bad\.png: ") as refused:
            explorer.search(path)
        assert refused.value.hint

    def test_bad_bytes_and_pixels_are_refused(self, explorer):
        for query in (b"", b"<html>", np.zeros((4, 4, 4), np.uint8)):
            with pytest.raises(PictureError):
                explorer.search(query)

    @pytest.mark.parametrize("name", ["~backup.png", "loop", "nul\0.png"])
    def test_paths_that_python_cannot_follow_are_refused_in_words(
        self, explorer, tmp_path, monkeypatch, name
    ):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "loop").symlink_to("loop")
        with pytest.raises(PictureError):
            explorer.search(name)

    def test_the_answer_as_json(self, explorer):
        told = explorer.search(explorer.item(3).path, k=2).to_json()
        assert list(told) == ["query", "verdict", "hits", "map", "milliseconds"]
        assert list(told["map"]) == ["x", "y", "spread"]
        assert list(told["hits"][0]) == [
            *("rank", "key", "id", "path", "labels", "distance", "verdict")
        ]
        assert told["hits"][0]["labels"] == ["bars"]

    def test_five_lines_of_python(self, home, explorer):
        assert ris.open("drawn", home=home).search(explorer.item(3).path, k=1).hits[0].item.key == 3
        with pytest.raises(StoreError):
            ris.open("nothing", home=home)


class TestSimilar:
    def test_the_item_itself_is_left_out(self, explorer):
        result = explorer.similar(5, k=10)
        assert len(result.hits) == 10
        assert 5 not in [hit.item.key for hit in result.hits]
        searched = explorer.search(explorer.item(5).path, k=11).hits[1:]
        assert [hit.item.key for hit in result.hits] == [hit.item.key for hit in searched]

    def test_all_others_at_most(self, explorer):
        assert len(explorer.similar(5, k=1000).hits) == 47

    def test_it_lies_where_the_item_lies(self, explorer):
        result, own = explorer.similar(5), explorer.place_of(5)
        assert result.place is not None
        assert (result.place.x, result.place.y) == (own.x, own.y)
        assert result.place.spread > 0

    def test_an_unknown_item_is_refused(self, explorer):
        with pytest.raises(StoreError):
            explorer.similar(4711)

    def test_among_copies_as_many_as_asked_for(self, home, tmp_path):
        source = tmp_path / "copies"
        source.mkdir()
        for number in range(12):
            (source / f"{number:02}.png").write_bytes(drawn.encoded(drawn.draw("bars", 1)))
        copies = Explorer(stores.publish_folder(home, "copies", source, tmp_path / "work"))
        for key in range(12):
            found = [hit.item.key for hit in copies.similar(key, k=4).hits]
            assert len(set(found) - {key}) == 4

    def test_one_alone_has_nobody(self, home, tmp_path):
        source = drawn.fill_folder(tmp_path / "one", 1, families=("bars",))
        alone = Explorer(stores.publish_folder(home, "one", source, tmp_path / "work"))
        assert alone.similar(0).hits == ()
        assert len(alone.search(alone.item(0).path).hits) == 1


class TestTogether:
    def test_hits_are_nearest_to_the_mean_of_the_embeddings(self, explorer):
        own = [3, 17, 30]
        vectors = explorer._index.vectors(explorer.keys)
        mean = vectors[own].mean(axis=0)
        distances = 1 - vectors @ (mean / np.linalg.norm(mean))
        distances[own] = np.inf
        hits = explorer.together(own, k=8).hits
        assert [hit.item.key for hit in hits] == np.argsort(distances, kind="stable")[:8].tolist()
        assert [hit.distance for hit in hits] == pytest.approx(np.sort(distances)[:8], abs=1e-5)

    def test_a_picture_counts_like_the_item_it_is(self, explorer):
        data = explorer.original(17)[0]
        found = answer_keys(explorer.together([3, data], k=9).hits)
        assert 17 in found
        expected = answer_keys(explorer.together([3, 17], k=8).hits)
        assert [key for key in found if key != 17] == expected

    @pytest.mark.parametrize("query", [5, "picture"])
    def test_one_alone_is_searched_as_ever(self, explorer, query):
        if query == 5:
            assert answer(explorer.together([5], k=6)) == answer(explorer.similar(5, k=6))
            assert explorer.together([5]).place == explorer.similar(5).place
            return
        data = drawn.encoded(drawn.draw("rings", 99))
        assert answer(explorer.together([data], k=6)) == answer(explorer.search(data, k=6))

    def test_it_lies_among_its_hits_and_all_turns_are_searched(self, explorer):
        result = explorer.together([0, 1], k=47, copies=True, where='label == "bars"')
        assert result.place is not None
        assert result.copies
        assert {hit.item.labels for hit in result.hits} == {("bars",)}
        assert result.matching == 12

    def test_none_and_unknown_ones_are_refused(self, explorer):
        with pytest.raises(RisError, match="at least one"):
            explorer.together([])
        with pytest.raises(StoreError):
            explorer.together([1, 4711])


class TestCopies:
    @pytest.mark.parametrize(("turned", "mirrored"), VIEWS)
    def test_a_turned_or_mirrored_copy_is_found_with_its_turn(self, explorer, turned, mirrored):
        copy = copy_of(Image.open(explorer.item(26).path), turned, mirrored)
        first = explorer.search(copy, copies=True).hits[0]
        assert (first.item.key, first.turned, first.mirrored) == (26, turned, mirrored)
        assert first.distance == pytest.approx(0, abs=1e-5)
        assert (explorer.search(copy).hits[0].distance > 0.01) == ((turned, mirrored) != (0, False))

    @pytest.mark.parametrize(("turned", "mirrored"), VIEWS)
    def test_a_photograph_is_found_though_it_is_not_square(self, home, tmp_path, turned, mirrored):
        source = drawn.fill_folder(tmp_path / "wide", 3, size=(45, 30))
        wide = Explorer(stores.publish_folder(home, "wide", source, tmp_path / "work"))
        copy = copy_of(drawn.draw("discs", 2, size=(45, 30)), turned, mirrored)
        first = wide.search(copy, k=1, copies=True).hits[0]
        assert first.item.path.endswith("discs/02.png")
        assert (first.turned, first.mirrored) == (turned, mirrored)
        assert first.distance < 1e-3

    def test_four_views_do_where_mirror_images_are_the_same(self, home, pictures, tmp_path):
        collection = stores.publish_folder(home, "s", pictures, tmp_path / "work", symmetric=True)
        explorer = Explorer(collection)
        image = Image.open(explorer.item(26).path)
        for turned, mirrored in VIEWS:
            first = explorer.search(copy_of(image, turned, mirrored), copies=True).hits[0]
            assert (first.item.key, first.mirrored) == (26, False)
            assert first.distance == pytest.approx(0, abs=1e-5)
            # mirrored and then turned is turned the other way and then mirrored
            assert first.turned == (-turned % 360 if mirrored else turned)

    def test_each_item_comes_once_at_its_least_distance(self, explorer):
        image = Image.open(explorer.item(26).path)
        least: dict[int, float] = {}
        for view in VIEWS:
            for hit in explorer.search(copy_of(image, *view), k=48).hits:
                least[hit.item.key] = min(hit.distance, least.get(hit.item.key, 2))
        wanted = sorted(least.values())
        for k in (1, 7, 48, 1000):
            hits = explorer.search(drawn.encoded(image), k=k, copies=True).hits
            assert [hit.rank for hit in hits] == list(range(1, min(k, 48) + 1))
            assert len({hit.item.key for hit in hits}) == len(hits)
            assert [hit.distance for hit in hits] == pytest.approx(wanted[:k], abs=1e-5)
            assert all(hit.distance == pytest.approx(least[hit.item.key], abs=1e-5) for hit in hits)

    def test_without_copies_nothing_is_turned(self, explorer):
        image = Image.open(explorer.item(26).path)
        result = explorer.search(copy_of(image, 90, True), k=48)
        assert {(hit.turned, hit.mirrored) for hit in result.hits} == {(0, False)}
        assert not result.copies
        nearer = explorer.search(copy_of(image, 90, True), k=48, copies=True)
        assert nearer.copies
        assert answer(nearer) != answer(result)

    def test_the_place_is_that_of_the_picture_as_it_is(self, explorer):
        copy = copy_of(Image.open(explorer.item(26).path), 90, False)
        plain, copies = (explorer.search(copy, copies=on).place for on in (False, True))
        assert (copies.x, copies.y) == pytest.approx((plain.x, plain.y), abs=1e-3)
        assert copies.spread == pytest.approx(plain.spread, abs=1e-3)

    @pytest.mark.parametrize(("turned", "mirrored"), VIEWS[1:])
    def test_copies_of_an_item_are_found_without_the_item(self, home, tmp_path, turned, mirrored):
        source = drawn.fill_folder(tmp_path / "source", 6)
        copy = copy_of(drawn.draw("discs", 2), turned, mirrored)
        (source / "discs" / "copy.png").write_bytes(copy)
        own = Explorer(stores.publish_folder(home, "own", source, tmp_path / "work"))
        item, other = (
            next(int(key) for key in own.keys if own.item(key).path.endswith(name))
            for name in ("discs/copy.png", "discs/02.png")
        )
        result = own.similar(item, k=5, copies=True)
        assert len({hit.item.key for hit in result.hits} - {item}) == 5
        first = result.hits[0]
        assert (first.item.key, first.turned, first.mirrored) == (other, turned, mirrored)
        assert first.distance == pytest.approx(0, abs=1e-5)
        assert len(own.similar(item, k=1000, copies=True).hits) == own.count - 1
        plain = own.similar(item, k=5)
        assert (result.place.x, result.place.y) == (plain.place.x, plain.place.y)
        assert result.place.spread == pytest.approx(plain.place.spread, rel=1e-5)

    def test_a_lost_original_is_stood_in_for_by_its_thumbnail(self, own):
        key = next(int(key) for key in own.keys if own.item(key).path.endswith("discs/01.png"))
        before = answer(own.similar(key, copies=True))
        Path(own.item(key).path).unlink()
        assert answer(own.similar(key, copies=True)) == before  # small ones are without loss
        for file in own.collection.folder.glob("thumbnails.sqlite*"):
            file.unlink()
        lost = Explorer(own.collection)
        with pytest.raises(PictureError):
            lost.similar(key, copies=True)
        assert lost.similar(key).hits

    def test_the_answer_as_json_tells_the_turn(self, explorer):
        copy = copy_of(Image.open(explorer.item(26).path), 270, True)
        first = explorer.search(copy, k=2, copies=True).to_json()["hits"][0]
        assert list(first)[-3:] == ["verdict", "turned", "mirrored"]
        assert (first["turned"], first["mirrored"]) == (270, True)

    @pytest.mark.parametrize("k", [0, -1])
    def test_k_must_be_positive(self, explorer, k):
        with pytest.raises(RisError, match="at least 1"):
            explorer.search(explorer.item(0).path, k=k, copies=True)
        with pytest.raises(RisError, match="at least 1"):
            explorer.similar(0, k=k, copies=True)

    def test_one_alone_has_nobody(self, home, tmp_path):
        source = drawn.fill_folder(tmp_path / "one", 1, families=("bars",))
        alone = Explorer(stores.publish_folder(home, "one", source, tmp_path / "work"))
        assert alone.similar(0, copies=True).hits == ()
        assert len(alone.search(alone.item(0).path, copies=True).hits) == 1


class TestFilters:
    def test_only_items_that_the_filter_holds_for_come_nearest_first(self, explorer):
        path = explorer.item(7).path
        everything = explorer.search(path, k=48).hits
        found = explorer.search(path, k=5, where='label in ["rings", "discs"]')
        expected = [hit for hit in everything if hit.item.labels[0] in ("rings", "discs")]
        assert answer(found) == [(hit.item.key, hit.distance) for hit in expected[:5]]
        assert [hit.rank for hit in found.hits] == [1, 2, 3, 4, 5]
        assert found.matching == 24

    @pytest.mark.parametrize("copies", [False, True])
    def test_all_come_where_fewer_match_than_are_wanted(self, explorer, copies):
        path, where = explorer.item(7).path, "key in [3, 20, 21]"
        found = explorer.search(path, k=10, copies=copies, where=where)
        assert {hit.item.key for hit in found.hits} == {3, 20, 21}
        assert found.matching == 3
        similar = explorer.similar(20, k=10, copies=copies, where=where)
        assert {hit.item.key for hit in similar.hits} == {3, 21}

    @pytest.mark.parametrize("copies", [False, True])
    def test_where_none_match_the_answer_is_empty_and_no_error(self, explorer, copies):
        path, where = explorer.item(7).path, 'label == "sheep"'
        for found in (
            explorer.search(path, copies=copies, where=where),
            explorer.similar(7, copies=copies, where=where),
        ):
            assert (found.hits, found.matching) == ((), 0)
            assert found.place is not None
            assert found.to_json()["hits"] == []
            assert found.to_json()["matching"] == 0
        assert explorer.similar(7, where="key == 7").hits == ()

    def test_the_place_on_the_map_is_that_among_all_items(self, explorer):
        for k in (3, 10):
            plain = explorer.search(explorer.item(20).path, k=k)
            filtered = explorer.search(explorer.item(20).path, k=k, where='label == "bars"')
            assert plain.hits[0].item.key not in [hit.item.key for hit in filtered.hits]
            assert filtered.place == plain.place
            assert (
                explorer.similar(20, k=k, where="key < 9").place == explorer.similar(20, k=k).place
            )

    def test_turned_copies_are_found_among_them(self, explorer):
        copy = copy_of(Image.open(explorer.item(26).path), 90, False)
        everything = explorer.search(copy, k=48, copies=True).hits
        where = "key == 26 or key < 12"
        found = explorer.search(copy, k=4, copies=True, where=where).hits
        expected = [hit for hit in everything if hit.item.key == 26 or hit.item.key < 12][:4]
        assert [(hit.item.key, hit.turned) for hit in found] == [
            (hit.item.key, hit.turned) for hit in expected
        ]
        assert (found[0].item.key, found[0].turned) == (26, 90)

    def test_similar_items_are_looked_for_among_them(self, explorer):
        others = explorer.similar(5, k=47).hits
        found = explorer.similar(5, k=4, where='label != "bars"')
        expected = [hit for hit in others if hit.item.labels != ("bars",)][:4]
        assert answer(found) == [(hit.item.key, hit.distance) for hit in expected]
        assert len(explorer.similar(5, k=48, where='label == "bars"').hits) == 11

    def test_own_columns_files_and_dates_are_filtered_by(self, home, tmp_path):
        source = drawn.fill_folder(tmp_path / "s", 3, families=("bars", "rings"))
        for number in range(3):
            os.utime(source / "rings" / f"0{number}.png", (0, 1_700_000_000 + number))
        (tmp_path / "l.csv").write_text(
            "path,label,price,taken,sold,shoe size\n"
            "bars/00.png,b,7,2026-01-02,true,38\n"
            "bars/01.png,b,,2026-02-03,false,\n"
            "rings/02.png,r,3.5,,,39\n"
        )
        labels = str(tmp_path / "l.csv")
        explorer = Explorer(
            stores.publish_folder(home, "priced", source, tmp_path / "w", labels=labels)
        )

        def found(where):
            result = explorer.search(explorer.item(0).path, where=where)
            return sorted(hit.item.path.removeprefix(f"{source}/") for hit in result.hits)

        assert found("price > 5") == ["bars/00.png"]
        assert found('price is None and label == "b"') == ["bars/01.png"]
        assert found('taken < "2026-02-01"') == ["bars/00.png"]
        assert found("sold") == ["bars/00.png"]
        assert found('column["shoe size"] > 38') == ["rings/02.png"]
        assert found("label is None") == ["bars/02.png", "rings/00.png", "rings/01.png"]
        assert found(f'folder == "{source}/rings" and "00" in path') == ["rings/00.png"]
        assert found('modified == "2023-11-14 22:13:21"') == ["rings/01.png"]
        size = (source / "bars" / "01.png").stat().st_size
        assert "bars/01.png" in found(f"bytes == {size} and width == 32 and height == 32")

    def test_a_wrong_filter_is_told_before_the_picture_is_read(self, explorer):
        for ask in (
            lambda where: explorer.search("/nowhere.png", where=where),
            lambda where: explorer.similar(4711, where=where),
            explorer.matching,
        ):
            for where in ("colour == 3", "", "label = 3"):
                with pytest.raises(RisError) as refused:
                    ask(where)
                assert "label, labels, folder" in refused.value.hint

    def test_the_last_few_filters_are_kept(self, explorer):
        kept = explorer.matching("width > 3")
        assert kept.tolist() == list(range(48))
        assert explorer.matching("width > 3") is kept
        for number in range(20):
            explorer.matching(f"width > {number + 4}")
        assert explorer.matching("width > 3") is not kept

    def test_a_filter_by_tag_follows_the_tags(self, explorer):
        assert explorer.matching('tag == "fine"').tolist() == []
        tags = Tags(explorer.collection)
        tags.add("fine", np.array([3, 7]))
        assert explorer.matching('tag == "fine"').tolist() == [3, 7]
        tags.remove("fine", np.array([3]))
        found = explorer.similar(0, where='"fine" in tags')
        assert [hit.item.key for hit in found.hits] == [7]

    def test_removed_items_never_match(self, home, collection, tmp_path):
        draft = stores.make_draft(collection, tmp_path / "w", seed=3, deleted=(2, 4), tail=5)
        collection.publish(draft, parent=collection.current())
        explorer = Explorer(collection)
        assert explorer.matching("key < 6").tolist() == [0, 1, 3, 5]
        found = explorer.similar(3, where="key < 6 or key > 17")
        assert sorted(hit.item.key for hit in found.hits) == [0, 1, 5, 18, 19]

    def test_a_graph_with_a_tail_is_filtered(self, collection, tmp_path, monkeypatch):
        monkeypatch.setattr(generation_module, "EXACT_BELOW", 100)
        work, deleted = tmp_path / "w", (2, 140)
        draft = stores.make_draft(collection, work, seed=3, count=150, deleted=deleted, tail=20)
        collection.publish(draft, parent=collection.current())
        explorer = Explorer(collection)
        assert isinstance(explorer._index, JoinedIndex)
        found = explorer.similar(3, k=200, where="key >= 120 or key < 4").hits
        assert {hit.item.key for hit in found} == {0, 1, *range(120, 150)} - {140}
        distances = [hit.distance for hit in found]
        assert distances == sorted(distances)

    def test_several_threads_filter_at_once(self, explorer):
        texts = [f"key < {number}" for number in range(1, 20)] * 3
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(explorer.matching, texts))
        assert [len(keys) for keys in found] == [*range(1, 20)] * 3


class TestItems:
    def test_they_are_found_by_key(self, explorer, pictures):
        assert len(explorer) == explorer.count == len(explorer.keys) == 48
        item = explorer.item(13)
        assert item.path == str(pictures / "checks" / "01.png")
        assert (item.width, item.height, item.labels) == (32, 32, ("checks",))
        assert [one.key for one in explorer.items([40, 2])] == [40, 2]
        with pytest.raises(StoreError):
            explorer.item(48)

    def test_labels_are_counted(self, explorer):
        assert explorer.label_counts() == dict.fromkeys(drawn.FAMILIES, 12)

    def test_metadata_comes_with_the_hits(self, home, tmp_path):
        source = drawn.fill_folder(tmp_path / "s", 2, families=("bars",))
        (tmp_path / "l.csv").write_text("path,label,price\nbars/00.png,b,7\nbars/01.png,b,\n")
        labels = str(tmp_path / "l.csv")
        explorer = Explorer(
            stores.publish_folder(home, "priced", source, tmp_path / "w", labels=labels)
        )
        told = explorer.search(explorer.item(0).path).to_json()
        assert [hit["metadata"] for hit in told["hits"]] == [{"price": 7}, {"price": None}]

    def test_infinite_metadata_is_json_still(self, home, tmp_path):
        source = drawn.fill_folder(tmp_path / "s", 1, families=("bars",))
        (tmp_path / "l.csv").write_text("path,price\nbars/00.png,inf\n")
        labels = str(tmp_path / "l.csv")
        explorer = Explorer(
            stores.publish_folder(home, "endless", source, tmp_path / "w", labels=labels)
        )
        json.dumps(explorer.search(explorer.item(0).path).to_json(), allow_nan=False)


class TestMap:
    def test_every_item_has_a_point_and_a_label(self, explorer):
        points = explorer.points()
        assert points.keys.tolist() == list(range(48))
        assert points.names == drawn.FAMILIES
        assert points.label.tolist() == [n for n in range(4) for _ in range(12)]
        assert explorer.place_of(7).x == pytest.approx(float(points.x[7]))
        assert explorer.place_of(4711) is None

    def test_a_polygon_holds_the_items_inside(self, explorer):
        points = explorer.points()
        middle = float(np.median(points.x))
        found = explorer.inside([(middle, -99), (99, -99), (99, 99), (middle, 99)])
        assert found.tolist() == points.keys[points.x > middle].tolist()
        assert explorer.inside([]).tolist() == []

    def test_a_query_lies_among_its_neighbours(self, explorer):
        key = 20
        place, own = explorer.search(explorer.item(key).path).place, explorer.place_of(key)
        assert place is not None
        assert np.hypot(place.x - own.x, place.y - own.y) < 0.1


class TestColumns:
    def test_they_tell_what_a_filter_can_choose_from(self, explorer):
        assert explorer.columns()["label"] == "labels"
        assert explorer.columns()["width"] == "number"
        labels = explorer.summary("label")
        assert (labels.values, labels.counts) == (("bars", "checks", "discs", "rings"), (12,) * 4)
        assert (explorer.summary("width").least, explorer.summary("width").most) == (32, 32)
        assert len(explorer.summary("folder").values) == 4

    def test_an_unknown_one_is_refused(self, explorer):
        with pytest.raises(RisError, match="no column 'prize'"):
            explorer.summary("prize")


class TestPictures:
    def test_a_picture_from_outside_is_shown_small(self, explorer):
        seen = explorer.preview(drawn.encoded(drawn.draw("bars", 1, size=(900, 300))))
        image = Image.open(BytesIO(seen.thumbnail))
        assert (image.format, image.size) == ("WEBP", (256, 85))
        assert (seen.width, seen.height) == (900, 300)

    def test_a_thumbnail_is_a_small_webp(self, explorer):
        image = Image.open(BytesIO(explorer.thumbnail(3)))
        assert (image.format, image.size) == ("WEBP", (32, 32))

    @pytest.mark.parametrize("harm", ["removed", "damaged"])
    def test_thumbnails_are_made_again_when_their_file_is_lost(self, collection, harm):
        before = Explorer(collection).thumbnail(3)
        for file in collection.folder.glob("thumbnails.sqlite*"):
            file.unlink()
        if harm == "damaged":
            (collection.folder / "thumbnails.sqlite").write_bytes(b"garbage" * 999)
        again = Explorer(collection)
        assert again.thumbnail(3) == before
        assert again.thumbnail(3) == before

    def test_a_lost_thumbnail_of_a_lost_original_is_an_error(self, own):
        for file in own.collection.folder.glob("thumbnails.sqlite*"):
            file.unlink()
        Path(own.item(0).path).unlink()
        with pytest.raises(PictureError):
            Explorer(own.collection).thumbnail(0)

    def test_an_original_comes_as_it_is(self, explorer):
        data, mime = explorer.original(3)
        assert (data, mime) == (Path(explorer.item(3).path).read_bytes(), "image/png")

    def test_a_tiff_comes_as_jpeg(self, own):
        key = next(k for k in own.keys if own.item(k).path.endswith(".tif"))
        data, mime = own.original(key)
        assert (mime, data[:2]) == ("image/jpeg", b"\xff\xd8")
        assert decode(data).width == 32

    def test_a_changed_original_is_not_shown_as_the_item(self, own):
        Path(own.item(0).path).write_bytes(drawn.encoded(drawn.draw("rings", 77)))
        with pytest.raises(PictureError, match="has changed"):
            own.original(0)

    def test_a_missing_original_is_told(self, own):
        Path(own.item(0).path).unlink()
        with pytest.raises(PictureError, match="is gone or has changed"):
            own.original(0)

    def test_reconstructions_are_pictures_of_the_same_size(self, explorer):
        for query in (3, explorer.item(3).path, drawn.pixels(1)[0]):
            given, back = explorer.reconstruct(query)
            assert given.shape == back.shape == (32, 32, 3)
            assert given.dtype == back.dtype == np.uint8
        own, _ = explorer.reconstruct(3)
        np.testing.assert_array_equal(own, np.asarray(drawn.draw("bars", 3)))

    def test_a_key_from_the_keys_is_a_key(self, explorer):
        explorer.reconstruct(explorer.keys[3])

    def test_how_it_was_trained_is_told(self, explorer):
        assert explorer.training()["history"][0]["validation_loss"] == 0.5


class TestOpening:
    def test_nothing_published_is_told_with_what_to_do(self, empty):
        with pytest.raises(StoreError, match="nothing to search yet") as refused:
            Explorer(empty)
        assert refused.value.hint
        with pytest.raises(StoreError, match="nothing to search yet"):
            open_explorer(empty.home, "small")

    def test_one_generation_is_opened_once_for_all(self, home):
        assert open_explorer(home, "drawn") is open_explorer(home, "drawn")

    def test_a_new_generation_is_picked_up(self, home, collection, tmp_path):
        before = open_explorer(home, "drawn")
        draft = stores.make_draft(collection, tmp_path / "w", seed=3)
        collection.publish(draft, parent=collection.current())
        after = open_explorer(home, "drawn")
        assert (before.generation, after.generation) == ("00000001", "00000002")
        assert open_explorer(home, "drawn", "00000001") is before
        assert len(before) == 48
        assert before.similar(40).hits  # goes on although another one serves

    def test_one_that_is_forgotten_while_it_is_opened_is_no_error(
        self, home, collection, tmp_path, monkeypatch
    ):
        """Its files may go between reading CURRENT and opening them."""

        def publish(seed):
            draft = stores.make_draft(collection, tmp_path / f"w{seed}", seed=seed)
            return collection.publish(draft, parent=collection.current()).generation

        stale = [publish(1), "00000001"]
        for seed in range(2, 6):
            publish(seed)
        current = Collection.current
        monkeypatch.setattr(
            Collection, "current", lambda self: stale.pop() if stale else current(self)
        )
        explorer = open_explorer(home, "drawn")
        assert (explorer.generation, explorer.notices) == ("00000006", ())

    def test_one_that_loses_its_map_while_it_is_opened_is_no_notice(
        self, home, collection, tmp_path, monkeypatch
    ):
        draft = stores.make_draft(collection, tmp_path / "w", seed=1)
        collection.publish(draft, parent="00000001")
        (collection.folder / "generations/00000001/map.parquet").unlink()
        stale, current = ["00000001"], Collection.current
        monkeypatch.setattr(
            Collection, "current", lambda self: stale.pop() if stale else current(self)
        )
        explorer = open_explorer(home, "drawn")
        assert (explorer.generation, explorer.notices) == ("00000002", ())

    def test_a_collection_made_again_under_its_name_is_not_the_old_one(
        self, home, pictures, tmp_path
    ):
        assert len(open_explorer(home, "drawn")) == 48
        Collection(home, "drawn").delete()
        source = drawn.fill_folder(tmp_path / "few", 1)
        stores.publish_folder(home, "drawn", source, tmp_path / "w")
        assert len(open_explorer(home, "drawn")) == 4

    def test_a_lost_map_is_told_and_search_goes_on(self, collection):
        next(collection.folder.rglob("map.parquet")).unlink()
        explorer = Explorer(collection)
        assert "There is no map" in explorer.notices[0]
        result = explorer.search(explorer.item(3).path)
        assert result.hits[0].item.key == 3
        assert result.place is None
        assert result.to_json()["map"] is None
        assert explorer.points().keys.shape == (0,)
        assert explorer.inside([(-99, -99), (99, -99), (0, 99)]).tolist() == []
        assert explorer.similar(3).place is None

    def test_a_damaged_encoder_is_an_error(self, collection):
        next(collection.folder.rglob("encoder.onnx")).write_bytes(b"garbage")
        with pytest.raises(StoreError, match=r"encoder\.onnx"):
            Explorer(collection)

    def test_an_encoder_that_is_not_the_tables_is_refused(self, collection, tmp_path, monkeypatch):
        """Checksums would tell earlier; a manifest made by hand might not have them."""
        folder = next((collection.folder / "encoders").iterdir())
        shutil.rmtree(folder)
        stores.write_encoder(folder, dimension=8)
        monkeypatch.setattr(
            "ris.store.generation.verify", lambda folder, facts: folder / facts.file
        )
        with pytest.raises(StoreError, match="gives 8 numbers, the table holds 16"):
            Explorer(collection)

    def test_a_server_decodes_in_a_process_of_its_own(self, home, explorer):
        guarded = open_explorer(home, "drawn", guarded=True)
        try:
            assert guarded is not open_explorer(home, "drawn")
            assert guarded.search(explorer.item(3).path).hits[0].item.key == 3
            with pytest.raises(PictureError):
                guarded.search(b"<html>")
        finally:
            explorer_module._guarded_decoder().close()
            explorer_module._guarded_decoder.cache_clear()
            explorer_module._open.cache_clear()


class TestASelection:
    """Several items at once: what is like all of them, and their tags."""

    def test_what_is_like_all_is_nearest_to_their_mean_and_none_of_them(self, explorer):
        keys = np.array([0, 1, 2, 30])
        result = explorer.like_all(keys, k=5)
        mean = explorer._index.vectors(keys.tolist()).mean(axis=0)
        mean /= np.linalg.norm(mean)
        others = np.setdiff1d(explorer.keys, keys)
        away = 1 - explorer._index.vectors(others.tolist()) @ mean
        order = np.argsort(away)[:5]
        assert [hit.item.key for hit in result.hits] == others[order].tolist()
        assert [hit.distance for hit in result.hits] == pytest.approx(away[order], abs=1e-5)
        assert result.place is not None
        assert result.matching is None

    def test_one_alone_is_like_what_is_similar_to_it(self, explorer):
        assert answer(explorer.like_all(np.array([7]), k=6)) == answer(explorer.similar(7, k=6))

    def test_many_are_taken_bit_by_bit(self, explorer, monkeypatch):
        keys = np.arange(0, 40, 3)
        whole = answer(explorer.like_all(keys))
        monkeypatch.setattr(explorer_module, "_TAKEN_AT_ONCE", 4)
        assert answer(explorer.like_all(keys)) == whole

    def test_nothing_is_like_all_but_itself(self, explorer):
        assert explorer.like_all(explorer.keys).hits == ()

    def test_no_items_and_unknown_ones_are_refused(self, explorer):
        with pytest.raises(RisError, match="none"):
            explorer.like_all(np.array([], np.int64))
        with pytest.raises(StoreError, match="no item"):
            explorer.like_all(np.array([1, 999]))
        with pytest.raises(RisError, match="at least 1"):
            explorer.like_all(np.array([1]), k=0)

    def test_tags_survive_a_new_generation_and_colour_the_map(self, collection, tmp_path):
        explorer = Explorer(collection)
        assert "tag" not in explorer.colourings()
        Tags(collection).add("odd", np.array([3, 4]))
        Tags(collection).add("fine", np.array([4, 40]))
        before = explorer.colouring("tag")
        assert before.names == ("fine", "odd")
        assert before.codes[[3, 4, 40, 5]].tolist() == [1, 0, 0, -1]
        collection.publish(
            stores.make_draft(collection, tmp_path / "work", count=20), parent="00000001"
        )
        later = Explorer(collection)
        found = {name: keys.tolist() for name, keys in later.tagged().items()}
        assert found == {"fine": [4], "odd": [3, 4]}  # this one has 20 items
        Tags(collection).remove("odd", np.array([3]))
        changed = later.colouring("tag")
        assert changed.codes[3] == -1
        assert changed.version != before.version

    def test_damaged_tags_cost_the_tags_alone(self, collection):
        (collection.folder / "tags.json").write_text("[")
        explorer = Explorer(collection)
        assert "tag" not in explorer.colourings()
        assert explorer.search(explorer.item(3).path).hits
        with pytest.raises(StoreError, match=r"tags\.json"):
            explorer.tagged()


def test_vectors_of_graph_and_tail_come_in_the_order_asked_for(collection, tmp_path, monkeypatch):
    monkeypatch.setattr(generation_module, "EXACT_BELOW", 1)
    draft = stores.make_draft(collection, tmp_path / "work", count=30, tail=10)
    collection.publish(draft, parent="00000001")
    explorer = Explorer(collection)
    assert isinstance(explorer._index, JoinedIndex)
    found = explorer._index.vectors([25, 3, 29, 0])
    np.testing.assert_allclose(found, stores.unit_vectors(30)[[25, 3, 29, 0]], atol=1e-6)
