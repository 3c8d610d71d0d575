"""Where things are: the home of the collections."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def default_home() -> Path:
    """The folder that holds all collections: `RIS_HOME`, or `models/` beside the package."""
    return Path(os.environ.get("RIS_HOME") or ROOT / "models").expanduser().resolve()
