"""Part of a picture: a box in shares of its sides, and the picture cut to it."""

import re
from dataclasses import dataclass, replace

from ris.errors import PictureError, RisError
from ris.images.decode import Picture

LEAST = 4  # pixels of a side


@dataclass(frozen=True)
class Crop:
    """A box in an upright picture; each number is a share of its width or height, 0 … 1.

    Attributes:
        x: Left side.
        y: Upper side.
        width: Of the box.
        height: Of the box.
        in_pixels: Whether the numbers are pixels of the upright picture instead.
    """

    x: float
    y: float
    width: float
    height: float
    in_pixels: bool = False

    def __post_init__(self) -> None:
        inside = self.in_pixels or (
            self.x + self.width <= 1 + 1e-6 and self.y + self.height <= 1 + 1e-6
        )
        if not (self.x >= 0 and self.y >= 0 and self.width > 0 and self.height > 0 and inside):
            raise RisError(
                f"There is no such part of a picture: {self.x:g},{self.y:g},{self.width:g},"
                f"{self.height:g}.",
                "Expected x,y,width,height inside the picture.",
            )


def read_crop(text: str) -> Crop:
    """A box that a person wrote: `x,y,width,height` in pixels of the upright picture, or each with
    % of its sides.

    Raises:
        RisError: It is none.
    """
    parts = [part.strip() for part in text.split(",")]
    shares = all(part.endswith("%") for part in parts)
    numbers = [part.removesuffix("%") if shares else part for part in parts]
    if len(numbers) != 4 or not all(re.fullmatch(r"\d{1,6}(\.\d+)?", one) for one in numbers):
        raise RisError(
            f"{text!r:.80} is no part of a picture.",
            "Expected x,y,width,height in pixels, or 10%,20%,50%,50%.",
        )
    x, y, width, height = (float(one) / (100 if shares else 1) for one in numbers)
    return Crop(x, y, width, height, in_pixels=not shares)


def cut(picture: Picture, crop: Crop | None) -> Picture:
    """The part of a picture, at least `LEAST` pixels on each side; all of it without a crop.

    Raises:
        PictureError: The box, in pixels, reaches out of the picture.
    """
    if crop is None:
        return picture
    # a JPEG may have been decoded smaller than the picture is
    wide, high = (picture.width, picture.height) if crop.in_pixels else (1, 1)
    if crop.x + crop.width > wide + 1e-6 or crop.y + crop.height > high + 1e-6:
        raise PictureError(
            f"The part reaches out of the picture, which has {wide} × {high} pixels.",
            "Give a smaller one.",
        )
    across, down = picture.image.width / wide, picture.image.height / high
    left, width = _side(crop.x * across, crop.width * across, picture.image.width)
    top, height = _side(crop.y * down, crop.height * down, picture.image.height)
    image = picture.image.crop((left, top, left + width, top + height))
    return replace(picture, image=image)


def _side(start: float, length: float, whole: int) -> tuple[int, int]:
    least = min(LEAST, whole)
    count = max(round(length), least)
    return max(0, min(round(start), whole - count)), min(count, whole)
