"""Fans: art-deco scales of rings and rays in overlapping rows, with metal lines."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from PIL import Image

from .canvas import Canvas, Stamp
from .colour import RGB, Scheme, choose, mix
from .fields import Array
from .shapes import ellipse, place


def paint(rng: Generator, size: int) -> Image.Image:
    """Paint a wall of fans."""
    scheme = choose(rng)
    canvas = Canvas(size, scheme.ground)
    radius = float(rng.uniform(0.11, 0.3))
    turn = float(rng.choice([0, 0, np.pi, np.pi / 2, np.pi / 4, rng.uniform(0, 6.28)]))
    squash = float(rng.uniform(0.42, 0.62))
    fans = [_Fan(rng, scheme, index).stamp(size, radius, turn) for index in range(2)]
    by_row = bool(rng.random() < 0.5)
    rows, columns = int(0.8 / (radius * squash)) + 2, int(0.8 / (2 * radius)) + 2
    shift = rng.uniform(-0.1, 0.1, 2)
    for row in range(-rows, rows + 1):
        for column in range(-columns, columns + 1):
            spot = np.array([[(2 * column + row % 2) * radius, row * radius * squash]]) + shift
            x, y = (float(part) for part in place(spot, 0.5, 0.5, 1, turn)[0])
            if -radius < x < 1 + radius and -radius < y < 1 + radius:
                odd = row % 2 if by_row else (column + (row + 1) // 2) % 2
                canvas.stamp(fans[odd], x, y)
    x, y = rng.random(2)
    canvas.glow(float(x), float(y), 0.75, scheme.paper, 0.2)
    return canvas.finish(rng)


class _Fan:
    """The design of a fan: its rings from the rim inwards, and its rays."""

    def __init__(self, rng: Generator, scheme: Scheme, index: int) -> None:
        self.metal: RGB = mix(scheme.accent(3), scheme.paper, 0.35)
        if rng.random() < 0.3:
            self.metal = mix(scheme.ink, scheme.accent(3), 0.3)
        base = scheme.accent(index) if rng.random() < 0.6 else scheme.ground
        others = (scheme.accent(index + 1), scheme.ground, mix(base, scheme.shade, 0.4))
        count = int(rng.integers(2, 6))
        edges = np.sort(rng.uniform(0.25, 0.92, count))[::-1]
        self.rings: list[tuple[float, RGB]] = [(1.0, base)]
        for step, edge in enumerate(edges):
            self.rings.append((float(edge), (others[step % 3], base)[step % 2]))
        self.rays = int(rng.choice([0, 9, 13, 17, 21]))
        self.petals = bool(rng.random() < 0.45)
        self.reach = (float(rng.uniform(0.2, 0.4)), float(rng.uniform(0.75, 1.0)))
        self.petal: RGB = mix(scheme.accent(index + 2), scheme.paper, 0.2)

    def stamp(self, size: int, radius: float, turn: float) -> Stamp:
        """Draw the fan, opening upwards before it is turned."""
        canvas = Canvas(size, self.metal)
        x, y = 0.5, 0.5
        for share, colour in self.rings:
            canvas.disc(x, y, radius * share, colour)
            canvas.ring(x, y, radius * share, self.metal, 0.004)
        middle = np.array([x, y])
        angles = turn - np.pi / 2 + np.linspace(-1.35, 1.35, max(self.rays, 7))
        ways: Array = np.stack([np.cos(angles), np.sin(angles)], -1) * radius
        low, high = self.reach
        if self.petals:
            for first, way, last in zip(ways, ways[1:], ways[2:], strict=False):
                tip = np.array([first * 0.55 + way * 0.1, way * high, last * 0.55 + way * 0.1])
                canvas.polygon(np.vstack([[middle], tip + middle]), self.petal, 0.5)
        if self.rays:
            for way in ways:
                canvas.line(np.array([middle + way * low, middle + way * high]), self.metal, 0.003)
        canvas.disc(x, y, radius * 0.16, self.metal)
        return canvas.cut(ellipse(x, y, radius, radius, 90))
