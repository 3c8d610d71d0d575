"""Where a query comes from: a dropped, browsed or pasted picture, or an example."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import streamlit as st

from pages.parts import session
from pages.parts.create import PICTURE_TYPES
from ris.explore.explorer import Explorer


def picture_input() -> None:
    """Let people drop, browse for or paste a picture; it becomes the query."""
    st.file_uploader(
        "Your picture: drop it here, browse for it, or paste it",
        type=PICTURE_TYPES,
        max_upload_size=50,
        key=session.upload_key(),
        on_change=session.take_upload,
    )


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
