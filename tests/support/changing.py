"""Changes a collection at random through the command line, until the process is killed.

Runs in a process of its own. Before each change it writes to a log what it is going to do, after
it which generation serves. It can be armed to kill itself, with the workers that it started, at
the n-th step that reaches the disk, so that moments inside publishing are hit often.
"""

import json
import os
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ris.cli import commands
from ris.store.collection import Collection
from ris.store.known import KnownFiles

NAME = "kills"
WEIGHTS = {"add": 30, "remove": 20, "restore": 10, "sync": 15, "compact": 12, "use": 13}


@dataclass(frozen=True)
class Orders:
    """What a process shall do.

    Attributes:
        home: Folder of the collections.
        batches: A folder of folders and archives that can be added.
        log: The file to write to.
        seed: Of all that is random.
        commands: What to choose from.
        steps: It kills itself at the step of this number; 0: it goes on.
        publishing: Whether only steps inside publishing count.
    """

    home: Path
    batches: Path
    log: Path
    seed: int
    commands: tuple[str, ...] = tuple(WEIGHTS)
    steps: int = 0
    publishing: bool = False


def change(orders: Orders) -> None:
    """Change the collection again and again; its output goes beside the log."""
    os.setsid()
    output = os.open(orders.log.with_suffix(".txt"), os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(output, stream)
    log = os.open(orders.log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def say(**record: Any) -> None:
        os.write(log, (json.dumps(record) + "\n").encode())

    if orders.steps:
        _arm(orders, say)
    chance = random.Random(orders.seed)
    collection = Collection(orders.home, NAME)
    while True:
        name, told, arguments = _choose(chance, collection, orders)
        say(begin=name, serving=collection.current(), **told)
        run(orders.home, name, arguments)
        say(done=name, serving=collection.current())


def run(home: Path, command: str, arguments: list[str]) -> None:
    """Run a command on the collection, in this process."""
    commands(
        ["--home", str(home), "--json", command, NAME, *arguments],
        prog_name="ris",
        standalone_mode=False,
    )


def _choose(
    chance: random.Random, collection: Collection, orders: Orders
) -> tuple[str, dict[str, Any], list[str]]:
    """A command that can be done now, what to tell of it, and its arguments."""
    serving = collection.current() or ""
    manifest = collection.manifest(serving)
    known = KnownFiles(collection, manifest)
    files = [known.file(place) for place in range(len(known))]
    live = [file.path for file in files if not file.removed]
    away = {file.path for file in files if file.removed and file.key not in manifest.gone}
    removed = sorted(away.difference(live))  # where another picture lies now none comes back
    others = [one.generation for one in collection.generations() if one.generation != serving]
    while True:
        weights = [WEIGHTS.get(name, 1) for name in orders.commands]
        name = chance.choices(orders.commands, weights)[0]
        if name == "add":
            source = str(chance.choice(sorted(orders.batches.iterdir())))
            return name, {"source": source}, [source]
        if name == "sync":
            return name, {"sources": collection.info()["sources"]}, ["--apply"]
        if name == "compact":
            return name, {}, []
        if name == "train":
            return name, {}, ["--minutes", "0.02", "--seed", str(orders.seed)]
        if name == "use" and others:
            generation = chance.choice(others)
            return name, {"generation": generation}, [generation]
        choice = {"remove": live if len(live) > 8 else [], "restore": removed}.get(name)
        if choice:
            paths = sorted(set(chance.sample(choice, min(len(choice), chance.randint(1, 3)))))
            return name, {"paths": paths}, paths


def _arm(orders: Orders, say: Callable[..., None]) -> None:
    """Let the steps that reach the disk count down to the end of this process group."""
    left = [orders.steps]
    depth = [0]

    def deadly(step: str) -> None:
        call = getattr(os, step)

        def counted(*args: Any, **named: Any) -> Any:
            if depth[0] or not orders.publishing:
                left[0] -= 1
                if left[0] == 0:
                    say(killed=step, publishing=bool(depth[0]))
                    os.killpg(0, signal.SIGKILL)
            return call(*args, **named)

        setattr(os, step, counted)

    def inside(method: str) -> None:
        call = getattr(Collection, method)

        def noted(*args: Any, **named: Any) -> Any:
            depth[0] += 1
            try:
                return call(*args, **named)
            finally:
                depth[0] -= 1

        setattr(Collection, method, noted)

    for step in ("fsync", "replace", "unlink", "rmdir", "mkdir"):
        deadly(step)
    for method in ("publish", "use", "note_sources", "forget_unused"):
        inside(method)
