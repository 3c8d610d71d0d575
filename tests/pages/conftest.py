"""What the tests of the screens share, on top of the small collection of `tests/conftest.py`."""

import json
import time
from pathlib import Path

import pytest


@pytest.fixture
def killed_job(home: Path) -> None:
    """A training of "drawn" whose process is gone without a last word."""
    folder = home / "drawn" / "jobs" / "99991231-235959-ffffff"
    folder.mkdir(parents=True)
    facts = {
        "arguments": ["train", "drawn"],
        "created": "2026-01-01T00:00:00+00:00",
        "time": time.time() - 60,
    }
    (folder / "job.json").write_text(json.dumps(facts))
    (folder / "process.json").write_text(json.dumps({"pid": 2**22 + 1, "created": 0.0}))
