"""Whether the nearest pictures lie together on the map."""

import numpy as np
import pytest

from ris.explore.regions import diagonal_of, regions
from ris.explore.results import Hit
from ris.store.items import Item


def hits(*labels):
    items = [
        Item(10 + n, "", f"{n}.png", (one,) if one else (), 1, 1) for n, one in enumerate(labels)
    ]
    return [Hit(rank, item, 0.1 * rank) for rank, item in enumerate(items, start=1)]


def told(found):
    return [(region.name, len(region.keys)) for region in found]


def at(*xs):
    return np.array([[x, 0] for x in xs], np.float32)


def test_neighbours_that_lie_together_are_one_place():
    found = regions(hits("a", "a", "a"), at(0, 0.5, 1.0), ["", "", ""], 10)
    assert told(found) == [("a", 3)]


def test_neighbours_far_apart_are_several_places_the_fullest_first():
    found = regions(hits(*"baaab"), at(50, 0, 0.5, 1, 50), ["west"] * 5, 100)
    assert told(found) == [("west", 3), ("west", 2)]
    assert [region.keys for region in found] == [(11, 12, 13), (10, 14)]
    assert (found[0].x, found[1].x) == (pytest.approx(0.5), pytest.approx(50))


def test_steps_of_which_each_is_short_lead_to_one_place():
    assert told(regions(hits(*"aaaa"), at(3, 0, 2, 1), [""] * 4, 13)) == [("a", 4)]


def test_a_lone_neighbour_is_no_place():
    assert told(regions(hits(*"aab"), at(0, 0, 90), [""] * 3, 100)) == [("a", 2)]
    many = regions(hits(*"a" * 20), at(*[0] * 18, 90, 90), [""] * 20, 100)
    assert told(many) == [("a", 18)]


def test_a_place_is_named_by_its_cluster_or_else_by_its_label():
    clusters = ["west", "west", "", "", "", ""]
    found = regions(hits("a", "b", "c", "c", "d", "e"), at(0, 0, 50, 50, 99, 99), clusters, 100)
    assert told(found) == [("west", 2), ("c", 2), ("d", 2)]
    assert told(regions(hits("", ""), at(0, 0), ["", ""], 10)) == [("", 2)]


def test_without_hits_there_is_no_place():
    assert regions([], np.empty((0, 2), np.float32), [], 10) == ()


def test_the_diagonal_leaves_out_what_lies_far_off():
    grid = np.stack(np.meshgrid(np.arange(100), np.arange(100)), -1).reshape(-1, 2)
    far = np.concatenate([grid, [[1e6, 1e6]]]).astype(np.float32)
    assert diagonal_of(far) == pytest.approx(diagonal_of(grid.astype(np.float32)), rel=0.02)
    assert diagonal_of(np.empty((0, 2), np.float32)) == 0


def test_a_collection_tells_where_its_hits_lie(explorer):
    result = explorer.similar(3, k=12)
    found = explorer.regions(result.hits)
    assert sum(len(region.keys) for region in found) <= 12
    assert {key for region in found for key in region.keys} <= {h.item.key for h in result.hits}
