"""Topographic maps: contour lines and tinted heights, with lakes, a grid and a trail."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator
from PIL import Image

from .canvas import print_on_paper
from .colour import choose, mix
from .fields import Array, clouds, grid, lit, over, stops


def paint(rng: Generator, size: int) -> Image.Image:
    """Paint a map."""
    scheme = choose(rng)
    height = clouds(rng, size, int(rng.integers(2, 6)), 3)
    height = height ** float(rng.uniform(0.8, 1.6))
    down, along = np.gradient(height)
    slope = np.hypot(down, along) + 1e-5
    levels = int(rng.integers(9, 22))
    stepped = np.floor(height * levels) / levels
    tints = [mix(scheme.ground, scheme.accent(index), 0.75) for index in range(3)]
    kind = rng.random()
    if kind < 0.4:
        pixels = stops(stepped, (*tints, scheme.paper))
    elif kind < 0.7:
        pixels = stops(stepped, (scheme.ground, tints[0]))
    else:
        pixels = stops(height, (scheme.ground, mix(scheme.ground, scheme.accent(3), 0.25)))
    sun = float(rng.uniform(0, 6.28))
    shade = (math.cos(sun) * along + math.sin(sun) * down) * size * float(rng.uniform(0.04, 0.12))
    pixels = lit(pixels, 1 + np.clip(shade, -0.3, 0.22))
    line = mix(scheme.ink, scheme.accent(0), float(rng.uniform(0.1, 0.6)))
    pixels = over(pixels, line, _lines(height, slope, levels, 0.55) * 0.75)
    pixels = over(pixels, line, _lines(height + 1e-4, slope, levels / 5, 1.0))
    if rng.random() < 0.6:
        water = mix(scheme.accent(4), scheme.ground, 0.2)
        level = float(rng.uniform(0.14, 0.3))
        cover = np.clip((level - height) / slope + 0.5, 0, 1)
        ripples = _lines(height, slope, levels * 2.5, 0.35) * 0.35
        pixels = over(pixels, over(stops(height / level, (mix(water, scheme.shade, 0.25), water)),
                                   scheme.paper, ripples), cover)  # fmt: skip
        pixels = over(pixels, scheme.ink, np.clip(1.3 - np.abs(level - height) / slope, 0, 1) * 0.8)
    if rng.random() < 0.5:
        pixels = over(pixels, scheme.ink, _graticule(rng, size) * 0.3)
    if rng.random() < 0.6:
        pixels = over(pixels, scheme.accent(3), _trail(rng, size))
    return print_on_paper(pixels, rng)


def _lines(height: Array, slope: Array, levels: float, width: float) -> Array:
    scaled = height * levels
    away = np.abs(scaled - np.round(scaled)) / (slope * levels)
    return np.clip(width + 0.5 - away, 0, 1)


def _graticule(rng: Generator, size: int) -> Array:
    x, y = grid(size)
    turn = float(rng.uniform(-0.4, 0.4))
    step = float(rng.uniform(0.15, 0.3))
    cover = np.zeros((size, size), np.float32)
    for axis in (x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)):
        away = np.abs(axis / step - np.round(axis / step)) * step * size
        cover = np.maximum(cover, np.clip(1.1 - away, 0, 1))
    return cover


def _trail(rng: Generator, size: int) -> Array:
    """Return the cover of a dashed path across the map, ending in a round mark."""
    x, y = grid(size)
    turn = float(rng.uniform(0, 6.28))
    along = (x - 0.5) * math.cos(turn) + (y - 0.5) * math.sin(turn)
    across = (y - 0.5) * math.cos(turn) - (x - 0.5) * math.sin(turn)
    swing = float(rng.uniform(0.04, 0.12))
    away = np.abs(across - swing * np.sin(along * float(rng.uniform(6, 12)))) * size * 0.8
    end = float(rng.uniform(0.1, 0.35))
    dashes = np.clip(2.2 - away, 0, 1) * (np.sin(along * 130) > -0.3) * (along < end)
    return np.asarray(dashes)
