"""Skylines: towers in layers of haze, lit windows, a big sun or moon, water below."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageOps

from .canvas import Canvas
from .colour import RGB, Scheme, choose, mix
from .fields import Array


def paint(rng: Generator, size: int) -> Image.Image:
    """Paint a city skyline."""
    scheme = choose(rng)
    canvas = Canvas(size, scheme.ground)
    glow = mix(scheme.accent(3), scheme.ground, float(rng.uniform(0, 0.6)))
    canvas.backdrop((scheme.ground, mix(scheme.ground, glow, 0.5), glow))
    x, y, radius = rng.uniform(0.15, 0.85), rng.uniform(0.15, 0.55), rng.uniform(0.07, 0.26)
    canvas.glow(x, y, radius * 2.2, mix(scheme.accent(4), scheme.paper, 0.5), 0.45)
    canvas.disc(x, y, radius, mix(scheme.accent(4), scheme.paper, float(rng.uniform(0.1, 0.8))))
    shore = float(rng.uniform(0.68, 0.86)) if rng.random() < 0.5 else 1.0
    near = mix(scheme.shade, scheme.accent(0), float(rng.uniform(0.05, 0.6)))
    if scheme.dark and rng.random() < 0.4:
        near = mix(scheme.paper, scheme.accent(0), float(rng.uniform(0.3, 0.7)))
    if abs(sum(near) - sum(glow)) < 190:
        near = mix(near, scheme.paper if sum(glow) < 250 else scheme.shade, 0.65)
    layers = int(rng.integers(2, 5))
    scale = float(rng.uniform(0.7, 1.7))
    for layer in range(layers):
        share = (layer + 1) / layers
        colour = mix(glow, near, 0.25 + 0.75 * share)
        light = mix(scheme.accent(1), scheme.paper, 0.4) if share == 1 else None
        tall = (0.72 - 0.36 * share) * float(rng.uniform(0.8, 1.15)) * shore
        _row(canvas, rng, (colour, glow, light), (shore, tall, scale * (0.6 + 0.4 * share)))
    if shore < 1:
        _water(canvas, rng, scheme, shore)
    return canvas.finish(rng)


def _row(
    canvas: Canvas,
    rng: Generator,
    colours: tuple[RGB, RGB, RGB | None],
    measures: tuple[float, float, float],
) -> None:
    base, tall, scale = measures
    hump = float(rng.uniform(0.2, 0.8))
    left = -0.05
    while left < 1.02:
        wide = float(rng.uniform(0.05, 0.12)) * scale
        height = tall * float(rng.uniform(0.45, 1.05)) * (1.35 - abs(left - hump))
        _tower(canvas, rng, colours, (left, base - height, wide, base))
        left += wide * float(rng.uniform(0.85, 1.15))
    canvas.haze(base - tall, base, colours[1], 0.4)


def _tower(
    canvas: Canvas,
    rng: Generator,
    colours: tuple[RGB, RGB, RGB | None],
    box: tuple[float, float, float, float],
) -> None:
    left, top, wide, base = box
    colour, mist, light = colours
    colour = mix(colour, mist, float(rng.uniform(0, 0.14)))
    right, middle = left + wide, left + wide / 2
    roof = _roof(int(rng.integers(7)), left, right, top, wide)
    body = np.array([(left, base), *roof, (right, base)])
    canvas.polygon(body, colour)
    edge = np.array([(middle + wide * 0.15, base), (middle + wide * 0.15, top + wide * 0.1),
                     (right, top + wide * 0.1), (right, base)])  # fmt: skip
    canvas.polygon(edge, mix(colour, (10, 8, 24), 0.5), 0.22)
    if light is not None:
        _windows(canvas, rng, (light, mix(colour, light, 0.22)), box)


def _roof(
    kind: int, left: float, right: float, top: float, wide: float
) -> list[tuple[float, float]]:
    middle = (left + right) / 2
    if kind == 0:
        return [(left, top), (middle, top - wide * 0.9), (right, top)]
    if kind == 1:
        return [(left, top), (right, top - wide * 0.4)]
    if kind == 2:
        inner = wide * 0.22
        return [(left, top), (left + inner, top), (left + inner, top - 0.04),
                (middle - 0.004, top - 0.04), (middle, top - 0.14), (middle + 0.004, top - 0.04),
                (right - inner, top - 0.04), (right - inner, top), (right, top)]  # fmt: skip
    if kind == 3:
        turn = np.linspace(np.pi, 0, 12)
        return [(float(middle + wide / 2 * np.cos(a)), float(top - wide * 0.5 * np.sin(a)))
                for a in turn]  # fmt: skip
    if kind == 4:
        return [(left, top), (middle - 0.003, top), (middle - 0.002, top - 0.1),
                (middle + 0.002, top - 0.1), (middle + 0.003, top), (right, top)]  # fmt: skip
    return [(left, top), (right, top)]


def _windows(
    canvas: Canvas,
    rng: Generator,
    tones: tuple[RGB, RGB],
    box: tuple[float, float, float, float],
) -> None:
    left, top, wide, base = box
    columns = max(2, int(wide / 0.022))
    rows = min(14, int((base - top) / 0.034))
    across, down = wide / columns, 0.034
    lit = rng.random((rows, columns))
    pane = np.array([(0.25, 0.3), (0.75, 0.3), (0.75, 0.8), (0.25, 0.8)]) * (across, down)
    spots = np.argwhere(lit < 0.75)
    corners = spots[:, ::-1] * (across, down) + (left, top + 0.012)
    for spot, (row, column) in zip(corners, spots, strict=True):
        canvas.polygon(pane + spot, tones[int(lit[row, column] > 0.35)])


def _water(canvas: Canvas, rng: Generator, scheme: Scheme, shore: float) -> None:
    side = canvas.side
    line = round(shore * side)
    flipped = ImageOps.flip(canvas.image.crop((0, 2 * line - side, side, line)))
    tint = Image.new("RGB", flipped.size, mix(scheme.accent(2), scheme.ground, 0.5))
    canvas.image.paste(Image.blend(flipped, tint, 0.4), (0, line))
    foam = mix(scheme.accent(4), scheme.paper, 0.5)
    streaks: Array = rng.random((34, 3))
    for x, y, wide in streaks:
        depth = shore + 0.004 + (1 - shore) * y
        ends = np.array([(x - 0.02 - wide * 0.08, depth), (x + 0.02 + wide * 0.08, depth)])
        canvas.line(ends, foam, 0.003, 0.35)
    canvas.line(np.array([(0, shore), (1, shore)]), mix(scheme.shade, foam, 0.3), 0.004, 0.8)
