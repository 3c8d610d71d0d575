"""Feathers: one or a few, barred, tipped or eyed, drawn barb by barb."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.random import Generator
from PIL import Image

from .canvas import Canvas
from .colour import RGB, Scheme, choose, mix
from .fields import Array
from .shapes import bezier, ellipse, moved, place

_BARBS = 64
_DUSK = (20, 16, 30)

_Place = tuple[float, float, float, float]


def paint(rng: Generator, size: int) -> Image.Image:
    """Paint feathers."""
    scheme = choose(rng)
    canvas = Canvas(size, scheme.ground)
    canvas.backdrop((scheme.ground, mix(scheme.ground, scheme.accent(3), 0.25)), rng.uniform(0, 6))
    count = int((1, 1, 2, 3)[int(rng.integers(4))])
    turn = rng.uniform(0, 2 * np.pi)
    for index in range(count):
        spread = (index - (count - 1) / 2) * rng.uniform(0.25, 0.75)
        x, y = (0.5, 0.5) if count == 1 else rng.uniform(0.4, 0.6, 2)
        x += spread * 0.35 * np.cos(turn)
        y += spread * 0.35 * np.sin(turn)
        scale = rng.uniform(0.95, 1.25) if count == 1 else rng.uniform(0.75, 1.05)
        _feather(canvas, rng, scheme, (x, y, scale, turn + spread))
    return canvas.finish(rng)


def _feather(canvas: Canvas, rng: Generator, scheme: Scheme, spot: _Place) -> None:
    """Draw one feather, its tip up before it is turned, 1 unit long."""
    bend = float(rng.uniform(-0.18, 0.18))
    shaft = bezier((0, 0.5), (bend, 0.05), (bend * 0.2, -0.46), _BARBS)
    t = np.linspace(0, 1, _BARBS)
    wide = float(rng.uniform(0.12, 0.22))
    # The vane begins a little above the quill, and is widest at a random height.
    grown = np.clip((t - 0.12) / 0.88, 0, 1) ** float(rng.uniform(0.55, 1.25))
    width = wide * np.sin(np.pi * grown) ** float(rng.uniform(0.45, 0.8))
    lift = float(rng.uniform(0.12, 0.22))
    colours = _pattern(rng, scheme, t)
    rib = mix(scheme.paper, scheme.accent(1), 0.35)
    _down(canvas, rng, shaft, spot, mix(rib, scheme.ground, 0.25))
    eyed = rng.random() < 0.3
    for side in (-1.0, float(rng.uniform(0.6, 1.0))):
        reach = shaft + np.stack([side * width, -lift * (0.3 + 0.7 * t)], -1)
        splits = np.cumsum(rng.random(_BARBS) < 0.08) % 2
        reach[:, 1] += 0.022 * splits + rng.normal(0, 0.002, _BARBS)
        lines = [
            place(moved(shaft + (reach - shaft) * share, 0, sag), *spot)
            for share, sag in ((0, 0), (0.38, 0.024), (0.72, 0.022), (1, 0))
        ]
        _vane(canvas, lines, colours, 0.0 if side < 0 else 0.16)
    if eyed:
        _eye(canvas, scheme, wide, spot, shaft[-15])
    canvas.line(place(shaft[:-3], *spot), mix(scheme.shade, rib, 0.2), 0.011 * spot[2])
    canvas.line(place(shaft[:-3], *spot), rib, 0.006 * spot[2])


def _down(canvas: Canvas, rng: Generator, shaft: Array, spot: _Place, colour: RGB) -> None:
    for start in range(6, 14):
        for side in (-1, 1):
            root = shaft[start]
            end = moved(root, side * rng.uniform(0.04, 0.09), rng.uniform(-0.02, 0.07))
            middle = moved(root, side * 0.03, -0.02)
            canvas.line(
                place(bezier(tuple(root), tuple(middle), tuple(end), 6), *spot), colour, 0.002
            )


def _vane(canvas: Canvas, lines: list[Array], colours: list[tuple[RGB, RGB]], tone: float) -> None:
    """Fill one side of a feather barb by barb, in strips along the shaft."""
    strips = [
        np.stack([inner[:-1], inner[1:], outer[1:], outer[:-1]], 1)
        for inner, outer in itertools.pairwise(lines)
    ]
    barbs = np.stack(lines, 1)
    for index in range(8, _BARBS - 1):
        inner, outer = colours[index]
        shade = tone + 0.04 * (index % 3)
        for share, strip in zip((0.0, 0.5, 1.0), strips, strict=True):
            canvas.polygon(strip[index], mix(mix(inner, outer, share), _DUSK, shade))
        canvas.line(barbs[index], mix(outer, _DUSK, 0.12 + shade), 0.001)


def _eye(canvas: Canvas, scheme: Scheme, wide: float, spot: _Place, middle: Array) -> None:
    """Draw the eye of a peacock's feather: drops in each other, with barbs over them."""
    x, y = float(middle[0]), float(middle[1])
    tones = (
        scheme.accent(3),
        mix(scheme.accent(4), scheme.paper, 0.3),
        scheme.accent(0),
        scheme.shade,
    )
    for share, colour in zip((0.82, 0.64, 0.46, 0.26), tones, strict=True):
        drop = ellipse(x, y, wide * share, wide * share * 1.35, 32)
        drop[:, 0] = x + (drop[:, 0] - x) * (1 - 0.35 * (drop[:, 1] - y) / wide)
        canvas.polygon(place(drop, *spot), colour)
    for step in np.linspace(-0.9, 0.8, 18):
        for side in (-1, 1):
            ends = np.array(
                [(x, y + step * wide), (x + side * wide * 0.7, y + (step - 0.6) * wide)]
            )
            canvas.line(place(ends, *spot), scheme.shade, 0.001, 0.3)


def _pattern(rng: Generator, scheme: Scheme, t: Array) -> list[tuple[RGB, RGB]]:
    """Return the colours of each barb, near the shaft and at its end."""
    base, other, tip = (scheme.accent(index) for index in range(3))
    if rng.random() < 0.35:
        base = mix(scheme.paper, base, 0.35) if scheme.dark else mix(scheme.shade, base, 0.5)
    kind = int(rng.integers(3))
    bars = float(rng.uniform(4, 10))
    limit = float(rng.uniform(0.5, 0.85))
    colours = []
    for along in t:
        if kind == 0:
            share = float(np.sin(along * bars * 2 * np.pi) > rng.uniform(-0.2, 0.2))
        elif kind == 1:
            share = float(np.clip((along - limit) * 14, 0, 1))
        else:
            share = float(along)
        inner = mix(base, other, share)
        outer = mix(inner, tip, 0.4 if kind else 0.2)
        colours.append((inner, outer))
    return colours
