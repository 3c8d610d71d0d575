"""Slides: large pictures that were cut into patches, and where in them something is found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath

import streamlit as st

from pages.parts import cards, notices, pictures, ready, words
from pages.parts.slide_view import Mark, inside, slide_view
from ris.errors import RisError
from ris.explore.explorer import Explorer
from ris.explore.results import SearchResult
from ris.explore.slides import Slide
from ris.images.decode import decode
from ris.images.parts import Box, split_part
from ris.images.prepare import make_thumbnail

HITS = 24
MARKED = 12  # hits that are outlined


@dataclass(frozen=True)
class Query:
    """What is looked for: a patch by its key, or a part of a slide as a picture file."""

    name: str
    box: Box
    file: str
    asked: int | bytes
    thumbnail: bytes


def choose_slide(explorer: Explorer) -> Slide:
    """Which slide is shown: the one of the address bar, or the first."""
    slides = list(explorer.slides.values())
    told = _number(st.query_params.get("slide", "")) or _number(st.query_params.get("patch", ""))
    shown = next((one for one in slides if told is not None and told in one.keys), slides[0])
    if len(slides) == 1:
        return shown
    names = Counter(PurePosixPath(one.path).name for one in slides)

    def called(one: Slide) -> str:
        name = PurePosixPath(one.path).name
        return name if names[name] == 1 else one.path

    by_path = {one.path: one for one in slides}
    # The key tells which one is shown, so that another one in the address bar is another widget.
    path = st.selectbox(
        "Slide",
        list(by_path),
        index=list(by_path).index(shown.path),
        format_func=lambda one: f"{called(by_path[one])}, {len(by_path[one].keys):,} patches",
        key=f"slide-{shown.keys[0]}",
    )
    if path != shown.path:
        _show(slide=by_path[path])
    return by_path[path]


def query_of(explorer: Explorer, slide: Slide) -> Query | None:
    """What the address bar asks for: a patch, or a box of the slide."""
    key = _number(st.query_params.get("patch", ""))
    if key is not None:
        item = explorer.item(key)
        file, box = split_part(item.path)
        if box is not None:
            return Query(cards.title(item), box, file, key, explorer.thumbnail(key))
    sides = [_number(one) for one in st.query_params.get("box", "").split(",")]
    if len(sides) == 4 and None not in sides:
        box = inside(slide, Box(*(side or 0 for side in sides)))
        if box is not None:
            data = explorer.part(slide.path, box)
            name = f"{box.width:,} × {box.height:,} pixels at {box.x:,}, {box.y:,}"
            return Query(name, box, slide.path, data, make_thumbnail(decode(data)))
    return None


def draw_slide(
    explorer: Explorer, slide: Slide, query: Query | None, result: SearchResult | None
) -> None:
    """The slide, the heat map over it, and what can be done there."""
    distances, strength = None, 0.0
    if query is not None:
        strength = st.slider("Heat map", 0, 100, 60, 5, format="%d %%", key="heat-strength") / 100
        distances = explorer.distances(query.asked, slide.keys)
    marks = []
    for hit in result.hits[:MARKED] if result else ():
        file, box = split_part(hit.item.path)
        if file == slide.path and box is not None:
            marks.append(Mark(box, "hit", str(hit.rank)))
    if query is not None and query.file == slide.path:
        marks.append(Mark(query.box, "query"))
    name = PurePosixPath(slide.path).name
    event = slide_view(
        explorer,
        slide,
        name=f"{name}, {slide.width:,} × {slide.height:,} pixels",
        distances=distances,
        strength=strength,
        marks=marks,
        key="slide-view",
    )
    st.caption(
        "Light is alike, dark is not. "
        * (query is not None)
        + "Click a patch, or draw a box, to find what is like it. "
        "With the keyboard: arrow keys and Enter."
    )
    if event is None:
        return
    if event.box is not None:
        _show(slide=slide, box=event.box)
    elif event.point is not None:
        key = slide.at(*event.point)
        if key is None:
            st.toast("That part is nearly empty and was left out. Draw a box around it instead.")
        else:
            _show(slide=slide, patch=key)


def draw_hits(
    explorer: Explorer, slide: Slide, query: Query | None, result: SearchResult | None
) -> None:
    """What is most like the query, and in which slides."""
    if query is None or result is None:
        st.subheader("Find parts that look alike", anchor=False)
        st.markdown(
            f"This slide has {words.count(len(slide.keys), 'patch', 'patches')} of "
            f"{slide.boxes[0, 2]} × {slide.boxes[0, 3]} pixels.\n\n"
            "- **Click** a patch to find the ones like it.\n"
            "- **Draw a box** around anything to find what is like that."
        )
        return
    with st.container(horizontal=True, vertical_alignment="center", key="slide-query"):
        pictures.inline(query.thumbnail, "image/webp", f"What is looked for: {query.name}")
        with st.container(width="stretch", gap=None):
            st.markdown(f"**{words.plain(query.name)}**")
            st.caption(found_in_words(result, slide))
        st.button("Clear", icon=":material/close:", on_click=_clear)
    chosen = cards.grid(
        cards.hit_cards(result.hits),
        explorer,
        key="slide-hits",
        name="Patches most like it",
        query=query.asked,
    )
    if chosen is not None:
        _show(slide=slide, patch=chosen)


def found_in_words(result: SearchResult, slide: Slide) -> str:
    """How many hits lie in which slides."""
    counts = Counter(split_part(hit.item.path)[0] for hit in result.hits)
    here = counts.pop(slide.path, 0)
    told = f"{words.count(len(result.hits), 'hit')}, {here} in this slide"
    if counts:
        others = [f"{number} in {PurePosixPath(path).name}" for path, number in counts.items()]
        told += ", " + ", ".join(words.plain(one) for one in others[:3])
        told += f" and {len(others) - 3} more" if len(others) > 3 else ""
    return f"{told}."


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _show(slide: Slide, *, patch: int | None = None, box: Box | None = None) -> None:
    """Ask for something else, as a step of the browser's history."""
    said = {"slide": [str(int(slide.keys[0]))], "patch": [], "box": []}
    if patch is not None:
        said["patch"] = [str(patch)]
    elif box is not None:
        said["box"] = [",".join(map(str, box))]
    st.query_params.update(said)
    st.rerun()


def _clear() -> None:
    st.query_params.update({"patch": [], "box": []})


def main() -> None:
    """Draw the page."""
    explorer = ready.explorer()
    if explorer is None:
        return
    st.title("Slides", anchor=False)
    if not explorer.slides:
        st.info(
            "The pictures of this collection are whole. Large ones, such as scanned slides or "
            "maps, can be cut into patches that are found one by one: choose that when you make "
            "a collection of a folder.",
            icon=":material/grid_on:",
        )
        st.page_link("collection.py", label="Make a collection", icon=":material/add:")
        return
    slide = choose_slide(explorer)
    query, result = None, None
    try:
        query = query_of(explorer, slide)
        if isinstance(query, Query) and isinstance(query.asked, int):
            result = explorer.similar(query.asked, k=HITS)
        elif query is not None:
            result = explorer.search(query.asked, k=HITS)
    except RisError as problem:
        notices.error(problem)
    with st.container(key="stacked"):
        left, right = st.columns([3, 2], gap="medium")
    with left:
        draw_slide(explorer, slide, query, result)
    with right:
        draw_hits(explorer, slide, query, result)


main()
