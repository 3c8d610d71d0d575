"""The page before somebody is let in, and whose session it is afterwards; `gate` knows the rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.parts import gate, notices, words

MISSING = "Login is set up here, but the package that it needs is not installed."
INSTALL = "Install it where ris runs: .venv/bin/python -m pip install Authlib"
DEFAULT = "default"  # what Streamlit calls the provider without a name


def let_in() -> bool:
    """Whether the person of this session may see anything; else the page that says how to."""
    if not gate.is_set_up():
        return True
    person = st.user.to_dict()
    if person.get("is_logged_in") is not True:
        _ask()
    elif not gate.is_known(person):
        _turn_away(person)
    else:
        return True
    return False


def draw_person() -> None:
    """In the sidebar: who is logged in, and the way out."""
    if not gate.is_set_up():
        return
    with st.container(key="person"):
        st.text(f"Logged in as {name_of(st.user.to_dict())}")  # Markdown makes a link of an address
        st.button("Log out", icon=":material/logout:", on_click=st.logout, width="stretch")


def name_of(person: Mapping[str, Any]) -> str:
    """What to call somebody."""
    return next((str(person[k]) for k in ("email", "name", "sub") if person.get(k)), "somebody")


def providers(auth: Mapping[str, Any]) -> list[str]:
    """The ways to log in that an `[auth]` section has."""
    named = [
        name for name, value in auth.items() if isinstance(value, Mapping) and "client_id" in value
    ]
    return [DEFAULT, *named] if "client_id" in auth else named


def _ask() -> None:
    from streamlit.auth_util import get_secrets_auth_section, is_authlib_installed

    st.title("Log in to ris", anchor=False)
    st.markdown("The pictures on this server are shown to people whom its owner let in.")
    if not is_authlib_installed():
        notices.failure(MISSING, INSTALL)
        return
    for name in providers(get_secrets_auth_section().to_dict()):
        st.button(
            "Log in" if name == DEFAULT else f"Log in with {name.capitalize()}",
            key=f"login-{name}",
            type="primary",
            icon=":material/login:",
            on_click=st.login,
            args=() if name == DEFAULT else (name,),
        )


def _turn_away(person: Mapping[str, Any]) -> None:
    st.title("You are not let in", anchor=False)
    st.markdown(
        f"You are logged in as **{words.plain(name_of(person))}**, who is not among the people "
        "whom the owner of this server named. Ask them, or log in as somebody else."
    )
    st.button("Log out", type="primary", icon=":material/logout:", on_click=st.logout)
