"""What the map is coloured by: a choice that the address bar and the session keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import notices, session
from ris.errors import RisError

if TYPE_CHECKING:
    from ris.explore.colourings import Colouring
    from ris.explore.explorer import Explorer


def choose_colour(explorer: Explorer) -> Colouring | None:
    """A selectbox of what the map can be coloured by; gives the choice, None without a map."""
    names = explorer.colourings()
    if not names:
        return None
    session.recall_colour(names)
    name = st.selectbox(
        "Colour by",
        names,
        format_func=in_words,
        key=session.COLOUR,
        bind="query-params",
        width=200,
    )
    session.keep_colour(name or names[0])
    try:
        return explorer.colouring(name or names[0])
    except RisError as problem:  # the last tag was taken away just now
        notices.error(problem)
        return None


def in_words(name: str) -> str:
    """A colouring's name as the first word of a line."""
    return name[:1].upper() + name[1:]
