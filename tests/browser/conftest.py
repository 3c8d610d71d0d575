"""The real server and a real browser, headless."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browsing import ARGUMENTS, Server, chromium_path, serve


@dataclass
class Heard:
    """What pages asked for and complained of."""

    outside: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    sockets: int = 0


@pytest.fixture(scope="module")
def start_server(
    template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Server]]:
    """Starts the app on a free port, with the small collection, as `browsing.serve` does; its log
    must stay clean."""
    logs: list[Path] = []
    with ExitStack() as running:

        def start(*command: str, **environment: str) -> Server:
            folder = tmp_path_factory.mktemp("server")
            home, log = folder / "home", folder / "log.txt"
            shutil.copytree(template, home)
            # The first collection is not in the URL; the one that is used shall be, as it can go
            # wrong.
            shutil.copytree(home / "drawn", home / "another")
            logs.append(log)
            return running.enter_context(serve(home, log, *command, **environment))

        yield start
    assert not [log for log in logs if "Traceback" in log.read_text()]


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server]) -> Server:
    """`streamlit run app.py`."""
    return start_server()


@pytest.fixture(scope="module")
def browser():
    """Chromium, or a skip where there is none."""
    sync = pytest.importorskip("playwright.sync_api")
    sync.expect.set_options(timeout=60_000)  # a busy machine draws WebGL in software slowly
    found = chromium_path()
    if found is None:
        pytest.skip("there is no Chromium here: install it with apt-get install chromium")
    sync.expect.set_options(timeout=30_000)  # for two busy cores; what is there is seen at once
    with sync.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_tab(browser, server):
    """Opens a page in a tab of its own; no tab may ask an outside host or complain."""
    heard = Heard()
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.on("request", lambda request: _note_request(heard, request.url))
    context.on("console", lambda message: _note_complaint(heard, message))
    context.set_default_timeout(30_000)

    def note_socket(socket):
        heard.sockets += 1
        _note_request(heard, socket.url)

    def open_page(path: str | None = "/", collection: str = "drawn"):
        page = context.new_page()
        page.on("pageerror", lambda error: heard.complaints.append(str(error)))
        page.on("websocket", note_socket)  # no "request" tells of these
        if path is not None:
            page.goto(f"{server.url}{path}{'&' if '?' in path else '?'}collection={collection}")
        return page

    yield open_page
    context.close()
    assert heard.sockets
    assert heard.outside == []
    assert heard.complaints == []


def _note_request(heard: Heard, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "localhost":
        heard.outside.append(url)


def _note_complaint(heard: Heard, message) -> None:
    # On a deep link Streamlit asks for two addresses below the page's own, which are not there.
    probing = "/_stcore/" in str(message.location.get("url", ""))
    if message.type == "error" and not probing:
        heard.complaints.append(f"{message.text} ({message.location.get('url')})")
