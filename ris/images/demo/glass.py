"""Stained glass: shards in lead around a sun, a rose or hills, with light falling through."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.random import Generator
from PIL import Image

from .canvas import Canvas, print_on_paper
from .colour import RGB, Scheme, choose, mix
from .fields import Array, clouds, lit
from .shapes import bezier

_LEAD = (22, 20, 24)


def paint(rng: Generator, size: int) -> Image.Image:
    """Paint a leaded window."""
    scheme = choose(rng)
    canvas = Canvas(size, _LEAD)
    tints = [_vivid(scheme.accent(index)) for index in range(5)]
    ground = [mix(tint, scheme.paper, 0.45) for tint in tints[:2]] + [tints[0], scheme.ground]
    lead = float(rng.uniform(0.009, 0.018))
    square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)
    shards = int(rng.integers(14, 60))
    _shatter(canvas, rng, square, shards, ground, lead)
    kind = rng.random()
    if kind < 0.4:
        x, y, radius = rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8), rng.uniform(0.16, 0.36)
        _rays(canvas, rng, (x, y, radius), tints, lead)
    elif kind < 0.7:
        _rose(canvas, rng, tints, lead)
    if kind > 0.55 or rng.random() < 0.4:
        _hills(canvas, rng, tints[2:], lead)
    return _light(canvas, rng, scheme)


def _vivid(colour: RGB) -> RGB:
    """Return a colour as glass has it: stronger than paint."""
    grey = sum(colour) / 3
    red, green, blue = (round(min(255, max(0, grey + (part - grey) * 1.5))) for part in colour)
    return red, green, blue


def _light(canvas: Canvas, rng: Generator, scheme: Scheme) -> Image.Image:
    """Let light through: bright and dim clouds, streaks in the glass, and a warm glow."""
    x, y = rng.uniform(0.2, 0.8, 2)
    canvas.glow(float(x), float(y), float(rng.uniform(0.5, 0.8)), scheme.paper, 0.4)
    pixels = np.asarray(canvas.image.reduce(canvas.side // canvas.size), np.float32)
    cloud = clouds(rng, canvas.size, 4, 4)
    return print_on_paper(lit(pixels, 0.66 + 0.62 * cloud), rng)


def _shatter(
    canvas: Canvas, rng: Generator, outline: Array, count: int, tints: list[RGB], lead: float
) -> None:
    """Cut a convex outline into shards by straight lines, the widest shard first."""
    shards, spreads = [outline], [np.ptp(outline, axis=0)]
    while len(shards) < count:
        widest = max(range(len(shards)), key=lambda index: float(spreads[index].prod()))
        shard, spread = shards.pop(widest), spreads.pop(widest)
        through = shard.mean(axis=0) + rng.normal(0, 0.02, 2)
        lying = np.pi / 2 if spread[0] > spread[1] else 0.0
        halves = _cut(shard, through, lying + float(rng.normal(0, 0.5)))
        shards += halves
        spreads += [np.ptp(half, axis=0) for half in halves]
    for shard in shards:
        _shard(canvas, rng, shard, tints, lead)


def _cut(shard: Array, through: Array, angle: float) -> list[Array]:
    across = np.array([-np.sin(angle), np.cos(angle)])
    heights = (shard - through) @ across
    sides: tuple[list[Array], list[Array]] = ([], [])
    for index, height in enumerate(heights):
        following = (index + 1) % len(shard)
        sides[int(height > 0)].append(shard[index])
        if (height > 0) != (heights[following] > 0):
            share = height / (height - heights[following])
            crossing = shard[index] + (shard[following] - shard[index]) * share
            sides[0].append(crossing)
            sides[1].append(crossing)
    return [np.array(side) for side in sides if len(side) > 2]


def _shard(canvas: Canvas, rng: Generator, shard: Array, tints: list[RGB], lead: float) -> None:
    colour = tints[int(rng.integers(len(tints)))]
    tone = (255, 250, 235) if rng.random() < 0.5 else (20, 16, 40)
    canvas.polygon(shard, mix(colour, tone, float(rng.uniform(0, 0.25))))
    canvas.line(np.vstack([shard, shard[:1]]), _LEAD, lead)


def _rays(
    canvas: Canvas,
    rng: Generator,
    spot: tuple[float, float, float],
    tints: list[RGB],
    lead: float,
) -> None:
    """Set a sun of rings cut into segments."""
    x, y, radius = spot
    rings = int(rng.integers(2, 4))
    count = int(rng.integers(6, 13))
    for ring in range(rings):
        outer = radius * (1 - ring / (rings + 0.6))
        turns = np.linspace(0, 2 * np.pi, count + 1) + ring * np.pi / count
        for start, end in itertools.pairwise(turns):
            arc = np.linspace(start, end, 8)
            wedge = np.stack([x + outer * np.cos(arc), y + outer * np.sin(arc)], -1)
            shades = [tints[(ring + step) % 5] for step in (1, 2)]
            _shard(canvas, rng, np.vstack([wedge, [(x, y)]]), shades, lead)
    canvas.disc(x, y, radius * 0.28 + lead / 2, _LEAD)
    canvas.disc(x, y, radius * 0.28 - lead / 2, mix(tints[3], (255, 250, 230), 0.4))


def _rose(canvas: Canvas, rng: Generator, tints: list[RGB], lead: float) -> None:
    """Set a rose window of petals in two rows."""
    x, y = rng.uniform(0.38, 0.62, 2)
    radius = float(rng.uniform(0.3, 0.48))
    count = int(rng.integers(6, 13))
    turn = float(rng.uniform(0, 6.28))
    for row, (near, far) in enumerate(((0.5, 1.0), (0.1, 0.62))):
        for step in range(count):
            angle = turn + (step + row / 2) * 2 * np.pi / count
            half = np.pi / count * (1.05 if row == 0 else 1.0)
            root, tip = (near * radius, angle), (far * radius, angle)
            left, right = ((far * 0.8 * radius, angle + side * half) for side in (-1, 1))
            points = [np.array([x + r * np.cos(a), y + r * np.sin(a)]) for r, a in
                      (root, left, tip, right)]  # fmt: skip
            first, side, last, other = (tuple(point) for point in points)
            bulge = [tuple(2 * np.array(bend) - (np.array(first) + np.array(last)) / 2)
                     for bend in (side, other)]  # fmt: skip
            petal = np.vstack([bezier(first, bulge[0], last, 9), bezier(last, bulge[1], first, 9)])
            _shard(canvas, rng, petal, [tints[row + 1], tints[row + 2]], lead)
    canvas.disc(x, y, radius * 0.17, _LEAD)
    canvas.disc(x, y, radius * 0.17 - lead, mix(tints[4], (255, 250, 230), 0.3))


def _hills(canvas: Canvas, rng: Generator, tints: list[RGB], lead: float) -> None:
    """Set bands of glass along the foot of the window, cut upright."""
    x = np.linspace(-0.05, 1.05, 20)
    level = float(rng.uniform(0.55, 0.78))
    while level < 1.05:
        swing = float(rng.uniform(0.03, 0.09))
        y = level + swing * np.sin(x * float(rng.uniform(3, 8)) + float(rng.uniform(0, 6.28)))
        start = 0
        while start < 19:
            end = min(19, start + int(rng.integers(2, 7)))
            top = np.stack([x[start : end + 1], y[start : end + 1]], -1)
            _shard(canvas, rng, np.vstack([top, [(x[end], 1.1), (x[start], 1.1)]]), tints, lead)
            start = end
        level += float(rng.uniform(0.1, 0.18))
