"""What browsers are given, and pictures that programs hand over as pixels."""

from io import BytesIO

import drawn
import numpy as np
import pytest
from PIL import Image

from ris.errors import PictureError
from ris.images.display import for_browser, from_pixels, png


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_what_browsers_show_is_passed_on_unchanged(kind):
    data = drawn.encoded(drawn.draw("bars", 0), kind)
    assert for_browser(data) == (data, f"image/{kind.lower()}")


@pytest.mark.parametrize("kind", ["TIFF", "BMP"])
def test_what_browsers_do_not_show_becomes_jpeg(kind):
    data, mime = for_browser(drawn.encoded(drawn.draw("bars", 0, size=(40, 30)), kind))
    image = Image.open(BytesIO(data))
    assert (mime, image.format, image.size) == ("image/jpeg", "JPEG", (40, 30))


def test_no_picture_is_shown_to_nobody():
    with pytest.raises(PictureError):
        for_browser(b"<html>")


def test_pixels_make_a_picture():
    pixels = drawn.pixels(1)[0][:20]
    found = from_pixels(pixels)
    assert (found.width, found.height) == (32, 20)
    np.testing.assert_array_equal(np.asarray(found.image), pixels)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((1, 4, 4, 3), np.uint8),
    ],
    ids=["rgba", "grey", "floats", "batch"],
)
def test_other_pixels_are_refused_by_name(pixels):
    with pytest.raises(PictureError, match="Expected RGB pixels"):
        from_pixels(pixels)


@pytest.mark.parametrize("shape", [(5, 7, 3), (5, 7)])
def test_png_keeps_every_pixel(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(png(pixels)))), pixels)
