"""Shells: ammonites and snails, a rounded whorl wound on a logarithmic spiral."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator
from PIL import Image

from .canvas import print_on_paper
from .colour import Scheme, choose, mix
from .fields import Array, clouds, grid, lit, over, stops


def paint(rng: Generator, size: int) -> Image.Image:
    """Paint one shell, or two or three."""
    scheme = choose(rng)
    x, y = grid(size)
    turn = float(rng.uniform(0, 6.28))
    fade = np.clip(0.5 + (x - 0.5) * math.cos(turn) + (y - 0.5) * math.sin(turn), 0, 1)
    pixels = stops(fade, (scheme.ground, mix(scheme.ground, scheme.accent(4), 0.35)))
    noise = clouds(rng, size, 6, 2)
    count = int((1, 1, 1, 2, 3)[int(rng.integers(5))])
    for index in range(count):
        radius = float(rng.uniform(0.3, 0.48) if count == 1 else rng.uniform(0.17, 0.25))
        middle = rng.uniform(0.4, 0.6, 2)
        if count > 1:
            angle = turn + index * 2 * np.pi / count
            middle = 0.5 + 0.26 * np.array([math.cos(angle), math.sin(angle)])
        pixels = _shell(rng, scheme, pixels, noise, (float(middle[0]), float(middle[1]), radius))
    return print_on_paper(pixels, rng)


def _shell(
    rng: Generator,
    scheme: Scheme,
    pixels: Array,
    noise: Array,
    spot: tuple[float, float, float],
) -> Array:
    size = len(pixels)
    growth = float(rng.choice([1.5, 1.8, 2.2, 2.9]))
    # The mouth reaches `growth` times as far as the back of the outermost whorl.
    rim = spot[2] / growth**0.6
    reach = rim * growth * 1.08
    low = [max(0, int((part - reach) * size)) for part in spot[:2]]
    high = [min(size, int((part + reach) * size)) for part in spot[:2]]
    window = slice(low[1], high[1]), slice(low[0], high[0])
    x, y = grid(size)
    x, y = x[:, window[1]] - spot[0], y[window[0]] - spot[1]
    turn, flip = float(rng.uniform(0, 6.28)), 1 if rng.random() < 0.5 else -1
    squeeze = float(rng.uniform(0.8, 1.0))
    along = (x * math.cos(turn) + y * math.sin(turn)) * flip
    across = (y * math.cos(turn) - x * math.sin(turn)) / squeeze
    distance = np.hypot(along, across) + 1e-5
    angle = np.arctan2(across, along) / (2 * np.pi)
    depth = np.log(rim / distance) / math.log(growth) + angle + 0.5
    whorl = np.floor(depth)
    part = depth - whorl
    travel = whorl - angle - 0.5
    colour = _surface(rng, scheme, travel, part, noise[window])
    bulge = part * 2 - 1
    # The lip of the mouth is round: it falls back towards both sides of the whorl.
    lip = travel + 1 - 0.075 * bulge**2
    edge = distance * (size * math.log(growth))
    inside = np.clip(depth * edge, 0, 1) * np.clip(lip * edge * 4, 0, 1)
    normal = np.sqrt(np.clip(1 - bulge**2 * 0.96, 0, 1))
    sun = float(rng.uniform(0, 6.28))
    facing = (x * math.cos(sun) + y * math.sin(sun)) / distance
    ribs = float(rng.integers(12, 34))
    relief = float(rng.uniform(0, 0.2)) * np.cos(2 * np.pi * ribs * travel + bulge * bulge * 2)
    light = 0.3 + 0.72 * normal - 0.42 * bulge * facing + relief * normal
    shine = np.clip(1 - ((part - 0.5) + 0.2 * facing) ** 2 * 26, 0, 1) * (0.35 + 0.25 * facing)
    colour = lit(colour, np.clip(light, 0.08, 1.15))
    colour = over(colour, scheme.paper, np.clip(shine, 0, 0.6))
    mouth = np.clip(1 - lip * 22, 0, 1) * (1 - bulge**2)
    colour = over(colour, mix(scheme.shade, scheme.accent(2), 0.2), mouth * 0.85)
    shadow = np.clip(1 + depth * 5, 0, 1) * np.clip(1 + lip * 26, 0, 1) * 0.42
    below = over(pixels[window], (24, 18, 26), shadow)
    pixels = pixels.copy()
    pixels[window] = over(below, colour, inside)
    return pixels


def _surface(rng: Generator, scheme: Scheme, travel: Array, part: Array, noise: Array) -> Array:
    """Return the painted pattern, by the way along the whorl and across it."""
    first, second = scheme.accent(0), scheme.accent(1)
    pale = mix(scheme.paper, first, 0.25)
    kind = int(rng.integers(4))
    count = float(rng.integers(9, 20))
    if kind == 0:
        place = 0.5 + 0.5 * np.cos(2 * np.pi * (count * travel + noise * 0.8 + part))
    elif kind == 1:
        place = 0.5 + 0.5 * np.cos(2 * np.pi * (3 * part + noise * 0.25))
    elif kind == 2:
        place = np.clip(noise * 0.5 + 0.14 * (travel + 2) * 2, 0, 1)
    else:
        flames = np.abs((travel * count + noise) % 1 - 0.5) * 2
        place = np.clip((flames - part) * 4 + 0.5, 0, 1)
    ramp = (pale, first, second) if rng.random() < 0.6 else (second, first, pale)
    return stops(place, ramp)
