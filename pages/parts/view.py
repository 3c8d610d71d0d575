"""What the Search page shows, as the address bar says it: a link to it opens the same page.

In come a query string's parameters, out goes a `View`, and back. Everything in a link may have been
written by anybody: what makes no sense is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pages.parts.filters import Filters

NUMBERS = (12, 24, 48, 96)
NUMBER = 24
MOST_HITS = 600  # to which the grid can be scrolled
MOST_PICTURES = 16  # of one query
_ITEM = re.compile(r"(\d{1,18})(?:-([0-9a-f]{1,64}))?")
_MARK = re.compile(rf"(?:more|less)-(?:{_ITEM.pattern})")
_CONCEPT = re.compile(r"-?[01]\.\d\d-.{1,60}")
_CROP = re.compile(r"(?:[01]\.\d{1,4},){3}[01]\.\d{1,4}")
MOST_MARKS = 100
_PICTURE = re.compile(r"[0-9a-f]{64}")
_SEAL = 8


@dataclass(frozen=True)
class View:
    """What is looked for, and how.

    Attributes:
        items: Items of the collection, as `item_name` gives them.
        pictures: Content ids of pictures from outside.
        alone: Whether several are searched each by itself, not as one query.
        number: How many hits at first.
        copies: Whether turned and mirrored copies are looked for too.
        sort: What the hits are sorted by; "" by distance.
        marks: What more or less is wanted of, in order: `more-` or `less-` and an item's name.
        concepts: Concepts and how much of them is wanted: `0.50-` and a name.
        crop: The part of the one picture that is looked for, as `crop_said` gives it; "" for all.
        predict: The column of which it is told what the hits say; "" for none.
        filters: What else hits must be.
    """

    items: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    alone: bool = False
    number: int = NUMBER
    copies: bool = False
    sort: str = ""
    marks: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    crop: str = ""
    predict: str = ""
    filters: Filters = field(default_factory=Filters)

    @property
    def asks(self) -> int:
        """How many pictures are looked for."""
        return len(self.items) + len(self.pictures)

    def of_another_collection(self) -> View:
        """What of it makes sense in another collection: items, columns and labels do not."""
        return replace(
            self,
            items=(),
            sort="",
            marks=(),
            concepts=(),
            crop="",
            predict="",
            filters=Filters(),
        )


def item_name(key: int, identifier: str) -> str:
    """An item in a link: its key, and the beginning of its content id, so that the same key in
    another collection is not taken for it."""
    return f"{key}-{identifier[:_SEAL]}"


def item_of(name: str) -> tuple[int, str]:
    """Key and beginning of the content id of an item in a link."""
    key, _, seal = name.partition("-")
    return int(key), seal


def read(parameters: Mapping[str, Sequence[str]]) -> View:
    """The view that a query string's parameters state."""

    def one(name: str) -> str:
        return next(iter(parameters.get(name, ())), "")

    def some(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(filter(None, parameters.get(name, ()))))

    number = one("k")
    items = tuple(item for item in some("item") if _ITEM.fullmatch(item))
    pictures = tuple(picture for picture in some("query") if _PICTURE.fullmatch(picture))
    pictures = pictures[: max(0, MOST_PICTURES - len(items))]
    valid = number.isdecimal() and len(number) < 5 and 1 <= int(number) <= MOST_HITS
    return View(
        items=items[:MOST_PICTURES],
        pictures=pictures,
        alone=one("alone") == "true",
        number=int(number) if valid else NUMBER,
        copies=one("copies") == "true",
        sort=one("sort"),
        marks=tuple(mark for mark in some("mark") if _MARK.fullmatch(mark))[:MOST_MARKS],
        concepts=tuple(said for said in some("concept") if _CONCEPT.fullmatch(said)),
        crop=one("crop") if _CROP.fullmatch(one("crop")) else "",
        predict=one("predict"),
        filters=Filters(
            some("label"),
            one("folder"),
            one("column"),
            some("value"),
            one("least"),
            one("most"),
            one("where"),
            some("tag"),
        ),
    )


def write(view: View) -> dict[str, list[str]]:
    """All parameters of a view; those that are as they are without being said are empty."""
    filters = view.filters
    said = {
        "item": view.items,
        "query": view.pictures,
        "alone": ["true"] if view.alone and view.asks > 1 else [],
        "k": [str(view.number)] if view.number != NUMBER else [],
        "copies": ["true"] if view.copies else [],
        "sort": [view.sort],
        "mark": view.marks,
        "concept": view.concepts,
        "crop": [view.crop if view.asks == 1 else ""],
        "predict": [view.predict],
        "label": filters.labels,
        "tag": filters.tags,
        "folder": [filters.folder],
        "column": [filters.column],
        "value": filters.values,
        "least": [filters.least],
        "most": [filters.most],
        "where": [filters.where],
    }
    return {name: [value for value in values if value] for name, values in said.items()}
