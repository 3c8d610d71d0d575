"""The Python side of the grid: what it believes of a browser."""

from __future__ import annotations

import math

import pytest

from pages.parts.hit_grid import GridEvent, read_event


@pytest.mark.parametrize(
    ("sent", "event"),
    [
        ({"kind": "similar", "key": 7}, GridEvent("similar", (7,))),
        ({"kind": "open", "key": 7.0}, GridEvent("open", (7,))),
        ({"kind": "more"}, None),
        ({"kind": "together", "keys": [3, 1.0, 3]}, GridEvent("together", (3, 1))),
        ({"kind": "collect", "keys": [3]}, GridEvent("collect", (3,))),
        (None, None),
        ({"kind": "delete", "key": 7}, None),
        ({"kind": "open", "key": "7"}, None),
        ({"kind": "open", "key": math.nan}, None),
        ({"kind": "open", "key": 2.5}, None),
        ({"kind": "open", "key": -1}, None),
        ({"kind": "open", "key": 1e30}, None),
        ({"kind": "together", "keys": []}, None),
        ({"kind": "together", "keys": [1, "2"]}, None),
        ({"kind": "together", "keys": [1, math.inf]}, None),
        ({"kind": "together", "keys": list(range(5000))}, None),
    ],
)
def test_only_events_that_make_sense_are_believed(sent: object, event: GridEvent | None) -> None:
    assert read_event(sent) == event
