"""The Python side of the map: its legend, and what it believes of a browser."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pages.parts.map_view import LEGEND_LABELS, MapEvent, legend_of, read_event
from ris.explore.results import Points


def points(labels: list[int], names: tuple[str, ...]) -> Points:
    count = len(labels)
    place = np.zeros(count, np.float32)
    return Points(np.arange(count), place, place, np.array(labels, np.int32), names)


def test_the_most_frequent_label_comes_first() -> None:
    legend = legend_of(points([0, 1, 1, -1], ("cat", "dog", "never used")))
    named = [(entry["kind"], entry["name"], entry["count"]) for entry in legend]
    assert named[:2] == [("label", "dog", 2), ("label", "cat", 1)]
    assert named[-1] == ("none", "No label", 1)


def test_labels_beyond_the_colours_are_one_entry() -> None:
    legend = legend_of(points([*range(30), 29], tuple(f"label {i}" for i in range(30))))
    assert [entry["kind"] for entry in legend] == ["label"] * LEGEND_LABELS + ["other", "none"]
    assert legend[0]["name"] == "label 29"
    assert legend[-2]["name"] == "18 other labels"
    assert sum(int(str(entry["count"])) for entry in legend) == 31


@pytest.mark.parametrize("labels", [[], [-1, -1]])
def test_a_map_without_labels_has_one_colour(labels: list[int]) -> None:
    legend = legend_of(points(labels, ()))
    assert [(entry["kind"], entry["count"]) for entry in legend] == [("all", len(labels))]


@pytest.mark.parametrize(
    ("sent", "event"),
    [
        ({"kind": "click", "key": 7}, MapEvent("click", 7, ())),
        ({"kind": "click", "key": 7.0}, MapEvent("click", 7, ())),
        (
            {"kind": "lasso", "polygon": [[0, 0.5], [1, 0], [1, 1]]},
            MapEvent("lasso", None, ((0.0, 0.5), (1.0, 0.0), (1.0, 1.0))),
        ),
        ({"kind": "lasso", "polygon": []}, MapEvent("lasso", None, ())),
        (None, None),
        ({}, None),
        ("click", None),
        ({"kind": "click", "key": "7"}, None),
        ({"kind": "click", "key": math.nan}, None),
        ({"kind": "lasso", "polygon": [[0, 0], [1, math.inf]]}, None),
        ({"kind": "lasso", "polygon": [[0, 0, 0]]}, None),
        ({"kind": "lasso", "polygon": [[0, 0]] * 5001}, None),
        ({"kind": "drop tables"}, None),
    ],
)
def test_only_events_that_make_sense_are_believed(sent: object, event: MapEvent | None) -> None:
    assert read_event(sent) == event
