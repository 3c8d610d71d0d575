"""Entries that do what hostile or broken files could; workers import them from here."""

import os
from dataclasses import dataclass

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
