"""What the pages put into words and pictures."""

from datetime import UTC, datetime

import numpy as np
import pytest

from pages.parts import gallery, picture_dialog, places, redrawn, training
from pages.parts.hit_grid import Card
from ris.explore.regions import Region
from ris.explore.results import Points
from ris.store.items import Item


def test_two_pictures_stand_side_by_side_with_a_clear_gap():
    seen, drawn = np.full((32, 32, 3), 10, np.uint8), np.full((32, 32, 3), 200, np.uint8)
    pair = redrawn.side_by_side(seen, drawn)
    assert pair.shape == (32, 66, 4)
    assert (pair[:, :32, :3] == 10).all()
    assert (pair[:, 34:, :3] == 200).all()
    assert (pair[:, 32:34, 3] == 0).all()
    assert (np.delete(pair, [32, 33], axis=1)[..., 3] == 255).all()


def some_points(labels, names):
    count = len(labels)
    place = np.zeros(count, np.float32)
    return Points(np.arange(count) * 2, place, place, np.array(labels, np.int32), names)


def test_labels_inside_a_lasso_come_most_frequent_first():
    points = some_points([1, 0, 1, -1, 1, 0], ("cat", "dog"))
    assert gallery.labels_inside(points, np.array([0, 2, 4, 6])) == {
        "dog": 2,
        "cat": 1,
        gallery.NO_LABEL: 1,
    }
    assert gallery.labels_inside(points, np.array([6])) == {gallery.NO_LABEL: 1}
    assert gallery.labels_inside(points, np.array([99])) == {gallery.NO_LABEL: 1}  # not on the map


def test_only_some_labels_are_shown():
    points = some_points([1, 0, 1, -1, 1, 0], ("cat", "dog"))
    keys = np.array([0, 2, 4, 6])
    assert gallery.only(points, keys, ["dog"]).tolist() == [0, 4]
    assert gallery.only(points, keys, [gallery.NO_LABEL, "cat"]).tolist() == [2, 6]
    assert gallery.only(points, keys, ["another collection's"]).tolist() == []


def region(name, count):
    return Region(name, tuple(range(count)), 0, 0)


@pytest.mark.parametrize(
    ("regions", "count", "words"),
    [
        ([], 12, ""),
        ([region("cats", 12)], 12, ""),
        (
            [region("cats", 8), region("dogs", 4)],
            12,
            "The nearest pictures lie in 2 places on the map: 8 in “cats”, 4 in “dogs”.",
        ),
        (
            [region("cats", 6), region("cats", 3), region("", 2)],
            12,
            "The nearest pictures lie in 3 places on the map: 6 in “cats”, 3 in another part of "
            "“cats”, 2 in one; 1 lies elsewhere.",
        ),
        (
            [region("a*b", 5), region("b", 5)],
            12,
            "The nearest pictures lie in 2 places on the map: "
            r"5 in “a\*b”, 5 in “b”; 2 lie elsewhere.",
        ),
    ],
)
def test_places_on_the_map_in_words(regions, count, words):
    assert places.sentence(regions, count) == words


def test_facts_of_a_training_are_words_and_those_unknown_are_left_out():
    assert training.training_facts({}) == {}
    facts = training.training_facts(
        {
            "objective": "reconstruction",
            "pictures": 1989,
            "held_out": 221,
            "steps": 87,
            "seconds": 31.2,
            "settings": {"minutes": 0.5, "batch": 128, "seed": 0},
            "network": {"size": 64},
        }
    )
    assert facts["Trained on"] == "1,989 pictures"
    assert facts["Learnt in"] == "87 steps of 128 pictures"
    assert facts["Time given"] == "30 s"
    assert facts["Sees pictures at"] == "64 × 64 pixels"


def test_the_base_encoder_was_not_trained_so_nothing_is_told_of_training():
    told = {
        "objective": "base encoder, untouched",
        "settings": {"minutes": 0},
        "network": {"size": 64},
        "seconds": 0.0,
        "pictures": 0,
        "history": [],
    }
    assert training.is_untouched(told)
    assert not training.is_untouched({"objective": "contrastive"})
    assert not training.is_untouched({})
    assert set(training.training_facts(told)) == {"Objective", "Sees pictures at"}


COLUMNS = {
    "price": 3.5,
    "sold": False,
    "taken": datetime(2020, 12, 15, tzinfo=UTC),
    "seen": datetime(2020, 12, 15, 9, 30, tzinfo=UTC),
    "note": None,
}


@pytest.mark.parametrize(
    ("labels", "name"), [(("cat",), "Label"), (("cat", "dog"), "Labels"), ((), None)]
)
def test_facts_of_an_item(labels, name):
    item = Item(7, "0" * 64, "cats/a_b.png", labels, 1200, 800, 5, COLUMNS)
    facts = picture_dialog.facts(item, Card(7, "b.png", "alike", "0.350", labels))
    assert facts["File"] == r"cats/a\_b\.png"
    assert facts["Size"] == r"1,200 × 800 pixels, 5 bytes"
    assert facts["Distance"] == r"0\.350, alike"
    assert facts["price"] == r"3\.5"
    assert facts["sold"] == "no"
    assert facts["taken"] == r"2020\-12\-15"
    assert facts["seen"] == r"2020\-12\-15 09\:30"
    assert "note" not in facts
    assert {key for key in facts if key.startswith("Label")} == ({name} if name else set())
