"""The Python side of the grid: what it believes of a browser."""

from __future__ import annotations

import math

import pytest

from pages.parts.hit_grid import GridEvent, read_event


@pytest.mark.parametrize(
    ("sent", "event"),
    [
        ({"kind": "similar", "key": 7}, GridEvent("similar", 7)),
        ({"kind": "open", "key": 7.0}, GridEvent("open", 7)),
        (None, None),
        ({"kind": "delete", "key": 7}, None),
        ({"kind": "open", "key": "7"}, None),
        ({"kind": "open", "key": math.nan}, None),
    ],
)
def test_only_events_that_make_sense_are_believed(sent: object, event: GridEvent | None) -> None:
    assert read_event(sent) == event
