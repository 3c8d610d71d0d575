"""Tiny pictures, drawn from a seed: four families that a glance tells apart."""

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

FAMILIES = ("bars", "checks", "discs", "rings")


def draw(family: str, number: int, *, size: tuple[int, int] = (32, 32)) -> Image.Image:
    """One picture; depends on its arguments only."""
    random = np.random.default_rng([FAMILIES.index(family), number])
    width, height = size
    ground, ink = (tuple(int(v) for v in random.integers(low, low + 100, 3)) for low in (150, 0))
    image = Image.new("RGB", size, ground)
    pen = ImageDraw.Draw(image)
    step = int(random.integers(max(width // 8, 2), max(width // 4, 3) + 1))
    if family == "bars":
        for x in range(0, width, 2 * step):
            pen.rectangle((x, 0, x + step - 1, height), fill=ink)
    elif family == "checks":
        for y in range(0, height, step):
            for x in range(y // step % 2 * step, width, 2 * step):
                pen.rectangle((x, y, x + step - 1, y + step - 1), fill=ink)
    else:
        x, y = random.integers(0, width // 3), random.integers(0, height // 3)
        box = (int(x), int(y), int(x) + width // 2, int(y) + height // 2)
        pen.ellipse(box, fill=ink if family == "discs" else None, outline=ink, width=step // 2 + 1)
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """A picture as the bytes of a file."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def write(folder: Path, family: str, number: int, name: str | None = None) -> Path:
    """Write a picture as a PNG file of a folder: `family/07.png`, or another name."""
    path = folder / (name or f"{family}/{number:02}.png")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(draw(family, number)))
    return path


def pixels(count: int, size: int = 32) -> NDArray[np.uint8]:
    """Pictures of all families as uint8 (count, size, size, 3)."""
    return np.stack(
        [np.asarray(draw(FAMILIES[i % len(FAMILIES)], i, size=(size, size))) for i in range(count)]
    )


def fill_folder(
    folder: Path,
    each: int,
    *,
    families: tuple[str, ...] = FAMILIES,
    size: tuple[int, int] = (32, 32),
) -> Path:
    """A folder of `each` PNG files per family, in folders named by the families."""
    for family in families:
        (folder / family).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            file = folder / family / f"{number:02}.png"
            file.write_bytes(encoded(draw(family, number, size=size)))
    return folder
