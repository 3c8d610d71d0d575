"""The choice of what the map is coloured by."""

from __future__ import annotations

import streamlit as st

from ris.explore.explorer import Explorer

KEY = "colour"  # bound to the URL under this name


def colour_by(explorer: Explorer) -> str:
    """Ask what to colour the map by; gives one of `explorer.colourings()`, "label" if there is no
    choice."""
    names = explorer.colourings()
    if KEY in st.session_state and st.session_state[KEY] not in names:
        del st.session_state[KEY]  # another collection has other columns
    if len(names) < 2:
        return names[0] if names else "label"
    return st.selectbox(
        "Colour by",
        names,
        format_func=lambda name: name[:1].upper() + name[1:],
        key=KEY,
        bind="query-params",
        width=220,
    )
