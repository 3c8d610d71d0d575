"""A small picture of a large one, put together of its patches: no pixel of it is read again."""

from collections.abc import Iterable
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ris.images.decode import PILLOW_ERRORS
from ris.images.parts import Box

SIDE = 2048  # pixels of the long side, at most
_PAPER = (236, 238, 238)  # where patches were left out


def overview(
    width: int, height: int, patches: Iterable[tuple[Box, NDArray[np.uint8] | bytes]]
) -> bytes:
    """A WebP file of a picture, its long side at most `SIDE` pixels.

    Args:
        width: Of the whole picture in pixels.
        height: Of the whole picture in pixels.
        patches: Parts of it with what is known of their pixels: RGB of any size, or a picture
            file of our own making.
    """
    scale = min(1.0, SIDE / max(width, height))
    sides = max(1, round(width * scale)), max(1, round(height * scale))
    canvas = Image.new("RGB", sides, _PAPER)
    for box, given in patches:
        left, top = round(box.x * scale), round(box.y * scale)
        right = max(left + 1, round((box.x + box.width) * scale))
        bottom = max(top + 1, round((box.y + box.height) * scale))
        try:
            patch = Image.open(BytesIO(given)) if isinstance(given, bytes) else _image(given)
            small = patch.convert("RGB").resize(
                (right - left, bottom - top), Image.Resampling.BOX, reducing_gap=2.0
            )
        except PILLOW_ERRORS:
            continue  # a damaged thumbnail is a hole
        canvas.paste(small, (left, top))
    file = BytesIO()
    canvas.save(file, "WEBP", quality=80, method=2)
    return file.getvalue()


def _image(pixels: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels), "RGB")
