"""A large picture with the likeness of its patches over it, in which people draw and click.

In come a slide, distances and marks; out comes at most one event. The drawing is done in the
browser by `assets/slide_view.js`.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.parts.browser import LOADER, generation_url, nothing, script_url, style
from ris.explore.heat import heat
from ris.images.display import png
from ris.images.parts import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ris.explore.explorer import Explorer
    from ris.explore.slides import Slide

# inferno from its dark to its light end: light is alike
RAMP = ((0, 0, 4), (66, 10, 104), (147, 38, 103), (221, 81, 58), (252, 165, 10), (252, 255, 164))

_component = st.components.v2.component("ris_slide", css=style("slide_view.css"), js=LOADER)


@dataclass(frozen=True)
class Mark:
    """A box to outline: of kind "query" or "hit", with a short label or none."""

    box: tuple[int, int, int, int]
    kind: str
    label: str = ""


@dataclass(frozen=True)
class SlideEvent:
    """What a person did: drew a box, or clicked a point, in pixels of the slide."""

    box: Box | None = None
    point: tuple[float, float] | None = None


def slide_view(
    explorer: Explorer,
    slide: Slide,
    *,
    name: str,
    distances: NDArray[np.float32] | None,
    strength: float,
    marks: Sequence[Mark] = (),
    key: str,
) -> SlideEvent | None:
    """Shows a slide.

    Args:
        explorer: the open generation.
        slide: the large picture.
        name: what it is called, for screen readers.
        distances: of its patches to the query, for the heat map; None shows none.
        strength: how much the heat map covers, 0 to 1.
        marks: what to outline.
        key: names this view among the widgets of the page.
    """
    result = _component(
        key=key,
        data={
            "base": generation_url(explorer),
            "code": script_url("slide_view.js"),
            "slide": int(slide.keys[0]),
            "name": name,
            "width": slide.width,
            "height": slide.height,
            "side": int(np.median(slide.boxes[:, 2])),
            "heat": "" if distances is None else _uri(painted(heat(slide, distances))),
            "strength": strength,
            "marks": [asdict(mark) for mark in marks],
        },
        on_event_change=nothing,
    )
    return read_event(result.get("event"), slide)


def painted(distances: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A raster of distances in colours, uint8 (rows, columns, 4): the nearest is light, the half
    that is farther away dark; NaN is clear."""
    there = np.isfinite(distances)
    low, middle = np.quantile(distances[there], (0, 0.5)) if there.any() else (0.0, 1.0)
    alike = np.clip(1 - (np.nan_to_num(distances) - low) / max(middle - low, 1e-6), 0, 1)
    where = alike * (len(RAMP) - 1)
    ramp = np.array(RAMP, float)
    colours = [np.interp(where, np.arange(len(RAMP)), ramp[:, c]) for c in range(3)]
    return np.stack([*colours, 255.0 * there], axis=2).astype(np.uint8)


def read_event(sent: object, slide: Slide) -> SlideEvent | None:
    """What the browser sent, checked; None when there was nothing or it makes no sense."""
    match sent:
        case {"kind": "click", "x": int() | float() as x, "y": int() | float() as y}:
            if math.isfinite(x) and math.isfinite(y):
                return SlideEvent(point=(float(x), float(y)))
        case {"kind": "box", "box": [_, _, _, _] as sides}:
            if all(isinstance(side, int | float) and math.isfinite(side) for side in sides):
                return SlideEvent(box=inside(slide, Box(*map(int, sides))))
    return None


def inside(slide: Slide, box: Box) -> Box | None:
    """What of a box lies inside a slide; None when nothing does."""
    left, top = max(0, box.x), max(0, box.y)
    right, bottom = min(slide.width, box.x + box.width), min(slide.height, box.y + box.height)
    return Box(left, top, right - left, bottom - top) if right > left and bottom > top else None


def _uri(pixels: NDArray[np.uint8]) -> str:
    return f"data:image/png;base64,{b64encode(png(pixels)).decode()}"
