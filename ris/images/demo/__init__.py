"""The built-in demo collection: families of pictures, drawn by our own code from a seed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from numpy.random import Generator, default_rng
from PIL import Image

from . import (
    boats,
    butterflies,
    contours,
    fans,
    feathers,
    fish,
    glass,
    leaves,
    mandalas,
    mountains,
    mushrooms,
    planets,
    shells,
    skylines,
    tartans,
    tiles,
    waves,
)

__all__ = ["FAMILIES", "SIZE", "draw"]

SIZE = 256

_PAINTERS: dict[str, Callable[[Generator, int], Image.Image]] = {
    "boats": boats.paint,
    "butterflies": butterflies.paint,
    "contours": contours.paint,
    "fans": fans.paint,
    "feathers": feathers.paint,
    "fish": fish.paint,
    "glass": glass.paint,
    "leaves": leaves.paint,
    "mandalas": mandalas.paint,
    "mountains": mountains.paint,
    "mushrooms": mushrooms.paint,
    "planets": planets.paint,
    "shells": shells.paint,
    "skylines": skylines.paint,
    "tartans": tartans.paint,
    "tiles": tiles.paint,
    "waves": waves.paint,
}

FAMILIES: tuple[str, ...] = tuple(_PAINTERS)


def draw(family: str, number: int, *, seed: int = 0) -> Image.Image:
    """Draw one picture of the demo collection.

    Args:
        family: One of `FAMILIES`.
        number: Which picture of the family.
        seed: Which collection; each seed gives other pictures.

    Returns:
        An upright RGB picture of `SIZE` x `SIZE` pixels that depends on the arguments only.

    Raises:
        ValueError: If there is no such family.
    """
    painter = _PAINTERS.get(family)
    if painter is None:
        raise ValueError(f"no demo family {family!r}; there are: {', '.join(FAMILIES)}")
    key = hashlib.sha256(f"{family}/{number}/{seed}".encode()).digest()
    return painter(default_rng(int.from_bytes(key[:16])), SIZE)
