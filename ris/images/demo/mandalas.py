"""Mandalas: rings of petals, beads and rays in strict symmetry around a middle."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from PIL import Image

from .canvas import Canvas
from .colour import RGB, choose, mix
from .fields import Array
from .shapes import bezier, ellipse, moved, place

_KINDS = ("petal", "leaf", "bead", "ray", "arch", "loop")


def paint(rng: Generator, size: int) -> Image.Image:
    """Paint a mandala."""
    scheme = choose(rng)
    canvas = Canvas(size, scheme.ground)
    x, y = rng.normal(0.5, 0.1, 2)
    canvas.backdrop((scheme.ground, mix(scheme.ground, scheme.accent(4), 0.35)), rng.uniform(0, 6))
    canvas.glow(x, y, 0.75, mix(scheme.ground, scheme.accent(3), 0.7), 0.7)
    fold = int(rng.choice([6, 8, 10, 12, 16]))
    radius = float(rng.uniform(0.32, 0.66))
    turn = float(rng.uniform(0, 6.28))
    rings = int(rng.integers(4, 8))
    edges = np.linspace(1.0, 0.16, rings) * radius
    for ring, outer in enumerate(edges):
        depth = float(radius * 1.25 / rings * rng.uniform(0.9, 1.6))
        count = fold * (2 if outer > 0.26 and rng.random() < 0.4 else 1)
        offset = turn + (ring % 2) * np.pi / count
        kind = _KINDS[int(rng.integers(len(_KINDS)))]
        fill = scheme.accent(int(rng.integers(5)))
        tones = (fill, mix(fill, scheme.paper, 0.45), mix(scheme.shade, fill, 0.25))
        half = min(np.pi * outer / count * 0.98, depth)
        # Beads are strung on the rim of a disc, or else they would float.
        beads = kind == "bead"
        inner = max(outer - (half * 0.6 if beads else depth * 0.45), 0.02)
        if beads or rng.random() < 0.5:
            disc = mix(scheme.ground, scheme.accent(ring), float(rng.uniform(0.3, 0.9)))
            canvas.disc(x, y, inner, disc)
            canvas.ring(x, y, inner, tones[1], 0.004)
        parts = _parts(kind, depth, half)
        for step in range(count):
            angle = offset + step * 2 * np.pi / count
            _lay(
                canvas, parts, (x + outer * np.sin(angle), y - outer * np.cos(angle), angle), tones
            )
    for share, index in ((0.15, 0), (0.11, 1), (0.06, 2)):
        canvas.disc(x, y, radius * share, mix(scheme.accent(index), scheme.paper, 0.15 * index))
        canvas.ring(x, y, radius * share, scheme.paper, 0.003)
    return canvas.finish(rng)


def _parts(kind: str, depth: float, half: float) -> list[Array]:
    """Return outlines that lie one in the other, tip up at the origin, root below."""
    if kind == "petal":
        outline = _petal(depth, half * 1.3, 0.55)
    elif kind == "leaf":
        outline = _petal(depth, half * 0.8, 0.3)
    elif kind == "bead":
        outline = ellipse(0, half * 0.6, half * 0.6, half * 0.6, 16)
    elif kind == "ray":
        outline = np.array([(0, 0), (half * 0.75, depth), (-half * 0.75, depth)])
    elif kind == "arch":
        outline = ellipse(0, depth * 0.7, half, depth * 0.7, 22)
    else:
        outline = ellipse(0, depth * 0.5, half * 0.55, depth * 0.5, 18)
    middle = moved(outline.mean(axis=0), 0, depth * 0.08)
    return [outline, *(middle + (outline - middle) * share for share in (0.66, 0.32))]


def _petal(depth: float, half: float, swell: float) -> Array:
    right = bezier((0, 0), (half * 1.3, depth * swell), (0, depth), 10)
    return np.vstack([right, (right * (-1, 1))[::-1]])


def _lay(
    canvas: Canvas,
    parts: list[Array],
    spot: tuple[float, float, float],
    tones: tuple[RGB, RGB, RGB],
) -> None:
    fill, light, dark = tones
    for part, colour in zip(parts, (fill, light, dark), strict=True):
        outline = place(part, spot[0], spot[1], 1, spot[2])
        canvas.polygon(outline, colour)
        if part is parts[0]:
            canvas.line(np.vstack([outline, outline[:1]]), dark, 0.0025)
