"""Descriptors without learning: what they see, and what they see through."""

import drawn
import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn

from ris.explore import baselines
from ris.explore.baselines import DESCRIPTORS, colour_histogram, perceptual_hash, raw_pixels
from ris.images.decode import decode
from ris.images.prepare import to_input


@pytest.fixture(scope="module")
def pixels():
    return drawn.pixels(40, 64)


def flat(*colours: tuple[int, int, int], size: int = 8) -> np.ndarray:
    return np.stack([np.full((size, size, 3), colour, np.uint8) for colour in colours])


@pytest.mark.parametrize("name", DESCRIPTORS)
class TestEvery:
    @pytest.mark.parametrize("size", [1, 2, 32, 50, 96])
    def test_rows_have_unit_length(self, name, size):
        found = DESCRIPTORS[name](drawn.pixels(5, 96)[:, :size, :size])
        assert found.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)

    def test_pictures_without_any_structure_too(self, name):
        found = DESCRIPTORS[name](flat((0, 0, 0), (255, 255, 255), (9, 120, 77)))
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)

    def test_none_gives_none(self, name, pixels):
        assert DESCRIPTORS[name](pixels[:0]).shape[0] == 0

    def test_a_batch_is_described_like_each_alone(self, name, pixels, monkeypatch):
        whole = DESCRIPTORS[name](pixels)
        monkeypatch.setattr(baselines, "_BATCH", 7)
        np.testing.assert_allclose(DESCRIPTORS[name](pixels), whole, atol=1e-5)
        assert len(whole) == len(pixels)

    def test_a_file_on_disk_is_read(self, name, pixels, tmp_path):
        np.save(tmp_path / "pixels.npy", pixels)
        on_disk = np.load(tmp_path / "pixels.npy", mmap_mode="r")
        assert (DESCRIPTORS[name](on_disk) == DESCRIPTORS[name](pixels)).all()


class TestRawPixels:
    def test_they_are_means_over_areas(self, pixels):
        means = pixels.reshape(40, 32, 2, 32, 2, 3).mean(axis=(2, 4)).reshape(40, -1)
        means -= means.mean(axis=1, keepdims=True)
        expected = means / np.linalg.norm(means, axis=1, keepdims=True)
        np.testing.assert_allclose(raw_pixels(pixels), expected, atol=1e-5)

    def test_what_lies_between_two_areas_is_shared(self):
        rows = baselines._means(48)
        np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-6)
        np.testing.assert_allclose(rows[0, :3], [2 / 3, 1 / 3, 0], atol=1e-6)
        np.testing.assert_allclose(rows[1, :4], [0, 1 / 3, 2 / 3, 0], atol=1e-6)

    def test_brightness_and_contrast_do_not_matter(self, pixels):
        dim = (pixels * 0.5 + 60).astype(np.uint8)
        assert ((raw_pixels(pixels) * raw_pixels(dim)).sum(axis=1) > 0.999).all()

    def test_a_negative_is_the_opposite(self, pixels):
        np.testing.assert_allclose(raw_pixels(255 - pixels), -raw_pixels(pixels), atol=1e-5)


class TestColourHistogram:
    def test_the_numbers_are_those_on_paper(self):
        picture = flat((0, 64, 255))
        picture[:, :2] = (192, 0, 0)  # a quarter of it
        (found,) = colour_histogram(picture)
        expected = np.zeros(64)
        expected[0 * 16 + 1 * 4 + 3] = np.sqrt(0.75)
        expected[3 * 16] = np.sqrt(0.25)
        np.testing.assert_allclose(found, expected, atol=1e-6)

    def test_where_colours_lie_does_not_matter(self, pixels):
        expected = colour_histogram(pixels)
        for moved in (pixels[:, :, ::-1], pixels[:, ::-1], np.rot90(pixels, 1, axes=(1, 2))):
            np.testing.assert_allclose(colour_histogram(moved), expected, atol=1e-6)

    def test_which_colours_they_are_does(self):
        red, blue = colour_histogram(flat((255, 0, 0), (0, 0, 255)))
        assert red @ blue == 0


class TestPerceptualHash:
    def test_the_bits_are_those_of_the_cosine_transform(self, pixels):
        grey = pixels.reshape(40, 32, 2, 32, 2, 3).mean(axis=(2, 4)) @ [0.299, 0.587, 0.114]
        low = dctn(grey, axes=(1, 2), norm="ortho")[:, :8, :8].reshape(40, 64)
        expected = low > np.median(low[:, 1:], axis=1, keepdims=True)
        assert ((perceptual_hash(pixels) > 0) == expected).mean() > 0.99

    def test_half_of_the_bits_are_set(self, pixels):
        noise = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), np.uint8)
        bits = (perceptual_hash(noise) > 0).sum(axis=1)
        assert set(bits.tolist()) <= {31, 32}

    def test_the_distance_counts_bits(self, pixels):
        found = perceptual_hash(pixels)
        assert set(np.abs(found).ravel().tolist()) == {0.125}
        differ = ((found[0] > 0) != (found[1] > 0)).sum()
        assert 1 - found[0] @ found[1] == pytest.approx(differ / 32)

    def test_a_jpeg_has_the_hash_of_its_original(self, pixels):
        jpegs = np.stack(
            [
                to_input(decode(drawn.encoded(Image.fromarray(one), "JPEG", quality=50)), 64)
                for one in pixels
            ]
        )
        differ = ((perceptual_hash(jpegs) > 0) != (perceptual_hash(pixels) > 0)).sum(axis=1)
        others = (perceptual_hash(pixels[:20]) > 0) != (perceptual_hash(pixels[20:]) > 0)
        assert np.median(differ) <= 3
        assert np.median(others.sum(axis=1)) >= 15

    def test_a_mirrored_picture_has_another(self, pixels):
        lopsided = pixels[2:3]  # a disc off the middle
        assert perceptual_hash(lopsided) @ perceptual_hash(lopsided[:, :, ::-1]).T < 0.9

    def test_rounding_decides_no_bit_of_a_flat_picture(self):
        found = perceptual_hash(flat((10, 20, 30), (200, 20, 30), (77, 77, 77), size=64))
        assert (found > 0).sum(axis=1).tolist() == [1, 1, 1]
