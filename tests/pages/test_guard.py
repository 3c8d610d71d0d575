"""The middleware: who is answered, and what a browser is told."""

from __future__ import annotations

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from pages.parts.guard import BrowserRules, KnownHosts, content_policy, host_allowed
from tests.pages.asgi import ask, knock


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    headers = {"Content-Security-Policy": "own"} if scope["path"] == "/own" else None
    await PlainTextResponse("page", headers=headers)(scope, receive, send)


@pytest.mark.parametrize(
    ("host", "address", "names", "allowed"),
    [
        ("localhost:8501", "localhost", [], True),
        ("LOCALHOST.", "localhost", [], True),
        ("127.0.0.1", "localhost", [], True),
        ("[::1]:8501", "localhost", [], True),
        ("evil.example", "localhost", [], False),
        ("localhost.evil.example", "localhost", [], False),
        ("192.168.1.7:8501", "localhost", [], False),
        ("192.168.1.7:8501", "192.168.1.7", [], True),
        ("192.168.1.7:8501", "0.0.0.0", [], True),
        ("[fe80::1]:8501", "", [], True),
        ("evil.example", "0.0.0.0", [], False),
        ("ris.example.org", "0.0.0.0", ["ris.example.org"], True),
        ("192.168.1.7:8501", "0.0.0.0", ["ris.example.org"], False),
        ("localhost:8501", "0.0.0.0", ["ris.example.org"], True),
        ("a.example.org", "0.0.0.0", ["*.example.org"], True),
        ("badexample.org", "0.0.0.0", ["*.example.org"], False),
        ("any.where", "localhost", ["*"], True),
        ("", "localhost", ["*"], False),
    ],
)
def test_a_host_is_known_by_name(host: str, address: str, names: list[str], allowed: bool) -> None:
    assert host_allowed(host, address, names) is allowed


def test_a_foreign_name_gets_neither_page_nor_websocket() -> None:
    app = KnownHosts(page, address="localhost")
    assert ask(app, "/").status == 200
    assert ask(app, "/", host="evil.example").status == 421
    assert knock(app, "localhost:8501") == [{"type": "websocket.accept"}]
    assert knock(app, "evil.example") == [{"type": "websocket.close", "code": 1008}]


def test_every_answer_carries_the_rules_unless_it_has_stricter_ones() -> None:
    app = BrowserRules(page, policy="rules")
    headers = ask(app, "/").headers
    assert headers["content-security-policy"] == "rules"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["x-content-type-options"] == "nosniff"
    assert ask(app, "/own").headers["content-security-policy"] == "own"


def test_the_policy_names_no_outside_host_and_no_inline_script() -> None:
    rules = dict(rule.split(" ", 1) for rule in content_policy().split("; "))
    assert "http" not in content_policy()
    assert "'unsafe-inline'" not in rules["script-src"]
    assert "'sha256-" in rules["script-src"]  # Streamlit's page has one inline script (1.67)
    assert rules["object-src"] == "'none'"
