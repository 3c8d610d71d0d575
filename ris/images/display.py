"""Pictures for browsers, and pixels from programs."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ris.errors import PictureError
from ris.images.decode import FORMATS, NO_PICTURE, PILLOW_ERRORS, Picture, decode

SHOWN_BY_BROWSERS = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/avif")


def for_browser(data: bytes) -> tuple[bytes, str]:
    """A picture file and its MIME type; what no browser shows is turned into JPEG.

    Raises:
        PictureError: It can't be read.
    """
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            mime = Image.MIME.get(image.format or "", "")
    except PILLOW_ERRORS as error:
        raise PictureError(NO_PICTURE) from error
    if mime in SHOWN_BY_BROWSERS:
        return data, mime
    file = BytesIO()
    decode(data).image.save(file, "JPEG", quality=90)
    return file.getvalue(), "image/jpeg"


def shrunk(data: bytes, side: int) -> bytes:
    """A picture file as a small WebP, its long side at most ``side`` pixels.

    Raises:
        PictureError: It can't be read.
    """
    image = decode(data).image.copy()
    image.thumbnail((side, side), Image.Resampling.BICUBIC)
    file = BytesIO()
    image.save(file, "WEBP", quality=75)
    return file.getvalue()


def from_pixels(pixels: NDArray[np.uint8]) -> Picture:
    """A picture of RGB pixels, uint8 (height, width, 3).

    Raises:
        PictureError: They are of another type or shape.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise PictureError(
            f"Expected RGB pixels uint8 (height, width, 3), got {pixels.dtype} {pixels.shape}."
        )
    height, width = pixels.shape[:2]
    return Picture(Image.fromarray(np.ascontiguousarray(pixels), "RGB"), width, height)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """RGB, RGBA or grey pixels, uint8, as a PNG file."""
    file = BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG")
    return file.getvalue()
