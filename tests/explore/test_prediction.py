"""What neighbours say of a column, and how far that can be believed."""

import json
from datetime import UTC, datetime

import drawn
import numpy as np
import pytest
import stores

from ris.errors import RisError
from ris.explore.explorer import Explorer
from ris.explore.prediction import (
    LeftOut,
    in_sentences,
    leave_out_codes,
    mean,
    predict_category,
    predict_number,
    vote,
    weights_of,
)

AWAY = np.array([[0.1, 0.2, 0.3, 0.4]], np.float32)


class TestVote:
    def test_nearer_neighbours_count_more(self):
        weights = weights_of(AWAY)[0]
        np.testing.assert_allclose(weights, np.exp(-np.arange(4) * 0.1 / 0.07), rtol=1e-5)
        said, share, count = vote(np.array([[5, 2, 2, 2]], np.int32), AWAY)
        assert (said[0], count[0]) == (5, 1)
        assert share[0] == pytest.approx(1 / weights.sum(), rel=1e-5)

    def test_equally_far_ones_count_alike(self):
        even = np.full((1, 4), 0.2, np.float32)
        said, share, count = vote(np.array([[5, 2, 9, 2]], np.int32), even)
        assert (said[0], count[0], share[0]) == (2, 2, 0.5)

    def test_those_without_a_value_do_not_vote(self):
        codes = np.array([[-1, -1, 7, 3], [-1, -1, -1, -1]], np.int32)
        said, share, _ = vote(codes, np.repeat(AWAY, 2, axis=0))
        assert said.tolist() == [7, -1]
        assert share[0] == pytest.approx(np.exp(0.1 / 0.07) / (1 + np.exp(0.1 / 0.07)), rel=1e-5)
        assert share[1] == 0

    def test_it_agrees_with_counting_one_by_one(self):
        random = np.random.default_rng(0)
        codes = random.integers(-1, 5, (200, 9)).astype(np.int32)
        away = np.sort(random.random((200, 9)), axis=1).astype(np.float32)
        said, share, _ = vote(codes, away)
        for row in range(200):
            sums = [weights_of(away)[row][codes[row] == code].sum() for code in range(5)]
            assert sums[said[row]] == pytest.approx(max(sums), rel=1e-4)
            assert share[row] == pytest.approx(max(sums) / sum(sums), rel=1e-4)


class TestMean:
    def test_it_is_weighted_and_leaves_out_what_is_not_known(self):
        means, spreads = mean(np.array([[10, np.nan, 20, np.nan]], np.float32), AWAY)
        near, far = weights_of(AWAY)[0][[0, 2]]
        expected = (10 * near + 20 * far) / (near + far)
        assert means[0] == pytest.approx(expected, rel=1e-5)
        variance = (near * (10 - expected) ** 2 + far * (20 - expected) ** 2) / (near + far)
        assert spreads[0] == pytest.approx(variance**0.5, rel=1e-4)

    def test_nothing_known_is_no_number(self):
        means, spreads = mean(np.full((1, 4), np.nan, np.float32), AWAY)
        assert np.isnan(means).all()
        assert np.isnan(spreads).all()


class TestTrust:
    def test_it_tells_of_those_that_were_as_sure(self):
        sure = np.r_[np.full(40, 0.95), np.full(60, 0.4)].astype(np.float32)
        true = np.zeros(100, np.int32)
        said = np.r_[np.zeros(40), np.ones(60)].astype(np.int32)
        left_out = LeftOut(true, said, sure, 0.3)
        codes = np.zeros(4, np.int32)
        told = predict_category("label", codes, ("cat", "dog"), AWAY[0], left_out)
        assert (told.value, told.share, told.agree) == ("cat", pytest.approx(1), 4)
        assert (told.trust.right, told.trust.guess) == (0.4, 0.3)
        assert (told.trust.alike, told.trust.right_alike) == (40, 1.0)
        split = np.array([0, 1, 1, 1], np.int32)
        other = predict_category("label", split, ("cat", "dog"), AWAY[0] * 0, left_out)
        assert other.share == pytest.approx(0.75)
        assert (other.trust.alike, other.trust.right_alike) == (0, None)
        assert "40 % are named rightly" in in_sentences(told)[1]

    def test_the_most_frequent_value_is_what_it_is_compared_with(self):
        own = np.array([1, 1, 1, 0], np.int32)
        found = leave_out_codes(own, np.array([[1], [0], [1], [1]], np.int32), AWAY[:, :1])
        assert found.guess == 0.75
        assert found.said.tolist() == [1, 0, 1, 1]

    def test_numbers_tell_their_error_and_whether_the_spread_is_to_be_believed(self):
        left_out = LeftOut(
            np.array([10.0, 20, 30, np.nan], np.float32),
            np.array([11.0, 25, 30, 7], np.float32),
            np.array([2.0, 1, 0.5, 1], np.float32),
            9.0,
        )
        left_out = LeftOut(*(one[:3] for one in (left_out.true, left_out.said, left_out.sure)), 9.0)
        told = predict_number(
            "price", np.array([1, 2, 3, np.nan], np.float32), AWAY[0], left_out, is_time=False
        )
        assert told.neighbours == 3
        assert 1 < told.value < 2
        assert (told.trust.error, told.trust.guess_error) == (1.0, 9.0)
        assert told.trust.inside == pytest.approx(2 / 3)
        assert json.loads(json.dumps(told.to_json()))["leave_one_out"]["asked"] == 3

    def test_times_are_dates(self):
        left_out = LeftOut(*(np.array([1.0], np.float32),) * 3, 4.0)
        days = np.full(4, 365, np.float32)
        told = predict_number("taken", days, AWAY[0], left_out, is_time=True)
        assert told.value == datetime(1971, 1, 1, tzinfo=UTC)
        assert in_sentences(told)[0].startswith("taken: 1971-01-01 ± 0 days")

    def test_no_value_at_all_is_said(self):
        nothing = np.full(4, -1, np.int32)
        left_out = LeftOut(*(np.empty(0, np.float32),) * 3, 0.0)
        told = predict_category("label", nothing, (), AWAY[0], left_out)
        assert told.value is None
        assert in_sentences(told) == ("label: no neighbour has a value.", "")


class TestExplorer:
    @pytest.fixture
    def priced(self, tmp_path, pictures) -> Explorer:
        lines = ["path,label,price,sold"]
        for family, price in zip(drawn.FAMILIES, (10, 20, 30, 40), strict=True):
            lines += [
                f"{family}/{i:02}.png,{family},{price + i / 10},{i % 2 == 0}" for i in range(12)
            ]
        (tmp_path / "told.csv").write_text("\n".join(lines))
        labels = str(tmp_path / "told.csv")
        home, work = tmp_path / "h", tmp_path / "w"
        return Explorer(stores.publish_folder(home, "priced", pictures, work, labels=labels))

    def test_it_tells_labels_and_own_columns(self, priced):
        assert set(priced.predictable()) == {"label", "price", "sold"}
        result = priced.search(priced.item(3).path, k=5)
        label = priced.predict(result, "label")
        assert label.value == priced.item(3).labels[0]
        assert label.trust.asked == 48
        assert label.trust.guess == 0.25
        price = priced.predict(result, "price")
        assert (price.kind, price.neighbours) == ("number", 5)
        assert priced.predict(result, "sold").value in ("yes", "no")

    def test_left_out_items_do_not_find_themselves(self, priced):
        """Each has a price of its own; with itself among its neighbours all would be right."""
        price = priced.predict(priced.similar(3, k=1), "price")
        assert price.trust.error > 0.05

    def test_others_are_refused_with_what_there_is(self, explorer):
        with pytest.raises(RisError, match="size") as refused:
            explorer.predict(explorer.similar(3), "size")
        assert "label" in refused.value.hint
