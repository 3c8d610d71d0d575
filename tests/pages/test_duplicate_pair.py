"""Which of two files is suggested."""

import pytest

from pages.parts.duplicate_pair import Suggestion, suggest
from ris.store.items import Item


def item(side: int, size: int) -> Item:
    return Item(1, "0" * 64, "/p/a.png", (), side, side, size)


@pytest.mark.parametrize(
    ("left", "right", "sharp", "expected"),
    [
        (item(20, 1), item(10, 9), (1.0, 9.0), Suggestion("left", "more pixels")),
        (item(10, 9), item(20, 1), (9.0, 1.0), Suggestion("right", "more pixels")),
        (item(10, 1), item(10, 9), (3.0, 2.0), Suggestion("left", "sharper")),
        (item(10, 9), item(10, 1), (2.0, 3.0), Suggestion("right", "sharper")),
        (item(10, 9), item(10, 1), (2.0, 2.1), Suggestion("left", "a larger file")),
        (item(10, 1), item(10, 9), (0.0, 0.0), Suggestion("right", "a larger file")),
        (item(10, 1), item(10, 1), (2.0, 2.0), Suggestion("", "")),
    ],
)
def test_pixels_then_sharpness_then_size(left, right, sharp, expected):
    assert suggest(left, right, sharp) == expected
