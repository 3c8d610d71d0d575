"""One picture in, its altered copies out: what people do to pictures before they are found again.

`ris/explore/evaluation.py` asks whether an encoder still finds the original by each of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from io import BytesIO

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

from ris.errors import RisError
from ris.images.decode import Picture, decode
from ris.images.display import from_pixels
from ris.images.entries import Entry
from ris.images.prepare import content_id, to_input

LONG_SIDE = 512  # pixels; what is larger is reduced first, as encoders take a fraction of that
_TEXT = "SAMPLE TEXT"


@dataclass(frozen=True)
class Kind:
    """One way to alter a picture: its name for machines, and its title for people."""

    name: str
    title: str


KINDS = (
    Kind("jpeg", "JPEG at quality 30"),
    Kind("half", "half the size"),
    Kind("text", "text over it"),
    Kind("mirror", "mirrored"),
    Kind("colours", "brightness, contrast and saturation changed"),
    Kind("crop70", "cut to 70 % of the area"),
    Kind("crop50", "cut to 50 % of the area"),
    Kind("turn10", "turned by 10 degrees"),
    Kind("turn90", "turned by 90 degrees"),
)


def alter(picture: Picture, kind: str, seed: int) -> Picture:
    """An altered copy of a picture.

    Args:
        picture: The original; it is not changed. More than `LONG_SIDE` pixels are reduced first.
        kind: Name of one of `KINDS`.
        seed: Not negative. The same picture, kind and seed give the same copy.

    Raises:
        RisError: There is no such kind.

    Source: Douze et al., The 2021 Image Similarity Dataset and Challenge (2021), section 4: the
        manipulations of copy detection, of which these are the common ones.
    """
    if kind not in _ALTER:
        raise RisError(f"There is no kind of copy {kind!r}, expected one of {', '.join(_ALTER)}.")
    random = np.random.default_rng([seed, list(_ALTER).index(kind)])
    image = _ALTER[kind](_reduce(picture.image), random)
    return Picture(image, image.width, image.height)


def alter_entry(entry: Entry, size: int) -> NDArray[np.uint8]:
    """Every kind of altered copy of an entry, as an encoder takes them.

    For the workers of `pool.map_entries`; the seed comes from the file's content.

    Returns:
        uint8 (len(KINDS), size, size, 3), in the order of `KINDS`.

    Raises:
        PictureError: The picture can't be read.
    """
    data = entry.read()
    original = decode(data)
    reduced = Picture(_reduce(original.image), original.width, original.height)
    seed = int(content_id(data)[:16], 16)
    return np.stack([to_input(alter(reduced, kind.name, seed), size) for kind in KINDS])


def alter_input(pixels: NDArray[np.uint8], kind: str, seed: int) -> NDArray[np.uint8]:
    """An altered copy of what an encoder takes: uint8 (S, S, 3) to the same; see `alter`."""
    return to_input(alter(from_pixels(pixels), kind, seed), len(pixels))


def _reduce(image: Image.Image) -> Image.Image:
    longest = max(image.size)
    if longest <= LONG_SIDE:
        return image
    width, height = (max(round(side * LONG_SIDE / longest), 1) for side in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=2.0)


def _recompress(image: Image.Image, random: Generator) -> Image.Image:
    file = BytesIO()
    image.save(file, "JPEG", quality=30)
    return decode(file.getvalue()).image


def _halve(image: Image.Image, random: Generator) -> Image.Image:
    width, height = (max(side // 2, 1) for side in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC)


def _write_over(image: Image.Image, random: Generator) -> Image.Image:
    """A line of text as wide as the picture, black on white outline or the reverse."""
    altered = image.copy()
    pen = ImageDraw.Draw(altered)
    share = pen.textlength(_TEXT, _font(100)) / 100  # width of the text at size 1
    size = max(round(min(0.9 * image.width / share, 0.5 * image.height)), 1)
    middle = image.height * random.uniform(0.25, 0.75)
    ink, outline = ("white", "black") if random.random() < 0.5 else ("black", "white")
    pen.text(
        (image.width / 2, middle),
        _TEXT,
        fill=ink,
        font=_font(size),
        anchor="mm",
        stroke_width=max(size // 12, 1),
        stroke_fill=outline,
    )
    return altered


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _mirror(image: Image.Image, random: Generator) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def _recolour(image: Image.Image, random: Generator) -> Image.Image:
    for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = change(image).enhance(random.uniform(0.6, 1.4))
    return image


def _crop(image: Image.Image, random: Generator, *, area: float) -> Image.Image:
    """A part of the picture with its aspect, from anywhere in it."""
    width, height = (max(round(side * area**0.5), 1) for side in image.size)
    left = int(random.integers(0, image.width - width + 1))
    top = int(random.integers(0, image.height - height + 1))
    return image.crop((left, top, left + width, top + height))


def _turn_slightly(image: Image.Image, random: Generator) -> Image.Image:
    """To one side or the other; what turns in from outside is black."""
    angle = 10.0 if random.random() < 0.5 else -10.0
    return image.rotate(angle, Image.Resampling.BICUBIC)


def _turn_square(image: Image.Image, random: Generator) -> Image.Image:
    left = random.random() < 0.5
    return image.transpose(Image.Transpose.ROTATE_90 if left else Image.Transpose.ROTATE_270)


_ALTER: dict[str, Callable[[Image.Image, Generator], Image.Image]] = {
    "jpeg": _recompress,
    "half": _halve,
    "text": _write_over,
    "mirror": _mirror,
    "colours": _recolour,
    "crop70": partial(_crop, area=0.7),
    "crop50": partial(_crop, area=0.5),
    "turn10": _turn_slightly,
    "turn90": _turn_square,
}
