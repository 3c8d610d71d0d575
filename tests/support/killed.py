"""Publishes in a child process that kills itself at the n-th step that reaches the disk.

    python killed.py STORE SCRATCH COUNT

For each n below COUNT: copies the home STORE to SCRATCH/n, and lets a child publish one generation
more, which dies by SIGKILL at its n-th fsync or rename. Prints how many children died.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import stores

from ris.store.collection import Collection


def deadly(call: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    def counted(*args: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **named)

    return counted


def publish(home: Path, steps: int) -> None:
    collection = Collection(home, "small")
    draft = stores.make_draft(collection, home / "work", seed=7)
    left = [steps]
    os.fsync, os.replace = deadly(os.fsync, left), deadly(os.replace, left)
    shutil.rmtree = deadly(shutil.rmtree, left)
    collection.publish(draft, parent=collection.current())


def main() -> None:
    store, scratch, count = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    died = 0
    for steps in range(count):
        home = Path(shutil.copytree(store, scratch / str(steps)))
        child = os.fork()
        if child == 0:
            publish(home, steps)
            os._exit(0)
        died += os.WIFSIGNALED(os.waitpid(child, 0)[1])
    print(died)


if __name__ == "__main__":
    main()
