"""Query and hit beside each other: as the model sees them, redraws them, and where they match."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.parts import words
from ris.errors import RisError
from ris.images.display import png
from ris.images.heat import heat_map

if TYPE_CHECKING:
    from ris.explore.explorer import Explorer
    from ris.explore.why import Look, Why

LARGER = 3  # times the pixels of the encoder's input


def draw_why(explorer: Explorer, query: int | bytes, key: int) -> None:
    """What the model sees of query and hit, and which parts of them it finds alike."""
    with st.container(key="why", gap="xsmall"):
        try:
            looks = [_look(explorer, one) for one in (query, key)]
            match = _why(explorer, query, key) if explorer.tells_why else None
        except RisError as problem:
            st.caption(words.plain(problem.message))
            return
        st.html(table(looks[0], looks[1], match))
        for name, look in (("what you look for", looks[0]), ("this picture", looks[1])):
            if told := unknown(look, name):
                st.caption(told)
        if match is None:
            st.caption("Where they match is told once the model was trained again.")


def draw_look(explorer: Explorer, key: int) -> None:
    """What the model sees of one picture, and how it redraws it."""
    with st.container(key="why", gap="xsmall"):
        try:
            look = _look(explorer, key)
        except RisError as problem:
            st.caption(words.plain(problem.message))
            return
        st.html(table(None, look, None))
        if told := unknown(look, "this picture"):
            st.caption(told)


def unknown(look: Look, name: str) -> str:
    """That the model does not know a picture well; "" where it does."""
    if look.known:
        return ""
    return (
        f":material/warning: The model does not know {name} well: it redraws 19 of 20 others "
        "better, so what is lost here plays no part in the search."
    )


def table(query: Look | None, hit: Look, match: Why | None) -> str:
    """The pictures as an HTML table with headings for both ways."""
    heads = ["As the model sees it", "As it redraws it"]
    rows = [("Looked for", query, match and match.query_heat)] if query else []
    rows.append(("This picture" if query else "", hit, match and match.hit_heat))
    least, most = 0.0, 1.0
    if match is not None:
        heads.append("Where they match")
        both = np.concatenate([match.query_heat.ravel(), match.hit_heat.ravel()])
        least, most = float(both.min()), float(both.max())
    body = ""
    for title, look, heat in rows:
        shown = [
            (look.seen, "as the model sees it"),
            (look.redrawn, f"as it redraws it, {look.psnr_db:.0f} dB"),
        ]
        if heat is not None:
            mapped = heat_map(_enlarged(look.seen), heat, least=least, most=most)
            shown.append((mapped, "bright where the other has parts like it"))
        cells = "".join(f"<td>{_image(*one, title or 'This picture')}</td>" for one in shown)
        body += f'<tr>{f"""<th scope="row">{title}</th>""" if query else ""}{cells}</tr>'
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    corner = "<td></td>" if query else ""
    legend = (
        f"<p>Bright parts look to the model like a part of the other picture: cosine {least:.2f} "
        f"(dark) to {most:.2f} (bright).</p>"
        if match is not None
        else ""
    )
    return (
        '<div class="ris-why" role="region" tabindex="0" aria-label="As the model sees it">'
        f"<table><thead><tr>{corner}{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>{legend}</div>"
    )


def _enlarged(pixels: np.ndarray) -> np.ndarray:
    return np.repeat(np.repeat(pixels, LARGER, axis=0), LARGER, axis=1)


def _image(pixels: np.ndarray, told: str, title: str) -> str:
    data = b64encode(png(pixels)).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{escape(f"{title}, {told}")}">'


@st.cache_data(max_entries=64, show_spinner=False)
def _seen(generation: str, query: int | bytes, _explorer: Explorer) -> Look:
    return _explorer.look(query)


@st.cache_data(max_entries=64, show_spinner=False)
def _matched(generation: str, query: int | bytes, key: int, _explorer: Explorer) -> Why:
    return _explorer.why(query, key)


def _look(explorer: Explorer, query: int | bytes) -> Look:
    found: Look = _seen(explorer.manifest.sha256, query, explorer)
    return found


def _why(explorer: Explorer, query: int | bytes, key: int) -> Why:
    found: Why = _matched(explorer.manifest.sha256, query, key, explorer)
    return found
