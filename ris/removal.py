"""Items taken out of a collection by hand, and brought back; their rows stay until a compaction."""

import os
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ris.changes import Changes, Updated
from ris.errors import StoreError
from ris.images.names import escape, unescape
from ris.store.collection import Collection, Draft
from ris.store.known import KnownFiles


def remove(collection: Collection, names: list[str]) -> Updated:
    """Take items out of the collection; files are not touched, and `restore` brings them back
    until the next compaction.

    Args:
        collection: A published collection.
        names: Keys, paths of files, or paths of folders.

    Raises:
        StoreError: One of them is not in the collection, or nothing is published.
    """
    return _mark(collection, names, removed=True)


def restore(collection: Collection, names: list[str]) -> Updated:
    """Bring removed items back.

    Raises:
        StoreError: One of them was not removed, or is gone since a compaction.
    """
    return _mark(collection, names, removed=False)


def _mark(collection: Collection, names: list[str], *, removed: bool) -> Updated:
    manifest = collection.serving()
    known = KnownFiles(collection, manifest)
    places = np.zeros(len(known), np.bool_)
    for name in names:
        found = _named(known, name)
        found &= known.removed != removed
        if not removed:
            found &= _has_its_place(known, found)
        if not found.any():
            state = "in the collection" if removed else "among what was removed"
            raise StoreError(
                f"{escape(name)} is not {state}.",
                "Give keys, paths of files or of folders, as search and show print them.",
            )
        places |= found
    keys = known.keys[places].tolist()
    deleted = {*manifest.deleted, *keys} if removed else {*manifest.deleted}.difference(keys)
    changed = replace(
        manifest,
        deleted=tuple(sorted(deleted)),
        gone=tuple(sorted({*manifest.gone}.difference(keys))),
        items=manifest.items + (-len(keys) if removed else len(keys)),
    )
    changes = Changes(gone=len(keys)) if removed else Changes(restored=len(keys))
    published = collection.publish(Draft(changed, {}), parent=manifest.generation)
    return Updated(published, changes)


def _named(known: KnownFiles, name: str) -> NDArray[np.bool_]:
    """The files that a person means by a key, a path or a folder."""
    if name.isdecimal():
        return np.asarray(known.keys == int(name))
    for path in (name, escape(os.path.abspath(os.path.expanduser(name)))):
        found = np.zeros(len(known), np.bool_)
        found[known.at(path)] = True
        found |= known.below(path)
        if found.any():
            break
    return found


def _has_its_place(known: KnownFiles, found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Those of removed files that may come back: at the path of a file there is one item, so not
    where another picture lies now, and of several that lay there the last."""
    free = np.zeros(len(known), np.bool_)
    for place_ in np.flatnonzero(found):
        path = known.file(int(place_)).path
        rivals = [one for one in known.at(path) if one != place_]
        taken = any(not known.removed[one] or (found[one] and one > place_) for one in rivals)
        free[place_] = not (taken and unescape(path).is_absolute())
    return free
