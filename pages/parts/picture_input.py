"""Where a query comes from: dropped, browsed, pasted or photographed pictures, an address, or an
example."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import streamlit as st

from pages.parts import notices, searching, uploads
from pages.parts.create import PICTURE_TYPES
from pages.parts.kept_pictures import Kept
from pages.parts.picture_catcher import picture_catcher
from ris import settings
from ris.errors import RisError
from ris.explore.explorer import Explorer
from ris.images.fetch import fetch


def picture_input(*, large: bool) -> None:
    """Let people give pictures in any of the ways there are; they become the query.

    Args:
        large: Whether there is nothing else to look at yet.
    """
    addresses = settings.addresses_allowed()
    with st.container(key="ask-large" if large else "ask-small"), st.container(key="ask"):
        with st.container(horizontal=True, vertical_alignment="bottom", key="ways-in"):
            with st.container(width="stretch", key="uploader"):
                st.file_uploader(
                    "Your pictures: drop them anywhere on this page, paste them, or browse",
                    type=PICTURE_TYPES,
                    accept_multiple_files=True,
                    max_upload_size=uploads.PICTURE,
                    key=searching.upload_key(),
                    on_change=searching.take_upload,
                )
            draw_way_in("camera", "Camera", ":material/photo_camera:")
            if addresses:
                draw_way_in("address", "Address", ":material/link:")
        if searching.way_in() == "camera":  # the browser asks for leave only now
            st.camera_input(
                "Take a photo",
                key=searching.camera_key(),
                on_change=searching.take_photo,
                width=480,
            )
        if addresses and searching.way_in() == "address":
            st.text_input(
                "Address of a picture",
                placeholder="https://…",
                key=searching.address_key(),
                on_change=searching.take_address,
            )
    given = picture_catcher(addresses=addresses) or searching.taken_address()
    if given and addresses:
        search_address(given)


def draw_way_in(name: str, label: str, icon: str) -> None:
    """A button that opens a further way in, or closes it."""
    st.button(
        f"Close {label.lower()}" if searching.way_in() == name else label,
        icon=icon,
        key=f"way-in-{name}",
        on_click=searching.open_way_in,
        args=(name,),
    )


def search_address(address: str) -> None:
    """Fetch a picture from an address and make it the query."""
    try:
        with st.spinner("Fetching the picture…"):
            name, data = fetch(address.strip())
    except RisError as problem:
        notices.error(problem)
        return
    searching.ask_pictures([Kept(name, data)])
    searching.open_way_in(None)
    st.rerun()


def example_keys(keys: np.ndarray, labels: np.ndarray, number: int, seed: int) -> list[int]:
    """Some items, of as many different labels as there are, in an order that ``seed`` decides."""
    order = np.random.default_rng(seed).permutation(len(keys))[:2000]
    turns: Counter[int] = Counter()
    ranked: list[tuple[int, int, int]] = []
    for row in order.tolist():
        ranked.append((turns[labels[row]], len(ranked), row))  # how often its label was seen
        turns[labels[row]] += 1
    return [int(keys[row]) for _, _, row in sorted(ranked)[:number]]


def examples(explorer: Explorer, number: int, seed: int) -> Sequence[int]:
    """Keys of some pictures of the collection to start from."""
    points = explorer.points()
    if len(points.keys) == 0:
        return example_keys(explorer.keys, np.full(explorer.count, -1), number, seed)
    return example_keys(points.keys, points.label, number, seed)
