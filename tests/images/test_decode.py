"""Every accepted kind of file becomes upright RGB; everything else a reason, never a crash."""

import os
import struct
import threading
import tracemalloc
import zlib
from contextlib import suppress
from pathlib import Path

import drawn
import numpy as np
import pytest
from PIL import Image

from ris.errors import PictureError
from ris.images import decode as decode_module
from ris.images.decode import FORMATS, NO_FILE, decode, read_file

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


CUT = r"The \w+ file ends too early: it was cut off or damaged"


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_that_is_cut_off_is_told_to_be(picture, kind):
    data = drawn.encoded(picture, kind)
    # libwebp does not say why it can't go on
    with pytest.raises(PictureError, match="WebP file is damaged" if kind == "WEBP" else CUT):
        decode(data[: len(data) * 3 // 4])


def test_a_damaged_beginning_is_told_from_a_file_that_is_no_picture(picture):
    for kind in FORMATS:
        data = drawn.encoded(picture, kind)
        with pytest.raises(PictureError, match=f"The {'WebP' if kind == 'WEBP' else kind} file"):
            decode(data[:16] + bytes(100))


def test_what_pillow_cannot_read_is_told_as_a_kind_of_its_format(picture):
    bits = bytearray(drawn.encoded(picture, "BMP"))
    bits[30] = 99  # a way of packing that nobody knows
    with pytest.raises(PictureError, match="The BMP file is of a kind that can't be read"):
        decode(bytes(bits))


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_a_bomb_of_text_in_a_png_is_refused_or_passed_over(picture, kind):
    bomb = {
        b"zTXt": b"a\0\0" + zlib.compress(bytes(10**8)),
        b"iTXt": b"a\0\1\0\0\0" + zlib.compress(bytes(10**8)),
        b"iCCP": b"a\0\0" + zlib.compress(bytes(10**8)),
    }[kind]
    good = drawn.encoded(picture)
    data = good[:33] + chunk(kind, bomb) + good[33:]
    tracemalloc.start()
    with suppress(PictureError):
        assert decode(data).width == 48
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10 * 2**20


@pytest.mark.parametrize(
    ("kind", "place", "order"),
    [("PNG", 16, ">I"), ("GIF", 6, "<H"), ("BMP", 18, "<i"), ("WEBP", 26, "<H")],
)
@pytest.mark.parametrize("side", [0, 1, 0x3FFF, 0x7FFF, 0xFFFF, 2**31 - 1])
def test_a_size_that_is_a_lie_gives_a_reason_and_takes_no_memory(picture, kind, place, order, side):
    data = bytearray(drawn.encoded(picture, kind))
    width = struct.calcsize(order)
    number = struct.pack(order, min(side, 2 ** (8 * width - 1) - 1))
    data[place : place + 2 * width] = number * 2
    if kind == "PNG":
        data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    tracemalloc.start()
    with suppress(PictureError):
        decode(bytes(data))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10 * 2**20


def test_strange_exif_costs_nobody_the_picture(picture):
    exif = Image.Exif()
    exif[0x0112] = 6
    good = drawn.encoded(picture, "JPEG", exif=exif)
    place = good.index(b"Exif\0\0") + 6
    for at in range(place + 2, place + 26):
        data = bytearray(good)
        data[at] = 0xFF
        found = decode(bytes(data))
        assert (found.width, found.height) in ((48, 32), (32, 48))


def test_the_reason_of_a_bomb_is_its_size():
    with pytest.raises(PictureError, match="The PNG picture is too large: over the 50 megapixels"):
        decode(png_header(30_000, 30_000))


def test_over_50_megapixels_are_refused_from_the_header():
    with pytest.raises(PictureError, match="too large: 8000 × 6251, over the 50 megapixels"):
        decode(png_header(8000, 6251))


def test_a_decompression_bomb_is_refused_from_the_header():
    with pytest.raises(PictureError):
        decode(png_header(2**31 - 1, 2**31 - 1))


def test_a_huge_side_is_refused_though_the_pixels_are_few():
    with pytest.raises(PictureError, match="or 30,000 pixels a side"):
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
    assert reasons == [NO_FILE]


def test_links_folders_devices_and_missing_files_are_refused(tmp_path, picture):
    (tmp_path / "real.png").write_bytes(drawn.encoded(picture))
    (tmp_path / "link.png").symlink_to("real.png")
    with pytest.raises(PictureError, match="A link is not followed"):
        read_file(tmp_path / "link.png")
    for path in (tmp_path, Path("/dev/zero")):
        with pytest.raises(PictureError, match="no file but a folder, a pipe, a socket"):
            read_file(path)
    with pytest.raises(PictureError, match="no such file"):
        read_file(tmp_path / "gone.png")


def test_a_file_of_a_terabyte_of_nothing_is_refused_unread(tmp_path):
    with (tmp_path / "gaps").open("wb") as file:
        file.truncate(2**40)
    tracemalloc.start()
    with pytest.raises(PictureError, match="larger than 256 MiB"):
        read_file(tmp_path / "gaps")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2**20


def test_files_of_the_kernel_that_lie_about_their_size_are_read_or_refused():
    assert read_file(Path("/proc/self/status")).startswith(b"Name:")
    for name in ("/proc/self/mem", "/proc/kmsg", "/proc/self/pagemap", "/proc/kcore"):
        with suppress(PictureError):
            assert isinstance(read_file(Path(name)), bytes)


def test_a_name_that_no_file_can_have_is_refused():
    with pytest.raises(PictureError, match="There is no file of such a name"):
        read_file(Path("a\0b.png"))
    with pytest.raises(PictureError, match="It can't be read: file name too long"):
        read_file(Path("x" * 300))


def test_a_file_over_the_byte_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(decode_module, "MAX_BYTES", 2**20)
    (tmp_path / "full").write_bytes(bytes(2**20))
    assert len(read_file(tmp_path / "full")) == 2**20
    (tmp_path / "over").write_bytes(bytes(2**20 + 1))
    with pytest.raises(PictureError, match="larger than 256 MiB"):
        read_file(tmp_path / "over")
