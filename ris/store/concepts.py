"""Named concepts of a collection: what people marked as like it and unlike it, by key.

One file of its own, `concepts.json`, kept as `tags.py` keeps tags: it belongs to no generation, and
holds what was marked rather than what an encoder made of it, so that concepts mean the same after a
retraining.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ris.errors import RisError, StoreError
from ris.store.collection import Collection
from ris.store.files import read_sealed, write_sealed
from ris.store.tags import LONGEST

FILE = "concepts.json"
FORMAT = 1
MOST = 200  # items marked for one concept


@dataclass(frozen=True)
class Concept:
    """What was marked.

    Attributes:
        more: Keys of items that are like it.
        less: Keys of items that are not.
    """

    more: tuple[int, ...]
    less: tuple[int, ...] = ()


class Concepts:
    """The concepts of a collection.

    Args:
        collection: Any; it needs nothing published.
    """

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._path = collection.folder / FILE

    def all(self) -> Mapping[str, Concept]:
        """The concepts by name, in the order of the alphabet.

        Raises:
            StoreError: The file is damaged, or a newer ris wrote it.
        """
        if not self._path.exists():
            return {}
        hint = "Put a copy of it back, or remove it from the collection's folder."
        content = read_sealed(self._path, FORMAT, hint=hint)
        try:
            return {
                str(name): Concept(tuple(map(int, one["more"])), tuple(map(int, one["less"])))
                for name, one in content["concepts"].items()
            }
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreError(f"{FILE} holds no concepts: {error}.") from error

    def save(self, name: str, more: Sequence[int], less: Sequence[int] = ()) -> None:
        """Keep what was marked under a name; a concept of that name is replaced.

        Raises:
            RisError: The name can't be one, nothing is like it, or too much was marked.
            StoreError: The file is damaged, or the disk is full.
            BusyError: Somebody else is writing.
        """
        name = name.strip()
        if not name or len(name) > LONGEST or not name.isprintable() or "=" in name:
            raise RisError(
                f"{name!r:.80} can't be the name of a concept.",
                f"Use 1 to {LONGEST} letters or digits, and no =.",
            )
        if not more:
            raise RisError("Expected pictures that are like the concept, got none.", "Mark some.")
        if len(more) + len(less) > MOST:
            raise RisError(f"A concept can have at most {MOST} marked pictures.", "Mark fewer.")
        with self._collection.writing():
            self._write({**self.all(), name: Concept(tuple(more), tuple(less))})

    def forget(self, name: str) -> None:
        """Drop a concept.

        Raises:
            RisError: There is none of that name.
            StoreError: The file is damaged, or the disk is full.
            BusyError: Somebody else is writing.
        """
        with self._collection.writing():
            known = dict(self.all())
            if known.pop(name, None) is None:
                raise RisError(f"There is no concept {name!r}.")
            self._write(known)

    def _write(self, concepts: Mapping[str, Concept]) -> None:
        told = {
            name: {"more": list(concepts[name].more), "less": list(concepts[name].less)}
            for name in sorted(concepts)
        }
        write_sealed(self._path, {"format": FORMAT, "concepts": told})
