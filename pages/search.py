"""Search: pictures in, the pictures most like them out, beside their places on the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.parts import (
    address_bar,
    cards,
    notices,
    pictures,
    ready,
    searching,
    session,
    sorting,
    steer,
    words,
)
from pages.parts.asked import Asked, Problem, resolve, search
from pages.parts.filters import expression
from pages.parts.map_view import map_view
from pages.parts.neighbours_say import draw_said
from pages.parts.picture_input import examples, picture_input
from pages.parts.places import places_in_words
from pages.parts.query_bar import draw_query
from pages.parts.save_map import draw_save, of_search
from pages.parts.search_controls import draw_controls
from pages.parts.view import MOST_HITS, View
from ris.errors import RisError
from ris.explore.explorer import Explorer
from ris.explore.results import SearchResult
from ris.explore.scale import NOTHING

STEP = 48  # more hits at a time, as one scrolls


@dataclass(frozen=True)
class Found:
    """What a view gives.

    Attributes:
        asked: The pictures that are looked for.
        result: Their hits; None without pictures, where each is searched alone, or on a problem.
        where: The filter.
        problems: What is wrong with pictures.
        refused: What is wrong with the filter.
    """

    asked: Sequence[Asked]
    result: SearchResult | None
    where: str | None
    problems: Sequence[Problem]
    refused: RisError | None


def find(explorer: Explorer, view: View) -> Found:
    """What a view gives."""
    asked, problems = resolve(explorer, view)
    result, where, refused = None, None, None
    try:
        if view.filters.where:
            explorer.matching(view.filters.where)  # alone, so that its error is about it alone
        where = expression(view.filters, explorer.columns())
        if where is not None:
            explorer.matching(where)
    except RisError as error:
        refused = error
    if asked and refused is None and not (view.alone and len(asked) > 1):
        try:
            result = search(explorer, asked, k=view.number, view=view, where=where)
        except RisError as error:
            problems = [*problems, Problem(error.message, error.hint)]
    return Found(asked, result, where, problems, refused)


def draw_hits(explorer: Explorer, view: View, found: Found) -> None:
    """The hits as one grid that goes on as far as people scroll."""
    assert found.result is not None
    name = repr((explorer.name, explorer.generation, view))
    number = searching.shown_hits(name, view.number)
    result = found.result
    if number > view.number:
        result = search(explorer, found.asked, k=number, view=view, where=found.where)
    hits = sorting.in_order(result.hits, view.sort)
    steering = steer.steering_of(explorer, view)
    marks = {one.key: "more" if one.more else "less" for one in steering.marks}
    full = len(result.hits) < number or number >= MOST_HITS
    similar = cards.grid(
        cards.hit_cards(hits, marks=marks),
        explorer,
        key="hits-grid",
        marking=True,
        query=found.asked[0].query if len(found.asked) == 1 else None,
        # sorted otherwise, further hits come in between, which nobody wants while scrolling
        more="" if full else "ask" if view.sort else "scroll",
        on_more=lambda: searching.show_more_hits(name, min(MOST_HITS, number + STEP)),
        name="Hits",
        about=repr((view.items, view.pictures, view.filters, view.sort)),
        empty="No picture is left under this filter."
        if found.where
        else "There is no other picture in this collection.",
    )
    if similar is not None:
        cards.look_for(explorer, similar)


def draw_each(explorer: Explorer, view: View, found: Found) -> None:
    """The hits of each picture, one grid after the other."""
    for number, asked in enumerate(found.asked):
        with st.container(horizontal=True, vertical_alignment="center", key=f"each-{number}"):
            pictures.inline(asked.thumbnail, "image/webp", asked.name)
            with st.container(width="stretch"):
                st.subheader(words.plain(asked.name), anchor=False)
            st.button(
                "Only this one",
                key=f"only-{asked.said}",
                icon=":material/image_search:",
                on_click=searching.ask,
                kwargs={"items" if asked.is_item else "pictures": [asked.said]},
            )
        try:
            result = search(explorer, [asked], k=view.number, view=view, where=found.where)
        except RisError as problem:
            notices.error(problem)
            continue
        hits = cards.hit_cards(sorting.in_order(result.hits, view.sort))
        similar = cards.grid(
            hits,
            explorer,
            key=f"hits-of-{number}",
            name=f"Hits of {asked.name}",
            query=asked.query,
        )
        if similar is not None:
            cards.look_for(explorer, similar)


def draw_map(explorer: Explorer, found: Found) -> None:
    """The map with the query and its hits; a click looks for that item."""
    result = found.result
    with st.container(key="beside"):
        event = map_view(
            explorer,
            query=result.place if result else None,
            trail=result.trail if result else (),
            marked=[hit.item.key for hit in result.hits] if result else (),
            height=520,
            key="search-map",
        )
        if result is not None and (told := places_in_words(explorer, result.hits)):
            st.caption(told)
        with st.container(horizontal=True, vertical_alignment="center", key="under-map"):
            with st.container(width="stretch"):
                st.caption("Click a point to find what is like it. Draw around some to collect.")
            draw_save(explorer, None, lambda: of_search(found.asked, result))
    if event is not None and event.kind == "click" and event.key is not None:
        cards.look_for(explorer, event.key)
    elif event is not None and event.polygon:
        session.select(polygon=event.polygon)
        session.go_to("map")


def draw_examples(explorer: Explorer) -> None:
    """Pictures of the collection to start from."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Or start from one of these", anchor=False)
        st.button(
            "Others", icon=":material/shuffle:", type="tertiary", on_click=session.other_examples
        )
    keys = examples(explorer, 12, session.examples_seed())
    picked = cards.grid(
        cards.item_cards(explorer.items(keys)), explorer, key="examples", name="Examples"
    )
    if picked is not None:
        cards.look_for(explorer, picked)


def draw_foreign() -> None:
    """What is to be said of a picture that is foreign to the collection."""
    st.info(
        "**Nothing like this here.** Pictures of this collection are nearer to each other than "
        "these are to what you look for. They are the nearest there are.",
        icon=":material/search_off:",
    )


def draw_answer(explorer: Explorer, view: View, found: Found) -> None:
    """Hits, or what there is in place of them."""
    if found.refused is not None:
        notices.error(found.refused)
    elif found.result is not None:
        if found.result.verdict == NOTHING:
            draw_foreign()
        if view.predict:
            draw_said(explorer, found.result, view.predict)
        st.fragment(draw_hits)(explorer, view, found)
    elif found.asked and not found.problems:
        draw_each(explorer, view, found)
    else:
        draw_examples(explorer)


def main() -> None:
    """Draw the page."""
    explorer = ready.explorer()
    if explorer is None:
        return
    st.title("Search", anchor=False)
    view = address_bar.current()
    found = find(explorer, view)
    picture_input(large=not found.asked)
    for problem in found.problems:
        notices.failure(problem.message, problem.hint)
    if found.asked:
        draw_query(explorer, found.asked, view, found.result)
        draw_controls(explorer, view, found.refused)
    left, right = st.columns([11, 9], gap="medium")
    with left:
        draw_answer(explorer, view, found)
    with right:
        draw_map(explorer, found)


main()
