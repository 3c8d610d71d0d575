"""The map as one HTML file that opens anywhere, without a server and without the network.

In come an open generation, what its points are coloured by and a query with its hits; out goes the
page, `saved_map.html` with the data in it: every point, and a bounded number of small pictures.
"""

import json
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ris.errors import RisError
from ris.explore.colourings import Colouring
from ris.explore.explorer import Explorer
from ris.explore.projection import Place
from ris.explore.results import Hit
from ris.images.display import shrunk
from ris.store.items import Item

PICTURES = 300  # small pictures in a file, hits included; each is 1 to 4 kB
NAMED = 20_000  # points up to which each has its file's name in it
SIDE = 96  # pixels of a small picture
CATEGORIES = 12  # as many as there are colours that can still be told apart
_STEPS = 64  # of a ramp
_COLUMNS, _ROWS = 16, 12  # cells of the map, each with one picture
_TAIL = 0.01  # numbers beyond these shares share the ramp's ends

# as in assets/map_style.js: told apart under normal, deutan and protan sight
_LIGHT = (
    *("#3545bc", "#a6042d", "#2ea10a", "#a169f1", "#c74490", "#b1b81d"),
    *("#7b3a7b", "#73a3fc", "#1f88b8", "#95610d", "#45c8d0", "#e56f64"),
)
_DARK = (
    *("#69f8a1", "#e098fd", "#e18c22", "#6f6eee", "#36b0a4", "#facf22"),
    *("#b756a6", "#36ebf8", "#fa6278", "#a8c67a", "#5196d7", "#cc5b38"),
)
_REST = {"light": "#9ca3a3", "dark": "#6a7274"}
_ONE = {"light": "#0f766e", "dark": "#3cc3b8"}
_RAMP = ("#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#fde725")  # viridis


@dataclass(frozen=True)
class SavedQuery:
    """What was looked for when the map was saved.

    Attributes:
        name: For people.
        place: Where it falls on the map; None if nowhere.
        hits: Nearest first.
        thumbnail: A small picture file of it; empty where there is none, as for a whole selection.
    """

    name: str
    place: Place | None
    hits: tuple[Hit, ...]
    thumbnail: bytes = b""


def saved_map(
    explorer: Explorer, *, colouring: Colouring | None = None, query: SavedQuery | None = None
) -> bytes:
    """The map of a generation as an HTML file.

    Args:
        explorer: The generation.
        colouring: What points are coloured by; by default the first of `Explorer.colourings`.
        query: What was looked for, if anything was.

    Raises:
        RisError: The generation has no map.
    """
    points = explorer.points()
    if len(points.keys) == 0:
        raise RisError("There is no map to save.", "Make one: python -m ris compact")
    colouring = colouring or explorer.colouring(explorer.colourings()[0])
    painted = _paint(colouring)
    pictures = _pictures(explorer, painted.codes, query)
    x0, y0, x1, y1 = _bounds(points.x, points.y)
    steps = [
        np.round((values - low) / max(high - low, 1e-9) * 65535)
        for values, low, high in ((points.x, x0, x1), (points.y, y0, y1))
    ]
    content: dict[str, Any] = {
        "title": f"Map of {explorer.name}",
        "about": _about(explorer, len(points.keys)),
        "bound": f"{len(pictures):,} of {len(points.keys):,} points come with their picture.",
        "bounds": {"x0": x0, "y0": y0, "x1": x1, "y1": y1},
        "places": _base64(np.stack(steps, axis=1).astype("<u2")),
        "codes": _base64(painted.codes),
        "palette": painted.palette,
        "legend": painted.legend,
        "categories": painted.names,
        "pictures": pictures,
    }
    if len(points.keys) <= NAMED:
        content["names"] = [_name(item) for item in explorer.items(points.keys.tolist())]
    if query is not None:
        content["query"] = _told(query)
    template = Path(__file__).with_name("saved_map.html").read_text(encoding="utf-8")
    # no "<" of the data can end the script that holds it
    text = json.dumps(content, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c")
    return template.replace("__DATA__", text).encode()


@dataclass(frozen=True)
class _Painted:
    """A colouring as places in a palette, uint8 (N,), and what the legend says."""

    codes: NDArray[np.uint8]
    palette: dict[str, list[str]]
    legend: dict[str, Any]
    names: list[str]


def _paint(colouring: Colouring) -> _Painted:
    title = colouring.name[:1].upper() + colouring.name[1:]
    if colouring.kind == "numbers":
        return _ramp(colouring, title)
    known = colouring.codes[colouring.codes >= 0]
    if len(known) == 0:
        palette = {theme: [colour] for theme, colour in _ONE.items()}
        entries = [{"code": 0, "name": "Pictures", "count": len(colouring.codes)}]
        codes = np.zeros(len(colouring.codes), np.uint8)
        return _Painted(codes, palette, {"title": title, "entries": entries}, [""])
    counts = np.bincount(known, minlength=len(colouring.names))
    order = np.argsort(-counts, kind="stable")
    often = order[counts[order] > 0]
    shown, others = often[:CATEGORIES], often[CATEGORIES:]
    slots = np.full(len(counts) + 1, CATEGORIES, np.uint8)  # the last one is that of -1
    slots[shown] = np.arange(len(shown))
    slots[-1] = CATEGORIES + 1
    names = [colouring.names[code] for code in shown] + [""] * (CATEGORIES - len(shown))
    names += [f"{len(others)} others", f"No {colouring.name}"]
    codes = slots[colouring.codes]
    numbers = np.bincount(codes, minlength=len(names))
    entries = [
        {"code": code, "name": name, "count": int(numbers[code])}
        for code, name in enumerate(names)
        if numbers[code]
    ]
    palette = {
        "light": [*_LIGHT, _REST["light"], _REST["light"]],
        "dark": [*_DARK, _REST["dark"], _REST["dark"]],
    }
    return _Painted(codes, palette, {"title": title, "entries": entries}, names)


def _ramp(colouring: Colouring, title: str) -> _Painted:
    """Numbers in steps from the lowest to the highest, without the tails; the last code: none."""
    values, there = colouring.values.astype(float), np.isfinite(colouring.values)
    low, high = np.quantile(values[there], [_TAIL, 1 - _TAIL]) if there.any() else (0.0, 0.0)
    codes = np.full(len(values), _STEPS, np.uint8)
    steps = (values[there] - low) / max(high - low, 1e-30) * _STEPS
    codes[there] = np.clip(steps, 0, _STEPS - 1)
    stops = np.array([[int(one[at : at + 2], 16) for at in (1, 3, 5)] for one in _RAMP])
    where = np.linspace(0, len(_RAMP) - 1, _STEPS)
    mixed = [np.interp(where, np.arange(len(_RAMP)), stops[:, channel]) for channel in range(3)]
    ramp = [
        "#" + "".join(f"{round(part):02x}" for part in colour)
        for colour in zip(*mixed, strict=True)
    ]
    ends = [_number(low, colouring.unit), _number(high, colouring.unit)]
    palette = {theme: [*ramp, rest] for theme, rest in _REST.items()}
    return _Painted(codes, palette, {"title": title, "ends": ends}, [])


def _number(value: float, unit: str) -> str:
    if unit == "days":
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=value)).date().isoformat()
    shown = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{shown} {unit}" if unit in ("bytes", "megapixels") else shown


def _pictures(
    explorer: Explorer, codes: NDArray[np.uint8], query: SavedQuery | None
) -> list[dict[str, Any]]:
    """The points that come with their pictures: hits, the clusters' medoids, one for each cell."""
    points = explorer.points()
    hits = {hit.item.key: hit for hit in query.hits} if query else {}
    medoids = [one.medoid for one in sorted(explorer.clusters(), key=lambda one: -one.count)]
    if len(points.keys) <= PICTURES:
        others = points.keys.tolist()
    else:
        others = points.keys[_spread(points.x, points.y)].tolist()
    wanted = list(dict.fromkeys([*hits, *medoids, *others]))[:PICTURES]
    rows = np.searchsorted(points.keys, wanted)
    found = []
    for row, item in zip(rows.tolist(), explorer.items(wanted), strict=True):
        if row == len(points.keys) or points.keys[row] != item.key:
            continue  # it is not on the map
        try:
            image = _data_uri(shrunk(explorer.thumbnail(item.key), SIDE))
        except RisError:  # lost, and its original too
            continue
        hit = hits.get(item.key)
        away = f"distance {hit.distance:.3f}, {hit.verdict}" if hit else ""
        told = [", ".join(item.labels), away]
        found.append(
            {
                "row": row,
                "x": float(points.x[row]),
                "y": float(points.y[row]),
                "code": int(codes[row]),
                "name": _name(item),
                "words": ", ".join(filter(None, told)),
                "rank": hit.rank if hit else 0,
                "image": image,
            }
        )
    return found


def _spread(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.int64]:
    """Of each cell of the map the row nearest to the middle of what lies there."""
    x0, y0, x1, y1 = _bounds(x, y)
    columns = ((x - x0) / max(x1 - x0, 1e-9) * _COLUMNS).astype(np.int64).clip(0, _COLUMNS - 1)
    rows = ((y - y0) / max(y1 - y0, 1e-9) * _ROWS).astype(np.int64).clip(0, _ROWS - 1)
    cells = rows * _COLUMNS + columns
    counts = np.maximum(np.bincount(cells, minlength=_COLUMNS * _ROWS), 1)
    middle = [np.bincount(cells, values, _COLUMNS * _ROWS) / counts for values in (x, y)]
    away = np.hypot(x - middle[0][cells], y - middle[1][cells])
    order = np.lexsort((away, cells))
    return order[np.unique(cells[order], return_index=True)[1]]


def _bounds(x: NDArray[np.float32], y: NDArray[np.float32]) -> tuple[float, float, float, float]:
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _told(query: SavedQuery) -> dict[str, Any]:
    place = query.place
    return {
        "name": query.name,
        "words": f"{len(query.hits)} nearest pictures",
        "image": _data_uri(shrunk(query.thumbnail, SIDE)) if query.thumbnail else "",
        "x": place.x if place else None,
        "y": place.y if place else None,
        "spread": place.spread if place else 0.0,
    }


def _about(explorer: Explorer, count: int) -> str:
    generation = explorer.generation.lstrip("0")
    today = datetime.now(UTC).date().isoformat()
    return f"{count:,} pictures, generation {generation}, saved {today} by ris"


def _name(item: Item) -> str:
    return PurePosixPath(item.path).name


def _base64(array: NDArray[Any]) -> str:
    return b64encode(array.tobytes()).decode()


def _data_uri(webp: bytes) -> str:
    return f"data:image/webp;base64,{b64encode(webp).decode()}"
