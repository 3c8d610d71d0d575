# ruff: noqa: E402 - the paths come first
"""Screenshots of every page, in both themes, on a desk and on a phone.

    make screenshots

takes those that `docs/screens/` has, as WebP; `python tests/browser/screenshots.py NAME…` takes
others, by their names in `tests/support/screens.py`, into `build/screens/`. The demo collection
that they show is made once, in `build/`; nothing is fetched.
"""

import shutil
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "tests" / "support"))

import screens
from browsing import ARGUMENTS, chromium_path, serve
from PIL import Image
from playwright.sync_api import sync_playwright

from ris.images.demo import FAMILIES, draw
from ris.images.demo import SIZE as SIDE

TARGET = ROOT / "docs" / "screens"
STATES = ROOT / "build" / "screens"
DEMO = ROOT / "build" / "screenshots"
SIZES = {"1440": (1440, 900, 1200), "390": (390, 844, 1600)}  # px: width, height, at most
THEMES = ("light", "dark")
QUALITY = 72
HEIGHT = """
() => document.querySelector("[role=dialog]") ? 0 : document.querySelector(".stMain").scrollHeight
"""


def demo() -> Path:
    """A home with the demo collection, trained for a minute, and `slides`, a sheet of its drawings
    in patches; made at the first call."""
    with tempfile.TemporaryDirectory() as folder:
        sheet = Image.new("RGB", (6 * SIDE, 4 * SIDE))
        for number in range(24):
            one = draw(FAMILIES[number % 8], number)
            sheet.paste(one, (number % 6 * SIDE, number // 6 * SIDE))
        sheet.save(Path(folder) / "a sheet of drawings.png")
        made = {
            "demo": ["demo", "--minutes", "1"],
            "slides": [folder, "--tiles", str(SIDE // 2), "--minutes", "0"],
        }
        for name, arguments in made.items():
            if not (DEMO / name / "CURRENT").exists():
                command = ["-m", "ris", "--home", str(DEMO), "create", name, *arguments]
                subprocess.run([sys.executable, *command], cwd=ROOT, check=True)
    return DEMO


def take(page, url: str, screen: screens.Screen, size: str, target: Path) -> None:
    """Screenshots of one screen in both themes, as high as the page is."""
    width, height, most = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    screens.show(page, url, screen, "demo")
    high = page.evaluate(HEIGHT)
    if high > height:  # a page scrolls inside the app, so that the window must grow
        page.set_viewport_size({"width": width, "height": min(high, most)})
        page.evaluate("() => document.querySelector('.stMain').scrollTo(0, 0)")
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        screens.rest(page)
        shot = Image.open(BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
        name = f"{screen.name}-{size}-{theme}.webp"
        shot.save(target / name, "WEBP", quality=QUALITY, method=6)
        print(name, flush=True)


def main(names: list[str]) -> None:
    """Take all that docs/ show, or those of some names."""
    every = (*screens.SCREENS, screens.WELCOME)
    wanted = [one for one in every if (one.name in names if names else one.shown)]
    for folder in (TARGET, STATES):
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(shutil.copytree(demo(), Path(folder) / "home"))
        screens.prepare(home, "demo")
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        with serve(home, Path(folder) / "log.txt") as server:
            for screen in wanted:
                if screen is screens.WELCOME:
                    screens.forget_all(home)
                for size in SIZES:
                    page = browser.new_page()
                    page.set_default_timeout(120_000)  # a machine may be busy
                    take(page, server.url, screen, size, TARGET if screen.shown else STATES)
                    page.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
