"""Sailing boats: curved sails over a shining sea, with gulls and a low sun."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from PIL import Image

from .canvas import Canvas
from .colour import RGB, Scheme, choose, mix
from .fields import Array
from .shapes import bezier, ellipse, moved, place


def paint(rng: Generator, size: int) -> Image.Image:
    """Paint sailing boats."""
    scheme = choose(rng)
    canvas = Canvas(size, scheme.ground)
    horizon = float(rng.uniform(0.42, 0.74))
    sky = mix(scheme.ground, scheme.accent(4), float(rng.uniform(0.15, 0.8)))
    square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)
    canvas.blend(square, (0.5, 0), (0.5, horizon), (scheme.ground, sky))
    x, y, radius = rng.uniform(0.1, 0.9), rng.uniform(0.1, horizon), rng.uniform(0.06, 0.22)
    sun = mix(scheme.accent(3), scheme.paper, float(rng.uniform(0.1, 0.7)))
    canvas.glow(x, y, radius * 2.4, sun, 0.5)
    canvas.disc(x, y, radius, sun)
    sea = mix(scheme.accent(2), scheme.shade, float(rng.uniform(0.05, 0.5)))
    if rng.random() < 0.3:
        sea = mix(scheme.accent(2), scheme.paper, float(rng.uniform(0.3, 0.6)))
    water = np.array([(0, horizon), (1, horizon), (1, 1), (0, 1)])
    canvas.blend(water, (0.5, horizon), (0.5, 1), (mix(sea, sky, 0.5), sea))
    _glitter(canvas, rng, (float(x), horizon), mix(sun, scheme.paper, 0.3), sea)
    _boats(canvas, rng, scheme, horizon, sea)
    _gulls(canvas, rng, mix(scheme.ink, sky, 0.2), horizon)
    return canvas.finish(rng)


def _glitter(canvas: Canvas, rng: Generator, spot: tuple[float, float], sun: RGB, sea: RGB) -> None:
    x, horizon = spot
    dim = mix(sea, sun, 0.3)
    for across, down, wide in rng.random((46, 3)):
        y = horizon + (1 - horizon) * down**1.4
        half = 0.015 + 0.06 * wide * (0.4 + down)
        middle = across if wide > 0.4 else x + (across - 0.5) * 0.25 * (0.4 + down)
        wave = bezier((middle - half, y), (middle, y + 0.012 * down), (middle + half, y), 6)
        canvas.line(wave, dim if wide > 0.4 else sun, 0.003 + 0.003 * down, 0.75)


def _boats(canvas: Canvas, rng: Generator, scheme: Scheme, horizon: float, sea: RGB) -> None:
    count = int(rng.integers(1, 5))
    depths = np.sort(rng.random(count))
    slots = rng.permutation(count)
    for index, depth in enumerate(depths):
        scale = (0.3 + 0.4 * depth) if count > 1 else float(rng.uniform(0.5, 0.95))
        x = 0.5 + (slots[index] - (count - 1) / 2) * 0.85 / count + rng.uniform(-0.05, 0.05)
        y = horizon + (1 - horizon) * (0.12 + 0.6 * depth)
        side = 1 if rng.random() < 0.5 else -1
        tilt = float(rng.normal(0, 0.07))
        sails = [
            mix(scheme.accent(index + step), scheme.paper, 0.85 * float(rng.random()))
            for step in range(2)
        ]
        hull = mix(scheme.accent(index + 2), scheme.shade, float(rng.uniform(0, 0.6)))
        if abs(sum(hull) - sum(sea)) < 70:
            hull = scheme.paper
        _boat(canvas, rng, scheme, (x, y, scale, tilt, side), (hull, sails[0], sails[1]))


def _boat(
    canvas: Canvas,
    rng: Generator,
    scheme: Scheme,
    spot: tuple[float, float, float, float, int],
    colours: tuple[RGB, RGB, RGB],
) -> None:
    """Draw a boat 1 unit high, its keel line at the origin."""
    x, y, scale, tilt, side = spot
    hull_colour, main_colour, jib_colour = colours

    def put(points: Array) -> Array:
        return place(points * (side, 1), x, y, scale, tilt)

    tall = float(rng.uniform(0.75, 1.0))
    reach = float(rng.uniform(0.26, 0.4))
    main = np.vstack(
        [
            bezier((0.02, -tall), (reach * 0.75, -tall * 0.55), (reach, -0.16), 14),
            bezier((reach, -0.16), (reach / 2, -0.1), (0.02, -0.14), 8),
        ]
    )
    jib = np.vstack(
        [
            bezier((-0.02, -tall * 0.92), (-0.12, -tall * 0.45), (-0.36, -0.13), 12),
            bezier((-0.36, -0.13), (-0.16, -0.09), (-0.03, -0.15), 8),
            bezier((-0.03, -0.15), (-0.09, -tall * 0.5), (-0.02, -tall * 0.92), 8),
        ]
    )
    hull = np.vstack(
        [
            bezier((-0.4, -0.1), (0.0, -0.03), (0.4, -0.09), 12),
            bezier((0.4, -0.09), (0.36, 0.02), (0.24, 0.035), 8),
            bezier((-0.22, 0.035), (-0.34, 0.0), (-0.4, -0.1), 8),
        ]
    )
    wood = mix(scheme.shade, hull_colour, 0.3)
    for shape, colour in ((hull, hull_colour), (main, main_colour), (jib, jib_colour)):
        mirrored = place(moved(shape * (side, -0.55), 0, 0.05), x, y, scale, -tilt)
        canvas.polygon(mirrored, mix(colour, scheme.shade, 0.3), 0.3)
    canvas.line(put(np.array([(0, 0), (0, -tall - 0.05)])), wood, 0.012 * scale)
    for shape, colour in ((main, main_colour), (jib, jib_colour)):
        low, high = put(np.array([(-0.05, -0.3), (0.3, -0.5)]))
        tones = (mix(colour, scheme.shade, 0.3), colour, mix(colour, scheme.paper, 0.35))
        canvas.blend(put(shape), tuple(low), tuple(high), tones)
    for share in np.linspace(0.25, 0.85, int(rng.integers(2, 6))):
        seam = main[int(share * 13)]
        ends = np.array([(0.02, seam[1] + 0.03), seam])
        canvas.line(put(ends), mix(main_colour, scheme.shade, 0.4), 0.0025, 0.8)
    if rng.random() < 0.4:
        badge = ellipse(reach * 0.35, -tall * 0.45, 0.05, 0.05, 18)
        canvas.polygon(put(badge), jib_colour)
    start, end = put(np.array([(0, -0.1), (0, 0.04)]))
    canvas.blend(put(hull), tuple(start), tuple(end), (hull_colour, mix(hull_colour, wood, 0.7)))
    canvas.line(put(hull[:12]), mix(hull_colour, scheme.paper, 0.6), 0.008 * scale)
    flag = np.array([(0, -tall - 0.05), (0.1, -tall - 0.025), (0, -tall)])
    canvas.polygon(put(flag), scheme.accent(0))
    foam = bezier((-0.42, 0.035), (0, 0.055), (0.42, 0.035), 10)
    canvas.line(put(foam), scheme.paper, 0.006 * scale, 0.7)


def _gulls(canvas: Canvas, rng: Generator, colour: RGB, horizon: float) -> None:
    for x, y, wide in rng.random((int(rng.integers(0, 6)), 3)):
        half = 0.012 + 0.02 * wide
        y *= horizon * 0.7
        for side in (-1, 1):
            wing = bezier((x, y), (x + side * half * 0.5, y - half * 0.9), (x + side * half, y), 6)
            canvas.line(wing, colour, 0.003)
