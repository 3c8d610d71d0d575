"""What a view looks for, as pictures: items of the collection, and pictures from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pages.parts import searching, words
from pages.parts.crop_view import crop_of
from pages.parts.steer import steering_of
from pages.parts.view import View, item_of
from ris.errors import RisError
from ris.explore.explorer import Explorer
from ris.explore.results import SearchResult


@dataclass(frozen=True)
class Asked:
    """One picture that is looked for.

    Attributes:
        said: How the view says it.
        name: What it is called on screens.
        thumbnail: A small WebP file of it.
        query: What the core takes: an item's key, or a file's bytes.
    """

    said: str
    name: str
    thumbnail: bytes
    query: int | bytes

    @property
    def is_item(self) -> bool:
        """Whether it is of the collection."""
        return isinstance(self.query, int)


@dataclass(frozen=True)
class Problem:
    """A picture that can't be looked for: why, and what to do."""

    message: str
    hint: str


def resolve(explorer: Explorer, view: View) -> tuple[list[Asked], list[Problem]]:
    """The pictures of a view, and what is wrong with those that can't be looked for."""
    found: list[Asked] = []
    problems: list[Problem] = []
    for said in view.items:
        try:
            found.append(_item(explorer, said))
        except RisError:
            message = "A picture that this link names is not in this collection any more."
            problems.append(Problem(message, "Drop another, or start from one below."))
    for said in view.pictures:
        kept = searching.picture(said)
        if kept is None:
            message = "The picture of this link is not kept any more."
            problems.append(Problem(message, "Drop it here again."))
            continue
        try:
            seen = searching.preview(said, kept.data, explorer)
        except RisError as problem:
            hint = problem.hint or "Give another picture."
            problems.append(Problem(f"{kept.name}: {problem.message}", hint))
            continue
        found.append(Asked(said, kept.name, seen.thumbnail, kept.data))
    return found, problems


def search(
    explorer: Explorer, asked: Sequence[Asked], *, k: int, view: View, where: str | None
) -> SearchResult:
    """The hits of one picture, or of several together, as a view wants them."""
    steering = steering_of(explorer, view)
    return searching.hits(
        str(explorer.collection.folder),
        explorer.manifest.sha256,
        tuple(each.said for each in asked),
        k,
        view.copies,
        where,
        explorer.tags_version if where else "",
        crop_of(view) if len(asked) == 1 else None,
        steering,
        repr(explorer.concepts()) if steering.concepts else "",
        explorer,
        [each.query for each in asked],
    )


def heading(asked: Sequence[Asked]) -> str:
    """What is looked for, in words."""
    return asked[0].name if len(asked) == 1 else words.count(len(asked), "picture")


def _item(explorer: Explorer, said: str) -> Asked:
    key, seal = item_of(said)
    item = explorer.item(key)
    if not item.id.startswith(seal):
        raise RisError("That is another picture.")
    return Asked(said, words.name(item.path), explorer.thumbnail(key), key)
