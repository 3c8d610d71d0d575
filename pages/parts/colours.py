"""What points are coloured by, as a browser draws it: one byte a point, and a legend.

In comes a colouring out of `ris.explore.colourings`; out go codes, which are places in a palette of
256 colours that the browser keeps, and the legend's entries. Categories have the codes 0, 1, 2 …
by frequency; numbers are cut into 255 steps, and 255 is for points without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from ris.errors import RisError
from ris.explore.colourings import LABEL, Colouring

if TYPE_CHECKING:
    from numpy.typing import NDArray

PLAIN = "-"  # the name of one colour for all
CATEGORIES = 12  # as many as there are colours that can still be told apart
STEPS = 255
NO_NUMBER = 255
_TAIL = (
    0.01  # numbers beyond these shares share the ramp's ends: one outlier must not grey the rest
)
_LONGEST = 120  # letters of a category's name

_KEPT = 12  # colourings of a generation, 1 MB each at 1M points; earlier ones of tags among them

_known: WeakKeyDictionary[Any, dict[tuple[str, str], Painted]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Painted:
    """A colouring as it is drawn.

    Attributes:
        colouring: What it was made of; None for one colour for all.
        codes: uint8 (N,), in the order of `Explorer.points()`.
        legend: What the browser needs to draw the legend, as JSON.
        digest: Tells it from another one of the same name, as tags change.
    """

    colouring: Colouring | None
    codes: NDArray[np.uint8]
    legend: dict[str, object]
    digest: str


def usual(explorer: Any) -> str:
    """The name of what the map is coloured by when nothing is chosen."""
    return LABEL if LABEL in explorer.colourings() else PLAIN


def painted(explorer: Any, name: str) -> Painted:
    """A colouring of a generation, kept while the core says the same.

    Args:
        explorer: The open generation.
        name: One of `explorer.colourings()`, or `PLAIN`.

    Raises:
        RisError: There is no colouring of that name.
    """
    kept = _known.setdefault(explorer, {})
    colouring = None if name == PLAIN else explorer.colouring(name)
    for known in [*kept.values()]:
        if known.colouring is colouring or (colouring and _are_same(known.colouring, colouring)):
            return known
    made = paint(colouring or _plain(explorer), kept_for=colouring)
    kept[name, made.digest] = made
    for old in [*kept][:-_KEPT]:
        kept.pop(old, None)
    return made


def painted_as(explorer: Any, name: str, digest: str) -> Painted:
    """A colouring as a browser was told of it, which may be an earlier one.

    Raises:
        RisError: It is forgotten.
    """
    known = _known.get(explorer, {}).get((name, digest)) or painted(explorer, name)
    if known.digest != digest:
        raise RisError("That colouring has changed meanwhile.", "Reload the page.")
    return known


def _are_same(one: Colouring | None, other: Colouring) -> bool:
    """Whether both tell the same; tags are told anew each time, under a version."""
    if one is None or not one.version:
        return False
    return (one.name, one.version) == (other.name, other.version)


def _plain(explorer: Any) -> Colouring:
    count = len(explorer.points().keys)
    nothing = np.full(count, np.nan, np.float32)
    return Colouring(PLAIN, "categories", (), np.full(count, -1, np.int32), nothing)


def paint(colouring: Colouring, *, kept_for: Colouring | None = None) -> Painted:
    """The codes and the legend of a colouring."""
    codes, legend = _numbers(colouring) if colouring.kind == "numbers" else _categories(colouring)
    legend = {"name": colouring.name, "kind": colouring.kind, **legend}
    digest = sha256(codes.tobytes() + repr(legend).encode()).hexdigest()[:16]
    return Painted(kept_for, codes, {**legend, "digest": digest}, digest)


def _categories(colouring: Colouring) -> tuple[NDArray[np.uint8], dict[str, object]]:
    """The most frequent categories, then the other ones, then points without."""
    total = len(colouring.codes)
    known = colouring.codes[colouring.codes >= 0]
    if len(known) == 0:
        entries = [{"kind": "all", "name": "Pictures", "count": total, "code": 0}]
        return np.zeros(total, np.uint8), {"entries": entries}
    counts = np.bincount(known, minlength=len(colouring.names))
    often = [int(code) for code in np.argsort(-counts, kind="stable") if counts[code] > 0]
    shown, others = often[:CATEGORIES], often[CATEGORIES:]
    slot_of = np.full(len(counts) + 1, len(shown), np.uint8)  # the last one is for -1
    slot_of[shown] = np.arange(len(shown))
    slot_of[-1] = len(shown) + 1
    named = [(colouring.names[code][:_LONGEST], int(counts[code])) for code in shown]
    entries = [
        *({"kind": "category", "name": name, "count": count} for name, count in named),
        {"kind": "other", "name": _others(len(others)), "count": int(counts[others].sum())},
        {"kind": "none", "name": f"No {colouring.name}", "count": total - len(known)},
    ]
    entries = [{**entry, "code": code} for code, entry in enumerate(entries) if entry["count"]]
    return slot_of[colouring.codes], {"entries": entries}


def _others(number: int) -> str:
    return f"{number} others" if number > 1 else "1 other"


def _numbers(colouring: Colouring) -> tuple[NDArray[np.uint8], dict[str, object]]:
    """255 steps from the lowest to the highest number, without the tails on both sides."""
    values = colouring.values
    there = np.isfinite(values)
    codes = np.full(len(values), NO_NUMBER, np.uint8)
    low = high = least = most = 0.0
    if there.any():
        found = values[there].astype(float)
        least, most = float(found.min()), float(found.max())
        low, high = (float(n) for n in np.quantile(found, [_TAIL, 1 - _TAIL]))
        if low == high:
            low, high = least, most
        steps = (found - low) / max(high - low, 1e-30) * STEPS
        codes[there] = np.clip(steps, 0, STEPS - 1).astype(np.uint8)
    return codes, {
        "unit": colouring.unit,
        "low": low,
        "high": high,
        "least": least,
        "most": most,
        "without": int((~there).sum()),
    }
