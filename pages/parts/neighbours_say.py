"""What the hits say of a column, and how far to believe it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import notices, words
from ris.errors import RisError
from ris.explore.prediction import in_sentences
from ris.explore.scale import NOTHING

if TYPE_CHECKING:
    from ris.explore.explorer import Explorer
    from ris.explore.prediction import Prediction
    from ris.explore.results import SearchResult


def draw_said(explorer: Explorer, result: SearchResult, column: str) -> None:
    """The prediction for what is looked for."""
    try:
        prediction = explorer.predict(result, column)
    except RisError as problem:
        notices.error(problem)
        return
    said, trust = in_sentences(prediction)
    with st.container(border=True, key="said", gap="xsmall"):
        st.markdown(f":material/how_to_vote: {lead(prediction, said)}")
        if others := other_votes(prediction):
            st.caption(others)
        if trust:
            st.caption(words.plain(trust))
        if result.verdict == NOTHING:
            st.caption("There is nothing like it here, so what its neighbours say means little.")


def lead(prediction: Prediction, said: str) -> str:
    """What is said as Markdown, the value in bold."""
    told = words.plain(said)
    if prediction.kind == "category" and prediction.value is not None:
        value = words.plain(str(prediction.value))
        return told.replace(f": {value}", f": **{value}**", 1)
    return told


def other_votes(prediction: Prediction) -> str:
    """The values that came after the first."""
    told = [
        f"{words.plain(vote.value)} {words.percent(vote.share)}" for vote in prediction.votes[1:]
    ]
    return f"Then {', '.join(told)}." if told else ""
