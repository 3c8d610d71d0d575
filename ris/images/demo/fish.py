"""Fish: scaled and striped, alone, circling in pairs, or in a school."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from PIL import Image

from .canvas import Canvas
from .colour import Scheme, choose, mix
from .fields import Array
from .shapes import Placer, bezier, ellipse, moved, place, smooth


def paint(rng: Generator, size: int) -> Image.Image:
    """Paint fish."""
    scheme = choose(rng)
    canvas = Canvas(size, scheme.ground)
    _water(canvas, rng, scheme)
    kind = rng.random()
    turn = float(rng.uniform(0, 2 * np.pi))
    if kind < 0.4:
        x, y = rng.uniform(0.42, 0.58, 2)
        _Fish(rng, scheme, 0).draw(canvas, (x, y, float(rng.uniform(0.75, 1.05)), turn))
    elif kind < 0.7:
        for index in range(2):
            angle = turn + index * np.pi
            x, y = 0.5 + 0.21 * np.cos(angle), 0.5 + 0.21 * np.sin(angle)
            spot = (x, y, float(rng.uniform(0.5, 0.65)), angle + np.pi / 2)
            _Fish(rng, scheme, index).draw(canvas, spot)
    else:
        fish = [_Fish(rng, scheme, index) for index in range(2)]
        count = int(rng.integers(5, 10))
        steps = rng.permutation(9)[:count]
        for index, step in enumerate(steps):
            x = (step % 3 + 0.5) / 3 + float(rng.uniform(-0.05, 0.05))
            y = (step // 3 + 0.5) / 3 + float(rng.uniform(-0.05, 0.05))
            angle = turn + float(rng.normal(0, 0.18))
            fish[index % 2].draw(canvas, (x, y, float(rng.uniform(0.31, 0.42)), angle))
    return canvas.finish(rng)


def _water(canvas: Canvas, rng: Generator, scheme: Scheme) -> None:
    deep = mix(scheme.ground, scheme.accent(4), float(rng.uniform(0.1, 0.7)))
    canvas.backdrop((scheme.ground, deep), float(rng.uniform(0, 6.28)))
    line = mix(deep, scheme.ink, 0.22)
    x = np.linspace(-0.05, 1.05, 40)
    if rng.random() < 0.5:
        for y in np.arange(0.04, 1.05, float(rng.uniform(0.07, 0.14))):
            wave = y + 0.012 * np.sin(x * rng.uniform(15, 30) + rng.uniform(0, 6))
            canvas.line(np.stack([x, wave], -1), line, 0.002)
    else:
        for _ in range(3):
            cx, cy = rng.random(2)
            for ripple in range(1, 6):
                canvas.ring(cx, cy, ripple * rng.uniform(0.04, 0.06), line, 0.002)
    for bx, by, radius in rng.random((9, 3)):
        canvas.ring(bx, by, 0.006 + radius * 0.012, mix(deep, scheme.ink, 0.5), 0.002)


class _Fish:
    """One fish, its head to the right, 1 unit long around the origin."""

    def __init__(self, rng: Generator, scheme: Scheme, index: int) -> None:
        self.scheme = scheme
        self.deep = float(rng.uniform(0.15, 0.3))
        self.bend = float(rng.uniform(-0.1, 0.1))
        self.colours = [scheme.accent(index + step) for step in range(3)]
        self.stripes = int(rng.integers(3, 7)) if rng.random() < 0.45 else 0
        self.fork = float(rng.uniform(0.04, 0.16))
        self.fin = float(rng.uniform(0.1, 0.22))
        self.rows = int(rng.integers(5, 9))
        t = np.linspace(0, 1, 24)
        # The body from the tail's root (t = 0) to the mouth (t = 1).
        self.x = -0.3 + 0.75 * t
        self.half = self.deep * np.sin(np.pi * t**0.85) ** 0.75 * (0.55 + 0.45 * t) + 0.028 * (
            1 - t
        )

    def draw(self, canvas: Canvas, spot: tuple[float, float, float, float]) -> None:
        """Draw the fish at x, y, in a scale, turned by an angle."""

        def put(points: Array) -> Array:
            curved = points + np.stack(
                [np.zeros(len(points)), self.bend * points[:, 0] ** 2 * 4], -1
            )
            return place(curved, *spot)

        back = np.stack([self.x, -self.half], -1)
        belly = np.stack([self.x, self.half], -1)
        body = np.vstack([back, belly[::-1]])
        base, other, third = self.colours
        dark = mix(base, self.scheme.shade, 0.55)
        self._fins(canvas, put, back, belly)
        top, bottom = put(np.array([(0.1, -self.deep), (0.1, self.deep)]))
        pale = mix(base, self.scheme.paper, 0.65)
        canvas.blend(put(body), tuple(top), tuple(bottom), (dark, base, mix(base, pale, 0.6), pale))
        for index in range(self.stripes):
            start = 3 + index * 15 // self.stripes
            band = slice(start, start + 3)
            canvas.polygon(put(np.vstack([back[band], (belly[band])[::-1]])), other, 0.85)
        self._scales(canvas, put, spot[2])
        canvas.polygon(put(np.vstack([back[19:], belly[19:][::-1]])), mix(third, base, 0.35))
        cheek = bezier(tuple(back[18]), (0.22, 0.0), tuple(belly[18]), 12)
        canvas.line(put(cheek), dark, 0.007 * spot[2])
        for radius, colour in ((0.042, self.scheme.paper), (0.026, self.scheme.shade)):
            canvas.polygon(put(ellipse(0.33, -self.deep * 0.22, radius, radius, 14)), colour)
        mouth = bezier((0.45, 0.01), (0.42, 0.035), (0.385, 0.035), 6)
        canvas.line(put(mouth), dark, 0.008 * spot[2])

    def _fins(self, canvas: Canvas, put: Placer, back: Array, belly: Array) -> None:
        other, third = self.colours[1], self.colours[2]
        fork, fin = self.fork, self.fin
        tail = smooth([(-0.27, 0), (-0.42, -0.16 - fork), (-0.5, -0.2 - fork), (-0.43, 0),
                       (-0.5, 0.2 + fork), (-0.42, 0.16 + fork)], 6)  # fmt: skip
        trail = bezier(
            tuple(back[16]), (0.02, -self.deep - fin * 1.5), (-0.3, -self.deep - fin), 12
        )
        crest = np.vstack([back[5:17], trail])
        keel = np.vstack(
            [belly[4:10], moved(belly[9], -0.06, fin * 0.5), moved(belly[4], -0.07, fin * 0.6)]
        )
        line = mix(other, self.scheme.shade, 0.5)
        root = np.array([-0.27, 0.0])
        for shape in (tail, crest, keel):
            canvas.polygon(put(shape), other)
        for tip in tail[6:30:3]:
            canvas.line(put(np.vstack([root, tip])), line, 0.002, 0.8)
        for step in range(6, 16):
            reach = trail[10 - (step - 6)]
            canvas.line(put(np.vstack([back[step], reach])), mix(line, third, 0.3), 0.002, 0.8)

    def _scales(self, canvas: Canvas, put: Placer, scale: float) -> None:
        if scale < 0.3:
            return
        line = mix(self.colours[0], self.scheme.shade, 0.6)
        step = 2 * self.deep / self.rows
        turn = np.linspace(-1.3, 1.3, 6)
        arc = np.stack([-np.cos(turn), np.sin(turn)], -1) * step * 0.55
        for column, x in enumerate(np.arange(-0.24, 0.2, step * 0.62)):
            limit = float(np.interp(x, self.x, self.half)) - step * 0.45
            for row in range(-self.rows, self.rows + 1):
                y = (row + column % 2 * 0.5) * step
                if abs(y) < limit:
                    canvas.line(put(moved(arc, x, y)), line, 0.002, 0.6)
