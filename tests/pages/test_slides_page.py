"""What the Slides page sends to the browser and takes from it."""

import numpy as np
import pytest

from pages.parts import words
from pages.parts.picture_dialog import facts, file_name
from pages.parts.slide_view import inside, painted, read_event
from ris.explore.heat import heat
from ris.explore.slides import Slide
from ris.images.parts import Box
from ris.store.items import Item


def slide_of(boxes: list[tuple[int, int, int, int]]) -> Slide:
    array = np.array(boxes, np.int64)
    right, bottom = (array[:, :2] + array[:, 2:]).max(axis=0)
    return Slide("/s.tif", int(right), int(bottom), np.arange(len(boxes)), array)


def test_heat_lies_where_the_patches_lie():
    slide = slide_of([(0, 0, 10, 10), (10, 0, 10, 10), (20, 10, 10, 10)])
    found = heat(slide, np.array([0.1, 0.2, 0.3], np.float32))
    assert found.shape == (2, 3)
    assert found[0, :2] == pytest.approx([0.1, 0.2])
    assert found[1, 2] == pytest.approx(0.3)
    assert np.isnan(found[1, :2]).all()


def test_where_patches_overlap_heat_is_their_mean():
    slide = slide_of([(0, 0, 20, 10), (10, 0, 20, 10), (20, 0, 20, 10)])
    found = heat(slide, np.array([0.0, 0.2, 0.4], np.float32))
    assert found[0] == pytest.approx([0.0, 0.1, 0.3, 0.4])


def test_a_huge_slide_has_a_small_raster():
    corners = [(x, 0, 128, 128) for x in range(0, 400_000, 64)]
    found = heat(slide_of(corners), np.zeros(len(corners), np.float32))
    assert max(found.shape) <= 1024


def test_the_nearest_is_light_and_what_is_left_out_is_clear():
    colours = painted(np.array([[0.1, 0.5, 0.9, np.nan]], np.float32))
    light = colours[0, :, :3].sum(axis=1)
    assert light[0] > light[1] >= light[2]
    assert colours[0, :, 3].tolist() == [255, 255, 255, 0]
    assert painted(np.full((2, 2), np.nan, np.float32))[..., 3].max() == 0


SLIDE = slide_of([(0, 0, 100, 50)])


def test_what_the_browser_sends_is_checked():
    assert read_event({"kind": "click", "x": 3, "y": 4.5}, SLIDE).point == (3.0, 4.5)
    assert read_event({"kind": "box", "box": [-5, 10, 50, 900]}, SLIDE).box == Box(0, 10, 45, 40)
    for wrong in (
        None,
        {"kind": "click", "x": "3", "y": 4},
        {"kind": "click", "x": float("nan"), "y": 4},
        {"kind": "box", "box": [1, 2, 3]},
        {"kind": "box", "box": [1, 2, "3", 4]},
        {"kind": "other"},
    ):
        assert read_event(wrong, SLIDE) is None


def test_a_box_outside_is_none():
    assert inside(SLIDE, Box(200, 0, 5, 5)) is None
    assert inside(SLIDE, Box(99, 49, 5, 5)) == Box(99, 49, 1, 1)


def test_a_patch_is_told_as_one():
    path = "/scans/a b.tif#xywh=1280,64,128,128"
    told = {"parent": "/scans/a b.tif", "x": 1280, "y": 64, "w": 128, "h": 128, "stain": "HE"}
    item = Item(3, "0" * 64, path, ("liver",), 128, 128, 10**9, told)
    assert words.name(path) == "a b.tif at 1,280, 64"
    known = facts(item)
    assert known["Place"] == "1,280 across, 64 down in the slide"
    assert known["stain"] == "HE"
    assert {"parent", "x", "w"}.isdisjoint(known)
    assert "GB" not in known["Size"]
    assert file_name(path, "image/jpeg") == "a b 1280 64.jpeg"
    assert file_name("/p/a.png", "image/png") == "a.png"
