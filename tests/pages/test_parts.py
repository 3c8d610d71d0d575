"""What the pages put into words and pictures."""

import numpy as np
import pytest

from pages.parts import gallery, picture_dialog, reconstructions, training
from ris.explore.results import Points
from ris.store.items import Item


def test_two_pictures_stand_side_by_side_with_a_clear_gap():
    seen, drawn = np.full((32, 32, 3), 10, np.uint8), np.full((32, 32, 3), 200, np.uint8)
    pair = reconstructions.side_by_side(seen, drawn)
    assert pair.shape == (32, 66, 4)
    assert (pair[:, :32, :3] == 10).all()
    assert (pair[:, 34:, :3] == 200).all()
    assert (pair[:, 32:34, 3] == 0).all()
    assert (np.delete(pair, [32, 33], axis=1)[..., 3] == 255).all()


def test_labels_inside_a_lasso_come_most_frequent_first():
    keys = np.arange(6)
    place = np.zeros(6, np.float32)
    points = Points(keys, place, place, np.array([1, 0, 1, -1, 1, 0]), ("cat", "dog"))
    assert gallery.labels_inside(points, [0, 1, 2, 3]) == "dog 2, cat 1"
    assert gallery.labels_inside(points, [3]) == ""


def test_many_labels_are_summed_up():
    keys = np.arange(10)
    place = np.zeros(10, np.float32)
    points = Points(keys, place, place, keys.astype(np.int32), tuple("abcdefghij"))
    assert gallery.labels_inside(points, keys.tolist()).endswith(" and 2 more labels")


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


@pytest.mark.parametrize(
    ("labels", "name"), [(("cat",), "Label"), (("cat", "dog"), "Labels"), ((), None)]
)
def test_facts_of_an_item(labels, name):
    item = Item(7, "0" * 64, "cats/a_b.png", labels, 1200, 800, 5, {"price": 3.5, "note": None})
    facts = picture_dialog.facts(item, 0.35)
    assert facts["File"] == r"cats/a\_b\.png"
    assert facts["Size"] == r"1,200 × 800 pixels"
    assert facts["Distance"] == r"0\.350, alike"
    assert facts["price"] == r"3\.5"
    assert "note" not in facts
    assert {key for key in facts if key.startswith("Label")} == ({name} if name else set())
