"""A small picture of an item, or a word in its place where file and thumbnail are both gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import pictures
from ris.errors import RisError

if TYPE_CHECKING:
    from ris.explore.explorer import Explorer


def draw_small_picture(explorer: Explorer, key: int, *, width: int, alt: str) -> None:
    """Show an item's thumbnail, `width` pixels wide."""
    try:
        explorer.thumbnail(key)
    except RisError:
        st.caption("The picture is gone.")
    else:
        pictures.thumbnail(explorer, key, alt, width)
