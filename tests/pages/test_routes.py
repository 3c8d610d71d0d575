"""The HTTP routes: right bytes, cached for ever, and nothing to be had by odd names or keys."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette

from pages.parts import routes
from pages.parts.browser import plotly_url, script_url, scripts
from pages.parts.routes import http_routes, pack_points
from ris.errors import RisError
from tests.pages.asgi import ask

BASE = "/ris/shells/00000001-5ea1"
MOST_KEYS = 2**53  # the last key that a float64 and so a browser tells from its neighbours


@dataclass(frozen=True)
class Points:
    keys: np.ndarray
    x: np.ndarray
    y: np.ndarray
    label: np.ndarray


@dataclass(frozen=True)
class Item:
    path: str
    labels: tuple[str, ...]


class Shells:
    """A collection of two pictures."""

    def points(self) -> Points:
        x, y = np.array([[0.5, -1.0], [2.0, 3.0]], np.float32)
        return Points(np.array([7, MOST_KEYS]), x, y, np.array([-1, 40_000], np.int32))

    def item(self, key: int) -> Item:
        return {7: Item("beach/<b>shell.jpg", ("sea", "<i>"))}[key]

    def thumbnail(self, key: int) -> bytes:
        if np.int64(key) != 7:  # overflows on a key that is none, as the real table does
            raise RisError("There is no such picture.", "Reload the page.")
        return b"webp"

    def original(self, key: int) -> tuple[bytes, str]:
        return {7: (b"<script>", "image/png")}[key]


def opened(collection: str, generation: str, seal: str) -> Shells:
    if (collection, generation, seal) != ("shells", "00000001", "5ea1"):
        raise RisError("There is no such collection.", "Pick another.")
    return Shells()


@pytest.fixture
def app() -> Starlette:
    return Starlette(routes=http_routes(opened))


@pytest.mark.parametrize(
    ("path", "mime", "body"),
    [("thumbnails/7.webp", "image/webp", b"webp"), ("pictures/7", "image/png", b"<script>")],
)
def test_pictures_come_with_their_type_and_stay(
    app: Starlette, path: str, mime: str, body: bytes
) -> None:
    answer = ask(app, f"{BASE}/{path}")
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, mime, body)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_an_original_may_run_nothing_in_a_tab_of_its_own(app: Starlette) -> None:
    policy = ask(app, f"{BASE}/pictures/7").headers["content-security-policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy


def test_a_card_gets_the_file_name_without_its_folder(app: Starlette) -> None:
    answer = ask(app, f"{BASE}/items/7.json")
    assert json.loads(answer.body) == {"name": "<b>shell.jpg", "labels": ["sea", "<i>"]}


def test_points_are_columns_a_browser_can_view_in_place(app: Starlette) -> None:
    body = ask(app, f"{BASE}/points.bin").body
    assert len(body) == 2 * 20
    assert np.frombuffer(body, "<f4", 2, 0).tolist() == [0.5, -1.0]
    assert np.frombuffer(body, "<f4", 2, 8).tolist() == [2.0, 3.0]
    assert np.frombuffer(body, "<f8", 2, 16).tolist() == [7, MOST_KEYS]
    assert np.frombuffer(body, "<i4", 2, 32).tolist() == [-1, 40_000]


def test_an_empty_map_is_no_bytes() -> None:
    none = np.empty(0, np.float32)
    assert pack_points(Points(none, none, none, none)) == b""


@pytest.mark.parametrize(
    "url",
    [
        f"{BASE}/thumbnails/8.webp",
        f"{BASE}/items/8.json",
        f"{BASE}/pictures/8",
        f"{BASE}/thumbnails/-1.webp",
        f"{BASE}/thumbnails/seven.webp",
        f"{BASE}/thumbnails/{2**63}.webp",
        f"{BASE}/thumbnails/{10**40}.webp",
        "/ris/shells/00000001-0000/points.bin",
        "/ris/shells/00000002-5ea1/points.bin",
        "/ris/other/00000001-5ea1/points.bin",
        "/ris/..%2Fshells/00000001-5ea1/points.bin",
    ],
)
def test_what_is_not_there_is_not_found_and_not_remembered(app: Starlette, url: str) -> None:
    answer = ask(app, url)
    assert answer.status == 404
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_a_name_that_is_not_listed_never_becomes_a_path(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    home = tmp_path / "home"
    home.mkdir()
    for name in ("../outside", "..", ".", "", "/etc", "nothing"):
        with pytest.raises(RisError, match="There is no such collection"):
            routes._check_names(home, name, "00000001")


def test_plotly_is_squeezed_only_for_those_who_can_read_it(app: Starlette) -> None:
    plain = ask(app, plotly_url())
    squeezed = ask(app, plotly_url(), accept_encoding="gzip, br")
    assert b"plotly.js v" in plain.body[:200]
    assert gzip.decompress(squeezed.body) == plain.body
    assert "content-encoding" not in plain.headers


def test_every_script_is_served_under_the_digest_of_all(app: Starlette) -> None:
    assert {"map_view.js", "hit_grid.js"} <= scripts().keys()
    for name, text in scripts().items():
        assert ask(app, script_url(name)).body == text
        assert ask(app, f"/ris/assets/0000000000000000/{name}").status == 404


@pytest.mark.parametrize("name", ["logo.svg", "map_view.css", "..%2Fapp.py", "nothing.js"])
def test_nothing_but_scripts_is_served_from_assets(app: Starlette, name: str) -> None:
    assert ask(app, script_url(name)).status == 404
