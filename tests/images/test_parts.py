"""Names and places of patches."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ris.errors import RisError
from ris.images.names import escape, unescape
from ris.images.parts import COLUMNS, Box, Tiling, columns_of, file_of, part_path, split_part

SIDES = st.integers(1, 300)


@settings(deadline=None)
@given(SIDES, SIDES, st.integers(16, 200), st.data())
def test_patches_cover_the_picture_and_lie_inside(width, height, side, data):
    tiling = Tiling(side, data.draw(st.integers(-(-side // 8), side)))
    boxes = list(tiling.windows(width, height))
    assert len(boxes) == len(set(boxes)) == tiling.count(width, height)
    across, down = min(side, width), min(side, height)
    assert {(box.width, box.height) for box in boxes} == {(across, down)}
    columns, rows = sorted({box.x for box in boxes}), sorted({box.y for box in boxes})
    assert columns[0] == rows[0] == 0
    assert (columns[-1] + across, rows[-1] + down) == (width, height)
    for starts in (columns, rows):
        steps = [b - a for a, b in pairwise(starts)]
        assert all(0 < step <= tiling.stride for step in steps)


@given(st.text(min_size=1), st.tuples(*[st.integers(0, 99_999)] * 4))
def test_a_part_is_told_from_its_name(name, box):
    path = escape("/pictures/" + name)
    assert split_part(path) == (path, None)
    assert split_part(part_path(path, Box(*box))) == (path, Box(*box))
    if "\0" not in name:
        assert file_of(part_path(path, Box(*box))) == unescape(path)


def test_a_file_that_is_named_like_a_part_is_none():
    path = escape("/pictures/a.png#xywh=0,0,8,8")
    assert split_part(path) == (path, None)
    assert str(unescape(path)) == "/pictures/a.png#xywh=0,0,8,8"


def test_the_columns_of_a_patch():
    told = columns_of("/pictures/a.tif#xywh=1,2,3,4")
    assert told == {"parent": "/pictures/a.tif", "x": 1, "y": 2, "w": 3, "h": 4}
    assert told.keys() == COLUMNS.keys()
    assert columns_of("/pictures/a.tif") == {}


@pytest.mark.parametrize("wrong", [(8, 8), (5000, 5000), (64, 7), (64, 65), (64, 64, 200)])
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(RisError):
        Tiling(*wrong)
