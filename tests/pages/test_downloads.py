"""A selection as a file: what was offered comes, nothing else does."""

from __future__ import annotations

import csv
import io
import zipfile

import numpy as np
import pytest
from starlette.applications import Starlette

from pages.parts import downloads
from pages.parts.downloads import download_routes, offer
from ris.explore.explorer import open_explorer
from tests.pages.asgi import ask


@pytest.fixture
def app(home, monkeypatch):
    monkeypatch.setenv("RIS_HOME", str(home))
    return Starlette(routes=download_routes())


@pytest.fixture
def opened(home):
    return open_explorer(home, "drawn")


def test_the_list_of_a_selection_comes_as_a_file(app, opened):
    answer = ask(app, offer(opened, np.array([3, 7]))["csv"])
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    assert "drawn-2-pictures.csv" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
    assert [row["key"] for row in rows] == ["3", "7"]


def test_its_pictures_come_in_pieces(app, opened):
    answer = ask(app, offer(opened, np.array([3, 7]))["zip"])
    assert answer.headers["content-type"] == "application/zip"
    assert "content-length" not in answer.headers  # it was not put together before
    archive = zipfile.ZipFile(io.BytesIO(answer.body))
    assert archive.testzip() is None
    assert len(archive.namelist()) == 3


def test_the_same_selection_has_the_same_address_and_another_one_another(opened):
    paths = [offer(opened, np.array(keys))["zip"] for keys in ([3, 7], [3, 7], [3])]
    assert paths[0] == paths[1] != paths[2]
    assert "3" not in paths[0].replace(paths[0].split("/")[-1], "")


@pytest.mark.parametrize("path", ["0" * 64 + ".zip", "x.csv", "../tags.json", ".zip"])
def test_what_was_not_offered_does_not_come(app, path):
    assert ask(app, f"/ris/selections/{path}").status == 404


def test_of_what_was_offered_no_other_kind_comes(app, opened):
    path = offer(opened, np.array([3]))["zip"]
    assert ask(app, path.replace(".zip", ".exe")).status == 404


def test_old_offers_are_forgotten(app, opened, monkeypatch):
    monkeypatch.setattr(downloads, "OFFERS", 2)
    first, *_ = [offer(opened, np.array([key]))["csv"] for key in range(3)]
    answer = ask(app, first)
    assert answer.status == 404
    assert b"no longer offered" in answer.body


def test_a_generation_that_is_gone_is_told(app, opened, home):
    path = offer(opened, np.array([3]))["csv"]
    (home / "drawn").rename(home / "other")
    answer = ask(app, path)
    assert answer.status == 404
    assert answer.body
