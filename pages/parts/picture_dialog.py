"""One picture in full size over the grid it is in: what is known about it, and where it leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from pathlib import PurePosixPath

import streamlit as st

from pages.parts import notices, pictures, searching, session, words
from pages.parts.crop_view import crop_view
from pages.parts.hit_grid import Card, hit_grid
from pages.parts.place_view import draw_place
from pages.parts.places import places_in_words
from pages.parts.view import item_name
from pages.parts.why_view import draw_look, draw_why
from ris.errors import RisError
from ris.explore.explorer import Explorer
from ris.explore.results import Hit
from ris.images.parts import COLUMNS, split_part
from ris.store.items import Item

NEIGHBOURS = 8


def facts(item: Item, card: Card | None = None) -> dict[str, str]:
    """What is known about an item, and its distance on a card, as labelled words."""
    file, box = split_part(item.path)
    known = {"File": file, "Size": f"{item.width:,} × {item.height:,} pixels"}
    if box is not None:
        known["Place"] = f"{box.x:,} across, {box.y:,} down in the slide"
    elif item.bytes:
        known["Size"] += f", {words.size(item.bytes)}"
    if item.labels:
        known["Label" if len(item.labels) == 1 else "Labels"] = ", ".join(item.labels)
    if card is not None and card.number:
        known["Distance"] = ", ".join(filter(None, [card.number, card.words]))
    told = {} if box is None else COLUMNS  # these say where it lies once more
    known |= {
        name: in_words(value)
        for name, value in item.metadata.items()
        if value is not None and name not in told
    }
    return {name: words.plain(value) for name, value in known.items()}


def in_words(value: object) -> str:
    """What a column of the collection's own holds, as people read it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case datetime():  # of days alone the time is midnight
            return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M}"
    return str(value)


def picture_dialog(
    explorer: Explorer, grid: str, cards: Mapping[int, Card], query: int | bytes | None = None
) -> None:
    """Show the item that is open over a grid, until it is closed.

    Args:
        explorer: The open generation.
        grid: The grid's key.
        cards: Its cards by the items' keys, in their order.
        query: The one picture that the cards are hits of, by key or bytes; None for none.
    """

    # A dialog is a fragment: going on to another picture draws only this again.
    def body() -> None:
        key = searching.opened(grid)
        if key is None:
            return
        try:
            item = explorer.item(key)
        except RisError as problem:  # a generation came in which it is no more
            notices.error(problem)
            return
        draw_steps(grid, list(cards), key)
        near = nearest(explorer, item)
        with st.container(horizontal=True, gap="medium", key="picture"):
            draw_picture(explorer, item, cards.get(key), grid, query)
            with st.container(key="picture-place", width="content"):
                draw_place(explorer, item.key, [hit.item.key for hit in near])
                if told := places_in_words(explorer, near):
                    st.caption(told)
        draw_neighbours(explorer, near, grid)

    st.dialog("Picture", width="large", on_dismiss=lambda: searching.close_item(grid))(body)()


def draw_steps(grid: str, keys: list[int], key: int) -> None:
    """Previous and next, with the arrow keys too."""
    place = keys.index(key) if key in keys else None
    before = keys[place - 1] if place else None
    after = keys[place + 1] if place is not None and place + 1 < len(keys) else None
    with st.container(key="steps", horizontal=True, vertical_alignment="center"):
        for label, to in (("Previous", before), ("Next", after)):
            st.button(
                label,
                key=f"picture-{label}",
                shortcut="Left" if label == "Previous" else "Right",
                disabled=to is None,
                on_click=searching.open_item,
                args=(grid, key if to is None else to),
            )
        if place is not None:
            st.caption(f"{place + 1} of {words.count(len(keys), 'picture')}")
        elif keys:
            back = "Back to the others"
            st.button(back, type="tertiary", on_click=searching.open_item, args=(grid, keys[0]))


def draw_picture(
    explorer: Explorer, item: Item, card: Card | None, grid: str, query: int | bytes | None
) -> None:
    """The picture; beside it what is known about it, what it leads to, and its reconstruction."""
    name = words.name(item.path)
    with st.container(key="full-picture", width="content"):
        alt = f"{name}, {', '.join(item.labels) or 'no label'}"
        boxing = bool(st.session_state.get(f"part-{grid}"))
        try:
            data, mime = explorer.original(item.key)
        except RisError as problem:
            notices.error(problem)
            data, mime = explorer.thumbnail(item.key), "image/webp"
            source = pictures.source(explorer, data, data)
        else:
            source = pictures.source(explorer, item.key, b"")
        if boxing:
            draw_box(item, source, alt, grid)
        else:
            pictures.at(source, alt)
    with st.container(key="picture-facts", width="stretch"):
        st.subheader(words.plain(name), anchor=False)
        st.table(facts(item, card), border="horizontal", hide_header=True)
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Find similar", type="primary", icon=":material/image_search:"):
                searching.ask(items=[item_name(item.key, item.id)])
                search(grid)
            st.toggle(
                "Search with a part",
                key=f"part-{grid}",
                help="Draw a box on the picture and search with what is in it.",
            )
            if st.button("Show on the map", icon=":material/location_on:"):
                session.select(key=item.key)
                searching.close_item(grid)
                session.go_to("map")
            if st.button("Walk from here", icon=":material/linear_scale:"):
                searching.close_item(grid)
                session.go_to("between", {"from": [str(item.key)]})
            if split_part(item.path)[1] is not None and st.button(
                "Show in its slide", icon=":material/grid_on:"
            ):
                searching.close_item(grid)
                session.go_to("slides", {"patch": [str(item.key)]})
            st.download_button(
                "Download",
                # made when it is pressed: what Streamlit keeps is gone after the next run,
                # about which the browser complains (1.67)
                lambda: data,
                file_name=file_name(item.path, mime),
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
            )
        if query is None or query == item.key:
            draw_look(explorer, item.key)
        else:
            st.markdown("**Why it is alike**")
            draw_why(explorer, query, item.key)


def file_name(path: str, mime: str) -> str:
    """What an item is called as a file: that of a patch is a picture of its own."""
    file, box = split_part(path)
    if box is None:
        return PurePosixPath(file).name
    return f"{PurePosixPath(file).stem} {box.x} {box.y}.{mime.partition('/')[2]}"


def draw_box(item: Item, source: str, alt: str, grid: str) -> None:
    """The picture, to draw a box on that is searched with."""
    said = crop_view(source, alt, key=f"part-of-{item.key}")
    if said is not None:
        searching.ask(items=[item_name(item.key, item.id)], crop=said)
        search(grid)


def nearest(explorer: Explorer, item: Item) -> Sequence[Hit]:
    """What is most like an item; nothing, and a word, where that can't be told."""
    try:
        return explorer.similar(item.key, k=NEIGHBOURS).hits
    except RisError as problem:
        notices.error(problem)
        return ()


def draw_neighbours(explorer: Explorer, hits: Sequence[Hit], grid: str) -> None:
    """What is most like it; a click goes on to that picture."""
    st.markdown("**Most like it**")
    near = [
        Card(
            hit.item.key,
            words.name(hit.item.path),
            hit.verdict,
            f"{hit.distance:.3f}",
            hit.item.labels,
        )
        for hit in hits
    ]
    event = hit_grid(
        near, explorer, small=True, name="Most like it", empty="There is no other.", key="near"
    )
    if event is not None and event.kind == "open":
        searching.open_item(grid, event.keys[0])
        st.rerun(scope="fragment")
    if event is not None and event.kind == "similar":
        next_item = explorer.item(event.keys[0])
        searching.ask(items=[item_name(next_item.key, next_item.id)])
        search(grid)


def search(grid: str) -> None:
    """Close the dialog and show what was asked for."""
    searching.close_item(grid)
    searching.go_to_search()
