"""The real server and a real browser, headless."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--use-angle=swiftshader",  # WebGL without a graphics card
    "--enable-unsafe-swiftshader",
    "--use-fake-device-for-media-stream",  # a camera that shows a test picture
    "--use-fake-ui-for-media-stream",
]


@dataclass(frozen=True)
class Server:
    """A running server: where it answers and what it has logged."""

    url: str
    home: Path
    log: Path


@dataclass
class Heard:
    """What pages asked for and complained of."""

    outside: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`streamlit run app.py` on a free port, with the small collection; its log must stay clean."""
    folder = tmp_path_factory.mktemp("server")
    home, log = folder / "home", folder / "log.txt"
    shutil.copytree(template, home)
    # The first collection is not in the URL; the one that is used shall be, as it can go wrong.
    shutil.copytree(home / "drawn", home / "another")
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = ["streamlit", "run", "app.py", "--server.port", str(port)]
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-X", "importtime", "-m", *command],  # the log tells all imports
            cwd=ROOT,
            env={**os.environ, "RIS_HOME": str(home)},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        running = Server(f"http://localhost:{port}", home, log)
        wait_until(lambda: _answers(running.url, process), 60, log)
        yield running
    finally:
        process.terminate()
        process.wait(20)
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="module")
def browser():
    """Chromium, or a skip where there is none."""
    sync = pytest.importorskip("playwright.sync_api")
    sync.expect.set_options(timeout=60_000)  # a busy machine draws WebGL in software slowly
    found = next(filter(None, map(shutil.which, NAMES)), None)
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

    def open_page(path: str = "/", collection: str = "drawn"):
        page = context.new_page()
        page.on("pageerror", lambda error: heard.complaints.append(str(error)))
        page.goto(f"{server.url}{path}{'&' if '?' in path else '?'}collection={collection}")
        return page

    yield open_page
    context.close()
    assert heard.outside == []
    assert heard.complaints == []


def wait_until(true: Callable[[], bool], seconds: float, log: Path) -> None:
    """Wait for a condition; fails with the server's log when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds} seconds:\n{log.read_text()}")
        time.sleep(0.1)


def _answers(url: str, process: "subprocess.Popen[bytes]") -> bool:
    if process.poll() is not None:
        pytest.fail(f"the server ended by itself with {process.returncode}")
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _note_request(heard: Heard, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "localhost":
        heard.outside.append(url)


def _note_complaint(heard: Heard, message) -> None:
    # On a deep link Streamlit asks for two addresses below the page's own, which are not there.
    probing = "/_stcore/" in str(message.location.get("url", ""))
    if message.type == "error" and not probing:
        heard.complaints.append(f"{message.text} ({message.location.get('url')})")
