"""Altered pictures and the clean ones beside them."""

import drawn
import numpy as np
import tensorflow as tf

from ris.model.augmentation import Augmentation

PICTURES = tf.constant(drawn.pixels(64))
NOTHING = Augmentation(least_area=1.0, mirror=False, colour=0.0, noise=0.0)


def alter(augmentation, seed=0):
    tf.random.set_seed(seed)
    altered, clean = augmentation(PICTURES)
    return altered.numpy(), clean.numpy()


def test_both_keep_their_size_and_stay_in_range():
    for found in alter(Augmentation()):
        assert found.shape == (64, 32, 32, 3)
        assert found.dtype == np.float32
        assert found.min() >= 0
        assert found.max() <= 255


def test_without_changes_pictures_stay_as_they_are():
    altered, clean = alter(NOTHING)
    np.testing.assert_allclose(clean, PICTURES.numpy(), atol=0.01)
    np.testing.assert_allclose(altered, clean, atol=0.01)


def test_colours_and_noise_leave_the_clean_one_alone():
    altered, clean = alter(Augmentation(least_area=1.0, mirror=False))
    np.testing.assert_allclose(clean, PICTURES.numpy(), atol=0.01)
    assert np.abs(altered - clean).mean(axis=(1, 2, 3)).min() > 0.5


def test_both_share_their_geometry():
    altered, clean = alter(Augmentation(colour=0.0, noise=0.0))
    np.testing.assert_allclose(altered, clean, atol=0.01)
    assert np.abs(clean - PICTURES.numpy()).mean() > 1


def test_about_half_are_mirrored_and_nothing_else():
    _, clean = alter(Augmentation(least_area=1.0, colour=0.0, noise=0.0))
    given = PICTURES.numpy().astype(np.float32)
    same = np.abs(clean - given).max(axis=(1, 2, 3)) < 0.1
    turned = np.abs(clean - given[:, :, ::-1]).max(axis=(1, 2, 3)) < 0.1
    assert (same | turned).all()
    assert 15 < turned.sum() < 49


def test_every_picture_is_altered_in_its_own_way():
    tf.random.set_seed(0)
    copies = tf.repeat(PICTURES[:1], 16, axis=0)
    altered = Augmentation()(copies)[0].numpy()
    assert len({one.tobytes() for one in altered}) == 16


def test_the_seed_decides():
    np.testing.assert_array_equal(
        alter(Augmentation(), seed=1)[0], alter(Augmentation(), seed=1)[0]
    )
    assert not np.array_equal(alter(Augmentation(), seed=1)[0], alter(Augmentation(), seed=2)[0])


def test_with_a_seed_the_alterations_are_always_the_same():
    pictures = tf.constant(drawn.pixels(4))
    first, again, other = (Augmentation()(pictures, seed=seed)[0].numpy() for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
