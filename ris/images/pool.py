"""Entries in, prepared pictures out, in the same order, decoded in worker processes.

`decode_all` is for scans; `map_entries` does other work on pictures with the same guards: those of
`workers.py`, so that a hostile file costs a row of skipped, never the job. At most a few batches
are under way and they carry few bytes, so memory does not grow with the source.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from ris.errors import PictureError
from ris.images.crop import Crop
from ris.images.decode import TOO_MUCH_MEMORY
from ris.images.entries import DataEntry, Entry, Skipped
from ris.images.parts import Box, split_part
from ris.images.prepare import Prepared, content_id, prepare
from ris.images.slides import read_part
from ris.images.workers import PATIENCE, Failure, Workers, WorkFailed, deadline

# seconds of computing for one picture; the slowest legitimate one, 50 megapixels, took 4
DEADLINE = 20.0
BATCH = 16
BATCH_BYTES = 8 * 2**20  # a batch that carries so much is full
CARRIED_BYTES = 256 * 2**20  # no further batch is begun while those under way carry so much

T = TypeVar("T")
Batch = list[Entry | Skipped]


@dataclass(frozen=True)
class Decoded:
    """An entry that became a picture.

    Attributes:
        entry: Where it came from, without its bytes.
        picture: What it became.
        size: Bytes of the file, of a patch's the whole file.
        data: The file's bytes where the collection must keep a copy.
    """

    entry: Entry
    picture: Prepared
    size: int
    data: bytes | None


def decode_all(
    entries: Iterable[Entry | Skipped],
    size: int,
    *,
    thumbnails: bool = True,
    workers: int | None = None,
) -> Iterator[Decoded | Skipped]:
    """Decode a stream of entries in worker processes, keeping its order.

    Args:
        entries: What a source lists; `Skipped` ones are passed on.
        size: Side of the encoder's input in pixels.
        thumbnails: Whether to make thumbnails as well.
        workers: Number of processes; by default one for each core.

    Yields:
        For each entry its picture, or why it was skipped.
    """
    work = partial(decode_one, size=size, thumbnail=thumbnails)
    with closing(map_entries(entries, work, workers=workers)) as results:
        for entry, result in results:
            yield with_data(result, entry)


def map_entries(
    entries: Iterable[Entry | Skipped],
    work: Callable[[Entry], T],
    *,
    workers: int | None = None,
    processes: Workers | None = None,
) -> Generator[tuple[Entry | Skipped, T | Skipped], None, None]:
    """Do some work on each of a stream of entries in worker processes, keeping its order.

    Args:
        entries: What a source lists; `Skipped` ones are passed on.
        work: A function that can be sent to another process, and what it returns too; it may
            raise `PictureError`.
        workers: Number of processes; by default one for each core.
        processes: To use in place of new ones; the caller ends them.

    Yields:
        Each entry with what became of it, or why it was skipped.
    """
    stream = iter(entries)
    under_way: deque[tuple[Batch, int, Future[list[T | Skipped]]]] = deque()
    with nullcontext(processes) if processes else Workers(workers) as processes:
        count = processes.count
        while True:
            carried = sum(size for _, size, _ in under_way)
            while len(under_way) < 2 * count + 1 and carried < CARRIED_BYTES:
                batch, size = _next_batch(stream)
                if not batch:
                    break
                under_way.append((batch, size, _begin(processes, batch, work)))
                carried += size
            if not under_way:
                break
            batch, _, task = under_way.popleft()
            yield from zip(batch, _collect(processes, batch, task, work), strict=True)


def _next_batch(stream: Iterator[Entry | Skipped]) -> tuple[Batch, int]:
    """A few entries, fewer when they carry many bytes; and how many bytes those are."""
    batch: Batch = []
    carried = 0
    for entry in stream:
        batch.append(entry)
        carried += len(entry.data) if isinstance(entry, DataEntry) else 0
        if len(batch) == BATCH or carried >= BATCH_BYTES:
            break
    return batch, carried


class GuardedDecoder:
    """Prepares pictures of strangers, one by one, in a worker limited like those of a scan.

    For the server: a hostile upload costs an error message, never the server.
    """

    def __init__(self) -> None:
        self._workers = Workers(1)
        # starts the worker before the first query
        self._workers.begin(content_id, b"", seconds=DEADLINE)

    def prepare(
        self, data: bytes, size: int, *, thumbnail: bool = False, crop: Crop | None = None
    ) -> Prepared:
        """See `ris.images.prepare.prepare`.

        Raises:
            PictureError: The picture can't be read, took too long, or broke the worker.
        """
        entry: Batch = [DataEntry("", "", data=data)]
        work = partial(_prepare_one, size=size, thumbnail=thumbnail, crop=crop)
        return self._do(entry, work)

    def read_part(self, path: Path, box: Box) -> bytes:
        """See `ris.images.slides.read_part`.

        Raises:
            PictureError: The file can't be read, took too long, or broke the worker.
        """
        return self._do([Entry(str(path), "")], partial(_read_part, path=path, box=box))

    def _do(self, entry: Batch, work: Callable[[Entry], T]) -> T:
        (result,) = _collect(self._workers, entry, _begin(self._workers, entry, work), work)
        if isinstance(result, Skipped):
            raise PictureError(result.reason)
        return result

    def close(self) -> None:
        """End the worker."""
        self._workers.close(at_once=True)


def _begin(
    processes: Workers, batch: Batch, work: Callable[[Entry], T]
) -> "Future[list[T | Skipped]]":
    seconds = PATIENCE * (DEADLINE + len(batch))
    return processes.begin(work_on_batch, batch, work, DEADLINE, seconds=seconds)


def _collect(
    processes: Workers, batch: Batch, task: "Future[list[T | Skipped]]", work: Callable[[Entry], T]
) -> list[T | Skipped]:
    """The results of a batch; when it broke its worker, each of its entries is tried alone."""
    try:
        return task.result()
    except WorkFailed as error:
        if len(batch) == 1:
            return [Skipped(batch[0].path, _reason(error.by))]
    alone = [(entry, _begin(processes, [entry], work)) for entry in batch]
    return [_collect(processes, [entry], task, work)[0] for entry, task in alone]


def _reason(failure: Failure) -> str:
    if failure == "time":
        return f"Reading it takes longer than {DEADLINE:.0f} s"
    if failure == "memory":
        return TOO_MUCH_MEMORY
    return "It crashes the program that reads pictures; it may be damaged on purpose"


def work_on_batch(batch: Batch, work: Callable[[Entry], T], seconds: float) -> list[T | Skipped]:
    """Runs in a worker: work on a few entries one after the other, each in so many seconds."""
    return [
        entry if isinstance(entry, Skipped) else _work_on_one(entry, work, seconds)
        for entry in batch
    ]


def _work_on_one(entry: Entry, work: Callable[[Entry], T], seconds: float) -> T | Skipped:
    try:
        with deadline(seconds):
            return work(entry)
    except PictureError as error:
        return Skipped(entry.path, error.message)


def _prepare_one(entry: Entry, size: int, thumbnail: bool, crop: Crop | None) -> Prepared:
    return prepare(entry.read(), size, thumbnail=thumbnail, crop=crop)


def _read_part(entry: Entry, path: Path, box: Box) -> bytes:
    return read_part(path, box)


def decode_one(
    entry: Entry, size: int, *, thumbnail: bool = True, data: bytes | None = None
) -> Decoded:
    """Runs in a worker: decode an entry, whose bytes may have been read already.

    Raises:
        PictureError: It can't be read.
    """
    data = entry.read() if data is None else data
    picture = prepare(data, size, thumbnail=thumbnail)
    # a patch is known by its file's size
    length = entry.size if entry.size and split_part(entry.path)[1] else len(data)
    plain = Entry(entry.path, entry.inside, entry.modified, entry.imported, length)
    # bytes that came from the parent need not travel back
    back = data if entry.imported and not isinstance(entry, DataEntry) else None
    return Decoded(plain, picture, length, back)


def with_data(result: T, entry: Entry | Skipped) -> T:
    """A result of `decode_one` with the bytes that did not travel back; any other as it is."""
    if isinstance(result, Decoded) and isinstance(entry, DataEntry) and entry.imported:
        return replace(result, data=entry.data)
    return result
