"""What the tests of the core share: drawn pictures, and one small collection, copied for each."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))

import drawn
import stores
from ris.explore.explorer import Explorer
from ris.store.collection import Collection


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 48 drawn pictures in four labelled folders, and a text file. Not to be changed."""
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
