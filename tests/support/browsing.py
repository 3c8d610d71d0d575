"""The real server and Chromium, for tests and for what is made with them."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",  # as if unplugged
    "--use-angle=swiftshader",  # WebGL without a graphics card
    "--enable-unsafe-swiftshader",
    "--use-fake-device-for-media-stream",  # a camera that shows a test picture
    "--use-fake-ui-for-media-stream",
]


@dataclass(frozen=True)
class Server:
    """A running server: where it answers, what it serves and what it has logged."""

    url: str
    home: Path
    log: Path


def chromium_path() -> str | None:
    """The browser of this machine; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def serve(home: Path, log: Path, *command: str, **environment: str) -> Iterator[Server]:
    """The app on a free port, until the context ends.

    Args:
        home: What it serves.
        log: Where what it says goes.
        command: What Python is told, up to the port; by default `streamlit run app.py`, with a log
            that tells all imports.
        environment: Variables of its environment.
    """
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    run = ("-X", "importtime", "-m", "streamlit", "run", "app.py", "--server.port")
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, *(command or run), str(port)],
            cwd=ROOT,
            env={**os.environ, "RIS_HOME": str(home), **environment},
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


def wait_until(true: Callable[[], bool], seconds: float, log: Path) -> None:
    """Wait for a condition; fails with the server's log when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} seconds:\n{log.read_text()}")
        time.sleep(0.1)


def _answers(url: str, process: "subprocess.Popen[bytes]") -> bool:
    if process.poll() is not None:
        raise AssertionError(f"the server ended by itself with {process.returncode}")
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def eventually(true, seconds: float = 20) -> bool:
    """Whether a condition comes true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.1)
    return False
