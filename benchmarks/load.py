"""Eight people at once, beside one alone: `python -m benchmarks.load`

Prints one JSON document. First one person, then eight use the real server for two minutes: they
search with hits and with pictures of their own, open hits, scroll for more and look at the map,
with a second between two things. Some have a Chromium window, where a search takes from the click
until the first four new pictures are on the screen. The others are sessions without a window, which
say and fetch the same and draw nothing (`sessions.py`), as windows that draw maps without a
graphics card on the machine of the server would be all that is measured. For those a search takes
from the request until the pictures of all first hits are here. One alone is first a window, then a
session.

Errors are what a page throws, logs or is refused, what it says in a red box, what takes longer than
a minute, and what the server logs. Exits with 1 when there is one, when the slowest searches of
eight (95th percentile) take ten times as long as those of one, or when the server's memory grows.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import click
import numpy as np
import psutil

from benchmarks.sessions import Session

ROOT = Path(__file__).parents[1]
ARGUMENTS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 60_000  # ms
GROWTH = 1.1  # of the memory from the second quarter of the time to the last

# In the page: the addresses of the first four pictures of the hits, once they are on the screen.
SHOWN = """
() => {
  const hosts = document.querySelectorAll("[data-testid=stBidiComponentIsolated]");
  const grids = [...hosts].map((host) => host.shadowRoot)
    .filter((root) => root?.querySelector(".card .similar"));
  const images = grids.flatMap((root) => [...root.querySelectorAll(".card img")]).slice(0, 4);
  return images.length && images.every((one) => one.complete && one.naturalWidth)
    ? images.map((one) => one.src).join() : "";
}
"""
WRONG = "[data-testid=stAlertContentError], .stException"
CHANGED = f"([before, said]) => (({SHOWN})() || before) !== before && location.href.includes(said)"


@dataclass
class Seen:
    """What happened in a phase: seconds of the searches, what else was done, errors."""

    searches: list[float] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    load: float = 0.0  # of the machine at the end: above its cores, it did other things as well

    def told(self) -> dict[str, Any]:
        times = self.searches or [float("nan")]
        p50, p95 = (round(float(np.percentile(times, p)), 2) for p in (50, 95))
        return {
            "searches": len(self.searches),
            "median, s": p50,
            "p95, s": p95,
            "load of the machine": round(self.load, 1),
            "done": dict(self.done),
            "errors": dict(self.errors),
        }


class Person:
    """Somebody with a Chromium window."""

    def __init__(self, page: Any, url: str, seen: Seen, number: int) -> None:
        self.page = page
        self.url = url
        self.seen = seen
        self.random = random.Random(number)
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self._wrong(f"page: {error}"))
        page.on("console", self._listen)
        page.on("response", self._look)

    async def use(self, until: float) -> None:
        """Do one thing after the other; what goes wrong is noted, and the page opened again."""
        things = [self.search] * 5 + [self.upload] * 2 + [self.open, self.scroll, self.map]
        while time.monotonic() < until:
            thing = self.random.choice(things)
            try:
                await thing()
                if await self.page.locator(WRONG).count():
                    self._wrong(await self.page.locator(WRONG).first.inner_text())
                self.seen.done[thing.__name__] += 1
            except Exception as error:  # of any kind: that is what is counted here
                self._wrong(f"{thing.__name__}: {str(error).splitlines()[0]}")
                with suppress(Exception):
                    await self.arrive()
            await asyncio.sleep(self.random.uniform(0.5, 1.5))

    async def arrive(self) -> None:
        """Open the page anew."""
        await self.page.goto(self.url)
        await self.page.wait_for_function(SHOWN)

    async def search(self) -> None:
        """Search with one of the first hits."""
        button = self.page.locator(".card .similar").nth(self.random.randrange(1, 6))
        await self._timed(button.click, "item=")

    async def upload(self) -> None:
        """Search with a picture that is in no collection."""
        data = self.random.choice(_pictures())
        file = {"name": "own.jpg", "mimeType": "image/jpeg", "buffer": data}
        field_ = self.page.locator(".stMain input[type=file]").first
        await self._timed(lambda: field_.set_input_files(file), "query=")

    async def open(self) -> None:
        """Look at a hit in full size."""
        await self.page.locator(".card .picture").nth(self.random.randrange(4)).click()
        await self.page.get_by_role("dialog").get_by_role("img").first.wait_for()
        await asyncio.sleep(0.5)
        await self.page.keyboard.press("Escape")
        await self.page.get_by_role("dialog").wait_for(state="detached")

    async def scroll(self) -> None:
        """Scroll for more hits, and back."""
        await self.page.locator(".card").last.scroll_into_view_if_needed()
        await asyncio.sleep(0.5)
        await self.page.locator(".card").first.scroll_into_view_if_needed()

    async def map(self) -> None:
        """Look at the map, and come back."""
        links = self.page.get_by_test_id("stSidebarNavLink")
        await links.filter(has_text="Map").click()
        await self.page.get_by_role("heading", name="Map", exact=True).wait_for()
        await self.page.locator(".ris-map-toolbar").wait_for()
        await self.page.mouse.move(700, 500)
        await asyncio.sleep(0.5)
        await links.filter(has_text="Search").click()
        await self.page.get_by_role("heading", name="Search", exact=True).wait_for()
        await self.page.wait_for_function(SHOWN)

    async def _timed(self, act: Callable[[], Any], said: str) -> None:
        await self.page.evaluate("scrollTo(0, 0)")
        before = await self.page.evaluate(SHOWN)
        began = time.perf_counter()
        await act()
        await self.page.wait_for_function(CHANGED, arg=[before, said], polling=50)
        self.seen.searches.append(time.perf_counter() - began)

    def _listen(self, message: Any) -> None:
        if message.type == "error" and "/_stcore/" not in str(message.location.get("url", "")):
            self._wrong(f"console: {message.text}")

    def _look(self, response: Any) -> None:
        if response.status >= 400 and "/_stcore/" not in response.url:
            self._wrong(f"{response.status} {response.url}")

    def _wrong(self, what: str) -> None:
        self.seen.errors[what[:200]] += 1


async def without_window(session: Session, seen: Seen, until: float) -> None:
    """Somebody without a window: searches, and now and then looks at the map."""
    while time.monotonic() < until:
        try:
            if session.random.random() < 0.8:
                seen.searches.append(await session.search())
                seen.done["search"] += 1
            else:
                await session.look_at_map()
                seen.done["map"] += 1
        except Exception as error:  # of any kind: that is what is counted here
            seen.errors[f"{type(error).__name__}: {error}"[:200]] += 1
        await asyncio.sleep(session.random.uniform(0.5, 1.5))


@click.command()
@click.option("--people", default=8, show_default=True)
@click.option("--windows", default=2, show_default=True, help="How many of them have a window.")
@click.option("--seconds", default=120, show_default=True, help="How long all are at it.")
@click.option("--alone", default=60, show_default=True, help="For how many seconds one is before.")
@click.option("--home", type=click.Path(exists=True, path_type=Path), help="With a collection.")
def main(people: int, windows: int, seconds: int, alone: int, home: Path | None) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as place:
        if home is None:
            home = Path(place)
            made = [sys.executable, "-m", "ris", "--home", place, "create", "demo", "demo"]
            subprocess.run([*made, "--minutes", "0"], cwd=ROOT, check=True)
        with _served(home, Path(place) / "log.txt") as (url, process):
            found = asyncio.run(_measure(url, process, people, windows, seconds, alone))
        log = (Path(place) / "log.txt").read_text()
    memory = found["memory of the server, MB"]
    grown = memory["last quarter"] / memory["second quarter"]
    found["tracebacks of the server"] = log.count("Traceback")
    times = {}
    for kind in ("window", "session"):
        one, many = found[kind]["one alone"], found[kind]["among all"]
        times[kind] = found[kind]["p95, times that of one"] = round(
            many["p95, s"] / one["p95, s"], 2
        )
    wrong = [
        one["errors"]
        for kind in times
        for one in (found[kind]["one alone"], found[kind]["among all"])
    ]
    found["holds"] = bool(
        not any(wrong)
        and not log.count("Traceback")
        and max(times.values()) < 10
        and grown < GROWTH
    )
    print(json.dumps(found, indent=1))
    sys.exit(not found["holds"])


async def _measure(
    url: str, process: psutil.Process, people: int, windows: int, seconds: int, alone: int
) -> dict[str, Any]:
    from playwright.async_api import async_playwright

    chromium = next(filter(None, map(shutil.which, NAMES)))
    _pictures()
    found = {kind: (Seen(), Seen()) for kind in ("window", "session")}  # alone, and among all
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        drawn = []
        for number in range(windows):
            context = await browser.new_context(viewport={"width": 1280, "height": 800})
            drawn.append(Person(await context.new_page(), url, found["window"][0], number))
        undrawn = [Session(url, number) for number in range(windows, people)]
        await drawn[0].arrive()
        await drawn[0].use(time.monotonic() + 10)  # the server's first answers take longer
        found["window"][0].searches.clear()
        found["window"][0].done.clear()
        await drawn[0].use(time.monotonic() + alone)
        found["window"][0].load = os.getloadavg()[0]
        await drawn[0].page.goto("about:blank")
        await undrawn[0].open()
        await without_window(undrawn[0], found["session"][0], time.monotonic() + alone / 2)
        found["session"][0].load = os.getloadavg()[0]
        for person in drawn:  # who come one after the other
            person.seen = found["window"][1]
            await person.arrive()
        for session in undrawn[1:]:
            await session.open()
        memory: list[float] = []
        watch = asyncio.create_task(_weigh(process, memory))
        until = time.monotonic() + seconds
        among = found["session"][1]
        await asyncio.gather(
            *(person.use(until) for person in drawn),
            *(without_window(session, among, until) for session in undrawn),
        )
        watch.cancel()
        for kind in found:
            found[kind][1].load = os.getloadavg()[0]
        for session in undrawn:
            await session.close()
        await browser.close()
    quarter = len(memory) // 4
    told: dict[str, Any] = {
        kind: {"one alone": one.told(), "among all": all_.told()}
        for kind, (one, all_) in found.items()
    }
    told["memory of the server, MB"] = {
        "at the beginning": round(memory[0]),
        "second quarter": round(float(np.mean(memory[quarter : 2 * quarter]))),
        "last quarter": round(float(np.mean(memory[-quarter:]))),
        "at most": round(max(memory)),
    }
    return told


async def _weigh(process: psutil.Process, memory: list[float]) -> None:
    """Note the memory of the server and what it started, every second."""
    while True:
        together = 0
        for one in [process, *process.children(recursive=True)]:
            try:
                together += one.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        memory.append(together / 1e6)
        await asyncio.sleep(1)


@cache
def _pictures() -> list[bytes]:
    """Pictures like those of the demo, and in none."""
    from ris.images.demo import FAMILIES, draw

    found = []
    for number in range(4):
        for family in FAMILIES:
            file = io.BytesIO()
            draw(family, number, seed=1).save(file, "JPEG", quality=90)
            found.append(file.getvalue())
    return found


@contextmanager
def _served(home: Path, log: Path) -> Iterator[tuple[str, psutil.Process]]:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "ris", "--home", str(home), "serve", "--port", str(port)],
            cwd=ROOT,
            env=dict(os.environ),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("localhost", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise
                time.sleep(0.2)
        yield f"http://localhost:{port}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    main()
