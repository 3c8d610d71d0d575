"""Which points lie inside a polygon, against a plain oracle."""

import numpy as np
import pytest

from ris.explore.polygon import inside


def oracle(point, polygon):
    """Winding number by summed angles: nothing in common with the code under test."""
    away = polygon - point
    angles = np.arctan2(away[:, 1], away[:, 0])
    turns = np.diff(np.append(angles, angles[0]))
    turns = (turns + np.pi) % (2 * np.pi) - np.pi
    return abs(turns.sum()) > np.pi


@pytest.mark.parametrize("corners", [3, 4, 7, 30])
def test_star_shaped_polygons(corners):
    random = np.random.default_rng(corners)
    angles = np.sort(random.uniform(0, 2 * np.pi, corners))
    radii = random.uniform(0.3, 1, corners)
    polygon = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
    points = random.uniform(-1, 1, (400, 2)).astype(np.float32)
    expected = [oracle(point, polygon) for point in points]
    assert inside(points, polygon).tolist() == expected
    assert inside(points, polygon[::-1]).tolist() == expected


def test_a_hollow_is_outside():
    polygon = np.array([(0, 0), (9, 0), (9, 9), (6, 9), (6, 3), (3, 3), (3, 9), (0, 9)], float)
    points = np.array([(1, 8), (4.5, 8), (8, 8), (4.5, 1), (-1, 1)], np.float32)
    assert inside(points, polygon).tolist() == [True, False, True, True, False]


@pytest.mark.parametrize("polygon", [[], [(0, 0)], [(0, 0), (9, 9)]])
def test_less_than_a_triangle_holds_nothing(polygon):
    points = np.zeros((3, 2), np.float32)
    assert not inside(points, np.asarray(polygon, float)).any()


def test_no_points_are_inside_nothing():
    triangle = np.array([(0, 0), (1, 0), (0, 1)], float)
    assert inside(np.empty((0, 2), np.float32), triangle).shape == (0,)


def test_a_lasso_that_crosses_itself_around_many_points():
    random = np.random.default_rng(1)
    polygon = random.uniform(-1, 1, (41, 2))
    points = random.uniform(-1.2, 1.2, (3_000, 2)).astype(np.float32)
    even_odd = np.zeros(len(points), bool)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        for i, (x, y) in enumerate(points.astype(float)):
            if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
                even_odd[i] ^= True
    assert inside(points, polygon).tolist() == even_odd.tolist()
