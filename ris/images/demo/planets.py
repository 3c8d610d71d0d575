"""Planets: banded, clouded or cratered globes with rings and moons among stars."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator
from PIL import Image

from .canvas import print_on_paper
from .colour import RGB, Scheme, choose, mix
from .fields import Array, clouds, grid, lit, over, ripples, stops


def paint(rng: Generator, size: int) -> Image.Image:
    """Paint a planet, its moons, and the sky behind."""
    scheme = choose(rng)
    noise = clouds(rng, size, 5, 3)
    pixels = _sky(rng, scheme, noise)
    sun = float(rng.uniform(0, 6.28))
    x, y = (float(part) for part in rng.uniform(0.3, 0.7, 2))
    radius = float(rng.uniform(0.17, 0.42))
    pixels = _planet(rng, scheme, pixels, noise, (x, y, radius, sun))
    for _ in range(int(rng.integers(0, 4))):
        angle = float(rng.uniform(0, 6.28))
        away = radius * float(rng.uniform(1.25, 1.9))
        moon = radius * float(rng.uniform(0.08, 0.25))
        spot = (x + away * math.cos(angle), y + away * math.sin(angle), moon, sun)
        pixels = _globe(pixels, stops(noise, (scheme.accent(2), scheme.paper)), spot, None)
    return print_on_paper(pixels, rng)


def _sky(rng: Generator, scheme: Scheme, noise: Array) -> Array:
    size = len(noise)
    tint = mix(scheme.ground, scheme.accent(3), float(rng.uniform(0.1, 0.5)))
    pixels = stops(noise[::-1, ::-1] ** 1.5, (scheme.ground, scheme.ground, tint))
    x, y = grid(size)
    middle = [float(part) for part in rng.uniform(0.2, 0.8, 2)]
    line = mix(scheme.ground, scheme.ink, 0.35)
    if rng.random() < 0.5:
        distance = np.hypot(x - middle[0], y - middle[1])
        step = float(rng.uniform(0.12, 0.2))
        orbit = np.abs(distance / step - np.round(distance / step)) * step * size
        pixels = over(pixels, line, np.clip(1.1 - orbit, 0, 1) * 0.6)
    star = mix(scheme.ink, scheme.accent(4), 0.2)
    for row, column, power in rng.random((60, 3)):
        i, j = int(row * (size - 4)) + 1, int(column * (size - 4)) + 1
        pixels[i, j] = star
        if power > 0.75:
            pixels[i - 1 : i + 2, j] = star
            pixels[i, j - 1 : j + 2] = star
    return pixels


def _planet(
    rng: Generator,
    scheme: Scheme,
    pixels: Array,
    noise: Array,
    spot: tuple[float, float, float, float],
) -> Array:
    size = len(pixels)
    x, y = grid(size)
    x, y = (x - spot[0]) / spot[2], (y - spot[1]) / spot[2]
    tilt = float(rng.uniform(0, 6.28))
    along, across = x * math.cos(tilt) + y * math.sin(tilt), y * math.cos(tilt) - x * math.sin(tilt)
    colours = [scheme.accent(0), mix(scheme.accent(1), scheme.paper, 0.3), scheme.accent(2)]
    if rng.random() < 0.55:
        bands = ripples(rng, size, int(rng.integers(6, 16)))
        swirl = across + (noise - 0.5) * float(rng.uniform(0.05, 0.4)) + 0.12 * along**2
        place = bands[np.clip((swirl * 0.45 + 0.5) * size, 0, size - 1).astype(int)]
        surface = stops(place, (*colours, scheme.paper, colours[0]))
    elif rng.random() < 0.5:
        land = np.clip((noise - 0.5) * 14 + 0.5, 0, 1)
        sea = stops(np.abs(across) ** 2, (colours[0], mix(colours[0], scheme.shade, 0.3)))
        surface = over(sea, stops(noise * 1.4 - 0.4, (colours[2], colours[1])), land)
        surface = over(surface, scheme.paper, np.clip(np.abs(across) * 9 - 7.3 + noise, 0, 1))
    else:
        surface = _craters(rng, stops(noise, (mix(colours[0], scheme.shade, 0.4), *colours)), x, y)
    halo = mix(scheme.accent(3), scheme.paper, 0.4)
    if rng.random() < 0.5:
        return _ringed(
            rng, pixels, surface, (along, across), spot, (scheme.accent(3), scheme.paper)
        )
    return _globe(pixels, surface, spot, halo)


def _craters(rng: Generator, surface: Array, x: Array, y: Array) -> Array:
    light = np.zeros(surface.shape[:2], np.float32)
    for cx, cy, wide in rng.random((14, 3)).tolist():
        reach = 0.06 + 0.16 * wide**2
        away = ((x - cx * 1.8 + 0.9) ** 2 + (y - cy * 1.8 + 0.9) ** 2) / reach**2
        light -= 0.3 * (away < 0.8)
        light += 0.22 * ((away > 0.8) & (away < 1.2))
    return lit(surface, 1 + light)


def _globe(
    pixels: Array, surface: Array, spot: tuple[float, float, float, float], halo: RGB | None
) -> Array:
    """Lay a lit ball with a surface over the picture; the spot is x, y, radius, sun's angle."""
    size = len(pixels)
    low = [max(0, int((part - spot[2] * 1.3) * size)) for part in spot[:2]]
    high = [max(0, int((part + spot[2] * 1.3) * size) + 1) for part in spot[:2]]
    window = slice(low[1], high[1]), slice(low[0], high[0])
    x, y = grid(size)
    x, y = (x[:, window[1]] - spot[0]) / spot[2], (y[window[0]] - spot[1]) / spot[2]
    square = x * x + y * y
    height = np.sqrt(np.clip(1 - square, 0, 1))
    facing = (x * math.cos(spot[3]) + y * math.sin(spot[3])) * 0.8 + height * 0.6
    light = 0.16 + 0.95 * np.clip(facing + 0.08, 0, 1) ** 0.8
    ball = lit(surface[window], np.minimum(light, 1.12))
    edge = np.sqrt(square)
    below = pixels[window]
    if halo is not None:
        ball = over(
            ball, halo, np.clip(1 - height * 1.6, 0, 1) ** 2 * np.clip(facing + 0.3, 0, 0.8)
        )
        glow = np.clip(1.28 - edge, 0, 0.28) / 0.28
        below = over(below, halo, glow**2 * 0.6 * np.clip(facing + 0.5, 0, 1))
    pixels = pixels.copy()
    pixels[window] = over(below, ball, np.clip((1 - edge) * (spot[2] * size) + 0.5, 0, 1))
    return pixels


def _ringed(
    rng: Generator,
    pixels: Array,
    surface: Array,
    axes: tuple[Array, Array],
    spot: tuple[float, float, float, float],
    colours: tuple[RGB, RGB],
) -> Array:
    along, across = axes
    size = len(pixels)
    opening = float(rng.uniform(0.15, 0.45))
    reach = np.hypot(along, across / opening)
    inner, outer = float(rng.uniform(1.2, 1.4)), float(rng.uniform(1.75, 2.3))
    share = (reach - inner) / (outer - inner)
    gaps = ripples(rng, size, 18)[np.clip(share * size, 0, size - 1).astype(int)]
    cover = np.clip(share * 25, 0, 1) * np.clip((1 - share) * 25, 0, 1) * (0.35 + 0.65 * gaps)
    ring = stops(gaps, colours)
    pixels = _globe(over(pixels, ring, cover), surface, spot, None)
    shadow = np.clip(1 - np.abs(reach - inner + 0.06) * 12, 0, 0.4) * (across > 0) * (reach < inner)
    pixels = over(pixels, (12, 10, 20), shadow * (along**2 + across**2 < 1))
    return over(pixels, ring, cover * (across > 0))
