"""Outlines: smooth curves through points, turned and placed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .fields import Array

Point = tuple[float, float]
Placer = Callable[[Array], Array]


def place(points: Array, x: float, y: float, scale: float, angle: float = 0.0) -> Array:
    """Scale points, turn them by an angle around the origin, and move them to x, y."""
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    turned: Array = points @ np.array([[cos, sin], [-sin, cos]])
    return moved(turned, x, y)


def moved(points: Array, x: float, y: float) -> Array:
    """Return points moved by x, y."""
    shifted: Array = points + np.array([x, y])
    return shifted


def smooth(points: Array | Sequence[Point], steps: int = 8, *, closed: bool = True) -> Array:
    """Return a Catmull-Rom curve through the points."""
    knots = np.asarray(points, float)
    if closed:
        before, after, later = (np.roll(knots, shift, 0) for shift in (1, -1, -2))
    else:
        padded = np.vstack([knots[:1], knots, knots[-1:]])
        before, knots, after, later = (padded[i : len(padded) - 3 + i] for i in range(4))
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    p0, p1, p2, p3 = (part[:, None, :] for part in (before, knots, after, later))
    curve = (
        2 * p1
        + (p2 - p0) * t
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    ) / 2
    flat: Array = curve.reshape(-1, 2)
    return flat if closed else np.vstack([flat, np.asarray(points, float)[-1:]])


def ellipse(x: float, y: float, width: float, height: float, steps: int = 28) -> Array:
    """Return an ellipse given its middle and its half axes."""
    turn = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    return np.stack([x + width * np.cos(turn), y + height * np.sin(turn)], -1)


def regular(sides: int, radius: float = 1.0, angle: float = 0.0) -> Array:
    """Return a regular polygon around the origin."""
    turn = np.arange(sides) * (2 * np.pi / sides) + angle
    return np.stack([np.cos(turn), np.sin(turn)], -1) * radius


def mirror(points: Array) -> Array:
    """Return points reflected left to right."""
    return points * (-1, 1)


def bezier(start: Point, bend: Point, end: Point, steps: int = 24) -> Array:
    """Return a quadratic curve from one point to another, pulled towards a third."""
    t = np.linspace(0, 1, steps)[:, None]
    first, middle, last = (np.asarray(point, float) for point in (start, bend, end))
    curve: Array = first * (1 - t) ** 2 + middle * (2 * t * (1 - t)) + last * t**2
    return curve
