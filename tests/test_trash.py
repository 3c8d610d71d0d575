"""Duplicates go to the trash and come back; whatever is killed in between, no file is lost."""

import csv
import errno
import os
import shutil
import zipfile
from contextlib import suppress
from pathlib import Path

import drawn
import pytest
import stores

from ris import trash
from ris.errors import BusyError, RisError
from ris.explore.explorer import Explorer
from ris.generate import Work
from ris.jobs import exclusive
from ris.progress import StopSignal, silent
from ris.removal import remove
from ris.store.collection import Collection
from ris.trash import listed, settle, throw_away, undo
from ris.update import add


class Killed(BaseException):
    """As if the process ended here."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A collection of three pictures, two of them copies, in `now/`, and a copy of it all."""
    folder = tmp_path_factory.mktemp("desk")
    pictures = folder / "now" / "pictures"
    for name in ("a.png", "b.png"):
        drawn.write(pictures, "bars", 0, name)
    drawn.write(pictures, "discs", 1, "c.png")
    stores.publish_folder(folder / "now" / "home", "own", pictures, folder / "work")
    shutil.copytree(folder / "now", folder / "before")
    return folder


@pytest.fixture
def pictures(made):
    """The pictures as they were, where they were."""
    shutil.rmtree(made / "now")
    shutil.copytree(made / "before", made / "now")
    return made / "now" / "pictures"


@pytest.fixture
def collection(pictures) -> Collection:
    return Collection(pictures.parent / "home", "own")


def live(collection: Collection) -> list[int]:
    return Explorer(collection).keys.tolist()


def everywhere(collection: Collection, pictures: Path) -> dict[str, bytes]:
    """Contents of all files that are pictures, in the folder and in the trash, by name."""
    found = {}
    for place in (pictures, collection.folder / "trash"):
        for path in place.rglob("*.png"):
            found.setdefault(path.name, path.read_bytes())
    return found


def log(collection: Collection) -> list[dict[str, str]]:
    with (collection.folder / "trash/log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_duplicate_goes_to_the_trash_and_comes_back(collection, pictures):
    before = everywhere(collection, pictures)
    entry = throw_away(collection, 1, kept=0)
    assert live(collection) == [0, 2]
    assert not (pictures / "b.png").exists()
    place = collection.folder / "trash" / entry.number / "b.png"
    assert place.read_bytes() == before["b.png"]
    assert listed(collection) == [entry]
    undo(collection, entry.number)
    assert live(collection) == [0, 1, 2]
    assert everywhere(collection, pictures) == before
    assert listed(collection) == []
    told = [(one["action"], one["key"], one["kept"]) for one in log(collection)]
    assert told == [("moved to the trash", "1", "0"), ("undone", "1", "0")]


def test_both_can_never_go(collection, pictures):
    throw_away(collection, 1, kept=0)
    with pytest.raises(RisError, match="not in the collection any more"):
        throw_away(collection, 0, kept=1)  # from another tab
    with pytest.raises(RisError, match="own place"):
        throw_away(collection, 0, kept=0)
    assert (pictures / "a.png").exists()


def test_the_one_to_keep_must_be_there_and_whole(collection, pictures):
    (pictures / "a.png").unlink()
    with pytest.raises(RisError, match="is to be kept"):
        throw_away(collection, 1, kept=0)
    drawn.write(pictures, "rings", 1, "a.png")
    with pytest.raises(RisError, match="is to be kept"):
        throw_away(collection, 1, kept=0)
    assert (pictures / "b.png").exists()
    assert (live(collection), listed(collection)) == ([0, 1, 2], [])


def test_a_file_that_was_changed_stays(collection, pictures):
    drawn.write(pictures, "rings", 1, "b.png")
    with pytest.raises(RisError, match="stays where it is"):
        throw_away(collection, 1, kept=0)
    assert (pictures / "b.png").exists()


def test_nothing_is_written_over_when_it_comes_back(collection, pictures):
    entry = throw_away(collection, 1, kept=0)
    (pictures / "b.png").write_bytes(b"something new")
    with pytest.raises(RisError, match="Something else"):
        undo(collection, entry.number)
    settle(collection)
    assert (pictures / "b.png").read_bytes() == b"something new"
    assert [one.number for one in listed(collection)] == [entry.number]
    (pictures / "b.png").unlink()
    undo(collection, entry.number)
    assert live(collection) == [0, 1, 2]


def test_a_job_or_another_tab_comes_first(collection):
    with (
        exclusive(collection.home, collection.name),
        pytest.raises(BusyError),
    ):
        throw_away(collection, 1, kept=0)


def test_another_disk(collection, pictures, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EXDEV, "another disk")

    before = everywhere(collection, pictures)
    monkeypatch.setattr(os, "link", refuse)
    entry = throw_away(collection, 1, kept=0)
    assert everywhere(collection, pictures) == before
    (pictures / "b.png").write_bytes(b"something new")
    with pytest.raises(RisError, match="Something else"):
        undo(collection, entry.number)
    assert (pictures / "b.png").read_bytes() == b"something new"
    (pictures / "b.png").unlink()
    undo(collection, entry.number)
    assert everywhere(collection, pictures) == before


def test_a_file_that_may_not_be_moved_stays(collection, pictures, monkeypatch):
    plain = Path.unlink

    def refuse(path, **rest):
        if path.parent == pictures:
            raise PermissionError(errno.EACCES, "Permission denied")
        plain(path, **rest)

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(RisError, match="can't be moved"):
        throw_away(collection, 1, kept=0)
    monkeypatch.undo()
    assert (pictures / "b.png").exists()
    assert (live(collection), listed(collection)) == ([0, 1, 2], [])


STEPS = [
    (trash, "write_sealed"),
    (trash, "_move"),
    (os, "link"),
    (Path, "unlink"),
    (trash, "remove"),
    (trash, "restore"),
    (trash, "_log"),
    (trash, "_forget"),
]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("owner", "step"), STEPS, ids=[name for _, name in STEPS])
@pytest.mark.parametrize("doing", ["throw away", "undo"])
def test_killed_at_any_step_no_file_is_lost(
    collection, pictures, monkeypatch, doing, owner, step, after
):
    before = everywhere(collection, pictures)
    entry = throw_away(collection, 1, kept=0) if doing == "undo" else None
    plain = getattr(owner, step)

    def dies(*arguments, **rest):
        if owner is Path and "b.png" not in str(arguments[0]):
            return plain(*arguments, **rest)
        if after:
            plain(*arguments, **rest)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, dies)
        patch.setattr(trash, "_settle_one", lambda *_: None)  # nobody tidies up after a kill
        with suppress(Killed):
            throw_away(collection, 1, kept=0) if entry is None else undo(collection, entry.number)
    assert everywhere(collection, pictures) == before
    settle(collection)
    assert everywhere(collection, pictures) == before
    thrown = [one.key for one in listed(collection)]
    assert thrown in ([], [1])
    assert live(collection) == ([0, 2] if thrown else [0, 1, 2])
    assert (pictures / "b.png").exists() == (not thrown)
    for one in listed(collection):
        undo(collection, one.number)
    assert live(collection) == [0, 1, 2]
    assert (pictures / "b.png").read_bytes() == before["b.png"]


def test_what_has_no_file_of_its_own_is_taken_out(tmp_path, pictures):
    archive = tmp_path / "some.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(pictures.iterdir()):
            file.write(path, path.name)
    collection = publish_archive(tmp_path, archive)
    entry = throw_away(collection, 2, kept=1)
    assert (entry.file, live(collection)) == ("", [1, 3])
    settle(collection)
    undo(collection, entry.number)
    assert live(collection) == [1, 2, 3]
    assert [one["action"] for one in log(collection)] == ["taken out", "undone"]


def publish_archive(tmp_path: Path, archive: Path) -> Collection:
    """A collection of an archive: made of its folder, then the archive is added."""
    first = tmp_path / "first"
    drawn.write(first, "rings", 5, "z.png")
    collection = stores.publish_folder(tmp_path / "other", "zipped", first, tmp_path / "work-z")
    folder = tmp_path / "work-add"
    folder.mkdir()
    add(collection, Work(folder, silent, StopSignal()), [str(archive)])
    remove(collection, ["0"])
    return collection


def test_a_deleted_collection_leaves_its_trash(collection, pictures):
    content = (pictures / "b.png").read_bytes()
    throw_away(collection, 1, kept=0)
    home = collection.home
    collection.delete()
    (left,) = home.glob("own trash *")
    assert [path.read_bytes() for path in left.rglob("b.png")] == [content]
