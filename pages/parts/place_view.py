"""An item's place on the map, as a small picture: all points in grey, lines to its nearest, a ring.

The map itself would be a second canvas with tools of its own; this is 10 to 30 kB, and the same
ground for every item of a generation.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.parts import pictures, words
from ris.images.display import png

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ris.explore.explorer import Explorer
    from ris.explore.projection import Place
    from ris.explore.results import Points

WIDTH, HEIGHT = 320, 240
MARGIN = 14  # pixels around the points, so that rings are whole
SHARP = 2  # pixels of the ground for each one of a page
FEW, MANY = 2_000, 20_000  # points; the more there are, the smaller each is
GREY, INK = 128, "#0d9488"  # seen on light and on dark


def draw_place(explorer: Explorer, key: int, near: Sequence[int]) -> None:
    """Where an item and its nearest lie; a word in its place where it is on no map."""
    st.markdown("**Its place on the map**")
    place = explorer.place_of(key)
    if place is None:
        st.caption("The map does not show it.")
        return
    places = [found for one in near if (found := explorer.place_of(one)) is not None]
    told = f"Among {words.count(len(explorer.points().keys), 'picture')}, lines to its nearest"
    pictures.inline(drawing(explorer, place, places), "image/svg+xml", told)


def drawing(explorer: Explorer, place: Place, near: Sequence[Place]) -> bytes:
    """The picture as an SVG file."""
    points = explorer.points()
    ground = b64encode(_ground(explorer.manifest.sha256, points)).decode()
    (x, y), *others = pixels_of(points, [place, *near])
    lines = "".join(f'<line x1="{x}" y1="{y}" x2="{a}" y2="{b}"/>' for a, b in others)
    dots = "".join(f'<circle cx="{a}" cy="{b}" r="3.5" fill="{INK}"/>' for a, b in others)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="{INK}">'
        f'<image href="data:image/png;base64,{ground}" width="{WIDTH}" height="{HEIGHT}"/>'
        f'{lines}{dots}<circle cx="{x}" cy="{y}" r="7" stroke-width="3"/></svg>'
    ).encode()


def pixels_of(points: Points, places: Sequence[Place]) -> list[tuple[float, float]]:
    """Where places lie on the picture: across and down, in pixels, to a tenth."""
    x, y = (np.array([getattr(place, side) for place in places], float) for side in "xy")
    across, down = _to_pixels(points, x, y)
    return list(zip(across.round(1).tolist(), down.round(1).tolist(), strict=True))


def _to_pixels(
    points: Points, x: NDArray[np.floating], y: NDArray[np.floating]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Map units as pixels of a frame that holds all points, as wide as high."""
    (left, right), (low, high) = ((side.min(), side.max()) for side in (points.x, points.y))
    room = max((right - left) / (WIDTH - 2 * MARGIN), (high - low) / (HEIGHT - 2 * MARGIN), 1e-6)
    across = WIDTH / 2 + (x - (left + right) / 2) / room
    return across, HEIGHT / 2 - (y - (low + high) / 2) / room


@st.cache_data(max_entries=8, show_spinner=False)
def _ground(seal: str, _points: Points) -> bytes:
    """All points as a PNG, grey on nothing, denser where there are more."""
    across, down = _to_pixels(_points, _points.x, _points.y)
    columns, rows = ((side * SHARP).astype(int) for side in (across, down))
    wide, high = WIDTH * SHARP, HEIGHT * SHARP
    counts = np.bincount(rows * wide + columns, minlength=wide * high).reshape(high, wide)
    for most in (FEW, MANY):
        if len(_points.keys) <= most:
            beside = [np.roll(counts, step, axis) for step in (-1, 1) for axis in (0, 1)]
            counts = np.maximum.reduce([counts, *beside])
    dense = (counts / counts.max()) ** 0.4
    pixels = np.full((high, wide, 4), GREY, np.uint8)
    pixels[..., 3] = np.where(counts > 0, 110 + 130 * dense, 0)
    return png(pixels)
