"""Between: from one picture to another through the decoder, and what is really there on the way."""

from __future__ import annotations

from base64 import b64encode
from html import escape

import numpy as np
import streamlit as st

from pages.parts import cards, notices, pictures, ready, session, words
from pages.parts.browser import generation_url
from ris.errors import RisError
from ris.explore.between import Step
from ris.explore.explorer import Explorer
from ris.images.display import png

STEPS = 9


def ends(explorer: Explorer) -> tuple[int, int]:
    """The two items of the address bar; what it does not name is drawn by lot."""
    told = [_key(explorer, name) for name in ("from", "to")]
    random = np.random.default_rng(session.sample_seed())
    clusters = [one.medoid for one in explorer.clusters()]
    some = np.array(clusters if len(clusters) > 1 else explorer.keys[:: 1 + explorer.count // 500])
    others = [int(key) for key in random.permutation(some) if key not in told]
    others = [*others, *explorer.keys[:2].tolist()]
    first = others.pop(0) if told[0] is None else told[0]
    second = others.pop(0) if told[1] is None else told[1]
    return first, second


def _key(explorer: Explorer, name: str) -> int | None:
    text = st.query_params.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        return None
    return int(text) if np.isin(int(text), explorer.keys) else None


def draw_ends(first: int, second: int) -> None:
    """What can be done about the two ends."""
    with st.container(horizontal=True, vertical_alignment="center", key="walk-actions"):
        if st.button("Swap", icon=":material/swap_horiz:"):
            _go(second, first)
        if st.button("Other pictures", icon=":material/shuffle:"):
            session.other_sample()
            st.query_params.update({"from": [], "to": []})
            st.rerun()
        st.page_link("search.py", label="Choose two on the Search page", icon=":material/search:")


def draw_strip(explorer: Explorer, steps: tuple[Step, ...], now: int) -> None:
    """All steps in a row: what the decoder draws, and the nearest real picture below it."""
    base = generation_url(explorer)
    cells = []
    for number, step in enumerate(steps):
        name = words.name(step.nearest.item.path)
        drawn = f"data:image/png;base64,{b64encode(png(step.pixels)).decode()}"
        said = f"Step {number + 1}: drawn"
        near = f"Nearest to it: {name}, {step.nearest.verdict}"
        mark = " now" if number == now else ""
        cells.append(
            f'<li><img class="drawn{mark}" src="{drawn}" alt="{said}">'
            f'<img src="{base}/thumbnails/{step.nearest.item.key}.webp" alt="{escape(near)}" '
            f'title="{escape(near)}"><span>{words.percent(step.share)}</span></li>'
        )
    st.html(f'<ol class="ris-walk" aria-label="The way">{"".join(cells)}</ol>')


def draw_step(explorer: Explorer, step: Step) -> None:
    """One step large: what is drawn beside what is there."""
    hit = step.nearest
    with st.container(key="walk-now"):
        left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Drawn by the decoder**")
        pictures.inline(
            png(step.pixels), "image/png", f"Drawn at {words.percent(step.share)} of the way"
        )
        st.caption(
            f"{words.percent(step.share)} of the way, from the mixed codes of both pictures."
        )
    with right:
        st.markdown("**The nearest real picture**")
        pictures.thumbnail(explorer, hit.item.key, words.name(hit.item.path))
        st.caption(f"{words.plain(words.name(hit.item.path))}, {hit.verdict} ({hit.distance:.3f})")


def _go(first: int, second: int) -> None:
    st.query_params.update({"from": [str(first)], "to": [str(second)]})
    st.rerun()


def main() -> None:
    """Draw the page."""
    explorer = ready.explorer()
    if explorer is None:
        return
    st.title("Between two pictures", anchor=False)
    if explorer.count < 2:
        st.info("There is only one picture in this collection.", icon=":material/info:")
        return
    st.caption(
        "The model keeps a code of each picture. Here the codes of two are mixed step by step and "
        "drawn again, which shows what the model takes to lie between them; below each step is "
        "the picture of the collection that is nearest to it."
    )
    first, second = ends(explorer)
    try:
        steps = explorer.between(first, second, steps=STEPS)
    except RisError as problem:
        notices.error(problem)
        return
    draw_ends(first, second)
    now = st.slider("Step", 1, len(steps), 1 + len(steps) // 2, key="walk-step") - 1
    draw_strip(explorer, steps, now)
    draw_step(explorer, steps[now])
    st.subheader("Met on the way", anchor=False)
    met = list(dict.fromkeys(step.nearest.item.key for step in steps))
    chosen = cards.grid(
        cards.item_cards(explorer.items(met)), explorer, key="walk-met", name="Met on the way"
    )
    if chosen is not None:
        cards.look_for(explorer, chosen)


main()
