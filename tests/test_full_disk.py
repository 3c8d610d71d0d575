"""A full disk at every moment: a sentence for people, and the generation before goes on serving.

On a small file system of its own where one can be mounted, which is filled up to some space that
is left; and everywhere with a limit on the size of files, which fails like a full disk.
"""

import gc
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import changing
import drawn
import pytest
import stores

from ris import jobs
from ris.check import check
from ris.errors import RisError
from ris.explore.explorer import Explorer
from ris.progress import StopSignal, silent
from ris.store.collection import Collection, collections

resource = pytest.importorskip("resource", reason="limits on files are set otherwise there")

pytestmark = pytest.mark.slow

KB, COUNT = 1024, 24
LEFT = [0, 4, 8, 16, 24, 40, 64, 96, 160]  # KB
Full = Callable[[int], AbstractContextManager[None]]


@contextmanager
def limited(size: int) -> Iterator[None]:
    """No file can grow past a size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size * KB, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(params=["small disk", "limit"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, Full]]:
    """A folder, and what leaves but so many KB there for a while."""
    place = tmp_path / "disk"
    place.mkdir()
    if request.param == "limit":
        yield place, limited
        return
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")

    @contextmanager
    def filled(left: int) -> Iterator[None]:
        gc.collect()  # an explorer that is let go closes its thumbnails, which gives room back
        filler = place / "filler"
        free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
        filler.write_bytes(bytes(max(free - left * KB, 0)))
        try:
            yield
        finally:
            filler.unlink()

    yield place, filled
    subprocess.run(["umount", "--lazy", str(place)], check=True, timeout=30)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return drawn.fill_folder(tmp_path / "pictures", COUNT // 4)


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The room is there when it is asked for, and somebody else takes it."""
    for module in ("ris.scan", "ris.new_items", "ris.compact", "ris.generate"):
        monkeypatch.setattr(f"{module}.require_space", lambda folder, needed: None)


def assert_serves(collection: Collection, generation: str | None, count: int) -> None:
    """All of it can be asked for, pictures too."""
    assert collection.current() == generation
    explorer = Explorer(collection)
    assert (explorer.notices, explorer.count) == ((), count)
    for item in explorer.items(explorer.keys):
        assert explorer.thumbnail(item.key)
    assert explorer.similar(int(explorer.keys[0]), k=3).hits


def assert_clean(collection: Collection) -> None:
    assert collection.orphans() == []
    folder = collection.folder
    assert [path for path in folder.rglob("*") if path.name.endswith(".tmp")] == []
    assert list(folder.glob("jobs/*/work")) == []
    for path in folder.glob("uploads/*/*"):
        assert path.stat().st_size > 100


def refused(do: Callable[[], None]) -> bool:
    """Whether it was refused, in a sentence with a hint."""
    try:
        do()
    except RisError as error:
        told = error
    else:
        return False
    assert told.hint, told
    assert not any(word in told.message for word in ("Errno", "errno", "Traceback")), told
    return True


@pytest.mark.parametrize("command", ["add", "remove", "compact", "use"])
@pytest.mark.usefixtures("unchecked")
def test_a_change_comes_through_or_is_told_and_undone(command, disk, pictures, tmp_path):
    place, full = disk
    home = place / "home"
    collection = stores.publish_folder(home, changing.NAME, pictures, place / "work", labels="none")
    count, came_through = COUNT, []
    for number, left in enumerate(LEFT):
        more = tmp_path / f"more{number}"
        for extra in range(3):
            more.mkdir(exist_ok=True)
            picture = drawn.draw("rings", 100 + 3 * number + extra)
            (more / f"{extra}.png").write_bytes(drawn.encoded(picture))
        before, first = collection.current(), int(Explorer(collection).keys[0])
        others = [m.generation for m in collection.generations() if m.generation != before]
        argument = {"add": [str(more)], "remove": [str(first)], "use": others[:1]}.get(command, [])
        if command == "use" and not others:
            changing.run(home, "remove", [str(first)])
            count -= 1
            continue
        with full(left):
            if refused(lambda arguments=argument: changing.run(home, command, arguments)):
                assert_serves(collection, before, count)
            else:
                came_through.append(left)
                count += {"add": 3, "remove": -1}.get(command, 0)
                count = Explorer(collection).count if command == "use" else count
        # the next writer
        changing.run(home, "remove", [str(Explorer(collection).keys[-1])])
        count -= 1
        assert_clean(collection)
        assert_serves(collection, collection.current(), count)
    assert came_through[-1] == LEFT[-1]
    assert LEFT[0] not in came_through


@pytest.mark.parametrize("left", [0, 4, 16, 40, 80])
@pytest.mark.usefixtures("unchecked")
def test_a_creation_is_told_and_can_be_started_again(left, disk, pictures):
    place, full = disk
    home = place / "home"

    def create() -> None:
        with jobs.run(home, "new", "create") as job:
            stores.publish_folder(home, "new", pictures, job.folder, labels="none")

    with full(left):
        failed = refused(create)
    assert failed or left > 16
    if failed:
        assert collections(home) == [] or Collection(home, "new").current() is None
        create()
    assert_serves(Collection(home, "new"), "00000001", COUNT)
    assert_clean(Collection(home, "new"))


def test_work_that_visibly_will_not_fit_is_refused_at_once(disk, pictures, tmp_path):
    place, full = disk
    if full is limited:
        pytest.skip("a limit on files can't be seen beforehand")
    home = place / "home"
    collection = stores.publish_folder(home, changing.NAME, pictures, place / "work", labels="none")
    more = tmp_path / "more"
    more.mkdir()
    for number in range(10):
        picture = drawn.draw("rings", 100 + number)
        (more / f"{number}.png").write_bytes(drawn.encoded(picture))
    with full(60):
        for command, argument in (("add", [str(more)]), ("compact", [])):
            with pytest.raises(RisError, match="are needed"):
                changing.run(home, command, argument)
        assert_serves(collection, "00000001", COUNT)


def test_thumbnails_on_a_full_disk_are_not_taken_for_damaged(disk, pictures):
    """`check --repair` would have thrown them away."""
    place, full = disk
    if full is limited:
        pytest.skip("SQLite can read there")
    collection = stores.publish_folder(
        place / "home", changing.NAME, pictures, place / "work", labels="none"
    )
    with full(0):
        (found,) = check(collection, silent, StopSignal())
    assert (found.kind, found.repair) == ("thumbnails", "")
    assert "the disk is full" in found.what
    assert list(check(collection, silent, StopSignal())) == []
