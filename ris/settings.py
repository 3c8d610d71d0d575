"""Where things are, and what the owner of a server allows."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def default_home() -> Path:
    """The folder that holds all collections: `RIS_HOME`, or `models/` beside the package."""
    return as_home(os.environ.get("RIS_HOME") or ROOT / "models")


def as_home(path: str | Path) -> Path:
    """A folder as a person writes it, made absolute."""
    return Path(os.path.expanduser(path)).resolve()


def addresses_allowed() -> bool:
    """Whether the server may fetch pictures from addresses that people give it: only if its owner
    set `RIS_ADDRESSES` to `public`."""
    return os.environ.get("RIS_ADDRESSES", "").strip().lower() == "public"
