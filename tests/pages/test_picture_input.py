"""Example pictures to start from."""

import numpy as np

from pages.parts.picture_input import example_keys

KEYS = np.arange(100, 160)
LABELS = np.repeat([0, 1, 2, -1], [40, 10, 5, 5])


def test_every_label_comes_once_before_any_comes_twice():
    chosen = example_keys(KEYS, LABELS, 8, seed=1)
    labels = [int(LABELS[key - 100]) for key in chosen]
    assert sorted(labels[:4]) == [-1, 0, 1, 2]
    assert sorted(labels[4:]) == [-1, 0, 1, 2]


def test_no_picture_comes_twice_and_there_may_be_fewer():
    assert len(set(example_keys(KEYS, LABELS, 30, seed=2))) == 30
    assert sorted(example_keys(KEYS[:3], LABELS[:3], 12, seed=0)) == [100, 101, 102]
    assert example_keys(KEYS[:0], LABELS[:0], 12, seed=0) == []


def test_another_seed_shows_others():
    assert example_keys(KEYS, LABELS, 8, seed=1) == example_keys(KEYS, LABELS, 8, seed=1)
    assert example_keys(KEYS, LABELS, 8, seed=1) != example_keys(KEYS, LABELS, 8, seed=2)
