"""Asks an ASGI app one question, without a server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(app: ASGIApp, url: str, **headers: str) -> Answer:
    """GET `url`; header names are given with _ for -."""
    sent = {"host": "localhost:8501", **{name.replace("_", "-"): v for name, v in headers.items()}}
    scope = {
        "type": "http",
        "method": "GET",
        "path": unquote(url),
        "raw_path": url.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }
    messages = asyncio.run(_run(app, scope, {"type": "http.request", "body": b""}))
    start = messages[0]
    body = b"".join(message.get("body", b"") for message in messages[1:])
    named = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], named, body)


def knock(app: ASGIApp, host: str) -> list[dict[str, Any]]:
    """Open a websocket under a Host header; the messages that the app sent."""
    scope = {"type": "websocket", "path": "/", "headers": [(b"host", host.encode())]}
    return asyncio.run(_run(app, scope, {"type": "websocket.connect"}))


async def _run(
    app: ASGIApp, scope: dict[str, Any], message: dict[str, Any]
) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    messages = iter([message])

    async def receive() -> dict[str, Any]:
        for one in messages:
            return one
        return await asyncio.Future()  # the client stays until it has all of the answer

    async def send(answer: Any) -> None:
        sent.append(answer)

    await app(scope, receive, send)
    return sent
