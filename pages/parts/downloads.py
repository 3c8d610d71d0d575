"""Gives browsers what was selected as a file, piece by piece: rows as CSV or Parquet, pictures
as a ZIP.

A page offers a selection and gets addresses for it; the routes, which `app.py` hands to `st.App`,
send what was offered. An address can't be guessed, and nothing of the selection is in it.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from pages.parts.browser import SEAL, root
from pages.parts.routes import served_generation
from ris.errors import RisError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ris.explore.explorer import Explorer

OFFERS = 32  # kept; at 1M selected items one takes 8 MB
_SECRET = secrets.token_bytes(32)
_KINDS = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "zip": "application/zip",
}
_PRIVATE = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"}


@dataclass(frozen=True)
class Offer:
    """A selection that can be fetched; `keys` are int64 as bytes."""

    collection: str
    generation: str
    seal: str
    keys: bytes

    @property
    def token(self) -> str:
        """What its addresses carry: the same for the same selection, and no one can make it up."""
        named = f"{self.collection}\0{self.generation}\0{self.seal}\0".encode()
        return hmac.new(_SECRET, named + self.keys, "sha256").hexdigest()


_offers: OrderedDict[str, Offer] = OrderedDict()
_lock = threading.Lock()


def offer(explorer: Explorer, keys: NDArray[np.int64]) -> dict[str, str]:
    """Offer a selection of a generation; gives the paths of its "csv", "parquet" and "zip"."""
    seal = explorer.manifest.sha256[:SEAL]
    made = Offer(explorer.name, explorer.generation, seal, keys.astype("<i8").tobytes())
    token = made.token
    with _lock:
        _offers[token] = made
        _offers.move_to_end(token)
        while len(_offers) > OFFERS:
            _offers.popitem(last=False)
    return {kind: f"{root()}/selections/{token}.{kind}" for kind in _KINDS}


def download_routes() -> list[Route]:
    """The routes to hand to `st.App`, beside those of `routes.py`."""
    return [Route(f"{root()}/selections/{{token}}.{{kind}}", _send)]


def _send(request: Request) -> Response:
    from ris.explore.takeout import csv_pieces, parquet_pieces, zip_pieces

    made = _offers.get(request.path_params["token"])
    kind = request.path_params["kind"]
    if made is None or kind not in _KINDS:
        return _refusal("This download is no longer offered. Open the selection again.")
    pieces: Callable[..., Iterator[bytes]] = {
        "csv": csv_pieces,
        "parquet": parquet_pieces,
        "zip": zip_pieces,
    }[kind]
    try:
        explorer = served_generation(made.collection, made.generation, made.seal)
    except RisError as error:
        return _refusal(str(error))
    keys = np.frombuffer(made.keys, "<i8")
    name = quote(f"{made.collection}-{len(keys)}-pictures.{kind}", safe="")
    headers = {**_PRIVATE, "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return StreamingResponse(pieces(explorer, keys), media_type=_KINDS[kind], headers=headers)


def _refusal(words: str) -> Response:
    return PlainTextResponse(words, status_code=404, headers=_PRIVATE)
