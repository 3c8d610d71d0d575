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
from pages.parts.browser import script_url, scripts
from pages.parts.colours import painted
from pages.parts.routes import http_routes
from ris.errors import RisError
from ris.explore.colourings import Colouring
from ris.explore.medoids import Medoids
from ris.explore.tiles import Tiles, tile
from tests.pages.asgi import ask

BASE = "/ris/shells/00000001-5ea1"
MOST_KEYS = 2**53  # the last key that a float64 and so a browser tells from its neighbours


@dataclass(frozen=True)
class Points:
    keys: np.ndarray
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Item:
    path: str
    labels: tuple[str, ...]


COLOURING = Colouring(
    "a/b", "categories", ("x", "y"), np.array([1, -1], np.int32), np.full(2, np.nan, np.float32)
)


class Shells:
    """A collection of two pictures."""

    def points(self) -> Points:
        x, y = np.array([[0.5, -1.0], [2.0, 3.0]], np.float32)
        return Points(np.array([7, MOST_KEYS]), x, y)

    @property
    def tiles(self) -> Tiles:
        return tile(self.points().x, self.points().y)

    @property
    def medoids(self) -> Medoids:
        points = self.points()
        return Medoids(points.x, points.y, self.tiles.square, lambda rows: np.eye(2)[rows])

    def colourings(self) -> tuple[str, ...]:
        return ("a/b",)

    def colouring(self, name: str) -> Colouring:
        if name != "a/b":
            raise RisError("There is no such colouring.", "Pick another.")
        return COLOURING

    def item(self, key: int) -> Item:
        return {7: Item("beach/<b>shell.jpg", ("sea", "<i>"))}[key]

    def thumbnail(self, key: int) -> bytes:
        if np.int64(key) != 7:  # overflows on a key that is none, as the real table does
            raise RisError("There is no such picture.", "Reload the page.")
        return b"webp"

    def original(self, key: int) -> tuple[bytes, str]:
        return {7: (b"<script>", "image/png")}[key]


SHELLS = Shells()


def opened(collection: str, generation: str, seal: str) -> Shells:
    if (collection, generation, seal) != ("shells", "00000001", "5ea1"):
        raise RisError("There is no such collection.", "Pick another.")
    return SHELLS


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
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"


def test_an_original_may_run_nothing_in_a_tab_of_its_own(app: Starlette) -> None:
    policy = ask(app, f"{BASE}/pictures/7").headers["content-security-policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy


def test_a_card_gets_the_file_name_without_its_folder(app: Starlette) -> None:
    answer = ask(app, f"{BASE}/items/7.json")
    assert json.loads(answer.body) == {"name": "<b>shell.jpg", "labels": ["sea", "<i>"]}


def test_a_list_tells_what_tiles_there_are(app: Starlette) -> None:
    assert json.loads(ask(app, f"{BASE}/tiles.json").body) == {
        "square": [-1.0, 2.0, 1.5],
        "bounds": [-1.0, 2.0, 0.5, 3.0],
        "tiles": [[0, 0, 0, 2]],
    }


def test_a_tile_is_columns_a_browser_can_view_in_place(app: Starlette) -> None:
    body = ask(app, f"{BASE}/tiles/0.bin").body
    assert len(body) == 2 * 16
    keys = np.frombuffer(body, "<f8", 2, 16).tolist()
    places = np.frombuffer(body, "<f4", 4).reshape(2, 2).tolist()
    expected = {7: [0.5, 2.0], MOST_KEYS: [-1.0, 3.0]}
    assert dict(zip(keys, places, strict=True)) == expected


def test_medoids_tell_also_for_how_many_points_they_stand(app: Starlette) -> None:
    body = ask(app, f"{BASE}/medoids/0/0/0.bin").body
    assert len(body) == 2 * 20
    assert np.frombuffer(body, "<u4", 2, 32).tolist() == [1, 1]


def test_colours_are_a_byte_a_point_in_the_order_of_the_tile(app: Starlette) -> None:
    keys = np.frombuffer(ask(app, f"{BASE}/tiles/0.bin").body, "<f8", 2, 16).tolist()
    digest = painted(SHELLS, "a/b").digest
    answer = ask(app, f"{BASE}/tiles/0/{digest}/a%2Fb.bin")
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert dict(zip(keys, answer.body, strict=True)) == {7: 0, MOST_KEYS: 2}
    assert len(ask(app, f"{BASE}/medoids/0/0/0/{digest}/a%2Fb.bin").body) == 2


def test_points_are_squeezed_for_those_who_can_read_it(app: Starlette) -> None:
    plain = ask(app, f"{BASE}/tiles/0.bin")
    squeezed = ask(app, f"{BASE}/tiles/0.bin", accept_encoding="gzip, br")
    assert squeezed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(squeezed.body) == plain.body
    assert "content-encoding" not in plain.headers


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
        f"{BASE}/tiles/1.bin",
        f"{BASE}/tiles/{10**40}.bin",
        f"{BASE}/medoids/0/1/0.bin",
        f"{BASE}/medoids/99/0/0.bin",
        f"{BASE}/tiles/0/0000000000000000/a%2Fb.bin",  # coloured otherwise meanwhile
        f"{BASE}/tiles/0/0000000000000000/nothing.bin",
        "/ris/shells/00000001-0000/tiles.json",
        "/ris/shells/00000002-5ea1/tiles.json",
        "/ris/other/00000001-5ea1/tiles.json",
        "/ris/..%2Fshells/00000001-5ea1/tiles.json",
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


def test_every_script_is_served_under_the_digest_of_all(app: Starlette) -> None:
    assert {"map_view.js", "hit_grid.js"} <= scripts().keys()
    for name, text in scripts().items():
        assert ask(app, script_url(name)).body == text
        assert ask(app, f"/ris/assets/0000000000000000/{name}").status == 404


@pytest.mark.parametrize("name", ["logo.svg", "map_view.css", "..%2Fapp.py", "nothing.js"])
def test_nothing_but_scripts_is_served_from_assets(app: Starlette, name: str) -> None:
    assert ask(app, script_url(name)).status == 404
