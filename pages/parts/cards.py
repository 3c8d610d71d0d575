"""Items and hits as cards of the grid, and what a click on a card does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from pages.parts import session, words
from pages.parts.hit_grid import Card, hit_grid
from pages.parts.picture_dialog import picture_dialog
from ris.explore.explorer import Explorer
from ris.explore.results import Hit
from ris.store.items import Item


def title(item: Item) -> str:
    """What an item is called on screens: its file's name."""
    return PurePosixPath(item.path).name


def hit_cards(hits: Sequence[Hit], *, selected: int | None = None) -> list[Card]:
    """Hits as cards, with the distance in words, also how a copy is turned, and as a number."""
    return [
        Card(
            key=hit.item.key,
            title=title(hit.item),
            words=", ".join(
                filter(None, [words.distance(hit.distance), words.turn(hit.turned, hit.mirrored)])
            ),
            number=f"{hit.distance:.3f}",
            labels=hit.item.labels,
            selected=hit.item.key == selected,
        )
        for hit in hits
    ]


def item_cards(items: Sequence[Item]) -> list[Card]:
    """Items as cards, without a distance."""
    return [Card(i.key, title(i), "", "", i.labels) for i in items]


def grid(cards: Sequence[Card], explorer: Explorer, *, key: str) -> int | None:
    """Draw cards; a click on "open" shows the picture, the key of one to look for is given back."""
    ranked = any(card.number for card in cards)
    event = hit_grid(cards, explorer, ranked=ranked, key=key)
    if event is None:
        return None
    if event.kind == "similar":
        return event.key
    number = next((card.number for card in cards if card.key == event.key), "")
    picture_dialog(explorer, event.key, float(number) if number else None)
    return None


def look_for(explorer: Explorer, key: int) -> None:
    """Make an item the query and show the search page."""
    session.ask_item(title(explorer.item(key)), key)
    session.go_to("")
