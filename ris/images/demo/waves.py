"""Waves: breaking crests in rows of parallel bands, foam and spray, as in a woodblock print."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from PIL import Image

from .canvas import Canvas
from .colour import RGB, Scheme, choose, mix
from .fields import Array
from .shapes import Placer, mirror, moved


def paint(rng: Generator, size: int) -> Image.Image:
    """Paint a sea of breaking waves."""
    scheme = choose(rng)
    canvas = Canvas(size, scheme.ground)
    glow = mix(scheme.ground, scheme.accent(4), float(rng.uniform(0.1, 0.7)))
    canvas.backdrop((glow, scheme.ground) if rng.random() < 0.5 else (scheme.ground, glow))
    horizon = float(rng.uniform(0.12, 0.6))
    _sky(canvas, rng, scheme, horizon)
    rows = int(rng.integers(2, 5))
    flip = bool(rng.random() < 0.5)
    first = int(rng.integers(3))
    for row in range(rows):
        share = (row + 1) / rows
        level = horizon + (1.02 - horizon) * (row + 0.45) / rows
        length = float(rng.uniform(0.35, 0.6)) * (0.65 + 0.8 * share) * (3.6 / (rows + 1.2))
        length = min(length, 0.72)
        tall = min(length * float(rng.uniform(0.4, 0.6)), level - 0.02)
        colour = scheme.accent(first + row % 2)
        _row(canvas, rng, scheme, (level, length, tall), colour, flip=flip)
    return canvas.finish(rng)


def _sky(canvas: Canvas, rng: Generator, scheme: Scheme, horizon: float) -> None:
    x, y, radius = rng.uniform(0.15, 0.85), rng.uniform(0.08, horizon), rng.uniform(0.08, 0.24)
    canvas.glow(x, y, radius * 2, scheme.accent(3), 0.3)
    canvas.disc(x, y, radius, mix(scheme.accent(3), scheme.paper, float(rng.uniform(0, 0.5))))
    line = mix(scheme.ground, scheme.paper, 0.6)
    for _ in range(int(rng.integers(0, 5))):
        cx, cy, wide = rng.random(), rng.random() * horizon, rng.uniform(0.1, 0.3)
        for step in range(3):
            ends = np.array([(cx - wide * (1 - step * 0.2), cy), (cx + wide * 0.7, cy)])
            canvas.line(moved(ends, step * 0.03, step * 0.018), line, 0.009)


def _crest(tall: float, length: float, phase: float, depth: float) -> Array:
    """Return the line of a row of waves; their tops lean over, less so deeper down."""
    t = np.linspace(-1.0, 2.2 / length + 1, int(46 * (2.2 / length + 2) / 3))
    turn = 2 * np.pi * (t + phase)
    peak = (0.5 + 0.5 * np.cos(turn)) ** 1.5
    lean = 0.46 * length * peak**2 * (1 - depth)
    curl = 0.2 * tall * np.clip(peak - 0.8, 0, 1) * np.sin(turn) * (1 - depth)
    x = t * length + lean
    y = -tall * peak * (1 - 0.55 * depth) + curl + depth * tall * 0.75
    return np.stack([x - 0.4, y], -1)


def _row(
    canvas: Canvas,
    rng: Generator,
    scheme: Scheme,
    shape: tuple[float, float, float],
    colour: RGB,
    *,
    flip: bool,
) -> None:
    level, length, tall = shape
    phase = float(rng.random())
    bands = int(rng.integers(4, 7))
    deep = mix(colour, scheme.shade, 0.55)
    pale = mix(scheme.paper, colour, 0.12)

    def put(line: Array) -> Array:
        lowered = moved(line, 0, level)
        return moved(mirror(lowered), 1, 0) if flip else lowered

    def close(line: Array) -> Array:
        return put(np.vstack([line, [(line[-1, 0], 1.2), (line[0, 0], 1.2)]]))

    crest = _crest(tall, length, phase, 0)
    _foam(canvas, rng, crest, put, tall, pale)
    low = put(np.array([(0, -tall), (0, tall)]))
    tones = (mix(colour, pale, 0.35), colour, deep)
    for index in range(bands):
        depth = index / bands
        line = _crest(tall, length, phase, depth)
        fill = mix(colour, deep, depth) if index % 2 else mix(pale, colour, 0.12 + 0.7 * depth)
        if index == 1:
            body = close(line)
            canvas.blend(body, (0.5, float(low[0, 1])), (0.5, float(low[1, 1])), tones)
        else:
            canvas.polygon(close(line), fill)
        canvas.line(put(line), deep, 0.003, 0.9)


def _foam(
    canvas: Canvas, rng: Generator, crest: Array, put: Placer, tall: float, colour: RGB
) -> None:
    """Scatter scalloped foam along the leaning lips, and spray above them."""
    tops = np.flatnonzero(crest[:, 1] < -0.8 * tall)
    spots = put(crest[tops])
    for (x, y), jitter in zip(spots, rng.random((len(tops), 3)), strict=True):
        canvas.disc(x, y + 0.01 * jitter[0], tall * (0.03 + 0.05 * jitter[1]), colour)
        if jitter[2] < 0.5:
            far = (jitter[:2] - (0.5, 0.9)) * tall * 0.7
            canvas.disc(x + far[0], y + far[1], 0.003 + 0.005 * jitter[2], colour)
