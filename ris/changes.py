"""What an update of a collection brought, for whoever tells a person of it."""

from dataclasses import asdict, dataclass

from ris.store.manifest import Manifest


@dataclass(frozen=True)
class Changes:
    """What is other about the files than the collection knows, in numbers of files.

    Attributes:
        new: Not known.
        changed: Another picture at a known path; it becomes an item of its own.
        moved: Known, at another path now; the item stays.
        restored: Were gone or removed, and are back.
        gone: Known, not there any more.
        unreadable: Not known, and no picture that can be read.
        same: As they were.
    """

    new: int = 0
    changed: int = 0
    moved: int = 0
    restored: int = 0
    gone: int = 0
    unreadable: int = 0
    same: int = 0

    @property
    def any(self) -> bool:
        """Whether applying them would change the collection."""
        return bool(self.new or self.changed or self.moved or self.restored or self.gone)

    def in_words(self) -> str:
        """For people: "12 new, 1 moved, 3 gone, 2 unreadable"."""
        named = asdict(self)
        same = named.pop("same")
        told = [f"{number:,} {what}" for what, number in named.items() if number]
        return ", ".join(told) if told else f"nothing changed, {same:,} as they were"


@dataclass(frozen=True)
class Updated:
    """What an update brought: the generation that serves now, and what changed."""

    manifest: Manifest
    changes: Changes
