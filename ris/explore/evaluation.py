"""An encoder and pictures it was not trained on in, its report card out.

Altered copies of held-out pictures look for their originals, and held-out pictures look for
others of their label: by the encoder, by the one before it, and by descriptors without learning.
Everything is exact. Runs in jobs; `card.py` keeps what comes out and concludes from it.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ris.errors import PictureError, RisError, StoreError
from ris.explore.baselines import DESCRIPTORS
from ris.explore.card import SHARES, KindScore, MethodScore, ReportCard
from ris.explore.why import errors, psnr
from ris.images.alterations import KINDS, alter_entry
from ris.images.display import from_pixels
from ris.images.entries import Entry, Skipped
from ris.images.pool import map_entries
from ris.images.prepare import to_input
from ris.progress import OnProgress, Progress, StopSignal, silent
from ris.store.index import Vectors

Pixels = NDArray[np.uint8]
Rows = NDArray[np.int64]
Describe = Callable[[Pixels], Vectors]

MOST_PICTURES = 10_000
MOST_QUERIES = 300
_BATCH = 256  # pictures described at once
_BLOCK = 4_000_000  # similarities at once, in label_scores: 16 MB, and a few times that beside
# Products of the same vectors differ in their last digits with their place in the matrix.
_TIE = 1e-6


class PictureEncoder(Protocol):
    """What is asked of an encoder; see `ris.model.encoder.Encoder`."""

    @property
    def size(self) -> int:
        """Side of its input in pixels."""

    def encode(self, pixels: Pixels) -> Vectors:
        """uint8 (N, size, size, 3) to float32 (N, D), unit length."""

    def reconstruct(self, pixels: Pixels) -> Pixels:
        """uint8 (N, size, size, 3) to the same.

        Raises:
            StoreError: There is no decoder.
        """


@dataclass(frozen=True)
class Sample:
    """The pictures that an encoder is judged by.

    Attributes:
        pixels: All pictures as encoder inputs, uint8 (N, S, S, 3); may be a file on disk.
        rows: Those to be searched, int64, see `choose_rows`.
        held_out: Those that ask, int64; the encoder was not trained on them.
        labels: A code for each picture, int32 (N,), -1 for none.
        original: Gives the entry of a held-out row, which a worker reads; it may raise
            `PictureError`. Bytes at hand go into a `DataEntry`.
    """

    pixels: Pixels
    rows: Rows
    held_out: Rows
    labels: NDArray[np.int32]
    original: Callable[[int], Entry]


def choose_rows(count: int, held_out: Rows, *, seed: int = 0) -> Rows:
    """The rows to be searched: all, or so many that they are `MOST_PICTURES` with the held-out.

    Returns:
        int64, ascending.
    """
    others = np.setdiff1d(np.arange(count), held_out)
    room = max(MOST_PICTURES - len(held_out), 0)
    if len(others) > room:
        others = np.random.default_rng(seed).choice(others, room, replace=False)
    return np.union1d(others, held_out).astype(np.int64)


class Judge:
    """Measures encoders on a sample one after the other, beside the one before them and the
    descriptors without learning.

    What does not depend on the encoder is measured once, with the first. Pictures with equal
    pixels count as one: no method could tell them apart.

    Args:
        sample: The pictures.
        before: The encoder that serves now, if there is one; of any input size.
        seed: Which held-out pictures are altered, if they are more than `MOST_QUERIES`.
        workers: Processes that read and alter pictures; by default one for each core.
        on_progress: Hears of the stage "evaluate".
        stop: Asked between two batches.
    """

    def __init__(
        self,
        sample: Sample,
        before: PictureEncoder | None = None,
        *,
        seed: int = 0,
        workers: int | None = None,
        on_progress: OnProgress = silent,
        stop: StopSignal | None = None,
    ) -> None:
        self._sample = sample
        self._before = before
        self._workers = workers
        self._on_progress, self._stop = on_progress, stop or StopSignal()
        self._rows = np.union1d(sample.rows, sample.held_out).astype(np.int64)
        order = np.random.default_rng(seed).permutation(np.unique(sample.held_out))
        self._asked = np.sort(order[:MOST_QUERIES])  # kinder to the disk, and to large files
        self._same = _same_content(sample.pixels, self._rows)
        self._labelled, self._known = _labelled(sample, self._rows, self._same)
        self._copies: tuple[Rows, Pixels] | None = None
        self._others: dict[str, MethodScore] = {}

    def card(self, encoder: PictureEncoder) -> ReportCard:
        """The report card of an encoder; of any input size.

        Raises:
            RisError: It gives values that are not finite.
            Cancelled: The person gave up.
        """
        meter = _Meter(self._work(), self._on_progress, self._stop)
        if self._copies is None:
            self._copies = _altered_copies(self._sample, self._asked, self._workers, meter)
        this, turned = self._encoder_score(encoder, meter, turned=True)
        methods = {"this": this}
        if turned:
            methods["this_copies"] = MethodScore(turned)
        if not self._others:
            self._others = self._other_scores(meter)
        meter.finish()
        read, _ = self._copies
        return ReportCard(
            pictures=len(self._rows),
            queries=len(read),
            labelled_queries=len(self._labelled),
            methods={**methods, **self._others},
            skipped=len(self._asked) - len(read),
        )

    def _work(self) -> int:
        """How many pictures are read, described and reconstructed for the next card."""
        encoders, ways = 1, 1
        if not self._others:
            encoders += self._before is not None
            ways = encoders + len(DESCRIPTORS)
        reading = len(self._asked) if self._copies is None else 0
        copies = len(self._asked) * len(KINDS)
        described = ways * (len(self._rows) + copies) + 3 * copies  # three turns more of the copies
        return reading + described + encoders * len(self._sample.held_out)

    def _other_scores(self, meter: "_Meter") -> dict[str, MethodScore]:
        found: dict[str, MethodScore] = {}
        if self._before is not None:
            found["before"], _ = self._encoder_score(self._before, meter)
        for name, describe in DESCRIPTORS.items():
            found[name], _ = self._score(describe, meter)
        return found

    def _encoder_score(
        self, encoder: PictureEncoder, meter: "_Meter", *, turned: bool = False
    ) -> tuple[MethodScore, dict[str, KindScore]]:
        score, of_turns = self._score(partial(_encode, encoder), meter, turned=turned)
        quality = _psnr(encoder, self._sample, meter)
        if quality is None:
            return score, of_turns
        shares = tuple(np.quantile(quality, SHARES).round(3).tolist())
        return replace(score, psnr_db=float(quality.mean()), psnr_shares=shares), of_turns

    def _score(
        self, describe: Describe, meter: "_Meter", *, turned: bool = False
    ) -> tuple[MethodScore, dict[str, KindScore]]:
        """How one way finds copies and labels; and if asked for copies by their best turn."""
        assert self._copies is not None
        read, copies = self._copies
        database = _describe(describe, self._sample.pixels, self._rows, meter)
        own = np.searchsorted(self._rows, read)
        search = _CopySearch(describe, database, own, self._same, meter)
        upright, of_turns = search.run(copies, turned=turned)
        asking, known, labels = self._labelled, self._known, self._sample.labels[self._rows]
        scores = label_scores(database[known], labels[known], database[asking], labels[asking])
        return MethodScore(upright, *scores), of_turns


def label_scores(
    database_vectors: Vectors,
    database_labels: NDArray[np.int32],
    query_vectors: Vectors,
    query_labels: NDArray[np.int32],
) -> tuple[float | None, float | None]:
    """How well the nearest neighbours share a query's label.

    Rows without a label (-1) are left out on both sides. Rows at equal distance count by their
    chance to be among the nearest, so that an encoder for which all is alike gains nothing.

    Args:
        database_vectors: float32 (N, D), unit length.
        database_labels: int32 (N,).
        query_vectors: float32 (Q, D), unit length; none of them in the database.
        query_labels: int32 (Q,), codes of the same names.

    Returns:
        Share of the 10 nearest that have the query's label; share of the queries whose label most
        of the 20 nearest have, the nearer ones where two labels are as frequent. None and None
        when either side has no labels.
    """
    vectors, labels = _with_label(database_vectors, database_labels)
    queries, wanted = _with_label(query_vectors, query_labels)
    if len(labels) == 0 or len(wanted) == 0:
        return None, None
    # (L,) labels that occur, and for each row which of them it has
    names, codes = np.unique(labels, return_inverse=True)
    precision, right = 0.0, 0.0
    step = max(_BLOCK // max(len(labels), len(names)), 1)
    for start in range(0, len(wanted), step):
        part = slice(start, start + step)
        similar = queries[part] @ vectors.T  # (B, N)
        ten = _share_of_nearest(similar, 10)
        precision += float((ten * (labels == wanted[part, None])).sum()) / min(10, len(labels))
        guess = names[_vote(similar, _share_of_nearest(similar, 20), codes, len(names))]
        right += float((guess == wanted[part]).sum())
    return precision / len(wanted), right / len(wanted)


def _with_label(vectors: Vectors, labels: NDArray[np.int32]) -> tuple[Vectors, NDArray[np.int32]]:
    return (vectors, labels) if (labels >= 0).all() else (vectors[labels >= 0], labels[labels >= 0])


def _share_of_nearest(similar: Vectors, k: int) -> Vectors:
    """The chance of each row to be among the k nearest, (B, N) to (B, N), each line k in sum: 1
    for what is nearer than the k-th, a share of the places left for what is as near as it.

    Source: McSherry & Najork, Computing Information Retrieval Performance Measures Efficiently in
        the Presence of Tied Scores (2008), section 2.
    """
    count = similar.shape[1]
    k = min(k, count)
    least = np.partition(similar, count - k, axis=1)[:, count - k, None]  # (B, 1)
    nearer = similar > least + _TIE
    tied = (similar >= least - _TIE) & ~nearer
    places = k - nearer.sum(axis=1, keepdims=True)
    return np.asarray(nearer + tied * (places / tied.sum(axis=1, keepdims=True)), np.float32)


def _vote(similar: Vectors, shares: Vectors, codes: Rows, labels: int) -> Rows:
    """The label with most of the shares for each query, codes (B,); of several the most similar."""
    query, row = np.nonzero(shares)
    cell = query * labels + codes[row]
    share = shares[query, row].astype(np.float64)
    size = len(similar) * labels
    votes = np.bincount(cell, share, size).reshape(-1, labels)
    closeness = np.bincount(cell, share * similar[query, row], size).reshape(-1, labels)
    closeness[votes < votes.max(axis=1, keepdims=True) - 1e-4] = -np.inf
    return np.asarray(closeness.argmax(axis=1))


@dataclass(frozen=True)
class _CopySearch:
    """Altered copies that look for their originals among (M, D) descriptors.

    Attributes:
        describe: Describes the copies like the database.
        database: float32 (M, D).
        own: Where the originals lie in it, int64 (Q,).
        same: Equal numbers for equal pictures, int64 (M,).
        meter: Hears how many were described.
    """

    describe: Describe
    database: Vectors
    own: Rows
    same: Rows
    meter: "_Meter"

    def run(
        self, copies: Pixels, *, turned: bool
    ) -> tuple[dict[str, KindScore], dict[str, KindScore]]:
        """Scores by kind, of copies uint8 (Q, kinds, S, S, 3); and if asked for those of copies
        that are turned by 0, 90, 180 and 270 degrees, the most similar of which counts; then
        also how far the copies are."""
        as_they_are: dict[str, KindScore] = {}
        best_of_turns: dict[str, KindScore] = {}
        if len(copies) == 0:
            return as_they_are, best_of_turns
        for number, kind in enumerate(KINDS):
            similar = self._similar(copies[:, number])
            as_they_are[kind.name] = self._score(similar)
            if turned:
                away = 1 - similar[np.arange(len(self.own)), self.own]
                told = tuple(round(float(one), 5) for one in np.quantile(away, SHARES))
                as_they_are[kind.name] = replace(as_they_are[kind.name], distances=told)
                for turn in (1, 2, 3):
                    view = np.rot90(copies[:, number], turn, axes=(1, 2))
                    np.maximum(similar, self._similar(view), out=similar)
                best_of_turns[kind.name] = self._score(similar)
        return as_they_are, best_of_turns

    def _similar(self, copies: Pixels) -> Vectors:
        found = _describe(self.describe, copies, np.arange(len(copies)), self.meter)
        return np.asarray(found @ self.database.T)  # (Q, M)

    def _score(self, similar: Vectors) -> KindScore:
        """Ties are ordered at random: what is as similar as the original shares its places."""
        originals = similar[np.arange(len(self.own)), self.own][:, None]
        other = self.same != self.same[self.own][:, None]  # (Q, M)
        more = (other & (similar > originals + _TIE)).sum(axis=1)
        tied = (other & (np.abs(similar - originals) <= _TIE)).sum(axis=1)
        first, ten = (
            float(np.clip((places - more) / (tied + 1), 0.0, 1.0).mean()) for places in (1, 10)
        )
        return KindScore(first, ten)


class _Meter:
    """Tells how many pictures were worked on, and ends the work when it is cancelled."""

    def __init__(self, total: int, on_progress: OnProgress, stop: StopSignal) -> None:
        self._done, self._total = 0, total
        self._on_progress, self._stop = on_progress, stop
        self.add(0)

    def add(self, count: int) -> None:
        self._stop.check()
        self._done += count
        self._on_progress(Progress("evaluate", self._done, self._total, "pictures"))

    def finish(self) -> None:
        self.add(self._total - self._done)  # less was done where originals could not be read


def _altered_copies(
    sample: Sample, asked: Rows, workers: int | None, meter: _Meter
) -> tuple[Rows, Pixels]:
    """The rows that could be read, (Q,), and their copies, uint8 (Q, kinds, S, S, 3)."""

    def entries() -> Iterator[Entry | Skipped]:
        for row in asked:
            try:
                yield sample.original(int(row))
            except PictureError as error:
                yield Skipped(str(row), error.message)

    size = sample.pixels.shape[1]
    copies = np.empty((len(asked), len(KINDS), size, size, 3), np.uint8)
    read: list[int] = []
    results = map_entries(entries(), partial(alter_entry, size=size), workers=workers)
    for row, (_, result) in zip(asked, results, strict=True):
        if not isinstance(result, Skipped):
            copies[len(read)] = result
            read.append(int(row))
        meter.add(1)
    return np.array(read, np.int64), copies[: len(read)]


def _same_content(pixels: Pixels, rows: Rows) -> Rows:
    """Equal numbers for rows with equal pixels, int64 (M,)."""
    seen: dict[bytes, int] = {}
    digests = (hashlib.blake2b(pixels[row].tobytes(), digest_size=16).digest() for row in rows)
    return np.array([seen.setdefault(digest, len(seen)) for digest in digests], np.int64)


def _labelled(sample: Sample, rows: Rows, same: Rows) -> tuple[Rows, Rows]:
    """Positions in `rows` of the labelled held-out pictures, and of those they are compared with.

    A held-out picture of which the others hold a copy does not ask: it would find itself.
    """
    labelled = sample.labels[rows] >= 0
    held_out = np.isin(rows, sample.held_out)
    known = np.flatnonzero(labelled & ~held_out)
    seen = np.isin(same, same[~held_out])
    asking = np.flatnonzero(labelled & held_out & ~seen)
    return (asking, known) if len(known) else (known, known)


def _describe(describe: Describe, pixels: Pixels, rows: Rows, meter: _Meter) -> Vectors:
    """Descriptors of some rows, a batch at a time, as the pixels may be a file on disk."""
    parts = []
    for start in range(0, len(rows), _BATCH):
        part = rows[start : start + _BATCH]
        parts.append(describe(pixels[part]))
        meter.add(len(part))
    return np.concatenate(parts) if parts else np.empty((0, 0), np.float32)


def _encode(encoder: PictureEncoder, pixels: Pixels) -> Vectors:
    vectors = encoder.encode(_resize(pixels, encoder.size))
    if not np.isfinite(vectors).all():
        raise RisError("The encoder gives values that are not finite numbers.", "Train again.")
    return vectors


def _resize(pixels: Pixels, size: int) -> Pixels:
    if pixels.shape[1] == size:
        return pixels
    return np.stack([to_input(from_pixels(one), size) for one in pixels])


def _psnr(encoder: PictureEncoder, sample: Sample, meter: _Meter) -> NDArray[np.float64] | None:
    """PSNR in dB of the held-out pictures; None without them, or without a decoder."""
    found: list[float] = []
    with suppress(StoreError):
        for start in range(0, len(sample.held_out), _BATCH):
            pixels = _resize(sample.pixels[sample.held_out[start : start + _BATCH]], encoder.size)
            found += errors(pixels, encoder.reconstruct(pixels)).tolist()
            meter.add(len(pixels))
    if not found or len(found) < len(sample.held_out):
        return None
    return psnr(np.array(found, np.float32))
