"""One way from bytes to the encoder's input, for queries as for collections."""

import hashlib
from io import BytesIO

import drawn
import numpy as np
import pytest
from PIL import Image

from ris.errors import PictureError
from ris.images.decode import FORMATS, decode
from ris.images.entries import DataEntry
from ris.images.pool import Decoded, decode_all
from ris.images.prepare import THUMBNAIL_SIDE, content_id, make_thumbnail, prepare, to_input


def test_the_id_is_the_hash_of_the_bytes():
    data = drawn.encoded(drawn.draw("bars", 0))
    assert prepare(data, 32).id == content_id(data) == hashlib.sha256(data).hexdigest()


def test_what_is_kept_of_a_picture():
    found = prepare(drawn.encoded(drawn.draw("bars", 0, size=(90, 40))), 64, thumbnail=True)
    assert (found.width, found.height) == (90, 40)
    assert found.pixels.shape == (64, 64, 3)
    assert found.pixels.dtype == np.uint8
    assert Image.open(BytesIO(found.thumbnail)).size == (90, 40)


def test_no_thumbnail_unless_asked_for():
    assert prepare(drawn.encoded(drawn.draw("bars", 0)), 32).thumbnail == b""


def test_a_picture_of_the_right_size_is_taken_as_it_is():
    image = drawn.draw("checks", 4)
    np.testing.assert_array_equal(prepare(drawn.encoded(image), 32).pixels, np.asarray(image))


@pytest.mark.parametrize("size", [(1, 1), (3000, 1), (1, 3000), (700, 500)])
def test_every_shape_is_stretched_to_the_square(size):
    picture = decode(drawn.encoded(Image.new("RGB", size, (10, 200, 30))))
    found = to_input(picture, 32)
    assert found.shape == (32, 32, 3)
    assert np.abs(found.astype(int) - (10, 200, 30)).max() <= 1


def test_what_cannot_be_read_has_no_input():
    with pytest.raises(PictureError):
        prepare(b"GIF89a", 32)


def test_a_large_thumbnail_keeps_the_shape_and_the_original():
    picture = decode(drawn.encoded(drawn.draw("discs", 1, size=(800, 400))))
    thumbnail = Image.open(BytesIO(make_thumbnail(picture)))
    assert thumbnail.size == (THUMBNAIL_SIDE, THUMBNAIL_SIDE // 2)
    assert thumbnail.format == "WEBP"
    assert picture.image.size == (800, 400)


def test_tiny_pictures_are_kept_without_loss():
    image = drawn.draw("checks", 2, size=(64, 48))
    thumbnail = Image.open(BytesIO(make_thumbnail(decode(drawn.encoded(image)))))
    np.testing.assert_array_equal(np.asarray(thumbnail.convert("RGB")), np.asarray(image))


def test_a_thread_of_pixels_has_a_thumbnail_too():
    picture = decode(drawn.encoded(Image.new("RGB", (3000, 1))))
    assert Image.open(BytesIO(make_thumbnail(picture))).size == (THUMBNAIL_SIDE, 1)


def test_a_query_gets_the_same_pixels_as_the_collection():
    """Else a picture would not find itself at distance 0."""
    large = drawn.draw("rings", 5, size=(900, 700))
    files = [drawn.encoded(large, kind) for kind in FORMATS]
    entries = [DataEntry(str(i), str(i), data=data) for i, data in enumerate(files)]
    scanned = list(decode_all(entries, 64, workers=1))
    for data, one in zip(files, scanned, strict=True):
        assert isinstance(one, Decoded)
        query = prepare(data, 64)
        assert one.picture.id == query.id
        np.testing.assert_array_equal(one.picture.pixels, query.pixels)
