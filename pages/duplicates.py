"""Duplicates: exact copies, the same picture in other files, near-duplicates; pair by pair."""

from __future__ import annotations

from itertools import islice

import numpy as np
import streamlit as st

from pages.parts import cards, notices, ready, session, words
from pages.parts.duplicate_pair import draw_last, draw_pair, draw_trash
from pages.parts.export_menu import draw_export
from ris.errors import RisError
from ris.explore.duplicates import KINDS, Group, Kind, to_review
from ris.explore.explorer import Explorer
from ris.progress import Progress
from ris.store.dismissed import Dismissed

NAMES: dict[Kind, str] = {
    "exact": "Exact copies",
    "same": "Same picture",
    "near": "Near-duplicates",
}
MEANING: dict[Kind, str] = {
    "exact": "Files of the same bytes.",
    "same": "The same picture in other files: scaled, compressed anew, brightened, lightly cut.",
    "near": "Pictures that are nearly the same, such as those of one burst. Look twice.",
}
MOST = 2000  # pairs of a kind that are lined up


def find(explorer: Explorer) -> tuple[Group, ...]:
    """All groups; with a bar for as long as that takes."""
    bar = st.empty()

    def on_progress(progress: Progress) -> None:
        share = progress.done / max(progress.total or 1, 1)
        said = f"Comparing {words.count(explorer.count, 'picture')}"
        bar.progress(min(share, 1.0), said)

    found = explorer.duplicates(on_progress=on_progress)
    bar.empty()
    return found


def pairs_of(explorer: Explorer, found: list[Group]) -> list[tuple[Group, tuple[int, int]]]:
    """The pairs to decide, those that were put off last."""
    dismissed = Dismissed(explorer.collection)
    names = {key: None for group in found for key in group.keys}
    items = dict(zip(names, explorer.items(list(names)), strict=True))

    def decided(one: int, other: int) -> bool:
        return dismissed.has(items[one], items[other])

    lined_up = ((group, pair) for group in found for pair in to_review(group, decided))
    waiting = list(islice(lined_up, MOST))
    put_off = session.skipped_pairs()
    return sorted(waiting, key=lambda one: one[1] in put_off)


def draw_kinds(found: tuple[Group, ...]) -> Kind:
    """How many there are of each kind; the one that is looked at."""
    extra = {
        kind: sum(len(group.keys) - 1 for group in found if group.kind == kind) for kind in KINDS
    }
    usual = next((kind for kind in KINDS if extra[kind]), "exact")
    kind = st.segmented_control(
        "Kind of duplicates",
        KINDS,
        default=usual,
        required=True,
        format_func=lambda one: f"{NAMES[one]} {extra[one]:,}",
        label_visibility="collapsed",
        key="duplicates-kind",
    )
    st.caption(MEANING[kind or usual])
    return kind or usual


def draw_group(explorer: Explorer, group: Group) -> None:
    """The whole group, where it is of more than two."""
    if len(group.keys) < 3:
        return
    with st.expander(f"All {len(group.keys)} of this group", icon=":material/photo_library:"):
        items = explorer.items(group.keys[:48])
        chosen = cards.grid(cards.item_cards(items), explorer, key="duplicates-group")
        if chosen is not None:
            cards.look_for(explorer, chosen)


def main() -> None:
    """Draw the page."""
    explorer = ready.explorer()
    if explorer is None:
        return
    st.title("Duplicates", anchor=False)
    try:
        found = find(explorer)
        kind = draw_kinds(found)
        of_kind = [group for group in found if group.kind == kind]
        waiting = pairs_of(explorer, of_kind)
    except RisError as problem:
        notices.error(problem)
        return
    draw_last(explorer)
    if not waiting:
        st.success(
            f"No {NAMES[kind].lower()} are left to decide."
            if found
            else "There are no duplicates in this collection.",
            icon=":material/check_circle:",
        )
    else:
        group, pair = waiting[0]
        left, right = explorer.items(pair)
        with st.container(horizontal=True, vertical_alignment="center", key="pairs-left"):
            more = "" if len(waiting) < MOST else "+"
            st.markdown(f"**{len(waiting):,}{more} left to decide**", width="stretch")
            keys = np.array([key for group in of_kind for key in group.keys], np.int64)
            draw_export(explorer, keys, title=NAMES[kind])
        distance = float(explorer.distances(left.key, np.array([right.key]))[0])
        draw_pair(explorer, left, right, distance, skip=lambda: session.skip_pair(pair))
        draw_group(explorer, group)
    draw_trash(explorer)


main()
