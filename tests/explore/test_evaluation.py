"""The evaluation: numbers that can be checked by hand, and collections that lack something."""

import json
import tracemalloc
from dataclasses import replace

import drawn
import numpy as np
import pytest
from hostile import Unreadable

from ris.errors import Cancelled, PictureError, RisError, StoreError
from ris.explore import evaluation
from ris.explore.card import ReportCard
from ris.explore.evaluation import Judge, Sample, choose_rows, label_scores
from ris.images.alterations import KINDS
from ris.images.entries import DataEntry
from ris.progress import StopSignal
from ris.store.index import normalise

COUNT, SIZE = 24, 32
FAMILIES = np.arange(COUNT, dtype=np.int32) % 4


class Grid:
    """Mean colours of 8 x 8 fields: knows every picture, but not when it is turned."""

    def __init__(self, size=SIZE):
        self.size = size

    def encode(self, pixels):
        assert pixels.shape[1:] == (self.size, self.size, 3)
        side = self.size // 8
        means = pixels.reshape(len(pixels), 8, side, 8, side, 3).mean(axis=(2, 4))
        means -= means.mean(axis=(1, 2, 3), keepdims=True)
        return normalise(means.reshape(len(pixels), -1))

    def reconstruct(self, pixels):
        return np.where(pixels < 128, pixels + 5, pixels - 5).astype(np.uint8)


class Constant(Grid):
    """Takes all pictures for the same; has no decoder."""

    def encode(self, pixels):
        return normalise(np.ones((len(pixels), 4)))

    def reconstruct(self, pixels):
        raise StoreError("no decoder")


class Broken(Grid):
    """What a training that went astray leaves behind."""

    def encode(self, pixels):
        return np.full((len(pixels), 4), np.nan, np.float32)


class Perfect(Grid):
    """Gives pictures back as they were."""

    def reconstruct(self, pixels):
        return pixels


def file_of(row):
    family = drawn.FAMILIES[row % len(drawn.FAMILIES)]
    image = drawn.draw(family, row, size=(SIZE, SIZE))
    return DataEntry(str(row), str(row), data=drawn.encoded(image))


def sample(count=COUNT, held_out=(0, 1, 2, 3, 9, 14), labels=FAMILIES, original=file_of):
    held = np.array(held_out, np.int64)
    return Sample(drawn.pixels(count, SIZE), np.arange(count), held, labels[:count], original)


@pytest.fixture(scope="module")
def heard():
    return []


@pytest.fixture(scope="module")
def card(heard):
    """One evaluation that many tests look at; the pictures' order says which labels they have."""
    return Judge(sample(), Constant(), workers=1, on_progress=heard.append).card(Grid())


class TestCard:
    def test_the_counts(self, card):
        assert (card.pictures, card.queries, card.labelled_queries) == (COUNT, 6, 6)
        assert (card.recall, card.skipped) == (None, 0)

    def test_every_way_is_measured_by_every_kind(self, card):
        assert set(card.methods) == {
            "this",
            "this_copies",
            "before",
            "raw_pixels",
            "colour_histogram",
            "perceptual_hash",
        }
        for method in card.methods.values():
            assert list(method.copies) == [kind.name for kind in KINDS]
            for score in method.copies.values():
                assert 0 <= score.rank1 <= score.top10 <= 1

    def test_an_encoder_that_knows_every_picture_finds_slight_changes(self, card):
        found = card.methods["this"].copies
        assert [found[kind].rank1 for kind in ("jpeg", "half", "colours")] == [1, 1, 1]

    def test_only_turned_views_find_what_was_turned(self, card):
        as_it_is, turned = (card.methods[name].copies for name in ("this", "this_copies"))
        assert as_it_is["turn90"].rank1 < 1
        assert turned["turn90"].rank1 == 1
        assert turned["jpeg"].rank1 == 1
        assert card.methods["this_copies"].precision_at_10 is None

    def test_an_encoder_for_which_all_is_alike_finds_by_chance(self, card):
        for score in card.methods["before"].copies.values():
            assert score.rank1 == pytest.approx(1 / COUNT)
            assert score.top10 == pytest.approx(10 / COUNT)
        # 18 pictures are compared with: 4, 4, 5 and 5 of the families
        expected = np.mean([np.bincount(FAMILIES[known()])[FAMILIES[row]] / 18 for row in held()])
        assert card.methods["before"].precision_at_10 == pytest.approx(expected)

    def test_labels_agree_with_a_plain_loop(self, card):
        vectors = Grid().encode(drawn.pixels(COUNT, SIZE))
        shares = []
        for row in held():
            near = sorted(known(), key=lambda other: -vectors[row] @ vectors[other])[:10]
            shares.append(np.mean(FAMILIES[near] == FAMILIES[row]))
        assert card.methods["this"].precision_at_10 == pytest.approx(np.mean(shares))
        assert card.methods["this"].neighbour_vote is not None

    def test_the_decoder_is_measured_where_there_is_one(self, card):
        noise = 10 * np.log10(255**2 / 5**2)
        assert card.methods["this"].psnr_db == pytest.approx(noise)
        assert card.methods["before"].psnr_db is None
        assert card.methods["raw_pixels"].psnr_db is None

    def test_progress_grows_to_its_total(self, card, heard):
        done = [one.done for one in heard]
        assert done == sorted(done)
        assert (done[0], done[-1]) == (0, heard[0].total)
        assert {(one.stage, one.unit, one.total) for one in heard} == {
            ("evaluate", "pictures", heard[0].total)
        }
        assert done[-2] <= done[-1]

    def test_it_comes_back_from_json(self, card):
        assert ReportCard.from_json(json.loads(json.dumps(card.to_json()))) == card


def held():
    return [0, 1, 2, 3, 9, 14]


def known():
    return [row for row in range(COUNT) if row not in held()]


class TestSamples:
    def test_only_the_rows_chosen_are_searched(self):
        some = replace(sample(held_out=()), rows=np.arange(0, COUNT, 3))
        assert Judge(some).card(Grid()).pictures == 8

    def test_held_out_rows_are_always_searched(self):
        some = replace(sample(held_out=(1,)), rows=np.array([0, 3]))
        assert Judge(some, workers=1).card(Grid()).pictures == 3

    def test_without_held_out_pictures_nothing_is_asked(self):
        card = Judge(sample(held_out=())).card(Perfect())
        assert (card.pictures, card.queries, card.labelled_queries) == (COUNT, 0, 0)
        this = card.methods["this"]
        assert (this.copies, this.precision_at_10, this.psnr_db) == ({}, None, None)

    def test_one_picture_finds_itself(self):
        card = Judge(sample(1, held_out=(0,)), workers=1).card(Perfect())
        this = card.methods["this"]
        assert {(score.rank1, score.top10) for score in this.copies.values()} == {(1.0, 1.0)}
        assert (this.precision_at_10, this.neighbour_vote) == (None, None)
        assert card.labelled_queries == 0

    def test_a_picture_that_comes_back_as_it_was_has_a_finite_psnr(self):
        card = Judge(sample(1, held_out=(0,)), workers=1).card(Perfect())
        assert card.methods["this"].psnr_db == 99.0

    def test_without_labels_only_copies_are_measured(self):
        bare = sample(held_out=(4,), labels=np.full(COUNT, -1, np.int32))
        card = Judge(bare, workers=1).card(Grid())
        assert (card.queries, card.labelled_queries) == (1, 0)
        assert card.methods["this"].precision_at_10 is None

    def test_a_copy_that_was_not_held_out_does_not_answer_for_its_label(self):
        twin = sample(held_out=(0, 1))
        twin.pixels[5] = twin.pixels[1]
        assert Judge(twin, workers=1).card(Grid()).labelled_queries == 1

    def test_duplicates_of_the_original_are_not_in_its_way(self):
        double = sample(held_out=(0, 1, 2, 3))
        double = replace(
            double,
            pixels=np.concatenate([double.pixels] * 15),
            rows=np.arange(15 * COUNT),
            labels=np.tile(FAMILIES, 15),
        )
        found = Judge(double, workers=1).card(Grid()).methods["this"].copies
        once = Judge(sample(held_out=(0, 1, 2, 3)), workers=1).card(Grid())
        assert [score.rank1 for score in found.values()] == [
            score.rank1 for score in once.methods["this"].copies.values()
        ]
        assert found["jpeg"].rank1 == 1

    def test_originals_that_cannot_be_read_are_left_out(self):
        def original(row):
            if row == 3:
                raise PictureError("gone")
            if row == 5:
                return Unreadable("5", "5")
            return DataEntry("7", "7", data=b"<html>") if row == 7 else file_of(row)

        card = Judge(sample(held_out=(2, 3, 5, 7, 9), original=original), workers=1).card(Grid())
        assert (card.queries, card.skipped) == (2, 3)
        assert card.methods["this"].copies["jpeg"].rank1 == 1  # each beside its own original

    def test_when_no_original_can_be_read_labels_are_still_compared(self):
        def original(row):
            raise PictureError("gone")

        card = Judge(sample(original=original), workers=1).card(Grid())
        assert (card.queries, card.skipped, card.labelled_queries) == (0, 6, 6)
        assert card.methods["this"].copies == {}
        assert card.methods["this"].precision_at_10 is not None

    def test_at_most_so_many_are_altered_and_a_seed_says_which(self, monkeypatch):
        monkeypatch.setattr(evaluation, "MOST_QUERIES", 2)

        def asked(seed):
            rows = []
            many = sample(original=lambda row: (rows.append(row), file_of(row))[1])
            assert Judge(many, seed=seed, workers=1).card(Grid()).queries == 2
            return rows

        assert asked(0) == asked(0)
        assert asked(0) != asked(1)

    def test_an_earlier_encoder_may_take_another_size(self):
        methods = Judge(sample(held_out=(0, 1)), Grid(64), workers=1).card(Grid()).methods
        assert methods["before"].copies["half"].rank1 == 1
        assert methods["before"].psnr_db == pytest.approx(methods["this"].psnr_db, abs=0.1)

    def test_values_that_are_not_finite_are_refused(self):
        with pytest.raises(RisError, match="not finite"):
            Judge(sample(held_out=())).card(Broken())

    def test_it_stops_when_the_person_gives_up(self):
        stop = StopSignal()

        def on_progress(progress):
            stop.cancelled = progress.done > 0

        with pytest.raises(Cancelled):
            Judge(sample(), workers=1, stop=stop, on_progress=on_progress).card(Grid())


class TestRows:
    def test_a_small_collection_is_searched_as_a_whole(self):
        assert choose_rows(5, np.array([3, 1])).tolist() == [0, 1, 2, 3, 4]

    def test_of_a_large_one_a_sample_with_the_held_out(self, monkeypatch):
        monkeypatch.setattr(evaluation, "MOST_PICTURES", 100)
        held_out = np.arange(0, 1000, 50)
        rows = choose_rows(1000, held_out, seed=1)
        assert len(rows) == 100
        assert (np.diff(rows) > 0).all()
        assert np.isin(held_out, rows).all()
        assert (rows == choose_rows(1000, held_out, seed=1)).all()
        assert (rows != choose_rows(1000, held_out, seed=2)).any()

    def test_without_pictures_there_are_none(self):
        assert choose_rows(0, np.empty(0, np.int64)).tolist() == []


def line(*degrees):
    """Directions in the plane."""
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def codes(*labels):
    return np.array(labels, np.int32)


class TestLabelScores:
    def test_the_numbers_are_those_on_paper(self):
        # label 0 at 0 … 11 degrees, label 1 at 20 … 31; 14.1 is nearest to
        # 6 … 11 and 20 … 23
        database = line(*range(12), *range(20, 32))
        labels = codes(*[0] * 12, *[1] * 12)
        precision, vote = label_scores(database, labels, line(0, 14.1), codes(0, 0))
        assert precision == pytest.approx((1.0 + 0.6) / 2)
        assert vote == 1.0
        precision, vote = label_scores(database, labels, line(14.1), codes(1))
        assert (precision, vote) == (pytest.approx(0.4), 0.0)

    def test_of_labels_as_frequent_the_nearer_one_is_guessed(self):
        database = line(1, 2, 30, -40)
        assert label_scores(database, codes(7, 7, 3, 3), line(0), codes(7))[1] == 1.0
        assert label_scores(database, codes(3, 7, 3, 7), line(0), codes(3))[1] == 1.0

    def test_twenty_vote(self):
        database = line(*range(6), *range(10, 24), *range(40, 60))
        labels = codes(*[1] * 6, *[0] * 14, *[1] * 20)
        precision, vote = label_scores(database, labels, line(0), codes(0))
        assert (precision, vote) == (pytest.approx(0.4), 1.0)

    def test_more_votes_win_over_nearer_ones(self):
        found = label_scores(line(0, 1, 78, 79, 80), codes(1, 1, 0, 0, 0), line(0), codes(0))
        assert found == (pytest.approx(0.6), 1.0)

    def test_few_neighbours_are_all_that_count(self):
        assert label_scores(line(0, 90), codes(1, 2), line(10), codes(1)) == (0.5, 1.0)

    def test_what_has_no_label_is_left_out(self):
        found = label_scores(line(0, 1, 90), codes(2, -1, 2), line(0, 5), codes(2, -1))
        assert found == (1.0, 1.0)

    @pytest.mark.parametrize(
        ("known", "wanted"), [((-1, -1), (0, 0)), ((0, 0), (-1, -1)), ((), ()), ((0, 0), ())]
    )
    def test_without_labels_there_is_nothing_to_tell(self, known, wanted):
        database, queries = line(*range(len(known))), line(*range(len(wanted)))
        found = label_scores(database, codes(*known), queries, codes(*wanted))
        assert found == (None, None)

    def test_a_label_that_nothing_else_has_is_never_right(self):
        assert label_scores(line(0, 1), codes(1, 1), line(0), codes(99)) == (0.0, 0.0)

    def test_ties_share_the_places(self):
        database, labels = line(*[0] * 40), codes(*[0] * 10, *[1] * 30)
        precision, vote = label_scores(database, labels, line(0, 0), codes(0, 1))
        assert precision == pytest.approx((0.25 + 0.75) / 2)
        assert vote == 0.5

    def test_queries_in_blocks_score_like_all_at_once(self, monkeypatch):
        random = np.random.default_rng(0)
        database, queries = (normalise(random.normal(size=(n, 5))) for n in (200, 50))
        labels, wanted = (random.integers(0, 6, n).astype(np.int32) for n in (200, 50))
        whole = label_scores(database, labels, queries, wanted)
        monkeypatch.setattr(evaluation, "_BLOCK", 1000)
        assert label_scores(database, labels, queries, wanted) == pytest.approx(whole)

    def test_memory_does_not_grow_with_queries_times_pictures(self, monkeypatch):
        monkeypatch.setattr(evaluation, "_BLOCK", 100_000)
        random = np.random.default_rng(0)
        database, queries = (normalise(random.normal(size=(n, 8))) for n in (10_000, 1_000))
        labels, wanted = (random.integers(0, 9, n).astype(np.int32) for n in (10_000, 1_000))
        tracemalloc.start()
        label_scores(database, labels, queries, wanted)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1_000 * 10_000 * 4 / 4  # bytes of all the similarities: 40 MB
