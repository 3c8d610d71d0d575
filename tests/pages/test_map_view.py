"""The Python side of the map: where it says that hits lie, and what it believes of a browser."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pages.parts import map_view as map_view_module
from pages.parts.map_view import MapEvent, _on_map, read_event
from ris.explore.results import Points


def test_hits_are_found_on_the_map_by_key_and_keep_their_ranks() -> None:
    places = np.array([1, 2, 3], np.float32)
    points = Points(np.array([5, 7, 9]), places, -places, np.zeros(3, np.int32), ("a",))
    found = _on_map(points, np.array([4, 5, 6], np.uint8), [9, 6, 5, 99])
    assert found == [
        {"key": 9, "x": 3.0, "y": -3.0, "code": 6, "rank": 1},
        {"key": 5, "x": 1.0, "y": -1.0, "code": 4, "rank": 3},
    ]
    nowhere = np.empty(0, np.float32)
    empty = Points(np.empty(0, np.int64), nowhere, nowhere, np.empty(0, np.int32), ())
    assert _on_map(empty, np.empty(0, np.uint8), [1]) == []


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


def test_no_more_are_marked_than_can_be_drawn_one_by_one() -> None:
    assert map_view_module._some(None) == ()
    assert map_view_module._some(np.array([3, 7])) == [3, 7]
    some = map_view_module._some(np.arange(100_000))
    assert len(some) == map_view_module.MOST_CHOSEN
    assert (some[0], some[-1]) == (0, 99_999)
