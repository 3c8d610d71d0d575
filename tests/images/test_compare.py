"""Where two pictures differ, and how sharp each is."""

import drawn
import numpy as np
import pytest
from PIL import Image, ImageFilter

from ris.errors import PictureError
from ris.images.compare import difference, sharpness
from ris.images.decode import decode


def test_the_same_picture_has_no_difference():
    data = drawn.encoded(drawn.draw("discs", 1, size=(300, 200)))
    shown, share = difference(data, data)
    image = decode(shown).image
    assert image.size == (256, 171)
    assert (share, np.asarray(image).max()) == (0.0, 0)


def test_a_difference_is_seen_where_it_is():
    one = drawn.draw("discs", 1, size=(256, 256))
    other = one.copy()
    other.paste((255, 0, 255), (200, 200, 256, 256))
    shown, share = difference(drawn.encoded(one), drawn.encoded(other.resize((512, 512))))
    seen = np.asarray(decode(shown).image).sum(axis=2)
    assert seen[215:, 215:].mean() > 5 * seen[:180, :180].mean()
    assert 0 < share < 0.1


def test_a_blurred_copy_is_less_sharp():
    one = drawn.draw("checks", 3, size=(256, 256))
    blurred = one.filter(ImageFilter.GaussianBlur(2))
    assert sharpness(drawn.encoded(one)) > 2 * sharpness(drawn.encoded(blurred))
    with pytest.raises(PictureError):
        sharpness(drawn.encoded(Image.new("RGB", (300, 1))))
