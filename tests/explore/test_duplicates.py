"""Groups of duplicates, held against comparing all by hand."""

import numpy as np
import pytest
import stores

from ris.explore import duplicates
from ris.explore.duplicates import Compared, Pairs, groups, near_pairs, to_review
from ris.explore.scale import COPY, SAME, Scale
from ris.store.dismissed import Dismissed
from ris.store.index import ExactIndex
from ris.store.items import Items
from ris.store.table import Row, TableWriter, read_table


def items_of(tmp_path, rows: list[tuple[str, int, int]]) -> Items:
    """Items with a content, a side in pixels and bytes each."""
    with TableWriter(tmp_path / "rows.parquet", 0, {}) as writer:
        writer.write(
            [
                Row(3 * n, f"{content:>064}", f"/p/{n}.png", (), side, side, size)
                for n, (content, side, size) in enumerate(rows)
            ]
        )
    return Items(read_table(tmp_path / "rows.parquet", Items.COLUMNS))


def pairs_of(*pairs: tuple[int, int, float]) -> Pairs:
    first, second, distance = zip(*pairs, strict=True) if pairs else ((), (), ())
    return Pairs(
        np.array(first, np.int64), np.array(second, np.int64), np.array(distance, np.float32)
    )


class TestPairs:
    @pytest.mark.parametrize("around", [duplicates._around, duplicates._around_exactly])
    def test_all_that_are_near_are_found_once(self, around, monkeypatch):
        vectors = stores.unit_vectors(1500, 8, seed=3)
        keys = np.arange(1500) * 7
        monkeypatch.setattr(duplicates, "_around_exactly", around)
        seen = []
        found = near_pairs(
            ExactIndex(vectors, keys), keys, within=0.02, on_progress=lambda p: seen.append(p.done)
        )
        away = 1 - vectors @ vectors.T
        one, other = np.nonzero(np.triu(away <= 0.02, 1))
        assert set(zip(found.first, found.second, strict=True)) == set(zip(one, other, strict=True))
        assert found.distance == pytest.approx(away[found.first, found.second], abs=1e-5)
        assert seen == [512, 1024, 1500]

    def test_of_many_copies_each_has_some(self):
        vectors = np.repeat(stores.unit_vectors(1, 8), 100, axis=0)
        keys = np.arange(100)
        found = near_pairs(ExactIndex(vectors, keys), keys)
        assert len(found.first) <= 100 * 12
        assert set(np.r_[found.first, found.second]) == set(range(100))

    def test_nothing_is_near_in_nothing(self):
        none = ExactIndex(np.empty((0, 8), np.float32), np.empty(0, np.int64))
        assert len(near_pairs(none, np.empty(0, np.int64)).first) == 0


class TestGroups:
    def test_kinds_are_not_mixed_up_and_the_best_comes_first(self, tmp_path, collection):
        rows = [("a", 10, 5), ("a", 10, 5), ("b", 20, 5), ("c", 10, 9), ("d", 10, 1), ("e", 9, 1)]
        pairs = pairs_of((0, 1, 0.0), (0, 2, 0.01), (1, 2, 0.01), (2, 3, 0.1), (4, 5, 0.3))
        found = groups(items_of(tmp_path, rows), pairs, Dismissed(collection))
        assert [(one.kind, one.keys) for one in found] == [
            ("exact", (0, 3)),
            ("same", (6, 0)),
            ("near", (6, 9)),
        ]
        assert [one.distance for one in found] == pytest.approx([0, 0.01, 0.1])

    def test_more_bytes_break_a_tie_then_the_older_one(self, tmp_path, collection):
        items = items_of(tmp_path, [("a", 10, 5), ("b", 10, 7), ("c", 10, 7)])
        (found,) = groups(
            items, pairs_of((0, 1, 0.01), (1, 2, 0.02), (0, 2, 0.04)), Dismissed(collection)
        )
        assert found.keys == (3, 6, 0)
        assert found.distance == pytest.approx(0.04)

    def test_dismissed_pairs_make_no_group(self, tmp_path, collection):
        items = items_of(tmp_path, [("a", 10, 5), ("a", 10, 5), ("b", 20, 5), ("a", 10, 5)])
        pairs = pairs_of((0, 2, 0.01), (1, 2, 0.01), (2, 3, 0.01))
        one, copy, other, _ = items.get([0, 3, 6, 9])
        dismissed = Dismissed(collection)
        dismissed.add(other, one)  # all copies of one content are dismissed with it
        kinds = [found.kind for found in groups(items, pairs, Dismissed(collection))]
        assert kinds == ["exact"]
        dismissed.add(one, copy)
        (left,) = groups(items, pairs, Dismissed(collection))
        assert left.keys == (0, 9)
        dismissed.forget(one, copy)
        dismissed.forget(one, other)
        assert len(groups(items, pairs, dismissed)) == 2

    def test_what_to_look_at(self):
        group = duplicates.Group("same", (5, 1, 2), 0.0)
        assert list(to_review(group, lambda *_: False)) == [(5, 1), (5, 2)]
        assert list(to_review(group, lambda a, b: {a, b} == {5, 2})) == [(5, 1), (1, 2)]
        assert list(to_review(group, lambda *_: True)) == []


def test_taking_one_out_needs_no_comparison():
    compared, asked = Compared(), []

    def find() -> Pairs:
        asked.append(1)
        return pairs_of((0, 1, 0.1), (1, 3, 0.2))

    keys = np.array([2, 4, 6, 8])
    assert len(compared.of("a", keys, find).first) == 2
    found = compared.of("a", np.array([4, 6, 8]), find)
    assert (found.first.tolist(), found.second.tolist()) == ([0], [2])
    compared.of("a", keys, find)
    assert len(asked) == 1
    compared.of("a", np.array([2, 4, 6, 8, 10]), find)
    assert len(asked) == 2


def test_duplicates_of_a_real_collection(explorer):
    found = explorer.duplicates(near=0.0)
    by_id = {}
    for item in explorer.items(explorer.keys):
        by_id.setdefault(item.id, []).append(item.key)
    expected = {tuple(keys) for keys in by_id.values() if len(keys) > 1}
    assert {one.keys for one in found if one.kind == "exact"} == expected


def test_the_same_picture_is_what_the_scale_calls_so(explorer, monkeypatch):
    scale = Scale(((0.31, SAME), (0.4, COPY)))
    monkeypatch.setitem(explorer.__dict__, "scale", scale)
    learned = [one for one in explorer.duplicates() if one.kind == "same"]
    given = [one for one in explorer.duplicates(same=0.31) if one.kind == "same"]
    assert learned == given
    assert all(one.distance <= 0.31 for one in learned)
    assert learned != [one for one in explorer.duplicates(same=0.0) if one.kind == "same"]
