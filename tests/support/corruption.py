"""Damages files of a collection, one at a time, and asks what comes of it.

    python corruption.py TEMPLATE SCRATCH SEED FIRST LAST

asks in this process about cases FIRST up to LAST of a template that `make` has made, and prints a
line of JSON before each case and one after it, so that whoever started it knows which case killed
it. `run` does that for many cases, in several processes.

A case is one file of the store and one harm to it, both chosen by the seed and the case's number.
Right is the answer of the undamaged collection, by the generation that serves or, with a notice,
by another one; or an error of ris that names the file. Anything else is told.
"""

import json
import os
import pickle
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import drawn
import numpy as np
import stores

from ris import jobs, removal, trash, update
from ris.errors import RisError
from ris.explore.explorer import Explorer, open_explorer
from ris.explore.familiar import FILE as FAMILIAR
from ris.explore.familiar import Familiar
from ris.generate import Work
from ris.images import pool
from ris.images.sources import Folder
from ris.progress import StopSignal, silent
from ris.store import generation as generation_module
from ris.store.collection import Collection, now
from ris.store.concepts import Concepts
from ris.store.decoded import DecodedBefore, DecodedLog
from ris.store.dismissed import Dismissed
from ris.store.files import write_sealed
from ris.store.items import Item
from ris.store.tags import Tags

NAME = "small"
DECODED = 16  # side in pixels of what a killed scan had decoded
PER_CHILD = 50
SECONDS = 120  # for the cases of one child; they take about 5
FOREIGN, MISSING = "of another collection", "missing"
# nothing else tells of them: that there is none, or another one that is whole, can't be known
UNBOUND = ("tags.json", "concepts.json", "dismissed.json", "entry.json")
LOCKS = ("writer.lock", "job.lock", "start.lock")

Answers = dict[str, Any]
Harm = Callable[[Path, random.Random, "Template"], None]


@dataclass(frozen=True)
class Template:
    """A collection to be damaged, and what it answers.

    Attributes:
        home: Its home.
        foreign: The home of a collection of the same name with other pictures.
        query: A picture to search with.
        files: Its files, by their path inside the collection.
        serving: Id of the generation that serves.
        answers: What each of its generations answers, by id.
    """

    home: Path
    foreign: Path
    query: Path
    files: tuple[str, ...]
    serving: str
    answers: dict[str, Answers]


@dataclass(frozen=True)
class Case:
    """What was done to which file."""

    number: int
    file: str
    harm: str


def make(folder: Path) -> Template:
    """A collection with all that a store can hold: additions, corrected rows, removed items, two
    files of the map, copied pictures, skipped files, an ended job, what people said, a duplicate in
    the trash, and what a killed scan had decoded."""
    home = _lived_in(folder / "own", 5)
    foreign = _lived_in(folder / "foreign", 7)
    collection = Collection(home, NAME)
    query = folder / "query.png"
    query.write_bytes(drawn.encoded(drawn.draw("discs", 99)))
    with indexed():
        ids = [manifest.generation for manifest in collection.generations()]
        explorers = {one: Explorer(collection, one) for one in ids}
        answers = {one: _answers(explorer, query) for one, explorer in explorers.items()}
    # as a server leaves it that was killed: SQLite's side files are there
    home = Path(shutil.copytree(home, folder / "template"))
    for explorer in explorers.values():
        explorer._thumbnails.close()
    files = tuple(
        path.relative_to(home / NAME).as_posix()
        for path in sorted((home / NAME).rglob("*"))
        if path.is_file() and path.name not in LOCKS
    )
    serving = collection.current()
    assert serving is not None
    made = Template(home, foreign, query, files, serving, answers)
    (folder / "template.pickle").write_bytes(pickle.dumps(made))
    return made


def _lived_in(folder: Path, first: int) -> Path:
    """The home of a collection that was added to, cleaned up and put in order."""
    pictures = folder / "pictures"
    for family in ("bars", "rings"):
        for number in range(first, first + 12):
            path = pictures / family / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(drawn.encoded(drawn.draw(family, number)))
    (pictures / "notes.txt").write_text("no picture")
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        for number in range(first, first + 4):
            archive.writestr(f"discs/{number}.png", drawn.encoded(drawn.draw("discs", number)))
    (folder / "first" / "encoder").mkdir(parents=True)
    (folder / "first" / "encoder" / "autoencoder.keras").write_bytes(b"the truth" * 100)
    Familiar(np.zeros(48), np.eye(48)).save(folder / "first" / "encoder" / FAMILIAR)
    home = folder / "home"
    collection = stores.publish_folder(home, NAME, pictures, folder / "first", seed=first)
    with in_process(), jobs.run(home, NAME, "add") as job:
        work = Work(job.folder, silent, job.stop)
        done = update.add(collection, work, [str(folder / "more.zip")])
        job.tell(event="finished", generation=done.manifest.generation)
    (pictures / "bars" / f"{first}.png").rename(pictures / "bars" / "moved.png")
    (folder / "second").mkdir()
    with in_process():
        update.sync(collection, Work(folder / "second", silent, StopSignal()))
    thrown = Explorer(collection).item(3)
    removal.remove(collection, ["3", "25"])
    _say(collection, thrown)
    killed = collection.folder / "decoded" / "killed"
    killed.mkdir(parents=True)
    log = DecodedLog(killed, DECODED)
    for entry in list(Folder(pictures / "rings").entries())[:5]:
        log.add([pool.decode_one(entry, DECODED)])
    log.close()
    return home


def _say(collection: Collection, thrown: Item) -> None:
    """What people say of pictures, and an item that they throw away as another's duplicate."""
    explorer = Explorer(collection)
    one, other, *_ = explorer.items(explorer.keys)
    Tags(collection).add("fine", np.array([one.key, other.key]))
    Concepts(collection).save("round", [one.key], [other.key])
    Dismissed(collection).add(one, other)
    explorer._thumbnails.close()
    folder = collection.folder / "trash" / "000001"
    folder.mkdir(parents=True)
    file = Path(shutil.copy(thrown.path, folder))
    entry = trash.Entry("000001", thrown.key, thrown.id, thrown.path, file.name, one.key, now())
    write_sealed(folder / "entry.json", asdict(entry))
    (folder / "done").touch()


class in_process:  # noqa: N801  a context, read as a phrase
    """Decode in this process: workers take a second to start."""

    def __enter__(self) -> None:
        self._before = update.map_entries

        def here(entries: Any, work: Any, **_: Any) -> Iterator[Any]:
            for entry in entries:
                yield entry, pool.work_on_batch([entry], work, pool.DEADLINE)[0]

        update.map_entries = here

    def __exit__(self, *_: object) -> None:
        update.map_entries = self._before


class indexed:  # noqa: N801
    """Search by the graph, small as the collection is."""

    def __enter__(self) -> None:
        self._before = generation_module.EXACT_BELOW
        generation_module.EXACT_BELOW = 1

    def __exit__(self, *_: object) -> None:
        generation_module.EXACT_BELOW = self._before


# -- harms ---------------------------------------------------------------------------------------


def _truncate(size: Callable[[int], int]) -> Harm:
    def harm(path: Path, _: random.Random, __: Template) -> None:
        os.truncate(path, max(0, size(path.stat().st_size)))

    return harm


def _flip(count: int) -> Harm:
    def harm(path: Path, random_: random.Random, _: Template) -> None:
        data = bytearray(path.read_bytes())
        for place in (random_.randrange(8 * len(data)) for _ in range(count if data else 0)):
            data[place // 8] ^= 1 << place % 8
        path.write_bytes(data)

    return harm


def _fill(value: int) -> Harm:
    def harm(path: Path, random_: random.Random, _: Template) -> None:
        data = bytearray(path.read_bytes())
        length = min(len(data), random_.choice([16, 512, 4096]))
        start = random_.randrange(len(data) - length + 1)
        data[start : start + length] = bytes([value]) * length
        path.write_bytes(data)

    return harm


def _scramble(path: Path, random_: random.Random, _: Template) -> None:
    data = bytearray(path.read_bytes())
    length = min(len(data), 256)
    start = random_.randrange(len(data) - length + 1)
    data[start : start + length] = random_.randbytes(length)
    path.write_bytes(data)


def _replace(content: Callable[[random.Random], bytes]) -> Harm:
    return lambda path, random_, _: path.write_bytes(content(random_)) and None


def _append(path: Path, random_: random.Random, _: Template) -> None:
    with path.open("ab") as file:
        file.write(random_.randbytes(100))


def _sibling(own: bool) -> Harm:
    """The file of the same kind of another generation, or of another collection."""

    def harm(path: Path, random_: random.Random, made: Template) -> None:
        home = made.home if own else made.foreign
        suffix = path.suffix or path.name
        others = sorted(
            one
            for one in (home / NAME).rglob("*")
            if one.is_file() and (one.suffix or one.name) == suffix
        )
        named_alike = [one for one in others if one.name == path.name]
        shutil.copyfile(random_.choice(named_alike or others or [made.query]), path)

    return harm


def _unlink(path: Path, *_: object) -> None:
    path.unlink()


def _make_folder(path: Path, *_: object) -> None:
    path.unlink()
    path.mkdir()


def _make_full_folder(path: Path, *_: object) -> None:
    _make_folder(path)
    (path / "inside").write_text("a file")


def _forbid(path: Path, *_: object) -> None:
    path.chmod(0)


HARMS: dict[str, Harm] = {
    "truncated to 0": _truncate(lambda size: 0),
    "truncated to 1": _truncate(lambda size: 1),
    "truncated to 8": _truncate(lambda size: 8),
    "truncated to a half": _truncate(lambda size: size // 2),
    "truncated by 100": _truncate(lambda size: size - 100),
    "truncated by 1": _truncate(lambda size: size - 1),
    "1 bit flipped": _flip(1),
    "1 bit flipped ": _flip(1),  # weighs twice
    "2 bits flipped": _flip(2),
    "20 bits flipped": _flip(20),
    "a block of zeros": _fill(0),
    "a block of ones": _fill(255),
    "a block of noise": _scramble,
    "appended to": _append,
    "text": _replace(lambda _: b"This is no such file.\n" * 50),
    "noise": _replace(lambda random_: random_.randbytes(3000)),
    "zeros": _replace(lambda _: bytes(5000)),
    "an empty JSON object": _replace(lambda _: b"{}"),
    "a JSON list": _replace(lambda _: b"[1, 2, 3]"),
    "of another generation": _sibling(own=True),
    FOREIGN: _sibling(own=False),
    MISSING: _unlink,
    "an empty folder": _make_folder,
    "a folder": _make_full_folder,
    **({"forbidden": _forbid} if hasattr(os, "geteuid") and os.geteuid() else {}),
}


# -- asking --------------------------------------------------------------------------------------


def kind_of(file: str) -> str:
    """What a file of the store is: its name, or the folder of those named by their content."""
    top, _, rest = file.partition("/")
    return top if top in ("parts", "uploads") or top + rest[-4:] == "trash.png" else Path(file).name


def case_of(made: Template, seed: int, number: int) -> tuple[Case, random.Random]:
    """A case by its number: files take turns, harms are drawn."""
    random_ = random.Random(f"{seed}/{number}")
    file = made.files[number % len(made.files)]
    bound = kind_of(file) not in UNBOUND
    harms = [harm for harm in HARMS if bound or harm not in (FOREIGN, MISSING)]
    return Case(number, file, random_.choice(harms)), random_


def ask(made: Template, scratch: Path, seed: int, number: int) -> dict[str, Any]:
    """Do a case; what came of it: "answer", "fallback", "error", "as before" or "wrong"."""
    case, random_ = case_of(made, seed, number)
    home = scratch / str(number)
    shutil.copytree(made.home, home)
    path = home / NAME / case.file
    before = path.read_bytes()
    HARMS[case.harm](path, random_, made)
    if path.is_file() and os.access(path, os.R_OK) and path.read_bytes() == before:
        outcome = "as before"
    else:
        outcome = _outcome(made, home, path)
    shutil.rmtree(home)
    return {"number": number, "file": case.file, "harm": case.harm.strip(), "outcome": outcome}


def _outcome(made: Template, home: Path, path: Path) -> str:
    try:
        for other in (jobs.latest, _skipped, _info):
            _only_told(partial(other, home, NAME), path)
        try:
            explorer = open_explorer(home, NAME)
        except RisError as error:
            return "error" if _names(error, path) else f"wrong: {error.message!r} names no file"
        if explorer.generation != made.serving and not explorer.notices:
            return f"wrong: generation {explorer.generation} without a word"
        truth = made.answers[explorer.generation]
        problem = _differs(_answers(explorer, made.query, path), truth, bool(explorer.notices))
        if problem:
            return f"wrong: {problem} (notices: {explorer.notices})"
        return "fallback" if explorer.notices else "answer"
    except Exception as error:
        import traceback

        where = traceback.extract_tb(error.__traceback__)[-1]
        ours = [one for one in traceback.extract_tb(error.__traceback__) if "/ris/" in one.filename]
        return (
            f"wrong: {type(error).__name__}: {str(error)[:200]} "
            f"({Path(where.filename).name}:{where.lineno}; "
            f"{[f'{Path(one.filename).name}:{one.lineno}' for one in ours]})"
        )


def _skipped(home: Path, name: str) -> None:
    found = sorted(Path(one.path).name for one in Collection(home, name).skipped())
    assert found in ([], ["notes.txt"]), found  # none where the file is gone


def _info(home: Path, name: str) -> None:
    info = Collection(home, name).info()
    assert info["name"] == name
    assert all(Path(source).exists() for source in info["sources"])


def _only_told(work: Callable[[], object], path: Path) -> None:
    """Let work fail only with an error of ris that names the file."""
    try:
        work()
    except RisError as error:
        _check_names(error, path)


def _check_names(error: RisError, path: Path | None) -> None:
    assert path is not None, f"{error.message!r} without damage"
    assert _names(error, path), f"{error.message!r} names no file"


def _names(error: RisError, path: Path) -> bool:
    return path.name in error.message + error.hint


def _answers(explorer: Explorer, query: Path, damaged: Path | None = None) -> Answers:
    """All that a generation answers; what can't be read, by a fault that is told, is None."""
    points = explorer.points()
    items = explorer.items(explorer.keys)
    found = explorer.search(query, k=10)
    similar = explorer.similar(int(explorer.keys[0]), k=5)
    return {
        "hits": [(hit.item.key, hit.distance) for hit in found.hits],
        "similar": [(hit.item.key, hit.distance) for hit in similar.hits],
        "items": items,
        "points": {
            int(key): (float(x), float(y))
            for key, x, y in zip(points.keys, points.x, points.y, strict=True)
        },
        "labels": explorer.label_counts(),
        "thumbnails": {item.key: _maybe(explorer.thumbnail, item, damaged) for item in items[::5]},
        "originals": {item.key: _maybe(explorer.original, item, damaged) for item in items[::5]},
        "reconstructed": _told(lambda: explorer.reconstruct(query)[1].tobytes(), damaged),
        "training": _told(explorer.training, damaged),
        "tags": _told(lambda: _tags(explorer.collection), damaged),
        "concepts": _told(explorer.concepts, damaged),
        "dismissed": _told(lambda: Dismissed(explorer.collection).version, damaged),
        "trash": trash.listed(explorer.collection),
        "decoded": _decoded(explorer.collection, query.parent / "own" / "pictures"),
    }


def _maybe(ask_for: Callable[[int], object], item: Any, damaged: Path | None) -> object:
    try:
        return ask_for(item.key)
    except RisError as error:
        if damaged is None or damaged.name != item.id:  # copies are told of by the picture's path
            _check_names(error, damaged)
        return None


def _told(ask_for: Callable[[], object], damaged: Path | None) -> object:
    try:
        return ask_for()
    except RisError as error:
        _check_names(error, damaged)
        return None


def _tags(collection: Collection) -> dict[str, list[int]]:
    return {name: keys.tolist() for name, keys in Tags(collection).all().items()}


def _decoded(collection: Collection, pictures: Path) -> dict[str, object]:
    """What a scan takes over of what a killed one had decoded, by the picture's path."""
    entries = list(Folder(pictures / "rings").entries())
    before = DecodedBefore(collection.folder, DECODED)
    found = before.resume(entries, lambda rest: ((entry, None) for entry in rest))
    return {
        entry.path: one and (one.picture.id, one.picture.width, one.picture.pixels.tobytes())
        for entry, one in found
    }


def _differs(found: Answers, truth: Answers, noticed: bool) -> str:
    """What is other about answers than it should be."""
    for name in ("hits", "similar"):
        keys, distances = zip(*found[name], strict=True)
        right_keys, right_distances = zip(*truth[name], strict=True)
        if keys != right_keys or not np.allclose(distances, right_distances, atol=1e-5):
            return name
    for name in ("items", "labels"):
        if found[name] != truth[name]:
            return name
    for name in ("thumbnails", "originals", "decoded"):
        if any(one is not None and one != truth[name][key] for key, one in found[name].items()):
            return name
    for name in ("reconstructed", "training", "tags", "concepts", "dismissed"):
        if found[name] is not None and found[name] != truth[name]:
            return name
    if not all(entry in truth["trash"] for entry in found["trash"]):  # `check` tells of others
        return "trash"
    points = truth["points"].items()
    if not (found["points"].items() <= points if noticed else found["points"].items() == points):
        return "points"
    return ""


# -- many ----------------------------------------------------------------------------------------


def run(
    made: Template, folder: Path, count: int, seed: int, *, processes: int = 2
) -> Iterator[dict[str, Any]]:
    """Outcomes of the first `count` cases, asked in child processes.

    Args:
        made: What `make` gave.
        folder: Where it was made; the cases work there too.
        count: How many cases.
        seed: Of the cases.
        processes: How many children at once.
    """
    starts = range(0, count, PER_CHILD)
    with ThreadPoolExecutor(processes) as threads:
        ends = [min(start + PER_CHILD, count) for start in starts]
        for found in threads.map(partial(_run_some, folder, seed), starts, ends):
            yield from found


def _run_some(folder: Path, seed: int, first: int, last: int) -> list[dict[str, Any]]:
    """Cases in children of their own; what killed a child counts as wrong, and the next one goes
    on behind it."""
    found: list[dict[str, Any]] = []
    while first < last:
        scratch = folder / "scratch"
        scratch.mkdir(exist_ok=True)
        command = [sys.executable, __file__, *map(str, (folder, scratch, seed, first, last))]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
            said, end = done.stdout, f"exit code {done.returncode}: {done.stderr[-500:]}"
        except subprocess.TimeoutExpired as error:
            said, end = (error.stdout or b"").decode(), f"over {SECONDS} s"
        lines = [json.loads(line) for line in said.splitlines()]
        ended = [line for line in lines if "outcome" in line]
        found += ended
        first += len(ended)
        if first < last:  # it died, or hung, in this case
            began = lines[-1] if lines else {"number": first}
            found.append({**began, "outcome": f"wrong: the process died ({end})"})
            first += 1
    return found


def main() -> None:
    """Be a child."""
    folder, scratch = Path(sys.argv[1]), Path(sys.argv[2])
    seed, first, last = map(int, sys.argv[3:])
    made = pickle.loads((folder / "template.pickle").read_bytes())
    with indexed():
        for number in range(first, last):
            case, _ = case_of(made, seed, number)
            print(json.dumps({"number": number, "file": case.file, "harm": case.harm}), flush=True)
            with suppress(FileNotFoundError):
                shutil.rmtree(scratch / str(number))  # left by a child that died here
            print(json.dumps(ask(made, scratch, seed, number)), flush=True)


if __name__ == "__main__":
    # pickled classes shall be those of the module, whichever way it was started
    import corruption

    corruption.main()
