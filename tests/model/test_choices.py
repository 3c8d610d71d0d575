"""What is decided by looking at the pictures, and that a person may decide otherwise."""

import drawn
import numpy as np
import pytest

from ris.errors import RisError
from ris.model.choices import Choices, are_grey, choose, default_minutes, have_no_up, override

random = np.random.default_rng(0)


def landscapes(count):
    """Bright above, dark below, with noise."""
    sky = np.linspace(200, 60, 64)[:, None, None] + random.normal(0, 40, (count, 64, 64, 3))
    return sky.clip(0, 255).astype(np.uint8)


def slides(count):
    """Blobs anywhere, on a ground that is brighter in the middle, as microscopes have it."""
    y, x = np.mgrid[:64, :64]
    ground = 200 - ((x - 31.5) ** 2 + (y - 31.5) ** 2) / 40
    pictures = np.repeat(ground[None, :, :, None], count, 0).repeat(3, 3)
    for picture in pictures:
        for _ in range(6):
            left, top = random.integers(0, 64, 2)
            picture[(x - left) ** 2 + (y - top) ** 2 < 40] -= (80, 120, 40)
    return (pictures + random.normal(0, 5, pictures.shape)).clip(0, 255).astype(np.uint8)


def test_photos_have_an_up_and_colours():
    found = choose(landscapes(600), {})
    assert (found.size, found.rotation, found.grey, found.colour) == (64, 10, 0.1, 0.3)
    assert not found.turned


def test_slides_have_no_up():
    assert not have_no_up(landscapes(600))
    assert have_no_up(slides(600))
    found = choose(slides(600), {})
    assert (found.turned, found.rotation, found.colour) == (True, 180, 0.5)
    assert not choose(slides(600), {"turned": "no"}).turned
    assert (
        choose(slides(600).mean(axis=3, keepdims=True).repeat(3, 3).astype(np.uint8), {}).colour
        == 0
    )


def test_three_hundred_pictures_are_enough_to_tell():
    assert have_no_up(slides(300))
    assert not have_no_up(landscapes(300))


def test_of_a_few_pictures_it_can_not_be_told():
    assert not have_no_up(slides(50))


def test_grey_pictures_have_no_colours_to_learn_from():
    grey = landscapes(50)[..., :1].repeat(3, 3)
    assert are_grey(grey)
    found = choose(grey, {})
    assert (found.colour, found.grey) == (0, 0)
    some = grey.copy()
    some[:5, ..., 0] = 250  # a tenth has colours
    assert not are_grey(some)


def test_one_picture_and_constant_ones_are_no_trouble():
    one = np.asarray(drawn.draw("bars", 0, size=(64, 64)).convert("RGB"))[None]
    assert choose(one, {}).size == 64
    assert choose(np.zeros((300, 64, 64, 3), np.uint8), {}).colour == 0


def test_a_person_decides_otherwise():
    found = override(Choices(), {"size": "96", "rotation": "45.5", "mirror": "no", "grey": "0"})
    assert found == Choices(size=96, rotation=45.5, mirror=False, grey=0)


@pytest.mark.parametrize(
    "given",
    [
        {"sizes": "64"},
        {"size": "65"},
        {"size": "16"},
        {"size": "much"},
        {"rotation": "181"},
        {"rotation": "nan"},
        {"mirror": "true"},
        {"least_area": "0"},
    ],
)
def test_what_is_of_no_use_is_refused(given):
    with pytest.raises(RisError, match=next(iter(given))):
        override(Choices(), given)


@pytest.mark.parametrize(
    ("count", "minutes"), [(0, 0.25), (200, 0.25), (1000, 1.8), (1600, 3.0), (10**6, 3.0)]
)
def test_minutes_of_training_grow_with_the_pictures(count, minutes):
    assert default_minutes(count) == minutes
