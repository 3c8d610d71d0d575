"""Two pictures held against each other: where they differ, and how sharp each is."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ris.errors import PictureError
from ris.images.decode import decode
from ris.images.display import png

SIDE = 256  # pixels of the long side that is compared
_GAIN = 3.0  # by which differences are strengthened


def difference(one: bytes, other: bytes) -> tuple[bytes, float]:
    """Where two pictures differ: a PNG file, dark where they are the same and light where they
    are not, and the share of the brightness by which they differ on average, 0 to 1.

    The second is brought to the shape of the first.

    Raises:
        PictureError: One of them can't be read.
    """
    first = _small(one)
    second = decode(other).image.resize(first.size, Image.Resampling.BICUBIC)
    away = np.abs(np.asarray(first, np.float32) - np.asarray(second, np.float32)).mean(axis=2)
    shown = np.clip(away * _GAIN, 0, 255).astype(np.uint8)
    return png(_glowing(shown)), float(away.mean() / 255)


def sharpness(picture: bytes) -> float:
    """Variance of the Laplacian of the grey values, at a size that is the same for all pictures.

    Source: Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy, 2000, LAPV.

    Raises:
        PictureError: It can't be read.
    """
    grey = np.asarray(_small(picture).convert("L"), np.float32)
    if min(grey.shape) < 3:
        raise PictureError("The picture is too small to tell how sharp it is")
    middle = grey[1:-1, 1:-1]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float((around - 4 * middle).var())


def _small(picture: bytes) -> Image.Image:
    image = decode(picture).image
    scale = SIDE / max(image.size)
    sides = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(sides, Image.Resampling.BICUBIC)


def _glowing(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey values in colours from black over red to white."""
    wide = values.astype(np.int32) * 3
    return np.stack([np.clip(wide - 255 * step, 0, 255) for step in range(3)], axis=2).astype(
        np.uint8
    )
