"""Tartans: woven setts in twill, at any angle and scale, with soft folds in the cloth."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator
from PIL import Image

from .canvas import print_on_paper
from .colour import RGB, Scheme, choose, mix
from .fields import Array, clouds, grid, lit

_LENGTH = 512
_OVER = 2


def paint(rng: Generator, size: int) -> Image.Image:
    """Paint a piece of tartan cloth."""
    scheme = choose(rng)
    table, sett = _sett(rng, scheme)
    angle = float(rng.choice([0.0, 0.0, math.pi / 4, rng.uniform(-0.7, 0.7)]))
    zoom = float(rng.uniform(0.55, 1.7))
    side = size * _OVER
    x, y = grid(side)
    cos, sin = math.cos(angle) * zoom * side, math.sin(angle) * zoom * side
    shift = rng.uniform(0, _LENGTH, 2)
    across = (x * cos + y * sin + (float(shift[0]) + side)).astype(np.int32)
    down = (y * cos - x * sin + (float(shift[1]) + 2 * side)).astype(np.int32)
    thread = int(rng.integers(2, 4))
    twill = (across // thread + down // thread) & 3 < 2
    woven = np.where(twill, sett[across & (_LENGTH - 1)], sett[down & (_LENGTH - 1)])
    cloth = np.asarray(Image.fromarray(table[woven]).reduce(_OVER), np.float32)
    folds = clouds(rng, size, int(rng.integers(2, 4)), 1)
    depth = float(rng.uniform(0.1, 0.55))
    light = 1 + depth * (folds - 0.6) + 0.06 * np.sin(folds * 25)
    return print_on_paper(lit(cloth, np.minimum(light, 1.12)), rng)


def _sett(rng: Generator, scheme: Scheme) -> tuple[Array, Array]:
    """Return the colours, and the index of the colour of each of the sett's threads."""
    base = scheme.ground if rng.random() < 0.5 else mix(scheme.accent(0), scheme.shade, 0.25)
    colours: list[RGB] = [base, *(scheme.accent(index) for index in range(3)), scheme.ink]
    repeats = int(rng.choice([1, 2, 4]))
    half = np.zeros(_LENGTH // (2 * repeats), np.uint8)
    unit = len(half)
    start, wide = 0.0, 0.0
    for index in range(int(rng.integers(4, 9))):
        start += wide + unit * float(rng.uniform(0.01, 0.14))
        broad = index % 2 == 0
        wide = unit * float(rng.uniform(0.08, 0.26) if broad else rng.uniform(0.012, 0.05))
        colour = int(rng.integers(1, 3)) if broad else int(rng.integers(3, 5))
        half[int(start) : int(start + max(wide, 3))] = colour
        if broad and rng.random() < 0.5:
            middle = int(start + wide / 2)
            half[middle - 2 : middle + 2] = int(rng.integers(3, 5))
    sett = np.tile(np.concatenate([half, half[::-1]]), repeats)
    return np.array(colours, np.uint8), sett
