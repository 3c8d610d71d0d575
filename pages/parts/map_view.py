"""The map: every picture as a point, the query and its hits drawn on top.

In come an explorer and what to mark; out comes at most one event of the person's hand. The drawing
is done in the browser by `assets/map_*.js`, which fetch points, tile by tile, with their colours
from `pages/parts/routes.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.parts.browser import LOADER, generation_url, nothing, script_url, style
from pages.parts.colours import painted, usual

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ris.explore.colourings import Colouring
    from ris.explore.explorer import Explorer
    from ris.explore.projection import Place
    from ris.explore.results import Points

LONGEST_POLYGON = 5000
MOST_CHOSEN = 2000

_component = st.components.v2.component(
    "ris_map",
    css=style("map_view.css"),
    js=LOADER,
    isolate_styles=False,  # so that the pages' own rules can set its height
)


@dataclass(frozen=True)
class MapEvent:
    """What a person did on the map; reported in one run only.

    Attributes:
        kind: "click" on a picture, or "lasso" for a lasso or box.
        key: the picture that was clicked, else None.
        polygon: corners in map units, to be given to `Explorer.inside`. Empty, on a "lasso": the
            person cleared the selection (Esc or the cross in the toolbar).
    """

    kind: str
    key: int | None
    polygon: tuple[tuple[float, float], ...]


def map_view(
    explorer: Explorer,
    *,
    query: Place | None = None,
    trail: Sequence[Place] = (),
    marked: Sequence[int] = (),
    selected: int | None = None,
    height: int = 640,
    outline: Sequence[tuple[float, float]] | None = None,
    chosen: NDArray[np.int64] | None = None,
    colour: Colouring | None = None,
    key: str,
) -> MapEvent | None:
    """Shows the map of a generation.

    Camera, tool, hidden categories and outline survive reruns, page changes and new generations;
    they belong to `key` and collection.

    Args:
        explorer: the open generation.
        query: where a picture from outside would lie.
        trail: where the query was before it was steered, first to last; drawn as a path to it.
        marked: keys of the hits, best first; they get rank numbers and the rest is dimmed. Lines
            go to them from the query, or else from `selected`.
        selected: a key to ring.
        height: of the plot in pixels; a narrow map has its legend underneath, in addition.
        outline: a polygon to show as selected, `()` for none; None leaves what the person drew.
        chosen: keys of several items that are selected without an outline; the rest is dimmed. Of
            more than `MOST_CHOSEN` as many are marked, evenly spread.
        colour: what the points are coloured by; by default their labels.
        key: names this map among the widgets of the page.
    """
    points = explorer.points()
    count = len(points.keys)
    name = colour.name if colour else usual(explorer)
    colours = painted(explorer, name) if count else None
    codes = colours.codes if colours else np.empty(0, np.uint8)
    result = _component(
        key=key,
        data={
            "key": f"{key} {explorer.name}",
            "base": generation_url(explorer),
            "code": script_url("map_view.js"),
            "count": count,
            "colours": colours and colours.legend,
            "query": None
            if query is None
            else {"x": query.x, "y": query.y, "spread": query.spread},
            "trail": [{"x": place.x, "y": place.y} for place in trail],
            "marked": _on_map(points, codes, marked),
            "selected": None
            if selected is None
            else next(iter(_on_map(points, codes, [selected])), None),
            "chosen": _on_map(points, codes, _some(chosen)),
            "outline": None if outline is None else [[float(x), float(y)] for x, y in outline],
            "height": height,
        },
        on_event_change=nothing,
    )
    return read_event(result.get("event"))


def _some(chosen: NDArray[np.int64] | None) -> Sequence[int]:
    """At most so many keys as can be marked one by one."""
    if chosen is None:
        return ()
    every = np.linspace(0, len(chosen) - 1, min(len(chosen), MOST_CHOSEN)).astype(int)
    some: list[int] = chosen[every].tolist()
    return some


def _on_map(
    points: Points, codes: NDArray[np.uint8], keys: Sequence[int]
) -> list[dict[str, float]]:
    """Where items lie, by their keys; the browser knows only points of tiles that it has seen.

    Those without a place are left out; the others keep their ranks.
    """
    wanted = np.asarray(keys, np.int64)
    rows = np.minimum(np.searchsorted(points.keys, wanted), max(len(points.keys) - 1, 0))
    return [
        {
            "key": int(key),
            "x": float(points.x[row]),
            "y": float(points.y[row]),
            "code": int(codes[row]),
            "rank": rank,
        }
        for rank, (key, row) in enumerate(zip(wanted, rows, strict=True), start=1)
        if len(points.keys) and points.keys[row] == key
    ]


def read_event(sent: object) -> MapEvent | None:
    """What the browser sent, checked; None when there was nothing or it makes no sense."""
    match sent:
        case {"kind": "click", "key": int() | float() as key} if math.isfinite(key):
            return MapEvent("click", int(key), ())
        case {"kind": "lasso", "polygon": list(sides)} if len(sides) <= LONGEST_POLYGON:
            corners = tuple(corner for corner in map(_corner, sides) if corner is not None)
            return MapEvent("lasso", None, corners) if len(corners) == len(sides) else None
    return None


def _corner(sent: object) -> tuple[float, float] | None:
    match sent:
        case [int() | float() as x, int() | float() as y] if math.isfinite(x) and math.isfinite(y):
            return float(x), float(y)
    return None
