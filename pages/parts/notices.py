"""Errors as people see them: what happened, then one thing to do."""

from __future__ import annotations

import streamlit as st

from pages.parts import words
from ris.errors import RisError


def error(problem: RisError) -> None:
    """Show an error of the core with its hint."""
    failure(problem.message, problem.hint)


def failure(message: str, hint: str = "") -> None:
    """Show what went wrong and what to do about it."""
    text = f"**{words.plain(message)}**" + (f"  \n{words.plain(hint)}" if hint else "")
    st.error(text, icon=":material/error:")
