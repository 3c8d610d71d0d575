"""Who is let in where the owner set up a login: one rule for the pages and for all that they fetch.

Streamlit guards nothing but what a script shows: pictures, uploads and our routes would answer
anybody. `LoginGate` stands before them and believes the cookie that `st.login` gave, checked by
Streamlit's own functions. Without an `[auth]` section in the secrets everybody is let in.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Event
from typing import Any

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pages.parts.browser import base_path, root
from ris.errors import RisError

LEAST_SECRET = 32  # letters of the secret that signs the cookie
# What a browser needs before anybody has logged in; the page's own files hold nothing of ours.
_OPEN = ("/_stcore/health", "/_stcore/host-config", "/_stcore/stream")
_CLOSED = ("/_stcore", "/media", "/component")
_seen = Event()  # that people have to log in


def is_set_up() -> bool:
    """Whether people have to log in. Once they do, they do until the server ends: secrets that were
    damaged meanwhile are none to Streamlit."""
    from streamlit.auth_util import get_secrets_auth_section

    if get_secrets_auth_section():
        _seen.set()
    return _seen.is_set()


def check_set_up() -> None:
    """Refuse secrets under which Streamlit would let everybody in, or anybody sign a cookie.

    Raises:
        RisError: They can't be read, or what signs the cookie is too short.
    """
    from streamlit import config
    from streamlit.auth_util import get_secrets_auth_section
    from streamlit.runtime.secrets import secrets_singleton

    there = [path for path in config.get_option("secrets.files") if Path(path).exists()]
    if there and not secrets_singleton.load_if_toml_exists():
        raise RisError(
            f"The secrets in {there[0]} can't be read.", "Is it TOML, and yours to read?"
        )
    auth = get_secrets_auth_section()
    if auth and len(str(auth.get("cookie_secret", ""))) < LEAST_SECRET:
        raise RisError(
            f"cookie_secret in the [auth] section of the secrets has to be {LEAST_SECRET} letters "
            "or longer.",
            "Make one: python -c 'import secrets; print(secrets.token_hex())'",
        )


def claims(cookies: Mapping[str, str]) -> dict[str, Any]:
    """What the login of these cookies says of a person, by the rule that Streamlit's websocket
    follows (1.67); nothing without a login of this server."""
    from streamlit.auth_util import get_origin_from_redirect_uri
    from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME
    from streamlit.web.server.starlette.starlette_websocket import (
        _get_signed_cookie_with_chunks,
        _parse_decoded_user_cookie,
    )

    signed = _get_signed_cookie_with_chunks(dict(cookies), USER_COOKIE_NAME)
    origin = get_origin_from_redirect_uri()
    return _parse_decoded_user_cookie(signed, origin) if signed and origin else {}


def is_known(person: Mapping[str, Any]) -> bool:
    """Whether somebody who logged in is among those whom the owner named; all are if none was.

    Args:
        person: What the login says of them, as `st.user` does.
    """
    from streamlit.runtime.secrets import secrets_singleton

    named = dict(secrets_singleton.get("ris", {})).get("people")
    if named is None:
        return True
    address = str(person.get("email") or "").lower()
    if not address or person.get("email_verified", True) is not True:
        return False
    return any(fnmatchcase(address, str(pattern).lower()) for pattern in named)


def refusal(cookies: Mapping[str, str]) -> int:
    """The HTTP status with which someone is turned away: 401 or 403; 0 who may come in."""
    if not is_set_up():
        return 0
    person = claims(cookies)
    if person.get("is_logged_in") is not True:
        return 401
    return 0 if is_known(person) else 403


def is_closed(path: str) -> bool:
    """Whether what lies at a path is only for those who are let in."""
    inside = path.removeprefix(base_path())
    if inside in _OPEN:
        return False
    return _below(path, root()) or any(_below(inside, top) for top in _CLOSED)


class LoginGate:
    """Turns away requests for pictures, points, files and uploads of who has not logged in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_closed(scope["path"]):
            status = refusal(HTTPConnection(scope).cookies)
            if status:
                words = "Log in first." if status == 401 else "You are not among those let in."
                refused = PlainTextResponse(words, status, {"Cache-Control": "no-store"})
                await refused(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _below(path: str, top: str) -> bool:
    return path == top or path.startswith(f"{top}/")
