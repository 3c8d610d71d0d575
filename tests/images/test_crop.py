"""Part of a picture."""

from io import BytesIO

import drawn
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ris.errors import PictureError, RisError
from ris.images.crop import Crop, cut, read_crop
from ris.images.decode import Picture
from ris.images.prepare import prepare


def picture(width, height):
    return Picture(Image.new("RGB", (width, height)), width, height)


class TestRead:
    def test_pixels_or_shares(self):
        assert read_crop("10,20, 30,40") == Crop(10, 20, 30, 40, in_pixels=True)
        assert read_crop("10%,20%,30%,40.5%") == Crop(0.1, 0.2, 0.3, 0.405)

    @pytest.mark.parametrize(
        "text",
        ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,0,4", "60%,0%,50%,10%", "-1,2,3,4", "1%,2,3,4"],
    )
    def test_what_is_none_is_refused(self, text):
        with pytest.raises(RisError):
            read_crop(text)


class TestCut:
    def test_shares_and_pixels_cut_the_same(self):
        one = cut(picture(200, 100), Crop(0.1, 0.2, 0.5, 0.6)).image
        other = cut(picture(200, 100), Crop(20, 20, 100, 60, in_pixels=True)).image
        assert one.size == other.size == (100, 60)

    def test_pixels_are_those_of_the_whole_picture_where_it_was_decoded_smaller(self):
        reduced = Picture(Image.new("RGB", (50, 25)), 200, 100)
        assert cut(reduced, Crop(100, 0, 100, 100, in_pixels=True)).image.size == (25, 25)

    def test_what_reaches_out_is_refused(self):
        with pytest.raises(PictureError, match="200 × 100"):
            cut(picture(200, 100), Crop(150, 0, 100, 50, in_pixels=True))

    @given(
        sides=st.tuples(st.integers(1, 300), st.integers(1, 300)),
        box=st.tuples(*[st.floats(0, 1)] * 2, *[st.floats(1e-6, 1)] * 2),
    )
    def test_every_part_has_pixels_inside(self, sides, box):
        x, y, width, height = box
        if x + width > 1 or y + height > 1:
            return
        found = cut(picture(*sides), Crop(x, y, width, height)).image
        assert all(1 <= part <= whole for part, whole in zip(found.size, sides, strict=True))


class TestSearch:
    def test_a_part_finds_the_picture_it_was_put_into(self, explorer, tmp_path):
        whole = Image.new("RGB", (96, 64), "white")
        whole.paste(drawn.draw("discs", 5), (40, 20))
        path = tmp_path / "scene.png"
        path.write_bytes(drawn.encoded(whole))
        first = explorer.search(path, crop=Crop(40, 20, 32, 32, in_pixels=True)).hits[0]
        assert first.item.path.endswith("discs/05.png")
        assert first.distance == pytest.approx(0, abs=1e-5)
        assert explorer.search(path).hits[0].distance > 0.01

    def test_a_part_of_an_item_leaves_it_out(self, explorer):
        found = explorer.similar(3, k=48, crop=Crop(0, 0, 0.5, 0.5))
        assert 3 not in [hit.item.key for hit in found.hits]
        assert len(found.hits) == 47

    def test_the_thumbnail_is_of_the_part(self):
        data = drawn.encoded(Image.new("RGB", (200, 100)))
        seen = prepare(data, 32, thumbnail=True, crop=Crop(0, 0, 0.25, 0.5))
        assert (seen.width, seen.height) == (200, 100)
        assert seen.pixels.shape == (32, 32, 3)
        assert np.asarray(Image.open(BytesIO(seen.thumbnail))).shape[:2] == (50, 50)
