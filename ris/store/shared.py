"""What was made of immutable files, shared by all generations that name them.

A generation that an addition makes names the graph and the parts of the one before it: opening it
reads only what is new.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from ris.store.files import FileFacts, verify

T = TypeVar("T")


class Shared(Generic[T]):
    """Opened files, each kept for as long as somebody uses what was made of it.

    Args:
        make: What to make of a file whose checksum has been verified.
    """

    def __init__(self, make: Callable[..., T]) -> None:
        self._make = make
        self._known: WeakValueDictionary[tuple[str, str, str], T] = WeakValueDictionary()
        self._lock = threading.Lock()

    def open(self, folder: Path, facts: FileFacts, *arguments: object) -> T:
        """What was made of a file, or is made of it now; `arguments` are passed on to `make`.

        Raises:
            StoreError: The file is missing or damaged.
        """
        name = (str(folder), facts.file, facts.sha256)
        with self._lock:  # two who ask for the same large file at once shall not both read it
            known = self._known.get(name)
            if known is None:
                known = self._make(verify(folder, facts), *arguments)
                self._known[name] = known
            return known
