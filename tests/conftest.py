"""What the tests of the core share: drawn pictures, and one small collection, copied for each."""

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import ModuleType

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))

import drawn
import stores

from ris import jobs
from ris.errors import BusyError
from ris.explore.explorer import Explorer
from ris.generate import Work
from ris.progress import StopSignal, silent
from ris.store.collection import Collection


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 drawn pictures in four labelled folders, and a text file. Not to be changed."""
    folder = drawn.fill_folder(tmp_path_factory.mktemp("pictures"), 12)
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Path:
    """A home with the collection `drawn` of those pictures. Not to be changed."""
    home = tmp_path_factory.mktemp("home")
    stores.publish_folder(home, "drawn", pictures, tmp_path_factory.mktemp("work"))
    return home


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Path:
    """A home of its own for a test, with the collection `drawn`."""
    return Path(shutil.copytree(template, tmp_path / "home"))


@pytest.fixture
def collection(home: Path) -> Collection:
    """The collection `drawn`, free to be changed."""
    return Collection(home, "drawn")


@pytest.fixture
def explorer(collection: Collection) -> Explorer:
    """The collection `drawn`, opened."""
    return Explorer(collection)


@pytest.fixture
def empty(tmp_path: Path) -> Collection:
    """A collection that has published nothing yet."""
    return Collection.create(tmp_path / "empty-home", "small", ["/pictures"], "folder")


@pytest.fixture
def work(tmp_path: Path) -> Callable[[], Work]:
    """What to run work with: a silent one with an empty folder, a new one each time."""
    numbers = count()

    def make() -> Work:
        folder = tmp_path / f"work{next(numbers)}"
        folder.mkdir()
        return Work(folder, silent, StopSignal())

    return make


@dataclass
class Created:
    """A collection `real` that a real job made of 20 drawn pictures and a text file.

    Attributes:
        home: Its home. Not to be changed, except by training on.
        seen: The job's states while it ran.
        last: Its last state.
        refused: What a second start was told meanwhile.
        serving_while_training: The generation that could be searched when training was first seen.
    """

    home: Path
    seen: list[jobs.JobState]
    last: jobs.JobState
    refused: BusyError | None
    serving_while_training: str | None


@pytest.fixture(scope="session")
def created(tmp_path_factory: pytest.TempPathFactory) -> Created:
    """Run a real job once: the base encoder's generation, then a second of training."""
    home = tmp_path_factory.mktemp("real-home")
    source = drawn.fill_folder(tmp_path_factory.mktemp("real-pictures"), 5)
    (source / "notes.txt").write_text("no picture")
    arguments = ["create", "real", str(source), "--minutes", "0.02"]
    seen, refused = [jobs.start(home, "real", arguments)], None
    try:
        jobs.start(home, "real", arguments)
    except BusyError as error:
        refused = error
    serving = None
    end = time.monotonic() + 300
    while seen[-1].status == "running" and time.monotonic() < end:
        time.sleep(0.05)
        state = jobs.latest(home, "real")
        assert state is not None
        seen.append(state)
        if state.stage == "train" and serving is None:
            serving = Collection(home, "real").current()
    return Created(home, seen, seen[-1], refused, serving)


@pytest.fixture
def plain_main(monkeypatch):
    """A main module that spawned processes need not import: Streamlit's AppTest leaves a page's
    script in its place."""
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
