"""Bytes of a file in, an upright RGB picture out, or a reason why not.

The only door to Pillow's readers. Everything that people or archives hand over passes here, so the
limits are here too: accepted formats by content, pixels checked from the header before anything
is decoded, regular files only. `prepare.py` is next.
"""

import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ris.errors import PictureError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
MAX_PIXELS = 50_000_000
MAX_SIDE = 30_000
MAX_BYTES = 256 * 1024 * 1024

# JPEG is decoded at the smallest of its built-in scales whose both sides are at least this many
# pixels (12 MP: 13 ms instead of 112 ms, 2026-11-22). Twice the largest encoder input, so that
# the final resize still averages; the same for queries and for the collection, so that a picture
# finds itself at distance 0.
DRAFT_SIDE = 256

# What Pillow's readers raise on broken files (seen on its own 1,067 test files and on fuzzed ones).
PILLOW_ERRORS = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    SyntaxError,
    NotImplementedError,
    ArithmeticError,
    AttributeError,
    EOFError,
    RuntimeError,
    MemoryError,
    struct.error,
    Image.DecompressionBombError,
)
KNOWN = "JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF"


@dataclass(frozen=True)
class Picture:
    """Decoded pixels.

    Attributes:
        image: Upright RGB picture; a large JPEG may be reduced, never under `DRAFT_SIDE`.
        width: Width of the full, upright picture in pixels.
        height: Height of the full, upright picture in pixels.
    """

    image: Image.Image
    width: int
    height: int


def read_file(path: Path) -> bytes:
    """All bytes of a regular file.

    Raises:
        PictureError: It is a link, a FIFO, a folder, missing, empty, unreadable, or over
            `MAX_BYTES`.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):  # before opening: a FIFO would hang for ever
            raise PictureError("not a regular file (links and devices are not followed)")
        with os.fdopen(os.open(path, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise PictureError("not a regular file (links and devices are not followed)")
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PictureError(f"can't be read: {(error.strerror or str(error)).lower()}") from error
    except ValueError as error:  # a null byte in the name
        raise PictureError(f"can't be read: {error}") from error
    if len(data) > MAX_BYTES:
        raise PictureError(f"larger than {MAX_BYTES // 2**20} MiB")
    return data


def decode(data: bytes) -> Picture:
    """Decode the bytes of a picture file.

    The first frame, upright by its EXIF orientation, transparency over white, 16-bit values scaled
    to 8 bits.

    Raises:
        PictureError: Not one of the accepted formats, damaged, or over the limits.
    """
    if not data:
        raise PictureError("the file is empty")
    with _explained(), Image.open(BytesIO(data), formats=FORMATS) as image:
        width, height = image.size
        _check_size(width, height)
        image.draft("RGB", (DRAFT_SIDE, DRAFT_SIDE))
        image.load()
        upright = _turn_upright(image)
        if _swaps_sides(image):
            width, height = height, width
        return Picture(_to_rgb(upright), width, height)


def check(data: bytes) -> None:
    """Look at a picture file's header only.

    Raises:
        PictureError: It is visibly not one of the accepted formats, or over the limits.
    """
    with _explained(), Image.open(BytesIO(data), formats=FORMATS) as image:
        _check_size(*image.size)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what Pillow raises into a reason for people."""
    try:
        yield
    except UnidentifiedImageError as error:
        raise PictureError(f"not a picture that can be read (expected {KNOWN})") from error
    except MemoryError as error:
        raise PictureError("needs more memory than a picture may take") from error
    except PILLOW_ERRORS as error:
        raise PictureError(f"damaged: {_one_line(error)}") from error


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise PictureError(
            f"too large: {width} × {height} is {width * height / 1e6:.0f} megapixels, "
            f"at most {MAX_PIXELS // 10**6} are read"
        )
    if max(width, height) > MAX_SIDE:
        raise PictureError(f"too large: {width} × {height}, a side may have {MAX_SIDE} pixels")
    if min(width, height) < 1:
        raise PictureError(f"has no pixels: {width} × {height}")


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except PILLOW_ERRORS:
        return 1  # an unreadable EXIF block says nothing; the pixels are still good


def _swaps_sides(image: Image.Image) -> bool:
    return _orientation(image) in (5, 6, 7, 8)


def _turn_upright(image: Image.Image) -> Image.Image:
    if _orientation(image) in range(2, 9):
        return ImageOps.exif_transpose(image)
    return image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return _scale_deep(image).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, layer).convert("RGB")
    return image.convert("RGB")


def _scale_deep(image: Image.Image) -> Image.Image:
    """Values deeper than 8 bits to 8: integers by the smallest of 8, 12 and 16 bits that holds
    them (microscopes store 12 bits in 16), anything else from its least to its largest value."""
    values = np.asarray(image)
    if image.mode.startswith("F"):
        values = np.nan_to_num(values.astype(np.float64))
    low, high = 0.0, float(values.max())
    if not image.mode.startswith("F") and values.min() >= 0 and high <= 65535:
        high = next(top for top in (255.0, 4095.0, 65535.0) if high <= top)
    else:
        low = float(values.min())
    scaled = (values.astype(np.float64) - low) * (255.0 / max(high - low, 1e-12))
    return Image.fromarray(np.clip(np.round(scaled), 0, 255).astype(np.uint8), "L")


def _one_line(error: BaseException) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:200]
