"""Every accepted kind of file becomes upright RGB; everything else a reason, never a crash."""

import os
import struct
import threading
import zlib
from pathlib import Path

import drawn
import numpy as np
import pytest
from PIL import Image

from ris.errors import PictureError
from ris.images import decode as decode_module
from ris.images.decode import FORMATS, decode, read_file

LOSSLESS = ("PNG", "BMP", "TIFF")
ORIENTABLE = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")
# how a picture is stored so that its orientation tag brings it upright
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.fixture
def picture() -> Image.Image:
    return drawn.draw("discs", 1, size=(48, 32))


def difference(one: Image.Image, other: Image.Image) -> float:
    assert one.size == other.size
    return float(np.abs(np.asarray(one, float) - np.asarray(other, float)).mean())


def png_header(width: int, height: int) -> bytes:
    """A PNG file that claims a size and has no pixels."""
    content = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + content + struct.pack(">I", zlib.crc32(content))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT"


@pytest.mark.parametrize("kind", FORMATS)
def test_accepted_formats_give_rgb_pixels(picture, kind):
    found = decode(drawn.encoded(picture, kind))
    assert (found.image.mode, found.width, found.height) == ("RGB", 48, 32)
    assert difference(found.image, picture) < (0.01 if kind in LOSSLESS else 6)


@pytest.mark.parametrize("kind", ORIENTABLE)
@pytest.mark.parametrize("orientation", STORED)
def test_exif_orientation_is_applied(picture, kind, orientation):
    turn = STORED[orientation]
    stored = picture if turn is None else picture.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = decode(drawn.encoded(stored, kind, exif=exif))
    assert (found.width, found.height) == (48, 32)
    assert difference(found.image, picture) < (0.01 if kind in LOSSLESS else 6)


@pytest.mark.parametrize("orientation", [0, 9, 255])
def test_an_unknown_orientation_changes_nothing(picture, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert difference(decode(drawn.encoded(picture, exif=exif)).image, picture) == 0


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_16_bit_ramp_does_not_turn_white(kind):
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)[None].repeat(8, axis=0)
    found = np.asarray(decode(drawn.encoded(Image.fromarray(ramp), kind)).image)
    np.testing.assert_allclose(found[0, :, 0], np.linspace(0, 255, 64), atol=1)


def test_12_bits_in_16_use_the_full_range():
    ramp = np.linspace(0, 4095, 64).astype(np.uint16)[None].repeat(8, axis=0)
    found = np.asarray(decode(drawn.encoded(Image.fromarray(ramp), "TIFF")).image)
    np.testing.assert_allclose(found[0, :, 0], np.linspace(0, 255, 64), atol=1)


def test_floats_are_scaled_from_their_least_to_their_largest_value():
    ramp = np.linspace(-3, 7, 64).astype(np.float32)[None].repeat(8, axis=0)
    found = np.asarray(decode(drawn.encoded(Image.fromarray(ramp), "TIFF")).image)
    np.testing.assert_allclose(found[0, :, 0], np.linspace(0, 255, 64), atol=1)


def test_float_pixels_that_are_not_numbers_do_no_harm():
    values = np.full((8, 8), np.nan, np.float32)
    values[0, 0] = np.inf
    assert decode(drawn.encoded(Image.fromarray(values), "TIFF")).image.mode == "RGB"


def test_transparency_lies_over_white():
    layer = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    layer.putpixel((0, 0), (255, 0, 0, 255))
    layer.putpixel((1, 0), (0, 0, 0, 128))
    found = decode(drawn.encoded(layer)).image
    assert found.getpixel((3, 3)) == (255, 255, 255)
    assert found.getpixel((0, 0)) == (255, 0, 0)
    assert found.getpixel((1, 0)) == pytest.approx((127, 127, 127), abs=1)


def test_grey_with_alpha_lies_over_white():
    found = decode(drawn.encoded(Image.new("LA", (4, 4), (0, 0)))).image
    assert found.getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_palette_with_transparency_lies_over_white(kind):
    image = Image.new("P", (4, 4), 0)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 1), 1)
    found = decode(drawn.encoded(image, kind, transparency=0)).image
    assert found.getpixel((0, 0)) == (255, 255, 255)
    assert found.getpixel((1, 1)) == (200, 100, 50)


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_other_modes_become_rgb(picture, mode):
    found = decode(drawn.encoded(picture.convert(mode)))
    assert difference(found.image, picture.convert(mode).convert("RGB")) == 0


def test_cmyk_becomes_rgb_and_not_its_negative(picture):
    found = decode(drawn.encoded(picture.convert("CMYK"), "JPEG", quality=95))
    assert difference(found.image, picture) < 15


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_first_frame_of_several_counts(kind):
    first, second = (Image.new("RGB", (16, 16), colour) for colour in ("red", "blue"))
    data = drawn.encoded(first, kind, save_all=True, append_images=[second])
    red, _, blue = decode(data).image.getpixel((8, 8))
    assert red > 240
    assert blue < 15


def test_a_large_jpeg_keeps_its_size_though_it_is_reduced():
    data = drawn.encoded(drawn.draw("rings", 2, size=(2000, 1200)), "JPEG")
    found = decode(data)
    assert (found.width, found.height) == (2000, 1200)
    assert found.image.size[0] < 2000
    assert min(found.image.size) >= decode_module.DRAFT_SIDE


def test_the_name_says_nothing_the_content_all(tmp_path, picture):
    file = tmp_path / "picture.txt"
    file.write_bytes(drawn.encoded(picture, "WEBP"))
    assert decode(read_file(file)).width == 48


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (bytes(1000), "not a picture"),
        (b"<!DOCTYPE html><html><body>404 Not Found</body></html>", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (b"%PDF-1.7\n", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
        (drawn.encoded(Image.new("RGB", (4, 4)), "PPM"), "not a picture"),
        (drawn.encoded(Image.new("RGB", (32, 32)), "ICO"), "not a picture"),
    ],
    ids=["empty", "zeros", "html", "svg", "pdf", "eps", "ppm", "ico"],
)
def test_what_is_no_accepted_picture_is_refused_with_its_reason(data, reason):
    with pytest.raises(PictureError, match=reason):
        decode(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "AVIF"])
def test_a_truncated_file_is_damaged_and_not_half_a_picture(kind):
    data = drawn.encoded(drawn.draw("checks", 3, size=(200, 200)), kind)
    with pytest.raises(PictureError):
        decode(data[: len(data) // 2])


@pytest.mark.parametrize("kind", FORMATS)
def test_flipped_bytes_give_a_picture_or_a_reason_and_nothing_else(picture, kind):
    good, random = drawn.encoded(picture, kind), np.random.default_rng(0)
    reasons = []
    for _ in range(60):
        data = bytearray(good)
        for place in random.integers(0, len(data), 3):
            data[place] = random.integers(0, 256)
        try:
            decode(bytes(data))
        except PictureError as error:
            reasons.append(error.message)
    assert reasons
    assert all(reasons)


def test_over_50_megapixels_are_refused_from_the_header():
    with pytest.raises(PictureError, match="too large: 8000 × 6251 is 50 megapixels"):
        decode(png_header(8000, 6251))


def test_a_decompression_bomb_is_refused_from_the_header():
    with pytest.raises(PictureError):
        decode(png_header(2**31 - 1, 2**31 - 1))


def test_a_huge_side_is_refused_though_the_pixels_are_few():
    with pytest.raises(PictureError, match="a side may have 30000"):
        decode(png_header(30_001, 1))


@pytest.mark.parametrize("size", [(1, 1), (30_000, 1), (1, 3000)])
def test_extreme_shapes_within_the_limits_are_read(size):
    found = decode(drawn.encoded(Image.new("RGB", size, "red")))
    assert (found.width, found.height) == size


def test_a_file_is_read_whole(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_file(tmp_path / "a") == b"12345"


def test_a_fifo_is_refused_and_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reasons: list[str] = []

    def read() -> None:
        try:
            read_file(tmp_path / "pipe")
        except PictureError as error:
            reasons.append(error.message)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(10)
    assert reasons == ["not a regular file (links and devices are not followed)"]


def test_links_folders_devices_and_missing_files_are_refused(tmp_path, picture):
    (tmp_path / "real.png").write_bytes(drawn.encoded(picture))
    (tmp_path / "link.png").symlink_to("real.png")
    for path in (tmp_path / "link.png", tmp_path, Path("/dev/zero")):
        with pytest.raises(PictureError, match="not a regular file"):
            read_file(path)
    with pytest.raises(PictureError, match="no such file"):
        read_file(tmp_path / "gone.png")


def test_a_file_over_the_byte_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(decode_module, "MAX_BYTES", 2**20)
    (tmp_path / "full").write_bytes(bytes(2**20))
    assert len(read_file(tmp_path / "full")) == 2**20
    (tmp_path / "over").write_bytes(bytes(2**20 + 1))
    with pytest.raises(PictureError, match="larger than 1 MiB"):
        read_file(tmp_path / "over")
