"""The small picture of an item's place on the map."""

from __future__ import annotations

import re
from base64 import b64decode

import numpy as np

from pages.parts.place_view import HEIGHT, SHARP, WIDTH, drawing, pixels_of
from ris.explore.projection import Place
from ris.explore.results import Points
from ris.images.decode import decode


def points_at(x: list[float], y: list[float]) -> Points:
    count = len(x)
    sides = (np.array(side, np.float32) for side in (x, y))
    return Points(np.arange(count), *sides, np.zeros(count, np.int32), ("a",))


def test_all_points_are_in_the_frame_and_the_map_keeps_its_shape_and_its_way_up() -> None:
    points = points_at([0, 10, 10], [0, 0, 40])
    low, right, high = pixels_of(points, [Place(0, 0, 0.0), Place(10, 0, 0.0), Place(10, 40, 0.0)])
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in (low, right, high))
    assert high[1] < right[1] == low[1]
    assert abs((low[1] - high[1]) - 4 * (right[0] - low[0])) < 1


def test_points_in_one_place_are_in_the_middle() -> None:
    assert pixels_of(points_at([3, 3], [5, 5]), [Place(3, 5, 0.0)]) == [(WIDTH / 2, HEIGHT / 2)]


def test_every_point_is_on_the_ground_and_the_nearest_are_lines(explorer) -> None:
    keys = explorer.points().keys.tolist()
    places = [explorer.place_of(key) for key in keys]
    svg = drawing(explorer, places[0], places[1:9]).decode()
    assert svg.count("<line") == 8
    ground = decode(b64decode(re.search(r"base64,([^\"]+)", svg)[1]))
    assert (ground.width, ground.height) == (WIDTH * SHARP, HEIGHT * SHARP)
    grey = np.asarray(ground.image).min(axis=2) < 250  # what is clear is white where it is decoded
    for x, y in pixels_of(explorer.points(), places):
        at = slice(int(y * SHARP) - 2, int(y * SHARP) + 3), slice(int(x * SHARP) - 2, None)
        assert grey[at][:, :5].any()
