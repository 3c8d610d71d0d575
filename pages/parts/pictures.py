"""Pictures as plain HTML: those of a collection come over our own route, small ones of others are
in the page itself.

`st.image` keeps files for a run only: when people go on before the browser has asked for one, it is
gone, and the browser complains (Streamlit 1.67).
"""

from __future__ import annotations

from base64 import b64encode
from html import escape

import streamlit as st

from pages.parts.browser import generation_url
from ris.explore.explorer import Explorer


def original(explorer: Explorer, key: int, alt: str) -> None:
    """The file of an item."""
    _draw(f"{generation_url(explorer)}/pictures/{key}", alt)


def at(source: str, alt: str) -> None:
    """What lies at an address that `source` gave."""
    _draw(source, alt)


def thumbnail(explorer: Explorer, key: int, alt: str, width: int | None = None) -> None:
    """The thumbnail of an item, so many pixels wide."""
    _draw(f"{generation_url(explorer)}/thumbnails/{key}.webp", alt, width)


def inline(data: bytes, mime: str, alt: str) -> None:
    """A small picture of any kind."""
    _draw(f"data:{mime};base64,{b64encode(data).decode()}", alt)


def source(explorer: Explorer, query: int | bytes, small: bytes) -> str:
    """The address of an item's file, or of a small WebP file of a picture from outside."""
    if isinstance(query, int):
        return f"{generation_url(explorer)}/pictures/{query}"
    return f"data:image/webp;base64,{b64encode(small).decode()}"


def _draw(source: str, alt: str, width: int | None = None) -> None:
    wide = f' style="width: {width}px"' if width else ""
    st.html(
        f'<img class="ris-picture" src="{escape(source)}" alt="{escape(alt)}"{wide}>',
        width="content",
    )
