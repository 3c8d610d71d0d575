"""Butterflies: a large one, a pair, or a tray of specimens, turned freely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from PIL import Image

from .canvas import Canvas
from .colour import RGB, Scheme, choose, mix
from .fields import Array
from .shapes import Placer, bezier, ellipse, mirror, moved, place, smooth

_FORE = np.array([(0.03, -0.06), (0.2, -0.32), (0.5, -0.54), (0.63, -0.47), (0.56, -0.2),
                  (0.5, 0.0), (0.28, 0.05), (0.04, 0.04)])  # fmt: skip
_HIND = np.array([(0.03, 0.02), (0.28, 0.0), (0.48, 0.1), (0.49, 0.28), (0.38, 0.42),
                  (0.27, 0.46), (0.15, 0.38), (0.04, 0.2)])  # fmt: skip


@dataclass(frozen=True)
class _Design:
    fore: Array
    hind: Array
    edge: RGB
    inner: tuple[RGB, RGB]
    spot: RGB
    eye: RGB
    body: RGB
    margin: float
    patch: float
    dots: bool
    eyes: bool
    veins: bool


def paint(rng: Generator, size: int) -> Image.Image:
    """Paint butterflies."""
    scheme = choose(rng)
    canvas = Canvas(size, scheme.ground)
    _set_scene(canvas, rng, scheme)
    kind = rng.random()
    if kind < 0.5:
        x, y = rng.uniform(0.38, 0.62, 2)
        _draw(canvas, _design(rng, scheme), x, y, rng.uniform(0.62, 0.95), rng.uniform(0, 6.28))
    elif kind < 0.75:
        turn = rng.uniform(0, 6.28)
        for side in (0.0, np.pi):
            x, y = 0.5 + 0.25 * np.cos(turn + side), 0.5 + 0.25 * np.sin(turn + side)
            angle = rng.uniform(0, 6.28)
            _draw(canvas, _design(rng, scheme), x, y, rng.uniform(0.4, 0.55), angle)
    else:
        count = int(rng.integers(2, 4))
        tilt = rng.uniform(-0.5, 0.5)
        for index in range(count * count):
            x, y = (index % count + 0.5) / count, (index // count + 0.5) / count
            # In a tray of nine, veins would be too fine to see.
            design = _design(rng, scheme, veined=count == 2)
            _draw(canvas, design, x, y, 0.78 / count, tilt)
    return canvas.finish(rng)


def _set_scene(canvas: Canvas, rng: Generator, scheme: Scheme) -> None:
    canvas.backdrop((scheme.ground, mix(scheme.ground, scheme.accent(4), 0.22)), rng.uniform(0, 6))
    if rng.random() < 0.45:
        x, y, radius = rng.uniform(0.35, 0.65), rng.uniform(0.35, 0.65), rng.uniform(0.25, 0.42)
        canvas.disc(x, y, radius, mix(scheme.ground, scheme.accent(3), 0.3))
        canvas.ring(x, y, radius + 0.02, mix(scheme.ground, scheme.ink, 0.35), 0.003)


def _design(rng: Generator, scheme: Scheme, *, veined: bool = True) -> _Design:
    edge = mix(scheme.shade, scheme.accent(2), float(rng.uniform(0, 0.35)))
    if scheme.dark and rng.random() < 0.5:
        edge = mix(scheme.paper, scheme.accent(2), 0.4)
    colours = [scheme.accent(int(index)) for index in rng.permutation(4)]
    return _Design(
        fore=_FORE * (rng.uniform(0.85, 1.1), rng.uniform(0.8, 1.1)) + rng.normal(0, 0.012, (8, 2)),
        hind=_HIND * (rng.uniform(0.85, 1.1), rng.uniform(0.9, 1.2)) + rng.normal(0, 0.012, (8, 2)),
        edge=edge,
        inner=(colours[0], colours[1]),
        spot=mix(colours[2], scheme.paper, 0.55),
        eye=colours[3],
        body=mix(scheme.shade, colours[0], 0.15),
        margin=float(rng.uniform(0.76, 0.92)),
        patch=float(rng.uniform(0.35, 0.6)),
        dots=bool(rng.random() < 0.7),
        eyes=bool(rng.random() < 0.5),
        veins=veined and bool(rng.random() < 0.75),
    )


def _draw(canvas: Canvas, design: _Design, x: float, y: float, scale: float, angle: float) -> None:
    def put(points: Array) -> Array:
        return place(points, x, y, scale, angle)

    wings = [(knots, smooth(knots)) for knots in (design.hind, design.fore)]
    wings += [(mirror(knots), mirror(outline)) for knots, outline in wings]
    for _, outline in wings:
        canvas.polygon(moved(put(outline), 0.012, 0.018), (20, 16, 24), 0.16)
    for knots, outline in wings:
        _wing(canvas, design, (knots, outline), (put, scale))
    for side in (-1, 1):
        feeler = bezier((0, -0.13), (side * 0.03, -0.28), (side * 0.15, -0.36), 10)
        canvas.line(put(feeler), design.body, 0.008 * scale)
        tip_x, tip_y = put(feeler[-1])
        canvas.disc(tip_x, tip_y, 0.012 * scale, design.body)
    canvas.polygon(put(ellipse(0, 0.14, 0.026, 0.2)), design.body)
    canvas.polygon(put(ellipse(0, -0.02, 0.036, 0.09)), mix(design.body, design.spot, 0.18))
    canvas.polygon(put(ellipse(0, -0.12, 0.026, 0.026)), design.body)
    for step in range(5):
        segment = np.array([(-0.02, 0.1 + step * 0.045), (0.02, 0.1 + step * 0.045)])
        canvas.line(put(segment), design.spot, 0.005 * scale, 0.6)


def _wing(
    canvas: Canvas, design: _Design, wing: tuple[Array, Array], where: tuple[Placer, float]
) -> None:
    knots, outline = wing
    put, scale = where
    hinge = knots[[0, -1]].mean(axis=0)
    tip = knots[3]

    def shrunk(share: float) -> Array:
        points: Array = hinge + (outline - hinge) * share
        return points

    canvas.polygon(put(outline), design.edge)
    start, end = put(np.array([hinge, tip]))
    first, second = design.inner
    canvas.blend(
        put(shrunk(design.margin)),
        (float(start[0]), float(start[1])),
        (float(end[0]), float(end[1])),
        (mix(first, design.edge, 0.45), first, second),
    )
    middle = hinge + (outline.mean(axis=0) - hinge) * 1.1
    canvas.polygon(put(middle + (outline - middle) * design.patch * 0.6), design.spot, 0.55)
    if design.veins:
        targets = smooth(knots, 2)[3:13, None]
        t = np.linspace(0, 1, 7)[None, :, None]
        veins = hinge + (targets - hinge) * t - (0, 0.03) * (4 * t * (1 - t))
        for vein in put(veins):
            canvas.line(vein, mix(design.edge, first, 0.25), 0.002)
    if design.dots:
        for x, y in put(shrunk((1 + design.margin) / 2)[18:44:4]):
            canvas.disc(x, y, 0.015 * scale, design.spot)
    if design.eyes:
        x, y = put(hinge + (knots[4] - hinge) * 0.62)
        for radius, colour in ((0.075, design.edge), (0.055, design.eye), (0.026, design.body)):
            canvas.disc(x, y, radius * scale, colour)
        canvas.disc(x - 0.012 * scale, y - 0.012 * scale, 0.01 * scale, design.spot)
