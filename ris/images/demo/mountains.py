"""Mountains: ranges fading into mist, with snow, a sun or moon, pines or a lake."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageOps

from .canvas import Canvas
from .colour import RGB, Scheme, choose, mix
from .fields import Array

_POINTS = 129


def paint(rng: Generator, size: int) -> Image.Image:
    """Paint a mountain landscape."""
    scheme = choose(rng)
    canvas = Canvas(size, scheme.ground)
    horizon = float(rng.uniform(0.3, 0.62))
    glow = mix(scheme.accent(3), scheme.paper, float(rng.uniform(0.1, 0.7)))
    sky = (scheme.ground, mix(scheme.ground, glow, 0.6), glow)
    canvas.blend(np.array([(0, 0), (1, 0), (1, 1), (0, 1)]), (0.5, 0), (0.5, horizon + 0.2), sky)
    _sun(canvas, rng, scheme, horizon)
    count = int(rng.integers(3, 7))
    near = mix(scheme.shade, scheme.accent(0), float(rng.uniform(0.1, 0.7)))
    if scheme.dark and rng.random() < 0.4:
        near = mix(scheme.paper, scheme.accent(0), 0.6)
    lake = rng.random() < 0.3
    bottom = float(rng.uniform(0.66, 0.76)) if lake else 1.0
    snow = rng.random() < 0.55
    for layer in range(count):
        share = (layer + 1) / count
        level = horizon + (bottom - horizon) * (share - 0.6 / count) * 0.95
        steep = float(rng.uniform(0.14, 0.34)) * (1.15 - 0.6 * share)
        colour = mix(mix(glow, scheme.accent(1), 0.3), near, share**1.2)
        ridge = _ridge(rng, level, steep)
        _range(canvas, ridge, colour, glow, bottom)
        if snow and layer < 2:
            _snow(canvas, rng, ridge, mix(scheme.paper, colour, 0.12), steep)
    if lake:
        _mirror(canvas, rng, bottom, mix(scheme.accent(2), scheme.ground, 0.4))
    elif rng.random() < 0.6:
        _pines(canvas, rng, mix(near, scheme.shade, 0.55))
    return canvas.finish(rng)


def _sun(canvas: Canvas, rng: Generator, scheme: Scheme, horizon: float) -> None:
    x, y = float(rng.uniform(0.12, 0.88)), float(rng.uniform(0.1, horizon))
    radius = float(rng.uniform(0.04, 0.17))
    colour = mix(scheme.accent(4), scheme.paper, float(rng.uniform(0.2, 0.9)))
    canvas.glow(x, y, radius * 3.2, colour, 0.5)
    canvas.disc(x, y, radius, colour)
    if scheme.dark:
        for column, row, big in rng.random((30, 3)):
            canvas.disc(column, row * horizon, 0.001 + 0.002 * big, scheme.paper, 0.8)


def _ridge(rng: Generator, level: float, steep: float) -> Array:
    """Return the height line of a range, by midpoints displaced ever less."""
    heights = rng.normal(0, steep * 0.55, 5)
    rough = steep * 0.5
    while len(heights) < _POINTS:
        middles = (heights[:-1] + heights[1:]) / 2 + rng.normal(0, rough * 0.45, len(heights) - 1)
        mixed = np.empty(2 * len(heights) - 1)
        mixed[::2], mixed[1::2] = heights, middles
        heights, rough = mixed, rough * 0.52
    return np.stack([np.linspace(0, 1, _POINTS), level - np.abs(heights)], -1)


def _range(canvas: Canvas, ridge: Array, colour: RGB, mist: RGB, bottom: float) -> None:
    body = np.vstack([ridge, [(1, bottom), (0, bottom)]])
    top = float(ridge[:, 1].min())
    end = (0.5, min(bottom, float(ridge[:, 1].max()) + 0.16))
    canvas.blend(body, (0.5, top), end, (colour, colour, mix(colour, mist, 0.6)))


def _snow(canvas: Canvas, rng: Generator, ridge: Array, colour: RGB, steep: float) -> None:
    """Cover the summits with snow whose lower edge runs in tongues, and the lee side in shade."""
    line = float(np.quantile(ridge[:, 1], 0.55))
    edge = line - np.abs(rng.normal(0, steep * 0.16, _POINTS))
    edge[1::2] += steep * 0.14
    lower = np.maximum(ridge[:, 1], edge)
    cap = np.vstack([ridge, np.stack([ridge[:, 0], lower], -1)[::-1]])
    canvas.polygon(cap, colour, 0.92)
    lee = np.maximum(ridge[:, 1], edge - steep * 0.12)
    drop = np.gradient(ridge[:, 1]) > 0
    lee = np.where(drop, lee, ridge[:, 1])
    side = np.vstack([ridge, np.stack([ridge[:, 0] - 0.004, lee], -1)[::-1]])
    canvas.polygon(side, mix(colour, (60, 70, 110), 0.5), 0.5)


def _mirror(canvas: Canvas, rng: Generator, shore: float, tint: RGB) -> None:
    side = canvas.side
    line = round(shore * side)
    above = canvas.image.crop((0, max(0, 2 * line - side), side, line))
    flipped = Image.blend(ImageOps.flip(above), Image.new("RGB", above.size, tint), 0.35)
    canvas.image.paste(flipped, (0, line))
    for x, y, wide in rng.random((16, 3)):
        depth = shore + 0.005 + (1 - shore) * y
        streak = np.array([(x - wide * 0.2, depth), (x + wide * 0.2, depth)])
        canvas.line(streak, mix(tint, (255, 255, 255), 0.5), 0.003, 0.4)


def _pines(canvas: Canvas, rng: Generator, colour: RGB) -> None:
    dense = int(rng.integers(10, 30))
    for x, tall, sway in rng.random((dense, 3)):
        height = 0.07 + 0.16 * tall
        foot = 0.97 + 0.05 * sway
        for tier in range(4):
            top = foot - height * (1 - tier * 0.2)
            wide = height * (0.08 + 0.055 * tier)
            low = top + height * 0.36
            canvas.polygon(np.array([(x, top), (x + wide, low), (x - wide, low)]), colour)
        canvas.polygon(np.array([(0, 1), (1, 1), (1, 0.975), (0, 0.975)]), colour)
