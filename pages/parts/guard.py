"""Middleware around everything the server says: which hosts it answers, what a browser may do.

Comes before Streamlit's own middleware and before our routes; knows nothing of either. `gate`,
which turns away who has not logged in, is the last of it.
"""

from __future__ import annotations

import ipaddress
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from re import DOTALL, findall

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.parts.gate import LoginGate

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
EVERY_INTERFACE = frozenset({"0.0.0.0", "::", ""})


def guards() -> list[Middleware]:
    """The middleware to hand to `st.App`, set up from Streamlit's configuration."""
    from streamlit import config

    address = config.get_option("server.address")
    named = [config.get_option("browser.serverAddress"), *config.get_option("server.allowedHosts")]
    return [
        Middleware(KnownHosts, address=str(address or ""), names=[str(n) for n in named if n]),
        Middleware(BrowserRules, policy=content_policy()),
        Middleware(LoginGate),
    ]


def content_policy() -> str:
    """The Content-Security-Policy: everything from this server, nothing from elsewhere.

    blob: because Streamlit loads inline components as blob modules; inline styles because of
    emotion and Plotly. Charts drawn by Vega, as `st.line_chart`, would need 'unsafe-eval' as well.
    """
    scripts = " ".join(["'self'", "blob:", *_inline_script_hashes()])
    rules = {
        "default-src": "'self'",
        "script-src": scripts,
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "media-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self' data: blob:",
        "worker-src": "'self' blob:",
        "frame-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'self'",
    }
    return "; ".join(f"{rule} {value}" for rule, value in rules.items())


def host_allowed(host: str, address: str, names: Iterable[str]) -> bool:
    """Whether a Host header names this server; a foreign name means DNS rebinding.

    Args:
        host: the header, with or without a port.
        address: `server.address`. When the server listens on every interface and has no names,
            any literal IP address is let in too: a rebinding attack always comes under a name.
        names: further hosts, as in `server.allowedHosts`; `*.example.org` and `*` work. Where
            there are any, Streamlit takes no websocket under an IP address that is not one of them.
    """
    name, names = _without_port(host), tuple(names)
    if not name:
        return False
    if name in LOCAL or name == _bare(address):
        return True
    if _bare(address) in EVERY_INTERFACE and not names and _is_ip(name):
        return True
    return any(_matches(name, _bare(pattern)) for pattern in names)


class KnownHosts:
    """Refuses requests and websockets whose Host header names another server."""

    def __init__(self, app: ASGIApp, *, address: str, names: Iterable[str] = ()) -> None:
        self.app = app
        self.address = address
        self.names = tuple(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            host = Headers(scope=scope).get("host", "")
            if not host_allowed(host, self.address, self.names):
                await self._refuse(scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        words = "This server does not answer under that name. Start it with --name and that name."
        await PlainTextResponse(words, status_code=421)(scope, receive, send)


class BrowserRules:
    """Adds security headers to every answer that does not bring its own."""

    def __init__(self, app: ASGIApp, *, policy: str) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": policy,
            "X-Frame-Options": "SAMEORIGIN",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_rules(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_rules)


def _inline_script_hashes() -> list[str]:
    """The digests of the inline scripts in Streamlit's own page, so that no others may run."""
    import streamlit

    page = Path(streamlit.__file__).parent / "static" / "index.html"
    if not page.is_file():
        return []
    scripts = findall(r"<script>(.*?)</script>", page.read_text(encoding="utf-8"), flags=DOTALL)
    digests = (b64encode(sha256(script.encode()).digest()).decode() for script in scripts)
    return [f"'sha256-{digest}'" for digest in digests]


def _without_port(host: str) -> str:
    host = host.strip().lower()
    if host.startswith("["):
        return _bare(host.partition("]")[0])
    return _bare(host.rpartition(":")[0] if host.count(":") == 1 else host)


def _bare(host: str) -> str:
    return host.strip().lower().strip("[]").rstrip(".")


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _matches(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:])
    return pattern == "*" or name == pattern
