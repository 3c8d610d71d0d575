"""Several writers at once lose nothing; readers never see a publishing."""

import json
import random
import time
import traceback
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import drawn
import pytest
import stores

from ris import jobs, removal, update
from ris.compact import compact
from ris.errors import BusyError
from ris.explore.explorer import Explorer, open_explorer
from ris.generate import Work
from ris.progress import StopSignal, silent
from ris.store.collection import Collection
from ris.store.known import KnownFiles

NAME, COUNT = "crowd", 12
PATIENCE = 100.0
_spawn = get_context("spawn")
pytestmark = pytest.mark.usefixtures("plain_main")


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    pictures = drawn.fill_folder(tmp_path / "pictures", COUNT // 4)
    return stores.publish_folder(tmp_path / "home", NAME, pictures, tmp_path / "work")


def add(home: Path, folder: Path) -> None:
    """As the command line does it, in a job."""
    with jobs.run(home, NAME, "add") as job:
        update.add(Collection(home, NAME), Work(job.folder, silent, job.stop), [str(folder)])


def remove(home: Path, path: str) -> None:
    """As the command line does it, beside no job."""
    with jobs.exclusive(home, NAME):
        removal.remove(Collection(home, NAME), [path])


def remove_unguarded(home: Path, path: str) -> None:
    """As a script does that knows nothing of jobs."""
    removal.remove(Collection(home, NAME), [path])


def insist(do: Callable[..., None], *arguments: object) -> int:
    """Try again for as long as somebody else is writing; how often it was refused."""
    end, refused = time.monotonic() + PATIENCE, 0
    while True:
        try:
            do(*arguments)
            return refused
        except BusyError:
            refused += 1
            assert time.monotonic() < end, "never got its turn"
            time.sleep(random.random() * 0.05)


def write(home: Path, number: int, changes: int, told: Path) -> None:
    """Add pictures of its own and remove some of them again; tells what was acknowledged."""
    there: set[str] = set()
    refused = 0
    for change in range(changes):
        path = told.parent / f"{told.stem}-{change}" / "own.png"
        path.parent.mkdir()
        path.write_bytes(drawn.encoded(drawn.draw("rings", 1000 * number + change)))
        refused += insist(add, home, path.parent)
        there.add(str(path))
        if change % 2:
            gone = min(there)
            refused += insist(remove_unguarded if number == 1 else remove, home, gone)
            there.discard(gone)
    told.write_text(json.dumps({"there": sorted(there), "refused": refused}))


@pytest.mark.slow
def test_writers_at_once_lose_nothing(collection: Collection, tmp_path: Path) -> None:
    told = [tmp_path / f"writer{number}.json" for number in range(3)]
    writers = [
        _spawn.Process(target=write, args=(collection.home, number, 6, path))
        for number, path in enumerate(told, start=1)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(PATIENCE)
    assert [writer.exitcode for writer in writers] == [0] * len(writers)
    found = [json.loads(path.read_text()) for path in told]
    assert sum(one["refused"] for one in found) > 0  # they did get into each other's way
    explorer = Explorer(collection)
    paths = [item.path for item in explorer.items(explorer.keys)]
    expected = {path for one in found for path in one["there"]}
    assert {path for path in paths if path.endswith("own.png")} == expected
    assert len(paths) == len(set(paths)) == COUNT + len(expected)
    known = KnownFiles(collection, collection.manifest(explorer.generation))
    assert len(set(known.keys.tolist())) == COUNT + 3 * 6
    assert collection.orphans() == []


def read(home: Path, ready: Path, stop: Path, told: Path) -> None:
    """Ask like a server for as long as it is not stopped; tells how often and what failed."""
    asked, failed = 0, []
    chance = random.Random(asked)
    ready.touch()
    while not stop.exists():
        try:
            explorer = open_explorer(home, NAME)
            keys = explorer.keys
            key = int(chance.choice(keys))
            assert explorer.similar(key, k=3).hits
            assert explorer.search(explorer.original(key)[0], k=3).hits
            assert len(explorer.items(keys)) == len(keys)
            assert explorer.thumbnail(key)
            assert explorer.notices == (), explorer.notices
        except Exception:
            failed.append(traceback.format_exc())
        asked += 1
    told.write_text(json.dumps({"asked": asked, "failed": failed}))


def publish(collection: Collection, times: int, folder: Path) -> None:
    """Publish again and again: additions, removals, compactions, switches."""
    chance = random.Random(7)
    for number in range(times):
        explorer = Explorer(collection)
        what = chance.choices(["add", "remove", "restore", "compact", "use"], [1, 9, 7, 5, 6])[0]
        others = [m.generation for m in collection.generations()]
        removed = collection.manifest(explorer.generation).deleted
        work = Work(folder / f"work{number}", silent, StopSignal())
        work.folder.mkdir(parents=True)
        if what == "add":  # seldom: starting its workers takes half a second
            picture = folder / f"new{number}" / "one.png"
            picture.parent.mkdir()
            picture.write_bytes(drawn.encoded(drawn.draw("rings", number)))
            update.add(collection, work, [str(picture.parent)])
        elif what == "restore" and removed:
            removal.restore(collection, [str(removed[0])])
        elif what == "remove" and explorer.count > 6:
            removal.remove(collection, [str(chance.choice(explorer.keys))])
        elif what == "use":
            collection.use(chance.choice(others))
        else:
            compact(collection, work)


@pytest.mark.slow
def test_readers_do_not_notice_200_publishings(collection: Collection, tmp_path: Path) -> None:
    stop = tmp_path / "stop"
    told = [tmp_path / f"reader{number}.json" for number in range(2)]
    readers = [
        _spawn.Process(target=read, args=(collection.home, path.with_suffix(".on"), stop, path))
        for path in told
    ]
    for reader in readers:
        reader.start()
    end = time.monotonic() + PATIENCE
    while not all(path.with_suffix(".on").exists() for path in told):
        assert time.monotonic() < end, "the readers never began"
        time.sleep(0.05)
    publish(collection, 200, tmp_path / "publishing")
    stop.touch()
    for reader in readers:
        reader.join(PATIENCE)
    found = [json.loads(path.read_text()) for path in told]
    assert [one["failed"] for one in found] == [[], []]
    assert min(one["asked"] for one in found) > 20
