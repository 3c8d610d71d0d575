"""Smooth random fields and colour ramps, for pictures computed pixel by pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from .colour import RGB

Array = NDArray[Any]


def grid(size: int) -> tuple[Array, Array]:
    """Return the x and the y of every pixel's middle, 0 to 1, as a row and a column."""
    steps = ((np.arange(size) + 0.5) / size).astype(np.float32)
    return steps[None, :], steps[:, None]


def clouds(rng: Generator, size: int, cells: int, octaves: int) -> Array:
    """Return smooth noise, 0 to 1, with `cells` bumps across its widest octave."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        count = cells * 2**octave + 3
        knots = Image.fromarray(rng.random((count, count), np.float32))
        layer = knots.resize((size, size), Image.Resampling.BICUBIC, (1, 1, count - 1, count - 1))
        total += np.asarray(layer) * np.float32(0.5**octave)
    low, high = float(total.min()), float(total.max())
    scaled: Array = (total - low) / (high - low)
    return scaled


def ripples(rng: Generator, size: int, knots: int) -> Array:
    """Return a smooth random profile, 0 to 1, of a length and with a number of knots."""
    place = np.linspace(0, knots - 1.001, size)
    first = place.astype(int)
    share = (1 - np.cos((place - first) * np.pi)) / 2
    values = rng.random(knots)
    profile = values[first] * (1 - share) + values[first + 1] * share
    smoothed: Array = profile.astype(np.float32)
    return smoothed


def stops(place: Array, colours: Sequence[RGB]) -> Array:
    """Return the colours (0 to 255) at places 0 to 1 along a ramp of evenly spaced stops."""
    table = np.array(colours, np.float32)
    if len(table) == 1:
        return np.broadcast_to(table[0], (*place.shape, 3))
    knots = np.linspace(0, 1, len(table))
    fine = np.linspace(0, 1, 256)
    ramp = np.stack([np.interp(fine, knots, table[:, part]) for part in range(3)], -1)
    index = np.clip(place * 255, 0, 255).astype(np.uint8)
    colours_there: Array = np.take(ramp.astype(np.float32), index, axis=0)
    return colours_there


def over(below: Array, above: Array | RGB, cover: Array) -> Array:
    """Lay colours over others where `cover` is 1, mixing in between."""
    mixed = np.empty_like(below)
    # Channel by channel: numpy is slow at broadcasting along a last axis of length 3.
    for part in range(3):
        top = above[part] if isinstance(above, tuple) else above[..., part]
        mixed[..., part] = below[..., part] + (top - below[..., part]) * cover
    return mixed


def lit(pixels: Array, light: Array) -> Array:
    """Multiply colours by light."""
    product = np.empty(pixels.shape, np.float32)
    for part in range(3):
        np.multiply(pixels[..., part], light, out=product[..., part], casting="same_kind")
    return product
