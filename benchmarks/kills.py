"""Kills writers of a collection at any moment, and looks whether anything was lost.

    python -m benchmarks.kills [--kills N] [--seed S] [--trains SHARE]

A process adds, removes, restores, syncs, compacts and switches at random, through the command
line, and notes what it has finished. It is killed with all its workers by SIGKILL: after a random
time, or at a random one of the steps that reach the disk. Then what serves must be what was
acknowledged last, or that with the change under way; every kept generation must open; every
picture must be found by itself; keys must be unique and never used again; and after one writer
more there must be no debris. A share of the processes trains, for a second. Prints a JSON summary;
what fails ends it, with the folder to look at.
"""

import argparse
import faulthandler
import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from filelock import FileLock

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

import changing
import drawn
import stores

from ris.explore.explorer import Explorer
from ris.store import decoded
from ris.store.collection import Collection
from ris.store.files import verify
from ris.store.known import REMOVED, KnownFiles

_PATIENCE = 120.0  # seconds for what takes a few
_PRELOAD = [
    "changing",
    "ris.upkeep",
    "ris.update",
    "ris.removal",
    "ris.compact",
    "onnxruntime",
    "hnswlib",
]


class Lost(AssertionError):
    """Something that had been acknowledged is not there, or something else is not as it must be."""


@dataclass(frozen=True)
class Contents:
    """What can be told of a generation after what was done.

    Attributes:
        sure: Paths that are found.
        maybe: Those, and paths of which the killed changes leave it open.
        removed: Paths that were removed by hand and must stay away until they are named again.
    """

    sure: frozenset[str]
    maybe: frozenset[str]
    removed: frozenset[str]


@dataclass
class Summary:
    """What was killed, and what was found."""

    kills: int = 0
    finished: Counter[str] = field(default_factory=Counter)
    killed_in: Counter[str] = field(default_factory=Counter)
    killed_at: Counter[str] = field(default_factory=Counter)
    came_through: int = 0
    left: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


class Kills:
    """A collection that is changed, killed and looked at again and again.

    Args:
        folder: An empty folder to work in.
        seed: Of all that is random but the moment.
        trains: Share of the processes that train.
    """

    def __init__(self, folder: Path, *, seed: int = 0, trains: float = 0.0) -> None:
        self.chance = random.Random(seed)
        self.summary = Summary()
        self._folder = folder
        self._trains = trains
        self._drawn = 0
        self._batches = folder / "batches"
        self._batches.mkdir()
        self._pictures = folder / "pictures"
        self._draw_folder(self._pictures, 12)
        self._draw_folder(self._batches / "first", 3)
        home = folder / "home"
        stores.publish_folder(home, changing.NAME, self._pictures, folder / "work", labels="none")
        self.collection = Collection(home, changing.NAME)
        self._keys: dict[int, str] = {}  # content id by key, for good
        self._known: dict[str, Contents] = {}  # by generation
        self._encoders: dict[str, str] = {}  # by generation
        self._removed: frozenset[str] = frozenset()
        self._named_before: set[str] | None = None
        self._changed: set[str] = set()  # another picture now, which was never removed
        self._doubtful: set[str] = set()  # listed as removed once; whether sync passes them is open
        self._train_seconds = 40.0
        self._processes = get_context("forkserver")
        self._processes.set_forkserver_preload(_PRELOAD)
        for manifest in self.collection.generations():
            live = frozenset(self._read(manifest.generation))
            self._known[manifest.generation] = Contents(live, live, frozenset())
            self._encoders[manifest.generation] = manifest.encoder

    def once(self) -> None:
        """Change things in the folders, let a process work and die, and look.

        Raises:
            Lost: Something is not as it must be.
        """
        number = self.summary.kills
        self._edit()
        trains = self.chance.random() < self._trains
        armed = self.chance.random() < (0.4 if trains else 0.6)
        orders = changing.Orders(
            home=self.collection.home,
            batches=self._batches,
            log=self._folder / f"{number:04}.jsonl",
            seed=self.chance.randrange(2**32),
        )
        if trains:
            orders = replace(orders, commands=("train",))
        if armed:
            publishing = trains or self.chance.random() < 0.6
            steps = self.chance.randint(1, 60)
            orders = replace(orders, publishing=publishing, steps=steps)
        originals = self._originals()
        records = self._kill(orders, self._train_seconds if trains else 2.0)
        self.summary.kills += 1
        self._look(records, originals)
        self._write_once_more()
        self._check_debris()

    # -- the folders ------------------------------------------------------------------------------

    def _picture(self) -> bytes:
        self._drawn += 1
        family = drawn.FAMILIES[self._drawn % len(drawn.FAMILIES)]
        return drawn.encoded(drawn.draw(family, self._drawn))

    def _draw_folder(self, folder: Path, count: int) -> None:
        folder.mkdir(parents=True)
        for _ in range(count):
            data = self._picture()
            (folder / f"{self._drawn:05}.png").write_bytes(data)

    def _edit(self) -> None:
        """New batches to add, and a few files moved, changed, made or gone."""
        if self.chance.random() < 0.4:
            self._draw_folder(self._batches / f"b{self._drawn:05}", self.chance.randint(1, 4))
        elif self.chance.random() < 0.3:
            with zipfile.ZipFile(self._batches / f"z{self._drawn:05}.zip", "w") as archive:
                for _ in range(self.chance.randint(1, 3)):
                    archive.writestr(f"{self._drawn:05}.png", self._picture())
        files = [path for path in self._folder_files() if not path.parent.name.startswith("z")]
        for path in self.chance.sample(files, self.chance.randint(0, 2)):
            what = self.chance.choice(["move", "change", "make"])
            if what == "move":
                path.rename(path.with_name(f"m{self._drawn:05}-{path.name[-9:]}"))
                self._drawn += 1
            elif what == "change":
                path.write_bytes(self._picture())
                self._changed.add(str(path))
            else:
                path.with_name(f"n{self._drawn:05}.png").write_bytes(self._picture())
        if len(files) > 60:
            for path in self.chance.sample(self._folder_files(), 12):
                path.unlink()

    def _folder_files(self) -> list[Path]:
        places = (self._pictures.rglob("*.png"), self._batches.rglob("*.png"))
        return sorted(path for place in places for path in place)

    def _originals(self) -> dict[str, tuple[int, str]]:
        places = [*self._folder_files(), *self._batches.glob("*.zip")]
        return {
            str(path): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
            for path in places
        }

    # -- the killing ------------------------------------------------------------------------------

    def _kill(self, orders: changing.Orders, span: float) -> list[dict[str, Any]]:
        process = self._processes.Process(target=changing.change, args=(orders,))
        process.start()

        def begun() -> bool:
            return not process.is_alive() or "begin" in _text(orders.log)

        _wait_for(begun, "the first change")
        began = time.monotonic()
        if orders.steps:
            process.join(40)  # no more: trainings that are not taken publish nothing
        else:
            process.join(self.chance.random() * span)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.join()
        code = process.exitcode
        process.close()
        records = [json.loads(line) for line in _text(orders.log).splitlines()]
        if code != -signal.SIGKILL:
            output = _text(orders.log.with_suffix(".txt"))
            raise Lost(f"The writer did not go on until it was killed: {output[-3000:]}")
        self._note(records, time.monotonic() - began)
        return records

    def _note(self, records: list[dict[str, Any]], seconds: float) -> None:
        for record in records:
            if "done" in record:
                self.summary.finished[record["done"]] += 1
                if record["done"] == "train":
                    self._train_seconds = 1.15 * seconds / sum("done" in one for one in records)
        last = next(one for one in reversed(records) if "killed" not in one)
        self.summary.killed_in[last.get("begin", "between two changes")] += 1
        step = records[-1].get("killed")
        if step:
            where = "publishing" if records[-1]["publishing"] else "other work"
            self.summary.killed_at[f"{step} in {where}"] += 1
        else:
            self.summary.killed_at["any moment"] += 1

    # -- the looking ------------------------------------------------------------------------------

    def _look(self, records: list[dict[str, Any]], originals: dict[str, Any]) -> None:
        """Whether all is there that must be."""
        _must(self._originals() == originals, "an original was changed")
        self._check_locks()
        self._count_debris()
        expected, possible = self._follow(records)
        serving = self.collection.current()
        pointer = (self.collection.folder / "CURRENT").read_text().split()[0]
        _must(serving == pointer, f"CURRENT holds {pointer!r}, {serving} serves")
        assert serving is not None
        if serving == expected:
            contents = self._known[serving]
        else:
            _must(possible is not None, f"{serving} serves, acknowledged was {expected}")
            assert possible is not None
            contents = possible
            self.summary.came_through += 1
        for manifest in self.collection.generations():
            generation = manifest.generation
            self._check_opens(generation)
            live = frozenset(self._read(generation))
            known = contents if generation == serving else self._known.get(generation)
            if known is not None:
                _must(known.sure <= live, f"{generation} lacks {sorted(known.sure - live)}")
                _must(live <= known.maybe, f"{generation} has {sorted(live - known.maybe)}")
            back = live & contents.removed - self._changed if generation == serving else ()
            _must(not back, f"{back} came back")
            removed = self._removed_in(generation)
            if generation == serving:
                self._removed = contents.removed - live
                removed |= self._removed
            self._known[generation] = Contents(live, live, frozenset(removed))
            self._encoders[generation] = manifest.encoder
        self._doubtful |= {one.path for one in self.collection.skipped() if one.reason == REMOVED}
        _must(self.collection.next_key() > max(self._keys), "a key could be given again")
        self._check_found()

    def _follow(self, records: list[dict[str, Any]]) -> tuple[str, Contents | None]:
        """The generation acknowledged last, and what would serve with the change under way."""
        expected = records[0]["serving"]
        now = self._known[expected]
        now = replace(now, removed=self._removed)
        after: Contents | None = None
        used = encoder = self._encoders[expected]  # a training is always the last change
        for record in records:
            if "begin" in record:
                used = self._encoders.get(record.get("generation", expected), encoder)
                after = self._after(record, now, carries=used != encoder)
            elif "done" in record:
                assert after is not None
                now, after, expected = after, None, record["serving"]
                self._known[expected] = now
                encoder = self._encoders[expected] = used
        return expected, after

    def _after(self, record: dict[str, Any], now: Contents, *, carries: bool) -> Contents:
        """What there is after a change; `carries` tells of `use` that its encoder is another."""
        name = record["begin"]
        if name == "use":
            return self._used(record["generation"], now, carries=carries)
        if name == "remove":
            paths = frozenset(record["paths"])
            self._doubtful |= paths
            return Contents(now.sure - paths, now.maybe - paths, now.removed | paths)
        if name == "restore":
            paths = frozenset(record["paths"])
            return Contents(now.sure | paths, now.maybe | paths, now.removed - paths)
        if name == "add":
            files = _files(Path(record["source"]))
            left = frozenset(path for path in now.sure if _is_gone(path))  # may be moved
            return Contents(now.sure - left | files, now.maybe | files, now.removed - files)
        if name == "sync":
            sources = [Path(text) for text in record["sources"]]
            files = frozenset(
                path for one in sources if not one.name.endswith(".zip") for path in _files(one)
            )
            away = self._doubtful | self._changed | now.removed
            sure, maybe = (
                frozenset(path for path in paths if not os.path.isabs(path))
                for paths in (now.sure, now.maybe)
            )
            return Contents(
                sure | (files & now.sure) | (files - away),
                maybe | (files - now.removed) | (files & (now.maybe | self._changed)),
                now.removed,
            )
        return now

    def _read(self, generation: str) -> dict[str, int]:
        """Key by path of what can be found in a generation."""
        known = KnownFiles(self.collection, self.collection.manifest(generation))
        found: dict[str, int] = {}
        for place in range(len(known)):
            file = known.file(place)
            had = self._keys.setdefault(file.key, file.id)
            _must(had == file.id, f"key {file.key} was used again")
            if not file.removed:
                _must(file.path not in found, f"{file.path} is there twice")
                found[file.path] = file.key
        _must(len(set(found.values())) == len(found), "a key is there twice")
        return found

    def _removed_in(self, generation: str) -> set[str]:
        manifest = self.collection.manifest(generation)
        known = KnownFiles(self.collection, manifest)
        files = [known.file(place) for place in range(len(known))]
        live = {file.path for file in files if not file.removed}
        gone = set(manifest.gone)
        return {f.path for f in files if f.removed and f.key not in gone} - live

    def _check_opens(self, generation: str) -> None:
        for facts in self.collection.manifest(generation).files:
            verify(self.collection.folder, facts)
        notices = Explorer(self.collection, generation).notices
        _must(notices == (), f"{generation}: {notices}")

    def _check_found(self) -> None:
        """Every picture that still lies where it lay is found by itself."""
        explorer = Explorer(self.collection)
        for item in explorer.items(explorer.keys):
            path = Path(item.path)
            if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == item.id:
                hits = explorer.search(path, k=5).hits
                found = [hit for hit in hits if hit.item.key == item.key and hit.distance < 1e-3]
                _must(len(found) == 1, f"{path} is not found by itself")
            _must(len(explorer.thumbnail(item.key)) > 0, f"{path} has no thumbnail")

    def _check_locks(self) -> None:
        for lock in (self.collection.folder / "writer.lock", self._jobs / "job.lock"):
            lock.parent.mkdir(exist_ok=True)
            with FileLock(lock, timeout=10):
                pass

    # -- the debris -------------------------------------------------------------------------------

    @property
    def _jobs(self) -> Path:
        return self.collection.folder / "jobs"

    def _debris(self) -> Iterator[tuple[str, Path]]:
        folder = self.collection.folder
        for path in self.collection.orphans():
            yield "file that no generation names", path
        for path in folder.rglob("*"):
            if path.name.endswith(".tmp"):
                yield "temporary file", path
        for place in self._jobs.iterdir():
            if (place / "work").exists():
                yield "work folder", place / "work"
            if place.is_dir() and not (place / "job.json").exists():
                yield "job without a name", place
        for top in ("generations", "encoders"):
            for path in (folder / top).iterdir():
                if not any(path.iterdir()):
                    yield "empty folder", path
        named = self._named() | (self._named_before or set()) | decoded.kept_ids(folder)
        for path in (folder / "uploads").glob("*/*"):
            # copies of what forgotten generations had go with a killed job's or a compaction
            if self._named_before is not None and path.name not in named:
                yield "copy of a picture that nobody has", path
        for path in list((folder / "decoded").glob("*"))[1:]:
            yield "more decoded pictures than the next scan takes", path
        for path in folder.parent.iterdir():
            if path != folder:
                yield "stranger in the home", path

    def _named(self) -> set[str]:
        """Content ids of all items of kept generations."""
        known = [KnownFiles(self.collection, one) for one in self.collection.generations()]
        return {files.file(place).id for files in known for place in range(len(files))}

    def _count_debris(self) -> None:
        self._named_before = self._named()
        left = {kind for kind, _ in self._debris()}
        self.summary.left.update(left)
        if "work folder" not in left:
            self._named_before = None

    def _write_once_more(self) -> None:
        """One writer that comes through, with its own check."""
        serving = self.collection.current()
        assert serving is not None
        before = frozenset(self._read(serving))
        name = self.chance.choice(["remove", "add", "use"])
        others = [m.generation for m in self.collection.generations() if m.generation != serving]
        if name == "use" and others:
            argument = self.chance.choice(others)
            carries = self._encoders[argument] != self._encoders[serving]
            after = self._used(argument, Contents(before, before, self._removed), carries=carries)
        elif name == "add":
            self._draw_folder(self._batches / f"w{self._drawn:05}", 1)
            batch = self._batches / f"w{self._drawn - 1:05}"
            argument = str(batch)
            after = Contents(before | _files(batch), before | _files(batch), self._removed)
        else:
            name, argument = "remove", self.chance.choice(sorted(before))
            paths = frozenset([argument])
            after = Contents(before - paths, before - paths, self._removed | paths)
            self._doubtful.add(argument)
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
            changing.run(self.collection.home, name, [argument])
        now = self.collection.current()
        assert now is not None
        live = frozenset(self._read(now))
        _must(after.sure <= live <= after.maybe, f"after {name} {argument}: {live ^ after.sure}")
        self._known[now] = Contents(live, live, after.removed)
        self._encoders[now] = self.collection.manifest(now).encoder
        self._removed = after.removed
        self._check_opens(now)

    def _used(self, generation: str, now: Contents, *, carries: bool) -> Contents:
        """What there is once another generation serves: what it had, or of another encoder what
        there is now, as far as its files can still be read."""
        known = self._known[generation]
        self._doubtful |= known.removed | now.removed
        if not carries:
            return known
        sure = frozenset(one for one in now.sure if one in known.sure or not _is_gone(one))
        return Contents(sure, now.maybe, now.removed)

    def _check_debris(self) -> None:
        found = [f"{kind}: {path}" for kind, path in self._debris()]
        _must(not found, f"debris outlived the next writer: {found}")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _files(source: Path) -> frozenset[str]:
    """The pictures of a folder or an archive, as a collection names them."""
    if source.is_dir():
        return frozenset(str(path) for path in source.rglob("*.png"))
    with zipfile.ZipFile(source) as archive:
        return frozenset(f"{source.name}/{name}" for name in archive.namelist())


def _is_gone(path: str) -> bool:
    return os.path.isabs(path) and not os.path.exists(path)


def _must(condition: bool, message: str) -> None:
    if not condition:
        raise Lost(message)


def _wait_for(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        _must(time.monotonic() < end, f"waited {_PATIENCE:.0f} s in vain for {what}")
        time.sleep(0.002)


@contextmanager
def _kept_when_it_fails() -> Iterator[Path]:
    folder = tempfile.TemporaryDirectory(prefix="ris-kills-")
    try:
        yield Path(folder.name)
    except BaseException:
        folder._finalizer.detach()  # type: ignore[attr-defined]
        print(f"See {folder.name}", file=sys.stderr)
        raise
    folder.cleanup()


def main() -> None:
    """Kill, look, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trains", type=float, default=0.1, help="share of kills while training")
    options = parser.parse_args()
    began = time.monotonic()
    faulthandler.enable()
    with _kept_when_it_fails() as folder:
        kills = Kills(folder, seed=options.seed, trains=options.trains)
        for number in range(options.kills):
            try:
                kills.once()
            except Exception:
                print(f"Kill {number}, seed {options.seed}:", file=sys.stderr)
                raise
            print(f"\r{number + 1} of {options.kills}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    kills.summary.seconds = round(time.monotonic() - began, 1)
    print(json.dumps(kills.summary.__dict__, indent=1))


if __name__ == "__main__":
    main()
