"""Two duplicates side by side: what differs, which file is better, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

import streamlit as st

from pages.parts import notices, pictures, session, words
from ris import trash
from ris.errors import RisError
from ris.explore.explorer import Explorer
from ris.images.compare import difference, sharpness
from ris.images.parts import split_part
from ris.store.dismissed import Dismissed
from ris.store.items import Item

SHARPER = 1.1  # times; what compression and noise change is no sharpness


@dataclass(frozen=True)
class Suggestion:
    """Which of two files is better: "left", "right", or "" where they are as good; and why."""

    side: str
    reason: str


def suggest(left: Item, right: Item, sharp: tuple[float, float]) -> Suggestion:
    """The better file: of more pixels, else visibly sharper, else larger."""
    pixels = left.width * left.height, right.width * right.height
    if pixels[0] != pixels[1]:
        return Suggestion("left" if pixels[0] > pixels[1] else "right", "more pixels")
    if max(sharp) > SHARPER * min(sharp):
        return Suggestion("left" if sharp[0] > sharp[1] else "right", "sharper")
    if left.bytes != right.bytes:
        return Suggestion("left" if left.bytes > right.bytes else "right", "a larger file")
    return Suggestion("", "")


def draw_pair(
    explorer: Explorer, left: Item, right: Item, distance: float, *, skip: Callable[[], None]
) -> None:
    """A pair, and the buttons that decide it.

    Args:
        explorer: The open generation.
        left: One item.
        right: The other.
        distance: Between the two.
        skip: Goes on to the next pair without deciding this one.
    """
    try:
        seen = [explorer.thumbnail(item.key) for item in (left, right)]
        shown, share = difference(*seen)
        sharp = sharpness(seen[0]), sharpness(seen[1])
    except RisError:
        shown, share, sharp = b"", 0.0, (0.0, 0.0)
    better = suggest(left, right, sharp)
    with st.container(key="pair"):
        columns = st.columns([4, 3, 4], gap="medium")
    with columns[0]:
        _draw_side(explorer, left, "Left", better.reason if better.side == "left" else "")
    with columns[1]:
        st.markdown("**Difference**")
        if shown:
            pictures.inline(shown, "image/png", f"Where they differ: {words.percent(share)}")
        told = "The same bytes." if left.id == right.id else f"Distance {distance:.3f}. "
        if left.id != right.id and shown:
            told += (
                "No pixel differs to the eye." if share < 0.002 else "Light is where they differ."
            )
        st.caption(told)
    with columns[2]:
        _draw_side(explorer, right, "Right", better.reason if better.side == "right" else "")
    _draw_choices(explorer, left, right, better, skip)


def _draw_side(explorer: Explorer, item: Item, side: str, better: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{side}**")
        if better:
            st.badge(f"Better: {better}", icon=":material/thumb_up:", color="green")
    pictures.original(explorer, item.key, f"{side}: {words.name(item.path)}")
    file, box = split_part(item.path)
    facts = {
        "File": words.name(item.path),
        "Folder": str(PurePosixPath(file).parent),
        "Size": f"{item.width:,} × {item.height:,} pixels"
        + (f", {words.size(item.bytes)}" if box is None else ""),
    }
    if item.labels:
        facts["Label"] = ", ".join(item.labels)
    st.table(
        {name: words.plain(value) for name, value in facts.items()},
        border="horizontal",
        hide_header=True,
    )


def _draw_choices(
    explorer: Explorer, left: Item, right: Item, better: Suggestion, skip: Callable[[], None]
) -> None:
    busy = session.busy()
    help_busy = "A job of this collection runs. Wait until it has finished." if busy else None
    with st.container(horizontal=True, horizontal_alignment="center", key="pair-choices"):
        for side, kept, gone, shortcut in (
            ("left", left, right, "Left"),
            ("right", right, left, "Right"),
        ):
            st.button(
                f"Keep {side}",
                icon=":material/arrow_back:" if side == "left" else ":material/arrow_forward:",
                icon_position=side,
                type="primary" if better.side == side else "secondary",
                shortcut=shortcut,
                disabled=busy,
                help=help_busy or "The other file goes to the collection's trash.",
                key=f"keep-{side}",
                on_click=_keep,
                args=(explorer, kept, gone),
            )
        st.button(
            "Keep both",
            icon=":material/done_all:",
            shortcut="B",
            help="They are duplicates, but both stay. This pair is not shown again.",
            on_click=_dismiss,
            args=(explorer, left, right, "kept both"),
        )
        st.button(
            "Not a duplicate",
            icon=":material/close:",
            shortcut="N",
            help="Remembered for good, after retraining too.",
            on_click=_dismiss,
            args=(explorer, left, right, "not a duplicate"),
        )
        st.button("Skip", icon=":material/skip_next:", type="tertiary", shortcut="S", on_click=skip)


def _keep(explorer: Explorer, kept: Item, gone: Item) -> None:
    try:
        entry = trash.throw_away(explorer.collection, gone.key, kept=kept.key)
    except RisError as problem:
        session.note_problem(problem)
        return
    session.note_decision(("trash", entry.number, words.name(gone.path)))


def _dismiss(explorer: Explorer, left: Item, right: Item, action: str) -> None:
    try:
        Dismissed(explorer.collection).add(left, right)
        trash.note(explorer.collection, action, left.key, right.key)
    except RisError as problem:
        session.note_problem(problem)
        return
    session.note_decision((action, f"{left.key} {right.key}", ""))


def draw_last(explorer: Explorer) -> None:
    """What was decided last, with a way back; and what could not be done."""
    problem = session.take_problem()
    if problem is not None:
        notices.error(problem)
    last = session.last_decision()
    if last is None:
        return
    kind, what, name = last
    said = {
        "trash": f"“{words.plain(name)}” is in the collection's trash.",
        "kept both": "Both stay.",
        "not a duplicate": "Noted: they are no duplicates.",
    }[kind]
    with st.container(horizontal=True, vertical_alignment="center", key="decided-last"):
        st.markdown(said)
        st.button(
            "Undo",
            icon=":material/undo:",
            type="tertiary",
            shortcut="U",
            on_click=_undo,
            args=(explorer, kind, what),
        )


def _undo(explorer: Explorer, kind: str, what: str) -> None:
    try:
        if kind == "trash":
            trash.undo(explorer.collection, what)
        else:
            one, other = explorer.items([int(key) for key in what.split()])
            Dismissed(explorer.collection).forget(one, other)
            trash.note(explorer.collection, f"undone: {kind}", one.key, other.key)
    except RisError as problem:
        session.note_problem(problem)
    else:
        session.note_decision(None)


def draw_trash(explorer: Explorer) -> None:
    """What is in the trash, the log, and a way back for each."""
    entries = trash.listed(explorer.collection)
    log = explorer.collection.folder / "trash" / trash.LOG
    if not entries and not log.exists():
        return
    with st.expander(f"Trash: {words.count(len(entries), 'picture')}", icon=":material/delete:"):
        st.caption(
            "Nothing was erased. The files lie in the folder of the collection, in "
            f"{words.plain(str(log.parent))}; empty it whenever you like."
        )
        if log.exists():
            st.download_button(
                "Log (CSV)",
                log.read_bytes,
                file_name=f"{explorer.name} trash.csv",
                mime="text/csv",
                icon=":material/download:",
                on_click="ignore",
            )
        for entry in entries[:50]:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    "Bring back",
                    icon=":material/undo:",
                    key=f"back-{entry.number}",
                    on_click=_undo,
                    args=(explorer, "trash", entry.number),
                )
                st.markdown(words.plain(entry.path))
        if len(entries) > 50:
            st.caption(f"And {len(entries) - 50:,} more, which the log names.")
