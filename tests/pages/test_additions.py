"""Starting additions from the page, and telling what a comparison found."""

import dataclasses
import io
import zipfile

import drawn
import pytest

from pages.parts import additions
from pages.parts.job_words import brought
from ris import jobs
from ris.changes import Changes
from ris.errors import RisError
from ris.jobs import JobState
from ris.store.collection import Collection


class Upload(io.BytesIO):
    """What Streamlit hands over for a dropped file."""

    def __init__(self, name, data):
        super().__init__(data)
        self.name = name


@pytest.fixture
def started(monkeypatch):
    """The arguments of the jobs that would have been started."""
    seen = []
    monkeypatch.setattr(jobs, "start", lambda home, name, arguments: seen.append(arguments))
    return seen


@pytest.fixture
def drawn_collection(home):
    return Collection(home, "drawn")


@pytest.fixture
def looked():
    return JobState(
        id="1",
        collection="own",
        command="sync",
        arguments=("sync", "own"),
        created="2026-01-01T00:00:00+00:00",
        status="finished",
        stages=("scan",),
        changes=dataclasses.asdict(Changes(new=2, gone=1, same=7)),
    )


def test_pictures_are_packed_and_archives_kept(drawn_collection, started):
    picture = drawn.encoded(drawn.draw("bars", 1))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.png", picture)
    uploads = [Upload("x.png", picture), Upload("y.zip", archive.getvalue())]
    additions.add_uploads(drawn_collection, uploads)
    ((command, name, kept, packed),) = started
    assert (command, name) == ("add", "drawn")
    assert kept.endswith("/y.zip")
    with zipfile.ZipFile(packed) as file:
        assert file.read("x.png") == picture


def test_what_is_no_source_is_refused_before_a_job_starts(drawn_collection, started):
    with pytest.raises(RisError, match="nothing at"):
        additions.add_sources(drawn_collection, ["/nowhere/at/all"])
    assert started == []


def test_uploads_of_a_refused_order_are_removed(drawn_collection, monkeypatch):
    def refuse(*_):
        raise RisError("A job runs already.", "Wait for it.")

    monkeypatch.setattr(jobs, "start", refuse)
    with pytest.raises(RisError, match="runs already"):
        additions.add_uploads(drawn_collection, [Upload("x.png", b"")])
    assert not any((drawn_collection.home / ".incoming").iterdir())


def test_a_folder_that_is_not_there_now_is_a_source_all_the_same(drawn_collection, tmp_path):
    """The page said that no folder belongs to the collection, and did not look for changes."""
    known = additions.folders_of(drawn_collection)
    (tmp_path / "named.zip").mkdir()
    unplugged, named = str(tmp_path / "unplugged"), str(tmp_path / "named.zip")
    drawn_collection.note_sources([unplugged, named, str(tmp_path / "away.zip"), "demo"])
    assert additions.folders_of(drawn_collection) == [*known, unplugged, named]


def test_a_comparison_is_told_until_it_is_applied(looked):
    assert additions.comparison(looked) == Changes(new=2, gone=1, same=7)
    applied = dataclasses.replace(looked, arguments=("sync", "own", "--apply"))
    assert additions.comparison(applied) is None
    assert additions.comparison(dataclasses.replace(looked, status="running")) is None
    assert additions.comparison(None) is None


def test_what_a_job_brought_is_told(looked):
    assert brought(looked) == "Looking through the folders: 2 new, 1 gone."
    applied = dataclasses.replace(looked, arguments=("sync", "own", "--apply"))
    assert brought(applied) == "Updating from the folders: 2 new, 1 gone."


@pytest.mark.parametrize(
    ("command", "told"),
    [("compact", "Put in order in 5 s."), ("check", "Repaired in 5 s."), ("use", "Generation 2 ")],
)
def test_what_other_jobs_brought_is_told_too(looked, command, told):
    job = dataclasses.replace(
        looked, command=command, changes=None, seconds=5.0, generation="00000002"
    )
    assert brought(job).startswith(told)


def test_every_kind_of_change_is_explained():
    kinds = {field.name for field in dataclasses.fields(Changes)} - {"same"}
    assert set(additions.FOUND) == kinds
