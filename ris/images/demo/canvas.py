"""The drawing surface of the demo pictures: an oversampled canvas with gradients and paper."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from .colour import RGB
from .fields import Array, clouds, stops

Spot = tuple[float, float]
_OVER = 2
_STEPS = 24


class Stamp(NamedTuple):
    """A piece cut out of a canvas, and where it lay there."""

    image: Image.Image
    mask: Image.Image
    left: int
    top: int


class Canvas:
    """A square picture drawn at twice its size, in coordinates from 0 to 1, y downwards."""

    def __init__(self, size: int, ground: RGB) -> None:
        """Start with one colour all over."""
        self.size = size
        self.side = size * _OVER
        self.image = Image.new("RGB", (self.side, self.side), ground)
        # Mixing is several times slower than plain drawing: opaque shapes have their own pen.
        self._pen = ImageDraw.Draw(self.image)
        self._glaze = ImageDraw.Draw(self.image, "RGBA")

    def polygon(self, points: Array, colour: RGB, alpha: float = 1.0) -> None:
        """Fill a polygon with one colour."""
        if alpha == 1:
            self._pen.polygon(self._pixels(points), fill=colour)
        else:
            self._glaze.polygon(self._pixels(points), fill=(*colour, round(alpha * 255)))

    def line(self, points: Array, colour: RGB, width: float, alpha: float = 1.0) -> None:
        """Draw a line through points."""
        if alpha == 1:
            # Rounded corners are slow, and only show on wide lines.
            joint = "curve" if width > 0.007 else None
            self._pen.line(self._pixels(points), fill=colour, width=self._width(width), joint=joint)
        else:
            tone = (*colour, round(alpha * 255))
            self._glaze.line(self._pixels(points), fill=tone, width=self._width(width))

    def disc(self, x: float, y: float, radius: float, colour: RGB, alpha: float = 1.0) -> None:
        """Fill a circle."""
        if alpha == 1:
            self._pen.ellipse(self._box(x, y, radius), fill=colour)
        else:
            self._glaze.ellipse(self._box(x, y, radius), fill=(*colour, round(alpha * 255)))

    def ring(self, x: float, y: float, radius: float, colour: RGB, width: float) -> None:
        """Draw the outline of a circle."""
        self._pen.ellipse(self._box(x, y, radius), outline=colour, width=self._width(width))

    def blend(self, points: Array, start: Spot, end: Spot, colours: Sequence[RGB]) -> None:
        """Fill a polygon with a gradient that runs from one point to another."""
        pixels = np.clip(points * self.side, -self.side, 2 * self.side)
        low = np.clip(np.floor(pixels.min(axis=0)), 0, self.side).astype(int)
        high = np.clip(np.ceil(pixels.max(axis=0)) + 1, 0, self.side).astype(int)
        width, height = (int(length) for length in high - low)
        if width <= 0 or height <= 0:
            return
        box = (int(low[0]), int(low[1]), int(high[0]), int(high[1]))
        mask = Image.new("L", (width, height))
        ImageDraw.Draw(mask).polygon((pixels - low).ravel().tolist(), fill=255)
        self.image.paste(self._gradient(box, start, end, colours), box, mask)

    def backdrop(self, colours: Sequence[RGB], angle: float = np.pi / 2) -> None:
        """Cover the canvas with a gradient that runs in the direction of an angle."""
        x, y = float(np.cos(angle)) / 2, float(np.sin(angle)) / 2
        box = (0, 0, self.side, self.side)
        self.image.paste(self._gradient(box, (0.5 - x, 0.5 - y), (0.5 + x, 0.5 + y), colours), box)

    def glow(self, x: float, y: float, radius: float, colour: RGB, strength: float) -> None:
        """Light up the canvas around a point."""
        side = max(2, round(2 * radius * self.side))
        mask = _halo(strength).resize((side, side), Image.Resampling.BILINEAR)
        corner = (round((x - radius) * self.side), round((y - radius) * self.side))
        self.image.paste(colour, (*corner, corner[0] + side, corner[1] + side), mask)

    def haze(self, top: float, bottom: float, colour: RGB, strength: float) -> None:
        """Let a colour thicken from one height down to another."""
        low, high = round(max(top, 0) * self.side), round(bottom * self.side)
        mask = Image.fromarray(np.linspace(0, strength * 255, high - low).astype(np.uint8)[:, None])
        box = (0, low, self.side, high)
        self.image.paste(colour, box, mask.resize((self.side, high - low)))

    def cut(self, outline: Array) -> Stamp:
        """Cut what is drawn inside an outline around the middle, to paste it elsewhere."""
        pixels = outline * self.side
        low, high = np.floor(pixels.min(axis=0)), np.ceil(pixels.max(axis=0)) + 1
        box = (int(low[0]), int(low[1]), int(high[0]), int(high[1]))
        mask = Image.new("L", (box[2] - box[0], box[3] - box[1]))
        ImageDraw.Draw(mask).polygon((pixels - low).ravel().tolist(), fill=255)
        return Stamp(self.image.crop(box), mask, box[0], box[1])

    def stamp(self, stamp: Stamp, x: float, y: float) -> None:
        """Paste a stamp so that its middle comes to lie at x, y."""
        left, top = round((x - 0.5) * self.side), round((y - 0.5) * self.side)
        self.image.paste(stamp.image, (left + stamp.left, top + stamp.top), stamp.mask)

    def finish(self, rng: Generator) -> Image.Image:
        """Return the picture at its own size, printed on paper."""
        return print_on_paper(np.asarray(self.image.reduce(_OVER)), rng)

    def _gradient(
        self, box: tuple[int, int, int, int], start: Spot, end: Spot, colours: Sequence[RGB]
    ) -> Image.Image:
        left, top, right, bottom = box
        way = np.subtract(end, start)
        way = way / max(float(way @ way), 1e-9)
        if abs(way[0]) < 1e-6:
            # An upright gradient needs no scaling up, which is what takes the time.
            down = (np.arange(top, bottom) / self.side - start[1]) * way[1]
            column = stops(down[:, None], colours).astype(np.uint8)
            return Image.fromarray(np.repeat(column, right - left, axis=1))
        along = np.linspace(left, right, _STEPS) / self.side - start[0]
        down = np.linspace(top, bottom, _STEPS) / self.side - start[1]
        place = along[None, :] * way[0] + down[:, None] * way[1]
        ramp = Image.fromarray(stops(place, colours).astype(np.uint8))
        return ramp.resize((right - left, bottom - top), Image.Resampling.BILINEAR)

    def _pixels(self, points: Array) -> list[float]:
        pixels: list[float] = (points * self.side).ravel().tolist()
        return pixels

    def _width(self, width: float) -> int:
        return max(1, round(width * self.side))

    def _box(self, x: float, y: float, radius: float) -> tuple[float, float, float, float]:
        side = self.side
        return (x - radius) * side, (y - radius) * side, (x + radius) * side, (y + radius) * side


def print_on_paper(pixels: Array, rng: Generator) -> Image.Image:
    """Return pixels (values 0 to 255) as a picture with the grain of some paper."""
    grain = _papers(pixels.shape[0])[int(rng.integers(4))]
    down, along = (int(step) for step in rng.integers(0, 2, 2) * 2 - 1)
    grain = grain[::down, ::along]
    mixed = pixels.astype(np.int16) + grain[:, :, None]
    return Image.fromarray(np.clip(mixed, 0, 255).astype(np.uint8))


@lru_cache(maxsize=2)
def _papers(size: int) -> list[Array]:
    rng = np.random.default_rng(7)
    fine = rng.normal(0, 2.5, (size, size))
    fibre = (fine + np.roll(fine, 1, 1) + np.roll(fine, 2, 1) + np.roll(fine, 3, 1)) / 1.8
    steps = np.arange(size) * (np.pi * round(size / 3) / size * 2)
    weave = np.sin(steps)[None, :] * np.sin(steps)[:, None] * 4 + fine * 0.5
    mottle = (clouds(rng, size, 12, 3) - 0.5) * 16 + fine * 0.8
    return [paper.round().astype(np.int16) for paper in (fine, fibre, weave, mottle)]


@lru_cache(maxsize=64)
def _halo(strength: float) -> Image.Image:
    steps = np.linspace(-1, 1, 64)
    distance = np.hypot(steps[None, :], steps[:, None])
    light = np.clip(1 - distance, 0, 1) ** 1.8 * strength * 255
    return Image.fromarray(light.astype(np.uint8))
