"""What one can begin with on the map without drawing: its groups and the tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.parts import notices, session, words
from pages.parts.small_picture import draw_small_picture
from ris.errors import RisError

if TYPE_CHECKING:
    from ris.explore.clusters import Cluster
    from ris.explore.explorer import Explorer

SHOWN = 12
WIDTH = 92  # pixels; four fit beside the map


def draw_groups(explorer: Explorer) -> None:
    """The clusters of the map, each with the picture that stands for it."""
    clusters = sorted(explorer.clusters(), key=lambda one: -one.count)
    if not clusters:
        return
    st.subheader("Groups", anchor=False)
    st.caption(
        "Pictures that lie together on the map, each group with the one most like all of it."
    )
    with st.container(horizontal=True, key="groups"):
        for cluster in clusters[:SHOWN]:
            _draw_group(explorer, cluster)
    if len(clusters) > SHOWN:
        with (
            st.expander(f"{len(clusters) - SHOWN} more"),
            st.container(horizontal=True, key="more-groups"),
        ):
            for cluster in clusters[SHOWN:]:
                _draw_group(explorer, cluster)


def _draw_group(explorer: Explorer, cluster: Cluster) -> None:
    with st.container(width=WIDTH, gap="xsmall"):
        alt = f"Stands for {cluster.name}"
        draw_small_picture(explorer, cluster.medoid, width=WIDTH, alt=alt)
        st.button(
            f"{words.plain(cluster.name)} :small[({cluster.count:,})]",
            type="tertiary",
            key=f"group-{cluster.number}",
            help=f"Select the {words.count(cluster.count, 'picture')} of this group",
            on_click=choose_group,
            args=(explorer, cluster),
        )


def choose_group(explorer: Explorer, cluster: Cluster) -> None:
    """Select all pictures of a cluster."""
    keys = explorer.keys_of_cluster(cluster.number)
    session.select_items(keys, name=f"Group “{cluster.name}” of the map.")


def draw_tags(explorer: Explorer) -> None:
    """The tags, each a way to select what has it."""
    try:
        tagged = explorer.tagged()
    except RisError as problem:
        notices.error(problem)
        return
    if not tagged:
        return
    st.subheader("Tags", anchor=False)
    with st.container(horizontal=True, key="tags"):
        for name, keys in tagged.items():
            st.button(
                f"{words.plain(name)} ({len(keys):,})",
                icon=":material/sell:",
                key=f"tag-{name}",
                on_click=choose_tag,
                args=(name, keys),
            )


def choose_tag(name: str, keys: np.ndarray) -> None:
    """Select all pictures that have a tag."""
    session.select_items(keys, name=f"Chosen by the tag “{name}”.")
