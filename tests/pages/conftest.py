"""A small real collection, made once by the real core."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = ("discs", "stripes", "tiles")


def draw(family: str, number: int) -> Image.Image:
    """A small picture of a family; the number decides colours and places."""
    random = np.random.default_rng([FAMILIES.index(family), number])
    colours = [tuple(int(c) for c in random.integers(0, 255, 3)) for _ in range(3)]
    image = Image.new("RGB", (64, 48), colours[0])
    pen = ImageDraw.Draw(image)
    x, y, step = (int(value) for value in random.integers(8, 24, 3))
    if family == "discs":
        pen.ellipse((x, y, x + 24, y + 24), colours[1])
    elif family == "stripes":
        for left in range(x % 8, 64, step):
            pen.line((left, 0, left, 48), colours[1], 3)
    else:
        for left in range(0, 64, step):
            pen.rectangle((left, y, left + step // 2, y + step // 2), colours[2])
    return image


@pytest.fixture(scope="session")
def made_home(tmp_path_factory):
    """A home with the collection "tiny": 60 pictures of three families, one file skipped."""
    pictures = tmp_path_factory.mktemp("pictures")
    for family in FAMILIES:
        (pictures / family).mkdir()
        for number in range(20):
            draw(family, number).save(pictures / family / f"{family}-{number:02}.png")
    (pictures / "notes.txt").write_text("no picture")
    home = tmp_path_factory.mktemp("home")
    command = ["-m", "ris", "--home", str(home), "create", "tiny", str(pictures)]
    done = subprocess.run(
        [sys.executable, *command, "--minutes", "0.05"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def home(made_home, tmp_path):
    """A copy of that home, for a test to do with as it likes."""
    return Path(shutil.copytree(made_home, tmp_path / "home"))


@pytest.fixture
def killed_job(home):
    """A training of "tiny" whose process is gone without a last word."""
    folder = home / "tiny" / "jobs" / "99991231-235959-ffffff"
    folder.mkdir(parents=True)
    facts = {"command": "train", "created": "2026-01-01T00:00:00+00:00", "time": time.time() - 60}
    (folder / "job.json").write_text(json.dumps(facts))
    (folder / "process.json").write_text(json.dumps({"pid": 2**22 + 1, "created": 0.0}))
