"""Where a search is to go: what was marked as more or less wanted, and concepts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import streamlit as st

from pages.parts import notices, pictures, searching, words
from pages.parts.view import MOST_MARKS, View, item_name, item_of
from ris.errors import RisError
from ris.explore.explorer import Explorer
from ris.explore.steering import Mark, Steering
from ris.store.concepts import Concepts

_CONCEPT = "ris.concept."  # keys of the sliders


def steering_of(explorer: Explorer, view: View) -> Steering:
    """What a view says of it; what is gone meanwhile is passed over."""
    marks = []
    for said in view.marks:
        wanted, _, name = said.partition("-")
        key, seal = item_of(name)
        with suppress(RisError):
            if explorer.item(key).id.startswith(seal):
                marks.append(Mark(key, wanted == "more"))
    known = explorer.concepts() if view.concepts else {}
    amounts = tuple((name, amount) for name, amount in amounts_of(view).items() if name in known)
    return Steering(tuple(marks), amounts)


def amounts_of(view: View) -> dict[str, float]:
    """How much is wanted of which concept."""
    found = {}
    for said in view.concepts:
        sign, rest = (-1, said[1:]) if said.startswith("-") else (1, said)
        amount, _, name = rest.partition("-")
        found[name] = max(-1.0, min(1.0, sign * float(amount)))
    return found


def mark(explorer: Explorer, keys: Sequence[int], wanted: str) -> None:
    """Mark items as "more" or "less" wanted; marked so already, they are so no more."""
    shown = searching.view()
    names = [item_name(item.key, item.id) for item in explorer.items(keys)]
    new = [f"{wanted}-{name}" for name in names]
    if set(new) <= set(shown.marks):
        unmark(names)
        return
    others = [said for said in shown.marks if said.partition("-")[2] not in names]
    searching.show(replace(shown, marks=tuple([*others, *new][-MOST_MARKS:])))


def unmark(names: Sequence[str]) -> None:
    """Forget marks."""
    shown = searching.view()
    left = tuple(said for said in shown.marks if said.partition("-")[2] not in names)
    searching.show(replace(shown, marks=left))


def clear_marks() -> None:
    """Forget all marks."""
    searching.show(replace(searching.view(), marks=()))


def draw_steering(explorer: Explorer, view: View) -> None:
    """What is marked, and the concepts there are; each behind a button."""
    steering = steering_of(explorer, view)
    if steering.marks:
        more = sum(mark.more for mark in steering.marks)
        less = len(steering.marks) - more
        told = ", ".join(f"{n} {w}" for n, w in ((more, "more"), (less, "less")) if n)
        # its name changes with what was marked, which closes it: as it should be after a change
        with st.popover(f"Marked: {told}", icon=":material/thumbs_up_down:"):
            draw_marks(explorer, steering)
    try:
        known = list(explorer.concepts())
    except RisError as problem:
        notices.error(problem)
        return
    if known:
        with st.popover("Concepts", icon=":material/tune:", key="concepts"):
            draw_concepts(explorer, view, known)


def draw_marks(explorer: Explorer, steering: Steering) -> None:
    """The marked pictures, and a way to keep them as a concept."""
    for one in steering.marks:
        item = explorer.item(one.key)
        name = item.path.rsplit("/", 1)[-1]
        with st.container(horizontal=True, vertical_alignment="center", key=f"mark-{one.key}"):
            pictures.thumbnail(explorer, one.key, name)
            st.markdown(f"**{'More' if one.more else 'Less'}** {words.plain(name)}")
            st.button(
                "Forget",
                key=f"unmark-{one.key}",
                help=f"Forget the mark on {name}",
                icon=":material/close:",
                type="tertiary",
                on_click=unmark,
                args=([item_name(item.key, item.id)],),
            )
    st.caption(
        "The query moves towards the mean of what you want more of (weight 0.75) and away from "
        "that of what you want less of (0.25). The map shows its trail."
    )
    st.button("Forget all marks", icon=":material/clear_all:", on_click=clear_marks)
    with st.form("save-concept", border=False):
        name = st.text_input(
            "Keep as a concept",
            placeholder="Name, such as night",
            help="Concepts stay with the collection, also when the model is retrained. Each is a "
            "slider for later searches.",
        )
        if st.form_submit_button("Keep", icon=":material/bookmark_add:"):
            keep(explorer, name or "", steering)


def keep(explorer: Explorer, name: str, steering: Steering) -> None:
    """Keep what is marked as a concept; the search goes on with that in place of the marks."""
    more = [one.key for one in steering.marks if one.more]
    less = [one.key for one in steering.marks if not one.more]
    try:
        Concepts(explorer.collection).save(name, more, less)
    except RisError as problem:
        notices.error(problem)
        return
    shown = searching.view()
    wanted = {**amounts_of(shown), name.strip(): 1.0}
    searching.show(replace(shown, marks=(), concepts=_said(wanted)))
    st.toast(f"“{words.plain(name.strip())}” is kept with the collection.")
    st.rerun()


def draw_concepts(explorer: Explorer, view: View, known: Sequence[str]) -> None:
    """A slider for each concept."""
    wanted = amounts_of(view)
    for name in known:
        st.session_state[_CONCEPT + name] = wanted.get(name, 0.0)
        with st.container(horizontal=True, vertical_alignment="bottom", key=f"concept-{name}"):
            st.slider(
                words.plain(name),
                -1.0,
                1.0,
                step=0.25,
                format="%+.2f",
                key=_CONCEPT + name,
                on_change=_slide,
                args=(name,),
                width=240,
            )
            st.button(
                "Drop",
                key=f"drop-{name}",
                help=f"Drop the concept {name} from the collection",
                icon=":material/delete:",
                type="tertiary",
                on_click=_drop,
                args=(explorer, name),
            )
    st.caption("To the right for more of it, to the left for less.")


def _slide(name: str) -> None:
    shown = searching.view()
    wanted = {**amounts_of(shown), name: float(st.session_state[_CONCEPT + name])}
    searching.show(replace(shown, concepts=_said(wanted)))


def _drop(explorer: Explorer, name: str) -> None:
    with suppress(RisError):  # dropped in another tab meanwhile
        Concepts(explorer.collection).forget(name)
    shown = searching.view()
    left = {one: amount for one, amount in amounts_of(shown).items() if one != name}
    searching.show(replace(shown, concepts=_said(left)))


def _said(amounts: dict[str, float]) -> tuple[str, ...]:
    return tuple(f"{amount:.2f}-{name}" for name, amount in amounts.items() if amount)
