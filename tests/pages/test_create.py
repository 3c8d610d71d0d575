"""Orders for a new collection: what is refused, and what the job is told."""

import io
import zipfile

import pytest

from pages.parts import create, incoming
from pages.parts.create import Order
from ris.errors import RisError
from ris.store.collection import collections


class Upload(io.BytesIO):
    def __init__(self, name: str, data: bytes) -> None:
        super().__init__(data)
        self.name = name


@pytest.fixture
def told(monkeypatch):
    """What the job is started with; no job is started."""
    calls = []
    monkeypatch.setattr(create.jobs, "start", lambda home, name, args: calls.append((name, args)))
    return calls


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (Order("", "demo"), "no name"),
        (Order("  ", "demo"), "no name"),
        (Order("taken", "demo"), "already"),
        (Order("new", "folder"), "No folder"),
        (Order("new", "archive"), "No file"),
        (Order("new", "pictures"), "No file"),
        (Order("new", "folder", folder="/x", labels="csv"), "No CSV"),
    ],
)
def test_an_incomplete_order_is_refused_with_a_hint(order, message):
    with pytest.raises(RisError, match=message) as refused:
        create.check(order, ["taken"])
    assert refused.value.hint


def test_the_demo_needs_nothing_but_a_name(tmp_path, told):
    create.place_order(tmp_path, Order(" first ", "demo", minutes=1))
    arguments = ["create", "first", "demo", "--labels", "folder", "--minutes", "1"]
    assert told == [("first", arguments)]
    assert collections(tmp_path) == ["first"]  # so that every tab sees it at once


def test_a_folder_is_read_where_it_lies(tmp_path, told):
    create.place_order(tmp_path, Order("mine", "folder", folder=f" {tmp_path} ", labels="none"))
    assert told[0][1][:5] == ["create", "mine", str(tmp_path), "--labels", "none"]
    assert not (tmp_path / incoming.FOLDER).exists()


def test_a_folder_that_is_not_there_is_refused_before_a_job_begins(tmp_path, told):
    with pytest.raises(RisError, match="nothing at"):
        create.place_order(tmp_path, Order("mine", "folder", folder=str(tmp_path / "absent")))
    assert told == []


def test_dropped_pictures_reach_the_job_as_one_archive(tmp_path, told):
    uploads = [Upload("a.png", b"1"), Upload("b.png", b"2")]
    create.place_order(tmp_path, Order("mine", "pictures", uploads=uploads, labels="none"))
    with zipfile.ZipFile(told[0][1][2]) as archive:
        assert archive.namelist() == ["a.png", "b.png"]


def test_a_table_of_labels_goes_along(tmp_path, told):
    table = Upload("labels.csv", b"path,label\na.png,cat\n")
    create.place_order(
        tmp_path, Order("mine", "folder", folder=str(tmp_path), labels="csv", table=table)
    )
    assert told[0][1][3] == "--labels"
    assert told[0][1][4].endswith("/labels.csv")


def test_uploads_of_an_order_that_is_turned_down_do_not_stay(tmp_path, monkeypatch):
    def refuse(home, name, arguments):
        raise RisError("A job runs already.", "Wait for it.")

    monkeypatch.setattr(create.jobs, "start", refuse)
    with pytest.raises(RisError):
        create.place_order(tmp_path, Order("mine", "archive", uploads=[Upload("a.zip", b"")]))
    assert list((tmp_path / incoming.FOLDER).iterdir()) == []
