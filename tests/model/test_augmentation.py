"""Altered pictures and the clean ones beside them."""

import drawn
import numpy as np
import pytest
import tensorflow as tf

from ris.model.augmentation import Augmentation

PICTURES = drawn.pixels(64)
STILL = {"least_area": 1.0, "aspect": 0.0, "rotation": 0.0, "mirror": False}
PURE = {
    "colour": 0.0,
    "hue": 0.0,
    "grey": 0.0,
    "noise": 0.0,
    "least_resolution": 1.0,
    "writing": False,
}


def alter(augmentation, pictures=PICTURES, side=32, seed=0):
    altered, clean = augmentation(tf.constant(pictures), side, seed=seed)
    return altered.numpy(), clean.numpy()


def ramps(count, size=32):
    """Red grows by 4 from column to column, green from row to row; blue is full."""
    steps = np.arange(size, dtype=np.uint8) * 4
    picture = np.stack(
        [*np.meshgrid(steps, steps), np.full((size, size), 255, np.uint8)],
        axis=-1,
    )
    return np.repeat(picture[None], count, axis=0)


@pytest.mark.parametrize("side", [16, 32, 48])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 64])
def test_both_have_the_side_asked_for_and_altered_ones_stay_in_range(count, side):
    altered, clean = alter(Augmentation(), PICTURES[:count], side)
    for found in (altered, clean):
        assert found.shape == (count, side, side, 3)
        assert found.dtype == np.float32
        assert found.min() >= 0
        assert found.max() <= 255.01
    assert altered.max() <= 255


class TestGeometry:
    def test_without_changes_pictures_stay_as_they_are(self):
        altered, clean = alter(Augmentation(**STILL, **PURE))
        np.testing.assert_allclose(clean, PICTURES, atol=0.01)
        np.testing.assert_allclose(altered, PICTURES, atol=0.01)

    def test_about_half_are_mirrored_and_nothing_else(self):
        _, clean = alter(Augmentation(**{**STILL, **PURE, "mirror": True}))
        given = PICTURES.astype(np.float32)
        same = np.abs(clean - given).max(axis=(1, 2, 3)) < 0.01
        turned = np.abs(clean - given[:, :, ::-1]).max(axis=(1, 2, 3)) < 0.01
        assert (same | turned).all()
        assert 15 < turned.sum() < 49

    def test_both_share_it(self):
        altered, clean = alter(Augmentation(**PURE))
        np.testing.assert_allclose(altered, clean, atol=0.01)
        assert np.abs(clean - PICTURES).mean() > 1

    def test_a_crop_keeps_at_least_its_share_and_lies_within_the_picture(self):
        augmentation = Augmentation(**{**STILL, **PURE, "least_area": 0.25})
        _, clean = alter(augmentation, ramps(200))
        # the outermost pixels of a view may look half a pixel past the picture's edge
        left, right = clean[:, 16, 2, 0], clean[:, 16, -3, 0]
        top, bottom = clean[:, 2, 16, 1], clean[:, -3, 16, 1]
        width, height = (right - left) / (27 * 4), (bottom - top) / (27 * 4)
        # no change of aspect was asked for; at an edge a view ends with the picture's last pixel
        np.testing.assert_allclose(width, height, atol=6e-3)
        assert 0.5 <= width.min() < 0.55
        assert 0.95 < width.max() <= 1.0001
        assert left.min() >= 0
        assert right.max() <= 31 * 4
        starts = left - width * 2 * 4  # they spread over the picture
        assert starts.std() > 5

    def test_aspect_stretches_without_changing_the_area(self):
        augmentation = Augmentation(**{**STILL, **PURE, "least_area": 0.5, "aspect": 0.3})
        _, clean = alter(augmentation, ramps(200))
        width = (clean[:, 16, -3, 0] - clean[:, 16, 2, 0]) / (27 * 4)
        height = (clean[:, -3, 16, 1] - clean[:, 2, 16, 1]) / (27 * 4)
        change = np.log(width / height)
        assert 0.2 < np.abs(change).max() <= 0.3001
        assert (width * height).min() > 0.5 * np.exp(-0.3) - 0.001

    def test_a_turn_is_by_at_most_its_degrees(self):
        augmentation = Augmentation(**{**STILL, **PURE, "rotation": 10.0})
        _, clean = alter(augmentation, ramps(200))
        across = clean[:, 16, 20, 0] - clean[:, 16, 10, 0]  # red along a row
        down = clean[:, 20, 16, 0] - clean[:, 10, 16, 0]  # and along a column
        green = clean[:, 16, 20, 1] - clean[:, 16, 10, 1]  # neither sheared nor squeezed
        np.testing.assert_allclose(green, -down, atol=0.01)
        angle = np.degrees(np.arctan2(-down, across))
        np.testing.assert_allclose(np.hypot(across, down), 40, atol=0.01)  # no change of scale
        assert angle.min() < -8
        assert angle.max() > 8
        assert np.abs(angle).max() <= 10.001

    def test_half_of_them_are_turned_and_what_turns_in_from_outside_is_black(self):
        white = np.full((40, 32, 32, 3), 255, np.uint8)
        _, clean = alter(Augmentation(**{**STILL, **PURE, "rotation": 10.0}), white)
        darkest = clean.min(axis=(1, 2, 3))
        assert (darkest[10:30] < 250).mean() > 0.8
        assert darkest[:10].min() > 254.9
        assert darkest[30:].min() > 254.9

    def test_a_smaller_side_shows_the_same_picture(self):
        _, clean = alter(Augmentation(**STILL, **PURE), ramps(4), side=16)
        # a pixel of the view lies between two of the picture
        expected = (ramps(4)[:, ::2, ::2].astype(np.float32) + ramps(4)[:, 1::2, 1::2]) / 2
        np.testing.assert_allclose(clean, expected, atol=0.01)


class TestColours:
    def test_they_leave_the_clean_one_alone(self):
        altered, clean = alter(Augmentation(**STILL))
        np.testing.assert_allclose(clean, PICTURES, atol=0.01)
        changed = np.abs(altered - clean).mean(axis=(1, 2, 3)) > 0.5
        assert 0.7 < changed.mean() < 1  # a fifth keeps its colours, noise and grey aside

    def test_grey_ones_have_equal_channels(self):
        altered, _ = alter(Augmentation(**{**PURE, "grey": 1.0, "colour": 0.4, "hue": 0.1}))
        assert np.ptp(altered, axis=-1).max() < 0.01
        assert altered.std() > 10

    def test_grey_alone_is_the_brightness(self):
        altered, clean = alter(Augmentation(**{**STILL, **PURE, "grey": 1.0}))
        brightness = clean @ np.array([0.299, 0.587, 0.114])
        np.testing.assert_allclose(altered[..., 0], brightness, atol=0.01)

    def test_about_its_share_turns_grey(self):
        altered, _ = alter(Augmentation(**{**STILL, **PURE, "grey": 0.3}))
        assert 5 <= (np.ptp(altered, axis=-1).max(axis=(1, 2)) < 0.01).sum() <= 35

    def test_a_grey_picture_stays_grey(self):
        grey = np.repeat(PICTURES[..., :1], 3, axis=-1)
        altered, _ = alter(Augmentation(**{**PURE, "colour": 0.4, "hue": 0.5}), grey)
        assert np.ptp(altered, axis=-1).max() < 0.01

    def test_the_hue_turns_without_changing_the_brightness(self):
        muted = PICTURES // 4 + 96  # nothing is clipped
        altered, clean = alter(Augmentation(**{**STILL, **PURE, "hue": 0.5}), muted)
        weights = np.array([0.299, 0.587, 0.114])
        np.testing.assert_allclose(altered @ weights, clean @ weights, atol=0.05)
        assert np.abs(altered - clean).max() > 10


def test_noise_writing_and_low_resolution_fall_on_a_quarter_each():
    for change, rows in (
        ({"noise": 12.0}, range(16)),
        ({"writing": True}, range(16, 32)),
        ({"least_resolution": 0.4}, range(32, 48)),
    ):
        altered, clean = alter(Augmentation(**{**STILL, **PURE, **change}))
        changed = np.flatnonzero(np.abs(altered - clean).max(axis=(1, 2, 3)) > 0.5)
        assert set(changed) <= set(rows)
        assert len(changed) >= 12


def test_writing_is_a_band_of_black_or_white_strokes():
    grey = np.full((64, 32, 32, 3), 128, np.uint8)
    altered, _ = alter(Augmentation(**{**STILL, **PURE, "writing": True}), grey)
    for one in altered[16:32]:
        ink = np.abs(one - 128).max(axis=-1) > 1  # (32, 32)
        assert 0.01 < ink.mean() < 0.25
        assert set(np.unique(one.round())) in ({0, 128}, {128, 255})
        lines = np.flatnonzero(ink.any(axis=1))
        assert np.ptp(lines) <= 0.25 * 32 + 1


class TestSeed:
    def test_with_one_the_alterations_are_always_the_same(self):
        first, again, other = (alter(Augmentation(), seed=seed)[0] for seed in (0, 0, 1))
        np.testing.assert_array_equal(first, again)
        assert np.abs(first - other).mean(axis=(1, 2, 3)).min() > 0

    def test_without_one_they_are_not(self):
        first, again = (alter(Augmentation(), seed=None) for _ in range(2))
        for one, two in zip(first, again, strict=True):
            # a crop of one colour may come out twice
            assert (np.abs(one - two).max(axis=(1, 2, 3)) > 0).mean() > 0.9

    def test_every_picture_is_altered_in_its_own_way(self):
        altered, _ = alter(Augmentation(), np.repeat(PICTURES[:1], 16, axis=0), seed=None)
        assert len({one.tobytes() for one in altered}) == 16

    def test_a_graph_of_any_batch_does_the_same(self):
        augmentation = Augmentation()
        signature = [tf.TensorSpec((None, 32, 32, 3), tf.uint8)]
        graph = tf.function(lambda pictures: augmentation(pictures, 16, seed=5), signature)
        for count in (1, 6):
            found = graph(tf.constant(PICTURES[:count]))
            expected = alter(augmentation, PICTURES[:count], 16, seed=5)
            for one, two in zip(found, expected, strict=True):
                np.testing.assert_allclose(one, two, atol=0.05)
