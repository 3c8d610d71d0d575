"""The report card: to JSON and back, what is refused, and every way a verdict can come about."""

import json
from dataclasses import replace

import pytest

from ris.errors import StoreError
from ris.explore.card import COMPARED, KindScore, MethodScore, ReportCard, compare
from ris.images.alterations import KINDS


def method(found: float = 0.9, *, precision=None, vote=None, **others: float) -> MethodScore:
    """A method that finds so many of all copies first, and of some kinds others."""
    shares = {kind.name: others.get(kind.name, found) for kind in KINDS}
    copies = {kind: KindScore(share, 1.0) for kind, share in shares.items()}
    return MethodScore(copies, precision, vote)


def card(**methods: MethodScore) -> ReportCard:
    return ReportCard(100, 20, 10, methods)


FULL = ReportCard(
    pictures=2040,
    queries=299,
    labelled_queries=150,
    methods={
        "this": replace(method(0.95, precision=0.5, vote=0.75), psnr_db=21.5),
        "before": method(0.9),
        "this_copies": MethodScore({}),
    },
    recall=0.995,
    skipped=1,
)


class TestJson:
    def test_a_card_comes_back_as_it_was(self):
        assert ReportCard.from_json(json.loads(json.dumps(FULL.to_json()))) == FULL

    def test_keys_that_are_missing_or_unknown_do_no_harm(self):
        content = {
            "pictures": 3,
            "queries": 0,
            "methods": {"this": {"news": 1}, "raw_pixels": {"copies": {}, "psnr_db": None}},
            "weather": "fine",
        }
        empty = MethodScore({})
        assert ReportCard.from_json(content) == ReportCard(
            3, 0, 0, {"this": empty, "raw_pixels": empty}
        )

    @pytest.mark.parametrize(
        "content",
        [
            None,
            [],
            "card",
            {},
            {"pictures": 1, "queries": 1},
            {"pictures": 1, "methods": {}},
            {"pictures": True, "queries": 1, "methods": {}},
            {"pictures": 1.5, "queries": 1, "methods": {}},
            {"pictures": 1, "queries": 1, "methods": []},
            {"pictures": 1, "queries": 1, "methods": {"this": 3}},
            {"pictures": 1, "queries": 1, "methods": {"this": {"copies": {"jpeg": 0.5}}}},
            {"pictures": 1, "queries": 1, "methods": {"this": {"copies": {"jpeg": {"rank1": 1}}}}},
            {"pictures": 1, "queries": 1, "methods": {"this": {"psnr_db": "20"}}},
            {"pictures": 1, "queries": 1, "methods": {}, "recall": False},
            {"pictures": 1, "queries": 1, "methods": {}, "format": "1"},
        ],
    )
    def test_what_is_no_card_is_refused(self, content):
        with pytest.raises(StoreError):
            ReportCard.from_json(content)

    def test_a_newer_format_is_refused_in_words(self):
        with pytest.raises(StoreError, match=r"format version 2, this ris reads versions up to 1"):
            ReportCard.from_json({**FULL.to_json(), "format": 2})


class TestVerdict:
    def test_better(self):
        verdict = compare(card(this=method(0.94), before=method(0.912)))
        assert not verdict.worse
        assert verdict.change == pytest.approx(0.028)
        assert verdict.reasons == "Copies found first: 91.2 % before, 94.0 % now."

    def test_worse_by_copies(self):
        verdict = compare(card(this=method(0.894), before=method(0.9)))
        assert verdict.worse
        assert verdict.change == pytest.approx(-0.006)

    @pytest.mark.parametrize(("now", "worse"), [(0.9, False), (0.895, False), (0.8949, True)])
    def test_as_good_as_before_is_not_worse(self, now, worse):
        assert compare(card(this=method(now), before=method(0.9))).worse is worse

    @pytest.mark.parametrize("kind", COMPARED)
    def test_each_kind_compared_counts_a_fifth(self, kind):
        verdict = compare(card(this=method(0.9, **{kind: 0.8}), before=method(0.9)))
        assert verdict.change == pytest.approx(-0.02)
        assert verdict.worse

    def test_a_square_turn_does_not(self):
        verdict = compare(card(this=method(0.9, turn90=0.0), before=method(0.9)))
        assert (verdict.worse, verdict.change) == (False, 0.0)

    def test_labels_count_as_much_as_copies(self):
        verdict = compare(
            card(
                this=method(0.94, precision=0.503, vote=0.60),
                before=method(0.90, precision=0.451, vote=0.64),
            )
        )
        assert verdict.change == pytest.approx((0.04 + (0.052 - 0.04) / 2) / 2)
        assert verdict.reasons == (
            "Copies found first: 90.0 % before, 94.0 % now. "
            "Same label among the 10 nearest: 45.1 % before, 50.3 % now. "
            "Right by the vote of the 20 nearest: 64.0 % before, 60.0 % now."
        )

    def test_worse_by_labels(self):
        verdict = compare(
            card(this=method(precision=0.4, vote=0.6), before=method(precision=0.43, vote=0.6))
        )
        assert verdict.worse
        assert verdict.change == pytest.approx(-0.0075)

    def test_labels_of_one_side_only_do_not_count(self):
        verdict = compare(card(this=method(), before=method(precision=0.9, vote=0.9)))
        assert (verdict.worse, verdict.change) == (False, 0.0)

    def test_labels_alone_are_compared_where_no_copy_could_be_made(self):
        now, before = MethodScore({}, 0.4, 0.5), MethodScore({}, 0.6, 0.5)
        verdict = compare(card(this=now, before=before))
        assert verdict.worse
        assert verdict.change == pytest.approx(-0.1)

    @pytest.mark.parametrize(
        ("kind", "words"),
        [
            ("jpeg", "at JPEG quality 30"),
            ("half", "at half the size"),
            ("text", "with text over them"),
        ],
    )
    def test_what_may_never_be_lost_makes_it_worse_whatever_else(self, kind, words):
        found = card(this=method(0.99, **{kind: 0.9}), before=method(0.6, **{kind: 1.0}))
        verdict = compare(replace(found, queries=300))
        assert verdict.worse
        assert verdict.change > 0.3
        assert verdict.reasons.endswith(f"Copies {words} found first: 100.0 % before, 90.0 % now.")

    def test_what_chance_allows_with_a_few_queries_is_forgiven(self):
        found = card(this=method(0.99, jpeg=10 / 12), before=method(0.6, jpeg=1.0))
        assert not compare(replace(found, queries=12)).worse
        assert compare(replace(found, queries=100)).worse

    def test_a_little_less_of_it_is_forgiven(self):
        assert not compare(card(this=method(half=0.95), before=method(half=1.0))).worse

    def test_without_an_earlier_encoder_nothing_is_worse(self):
        verdict = compare(card(this=method(0.1)))
        assert (verdict.worse, verdict.change) == (False, 0.0)
        assert "no earlier encoder" in verdict.reasons

    def test_without_queries_nothing_is_worse(self):
        verdict = compare(card(this=MethodScore({}), before=MethodScore({})))
        assert (verdict.worse, verdict.change) == (False, 0.0)
        assert "nothing to compare" in verdict.reasons
