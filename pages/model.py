"""Model: the generations of a collection, what each achieves and how it was trained."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts import notices, ready, session, words
from pages.parts.reconstructions import draw_reconstructions
from pages.parts.report_card import draw_card, found_first, same_label
from pages.parts.training import draw_training, is_untouched
from pages.parts.verdict import BUSY, draw_verdict, switch_dialog
from ris.errors import RisError
from ris.explore.card import ReportCard
from ris.store.collection import Collection
from ris.store.manifest import Manifest


def history_row(
    manifest: Manifest, serving: bool, card: ReportCard | None = None
) -> dict[str, object]:
    """A generation as a row of the table."""
    copies, label = (found_first(card), same_label(card)) if card else (None, None)
    return {
        "Serving": "serving" if serving else "",
        "Generation": words.generation(manifest.generation),
        "Made": words.moment(manifest.created),
        "Pictures": manifest.items,
        "Dimensions": manifest.dimension,
        "Trained": trained(manifest),
        "Copies found first": None if copies is None else 100 * copies,
        "Same label (10 nearest)": None if label is None else 100 * label,
        "Graph recall": manifest.graph.recall if manifest.graph else None,
        "On disk": words.size(manifest.bytes),
    }


def trained(manifest: Manifest) -> str:
    """How long a generation was trained, in words."""
    if is_untouched(manifest.training):
        return "not trained: base encoder"
    seconds = manifest.training.get("seconds")
    return words.duration(seconds) if seconds is not None else ""


def card_of(collection: Collection, manifest: Manifest) -> ReportCard | None:
    """Its report card; None also where that can't be read, which its own section tells."""
    try:
        return session.report_card(collection, manifest)
    except RisError:
        return None


def draw_history(collection: Collection, manifests: list[Manifest], serving: str) -> None:
    """The table of generations."""
    rows = [history_row(m, m.generation == serving, card_of(collection, m)) for m in manifests]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder="",
        column_config={
            "Pictures": st.column_config.NumberColumn(format="localized"),
            "Copies found first": st.column_config.NumberColumn(
                format="%.1f %%",
                help="Share of altered copies whose original comes first. Compare it only "
                "between generations of the same pictures.",
            ),
            "Same label (10 nearest)": st.column_config.NumberColumn(
                format="%.1f %%",
                help="Share of the ten nearest pictures that have the label of the one looked for.",
            ),
            "Graph recall": st.column_config.NumberColumn(
                format="%.3f",
                help="Share of the true nearest pictures that the search index finds. "
                "Empty where every search compares with all pictures, which misses none.",
            ),
        },
        alt=f"{len(manifests)} generations",
    )


def draw_generation(collection: Collection, manifest: Manifest) -> None:
    """What one generation achieves and how it was trained, or why that can't be shown."""
    st.subheader("Report card", anchor=False)
    try:
        training = session.training(str(collection.folder), manifest.encoder)
    except RisError as problem:
        notices.error(problem)
        return
    try:
        card = session.report_card(collection, manifest)
    except RisError as problem:
        notices.error(problem)
    else:
        draw_card(card, manifest.graph.recall if manifest.graph else None)
    st.subheader("Training", anchor=False)
    draw_training(training)


def choose_generation(
    collection: Collection, manifests: list[Manifest], serving: str
) -> Manifest | None:
    """The generation to look at, with a button that lets it serve; None where there is none."""
    draw_history(collection, manifests, serving)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shown = st.selectbox(
            "Generation to look at",
            [m.generation for m in manifests],
            index=next((i for i, m in enumerate(manifests) if m.generation == serving), 0),
            format_func=words.generation,
            key=f"generation-{serving}",
            width=320,
        )
        manifest = next((m for m in manifests if m.generation == shown), None)
        serves, busy = shown == serving, session.busy()
        if (
            st.button(
                "It serves now" if serves else "Serve this generation",
                icon=":material/check_circle:" if serves else ":material/swap_horiz:",
                disabled=serves or busy or manifest is None,
                help=BUSY if busy else None,
            )
            and manifest is not None
        ):
            switch_dialog(collection, manifest)
    return manifest


def draw_broken(collection: Collection, problem: RisError) -> None:
    """No generation can be opened: why, and which ones there are to switch to."""
    st.title("Model", anchor=False)
    notices.error(problem)
    st.subheader("Generations", anchor=False)
    st.caption("None of them can be opened as it is. Once repaired, one of them can serve again.")
    choose_generation(collection, collection.generations()[::-1], collection.current() or "")


def main() -> None:
    """Draw the page."""
    shown = session.collection()
    try:
        session.explorer()
    except RisError as problem:
        if shown is not None:
            draw_broken(shown, problem)
            return
    explorer = ready.explorer()
    if explorer is None:
        return
    collection = Collection(session.home(), explorer.name)
    st.title("Model", anchor=False)
    manifests = collection.generations()[::-1]
    serves = next((m for m in manifests if m.generation == explorer.generation), None)
    if serves is not None:
        draw_verdict(collection, manifests, serves.generation, card_of(collection, serves))
    st.subheader("Generations", anchor=False)
    st.caption(
        "Each training makes a generation: a model with its search and map. One of them serves."
    )
    manifest = choose_generation(collection, manifests, explorer.generation)
    if manifest is not None:
        draw_generation(collection, manifest)
    draw_reconstructions(explorer)


main()
