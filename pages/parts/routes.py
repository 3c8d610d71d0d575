"""Gives browsers the pictures, the map's points and our scripts over plain HTTP, beside Streamlit.

In come a collection, a generation and an integer key out of a URL; out go bytes that never change
under that URL and may be cached for ever. `app.py` hands `http_routes()` to `st.App`; `guard` holds
the middleware around it. Nothing here takes a path from the client.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Protocol

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pages.parts.browser import SEAL, root, scripts, scripts_digest
from pages.parts.colours import painted_as
from ris.errors import RisError
from ris.images.parts import split_part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ris.explore.colourings import Colouring
    from ris.explore.medoids import Medoids
    from ris.explore.tiles import Tiles

FOREVER = {  # in the browser alone: a proxy's cache would show them to whoever has not logged in
    "Cache-Control": "private, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
}
MISSING = {"Cache-Control": "no-store"}


class Pictures(Protocol):
    """What the routes ask of an `ris.explore.explorer.Explorer`."""

    @property
    def tiles(self) -> Tiles: ...
    @property
    def medoids(self) -> Medoids: ...
    def points(self) -> PointArrays: ...
    def colourings(self) -> tuple[str, ...]: ...
    def colouring(self, name: str) -> Colouring: ...
    def item(self, key: int) -> Named: ...
    def thumbnail(self, key: int) -> bytes: ...
    def original(self, key: int) -> tuple[bytes, str]: ...
    def overview(self, file: str) -> bytes: ...


class PointArrays(Protocol):
    """The map's positions: N keys and coordinates."""

    @property
    def keys(self) -> np.ndarray: ...
    @property
    def x(self) -> np.ndarray: ...
    @property
    def y(self) -> np.ndarray: ...


class Named(Protocol):
    """The words a hover card shows of an item."""

    @property
    def path(self) -> str: ...
    @property
    def labels(self) -> tuple[str, ...]: ...


Opener = Callable[[str, str, str], Pictures]  # collection, generation, seal


def http_routes(open_generation: Opener | None = None) -> list[Route]:
    """The routes to hand to `st.App`.

    Args:
        open_generation: gives the pictures of (collection, generation, seal) or raises
            `RisError`; the collections of `ris.settings.default_home()` by default.
    """
    opened = open_generation or served_generation
    top = root()  # st.App puts the base path before its own routes only
    of_generation = f"{top}/{{collection}}/{{generation}}-{{seal}}"

    # Plain functions, so that Starlette runs them in its threads: they read files and may block.
    def thumbnail(request: Request) -> Response:
        return _answer(lambda: _webp(_pictures(opened, request).thumbnail(_key(request))))

    def overview(request: Request) -> Response:
        return _answer(lambda: _webp(_overview(_pictures(opened, request), _key(request))))

    def picture(request: Request) -> Response:
        return _answer(lambda: _original(_pictures(opened, request).original(_key(request))))

    def item(request: Request) -> Response:
        return _answer(lambda: _words(_pictures(opened, request).item(_key(request))))

    def tiles(request: Request) -> Response:
        return _answer(lambda: _tile_list(_pictures(opened, request)))

    def block(request: Request) -> Response:
        return _answer(lambda: _block(_pictures(opened, request), request))

    def colours(request: Request) -> Response:
        return _answer(lambda: _colours(_pictures(opened, request), request))

    blocks = (
        f"{of_generation}/tiles/{{tile:int}}",
        f"{of_generation}/medoids/{{zoom:int}}/{{column:int}}/{{row:int}}",
    )
    return [
        Route(f"{top}/assets/{{digest}}/{{name}}", _script),
        Route(f"{of_generation}/thumbnails/{{key:int}}.webp", thumbnail),
        Route(f"{of_generation}/overviews/{{key:int}}.webp", overview),
        Route(f"{of_generation}/pictures/{{key:int}}", picture),
        Route(f"{of_generation}/items/{{key:int}}.json", item),
        Route(f"{of_generation}/tiles.json", tiles),
        *(Route(f"{path}.bin", block) for path in blocks),
        *(Route(f"{path}/{{digest}}/{{name:path}}.bin", colours) for path in blocks),
    ]


def pack_points(points: PointArrays, rows: NDArray[np.int64]) -> bytes:
    """Little endian columns, one after the other: x and y by turns f4, key f8 (16 bytes a point).

    Keys travel as float64, which is exact to 2**53 and which a browser reads without BigInt.
    """
    places = np.stack([points.x[rows], points.y[rows]], axis=1).astype("<f4")
    return places.tobytes() + points.keys[rows].astype("<f8").tobytes()


def served_generation(collection: str, generation: str, seal: str) -> Pictures:
    """Opens a generation of the person's own home, once its names are known to exist.

    Raises:
        RisError: there is no such collection or generation, or not with that seal.
    """
    from ris.explore.explorer import open_explorer
    from ris.settings import default_home

    home = default_home()
    _check_names(home, collection, generation)
    explorer = open_explorer(home, collection, generation, guarded=True)
    if explorer.manifest.sha256[:SEAL] != seal:
        raise RisError("That generation was replaced by another.", "Reload the page.")
    return explorer


# Only successes are remembered, as a raise is not cached; `open_explorer` notices what is gone.
@lru_cache(maxsize=256)
def _check_names(home: Path, collection: str, generation: str) -> None:
    from ris.store.collection import Collection, collections

    # Compared with what is listed, before any path is built from what a client sent.
    if collection not in collections(home):
        raise RisError("There is no such collection.", "Pick a collection in the sidebar.")
    known = {manifest.generation for manifest in Collection(home, collection).generations()}
    if generation not in known:
        raise RisError("There is no such generation any more.", "Reload the page.")


def _pictures(opened: Opener, request: Request) -> Pictures:
    names = request.path_params
    return opened(names["collection"], names["generation"], names["seal"])


def _key(request: Request) -> int:
    key: int = request.path_params["key"]
    if key >= 2**63:  # numpy and SQLite raise OverflowError beyond int64
        raise KeyError(key)
    return key


def _answer(make: Callable[[], Response]) -> Response:
    try:
        return make()
    except RisError as error:
        return PlainTextResponse(str(error), status_code=404, headers=MISSING)
    except (KeyError, IndexError):
        return PlainTextResponse("There is no such picture.", status_code=404, headers=MISSING)


def _overview(pictures: Pictures, key: int) -> bytes:
    """Of the large picture that an item is a patch of."""
    return pictures.overview(split_part(pictures.item(key).path)[0])


def _webp(data: bytes) -> Response:
    return Response(data, media_type="image/webp", headers=FOREVER)


def _original(found: tuple[bytes, str]) -> Response:
    data, mime = found
    # Opened in a tab of its own, a picture must not become a page that may run anything.
    sandbox = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
    return Response(data, media_type=mime, headers={**FOREVER, **sandbox})


def _words(item: Named) -> Response:
    name = PurePath(item.path).name or item.path
    return JSONResponse({"name": name, "labels": list(item.labels)}, headers=FOREVER)


def _tile_list(pictures: Pictures) -> Response:
    """What the tiles divide, and level, column, row and number of points of each."""
    tiles, points = pictures.tiles, pictures.points()
    square, counts = tiles.square, np.diff(tiles.starts)[:, None]
    bounds = [edge(axis) for edge in (np.min, np.max) for axis in (points.x, points.y)]
    told = {
        "square": [square.x, square.y, square.side],
        "bounds": [float(edge) for edge in bounds],
        "tiles": np.hstack([tiles.places, counts]).tolist(),
    }
    return JSONResponse(told, headers=FOREVER)


def _block(pictures: Pictures, request: Request) -> Response:
    rows, counts = _members(pictures, request)
    return _binary(pack_points(pictures.points(), rows) + counts.astype("<u4").tobytes(), request)


def _colours(pictures: Pictures, request: Request) -> Response:
    """One byte a point of a block, in its order; see `colours`."""
    names = request.path_params
    found = painted_as(pictures, names["name"], names["digest"])
    return _binary(found.codes[_members(pictures, request)[0]].tobytes(), request)


def _members(pictures: Pictures, request: Request) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of a block's points; of medoids also how many points each stands for."""
    names = request.path_params
    if "tile" in names:
        return pictures.tiles.rows_of(names["tile"]), np.empty(0, np.int64)
    cells = pictures.medoids.block(names["zoom"], names["column"], names["row"])
    return cells.rows, cells.counts


def _binary(data: bytes, request: Request) -> Response:
    kind = "application/octet-stream"
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(data, media_type=kind, headers=FOREVER)
    # Streamlit's own layer would take level 9: ten times as long for a twentieth less.
    coding = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    squeezed = gzip.compress(data, compresslevel=1, mtime=0)
    return Response(squeezed, media_type=kind, headers={**FOREVER, **coding})


def _script(request: Request) -> Response:
    data = scripts().get(request.path_params["name"])
    if data is None or request.path_params["digest"] != scripts_digest():
        return PlainTextResponse("There is no such script.", status_code=404, headers=MISSING)
    return Response(data, media_type="text/javascript", headers=FOREVER)
