"""Altered copies: each kind does what its title says, to pictures of every shape, repeatably."""

from functools import partial

import drawn
import numpy as np
import pytest
from hostile import Deadly, Unreadable
from PIL import Image

from ris.errors import RisError
from ris.images.alterations import KINDS, LONG_SIDE, alter, alter_entry
from ris.images.decode import Picture
from ris.images.entries import DataEntry, Skipped
from ris.images.pool import map_entries

NAMES = [kind.name for kind in KINDS]


def picture(image: Image.Image) -> Picture:
    return Picture(image, *image.size)


def noise(width: int, height: int) -> Picture:
    values = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return picture(Image.fromarray(values))


def drawing(size: tuple[int, int] = (120, 90)) -> Picture:
    return picture(drawn.draw("discs", 3, size=size))


def values(altered: Picture) -> np.ndarray:
    return np.asarray(altered.image).astype(int)


def test_the_kinds_and_their_order():
    assert NAMES == [
        "jpeg",
        "half",
        "text",
        "mirror",
        "colours",
        "crop70",
        "crop50",
        "turn10",
        "turn90",
    ]


@pytest.mark.parametrize("kind", NAMES)
class TestEveryKind:
    def test_changes_the_copy_and_leaves_the_original(self, kind):
        original = noise(60, 40)
        before = values(original)
        altered = alter(original, kind, 1)
        assert (values(original) == before).all()
        assert altered.image.size != (60, 40) or (values(altered) != before).any()
        assert (altered.image.mode, altered.image.size) == ("RGB", (altered.width, altered.height))

    def test_is_the_same_with_the_same_seed(self, kind):
        one, other = (alter(noise(60, 40), kind, 2**63) for _ in range(2))
        assert one.image == other.image

    @pytest.mark.parametrize(
        "size", [(1, 1), (2, 2), (1, 3), (3, 1), (1, 3000), (3000, 1), (500, 7), (700, 600)]
    )
    def test_takes_pictures_of_every_shape(self, kind, size):
        altered = alter(noise(*size), kind, 3)
        assert min(altered.image.size) >= 1
        assert max(altered.image.size) <= LONG_SIDE

    def test_takes_a_grey_picture(self, kind):
        altered = values(alter(picture(Image.new("RGB", (40, 30), (90, 90, 90))), kind, 4))
        assert (altered.max(axis=2) - altered.min(axis=2)).max() <= 2


@pytest.mark.parametrize("kind", ["text", "colours", "crop70", "crop50", "turn10", "turn90"])
def test_other_seeds_give_other_copies(kind):
    copies = {alter(noise(60, 40), kind, seed).image.tobytes() for seed in range(12)}
    assert len(copies) > 1


def test_a_kind_that_does_not_exist_is_refused():
    with pytest.raises(RisError, match="no kind of copy 'upside'"):
        alter(drawing(), "upside", 0)


def test_jpeg_keeps_the_picture_roughly():
    original, altered = drawing(), alter(drawing(), "jpeg", 0)
    assert altered.image.size == original.image.size
    assert 0 < np.abs(values(altered) - values(original)).mean() < 15


def test_half_halves_both_sides():
    assert alter(drawing((121, 90)), "half", 0).image.size == (60, 45)


def test_mirror_twice_is_the_original():
    twice = alter(alter(drawing(), "mirror", 0), "mirror", 0)
    assert twice.image == drawing().image


@pytest.mark.parametrize(("kind", "area"), [("crop70", 0.7), ("crop50", 0.5)])
def test_a_crop_keeps_area_and_aspect_and_comes_from_anywhere(kind, area):
    across, down = np.meshgrid(np.arange(200), np.arange(100))
    places = np.stack([across, down, 0 * down], axis=2).astype(np.uint8)
    corners = set()
    for seed in range(20):
        crop = values(alter(picture(Image.fromarray(places)), kind, seed))
        height, width = crop.shape[:2]
        assert width * height == pytest.approx(area * 200 * 100, rel=0.02)
        assert width / height == pytest.approx(2, rel=0.02)
        left, top = crop[0, 0, :2]
        assert (crop == places[top : top + height, left : left + width]).all()
        corners.add((int(left), int(top)))
    assert all(len(set(places)) > 10 for places in zip(*corners, strict=True))


def test_turned_by_10_degrees_keeps_the_canvas_and_has_black_corners():
    angles = set()
    for seed in range(8):
        altered = values(alter(picture(Image.new("RGB", (100, 80), "white")), "turn10", seed))
        assert altered.shape == (80, 100, 3)
        assert all(altered[y, x].max() == 0 for y in (0, -1) for x in (0, -1))
        assert altered[40, 50].min() == 255
        angles.add(bool(altered[0, :50].sum() > altered[0, 50:].sum()))
    assert angles == {True, False}


def test_turned_by_90_degrees_swaps_the_sides():
    turned = alter(drawing((120, 90)), "turn90", 0)
    assert turned.image.size == (90, 120)
    assert any((np.rot90(values(drawing()), turns) == values(turned)).all() for turns in (1, 3))


def test_text_is_large_and_can_be_told_from_any_ground():
    for ground in ("black", "white", "grey"):
        original = picture(Image.new("RGB", (200, 150), ground))
        changed = (values(alter(original, "text", 1)) != values(original)).any(axis=2)
        across = np.flatnonzero(changed.any(axis=0))
        assert across[-1] - across[0] > 150
        assert 0.02 < changed.mean() < 0.3


class TestEntry:
    def test_all_kinds_come_at_the_encoders_size(self):
        entry = DataEntry("a", "a", data=drawn.encoded(drawn.draw("bars", 1)))
        found = alter_entry(entry, 24)
        assert (found.shape, found.dtype) == ((len(KINDS), 24, 24, 3), np.uint8)
        assert (alter_entry(entry, 24) == found).all()

    def test_the_seed_is_the_contents(self):
        one, other = (
            DataEntry("a", "a", data=drawn.encoded(drawn.draw("bars", 1), compress_level=level))
            for level in (1, 9)
        )
        assert (alter_entry(one, 24) != alter_entry(other, 24)).any()

    def test_workers_do_it_and_what_breaks_one_costs_its_row(self):
        good = DataEntry("good", "good", data=drawn.encoded(drawn.draw("bars", 1)))
        entries = [good, Unreadable("a", "a"), Deadly("b", "b"), Skipped("c", "gone"), good]
        found = list(map_entries(entries, partial(alter_entry, size=24), workers=1))
        assert [entry for entry, _ in found] == entries
        results = [result for _, result in found]
        assert [getattr(result, "reason", "") for result in results] == [
            "",
            "made up for a test",
            "It crashes the program that reads pictures; it may be damaged on purpose",
            "gone",
            "",
        ]
        assert (results[0] == alter_entry(good, 24)).all()
