"""Errors as people see them: what happened, then one thing to do."""

from __future__ import annotations

import streamlit as st

from pages.parts import words
from ris.errors import RisError

LONGEST = 200


def error(problem: RisError) -> None:
    """Show an error of the core with its hint."""
    failure(problem.message, problem.hint)


def failure(message: str, hint: str = "") -> None:
    """Show what went wrong and what to do about it; a long story is folded away."""
    short = shorten(message)
    text = f"**{words.plain(short)}**" + (f"  \n{advice(hint)}" if hint else "")
    st.error(text, icon=":material/error:")
    if short != message:
        with st.expander("Details"):
            st.text(message)


def advice(hint: str) -> str:
    """A hint as Markdown: what stands between backticks is code, to be copied as it is; elsewhere
    Streamlit shows >= as another sign (1.67)."""
    parts = hint.split("`")
    if len(parts) % 2 == 0:  # one is left over: then they mean nothing
        return words.plain(hint)
    return "".join(f"`{part}`" if i % 2 else words.plain(part) for i, part in enumerate(parts))


def shorten(message: str) -> str:
    """The first line of a message, cut at 200 characters."""
    first = message.strip().split("\n", 1)[0].strip()
    return first if len(first) <= LONGEST else first[: LONGEST - 1].rstrip() + "…"
