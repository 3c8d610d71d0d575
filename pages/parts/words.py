"""Numbers in words: what people read instead of floats, bytes, seconds and time stamps."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import PurePosixPath

from ris.images.parts import split_part

STAGES = {
    "scan": "Read the pictures",
    "train": "Train the model",
    "embed": "Embed every picture",
    "evaluate": "Write the report card",
    "graph": "Build the search index",
    "map": "Draw the map",
    "publish": "Publish",
    "table": "Write the table",
    "check": "Look at everything",
    "repair": "Repair",
}


def turn(degrees: int, mirrored: bool) -> str:
    """How a copy differs from its picture: "turned 90°", "mirrored, turned 90°"; "" if upright."""
    told = ["mirrored"] if mirrored else []
    return ", ".join([*told, f"turned {degrees}°"] if degrees else told)


def count(number: int, noun: str, plural: str = "") -> str:
    """``count(1, "picture")`` is "1 picture", ``count(2400, "picture")`` is "2,400 pictures"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def percent(share: float) -> str:
    """A share of 0 to 1 as people read it, never over two lines: "94 %"."""
    return f"{100 * share:.0f}\u00a0%"


def size(number: float) -> str:
    """Bytes as people read them: "41.2 MB"."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            break
        number /= 1000
    return f"{number:,.0f} {unit}" if unit == "bytes" or number >= 100 else f"{number:.1f} {unit}"


def duration(seconds: float) -> str:
    """Seconds as people read them: "8 s", "2 min 5 s", "1 h 10 min"."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_left} min" if minutes_left else f"{hours} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{whole} s"


def roughly(seconds: float) -> str:
    """Seconds as a forecast gives them: "20 s", then whole minutes."""
    if seconds < 55:
        return duration(max(5, 5 * round(seconds / 5)))
    return duration(60 * round(seconds / 60))


def moment(iso: str) -> str:
    """An ISO time stamp in the server's time zone: "22 Nov 2026, 09:30"."""
    when = datetime.fromisoformat(iso).astimezone()
    return f"{when.day} {when:%b %Y, %H:%M}"


def generation(identifier: str) -> str:
    """A generation's id without its leading zeros: "Generation 3" reads better than 00000003."""
    return identifier.lstrip("0") or identifier


def name(path: str) -> str:
    """What an item is called: its file's name, and of a patch also where in the file it lies."""
    file, box = split_part(path)
    called = PurePosixPath(file).name
    return called if box is None else f"{called} at {box.x:,}, {box.y:,}"


def plain(text: str) -> str:
    """Text, such as a file's name, that Markdown must not take as markup; a number and its % stay
    on one line."""
    unbroken = re.sub(r"(?<=\d) %", "\u00a0%", text)
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|~$:<>])", r"\\\1", unbroken)


def stage(name: str) -> str:
    """A job's stage as something one does."""
    return STAGES.get(name, name.capitalize())
