"""Mushrooms: shaded caps with gills and spots, on a mossy ground."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from PIL import Image

from .canvas import Canvas
from .colour import RGB, Scheme, choose, mix
from .fields import Array
from .shapes import Placer, Point, bezier, ellipse, moved, place, smooth

# The right half of each cap from its top to its rim; the rim is at y = 0.
_CAPS: tuple[tuple[Point, ...], ...] = (
    ((0, -0.62), (0.45, -0.52), (0.8, -0.28), (0.98, 0.0)),
    ((0, -0.95), (0.22, -0.8), (0.5, -0.35), (0.82, 0.02)),
    ((0, -0.3), (0.5, -0.3), (0.88, -0.17), (1.08, -0.02)),
    ((0, -0.85), (0.42, -0.78), (0.7, -0.45), (0.72, 0.02)),
    ((0, -0.5), (0.14, -0.42), (0.6, -0.2), (1.05, 0.05)),
)


def paint(rng: Generator, size: int) -> Image.Image:
    """Paint mushrooms."""
    scheme = choose(rng)
    canvas = Canvas(size, scheme.ground)
    sky = mix(scheme.ground, scheme.accent(4), float(rng.uniform(0.15, 0.5)))
    canvas.backdrop((scheme.ground, sky) if rng.random() < 0.5 else (sky, scheme.ground))
    if rng.random() < 0.6:
        x, y, radius = rng.uniform(0.25, 0.75), rng.uniform(0.25, 0.5), rng.uniform(0.18, 0.36)
        canvas.glow(x, y, radius * 1.6, mix(scheme.accent(3), scheme.paper, 0.4), 0.4)
        canvas.disc(x, y, radius, mix(scheme.ground, scheme.accent(3), 0.45))
    soil = float(rng.uniform(0.78, 0.95))
    _ground(canvas, rng, scheme, soil)
    count = int(rng.integers(1, 6))
    heights = np.sort(rng.uniform(0.3, 0.75 if count < 3 else 0.62, count))[::-1]
    slots = rng.permutation(count)
    for index, height in enumerate(heights):
        x = 0.5 + (slots[index] - (count - 1) / 2) * 0.8 / count + rng.uniform(-0.04, 0.04)
        base = soil + 0.04 + 0.02 * index
        _mushroom(canvas, rng, scheme, (x, base), float(height) * (1.15 if count == 1 else 1))
    _grass(canvas, rng, scheme, soil)
    return canvas.finish(rng)


def _ground(canvas: Canvas, rng: Generator, scheme: Scheme, soil: float) -> None:
    for layer in range(3):
        knots = [
            (x, soil + 0.03 * layer + rng.uniform(-0.035, 0.02)) for x in np.linspace(-0.1, 1.1, 7)
        ]
        hill = np.vstack([smooth(knots, 8, closed=False), [(1.1, 1.1), (-0.1, 1.1)]])
        canvas.polygon(hill, mix(scheme.accent(2), scheme.shade, 0.25 + 0.2 * layer))


def _grass(canvas: Canvas, rng: Generator, scheme: Scheme, soil: float) -> None:
    colours = [mix(scheme.accent(2), tone, 0.3) for tone in (scheme.paper, scheme.shade)]
    for x, lean, tall in rng.random((26, 3)):
        foot = (x * 1.1 - 0.05, soil + 0.1 + 0.05 * tall)
        top = (foot[0] + (lean - 0.5) * 0.12, foot[1] - 0.06 - 0.1 * tall)
        blade = bezier(foot, (foot[0], (foot[1] + top[1]) / 2), top, 6)
        body = np.vstack([moved(blade, -0.005, 0), moved(blade[-2::-1], 0.005, 0)])
        canvas.polygon(body, colours[int(lean > 0.5)])


def _mushroom(canvas: Canvas, rng: Generator, scheme: Scheme, foot: Point, height: float) -> None:
    wide = height * float(rng.uniform(0.32, 0.52))
    tilt = float(rng.normal(0, 0.13))
    profile = smooth(_CAPS[int(rng.integers(len(_CAPS)))], 8, closed=False)
    tall = float(rng.uniform(0.75, 1.15))
    cap_height = wide * tall * -float(profile[0, 1])
    top = (foot[0] + height * float(rng.uniform(-0.16, 0.16)), foot[1] - height + cap_height)
    flesh = mix(scheme.paper, scheme.accent(1), float(rng.uniform(0.1, 0.4)))
    dim = mix(flesh, scheme.shade, 0.5)
    _stem(canvas, rng, (foot, top), wide, (flesh, dim))

    def put(points: Array) -> Array:
        return place(points * (1, tall), top[0], top[1], wide, tilt)

    rim = float(profile[-1, 0])
    depth = float(rng.uniform(0.1, 0.24))
    under = ellipse(0, float(profile[-1, 1]), rim * 0.98, depth, 32)
    canvas.polygon(put(under), mix(flesh, scheme.shade, 0.3))
    for gill in under[1:16]:
        inner = np.array([gill[0] * 0.16, profile[-1, 1] + 0.02])
        canvas.line(put(np.vstack([inner, gill])), dim, 0.0025, 0.8)
    lip = ellipse(0, float(profile[-1, 1]), rim, depth * 0.55, 32)[:17]
    cap = np.vstack([profile, lip, (profile * (-1, 1))[::-1]])
    colour, other = scheme.accent(0), scheme.accent(1 if rng.random() < 0.5 else 4)
    light, dark = put(np.array([(-0.5, -0.7), (0.75, 0.25)]))
    tones = (
        mix(colour, scheme.paper, 0.4),
        colour,
        mix(colour, other, 0.4),
        mix(colour, scheme.shade, 0.55),
    )
    canvas.blend(put(cap), (light[0], light[1]), (dark[0], dark[1]), tones)
    if rng.random() < 0.6:
        _spots(canvas, rng, put, profile, mix(scheme.paper, other, 0.15))
    else:
        for share in (0.25, 0.5, 0.75, -0.25, -0.5, -0.75):
            canvas.line(put(profile[4:] * (share, 1)), tones[-1], 0.002, 0.35)
    gleam = bezier((-0.6, -0.18), (-0.5, -0.4), (-0.2, -0.5), 8) * (1, -profile[0, 1] * 1.4)
    canvas.line(put(gleam), scheme.paper, 0.006, 0.35)


def _stem(
    canvas: Canvas, rng: Generator, ends: tuple[Point, Point], wide: float, tones: tuple[RGB, RGB]
) -> None:
    foot, top = ends
    thick = wide * float(rng.uniform(0.12, 0.24))
    curve = bezier(
        foot, (foot[0] + float(rng.uniform(-0.04, 0.04)), (foot[1] + top[1]) / 2), top, 14
    )
    swell = np.stack([thick * np.linspace(1.5, 0.85, 14) ** 1.5, np.zeros(14)], -1)
    body = np.vstack([curve - swell, (curve + swell)[::-1]])
    left, right = (foot[0] - thick * 1.4, top[1]), (foot[0] + thick * 1.6, top[1])
    canvas.blend(body, left, right, (tones[0], tones[0], tones[1]))
    for share in (-0.4, 0.1, 0.5):
        canvas.line(curve + swell * share, tones[1], 0.0015, 0.5)
    if rng.random() < 0.5:
        x, y = curve[9]
        skirt = [
            (-1.1, -0.4),
            (1.1, -0.4),
            (2.1, 1.0),
            (1.0, 0.7),
            (0, 1.2),
            (-1.0, 0.7),
            (-2.1, 1.0),
        ]
        canvas.polygon(place(np.array(skirt), x, y, thick), tones[0])
        canvas.line(place(np.array(skirt[2:]), x, y, thick), tones[1], 0.002)


def _spots(canvas: Canvas, rng: Generator, put: Placer, profile: Array, colour: RGB) -> None:
    for along, across, big in rng.random((16, 3)):
        edge = profile[int(2 + along * (len(profile) - 6))]
        share = float(np.sin((across - 0.5) * 2.6))
        radius = 0.035 + 0.05 * big
        spot = ellipse(
            edge[0] * share, edge[1] + 0.02, radius * (1.1 - abs(share)), radius * 0.8, 14
        )
        canvas.polygon(put(spot), colour)
