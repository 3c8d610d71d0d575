"""Tiles: islamic star patterns, by rays from the edge middles of a tiling (Hankin's method)."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator
from PIL import Image

from .canvas import Canvas, Stamp
from .colour import RGB, Scheme, choose, mix
from .fields import Array
from .shapes import moved, place, regular

# Tiles with edges of length 1, each with the places where it lies around the origin.
_Tiling = list[tuple[Array, Array]]


def paint(rng: Generator, size: int) -> Image.Image:
    """Paint a wall of star tiles."""
    scheme = choose(rng)
    canvas = Canvas(size, scheme.ground)
    kind = int(rng.integers(len(_TILINGS)))
    scale = float(rng.uniform(*_SCALES[kind]))
    turn = float(rng.choice([0.0, math.pi / 4, rng.uniform(0, 6.28)]))
    shift = rng.uniform(-0.2, 0.2, 2) + 0.5
    contact = float(rng.uniform(0.85, 1.25))
    style = _Style(rng, scheme)
    for tile, spots in _TILINGS[kind](0.95 / scale + 2):
        stamp = _star(size, place(tile, 0.5, 0.5, scale, turn), contact, style)
        for x, y in place(spots, float(shift[0]), float(shift[1]), scale, turn):
            if -0.3 < x < 1.3 and -0.3 < y < 1.3:
                canvas.stamp(stamp, float(x), float(y))
    x, y = rng.random(2)
    canvas.glow(float(x), float(y), 0.8, scheme.paper, 0.22)
    return canvas.finish(rng)


class _Style:
    """The colours of the stars by the number of their points, and of the straps."""

    def __init__(self, rng: Generator, scheme: Scheme) -> None:
        self.ground = {sides: mix(scheme.ground, scheme.accent(step), 0.3 + 0.15 * step)
                       for step, sides in enumerate((3, 4, 6, 8, 12))}  # fmt: skip
        self.star = {sides: scheme.accent(step) for step, sides in enumerate((12, 8, 6, 4, 3))}
        light = rng.random() < 0.65
        self.strap: RGB = scheme.paper if light else mix(scheme.shade, scheme.accent(1), 0.2)
        self.outline: RGB = scheme.shade if light else scheme.paper
        self.core: RGB = mix(scheme.accent(3), scheme.paper, 0.3)
        self.width = float(rng.uniform(0.006, 0.016))


def _star(size: int, shape: Array, contact: float, style: _Style) -> Stamp:
    canvas = Canvas(size, style.outline)
    sides = len(shape)
    middle = shape.mean(axis=0)
    following = np.roll(shape, -1, 0)
    middles = (shape + following) / 2
    edge = float(np.hypot(*(shape[1] - shape[0])))
    inner = math.pi * (sides - 2) / sides
    # The rays of two neighbouring edges meet on the line from their corner to the middle.
    reach = edge / 2 * math.sin(contact) / math.sin(math.pi - contact - inner / 2)
    apothem = float(np.hypot(*(shape[0] - middle)))
    dents = middle + (shape - middle) * max(1 - reach / apothem, 0.12)
    star = np.empty((2 * sides, 2))
    star[::2], star[1::2] = dents, middles
    canvas.polygon(shape, style.ground[sides])
    canvas.polygon(star, style.star[sides])
    shrunk = middle + (star - middle) * 0.62
    canvas.polygon(shrunk, mix(style.star[sides], style.core, 0.35))
    if sides > 4:
        canvas.polygon(middle + (star - middle) * 0.32, style.core)
    loop = np.vstack([star, star[:2]])
    canvas.line(loop, style.outline, style.width * 1.6)
    canvas.line(loop, style.strap, style.width)
    return canvas.cut(middle + (shape - middle) * 1.01)


def _squares(reach: float) -> _Tiling:
    """Return octagons and squares (4.8.8)."""
    step = 1 + math.sqrt(2)
    octagon = regular(8, 0.5 / math.sin(math.pi / 8), math.pi / 8)
    count = int(reach / step) + 1
    steps = np.arange(-count, count + 1) * step
    spots = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
    return [(octagon, spots), (regular(4, math.sqrt(0.5)), spots + step / 2)]


def _hexagons(reach: float) -> _Tiling:
    """Return hexagons (6.6.6)."""
    return [(regular(6, 1, math.pi / 6), _lattice(reach, math.sqrt(3)))]


def _hexagons_with_triangles(reach: float) -> _Tiling:
    """Return hexagons and triangles (3.6.3.6)."""
    spots = _lattice(reach, 2)
    return [(regular(6), spots), *_triangles(spots, 2)]


def _dodecagons(reach: float) -> _Tiling:
    """Return dodecagons and triangles (3.12.12)."""
    step = 2 + math.sqrt(3)
    spots = _lattice(reach, step)
    twelve = regular(12, 0.5 / math.sin(math.pi / 12), math.pi / 12)
    return [(twelve, spots), *_triangles(spots, step)]


def _lattice(reach: float, step: float) -> Array:
    count = int(reach / step) + 2
    spots = [
        ((column + row % 2 / 2) * step, row * step * math.sqrt(3) / 2)
        for row in range(-count, count + 1)
        for column in range(-count, count + 1)
    ]
    return np.array(spots)


def _triangles(spots: Array, step: float) -> _Tiling:
    """Return the triangles between the tiles of a triangular lattice."""
    away = step / math.sqrt(3)
    return [
        (regular(3, 1 / math.sqrt(3), side * math.pi / 2), moved(spots, 0, side * away))
        for side in (1, -1)
    ]


_TILINGS = (_squares, _hexagons, _hexagons_with_triangles, _dodecagons)
_SCALES = ((0.11, 0.22), (0.13, 0.26), (0.12, 0.24), (0.07, 0.14))
