"""A generation opened for questions: search, find similar, look at an item, see the map.

The one object that pages, the command line and Python users talk to. Everything in it is read
only, so several threads may share it; a new generation is opened beside it.
"""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ris.errors import PictureError, RisError, StoreError
from ris.explore.copies import nearest_of_any, tells_mirrored, view_of, views
from ris.explore.polygon import inside
from ris.explore.projection import Place, place
from ris.explore.results import Hit, Points, SearchResult
from ris.images.decode import decode, read_file
from ris.images.display import for_browser, from_pixels
from ris.images.names import escape
from ris.images.pool import GuardedDecoder
from ris.images.prepare import Prepared, make_thumbnail, prepare, to_input
from ris.model.encoder import Encoder
from ris.store.collection import Collection
from ris.store.generation import open_generation
from ris.store.index import Neighbours
from ris.store.items import Item, LabelCodes
from ris.store.kept import read_original
from ris.store.manifest import Manifest
from ris.store.thumbnails import Thumbnails

_TRIES = 5  # to open what serves, while one generation after the other is published
_SPREAD_OVER = 10  # neighbours whose places tell how uncertain a query's place is


class Explorer:
    """One generation of a collection, opened.

    Args:
        collection: The collection.
        generation: Which one; by default the one that serves.
        prepare: Brings a picture's bytes to the encoder's size; a server gives one that does it
            in a process of its own.

    Attributes:
        name: The collection's name.
        generation: Id of the generation.
        manifest: Its facts.
        notices: What is not as it should be, for people.

    Raises:
        StoreError: There is none, or it is damaged.
    """

    def __init__(
        self,
        collection: Collection,
        generation: str | None = None,
        *,
        prepare: Callable[[bytes, int], Prepared] = prepare,
    ) -> None:
        generation = generation or collection.current()
        if generation is None:
            raise StoreError(
                f"{collection.name!r} has nothing to search yet: it is still being created, "
                "or its creation was stopped.",
                "Wait for the job, or create it again.",
            )
        opened = open_generation(collection, generation)
        self.collection = collection
        self.name = collection.name
        self.generation = generation
        self.manifest: Manifest = opened.manifest
        self.notices = opened.notices
        self._items = opened.items
        self._index = opened.index
        self._positions = opened.positions
        self._encoder = Encoder(opened.encoder)
        self._prepare = prepare
        self._thumbnails = Thumbnails(collection.folder / "thumbnails.sqlite")
        if self._encoder.dimension != self.manifest.dimension:
            raise StoreError(
                f"The encoder gives {self._encoder.dimension} numbers, "
                f"the table holds {self.manifest.dimension}.",
                "Switch to another generation, or train again.",
            )

    def __len__(self) -> int:
        return len(self._items)

    @property
    def count(self) -> int:
        """Number of items."""
        return len(self._items)

    def search(
        self,
        picture: str | Path | bytes | NDArray[np.uint8],
        *,
        k: int = 10,
        copies: bool = False,
    ) -> SearchResult:
        """The items most like a picture.

        Args:
            picture: A file, a file's bytes, or RGB pixels uint8 (H, W, 3).
            k: How many hits, at most.
            copies: Whether to look for the picture turned and mirrored too; each item counts by
                its least distance to any of these views, and its hit tells which. The place on
                the map stays that of the picture as it is. Takes several times as long.

        Raises:
            PictureError: It can't be read.
            RisError: k is not positive.
        """
        _check_k(k)
        started = time.perf_counter()
        name, pixels = self._pixels(picture)
        found = self._index.query(self._encoder.encode(self._views(pixels, copies)), k)
        return self._result(name, found, started, k, copies=copies)

    def similar(self, key: int, *, k: int = 10, copies: bool = False) -> SearchResult:
        """The items most like an item, which is left out itself.

        Args:
            key: The item's.
            k: How many hits, at most.
            copies: As in `search`; the item's original is read for it, or else its thumbnail.

        Raises:
            StoreError: There is no such item.
            RisError: k is not positive.
            PictureError: Copies are wanted, and neither original nor thumbnail can be read.
        """
        _check_k(k)
        started = time.perf_counter()
        item, vectors = self.item(key), self._index.vectors([key])
        if copies:
            turned = self._views(self._item_pixels(item), copies)[1:]
            vectors = np.concatenate([vectors, self._encoder.encode(turned)])
        found = self._index.query(vectors, k + 1)
        return self._result(item.path, found, started, k, copies=copies, own_key=key)

    def item(self, key: int) -> Item:
        """One item.

        Raises:
            StoreError: There is no such item.
        """
        return self._items.get([key])[0]

    def items(self, keys: Sequence[int]) -> list[Item]:
        """Items in the order of their keys given.

        Raises:
            StoreError: There is no item of one of them.
        """
        return self._items.get(keys)

    @property
    def keys(self) -> NDArray[np.int64]:
        """The keys of all items, ascending."""
        return self._items.keys

    @cached_property
    def _labels(self) -> LabelCodes:
        return self._items.label_codes()

    @cached_property
    def _points(self) -> Points:
        labels = self._labels
        rows = self._items.rows_of(self._positions.keys)
        x, y = np.ascontiguousarray(self._positions.xy.T)
        return Points(self._positions.keys, x, y, labels.codes[rows], labels.names)

    def points(self) -> Points:
        """The map of all items; empty when the generation has none."""
        return self._points

    def place_of(self, key: int) -> Place | None:
        """Where an item lies on the map; None when it has no place."""
        row = int(np.searchsorted(self._positions.keys, key))
        if row >= len(self._positions.keys) or self._positions.keys[row] != key:
            return None
        x, y = self._positions.xy[row]
        return Place(float(x), float(y), 0.0)

    def inside(self, polygon: Sequence[tuple[float, float]]) -> NDArray[np.int64]:
        """Keys of the items inside a polygon on the map, ascending."""
        return self._positions.keys[inside(self._positions.xy, np.asarray(polygon, float))]

    def label_counts(self) -> dict[str, int]:
        """How many items have each label first, most frequent first."""
        labels = self._labels
        counts = np.bincount(labels.codes[labels.codes >= 0], minlength=len(labels.names))
        order = np.argsort(-counts, kind="stable")
        return {labels.names[i]: int(counts[i]) for i in order}

    def reconstruct(
        self, picture: str | Path | bytes | NDArray[np.uint8] | int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """What the autoencoder is given of a picture (or of an item, by key) and what it gives
        back: two arrays uint8 (S, S, 3)."""
        if isinstance(picture, int | np.integer):
            picture = self._original_bytes(self.item(int(picture)))
        pixels = self._pixels(picture)[1]
        return pixels, self._encoder.reconstruct(pixels[None])[0]

    def thumbnail(self, key: int) -> bytes:
        """A small WebP file of an item; made again from the original when it was lost.

        Raises:
            PictureError: It was lost and the original can't be read.
        """
        item = self.item(key)
        found = self._thumbnails.get(item.id)
        if found is None:
            found = make_thumbnail(decode(self._original_bytes(item)))
            with suppress(StoreError):  # a full disk costs the cache, not the picture
                self._thumbnails.put([(item.id, found)])
        return found

    def original(self, key: int) -> tuple[bytes, str]:
        """The item's file and its MIME type; what no browser shows comes as JPEG.

        Raises:
            PictureError: The file is gone or changed.
        """
        return for_browser(self._original_bytes(self.item(key)))

    def training(self) -> dict[str, Any]:
        """How the encoder was trained: settings, history, results."""
        return self.collection.training(self.manifest.encoder)

    def _original_bytes(self, item: Item) -> bytes:
        return read_original(self.collection.upload_path(item.id), item.path, item.id)

    def _pixels(
        self, picture: str | Path | bytes | NDArray[np.uint8]
    ) -> tuple[str, NDArray[np.uint8]]:
        """A query's name and the encoder's input (S, S, 3)."""
        size = self._encoder.size
        if isinstance(picture, np.ndarray):
            return "picture", to_input(from_pixels(picture), size)
        if isinstance(picture, bytes):
            return "picture", self._prepare(picture, size).pixels
        try:
            data = read_file(_follow(picture))
            return escape(str(picture)), self._prepare(data, size).pixels
        except PictureError as error:
            message = f"{escape(str(picture))}: {error.message}"
            raise PictureError(message, "Give another picture.") from error

    @cached_property
    def _tells_mirrored(self) -> bool:
        return tells_mirrored(self._encoder)

    def _views(self, pixels: NDArray[np.uint8], copies: bool) -> NDArray[np.uint8]:
        """What is encoded of a query, uint8 (V, S, S, 3), as it is first."""
        return views(pixels, mirrored=self._tells_mirrored) if copies else pixels[None]

    def _item_pixels(self, item: Item) -> NDArray[np.uint8]:
        """The encoder's input of an item: of its original, or of its thumbnail if that is gone."""
        try:
            return self._pixels(self._original_bytes(item))[1]
        except PictureError:
            return self._pixels(self.thumbnail(item.key))[1]

    def _result(
        self,
        query: str,
        found: Neighbours,
        started: float,
        k: int,
        *,
        copies: bool = False,
        own_key: int | None = None,
    ) -> SearchResult:
        best = nearest_of_any(found, k, without=own_key)
        hits = tuple(
            Hit(rank, item, float(distance), *view_of(int(view)))
            for rank, (item, distance, view) in enumerate(
                zip(self._items.get(best.keys), best.distances, best.views, strict=True), start=1
            )
        )
        upright = nearest_of_any(
            Neighbours(found.keys[:1], found.distances[:1]), k, without=own_key
        )
        where = self._place(upright.keys, upright.distances)
        own = self.place_of(own_key) if own_key is not None else None
        if own is not None and where is not None:
            where = Place(own.x, own.y, where.spread)
        milliseconds = 1000 * (time.perf_counter() - started)
        return SearchResult(query, hits, where, milliseconds, copies)

    def _place(self, keys: NDArray[np.int64], distances: NDArray[np.float32]) -> Place | None:
        """Where the query falls, from its nearest neighbours that have a place."""
        known = self._positions.keys
        rows = np.minimum(np.searchsorted(known, keys), max(len(known) - 1, 0))
        if len(known) == 0 or len(keys) == 0:
            return None
        placed = np.flatnonzero(known[rows] == keys)[:_SPREAD_OVER]
        if len(placed) == 0:
            return None
        return place(self._positions.xy[rows[placed]], distances[placed])


@lru_cache(maxsize=1)
def _guarded_decoder() -> GuardedDecoder:
    return GuardedDecoder()


@lru_cache(maxsize=4)
def _open(folder: Path, generation: str, seal: str, guarded: bool) -> Explorer:
    collection = Collection(folder.parent, folder.name)
    if guarded:
        return Explorer(collection, generation, prepare=_guarded_decoder().prepare)
    return Explorer(collection, generation)


def open_explorer(
    home: Path, name: str, generation: str | None = None, *, guarded: bool = False
) -> Explorer:
    """An opened generation, shared by all who ask for the same one.

    Args:
        home: Folder of the collections.
        name: The collection's name.
        generation: Which one; by default the one that serves.
        guarded: Whether queries are decoded in a process of their own, for servers.

    Raises:
        StoreError: There is none, or it is damaged.
    """
    collection = Collection(home, name)
    if generation is not None:
        return _open(*_named(collection, generation), guarded)
    for tries_left in reversed(range(_TRIES)):
        wanted, lost = collection.current(), None
        if wanted is None:
            return Explorer(collection)  # raises what there is to say
        try:
            opened = _open(*_named(collection, wanted), guarded)
            if not opened.notices:
                return opened
        except StoreError as error:
            lost = error
        if tries_left and collection.current() != wanted:
            continue  # another one serves, and this one may have been forgotten while it was opened
        return _open_other(collection, wanted, lost, guarded) if lost else opened
    raise AssertionError("the last try returns or raises")


def _named(collection: Collection, generation: str) -> tuple[Path, str, str]:
    """What tells a generation from that of an earlier collection of the same name."""
    return collection.folder, generation, collection.manifest(generation).sha256


def _open_other(collection: Collection, damaged: str, error: StoreError, guarded: bool) -> Explorer:
    """The newest other generation that can be opened, in place of a damaged one."""
    for manifest in reversed(collection.generations()):
        if manifest.generation != damaged:
            with suppress(StoreError):
                other = _open(collection.folder, manifest.generation, manifest.sha256, guarded)
                notice = (
                    f"Generation {damaged} can't be opened ({error.message}) "
                    f"Generation {manifest.generation} is shown instead."
                )
                if notice not in other.notices:
                    other.notices = (*other.notices, notice)
                return other
    raise error


def _follow(path: str | Path) -> Path:
    """The file that a person means by a path: links they name themselves are followed."""
    try:
        return Path(os.path.realpath(os.path.expanduser(path)))
    except ValueError as error:  # a null byte
        raise PictureError(f"can't be read: {error}") from error


def _check_k(k: int) -> None:
    if k < 1:
        raise RisError(f"The number of hits must be at least 1, got {k}.")
