"""How hits are filtered and sorted, how many there are, and whether copies are looked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import streamlit as st

from pages.parts import notices, searching, sorting, steer
from pages.parts.filters import Filters
from pages.parts.view import NUMBERS, View
from ris.errors import RisError
from ris.explore.explorer import Explorer
from ris.store.columns import Summary

COPIES_HELP = "Also finds turned and mirrored copies of the picture. Takes several times as long."
PREDICT_HELP = (
    "What this picture would be by its nearest: nearer hits count more. How often that is right is "
    "told by leaving pictures of this collection out one by one."
)
HELP = (
    'Written as in Python: `label == "cat" and width >= 1000`, `"beach" in path`, '
    '`modified >= "2026-01-31"`, with `and`, `or`, `not`, `in`.'
)
COMMON = {
    "width": "Width",
    "height": "Height",
    "bytes": "File size in bytes",
    "modified": "Changed",
}
NOT_OFFERED = {"label", "labels", "folder", "path", "id", "key", "image", *COMMON}


def draw_controls(explorer: Explorer, view: View, problem: RisError | None) -> None:
    """The row of controls over the hits.

    Args:
        explorer: The open generation.
        view: What they show.
        problem: What can't be understood of the filters.
    """
    with st.container(key="controls", horizontal=True, vertical_alignment="bottom"):
        draw_filters(explorer, view, problem)
        if view.filters:
            on = len(view.filters)
            label = "Clear the filter" if on == 1 else f"Clear {on} filters"
            st.button(label, icon=":material/filter_alt_off:", on_click=clear_filters)
        one = view.asks == 1 or not view.alone  # of each alone nothing is said, and none is steered
        if one:
            steer.draw_steering(explorer, view)
        orders = sorting.choices(own_columns(explorer))
        _kept("sort", view.sort if view.sort in orders else "")
        st.selectbox(
            "Sort by",
            list(orders),
            format_func=orders.__getitem__,
            key=_key("sort"),
            on_change=_change,
            args=("sort", lambda shown, sort: replace(shown, sort=sort)),
            width=180,
        )
        if one and ((columns := explorer.predictable()) or view.predict):
            _kept("predict", view.predict or None)
            st.selectbox(
                "What the hits say of",
                sorted({*columns, *filter(None, [view.predict])}),
                index=None,
                placeholder="Nothing",
                help=PREDICT_HELP,
                key=_key("predict"),
                on_change=_change,
                args=("predict", lambda shown, column: replace(shown, predict=column or "")),
                width=180,
            )
        _kept("number", view.number)
        st.segmented_control(
            "Number of hits",
            sorted({*NUMBERS, view.number}),
            required=True,
            key=_key("number"),
            on_change=_change,
            args=("number", lambda shown, number: replace(shown, number=number)),
        )
        _kept("copies", view.copies)
        st.toggle(
            "Find copies",
            help=COPIES_HELP,
            key=_key("copies"),
            on_change=_change,
            args=("copies", lambda shown, copies: replace(shown, copies=copies)),
            width="content",
        )


def draw_filters(explorer: Explorer, view: View, problem: RisError | None) -> None:
    """The filters, folded away behind a button; its name stays, as another would close it."""
    filters = view.filters
    with st.popover("Filter", icon=":material/filter_alt:", key="filters"):
        draw_labels(explorer, filters)
        draw_tags(explorer, filters)
        draw_folders(explorer, filters)
        draw_column(explorer, filters)
        _kept("where", filters.where)
        st.text_input(
            "Or write a filter",
            placeholder='label == "cat" and width >= 1000',
            help=HELP,
            key=_key("where"),
            on_change=_refine,
            args=("where", lambda known, text: replace(known, where=(text or "").strip())),
        )
        if problem is not None:
            notices.error(problem)


def clear_filters() -> None:
    """Show hits of all kinds again."""
    searching.show(replace(searching.view(), filters=Filters()))


def draw_labels(explorer: Explorer, filters: Filters) -> None:
    """Which labels."""
    known = explorer.summary("label")
    if not known.values and not filters.labels:
        return
    counts = dict(zip(known.values, known.counts, strict=True))
    _kept("labels", list(filters.labels))
    st.multiselect(
        "Labels",
        list(dict.fromkeys([*known.values, *filters.labels])),
        format_func=lambda label: f"{label} ({counts.get(label, 0):,})",
        placeholder="Any label",
        key=_key("labels"),
        on_change=_refine,
        args=("labels", lambda known, labels: replace(known, labels=tuple(labels))),
    )


def draw_tags(explorer: Explorer, filters: Filters) -> None:
    """Which tags."""
    try:
        counts = {name: len(keys) for name, keys in explorer.tagged().items()}
    except RisError as problem:
        notices.error(problem)
        return
    if (not counts and not filters.tags) or explorer.columns()["tag"] != "labels":
        return
    _kept("tags", list(filters.tags))
    st.multiselect(
        "Tags",
        list(dict.fromkeys([*counts, *filters.tags])),
        format_func=lambda tag: f"{tag} ({counts.get(tag, 0):,})",
        placeholder="Any tag",
        key=_key("tags"),
        on_change=_refine,
        args=("tags", lambda known, tags: replace(known, tags=tuple(tags))),
    )


def draw_folders(explorer: Explorer, filters: Filters) -> None:
    """Which folder."""
    known = explorer.summary("folder")
    folders = folders_of(known.values)
    if len(folders) < 2 and not filters.folder:
        return
    _kept("folder", filters.folder or None)
    st.selectbox(
        "Folder",
        sorted({*folders, *filter(None, [filters.folder])}),
        index=None,
        placeholder="Any folder",
        key=_key("folder"),
        on_change=_refine,
        args=("folder", lambda known, folder: replace(known, folder=folder or "")),
    )


def folders_of(known: tuple[str, ...]) -> list[str]:
    """Folders to choose from: those with pictures, and those above them that hold several."""
    found = set(filter(None, known))
    above: dict[str, set[str]] = {}
    for folder in list(found):
        parts = folder.split("/")
        for end in range(2, len(parts)):
            above.setdefault("/".join(parts[:end]), set()).add("/".join(parts[: end + 1]))
    found |= {folder for folder, below in above.items() if len(below) > 1}
    return sorted(found)


def own_columns(explorer: Explorer) -> list[str]:
    """The collection's own columns."""
    return [
        name
        for name, kind in explorer.columns().items()
        if name not in NOT_OFFERED and kind != "labels"  # those are labels and tags
    ]


def draw_column(explorer: Explorer, filters: Filters) -> None:
    """One column, and what it shall be."""
    offered = [*own_columns(explorer), *COMMON]
    if filters.column and filters.column not in offered:
        offered.append(filters.column)
    _kept("column", filters.column or None)
    st.selectbox(
        "What else is known",
        offered,
        index=None,
        format_func=lambda name: COMMON.get(name, name),
        placeholder="Size, date or a column of your own",
        key=_key("column"),
        on_change=_refine,
        args=("column", lambda known, column: _of_column(known, column or "")),
    )
    if not filters.column:
        return
    try:
        known = explorer.summary(filters.column)
    except RisError:  # told with the other problems
        return
    if known.kind == "number":
        draw_range(filters, known)
    elif known.kind == "time":
        draw_days(filters, known)
    else:
        draw_values(filters, known)


def draw_range(filters: Filters, known: Summary) -> None:
    """The least and the greatest number."""
    if known.least is None:
        st.caption("No picture has a value.")
        return
    step = 1 if isinstance(known.least, int) and isinstance(known.most, int) else None
    with st.container(horizontal=True):
        for name, label, end in (
            ("least", "At least", known.least),
            ("most", "At most", known.most),
        ):
            _kept(name, _number(getattr(filters, name), whole=step is not None))
            st.number_input(
                label,
                value=None,
                step=step,
                placeholder=f"{end:,}" if step else f"{end:.4g}",
                key=_key(name),
                on_change=_refine,
                args=(name, lambda known, number, name=name: _bounded(known, name, number)),
            )


def draw_days(filters: Filters, known: Summary) -> None:
    """The first and the last day."""
    if known.least is None:
        st.caption("No picture has a date.")
        return
    with st.container(horizontal=True):
        for name, label in (("least", "From"), ("most", "To")):
            _kept(name, _day(getattr(filters, name)))
            st.date_input(
                label,
                value=None,
                min_value=min(known.least.date(), _day(getattr(filters, name)) or date.max),
                max_value=max(known.most.date(), _day(getattr(filters, name)) or date.min),
                key=_key(name),
                on_change=_refine,
                args=(name, lambda known, day, name=name: _bounded(known, name, day)),
            )


def draw_values(filters: Filters, known: Summary) -> None:
    """Some of the texts, or yes or no."""
    if known.kind == "bool":
        _kept("values", next(iter(filters.values), None))
        st.segmented_control(
            "It is",
            ["yes", "no"],
            key=_key("values"),
            on_change=_refine,
            args=("values", lambda known, value: replace(known, values=(value,) if value else ())),
        )
        return
    _kept("values", list(filters.values))
    st.multiselect(
        "One of",
        list(dict.fromkeys([*known.values, *filters.values])),
        placeholder="Any value",
        help=None if known.complete else f"The {len(known.values):,} most frequent ones.",
        key=_key("values"),
        on_change=_refine,
        args=("values", lambda known, values: replace(known, values=tuple(values))),
    )


# -- widgets that show a view, and change it ----------------------------------------------------


def _key(name: str) -> str:
    return f"ris.control.{name}"


def _kept(name: str, value: Any) -> None:
    """Let a widget show the view: an address, or Back, may have changed it."""
    st.session_state[_key(name)] = value


def _change(name: str, changed: Callable[[View, Any], View]) -> None:
    searching.show(changed(searching.view(), st.session_state[_key(name)]))


def _refine(name: str, changed: Callable[[Filters, Any], Filters]) -> None:
    shown = searching.view()
    searching.show(replace(shown, filters=changed(shown.filters, st.session_state[_key(name)])))


def _of_column(filters: Filters, column: str) -> Filters:
    return replace(filters, column=column, values=(), least="", most="")


def _bounded(filters: Filters, name: str, bound: float | date | None) -> Filters:
    said = "" if bound is None else bound.isoformat() if isinstance(bound, date) else repr(bound)
    return replace(filters, least=said) if name == "least" else replace(filters, most=said)


def _number(text: str, *, whole: bool) -> float | int | None:
    try:
        return int(float(text)) if whole else float(text)
    except (ValueError, OverflowError):
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
