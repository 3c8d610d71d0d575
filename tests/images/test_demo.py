"""The demo collection: the same pictures everywhere, and families told apart by shapes only."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ris.images.demo import FAMILIES, SIZE, draw

_EACH = 12
# Measured: about 0.2 for both; chance is 0.06.
_BOUND = 0.4

_HASH = """
import hashlib, sys
from ris.images.demo import draw
print(*(hashlib.sha256(draw(f, 3, seed=5).tobytes()).hexdigest() for f in sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def pictures() -> dict[str, list[Image.Image]]:
    return {family: [draw(family, number) for number in range(_EACH)] for family in FAMILIES}


def test_there_are_at_least_twelve_families() -> None:
    assert len(set(FAMILIES)) == len(FAMILIES) >= 12
    assert all(family == family.lower() and family.isalpha() for family in FAMILIES)


def test_pictures_are_upright_rgb_of_the_stated_size(
    pictures: dict[str, list[Image.Image]],
) -> None:
    for family in FAMILIES:
        assert all(picture.mode == "RGB" for picture in pictures[family])
        assert all(picture.size == (SIZE, SIZE) for picture in pictures[family])


def test_the_same_arguments_give_the_same_bytes_in_a_fresh_process() -> None:
    here = [hashlib.sha256(draw(family, 3, seed=5).tobytes()).hexdigest() for family in FAMILIES]
    command = [sys.executable, "-c", _HASH, *FAMILIES]
    fresh = subprocess.run(command, capture_output=True, text=True, check=True)
    assert fresh.stdout.split() == here


def test_every_number_gives_another_picture(pictures: dict[str, list[Image.Image]]) -> None:
    every = [picture.tobytes() for family in FAMILIES for picture in pictures[family]]
    assert len(set(every)) == len(every)


def test_another_seed_gives_other_pictures(pictures: dict[str, list[Image.Image]]) -> None:
    for family in FAMILIES:
        assert draw(family, 0, seed=1).tobytes() != pictures[family][0].tobytes()


def test_pictures_are_neither_flat_nor_clipped(pictures: dict[str, list[Image.Image]]) -> None:
    for family in FAMILIES:
        for picture in pictures[family]:
            values = np.asarray(picture)
            assert values.std() > 8
            assert ((values == 0) | (values == 255)).mean() < 0.5


def test_an_unknown_family_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unicorns") as caught:
        draw("unicorns", 0)
    assert all(family in str(caught.value) for family in FAMILIES)


@pytest.mark.parametrize("kind", ["colours", "pixels"])
def test_simple_features_do_not_sort_the_families(
    pictures: dict[str, list[Image.Image]], kind: str
) -> None:
    describe = _colours if kind == "colours" else _pixels
    features = np.stack([describe(picture) for family in FAMILIES for picture in pictures[family]])
    labels = np.repeat(np.arange(len(FAMILIES)), _EACH)
    squares = (features**2).sum(axis=1)
    distances = squares[:, None] + squares[None, :] - 2 * features @ features.T
    np.fill_diagonal(distances, np.inf)
    assert (labels[distances.argmin(axis=1)] == labels).mean() < _BOUND


def _colours(picture: Image.Image) -> NDArray[np.float64]:
    bins = np.asarray(picture).reshape(-1, 3).astype(int) // 64 @ np.array([16, 4, 1])
    return np.bincount(bins, minlength=64) / len(bins)


def _pixels(picture: Image.Image) -> NDArray[np.float64]:
    small = picture.resize((32, 32), Image.Resampling.BOX)
    return np.asarray(small, np.float64).ravel() / 255
