"""What points are coloured by: codes and legends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pages.parts.colours import CATEGORIES, NO_NUMBER, STEPS, paint, painted, painted_as, usual
from ris.errors import RisError
from ris.explore.colourings import Colouring
from ris.explore.results import Points


def categories(codes: list[int], names: tuple[str, ...]) -> Colouring:
    nothing = np.full(len(codes), np.nan, np.float32)
    return Colouring("label", "categories", names, np.array(codes, np.int32), nothing)


def numbers(values: list[float]) -> Colouring:
    no_codes = np.full(len(values), -1, np.int32)
    return Colouring("price", "numbers", (), no_codes, np.array(values, np.float32), "bytes")


def test_the_most_frequent_category_has_the_first_colour() -> None:
    found = paint(categories([0, 1, 1, -1], ("cat", "dog", "never used")))
    assert found.codes.tolist() == [1, 0, 0, 3]
    assert found.legend["entries"] == [
        {"kind": "category", "name": "dog", "count": 2, "code": 0},
        {"kind": "category", "name": "cat", "count": 1, "code": 1},
        {"kind": "none", "name": "No label", "count": 1, "code": 3},
    ]


def test_categories_beyond_the_colours_are_one_entry() -> None:
    found = paint(categories([*range(30), 29], tuple(f"label {i}" for i in range(30))))
    entries = found.legend["entries"]
    assert isinstance(entries, list)
    assert [entry["kind"] for entry in entries] == ["category"] * CATEGORIES + ["other"]
    assert entries[0]["name"] == "label 29"
    assert entries[-1] == {"kind": "other", "name": "18 others", "count": 18, "code": CATEGORIES}
    assert np.bincount(found.codes).tolist() == [entry["count"] for entry in entries]


@pytest.mark.parametrize("codes", [[], [-1, -1]])
def test_points_without_any_category_have_one_colour(codes: list[int]) -> None:
    found = paint(categories(codes, ()))
    assert found.codes.tolist() == [0] * len(codes)
    assert found.legend["entries"] == [
        {"kind": "all", "name": "Pictures", "count": len(codes), "code": 0}
    ]


def test_numbers_are_steps_from_the_lowest_to_the_highest() -> None:
    found = paint(numbers([0, 50, 100, np.nan, np.inf]))
    assert found.codes.tolist() == [0, STEPS // 2, STEPS - 1, NO_NUMBER, NO_NUMBER]
    told = {name: found.legend[name] for name in ("kind", "unit", "least", "most", "without")}
    assert told == {"kind": "numbers", "unit": "bytes", "least": 0, "most": 100, "without": 2}


def test_one_outlier_does_not_grey_all_the_others() -> None:
    found = paint(numbers([*np.linspace(0, 1, 999), 1e9]))
    assert len(np.unique(found.codes)) > 200
    assert float(str(found.legend["high"])) < 2
    assert found.legend["most"] == 1e9


@pytest.mark.parametrize("values", [[], [np.nan], [3, 3, 3]])
def test_numbers_that_do_not_differ_are_no_trouble(values: list[float]) -> None:
    assert len(paint(numbers(values)).codes) == len(values)


class Colours:
    """Something that is coloured by tags, which people change."""

    def __init__(self) -> None:
        self.tag(0, 0, version="1")

    def tag(self, *codes: int, version: str) -> None:
        self.now = replace(categories([*codes], ("keep",)), version=version)

    def colourings(self) -> tuple[str, ...]:
        return ("tag",)

    def colouring(self, name: str) -> Colouring:
        return replace(self.now)

    def points(self) -> Points:
        places = np.zeros(2, np.float32)
        return Points(np.arange(2), places, places, np.array([0, 0], np.int32), ())


def test_a_colouring_is_painted_once_for_a_version() -> None:
    explorer = Colours()
    first = painted(explorer, "tag")
    assert painted(explorer, "tag") is first
    explorer.tag(0, -1, version="2")
    assert painted(explorer, "tag").digest != first.digest


def test_a_tab_still_gets_the_colours_that_it_was_told_of() -> None:
    explorer = Colours()
    first = painted(explorer, "tag")
    explorer.tag(0, -1, version="2")
    second = painted(explorer, "tag")
    assert painted_as(explorer, "tag", first.digest) is first
    assert painted_as(explorer, "tag", second.digest) is second
    with pytest.raises(RisError, match="changed"):
        painted_as(explorer, "tag", "0000000000000000")


def test_without_labels_all_points_have_one_colour() -> None:
    explorer = Colours()
    found = painted(explorer, usual(explorer))
    assert found.codes.tolist() == [0, 0]
    assert painted(explorer, usual(explorer)) is found
