"""Model: the generations of a collection, how each was trained, what the model remembers."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts import notices, ready, session, words
from pages.parts.reconstructions import draw_reconstructions
from pages.parts.training import draw_training
from ris.errors import RisError
from ris.store.collection import Collection
from ris.store.manifest import Manifest


def history_row(manifest: Manifest, serving: bool) -> dict[str, object]:
    """A generation as a row of the table."""
    told = manifest.training
    return {
        "Serving": "serving" if serving else "",
        "Generation": words.generation(manifest.generation),
        "Made": words.moment(manifest.created),
        "Pictures": manifest.items,
        "Dimensions": manifest.dimension,
        "Trained": words.duration(told["seconds"]) if "seconds" in told else "",
        "Training loss": told.get("loss"),
        "Best validation loss": told.get("validation_loss"),
        "Graph recall": manifest.graph.recall if manifest.graph else None,
        "On disk": words.size(manifest.bytes),
    }


def draw_history(collection: Collection, serving: str) -> list[Manifest]:
    """The table of generations, newest first."""
    manifests = collection.generations()[::-1]
    rows = [history_row(m, m.generation == serving) for m in manifests]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "Pictures": st.column_config.NumberColumn(format="localized"),
            "Training loss": st.column_config.NumberColumn(format="%.4f"),
            "Best validation loss": st.column_config.NumberColumn(format="%.4f"),
            "Graph recall": st.column_config.NumberColumn(
                format="%.3f",
                help="Share of the true nearest pictures that the search index finds. "
                "Empty where every search compares with all pictures, which misses none.",
            ),
        },
        alt=f"{len(manifests)} generations",
    )
    return manifests


def switch_dialog(collection: Collection, manifest: Manifest) -> None:
    """Ask, then serve another generation."""

    def body() -> None:
        st.markdown(
            f"From now on every search and the map in every open tab use generation "
            f"**{words.generation(manifest.generation)}** of {words.moment(manifest.created)} with "
            f"{words.count(manifest.items, 'picture')}. Nothing is deleted: you can switch back "
            "on this page."
        )
        with st.container(horizontal=True):
            if st.button("Serve it", type="primary"):
                try:
                    collection.use(manifest.generation)
                except RisError as problem:
                    notices.error(problem)
                else:
                    st.rerun()
            if st.button("Leave it as it is"):
                st.rerun()

    st.dialog("Serve another generation?")(body)()


def main() -> None:
    """Draw the page."""
    explorer = ready.explorer()
    collection = Collection(session.home(), explorer.name)
    st.title("Model", anchor=False)
    st.subheader("Generations", anchor=False)
    st.caption(
        "Each training makes a generation: a model with its search and map. One of them serves."
    )
    manifests = draw_history(collection, explorer.generation)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shown = st.selectbox(
            "Generation to look at",
            [m.generation for m in manifests],
            index=next(
                (i for i, m in enumerate(manifests) if m.generation == explorer.generation), 0
            ),
            format_func=words.generation,
            key=f"generation-{explorer.generation}",
            width=320,
        )
        manifest = next(m for m in manifests if m.generation == shown)
        serving, busy = shown == explorer.generation, session.busy()
        if st.button(
            "It serves now" if serving else "Serve this generation",
            icon=":material/check_circle:" if serving else ":material/swap_horiz:",
            disabled=serving or busy,
            help="Wait for the running job, or cancel it: it goes on from what serves now."
            if busy
            else None,
        ):
            switch_dialog(collection, manifest)
    st.subheader("Training", anchor=False)
    draw_training(session.training(str(collection.folder), manifest.generation))
    draw_reconstructions(explorer)


main()
