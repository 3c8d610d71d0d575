"""Every page, dialog and state that the app can show, and the way of a hand to each.

One list for all who must see all of it: the screenshots, the check of accessibility, and the test
that nothing is asked outside. A new page or dialog has its line in `SCREENS`.
"""

import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import stores

from ris.store.collection import Collection
from ris.store.tags import Tags

AT_REST = """
() => {
  const roots = (root) => [root, ...[...root.querySelectorAll("*")]
    .flatMap(({shadowRoot}) => shadowRoot ? roots(shadowRoot) : [])];
  const all = roots(document);
  const every = (where) => all.flatMap((root) => [...root.querySelectorAll(where)]);
  const waited = "[data-test-script-state=running], [data-stale=true], [data-testid=stSkeleton]";
  const stage = document.querySelector(".ris-map-stage");
  const settled = !stage || "settled" in stage.dataset || stage.textContent.includes("no map");
  const inView = (node) => node.getClientRects().length
    && node.getBoundingClientRect().top < innerHeight && node.getBoundingClientRect().bottom > 0;
  const late = (image) => !image.naturalWidth && inView(image) && !image.closest(".broken");
  const empty = (host) => !host.shadowRoot?.querySelector("*") && !host.querySelector("*");
  const moves = (one) => one.playState === "running"
    && one.effect.getTiming().iterations !== Infinity;
  const calm = document.querySelector("[data-test-script-state]")
    && document.querySelector(".stMain h1")
    && !document.querySelector(waited) && document.fonts.status === "loaded" && settled
    && !every("img").some(late) && !every("[data-testid=stBidiComponentRegular]").some(empty)
    && !document.getAnimations().some(moves);
  if (!calm) window.calmSince = null;
  else window.calmSince ??= performance.now();  // for more than a moment between two steps
  return calm && performance.now() - window.calmSince > 300;
}
"""
BUSY, KILLED, MAKING, FAILED = "fitting", "killed", "making", "not-ready"


@dataclass(frozen=True)
class Screen:
    """One thing to look at.

    Attributes:
        name: What it is called, as a file name.
        address: What follows the host; `{main}` stands for the whole collection.
        reach: What a hand does then.
        least: Text that is there once it is there.
        shown: Whether docs/ shows it.
    """

    name: str
    address: str
    reach: Callable[[Any], None] = lambda page: None
    least: str = ""
    shown: bool = False


def prepare(home: Path, main: str) -> None:
    """Beside a collection, make those that are in a state of their own, and one of a slide."""
    collection = Collection(home, main)
    if not (home / "slides").exists():
        with tempfile.TemporaryDirectory() as place:
            stores.publish_slide(home, Path(place))
    Tags(collection).add("favourite", np.array([2, 3, 5, 7, 11]))
    for name in (BUSY, KILLED):
        shutil.copytree(home / main, home / name)
        shutil.rmtree(home / name / "jobs", ignore_errors=True)
    for name in (MAKING, FAILED):
        Collection.create(home, name, ["demo"], "folder")
    now = time.time()
    _job(home, BUSY, ["train", BUSY, "--minutes", "3"], _training(now), alive=True)
    _job(home, KILLED, ["train", KILLED], _training(now), alive=False)
    scanned = [_line(now - 9 + n, "scan", 170 * n, 2040, plan=_PLAN) for n in range(9)]
    _job(home, MAKING, ["create", MAKING, "demo"], scanned, alive=True)
    told = {"error": "The disk is full.", "hint": "Make room on it, and start again."}
    failed = {"time": now - 5, "event": "failed", **told}
    _job(home, FAILED, ["create", FAILED, "demo"], [failed], alive=False)


_PLAN = ["scan", "evaluate", "embed", "graph", "map", "publish"]


def _line(moment: float, stage: str, done: int, total: int | None, **more: Any) -> dict[str, Any]:
    usual = {"unit": "pictures", "loss": None, "note": "", "plan": []}
    facts = {"event": "progress", "stage": stage, "done": done, "total": total}
    return {"time": moment, **facts, **usual, **more}


def _training(now: float) -> list[dict[str, Any]]:
    plan = ["train", "embed", "evaluate", "graph", "map", "publish"]
    lines = [_line(now - 75, "train", 0, 180, unit="seconds", plan=plan)]
    for step in range(1, 25):
        falling = 0.32 * 0.88**step
        loss = {
            "step": 40 * step,
            "pictures": 2560 * step,
            "seconds": 3.0 * step,
            "loss": 0.31 + falling + 0.006 * np.sin(3 * step),
            "validation_loss": 0.33 + falling + 0.004 * np.cos(2 * step),
        }
        moment = now - 75 + 3 * step
        lines.append(_line(moment, "train", 3 * step, 180, unit="seconds", loss=loss))
    return lines


def _job(
    home: Path, name: str, arguments: list[str], lines: list[dict[str, Any]], *, alive: bool
) -> None:
    """A job as files alone: running, in the person of this process, or ended."""
    folder = home / name / "jobs" / "99991231-235959-ffffff"
    folder.mkdir(parents=True)
    facts = {"arguments": arguments, "created": "2026-01-01T00:00:00+00:00"}
    (folder / "job.json").write_text(json.dumps({**facts, "time": lines[0]["time"]}))
    me = psutil.Process(os.getpid())
    process = {"pid": me.pid, "created": me.create_time() if alive else 0.0}
    (folder / "process.json").write_text(json.dumps(process))
    (folder / "progress.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


# -- what a hand does -----------------------------------------------------------------------------


def rest(page: Any) -> None:
    """Wait until nothing moves any more: script, pictures, map."""
    page.evaluate("window.calmSince = null")
    page.wait_for_function(AT_REST, timeout=60_000)


def _press(name: str, *, role: str = "button") -> Callable[[Any], None]:
    def act(page: Any) -> None:
        page.get_by_role(role, name=re.compile(name)).filter(visible=True).first.click()

    return act


def _then(*acts: Callable[[Any], None]) -> Callable[[Any], None]:
    def act(page: Any) -> None:
        for each in acts:
            each(page)
            rest(page)

    return act


def _open_hit(page: Any) -> None:
    page.locator(".card .picture").nth(1).click()
    page.get_by_role("dialog").get_by_text("Most like it", exact=True).wait_for()


def _pick(page: Any) -> None:
    for number in (0, 2, 3):
        page.locator(".card .pick").nth(number).check()


def _click_map(page: Any) -> None:
    """Click what stands for most."""
    stage = page.locator(".ris-map-stage")
    box = stage.bounding_box()
    card = page.locator(".ris-map-card")
    for down in (0.5, 0.4, 0.6, 0.3, 0.7):
        for right in range(20, 80, 2):
            at = {"x": box["width"] * right / 100, "y": box["height"] * down}
            stage.hover(position=at)
            if card.is_visible():
                stage.click(position=at)
                page.get_by_role("heading", name="Its neighbours").wait_for()
                return
    raise AssertionError("nothing is on the map")


def _lasso(page: Any) -> None:
    _press("^Lasso")(page)
    page.locator(".ris-map-stage").scroll_into_view_if_needed()
    box = page.locator(".ris-map-stage").bounding_box()
    corners = [(0.3, 0.3), (0.7, 0.25), (0.75, 0.7), (0.5, 0.8), (0.28, 0.65), (0.3, 0.32)]
    for number, (right, down) in enumerate(corners):
        page.mouse.move(box["x"] + box["width"] * right, box["y"] + box["height"] * down, steps=6)
        if number == 0:
            page.mouse.down()
    page.mouse.up()
    page.get_by_role("heading", name=re.compile("selected")).wait_for()


def _delete(page: Any) -> None:
    _press("Delete…")(page)
    page.get_by_role("dialog").get_by_role("button", name="Keep it").wait_for()


def _open_sidebar(page: Any) -> None:
    """On a phone it lies folded away, and with it the job."""
    button = page.get_by_test_id("stExpandSidebarButton")
    if button.is_visible():
        button.click()
        page.get_by_text("Train the model").filter(visible=True).first.wait_for()


def _tab(name: str) -> Callable[[Any], None]:
    return _press(name, role="tab")


SCREENS = (
    Screen("search", "/?collection={main}", least="Or start from one of these", shown=True),
    Screen("hits", "/?collection={main}&item=3", least="hits in", shown=True),
    Screen("hits-picked", "/?collection={main}&item=3", _pick, least="hits in"),
    Screen("hits-several", "/?collection={main}&item=3&item=40&alone=true"),
    Screen("hits-filter", "/?collection={main}&item=3", _press("^Filter"), least="hits in"),
    Screen(
        "hits-none", "/?collection={main}&item=3&where=width+>+9999", least="No picture is left"
    ),
    Screen("hits-gone", "/?collection={main}&query=" + "0" * 64, least="not kept any more"),
    Screen("hits-part", "/?collection={main}&item=3", _press("^Part of it"), least="hits in"),
    Screen("hits-marked", "/?collection={main}&item=3&mark=more-9", _press("^Marked"), shown=True),
    Screen("hits-say", "/?collection={main}&item=3&predict=label", least="of the vote"),
    Screen("picture", "/?collection={main}&item=3", _open_hit, shown=True),
    Screen("camera", "/?collection={main}", _press("^Camera")),
    Screen("map", "/map?collection={main}", least="Each point is a picture", shown=True),
    Screen("map-pictures", "/map?collection={main}", _press("^Show pictures"), shown=True),
    Screen("map-clicked", "/map?collection={main}", _click_map, shown=True),
    Screen("map-selection", "/map?collection={main}", _lasso, shown=True),
    Screen("map-tag", "/map?collection={main}", _then(_lasso, _press("^Tag$"))),
    Screen("map-alike", "/map?collection={main}", _then(_lasso, _press("^Search with these"))),
    Screen(
        "between",
        "/between?collection={main}&from=0&to=30",
        least="Drawn by the decoder",
        shown=True,
    ),
    Screen("slides", "/slides?collection=slides&patch=1", least="in this slide", shown=True),
    Screen("slides-none", "/slides?collection={main}", least="are whole"),
    Screen("duplicates", "/duplicates?collection={main}", least="Duplicates", shown=True),
    Screen("export", "/?collection={main}&item=3", _press("^Export"), least="hits in"),
    Screen("odd", "/odd?collection={main}", least="Odd ones out", shown=True),
    Screen("collection", "/collection?collection={main}", least="Picture sizes", shown=True),
    Screen("collection-add", "/collection?collection={main}", _tab("Add and update")),
    Screen("collection-skipped", "/collection?collection={main}", _tab("Skipped")),
    Screen("collection-new", "/collection?collection={main}", _tab("New collection")),
    Screen(
        "collection-delete",
        "/collection?collection={main}",
        _then(_tab("Delete"), _delete),
    ),
    Screen("model", "/model?collection={main}", least="Report card", shown=True),
    Screen("job", f"/?collection={BUSY}", _open_sidebar, least="Or start from one", shown=True),
    Screen("job-killed", f"/?collection={KILLED}", least="its process is gone"),
    Screen("job-cancel", f"/jobs?collection={BUSY}", _press("^Cancel…"), least="Retraining"),
    Screen("jobs", "/jobs?collection={main}", least="Ended", shown=True),
    Screen("making", f"/?collection={MAKING}", least="Making “making”"),
    Screen("not-ready", f"/?collection={FAILED}", least="is not ready"),
)
WELCOME = Screen(
    "welcome", "/", least="Make your first collection", shown=True
)  # once no collection is left


def show(page: Any, url: str, screen: Screen, main: str) -> None:
    """Bring a screen before the eyes of a tab."""
    page.goto(url + screen.address.format(main=main))
    if screen.least:
        page.get_by_text(screen.least).filter(visible=True).first.wait_for()
    rest(page)
    screen.reach(page)
    rest(page)


def forget_all(home: Path) -> None:
    """Leave no collection in a home, as whoever deletes the last one does."""
    for folder in home.iterdir():
        shutil.rmtree(folder, ignore_errors=True)
