"""The map: every picture as a point, the query and its hits drawn on top.

In come an explorer and what to mark; out comes at most one event of the person's hand. The drawing
is done in the browser by `assets/map_*.js`, which fetch the points from `pages/parts/routes.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.parts.browser import LOADER, generation_url, nothing, plotly_url, script_url, style

if TYPE_CHECKING:
    from ris.explore.explorer import Explorer
    from ris.explore.projection import Place
    from ris.explore.results import Points

LEGEND_LABELS = 12  # as many as there are colours that can still be told apart
LONGEST_POLYGON = 5000

_component = st.components.v2.component(
    "ris_map",
    css=style("map_view.css"),
    js=LOADER,
    isolate_styles=False,  # plotly puts its styles into the page; they don't reach a shadow root
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
    marked: Sequence[int] = (),
    selected: int | None = None,
    height: int = 640,
    outline: Sequence[tuple[float, float]] | None = None,
    key: str,
) -> MapEvent | None:
    """Shows the map of a generation.

    Camera, tool, hidden labels and outline survive reruns and page changes; they belong to `key`
    and generation.

    Args:
        explorer: the open generation.
        query: where a picture from outside would lie.
        marked: keys of the hits, best first; they get rank numbers and the rest is dimmed.
        selected: a key to ring.
        height: of the plot in pixels; a narrow map has its legend underneath, in addition.
        outline: a polygon to show as selected, `()` for none; None leaves what the person drew.
        key: names this map among the widgets of the page.
    """
    points = explorer.points()
    result = _component(
        key=key,
        data={
            "key": key,
            "base": generation_url(explorer),
            "code": script_url("map_view.js"),
            "plotly": plotly_url(),
            "count": len(points.keys),
            "legend": legend_of(points),
            "query": None
            if query is None
            else {"x": query.x, "y": query.y, "spread": query.spread},
            "marked": [int(each) for each in marked],
            "selected": None if selected is None else int(selected),
            "outline": None if outline is None else [[float(x), float(y)] for x, y in outline],
            "height": height,
        },
        on_event_change=nothing,
    )
    return read_event(result.get("event"))


def legend_of(points: Points) -> list[dict[str, object]]:
    """The map's colours: the most frequent labels, then the other ones, then pictures without."""
    total = len(points.keys)
    known = points.label[points.label >= 0]
    if len(known) == 0:
        return [{"kind": "all", "name": "Pictures", "count": total}]
    counts = np.bincount(known, minlength=len(points.names))
    often = [int(label) for label in np.argsort(-counts, kind="stable") if counts[label] > 0]
    legend: list[dict[str, object]] = [
        {"kind": "label", "label": label, "name": points.names[label], "count": int(counts[label])}
        for label in often[:LEGEND_LABELS]
    ]
    rest = int(counts[often[LEGEND_LABELS:]].sum())
    return [
        *legend,
        {"kind": "other", "name": f"{len(often) - LEGEND_LABELS} other labels", "count": rest},
        {"kind": "none", "name": "No label", "count": total - len(known)},
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
