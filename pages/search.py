"""Search: a picture in, the pictures most like it out, beside their places on the map."""

from __future__ import annotations

import streamlit as st

from pages.parts import cards, notices, ready, session, words
from pages.parts.map_view import map_view
from pages.parts.picture_input import examples, picture_input
from ris.errors import RisError
from ris.explore.explorer import Explorer
from ris.explore.results import SearchResult

NUMBERS = (12, 24, 48, 96)
COPIES_HELP = "Also finds turned and mirrored copies of the picture. Takes several times as long."


def search(explorer: Explorer, query: session.Query, number: int, *, copies: bool) -> SearchResult:
    """The hits of a query."""
    if query.key is not None:
        return explorer.similar(query.key, k=number, copies=copies)
    return explorer.search(query.data, k=number, copies=copies)


def ask(*, large: bool) -> tuple[int, bool]:
    """Ask for a picture and, once there is something to find, for the number of hits and whether
    copies are wanted."""
    if large:
        with st.container(key="ask-large"):
            picture_input()
        return NUMBERS[1], False
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width="stretch"):
            picture_input()
        number = st.segmented_control(
            "Number of hits", NUMBERS, default=24, required=True, key="hits", bind="query-params"
        )
        copies = st.toggle(
            "Find copies", help=COPIES_HELP, key="copies", bind="query-params", width="content"
        )
    return number or NUMBERS[1], copies


def draw_query(explorer: Explorer, query: session.Query, result: SearchResult) -> None:
    """The bar that stays in view: what is looked for, and what was found."""
    with st.container(key="query-bar", horizontal=True, vertical_alignment="center"):
        data = explorer.thumbnail(query.key) if query.key is not None else query.data
        st.image(data, alt=f"What is looked for: {query.name}")
        with st.container(width="stretch", gap=None):
            st.markdown(f"**{words.plain(query.name)}**")
            source = "From this collection" if query.key is not None else "Your picture"
            found = words.count(len(result.hits), "hit")
            st.caption(f"{source}. {found} in {result.milliseconds:.1f} ms.")
        st.button("Clear", icon=":material/close:", on_click=session.clear_query)


def draw_map(explorer: Explorer, result: SearchResult | None) -> None:
    """The map with the query and its hits; a click looks for that item."""
    with st.container(key="beside"):
        event = map_view(
            explorer,
            query=result.place if result else None,
            marked=[hit.item.key for hit in result.hits] if result else (),
            height=520,
            key="search-map",
        )
        st.caption("Click a point to find what is like it. Draw around points to collect them.")
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
    picked = cards.grid(cards.item_cards(explorer.items(keys)), explorer, key="examples")
    if picked is not None:
        cards.look_for(explorer, picked)


def main() -> None:
    """Draw the page."""
    explorer = ready.explorer()
    if explorer is None:
        return
    st.title("Search", anchor=False)
    query = session.query()
    result = None
    number, copies = ask(large=query is None)
    if query is not None:
        try:
            result = search(explorer, query, number, copies=copies)
        except RisError as problem:
            notices.failure(f"{query.name}: {problem.message}", problem.hint)
        else:
            draw_query(explorer, query, result)
    left, right = st.columns([11, 9], gap="medium")
    with left:
        if result is None:
            draw_examples(explorer)
        else:
            similar = cards.grid(cards.hit_cards(result.hits), explorer, key="hits-grid")
            if similar is not None:
                cards.look_for(explorer, similar)
    with right:
        draw_map(explorer, result)


main()
