"""Leaves: botanical plates of sprigs and ferns with veined, two-tone leaves and berries."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from PIL import Image

from .canvas import Canvas
from .colour import RGB, Scheme, choose, mix
from .fields import Array
from .shapes import Point, bezier, moved, place, smooth

# Half outlines from the stalk (0, 0) to the tip (0, -1).
_KINDS: tuple[tuple[Point, ...], ...] = (
    ((0, 0), (0.17, -0.25), (0.2, -0.5), (0.12, -0.8), (0, -1)),
    ((0, 0), (0.3, -0.15), (0.38, -0.4), (0.22, -0.75), (0, -1)),
    ((0, 0), (0.32, -0.2), (0.46, -0.5), (0.34, -0.84), (0, -0.97)),
    ((0, 0), (0.1, -0.3), (0.11, -0.6), (0.06, -0.85), (0, -1)),
    ((0, 0), (0.3, -0.1), (0.2, -0.3), (0.4, -0.45), (0.22, -0.6), (0.26, -0.8), (0, -1)),
)


def paint(rng: Generator, size: int) -> Image.Image:
    """Paint sprigs of leaves."""
    scheme = choose(rng)
    canvas = Canvas(size, scheme.ground)
    canvas.backdrop((scheme.ground, mix(scheme.ground, scheme.accent(4), 0.2)), rng.uniform(0, 6))
    if rng.random() < 0.35:
        _panel(canvas, rng, scheme)
    count = int((1, 1, 2, 3)[int(rng.integers(4))])
    turn = float(rng.uniform(0, 2 * np.pi))
    for index in range(count):
        angle = turn + (index - (count - 1) / 2) * float(rng.uniform(0.5, 0.8))
        length = float(rng.uniform(0.95, 1.2)) if count == 1 else float(rng.uniform(0.6, 0.85))
        back, way = (length / 2, angle) if count == 1 else (0.42, turn)
        root = (0.5 - back * np.sin(way), 0.5 + back * np.cos(way))
        _sprig(canvas, rng, scheme, (*root, length, angle), index)
    return canvas.finish(rng)


def _panel(canvas: Canvas, rng: Generator, scheme: Scheme) -> None:
    inset = float(rng.uniform(0.05, 0.12))
    square = np.array(
        [(inset, inset), (1 - inset, inset), (1 - inset, 1 - inset), (inset, 1 - inset)]
    )
    canvas.polygon(square, mix(scheme.ground, scheme.accent(3), 0.3))
    canvas.line(np.vstack([square, square[:1]]), mix(scheme.ground, scheme.ink, 0.5), 0.003)


def _sprig(
    canvas: Canvas,
    rng: Generator,
    scheme: Scheme,
    spot: tuple[float, float, float, float],
    index: int,
) -> None:
    """Draw one sprig, growing up 1 unit from the origin before it is turned."""
    kind = _KINDS[int(rng.integers(len(_KINDS)))]
    outline = smooth(kind, 5, closed=False)
    slim = min(1.4, 0.2 / float(outline[:, 0].max()))
    pairs = max(3, int(rng.integers(4, 8) * slim**0.7))
    bend = float(rng.uniform(-0.3, 0.3))
    stem = bezier((0, 0), (bend, -0.5), (bend * 0.2, -0.88), 40)
    green, tip = scheme.accent(index), scheme.accent(index + 1)
    stalk = mix(scheme.ink, green, 0.45)
    berry = scheme.accent(index + 2)
    length = float(rng.uniform(0.27, 0.38)) * (8 / (pairs + 3)) ** 0.5 * slim**0.25
    opening = float(rng.uniform(0.65, 1.15))
    alternate = bool(rng.random() < 0.5)
    berries = bool(rng.random() < 0.4)
    canvas.line(place(stem, *spot), stalk, 0.009 * spot[2])
    for step in range(pairs):
        for side in (-1, 1):
            t = 0.16 + 0.8 * (step + (0.5 if alternate and side > 0 else 0)) / pairs
            root = stem[min(int(t * 40), 39)]
            scale = length * (1.1 - 0.5 * t) * float(rng.uniform(0.88, 1.1))
            angle = side * opening * (1.1 - 0.5 * t) + float(rng.normal(0, 0.08))
            colour = mix(green, tip, float(np.clip(t + rng.normal(0, 0.15), 0, 1)))
            halves = [
                place(place(outline * (half, 1), root[0], root[1], scale, angle), *spot)
                for half in (1, -1)
            ]
            _leaf(canvas, halves, colour, scheme)
            if berries and step % 2 == 0:
                twig = place(np.vstack([root, moved(root, side * 0.09, -0.05)]), *spot)
                canvas.line(twig, stalk, 0.004)
                _berry(canvas, twig[1], 0.02 * spot[2], berry, scheme)
    top = stem[-1]
    halves = [
        place(place(outline * (half, 1), top[0], top[1], length * 0.6), *spot) for half in (1, -1)
    ]
    _leaf(canvas, halves, tip, scheme)


def _berry(canvas: Canvas, spot: Array, radius: float, colour: RGB, scheme: Scheme) -> None:
    x, y = spot
    canvas.disc(x, y, radius, mix(colour, scheme.shade, 0.25))
    canvas.disc(x - radius * 0.15, y - radius * 0.2, radius * 0.75, colour)
    canvas.disc(x - radius * 0.3, y - radius * 0.35, radius * 0.25, scheme.paper, 0.8)


def _leaf(canvas: Canvas, halves: list[Array], colour: RGB, scheme: Scheme) -> None:
    right, left = halves
    canvas.polygon(right, mix(colour, scheme.paper, 0.16))
    canvas.polygon(left, mix(colour, scheme.shade, 0.22))
    vein = mix(colour, scheme.paper, 0.5)
    root, tip = right[0], right[-1]
    canvas.line(np.vstack([root, tip]), vein, 0.0035)
    steps = len(right)
    for index in range(3, steps - 4, 2):
        start = root + (tip - root) * (index / steps * 0.85)
        for half in halves:
            canvas.line(
                np.vstack([start, start + (half[index + 1] - start) * 0.8]), vein, 0.001, 0.7
            )
