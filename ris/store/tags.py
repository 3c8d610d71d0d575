"""Tags that people give to items of a collection, by key: what a retraining leaves alone.

One file of its own, `tags.json`, replaced at once under the writers' lock. It belongs to no
generation, so tags hold for all of them.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ris.errors import RisError, StoreError
from ris.store.collection import Collection
from ris.store.files import read_sealed, write_sealed

FILE = "tags.json"
LONGEST = 60  # characters of a name
FORMAT = 1

Keys = NDArray[np.int64]


class Tags:
    """The tags of a collection.

    Args:
        collection: Any; it needs nothing published.
    """

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._path = collection.folder / FILE

    def all(self) -> Mapping[str, Keys]:
        """The keys of each tag, int64 ascending, by name in the order of the alphabet; also those
        of items that were removed since. Not to be written to.

        Raises:
            StoreError: The file is damaged, or a newer ris wrote it.
        """
        try:
            facts = self._path.stat()
        except FileNotFoundError:
            return {}
        return _read(self._path, facts.st_mtime_ns, facts.st_ino, facts.st_size)

    @property
    def version(self) -> str:
        """What is another once a tag was changed; "" while there is none."""
        try:
            facts = self._path.stat()
        except FileNotFoundError:
            return ""
        return f"{facts.st_mtime_ns:x}-{facts.st_ino:x}"

    def add(self, name: str, keys: Keys) -> Keys:
        """Give items a tag.

        Returns:
            The keys of those that did not have it: to take the addition back, remove it from them.

        Raises:
            RisError: The name can't be one, or there are no keys.
            StoreError: The file is damaged, or the disk is full.
            BusyError: Somebody else is writing.
        """
        name = check_tag(name)
        if len(keys) == 0:
            raise RisError("Expected pictures to tag, got none.", "Select some on the map.")
        with self._collection.writing():
            known = dict(self.all())
            had = known.get(name, np.empty(0, np.int64))
            new = np.setdiff1d(keys, had)
            if len(new):
                self._write({**known, name: np.union1d(had, new)})
        return new

    def remove(self, name: str, keys: Keys) -> Keys:
        """Take a tag from items; a tag that nothing has is gone.

        Returns:
            The keys of those that had it: to take the removal back, add it to them.

        Raises:
            StoreError: The file is damaged, or the disk is full.
            BusyError: Somebody else is writing.
        """
        with self._collection.writing():
            known = dict(self.all())
            had = known.pop(name, np.empty(0, np.int64))
            lost, left = np.intersect1d(had, keys), np.setdiff1d(had, keys)
            if len(lost):
                self._write({**known, name: left} if len(left) else known)
        return lost

    def _write(self, tags: Mapping[str, Keys]) -> None:
        content = {"format": FORMAT, "tags": {name: tags[name].tolist() for name in sorted(tags)}}
        write_sealed(self._path, content)


def check_tag(name: str) -> str:
    """A tag's name without blanks around it.

    Raises:
        RisError: It is empty, too long, or has characters that can't be shown.
    """
    name = name.strip()
    if not name or len(name) > LONGEST or not name.isprintable():
        raise RisError(
            f"{name!r:.80} can't be the name of a tag.", f"Use 1 to {LONGEST} letters or digits."
        )
    return name


@lru_cache(maxsize=8)
def _read(path: Path, changed: int, inode: int, size: int) -> Mapping[str, Keys]:
    hint = "Put a copy of it back, or remove it from the collection's folder and tag again."
    content = read_sealed(path, FORMAT, hint=hint)
    try:
        tags = {str(name): np.array(keys, np.int64) for name, keys in content["tags"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(f"{path.name} holds no tags: {error}.") from error
    for keys in tags.values():
        keys.setflags(write=False)
    return tags
