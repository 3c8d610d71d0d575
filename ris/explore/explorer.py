"""A generation opened for questions: search, find similar, look at an item, see the map.

The one object that pages, the command line and Python users talk to. Everything in it is read
only, so several threads may share it; a new generation is opened beside it.
"""

import copy
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ris.errors import PictureError, RisError, StoreError
from ris.explore import familiar
from ris.explore.between import MOST_STEPS, Step, walk
from ris.explore.card import SHARES, ReportCard
from ris.explore.clusters import Cluster, name_clusters
from ris.explore.colourings import ERROR, OUTLIER, TAG, Colouring, Colourings
from ris.explore.copies import nearest_of_any, tells_mirrored, view_of, views
from ris.explore.duplicates import NEAR, SAME, Compared, Group, groups, near_pairs
from ris.explore.familiar import Familiar, load_familiar
from ris.explore.medoids import Medoids
from ris.explore.neighbours import NeighboursSay
from ris.explore.polygon import inside
from ris.explore.prediction import Prediction
from ris.explore.projection import Place, place
from ris.explore.regions import Region, diagonal_of, regions
from ris.explore.results import Hit, Points, SearchResult
from ris.explore.scale import FIXED, NOTHING, UNLIKE, Scale, scale_from_json
from ris.explore.scale import SAME as SAME_PICTURE
from ris.explore.slides import Slide, slides_of
from ris.explore.steering import STRAIGHT, Steering, steered
from ris.explore.tiles import Tiles, tile
from ris.explore.why import Look, Why, look, why
from ris.images.crop import Crop, cut
from ris.images.decode import decode, read_file
from ris.images.display import for_browser, from_pixels
from ris.images.names import escape, unescape
from ris.images.parts import Box, split_part
from ris.images.pool import GuardedDecoder
from ris.images.prepare import Prepared, content_id, make_thumbnail, prepare, to_input
from ris.images.slides import read_part
from ris.model.encoder import Encoder
from ris.progress import OnProgress, StopSignal, silent
from ris.store.collection import Collection
from ris.store.columns import Summary
from ris.store.concepts import Concept, Concepts
from ris.store.dismissed import Dismissed
from ris.store.files import repair_hint, verify
from ris.store.generation import open_generation
from ris.store.index import Keys, Neighbours, Vectors, normalise
from ris.store.items import Item
from ris.store.kept import read_original
from ris.store.manifest import Manifest
from ris.store.overviews import made_of_thumbnails, overview_id
from ris.store.tags import Tags
from ris.store.thumbnails import Thumbnails
from ris.store.values import Codes

_TAKEN_AT_ONCE = 20_000  # embeddings
_TRIES = 5  # to open what serves, while one generation after the other is published
_SPREAD_OVER = 10  # neighbours whose places tell how uncertain a query's place is
_COLOURINGS_KEPT = 4  # each is 8 MB at 1M items
_FILTERS_KEPT = 8  # answers to filters; each is at most 8 MB at 1M items
_SUMMARIES_KEPT = 64  # of columns; each is at most a thousand values


class Explorer:
    """One generation of a collection, opened.

    Args:
        collection: The collection.
        generation: Which one; by default the one that serves.
        prepare: Brings a picture's bytes to the encoder's size, as `ris.images.prepare.prepare`
            does; a server gives one that does it in a process of its own.
        read_part: Cuts a part out of a large picture, as `ris.images.slides.read_part` does;
            likewise.

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
        prepare: Callable[..., Prepared] = prepare,
        read_part: Callable[[Path, Box], bytes] = read_part,
    ) -> None:
        pointed = collection.pointed()
        generation = generation or pointed.generation
        if generation is None and pointed.problem:
            raise StoreError(pointed.problem, repair_hint(collection.folder))
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
        self._held = opened.held
        self._encoder = Encoder(opened.encoder)
        self._prepare = prepare
        self._read_part = read_part
        self._matching = lru_cache(_FILTERS_KEPT)(self._held_for)
        self._colouring = lru_cache(_COLOURINGS_KEPT)(self._coloured)
        self._tag_codes = lru_cache(1)(self._coded_tags)
        self._summaries = lru_cache(_SUMMARIES_KEPT)(opened.items.summary)
        self._thumbnails = Thumbnails(collection.folder / "thumbnails.sqlite")
        self._tags = Tags(collection)
        self._grouped: tuple[object, tuple[Group, ...]] | None = None
        self._concepts = Concepts(collection)
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
        where: str | None = None,
        crop: Crop | None = None,
        steering: Steering = STRAIGHT,
    ) -> SearchResult:
        """The items most like a picture.

        Args:
            picture: A file, a file's bytes, or RGB pixels uint8 (H, W, 3).
            k: How many hits, at most.
            copies: Whether to look for the picture turned and mirrored too; each item counts by
                its least distance to any of these views, and its hit tells which. The place on
                the map stays that of the picture as it is. Takes several times as long.
            where: A filter: only items that it holds for come, at least k if so many are there.
                It is an expression like `label == "cat" and width >= 1000`, see
                docs/commands.md. The place on the map stays the same.
            crop: The part of the picture to search with; by default all of it.
            steering: What was marked as more or less wanted, and concepts: see docs/steering.md.

        Raises:
            PictureError: It can't be read.
            RisError: k is not positive, the filter can't be understood, or there is no concept of
                a name.
            StoreError: There is no item of a marked key.
        """
        _check_k(k)
        started = time.perf_counter()
        allowed = self._allowed(where)
        name, pixels = self._pixels(picture, crop)
        vectors, features = self._encoder.describe(self._views(pixels, copies))
        strange = self._strangeness(features)
        return self._answer(
            name,
            vectors,
            k,
            allowed,
            started,
            copies=copies,
            strangeness=None if steering or crop else strange,  # parts are strange anyway
            steering=steering,
        )

    def similar(
        self,
        key: int,
        *,
        k: int = 10,
        copies: bool = False,
        where: str | None = None,
        crop: Crop | None = None,
        steering: Steering = STRAIGHT,
    ) -> SearchResult:
        """The items most like an item, which is left out itself.

        Args:
            key: The item's.
            k: How many hits, at most.
            copies: As in `search`; the item's original is read for it, or else its thumbnail.
            where: As in `search`.
            crop: As in `search`; the original is read for it, too.
            steering: As in `search`.

        Raises:
            StoreError: There is no such item.
            RisError: k is not positive, or the filter can't be understood.
            PictureError: Copies are wanted, and neither original nor thumbnail can be read.
        """
        _check_k(k)
        started = time.perf_counter()
        allowed = self._allowed(where)
        path = self._items.path(key)
        vectors = self._item_vectors(key, copies, crop)
        return self._answer(
            path,
            vectors,
            k,
            allowed,
            started,
            copies=copies,
            own=[key],
            lies=None if crop else self.place_of(key),
            steering=steering,
        )

    def together(
        self,
        queries: Sequence[str | Path | bytes | NDArray[np.uint8] | int],
        *,
        k: int = 10,
        copies: bool = False,
        where: str | None = None,
        crop: Crop | None = None,
        steering: Steering = STRAIGHT,
    ) -> SearchResult:
        """The items most like several pictures at once: nearest to the mean of their embeddings.

        Args:
            queries: Pictures as in `search`, and keys of items, which are left out of the hits.
            k: How many hits, at most.
            copies: As in `search`; all pictures are turned alike.
            where: As in `search`.
            crop: As in `search`; only of a single picture.
            steering: As in `search`.

        Raises:
            RisError: There are no queries, k is not positive, or the filter can't be understood.
            StoreError: There is no such item.
            PictureError: One of the pictures can't be read.
        """
        _check_k(k)
        if not queries:
            raise RisError("Expected at least one picture to search with, got none.")
        if len(queries) == 1:
            only = queries[0]
            if isinstance(only, int | np.integer):
                return self.similar(
                    int(only), k=k, copies=copies, where=where, crop=crop, steering=steering
                )
            return self.search(only, k=k, copies=copies, where=where, crop=crop, steering=steering)
        started = time.perf_counter()
        allowed = self._allowed(where)
        own = [int(query) for query in queries if isinstance(query, int | np.integer)]
        embeddings = [
            self._item_vectors(int(query), copies)
            if isinstance(query, int | np.integer)
            else self._encoder.encode(self._views(self._pixels(query)[1], copies))
            for query in queries
        ]
        vectors = normalise(np.mean(embeddings, axis=0))  # (V, dimension)
        name = f"{len(queries)} pictures"
        return self._answer(
            name, vectors, k, allowed, started, copies=copies, own=own, steering=steering
        )

    def preview(self, picture: bytes, *, crop: Crop | None = None) -> Prepared:
        """A picture from outside as it is looked at: its sides and a small WebP file of it, or of a
        part.

        Raises:
            PictureError: It can't be read.
        """
        return self._prepare(picture, self._encoder.size, thumbnail=True, crop=crop)

    def columns(self) -> dict[str, str]:
        """The columns that a filter can name, by name: "number", "text", "labels", "time" or
        "bool"."""
        return self._items.filterable()

    def summary(self, column: str) -> Summary:
        """The values of a column: what a filter can choose from.

        Raises:
            RisError: There is no such column.
        """
        found: Summary = self._summaries(column)
        return found

    def like_all(self, keys: NDArray[np.int64], *, k: int = 10) -> SearchResult:
        """The items most like a whole selection: nearest to the mean of its embeddings, and not in
        it themselves.

        Args:
            keys: The selection's, int64 (S,), ascending; as many as there are items.
            k: How many hits, at most.

        Raises:
            RisError: k is not positive, or there are no keys.
            StoreError: There is no item of one of the keys.
        """
        _check_k(k)
        if len(keys) == 0:
            raise RisError("Expected pictures to search with, got none.", "Select some first.")
        started = time.perf_counter()
        self._items.rows_of(keys)
        total = np.zeros(self.manifest.dimension, np.float64)
        for first in range(0, len(keys), _TAKEN_AT_ONCE):
            vectors = self._index.vectors(keys[first : first + _TAKEN_AT_ONCE].tolist())
            total += vectors.sum(axis=0, dtype=np.float64)
        mean = normalise(total[None].astype(np.float32) / np.float32(len(keys)))
        others = np.setdiff1d(self.keys, keys, assume_unique=True)
        found = self._answer(f"{len(keys)} items", mean, k, others, started, copies=False)
        return replace(found, matching=None)

    def matching(self, where: str) -> NDArray[np.int64]:
        """Keys of the items that a filter holds for, ascending; the last few are kept.

        Args:
            where: As in `search`.

        Raises:
            RisError: It can't be understood; the hint lists the columns that it can name.
        """
        found: NDArray[np.int64] = self._matching(where, self.tags_version)
        return found

    def _held_for(self, where: str, version: str) -> NDArray[np.int64]:
        return self._items.matching(where, self._tags.all)

    @property
    def tags_version(self) -> str:
        """What is another once a tag was changed, and with it what filters hold for."""
        return self._tags.version

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
    def _labels(self) -> Codes:
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

    @cached_property
    def _colourings(self) -> Colourings:
        def clusters() -> tuple[str, ...]:
            names = {one.number: one.name for one in self.clusters()}
            return tuple(names.get(number, "") for number in range(max(names, default=-1) + 1))

        return Colourings(
            self._items,
            self._positions,
            lambda: self._labels,
            clusters,
            lambda: self._tag_codes(self._tags.version),
        )

    def colourings(self) -> tuple[str, ...]:
        """What the map can be coloured by, the most telling first: "label", "cluster", "outlier
        score", "reconstruction error", own columns, "folder", "date", "picture size", "file size";
        only what items have."""
        return self._colourings.names()

    def colouring(self, name: str) -> Colouring:
        """A category or a number for every point of the map; the last few are kept.

        Args:
            name: One of `colourings`.

        Raises:
            RisError: It is none of them.
        """
        # people change tags while the generation serves
        found: Colouring = self._colouring(name, self._tags.version if name == TAG else "")
        return found

    def _coloured(self, name: str, version: str) -> Colouring:
        return replace(self._colourings.of(name), version=version)

    def tagged(self) -> dict[str, NDArray[np.int64]]:
        """The keys of the items that have each tag, int64 ascending, by the tag's name.

        Raises:
            StoreError: The file of tags is damaged.
        """
        here = {name: keys[np.isin(keys, self.keys)] for name, keys in self._tags.all().items()}
        return {name: keys for name, keys in here.items() if len(keys)}

    def _coded_tags(self, version: str) -> Codes:
        """A tag of each item; of several the first by alphabet. None where they can't be read."""
        found: dict[str, NDArray[np.int64]] = {}
        with suppress(StoreError):
            found = self.tagged()
        codes = np.full(len(self), -1, np.int32)
        for code, keys in reversed([*enumerate(found.values())]):
            codes[self._items.rows_of(keys)] = code
        return Codes(codes, tuple(found))

    @cached_property
    def _clusters(self) -> tuple[Cluster, ...]:
        labels = Codes(self._points.label, self._points.names)
        return name_clusters(
            self._positions, labels, lambda keys: self._index.vectors(keys.tolist())
        )

    def clusters(self) -> tuple[Cluster, ...]:
        """The clusters of the map, in the order of their numbers; none where an earlier ris made
        it."""
        return self._clusters

    def keys_of_cluster(self, number: int) -> NDArray[np.int64]:
        """The keys of a cluster's items, ascending; none where there is no such cluster."""
        found: NDArray[np.int64] = self._positions.keys[self._positions.cluster == number]
        return found

    @cached_property
    def _diagonal(self) -> float:
        return diagonal_of(self._positions.xy)

    def regions(self, hits: Sequence[Hit]) -> tuple[Region, ...]:
        """The places of the map where hits lie, the one with the most first: several where what
        is alike lies far apart on the map."""
        known = self._positions
        keys = np.array([hit.item.key for hit in hits], np.int64)
        on_map = np.isin(keys, known.keys)
        rows = np.searchsorted(known.keys, keys[on_map])
        names = {one.number: one.name for one in self.clusters()}
        clusters = [names.get(number, "") for number in known.cluster[rows].tolist()]
        placed = [hit for hit, there in zip(hits, on_map, strict=True) if there]
        return regions(placed, known.xy[rows], clusters, self._diagonal)

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

    @cached_property
    def tiles(self) -> Tiles:
        """The points of the map as browsers fetch them; made once."""
        return tile(self._points.x, self._points.y)

    @cached_property
    def medoids(self) -> Medoids:
        """The pictures that stand for parts of the map; made once."""
        points = self._points

        def vectors_of(rows: NDArray[np.int64]) -> NDArray[np.float32]:
            return self._index.vectors(points.keys[rows].tolist())

        return Medoids(points.x, points.y, self.tiles.square, vectors_of)

    def label_counts(self) -> dict[str, int]:
        """How many items have each label first, most frequent first."""
        labels = self._labels
        counts = np.bincount(labels.codes[labels.codes >= 0], minlength=len(labels.names))
        order = np.argsort(-counts, kind="stable")
        return {labels.names[i]: int(counts[i]) for i in order}

    def duplicates(
        self,
        *,
        same: float | None = None,
        near: float = NEAR,
        on_progress: OnProgress = silent,
        stop: StopSignal | None = None,
    ) -> tuple[Group, ...]:
        """Groups of duplicates: exact copies, the same picture in other bytes, near-duplicates.
        What people dismissed is none.

        Args:
            same: Cosine distance up to which two pictures count as the same; by default that of
                the verdict "same picture", or `SAME` where none was learned.
            near: Cosine distance up to which they count as nearly the same.
            on_progress: Hears how far the comparison is.
            stop: Asked between two small steps.

        Raises:
            StoreError: The file of what was dismissed is damaged.
            Cancelled: The person gave up.
        """
        if same is None:
            learned = {word: end for end, word in self.scale.steps}
            same = learned.get(SAME_PICTURE, SAME)
        near = within = max(same, near)
        dismissed = Dismissed(self.collection)
        asked = (same, near, dismissed.version)
        known = self._grouped
        if known is not None and known[0] == asked:
            return known[1]
        place = (self.collection.folder, self.manifest.encoder, within)
        pairs = _COMPARED.of(
            place,
            self.keys,
            lambda: near_pairs(
                self._index, self.keys, within=within, on_progress=on_progress, stop=stop
            ),
        )
        found = groups(self._items, pairs, dismissed, same=same, near=near)
        self._grouped = asked, found
        return found

    def between(self, first: int, second: int, *, steps: int = 9) -> tuple[Step, ...]:
        """A walk from one item to another through the decoder; at each step between the two with
        the nearest of the other items.

        Args:
            first: Key of the item that it begins with.
            second: Key of the item that it ends with.
            steps: How many steps, the ends included.

        Raises:
            StoreError: There is no such item, or the file that draws pictures is damaged.
            PictureError: Neither original nor thumbnail can be read.
            RisError: The number of steps makes no sense.
        """
        if not 2 <= steps <= MOST_STEPS:
            raise RisError(f"Expected 2 to {MOST_STEPS} steps, got {steps}.")
        ends = [self.item(key) for key in (first, second)]
        pixels = np.stack([self._item_pixels(item) for item in ends])
        shares = np.linspace(0, 1, steps, dtype=np.float32)
        embeddings = self._index.vectors([item.key for item in ends])
        drawn, places = walk(self._whole_encoder, pixels, embeddings, shares)
        found = self._index.query(places, 3)
        own = np.isin(found.keys, (first, second))
        own[[0, -1]] = False  # the walk begins and ends at the two, but does not stay there
        chosen = np.argmin(own, axis=1)[:, None]  # the first that is neither
        keys = np.take_along_axis(found.keys, chosen, axis=1)[:, 0]
        away = np.take_along_axis(found.distances, chosen, axis=1)[:, 0].tolist()
        return tuple(
            Step(float(share), picture, self._hit(item, float(distance)))
            for share, picture, item, distance in zip(
                shares, drawn, self._items.get(keys), away, strict=True
            )
        )

    def reconstruct(
        self, picture: str | Path | bytes | NDArray[np.uint8] | int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """What the autoencoder is given of a picture (or of an item, by key) and what it gives
        back: two arrays uint8 (S, S, 3).

        Raises:
            StoreError: The file that gives pictures back is damaged.
            PictureError: The picture can't be read.
        """
        if isinstance(picture, int | np.integer):
            picture = self._original_bytes(self.item(int(picture)))
        pixels = self._pixels(picture)[1]
        return pixels, self._whole_encoder.reconstruct(pixels[None])[0]

    def look(self, picture: str | Path | bytes | NDArray[np.uint8] | int) -> Look:
        """What the model sees of a picture, or of an item by key, and how well it knows it: how
        close it redraws it, beside the collection's held-out pictures.

        Raises:
            StoreError: The file that gives pictures back is damaged.
            PictureError: The picture can't be read.
        """
        seen, redrawn = self.reconstruct(picture)
        shares: tuple[float, ...] = ()
        with suppress(StoreError):
            card = ReportCard.from_json(self.training().get("report"))
            shares = card.methods["this"].psnr_shares if "this" in card.methods else ()
        return look(seen, redrawn, SHARES, shares)

    def why(self, query: str | Path | bytes | NDArray[np.uint8] | int, key: int) -> Why:
        """Which parts of a picture (or of an item, by key) and of an item look alike to the
        encoder.

        Raises:
            StoreError: There is no such item, or an earlier ris exported the encoder.
            PictureError: The picture can't be read.
        """
        if isinstance(query, int | np.integer):
            pixels = self._small_pixels(int(query))
        else:
            pixels = self._pixels(query)[1]
        return why(pixels, self._small_pixels(key), self._encoder.feature_maps)

    def _small_pixels(self, key: int) -> NDArray[np.uint8]:
        """The encoder's input of an item's thumbnail: quick, and close enough to look at."""
        return prepare(self.thumbnail(key), self._encoder.size).pixels  # ris made it

    @cached_property
    def tells_why(self) -> bool:
        """Whether `why` has an answer: the encoder was exported since it is asked."""
        return self._encoder.tells_features

    def odd(self, count: int, *, by: str = OUTLIER) -> list[tuple[Item, float]]:
        """The odd ones out, the oddest first, with a score; none where an earlier ris made the map.

        Args:
            count: How many, at most.
            by: "outlier score", the mean cosine distance to the nearest others, or
                "reconstruction error", how far the model redraws a picture from what it is: the
                root of the mean squared difference of pixel values, 0 to 1.

        Raises:
            RisError: It is neither of them.
        """
        known_scores = {OUTLIER: self._positions.outlier, ERROR: self._positions.error}
        if by not in known_scores:
            told = " or ".join(map(repr, known_scores))
            raise RisError(f"Expected {told} to find odd pictures by, got {by!r}.")
        scores = known_scores[by]
        known = np.flatnonzero(np.isfinite(scores))
        count = min(count, len(known))
        if count == 0:
            return []
        rows = known[np.argpartition(-scores[known], count - 1)[:count]]
        rows = rows[np.argsort(-scores[rows], kind="stable")]
        keys = self._positions.keys[rows].tolist()
        return list(zip(self.items(keys), scores[rows].tolist(), strict=True))

    @cached_property
    def _whole_encoder(self) -> Encoder:
        """The encoder, once `autoencoder.onnx` is known to be what the manifest says."""
        facts = self.manifest.encoder_file("autoencoder.onnx")
        if facts is not None:
            verify(self.collection.folder, facts)
        return self._encoder

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

    def file(self, key: int) -> bytes:
        """The item's file as it is.

        Raises:
            PictureError: It is gone or changed.
        """
        return self._original_bytes(self.item(key))

    def training(self) -> dict[str, Any]:
        """How the encoder was trained: settings, history, results."""
        return self.collection.training(self.manifest.encoder)

    def _original_bytes(self, item: Item) -> bytes:
        file, box = split_part(item.path)
        if box is None:
            return read_original(self.collection.upload_path(item.id), item.path, item.id)
        data = self._read_part(unescape(file), box)
        if content_id(data) != item.id:
            raise PictureError(f"{file} has changed since it was added.")
        return data

    def part(self, file: str, box: Sequence[int]) -> bytes:
        """A part of a large picture of which the collection has patches, as a picture file.

        Args:
            file: The picture's path, as `parent` in the table has it.
            box: The part: x, y, width, height in pixels.

        Raises:
            PictureError: It can't be read, or the part lies outside.
            RisError: The collection has no patches of it.
        """
        if file not in self.slides:
            raise RisError(f"The collection has no patches of {file}.")
        return self._read_part(unescape(file), Box(*map(int, box)))

    @cached_property
    def slides(self) -> dict[str, Slide]:
        """The large pictures that the items were cut from, by their paths."""
        return slides_of(self._items)

    def overview(self, file: str) -> bytes:
        """A WebP file of a large picture as a whole, made of its patches when it was lost.

        Raises:
            RisError: The collection has no patches of it.
        """
        if file not in self.slides:
            raise RisError(f"The collection has no patches of {file}.")
        found = self._thumbnails.get(overview_id(file))
        if found is None:
            slide = self.slides[file]
            ids = [item.id for item in self.items(slide.keys.tolist())]
            boxes = [Box(*row) for row in slide.boxes.tolist()]
            found = made_of_thumbnails(self._thumbnails, boxes, ids)
            with suppress(StoreError):
                self._thumbnails.put([(overview_id(file), found)])
        return found

    def distances(
        self, query: int | str | Path | bytes | NDArray[np.uint8], keys: Keys
    ) -> NDArray[np.float32]:
        """How far items are from a picture, or from an item by its key: float32 (K,), 0 to 2.

        Args:
            query: As in `together`.
            keys: The items', int64 (K,).

        Raises:
            StoreError: There is no such item.
            PictureError: The picture can't be read.
        """
        if isinstance(query, int | np.integer):
            vector = self._item_vectors(int(query), copies=False)[0]
        else:
            vector = self._encoder.encode(self._pixels(query)[1][None])[0]
        self._items.rows_of(keys)
        found = np.empty(len(keys), np.float32)
        for first in range(0, len(keys), _TAKEN_AT_ONCE):
            part = slice(first, first + _TAKEN_AT_ONCE)
            found[part] = 1.0 - self._index.vectors(keys[part].tolist()) @ vector
        return np.clip(found, 0.0, 2.0)

    def _pixels(
        self, picture: str | Path | bytes | NDArray[np.uint8], crop: Crop | None = None
    ) -> tuple[str, NDArray[np.uint8]]:
        """A query's name and the encoder's input (S, S, 3)."""
        size = self._encoder.size
        if isinstance(picture, np.ndarray):
            return "picture", to_input(cut(from_pixels(picture), crop), size)
        if isinstance(picture, bytes):
            return "picture", self._prepare(picture, size, crop=crop).pixels
        try:
            data = read_file(_follow(picture))
            return escape(str(picture)), self._prepare(data, size, crop=crop).pixels
        except PictureError as error:
            message = f"{escape(str(picture))}: {error.message}"
            raise PictureError(message, "Give another picture.") from error

    @cached_property
    def _tells_mirrored(self) -> bool:
        return tells_mirrored(self._encoder)

    def _views(self, pixels: NDArray[np.uint8], copies: bool) -> NDArray[np.uint8]:
        """What is encoded of a query, uint8 (V, S, S, 3), as it is first."""
        return views(pixels, mirrored=self._tells_mirrored) if copies else pixels[None]

    def _item_vectors(self, key: int, copies: bool, crop: Crop | None = None) -> Vectors:
        """The embeddings of an item's views, float32 (V, dimension): the stored one first."""
        if crop is not None:
            pixels = self._item_pixels(self.item(key), crop)
            return self._encoder.encode(self._views(pixels, copies))
        vectors = self._index.vectors([key])
        if copies:
            turned = self._views(self._item_pixels(self.item(key)), copies)[1:]
            vectors = np.concatenate([vectors, self._encoder.encode(turned)])
        return vectors

    def _item_pixels(self, item: Item, crop: Crop | None = None) -> NDArray[np.uint8]:
        """The encoder's input of an item: of its original, or of its thumbnail if that is gone."""
        try:
            return self._pixels(self._original_bytes(item), crop)[1]
        except PictureError:
            return self._pixels(self.thumbnail(item.key), crop)[1]

    def _allowed(self, where: str | None) -> Keys | None:
        return None if where is None else self.matching(where)

    def _answer(
        self,
        query: str,
        vectors: Vectors,
        k: int,
        allowed: Keys | None,
        started: float,
        *,
        copies: bool,
        own: Sequence[int] = (),
        lies: Place | None = None,
        strangeness: float | None = None,
        steering: Steering = STRAIGHT,
    ) -> SearchResult:
        """What is nearest to any view of a query, float32 (V, dimension), as it is first; without
        the query's own items. `lies` is where the query is on the map, if that is known."""
        trail: tuple[Place, ...] = ()
        if steering:
            concepts = self._concepts_here() if steering.concepts else {}
            vectors, way = steered(vectors, steering, concepts, self._embeddings)
            trail = self._trail(way, own)
            if lies is not None:
                trail, lies = (lies, *trail[1:]), None
        wanted = max(k, _SPREAD_OVER) + len(own)
        found = self._index.query(vectors, wanted, allowed=allowed)
        best = ranked = nearest_of_any(found, max(k, _SPREAD_OVER), without=own)
        # place and verdict are told by the nearest of all items to the query as it is
        if allowed is not None:
            upright = self._index.query(vectors[:1], _SPREAD_OVER + len(own))
            ranked = nearest_of_any(upright, _SPREAD_OVER, without=own)
        elif len(vectors) > 1:
            upright = Neighbours(found.keys[:1], found.distances[:1])
            ranked = nearest_of_any(upright, _SPREAD_OVER, without=own)
        best, near = best.first(k), ranked.first(_SPREAD_OVER)
        nearest = near.distances
        if len(vectors) > 1 and len(best.distances):  # a copy that is turned is near, too
            nearest = np.minimum(nearest, best.distances[0])
        foreign = self.scale.is_foreign(nearest, strangeness)
        hits = tuple(
            Hit(
                rank,
                item,
                float(distance),
                *view_of(int(view)),
                verdict="" if steering else self._word(float(distance), foreign=foreign),
            )
            for rank, (item, distance, view) in enumerate(
                zip(self._items.get(best.keys), best.distances, best.views, strict=True), start=1
            )
        )
        verdict = hits[0].verdict if hits else ""
        return SearchResult(
            query,
            hits,
            self._place(near.keys, near.distances, lies),
            1000 * (time.perf_counter() - started),
            copies,
            None if allowed is None else len(allowed),
            NOTHING if verdict == UNLIKE else verdict,
            trail,
        )

    def _embeddings(self, keys: Sequence[int]) -> Vectors:
        return self._index.vectors(list(keys))

    def _concepts_here(self) -> dict[str, Concept]:
        """The concepts, with the items that there still are."""
        keys = set(self.keys[np.isin(self.keys, self._marked())].tolist())
        return {
            name: Concept(
                tuple(key for key in one.more if key in keys),
                tuple(key for key in one.less if key in keys),
            )
            for name, one in self._concepts.all().items()
        }

    def _marked(self) -> list[int]:
        return [key for one in self._concepts.all().values() for key in (*one.more, *one.less)]

    def concepts(self) -> dict[str, Concept]:
        """The named concepts of the collection, by name.

        Raises:
            StoreError: Their file is damaged.
        """
        return dict(self._concepts.all())

    def _trail(self, way: Vectors, own: Sequence[int]) -> tuple[Place, ...]:
        """Where a query went on the map, from where it was to where it is."""
        near = self._index.query(way, _SPREAD_OVER + len(own))
        steps = (
            nearest_of_any(Neighbours(keys[None], away[None]), _SPREAD_OVER, without=own)
            for keys, away in zip(near.keys, near.distances, strict=True)
        )
        found = (self._place(step.keys, step.distances) for step in steps)
        return tuple(place for place in found if place is not None)

    @cached_property
    def _neighbours_say(self) -> NeighboursSay:
        return NeighboursSay(self._items, self._index)

    def predictable(self) -> tuple[str, ...]:
        """The columns that `predict` takes: "label" and the collection's own, as far as items have
        values."""
        return self._neighbours_say.columns()

    def predict(self, result: SearchResult, column: str) -> Prediction:
        """What the hits of a search say of a column: the category that most of them have, or the
        mean of their numbers, nearer ones counting more, and how good such predictions are on
        this collection, as its items are left out one by one.

        Args:
            result: Of a search by one or more pictures.
            column: One of `predictable`.

        Raises:
            RisError: It is none of them.
        """
        return self._neighbours_say.predict(result.hits, column)

    def _hit(self, item: Item, distance: float) -> Hit:
        return Hit(1, item, distance, verdict=self.scale.word(distance))

    def _word(self, distance: float, *, foreign: bool) -> str:
        return UNLIKE if foreign else self.scale.word(distance)

    @cached_property
    def scale(self) -> Scale:
        """What distances are called in this generation: learned from its pictures, or the fixed
        scale where an earlier ris made it, or it had too few."""
        with suppress(StoreError):
            learned = (self.training().get("report") or {}).get("scale")
            if learned is not None:
                return scale_from_json(learned)
        return FIXED

    @cached_property
    def _familiar(self) -> Familiar | None:
        """What features are usual; None where an earlier ris made the generation, or it is lost."""
        facts = self.manifest.encoder_file(familiar.FILE)
        if facts is not None:
            with suppress(StoreError):
                return load_familiar(verify(self.collection.folder, facts))
        return None

    def _strangeness(self, features: Vectors | None) -> float | None:
        """How strange a query is, by the mean features of its views."""
        if features is None or self._familiar is None:
            return None
        return float(self._familiar.strangeness(features[:1])[0])

    def _place(
        self, keys: NDArray[np.int64], distances: NDArray[np.float32], lies: Place | None = None
    ) -> Place | None:
        """Where the query falls, from its nearest neighbours that have a place, unless that is
        known; they tell the spread all the same."""
        known = self._positions.keys
        rows = np.minimum(np.searchsorted(known, keys), max(len(known) - 1, 0))
        if len(known) == 0 or len(keys) == 0:
            return None
        placed = np.flatnonzero(known[rows] == keys)[:_SPREAD_OVER]
        if len(placed) == 0:
            return None
        found = place(self._positions.xy[rows[placed]], distances[placed])
        return found if lies is None else Place(lies.x, lies.y, found.spread)


_COMPARED = Compared()


@lru_cache(maxsize=1)
def _guarded_decoder() -> GuardedDecoder:
    return GuardedDecoder()


@lru_cache(maxsize=4)
def _open(folder: Path, generation: str, seal: str, guarded: bool) -> Explorer:
    collection = Collection(folder.parent, folder.name)
    if guarded:
        guard = _guarded_decoder()
        return Explorer(collection, generation, prepare=guard.prepare, read_part=guard.read_part)
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
        pointed, lost = collection.pointed(), None
        wanted = pointed.generation
        if wanted is None:
            return Explorer(collection)  # raises what there is to say
        try:
            found = _open(*_named(collection, wanted), guarded)
        except StoreError as error:
            lost = error
        # another one may serve by now, and this one be forgotten while it was being opened
        if (lost or found.notices) and tries_left and collection.current() != wanted:
            continue
        if lost:
            found = _open_other(collection, wanted, lost, guarded)
        if pointed.problem:
            found = _noting(found, f"{pointed.problem} Generation {wanted}, the newest, is shown.")
        return found
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
                return _noting(
                    other,
                    f"Generation {damaged} can't be opened ({error.message}) "
                    f"Generation {manifest.generation} is shown instead.",
                )
    raise error


def _noting(explorer: Explorer, notice: str) -> Explorer:
    """The same generation with a notice more; those who ask for it by its id don't get that."""
    other = copy.copy(explorer)
    other.notices = (*explorer.notices, notice)
    return other


def _follow(path: str | Path) -> Path:
    """The file that a person means by a path: links they name themselves are followed."""
    try:
        return Path(os.path.realpath(os.path.expanduser(path)))
    except ValueError as error:  # a null byte
        raise PictureError("There is no file of such a name") from error


def _check_k(k: int) -> None:
    if k < 1:
        raise RisError(f"The number of hits must be at least 1, got {k}.")
