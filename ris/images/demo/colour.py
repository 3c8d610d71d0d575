"""Colours and the shared palettes every family of demo pictures draws from."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

from numpy.random import Generator

RGB = tuple[int, int, int]

# Each line: paper, ink, five accents. All families share them, so colour alone names no family.
_PALETTES = """
f3ead7 2c2f2a 6b7f4e a3b18a c9772c 8c3b2e d9b26f
efe6d0 16283f 1f4e79 5b8fb0 a9c6cf e0c9a0 c8553d
f2e8d5 14181f 0f4c4a c9a24b 8a2f3b e4c590 2f6f73
fbe9d7 2d1b3d 5c2a5e b83b5e f08a5d f9c46b 6a4c93
eef2f1 1d2d3a 2e5266 6e8898 9fb1bc d3b88c b5525c
f6e7d8 3a2218 b5543a d98e5f e8c39e 7d8c6a 355e5b
f0eadf 1a1333 7b1e3a 0b6e4f 1c4e9c e0a526 5b2a86
fff3ec 40304d f2a1a1 f6c6a8 a8d5ba 8fb8de c6a5d8
eef0e2 16241c 2f5d3a 5f8d4e a4be7b d9a441 7a4a2b
fbeff0 3a1a2a a23b5a d9738f f0b7b7 6f8f80 d8b26a
f7efd9 262a33 d9a21b e3c15a 3e5c76 748cab b8532f
eef4ee 13333b 157a7a 58b5a8 f2e2ba f0806a c3423f
f1ebf5 231c3d 4a3f8c 7f6fc0 b7a3dc e6b7c9 f3d9a4
f3e7d3 2e2118 5a4030 8a6a4d b8966f d8bf9c 9b4a2c
f0f7fa 0f2740 1d5c8f 4c94c4 93c5de c9e3ec e8a87c
f1eddc 2a1d2e 5f2a4f 8d4f72 a7a04e cfc98a 4c6444
fdf6e0 23301f f2b705 f28705 d94f04 6b8f23 2f6b52
f5eee2 1f1d1b b3261e d6604d e9b872 2e4a62 7f9c96
ece6da 26302e 4d6a5d 84a08c c7b58e b97a57 74423a
f8f0e0 22333b 2a9d8f e9c46a f4a261 e76f51 8ab0ab
f2ecdd 10142b 23306b 4355a5 8d99d6 d6b04c f0d9a0
f2f0ea 1b2430 34495e 5d7289 8c9fb3 bccad6 d97b5b
f0f3e8 0c2431 005f73 0a9396 94d2bd ee9b00 bb3e03
f6f4ea 2b1620 8c1c3a c8385a f29ca3 9fd0bb 4f9d8a
"""


@dataclass(frozen=True)
class Scheme:
    """The colours of one picture.

    Attributes:
        ground: The background.
        ink: What stands out most against the background.
        paper: The lightest colour, whatever the background is.
        shade: The darkest colour, whatever the background is.
        accents: Five colours in random order.
        dark: Whether the background is a dark one.
    """

    ground: RGB
    ink: RGB
    paper: RGB
    shade: RGB
    accents: tuple[RGB, ...]
    dark: bool

    def accent(self, index: int) -> RGB:
        """Return an accent, counting round the five."""
        return self.accents[index % len(self.accents)]


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """Return the colour that lies `share` of the way from the first to the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def choose(rng: Generator) -> Scheme:
    """Draw a scheme: a palette, its hue shift, and a light, dark or coloured background."""
    # A palette turned far from its own hues looks lurid at full strength.
    far = rng.random() < 0.25
    turn, strength = (float(rng.uniform(-0.5, 0.5)), 0.72) if far else (rng.normal(0, 0.015), 1.0)
    colours = [_shift(colour, turn, strength) for colour in _TABLE[int(rng.integers(len(_TABLE)))]]
    paper, shade, *rest = colours
    accents = tuple(rest[int(index)] for index in rng.permutation(len(rest)))
    kind = rng.random()
    if kind < 0.4:
        ground, dark = paper, False
    elif kind < 0.65:
        ground, dark = shade, True
    elif kind < 0.85:
        ground, dark = mix(accents[-1], paper, float(rng.uniform(0.35, 0.65))), False
    else:
        ground, dark = mix(accents[-1], shade, float(rng.uniform(0.5, 0.75))), True
    ink = paper if dark else shade
    return Scheme(ground, ink, paper, shade, accents, dark)


def _shift(colour: RGB, turn: float, strength: float) -> RGB:
    hue, light, pure = colorsys.rgb_to_hls(*(part / 255 for part in colour))
    red, green, blue = colorsys.hls_to_rgb((hue + turn) % 1, light, pure * strength)
    return round(red * 255), round(green * 255), round(blue * 255)


def _parse(text: str) -> RGB:
    value = int(text, 16)
    return value >> 16, value >> 8 & 255, value & 255


_TABLE = [[_parse(word) for word in line.split()] for line in _PALETTES.split("\n") if line]
