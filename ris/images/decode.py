"""Bytes of a file in, an upright RGB picture out, or a reason why not.

The only door to Pillow's readers. Everything that people or archives hand over passes here, so the
limits are here too: accepted formats by content, pixels checked from the header before anything
is decoded, regular files only. `prepare.py` is next.
"""

import os
import stat
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

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
    AssertionError,
    BufferError,
    SystemError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


class TooLargeError(PictureError):
    """A picture has more pixels than are read."""


# Reasons that people read; those of other files are in `sources.py`, `archives.py` and `pool.py`.
NO_PICTURE = (
    "The file is not a picture that can be read: no JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF"
)
LINK = "A link is not followed"
NO_FILE = "It is no file but a folder, a pipe, a socket or a device"
TOO_MUCH_MEMORY = "Reading it takes more memory than there is for a picture"
TOO_MANY_BYTES = f"The file is larger than {MAX_BYTES // 2**20} MiB"
TOO_MANY_PIXELS = (
    f"over the {MAX_PIXELS // 10**6} megapixels or {MAX_SIDE:,} pixels a side that are read"
)
# Words in the messages of Pillow's readers (13.0), by what they say of a file. In this order.
_SAID_OF = {
    "has more in it than a picture may, like a bomb": ("too large", "too much"),
    "ends too early: it was cut off or damaged": ("truncated", "not enough", "unpack", "end of"),
    "is of a kind that can't be read": ("support", "not implemented", "unknown", "cannot handle"),
}
# what brings a picture upright, by its EXIF orientation
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


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
        check_regular(os.lstat(path))  # before opening: a FIFO would hang for ever
        with os.fdopen(os.open(path, flags), "rb") as file:
            facts = os.fstat(file.fileno())
            check_regular(facts)
            if facts.st_size > MAX_BYTES:
                raise PictureError(TOO_MANY_BYTES)
            # files of the kernel say that they are empty, and may give nothing for now, None
            data = file.read((facts.st_size or 2**16) + 1) or b""
    except OSError as error:
        raise PictureError(cannot_read(error)) from error
    except ValueError as error:  # a null byte in the name
        raise PictureError("There is no file of such a name") from error
    return data


def check_regular(facts: os.stat_result) -> None:
    """Refuse what is no file but can be opened like one.

    Raises:
        PictureError: It is a link, a folder, a FIFO, a socket or a device.
    """
    if stat.S_ISLNK(facts.st_mode):
        raise PictureError(LINK)
    if not stat.S_ISREG(facts.st_mode):
        raise PictureError(NO_FILE)


def cannot_read(error: OSError) -> str:
    """The reason that the system gives for not reading a file or folder."""
    if isinstance(error, FileNotFoundError):
        return "There is no such file"
    return f"It can't be read: {(error.strerror or 'the system gives no reason').lower()}"


def decode(data: bytes, *, reduced: bool = True) -> Picture:
    """Decode the bytes of a picture file.

    The first frame, upright by its EXIF orientation, transparency over white, 16-bit values scaled
    to 8 bits.

    Args:
        data: The file's.
        reduced: Whether a large JPEG may be decoded at a smaller scale.

    Raises:
        PictureError: Not one of the accepted formats, damaged, or over the limits.
    """
    if not data:
        raise PictureError("The file is empty")
    with _explained(data), Image.open(BytesIO(data), formats=FORMATS) as image:
        width, height = image.size
        _check_size(width, height)
        if reduced:
            image.draft("RGB", (DRAFT_SIDE, DRAFT_SIDE))
        image.load()
        orientation, upright = _orientation(image), _to_rgb(image)
        if orientation in _UPRIGHT:
            # not ImageOps.exif_transpose: it also writes the EXIF block anew, which may fail
            upright = upright.transpose(_UPRIGHT[orientation])
        if orientation in (5, 6, 7, 8):
            width, height = height, width
        return Picture(upright, width, height)


def check(data: bytes) -> None:
    """Look at a picture file's header only.

    Raises:
        PictureError: It is visibly not one of the accepted formats, or over the limits.
    """
    sides(data)


def sides(data: bytes) -> tuple[int, int]:
    """Width and height of the upright picture by a picture file's header.

    Raises:
        PictureError: It is visibly not one of the accepted formats, or over the limits.
    """
    if not data:
        raise PictureError("The file is empty")
    with _explained(data), Image.open(BytesIO(data), formats=FORMATS) as image:
        width, height = image.size
        _check_size(width, height)
        return (height, width) if _orientation(image) in (5, 6, 7, 8) else (width, height)


@contextmanager
def _explained(data: bytes) -> Iterator[None]:
    """Turn what Pillow raises into a reason for people."""
    try:
        yield
    except MemoryError as error:
        raise PictureError(TOO_MUCH_MEMORY) from error
    except Image.DecompressionBombError as error:
        raise TooLargeError(_reason(error, data)) from error
    except PILLOW_ERRORS as error:
        raise PictureError(_reason(error, data)) from error


def _reason(error: BaseException, data: bytes) -> str:
    """What an error of Pillow's says of a file."""
    kind = _kind(data)
    if kind is None:
        return NO_PICTURE
    if isinstance(error, Image.DecompressionBombError):
        return f"The {kind} picture is too large: {TOO_MANY_PIXELS}"
    text = str(error).lower()
    if isinstance(error, UnidentifiedImageError):
        return f"The {kind} file is damaged: its beginning makes no sense"
    for said, words in _SAID_OF.items():
        if any(word in text for word in words):
            return f"The {kind} file {said}"
    return f"The {kind} file is damaged: its pixels can't be read"


def _kind(data: bytes) -> str | None:
    """The format that a file's first bytes claim."""
    for name in FORMATS:
        claims = Image.OPEN[name][1]
        if claims and claims(data[:16]):
            return name.replace("WEBP", "WebP")
    return None


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise TooLargeError(f"The picture is too large: {width} × {height}, {TOO_MANY_PIXELS}")
    if min(width, height) < 1:
        raise PictureError(f"The picture has no pixels: {width} × {height}")


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except PILLOW_ERRORS:
        return 1  # an unreadable EXIF block says nothing; the pixels are still good


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
        values = np.nan_to_num(values)
    low, high = float(values.min()), float(values.max())
    if not image.mode.startswith("F") and low >= 0 and high <= 65535:
        low, high = 0.0, next(top for top in (255.0, 4095.0, 65535.0) if high <= top)
    scale = 255.0 / max(high - low, 1e-12)
    scaled = np.empty(values.shape, np.uint8)
    for top in range(0, len(values), 64):  # all at once would take 1.5 GiB for 50 megapixels
        rows = slice(top, top + 64)
        exact = np.round((values[rows].astype(np.float64) - low) * scale)
        scaled[rows] = np.clip(exact, 0, 255)
    return Image.fromarray(scaled, "L")
