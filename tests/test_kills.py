"""A short run of `benchmarks/kills.py`: nothing that was acknowledged is lost, nothing is left."""

import json
import os
import signal
import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path

import drawn
import pytest
import stores

from ris import jobs, removal, scan, update
from ris.changes import Changes, Updated
from ris.explore.explorer import Explorer
from ris.generate import Work
from ris.images.pool import map_entries
from ris.settings import ROOT
from ris.store.collection import Collection


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there are no process groups to kill")
def test_writers_that_are_killed_at_any_moment_lose_nothing() -> None:
    command = [sys.executable, "-m", "benchmarks.kills", "--kills", "25", "--trains", "0"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["kills"] == 25
    assert sum(found["finished"].values()) > 0
    # it did hit moments that leave something to be swept
    assert sum(number for at, number in found["killed_at"].items() if "publishing" in at) > 3
    assert found["left"]["work folder"] > 3


@pytest.fixture
def decoded(monkeypatch):
    """Paths of the files that are given to workers to be decoded."""
    seen: list[str] = []

    def noting(entries, work, **options):
        def noted():
            for entry in entries:
                seen.append(entry.path)
                yield entry

        return map_entries(noted(), work, **options)

    monkeypatch.setattr(scan, "map_entries", noting)
    monkeypatch.setattr(update, "map_entries", noting)
    return seen


BATCH = 40
NAME = "killed"
pytestmark = pytest.mark.usefixtures("plain_main")


def create(home: Path, pictures: Path) -> None:
    """As `build.create` does it, around a fake encoder."""
    with jobs.run(home, NAME, "create") as job:
        stores.publish_folder(home, NAME, pictures, job.folder, labels="none")


def add(home: Path, pictures: Path) -> Updated:
    with jobs.run(home, NAME, "add") as job:
        work = Work(job.folder, job.on_progress, job.stop)
        return update.add(Collection(home, NAME), work, [str(pictures)])


def run_until_killed(command: str, home: Path, pictures: Path) -> None:
    """Do it in small batches, and die after the second one."""
    os.setsid()
    batches = [0]

    def dying(log: object, found: object, add=scan.DecodedLog.add) -> None:
        add(log, found)
        batches[0] += 1
        if batches[0] == 2:
            os.killpg(0, signal.SIGKILL)

    scan.BATCH = update.BATCH = BATCH
    scan.DecodedLog.add = dying
    {"create": create, "add": add}[command](home, pictures)


def kill(command: str, home: Path, pictures: Path) -> None:
    arguments = (command, home, pictures)
    process = get_context("spawn").Process(target=run_until_killed, args=arguments)
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.skipif(os.name == "nt", reason="there are no process groups to kill")
class TestResuming:
    def test_a_creation_goes_on_where_it_was_killed(self, tmp_path, decoded):
        home, pictures = tmp_path / "home", drawn.fill_folder(tmp_path / "pictures", 30)
        kill("create", home, pictures)
        create(home, pictures)
        assert len(decoded) == 120 - 2 * BATCH
        explorer = Explorer(Collection(home, NAME))
        assert explorer.count == 120
        for item in explorer.items(explorer.keys):
            assert explorer.search(item.path, k=1).hits[0].distance < 1e-3
            assert explorer._thumbnails.get(item.id)

    def test_an_addition_goes_on_where_it_was_killed(self, tmp_path, decoded):
        home, pictures = tmp_path / "home", drawn.fill_folder(tmp_path / "pictures", 2)
        more = drawn.fill_folder(tmp_path / "more", 30)  # which has those of the first folder
        create(home, pictures)
        kill("add", home, more)
        with jobs.exclusive(home, NAME):
            removal.remove(Collection(home, NAME), ["0"])  # another writer in between
        decoded.clear()
        changes = add(home, more).changes
        assert changes == Changes(new=120)
        assert len(decoded) <= 120 - 2 * BATCH + 8
        explorer = Explorer(Collection(home, NAME))
        assert explorer.count == 7 + 120
        assert all(explorer._thumbnails.get(one.id) for one in explorer.items(explorer.keys))
        assert not (explorer.collection.folder / "decoded").exists()
