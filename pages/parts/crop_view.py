"""Part of a picture: a box that people draw on it, and what a view says of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.browser import LOADER, nothing, script_url, style
from ris.errors import RisError
from ris.images.crop import Crop

if TYPE_CHECKING:
    from pages.parts.view import View

_component = st.components.v2.component("ris_crop", css=style("crop_view.css"), js=LOADER)


def crop_of(view: View) -> Crop | None:
    """The part that a view looks for; None for the whole picture."""
    if not view.crop:
        return None
    with suppress(RisError, ValueError):
        return Crop(*(float(side) for side in view.crop.split(",")))
    return None


def crop_said(box: Sequence[float]) -> str:
    """How a view says a part: x, y, width and height in shares of the picture's sides."""
    x, y = (math.floor(side * 10_000) / 10_000 for side in box[:2])
    width, height = (math.floor(side * 10_000) / 10_000 for side in box[2:])
    return ",".join(f"{side:.4f}" for side in (x, y, width, height))


def crop_view(source: str, alt: str, *, box: Crop | None = None, key: str) -> str | None:
    """Shows a picture to draw a box on.

    Args:
        source: its address: a path of this server's, or a data URI.
        alt: what it shows.
        box: the part to begin with.
        key: names this view among the widgets of the page.

    Returns:
        The part to search with, as a view says it, in the run after people asked for it.
    """
    result = _component(
        key=key,
        data={
            "code": script_url("crop_view.js"),
            "source": source,
            "alt": alt,
            "box": None if box is None else [box.x, box.y, box.width, box.height],
        },
        on_event_change=nothing,
    )
    return read_box(result.get("event"))


def read_box(sent: object) -> str | None:
    """What the browser sent, checked; None when there was nothing or it is no box."""
    match sent:
        case {"box": [*sides]} if len(sides) == 4 and all(map(_is_share, sides)):
            said = crop_said(sides)
            with suppress(RisError):
                Crop(*(float(side) for side in said.split(",")))
                return said
    return None


def _is_share(sent: object) -> bool:
    return isinstance(sent, int | float) and math.isfinite(sent) and 0 <= sent <= 1
