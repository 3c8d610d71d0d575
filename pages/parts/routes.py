"""Gives browsers the pictures, the map's points and plotly.js over plain HTTP, beside Streamlit.

In come a collection, a generation and an integer key out of a URL; out go bytes that never change
under that URL and may be cached for ever. `app.py` hands `http_routes()` to `st.App`; `guard` holds
the middleware around it. Nothing here takes a path from the client.
"""

from __future__ import annotations

import gzip
import importlib.util
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Protocol

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pages.parts.browser import SEAL, root, scripts, scripts_digest
from ris.errors import RisError

FOREVER = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
}
MISSING = {"Cache-Control": "no-store"}


class Pictures(Protocol):
    """What the routes ask of an `ris.explore.explorer.Explorer`."""

    def points(self) -> PointArrays: ...
    def item(self, key: int) -> Named: ...
    def thumbnail(self, key: int) -> bytes: ...
    def original(self, key: int) -> tuple[bytes, str]: ...


class PointArrays(Protocol):
    """The map's positions: N keys, coordinates and label numbers."""

    @property
    def keys(self) -> np.ndarray: ...
    @property
    def x(self) -> np.ndarray: ...
    @property
    def y(self) -> np.ndarray: ...
    @property
    def label(self) -> np.ndarray: ...


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

    def picture(request: Request) -> Response:
        return _answer(lambda: _original(_pictures(opened, request).original(_key(request))))

    def item(request: Request) -> Response:
        return _answer(lambda: _words(_pictures(opened, request).item(_key(request))))

    def points(request: Request) -> Response:
        return _answer(lambda: _binary(pack_points(_pictures(opened, request).points())))

    return [
        Route(f"{top}/assets/plotly-{{version}}.js", _plotly),
        Route(f"{top}/assets/{{digest}}/{{name}}", _script),
        Route(f"{of_generation}/thumbnails/{{key:int}}.webp", thumbnail),
        Route(f"{of_generation}/pictures/{{key:int}}", picture),
        Route(f"{of_generation}/items/{{key:int}}.json", item),
        Route(f"{of_generation}/points.bin", points),
    ]


def pack_points(points: PointArrays) -> bytes:
    """Little endian columns, one after the other: x f4, y f4, key f8, label i4 (20 bytes a point).

    Keys travel as float64, which is exact to 2**53 and which a browser reads without BigInt.
    """
    columns = ((points.x, "<f4"), (points.y, "<f4"), (points.keys, "<f8"), (points.label, "<i4"))
    return b"".join(np.ascontiguousarray(column, dtype=kind).tobytes() for column, kind in columns)


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


def _binary(data: bytes) -> Response:
    return Response(data, media_type="application/octet-stream", headers=FOREVER)


def _script(request: Request) -> Response:
    data = scripts().get(request.path_params["name"])
    if data is None or request.path_params["digest"] != scripts_digest():
        return PlainTextResponse("There is no such script.", status_code=404, headers=MISSING)
    return Response(data, media_type="text/javascript", headers=FOREVER)


def _plotly(request: Request) -> Response:
    squeezed = "gzip" in request.headers.get("accept-encoding", "")
    coding = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"} if squeezed else {}
    data = _plotly_gzip() if squeezed else _plotly_file().read_bytes()
    return Response(data, media_type="text/javascript", headers={**FOREVER, **coding})


@lru_cache(maxsize=1)
def _plotly_gzip() -> bytes:
    # Streamlit's own gzip layer would squeeze these 4.8 MB again, at level 9, for every visitor.
    return gzip.compress(_plotly_file().read_bytes(), compresslevel=6)


def _plotly_file() -> Path:
    # find_spec, because importing plotly costs time and the server needs only the file.
    spec = importlib.util.find_spec("plotly")
    if spec is None or spec.origin is None:
        raise RisError("plotly is not installed.", "Install requirements.txt again.")
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"
