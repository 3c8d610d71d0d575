"""Entries that do what hostile or broken files could; workers import them from here."""

import hashlib
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from ris.errors import PictureError
from ris.images.entries import Entry


@dataclass(frozen=True)
class Unreadable(Entry):
    """Says why it can't be read."""

    def read(self) -> bytes:
        raise PictureError("made up for a test")


@dataclass(frozen=True)
class Endless(Entry):
    """Never comes back."""

    def read(self) -> bytes:
        while True:
            pass


@dataclass(frozen=True)
class Deadly(Entry):
    """Ends the process that reads it, as a crash in native code would."""

    def read(self) -> bytes:
        os._exit(11)


@dataclass(frozen=True)
class Greedy(Entry):
    """Asks for more memory than a worker may have."""

    def read(self) -> bytes:
        return bytes(16 * 2**30)


@dataclass(frozen=True)
class Stuck(Entry):
    """Never comes back from native code, where no Python code can end it."""

    def read(self) -> bytes:
        return hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)


@dataclass(frozen=True)
class Slow(Entry):
    """Takes its time, in seconds."""

    seconds: float = 0.0

    def read(self) -> bytes:
        time.sleep(self.seconds)
        raise PictureError("came back")


@dataclass(frozen=True)
class Killed(Entry):
    """Is killed by the kernel, as when the machine runs out of memory."""

    number: int = signal.SIGKILL

    def read(self) -> bytes:
        os.kill(os.getpid(), self.number)
        raise PictureError("survived")


@dataclass(frozen=True)
class Murderous(Entry):
    """Ends all other workers, idle or not; once, as `mark` then tells."""

    mark: str = ""

    def read(self) -> bytes:
        if not Path(self.mark).exists():
            Path(self.mark).touch()
            for pid in workers(psutil.Process().parent()):
                if pid != os.getpid():
                    os.kill(pid, signal.SIGKILL)
        raise PictureError("done")


@dataclass(frozen=True)
class Noisy(Entry):
    """Writes where the person reads."""

    def read(self) -> bytes:
        os.write(2, b"TIFFReadDirectory: Failed to read directory at offset 14176.\n")
        print("Using code not yet in table.", file=sys.stderr, flush=True)
        raise PictureError("quiet")


def workers(parent: psutil.Process | None = None) -> list[int]:
    """Ids of the workers that a process has, by default this one."""
    children = (parent or psutil.Process()).children(recursive=True)
    found = []
    for one in children:
        with suppress(psutil.NoSuchProcess):  # it ended meanwhile
            # multiprocessing keeps its tracker of semaphores
            if "resource_tracker" not in " ".join(one.cmdline()):
                found.append(one.pid)
    return found
