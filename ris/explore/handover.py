"""A finding as one HTML page that opens anywhere: what was looked for, what was found, the map.

In come an open generation and items, be they hits, a selection, a tag or duplicates; out goes a
page with their pictures in it and the saved map inside. Nothing of it is fetched from anywhere.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path, PurePosixPath

import numpy as np

from ris.errors import RisError, StoreError
from ris.explore.explorer import Explorer
from ris.explore.saved_map import SavedQuery, saved_map
from ris.images.display import shrunk
from ris.images.parts import split_part
from ris.store.index import Keys
from ris.store.items import Item

PICTURES = 300  # in a page; each is 3 to 12 kB
SIDE = 240  # pixels of a picture
_QUERY_SIDE = 360


def finding_page(
    explorer: Explorer,
    keys: Keys,
    *,
    title: str,
    query: SavedQuery | None = None,
    verdict: Callable[[float], str] | None = None,
    with_map: bool = True,
) -> bytes:
    """A page of some items.

    Args:
        explorer: The open generation.
        keys: The items', in the order that they come in; the first `PICTURES` with pictures.
        title: What they are, for people.
        query: What was looked for, if anything was, with its hits.
        verdict: A distance in words.
        with_map: Whether the saved map comes along.

    Raises:
        StoreError: There is no item of one of the keys.
    """
    distances = {hit.item.key: hit.distance for hit in query.hits} if query else {}
    items = explorer.items(keys[:PICTURES].tolist())
    tags = _tags(explorer, keys)
    cards = [
        _card(explorer, rank, item, distances.get(item.key), tags.get(item.key, ()), verdict)
        for rank, item in enumerate(items, start=1)
    ]
    frame = ""
    if with_map:
        try:
            told = saved_map(explorer, query=query).decode()
        except RisError:  # the generation has no map
            told = ""
        if told:
            frame = f'<h2>Map</h2><iframe title="The map" srcdoc="{escape(told)}"></iframe>'
    today = datetime.now(UTC).date().isoformat()
    generation = explorer.generation.lstrip("0")
    rest = len(keys) - len(items)
    filled = {
        "TITLE": escape(title),
        "ABOUT": f"{len(keys):,} of {explorer.count:,} pictures of “{escape(explorer.name)}”, "
        f"generation {generation}, saved {today} by ris",
        "QUERY": _asked(query),
        "HEAD": "Hits" if query else "Pictures",
        "CARDS": "".join(cards),
        "REST": f"<p>{rest:,} more are left out of this page.</p>" if rest else "",
        "MAP": frame,
    }
    page = Path(__file__).with_name("handover.html").read_text(encoding="utf-8")
    # all at once, so that nothing that is filled in is taken for a place
    filled_in = re.sub(r"__([A-Z]+)__", lambda place: filled[place[1]], page)
    return filled_in.encode("utf-8", "replace")


def _asked(query: SavedQuery | None) -> str:
    if query is None:
        return ""
    picture = ""
    if query.thumbnail:
        image = _uri(shrunk(query.thumbnail, _QUERY_SIDE))
        picture = f'<img src="{image}" alt="What was looked for">'
    words = f"<h2>Query</h2><p>{escape(query.name)}</p>"
    return f'<section class="query">{picture}<div>{words}</div></section>'


def _card(
    explorer: Explorer,
    rank: int,
    item: Item,
    distance: float | None,
    tags: Sequence[str],
    verdict: Callable[[float], str] | None,
) -> str:
    file, box = split_part(item.path)
    name = PurePosixPath(file).name + ("" if box is None else f" at {box.x:,}, {box.y:,}")
    try:
        small = _uri(shrunk(explorer.thumbnail(item.key), SIDE))
        image = f'<img src="{small}" alt="{escape(name)}" loading="lazy">'
    except RisError:  # lost, and its original too
        image = '<div class="lost">The picture is gone</div>'
    lines = [f"<b>{escape(name)}</b>"]
    if distance is not None:
        words = f"{escape(verdict(distance))}, " if verdict else ""
        lines.append(f"<span>{words}distance {distance:.3f}</span>")
    lines.append(f"<small>{item.width:,} × {item.height:,}, key {item.key}</small>")
    chips = [f"<i>{escape(one)}</i>" for one in (*item.labels, *(f"# {tag}" for tag in tags))]
    return (
        f'<li>{image}<div class="rank">{rank}</div><p>{"".join(lines)}</p>'
        f'<p class="chips" title="{escape(item.path)}">{"".join(chips)}</p></li>'
    )


def _tags(explorer: Explorer, keys: Keys) -> Mapping[int, list[str]]:
    found: dict[int, list[str]] = {}
    try:
        tagged = explorer.tagged()
    except StoreError:  # damaged, which the pages tell
        return found
    for name, having in tagged.items():
        for key in np.intersect1d(keys, having).tolist():
            found.setdefault(key, []).append(name)
    return found


def _uri(webp: bytes) -> str:
    return f"data:image/webp;base64,{b64encode(webp).decode()}"
