"""What a browser session remembers of searching: what is looked for, and what is open over a grid.

Under keys that only this module knows, as `session.py` has its own; and what of it is cached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

import streamlit as st

from pages.parts import kept_pictures, session
from pages.parts.kept_pictures import Kept
from pages.parts.uploads import PICTURE, is_small
from pages.parts.view import MOST_PICTURES, View, write
from ris.explore.explorer import Explorer
from ris.explore.results import SearchResult
from ris.explore.steering import Steering
from ris.images.crop import Crop
from ris.images.prepare import Prepared

_VIEW = "ris.view"
_VIEW_NEW = "ris.view_new"
_OWN = "ris.own_pictures"
_UPLOADS = "ris.uploads"
_WAY_IN = "ris.way_in"
_ADDRESS = "ris.address_taken"
_SCROLLED = "ris.scrolled"
_OPENED = "ris.opened"
_CLOSED = "ris.closed"


# -- what is looked for ---------------------------------------------------------------------------


def view() -> View:
    """What the Search page shows, of the collection that is shown."""
    shown, name = st.session_state.get(_VIEW, (View(), None))
    return shown if name in (None, session.chosen()) else shown.of_another_collection()


def view_is_new() -> bool:
    """Whether the view was changed here since the address bar said it."""
    return bool(st.session_state.get(_VIEW_NEW))


def view_was_elsewhere(said: View) -> bool:
    """Whether the address bar still says the view of another collection, left for this one."""
    known, name = st.session_state.get(_VIEW, (View(), None))
    return name not in (None, session.chosen()) and bool(said == known)


def settle(shown: View) -> None:
    """The address bar says this view now."""
    st.session_state[_VIEW] = shown, session.chosen()
    st.session_state[_VIEW_NEW] = False


def show(wanted: View) -> None:
    """Show another view from the next run of the Search page on."""
    st.session_state[_VIEW] = wanted, session.chosen()
    st.session_state[_VIEW_NEW] = True


def ask(*, items: Sequence[str] = (), pictures: Sequence[str] = (), crop: str = "") -> None:
    """Look for pictures like these: items as `view.item_name` gives them, ids of kept pictures; of
    one a part, as `View.crop` says it."""
    new = replace(view(), items=tuple(items), pictures=tuple(pictures), alone=False)
    show(replace(new, marks=(), crop=crop))  # those were of another query


def go_to_search() -> NoReturn:
    """Show the Search page."""
    session.go_to("", {name: values for name, values in write(view()).items() if values})


def cut(crop: str) -> None:
    """Look for a part of the picture, as `View.crop` says it; "" for all of it."""
    show(replace(view(), crop=crop))


def clear_query() -> None:
    """Look for nothing."""
    ask()


def keep_pictures(pictures: Sequence[Kept]) -> list[str]:
    """Keep pictures from outside; gives their ids."""
    st.session_state[_OWN] = {picture.id: picture for picture in pictures}
    return [kept_pictures.keep(session.home(), picture) for picture in pictures]


def picture(identifier: str) -> Kept | None:
    """A picture from outside; None when it is not kept any more."""
    own: dict[str, Kept] = st.session_state.get(_OWN, {})
    return own.get(identifier) or kept_pictures.find(session.home(), identifier)


def ask_pictures(pictures: Sequence[Kept]) -> None:
    """Look for pictures like these from outside."""
    ask(pictures=keep_pictures(pictures[:MOST_PICTURES]))


def upload_key() -> str:
    """Key of the uploader; a new one after each upload, so that it is empty again."""
    return f"ris.upload.{st.session_state.get(_UPLOADS, 0)}"


def take_upload() -> None:
    """Make the uploaded files the query, and the uploader ready for the next ones."""
    given = st.session_state.get(upload_key())
    files = [file for file in given or () if is_small(file, PICTURE)]
    if files:
        ask_pictures([Kept(file.name, file.getvalue()) for file in files])
        st.session_state[_UPLOADS] = st.session_state.get(_UPLOADS, 0) + 1


def way_in() -> str | None:
    """Which further way in is open: "camera", "address" or none."""
    return st.session_state.get(_WAY_IN)


def open_way_in(name: str | None) -> None:
    """Open a further way in; the one that is open closes."""
    st.session_state[_WAY_IN] = None if name == way_in() else name


def camera_key() -> str:
    """Key of the camera; a new one after each photo."""
    return f"ris.camera.{st.session_state.get(_UPLOADS, 0)}"


def take_photo() -> None:
    """Make the photo the query, and put the camera away."""
    photo = st.session_state.get(camera_key())
    if photo is not None:
        ask_pictures([Kept("Photo", photo.getvalue())])
        st.session_state[_UPLOADS] = st.session_state.get(_UPLOADS, 0) + 1
        open_way_in(None)


def address_key() -> str:
    """Key of the field for an address."""
    return "ris.address"


def take_address() -> None:
    """Have the address that was written asked, once."""
    st.session_state[_ADDRESS] = st.session_state.get(address_key())


def taken_address() -> str | None:
    """An address that was written just now."""
    return st.session_state.pop(_ADDRESS, None) or None


# -- the grids -----------------------------------------------------------------------------------


def shown_hits(search: str, number: int) -> int:
    """How many hits of a search have been scrolled to; ``number`` of a new one."""
    known, shown = st.session_state.get(_SCROLLED, ("", 0))
    return int(shown) if known == search else number


def show_more_hits(search: str, number: int) -> None:
    """Show so many hits of a search."""
    st.session_state[_SCROLLED] = search, number


def opened(grid: str) -> int | None:
    """Key of the item that is open in full size over a grid."""
    place, key = st.session_state.get(_OPENED, ("", None))
    return key if place == grid else None


def open_item(grid: str, key: int) -> None:
    """Open an item of a grid in full size."""
    st.session_state[_OPENED] = grid, key


def close_item(grid: str) -> None:
    """Close what is open over a grid."""
    known: dict[str, tuple[int | None, int]] = st.session_state.get(_CLOSED, {})
    st.session_state[_CLOSED] = {**known, grid: (opened(grid), closed(grid)[1] + 1)}
    st.session_state.pop(_OPENED, None)


def closed(grid: str) -> tuple[int | None, int]:
    """Key of the item that was open last over a grid, and how often one was closed."""
    known: dict[str, tuple[int | None, int]] = st.session_state.get(_CLOSED, {})
    return known.get(grid, (None, 0))


# -- caches --------------------------------------------------------------------------------------


@st.cache_data(max_entries=64, show_spinner=False)
def preview(identifier: str, _data: bytes, _explorer: Explorer) -> Prepared:
    """A picture from outside as it is looked at; decoded once, not with every click.

    Raises:
        PictureError: It can't be read.
    """
    return _explorer.preview(_data)


@st.cache_data(max_entries=64, show_spinner=False)
def part(thumbnail: bytes, crop: Crop, _explorer: Explorer) -> bytes:
    """A part of a small picture."""
    return _explorer.preview(thumbnail, crop=crop).thumbnail


@st.cache_data(max_entries=32, show_spinner=False)
def hits(
    folder: str,
    seal: str,
    said: tuple[str, ...],
    k: int,
    copies: bool,
    where: str | None,
    tags: str,
    crop: Crop | None,
    steering: Steering,
    concepts: str,
    _explorer: Explorer,
    _queries: Sequence[int | bytes],
) -> SearchResult:
    """The hits of pictures; searched once, not with every click.

    Args:
        folder: The collection's.
        seal: The generation's.
        said: The pictures, as a view says them.
        k: How many hits.
        copies: As `Explorer.together` takes it.
        where: As `Explorer.together` takes it.
        tags: The version of the tags, of which a filter may tell.
        crop: As `Explorer.together` takes it.
        steering: As `Explorer.together` takes it.
        concepts: What the concepts in it are now.
        _explorer: The open generation.
        _queries: The pictures, as `Explorer.together` takes them.

    Raises:
        RisError: As `Explorer.together` does.
    """
    return _explorer.together(
        _queries, k=k, copies=copies, where=where, crop=crop, steering=steering
    )
