"""File names as text that can be stored, shown and turned back into the file's name."""

import os
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

_ESCAPED = "file://"
FRAGMENT = "#xywh="  # what begins the name of a part of a file, see `parts.py`


def escape(name: str) -> str:
    """A name as UTF-8 text: unchanged, or a percent-escaped `file://` URI if its bytes are not
    UTF-8 (Arrow and JSON refuse those), or if it looks like the name of a part of a file."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return _ESCAPED + quote(os.fsencode(name))
    return _ESCAPED + quote(os.fsencode(name)) if FRAGMENT in name else name


def readable(name: str) -> str:
    """A name for people as UTF-8 text, bytes that are not UTF-8 percent-escaped."""
    return quote(os.fsencode(name)) if escape(name) is not name else name


def unescape(text: str) -> Path:
    """The path that `escape` was given."""
    if text.startswith(_ESCAPED):
        return Path(os.fsdecode(unquote_to_bytes(text[len(_ESCAPED) :])))
    return Path(text)
