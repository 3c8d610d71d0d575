"""The address bar and the Search page say the same: links open what they show, Back goes back.

Whatever changes the view goes through `searching.show`; the next run writes it into the address
bar, which makes one step of the browser's history. Else the address bar is right.
"""

from __future__ import annotations

import streamlit as st

from pages.parts import searching, session, view
from pages.parts.view import View


def current() -> View:
    """The view to draw in this run; the address bar says it from then on."""
    said = view.read({name: st.query_params.get_all(name) for name in st.query_params})
    shown = decide(
        said,
        searching.view(),
        changed=searching.view_is_new() or searching.view_was_elsewhere(said),
        arrived=session.just_arrived(),
    )
    searching.settle(shown)
    if shown != said:
        # Each assignment would be a step of its own; empty lists remove a parameter (1.67).
        st.query_params.update(view.write(shown))
    return shown


def decide(said: View, known: View, *, changed: bool, arrived: bool) -> View:
    """Whether the address bar or the session is right.

    Args:
        said: The view of the address bar.
        known: The view that the session knows.
        changed: Whether that changed since the address bar said it.
        arrived: Whether people came from another page: its menu forgets what an address said.
    """
    if changed or (arrived and said == View()):
        return known
    return said
