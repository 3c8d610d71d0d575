"""What distances are called, and when a query is foreign."""

import json
from dataclasses import replace

import numpy as np
import pytest
import stores

from ris.errors import StoreError
from ris.explore.card import KindScore
from ris.explore.explorer import Explorer
from ris.explore.familiar import FILE, Familiar, Fitting, Watch, load_familiar
from ris.explore.scale import (
    FIXED,
    NOTHING,
    UNLIKE,
    Limit,
    Scale,
    learn,
    nearest_others,
    random_pairs,
    scale_from_json,
)
from ris.images.alterations import KINDS
from ris.store.index import ExactIndex

COPIES = {kind.name: KindScore(1.0, 1.0, (0.01, 0.02, 0.03, 0.04, 0.3)) for kind in KINDS} | {
    kind: KindScore(1.0, 1.0, (0.0, 0.0, 0.001, 0.002, 0.02)) for kind in ("jpeg", "half")
}


def distances(*first, k=10):
    """Nearest distances that go on rising by a hundredth."""
    return np.array(first, np.float32)[:, None] + np.arange(k, dtype=np.float32) / 100


def learned(strangeness=None):
    nearest = distances(*np.linspace(0.1, 0.5, 101))
    pairs = np.linspace(0.6, 1.0, 1001).astype(np.float32)
    scale = learn(COPIES, nearest, pairs, strangeness)
    assert scale is not None
    return scale


class TestFixed:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (-1e-7, "identical"),
            (0.0009, "identical"),
            (0.001, "nearly the same"),
            (0.249, "very alike"),
            (0.25, "alike"),
            (0.5, "loosely alike"),
            (0.75, "not alike"),
            (2.0, "not alike"),
        ],
    )
    def test_a_distance_falls_into_the_step_that_it_has_not_reached_the_end_of(
        self, value, expected
    ):
        assert FIXED.word(value) == expected

    def test_only_distance_tells_what_is_foreign(self):
        assert FIXED.is_foreign(np.array([0.75, 0.8]), 99.0)
        assert not FIXED.is_foreign(np.array([0.65, 0.8]), 99.0)
        assert not FIXED.is_foreign(np.empty(0), None)


class TestLearned:
    def test_the_words_are_those_of_the_distributions(self):
        scale = learned()
        same, copy, alike, loose = (end for end, _ in scale.steps)
        assert same == pytest.approx(0.02)  # 95 of 100 mild copies
        assert copy == pytest.approx(0.12, abs=1e-3)  # nearer than 19 of 20 nearest others
        assert alike == pytest.approx(0.3, abs=1e-3)  # than every second
        assert loose == pytest.approx(0.604, abs=1e-3)  # than 99 of 100 pairs
        words = [scale.word(value) for value in (0.0, 0.1, 0.2, 0.5, 0.7)]
        assert words == ["same picture", "near copy", "alike", "loosely alike", "not alike"]

    def test_copies_that_the_collection_holds_do_not_move_the_others(self):
        nearest = distances(*[0.001] * 60, *np.linspace(0.1, 0.5, 101))
        scale = learn(COPIES, nearest, np.array([0.9], np.float32), None)
        assert scale is not None
        assert scale.steps[:3] == learned().steps[:3]

    def test_pictures_that_resemble_each_other_as_copies_do_are_not_the_same(self):
        # patches of plain wood: copies of them lie no nearer than other patches
        nearest = distances(*np.linspace(0.005, 0.2, 101))
        far = COPIES | {"jpeg": KindScore(1.0, 1.0, (0.0, 0.001, 0.004, 0.04, 0.12))}
        scale = learn(far, nearest, np.array([0.9], np.float32), None)
        assert scale is not None
        called = [scale.word(float(one)) == "same picture" for one in nearest[:, 0]]
        assert 0 < sum(called) <= 6  # of 101
        many = distances(*[0.002] * 20, *np.linspace(0.005, 0.2, 101))  # copies that it holds
        scale = learn(far, many, np.array([0.9], np.float32), None)
        assert scale is not None
        assert scale.word(0.002) == "same picture"

    def test_the_words_stay_in_order_where_random_pairs_are_near(self):
        nearest = distances(*np.linspace(0.1, 0.5, 101))
        scale = learn(COPIES, nearest, np.full(9, 0.01, np.float32), None)
        assert scale is not None
        ends = [end for end, _ in scale.steps]
        assert ends == sorted(ends)

    @pytest.mark.parametrize(
        ("copies", "asked"), [({}, 101), ({"jpeg": COPIES["jpeg"]}, 101), (COPIES, 19)]
    )
    def test_of_too_little_nothing_is_learned(self, copies, asked):
        nearest = distances(*np.linspace(0.1, 0.5, asked))
        assert learn(copies, nearest, np.array([0.9], np.float32), None) is None

    def test_a_query_is_foreign_when_it_is_far_and_strange(self):
        strangeness = np.random.default_rng(0).normal(10, 1, 101).astype(np.float32)
        scale = learned(strangeness)
        far, near = distances(0.45)[0], distances(0.25)[0]
        assert scale.is_foreign(far, 14.0)
        assert not scale.is_foreign(far, 9.0)
        assert not scale.is_foreign(near, 99.0)  # it has a neighbour that is alike
        own = distances(*np.linspace(0.1, 0.5, 101))
        alarms = [scale.is_foreign(*one) for one in zip(own, strangeness, strict=True)]
        assert np.mean(alarms) <= 0.05

    def test_without_strangeness_the_last_word_tells(self):
        assert not learned().is_foreign(distances(0.55)[0], 99.0)
        assert learned().is_foreign(distances(0.65)[0], None)

    def test_it_comes_back_from_json(self):
        strangeness = np.linspace(5, 15, 101).astype(np.float32)
        for scale in (learned(), learned(strangeness), FIXED):
            assert scale_from_json(json.loads(json.dumps(scale.to_json()))) == scale

    @pytest.mark.parametrize("content", [[], {}, {"steps": [1]}, {"steps": [], "limit": {}}])
    def test_what_is_none_is_refused(self, content):
        with pytest.raises(StoreError, match="scale"):
            scale_from_json(content)


class TestDistances:
    def test_equal_items_are_no_others(self):
        vectors = stores.unit_vectors(40)
        vectors[1] = vectors[0]
        found = nearest_others(ExactIndex(vectors, np.arange(40)), vectors[:3])
        assert found.shape == (3, 10)
        assert (found > 1e-4).all()
        assert (np.diff(found, axis=1) >= 0).all()

    def test_where_there_are_few_the_rest_is_unknown(self):
        vectors = stores.unit_vectors(3)
        found = nearest_others(ExactIndex(vectors, np.arange(3)), vectors)
        assert np.isfinite(found).sum() == 6

    def test_random_pairs_are_of_two_rows(self):
        pairs = random_pairs(stores.unit_vectors(3))
        assert pairs.min() > 1e-3
        assert len(random_pairs(stores.unit_vectors(1))) == 0


class TestFamiliar:
    def test_what_is_unlike_the_rest_is_strange(self, tmp_path):
        random = np.random.default_rng(0)
        features = random.normal(size=(2000, 8)).astype(np.float32) * np.arange(1, 9)
        fitting = Fitting()
        for part in np.array_split(features, 7):
            fitting.add(part.astype(np.float32))
        fitting.fit().save(tmp_path / FILE)
        familiar = load_familiar(tmp_path / FILE)
        usual = familiar.strangeness(features.astype(np.float32))
        assert usual.mean() == pytest.approx(8**0.5, rel=0.05)
        odd = np.array([[8, 0, 0, 0, 0, 0, 0, 0]], np.float32)  # eight deviations along the first
        assert familiar.strangeness(odd)[0] == pytest.approx(8, rel=0.1)  # shrunk

    def test_copies_of_one_picture_do_not_divide_by_zero(self):
        fitting = Fitting()
        fitting.add(np.ones((5, 4), np.float32))
        assert np.isfinite(fitting.fit().strangeness(np.ones((1, 4), np.float32))).all()

    def test_held_out_pictures_are_seen_and_not_fitted(self, tmp_path):
        features = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
        features[::10] += 50
        watch = Watch(np.arange(0, 100, 10))
        for start in range(0, 100, 30):
            watch.add(features[start : start + 30], features[start : start + 30])
        seen = watch.finish(tmp_path)
        np.testing.assert_array_equal(seen.asked, features[::10])
        assert seen.strangeness.min() > 10

    @pytest.mark.parametrize("content", [None, b"", b"garbage"])
    def test_a_damaged_file_is_named(self, tmp_path, content):
        if content is not None:
            (tmp_path / FILE).write_bytes(content)
        with pytest.raises(StoreError, match=FILE):
            load_familiar(tmp_path / FILE)

    def test_arrays_of_other_shapes_are_refused(self, tmp_path):
        Familiar(np.zeros(3, np.float32), np.zeros((2, 2), np.float32)).save(tmp_path / FILE)
        with pytest.raises(StoreError, match="shapes"):
            load_familiar(tmp_path / FILE)


class TestSearch:
    SCALE = Scale(((0.01, "same picture"), (0.3, "alike")), asked=99)

    def explorer(self, tmp_path, pictures, scale):
        report = {"pictures": 1, "queries": 1, "methods": {}, "scale": scale.to_json()}
        facts = {"report": report}
        made = stores.publish_folder(tmp_path / "h", "told", pictures, tmp_path / "w", facts=facts)
        return Explorer(made)

    def test_hits_speak_by_the_scale_of_their_generation(self, tmp_path, pictures):
        explorer = self.explorer(tmp_path, pictures, self.SCALE)
        found = explorer.search(explorer.item(3).path, k=48)
        assert found.verdict == found.hits[0].verdict == "same picture"
        assert [hit.verdict for hit in found.hits] == [
            self.SCALE.word(hit.distance) for hit in found.hits
        ]
        assert found.to_json()["hits"][0]["verdict"] == "same picture"

    def test_where_nothing_is_near_it_is_said(self, tmp_path, pictures):
        nearer = replace(self.SCALE, steps=((1e-9, "same picture"),))
        explorer = self.explorer(tmp_path, pictures, nearer)
        found = explorer.similar(3)
        assert found.verdict == NOTHING
        assert {hit.verdict for hit in found.hits} == {UNLIKE}

    def test_few_hits_do_not_change_the_verdict(self, tmp_path, pictures):
        explorer = self.explorer(tmp_path, pictures, self.SCALE)
        one, many = (explorer.similar(3, k=k) for k in (1, 20))
        assert (one.verdict, one.place) == (many.verdict, many.place)

    def test_an_earlier_generation_keeps_the_fixed_scale(self, explorer):
        assert explorer.scale == FIXED
        assert explorer.search(explorer.item(3).path).verdict == "identical"

    def test_a_strange_query_finds_nothing_like_it(self, tmp_path, pictures):
        limit = Limit(near=(0.1, 0.1), strange=(0.0, 1.0), score=20.0, least=0.02)
        explorer = self.explorer(tmp_path, pictures, replace(self.SCALE, limit=limit))
        grey = np.full((32, 32, 3), 250, np.uint8)
        assert explorer.search(grey).verdict != NOTHING  # it knows nothing of what is usual
        far = Familiar(np.full(48, -90, np.float32), np.eye(48, dtype=np.float32))
        explorer.__dict__["_familiar"] = far
        assert explorer.search(grey).verdict == NOTHING
        assert explorer.search(explorer.item(3).path).verdict == "same picture"
