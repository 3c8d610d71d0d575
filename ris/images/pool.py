"""Entries in, prepared pictures out, in the same order, decoded in worker processes.

`decode_all` is for scans; `map_entries` does other work on pictures with the same guards. Each
worker has a memory limit and each batch a deadline, so that a hostile file costs a row of
skipped, never the job. At most a few batches are under way, so memory does not grow with the
source.
"""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, TimeoutError
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from ris.errors import PictureError
from ris.images.entries import DataEntry, Entry, Skipped
from ris.images.prepare import Prepared, content_id, prepare

BATCH = 16
BATCH_BYTES = 8 * 2**20  # a batch that carries so much is full
DEADLINE = 20.0  # seconds for one picture; the slowest legitimate one seen took 0.7 s
MEMORY = 3 * 2**30  # address space of a worker; the largest accepted picture peaked at 169 MiB

T = TypeVar("T")


@dataclass(frozen=True)
class Decoded:
    """An entry that became a picture.

    Attributes:
        entry: Where it came from, without its bytes.
        picture: What it became.
        size: Bytes of the file.
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
) -> Generator[tuple[Entry | Skipped, T | Skipped], None, None]:
    """Do some work on each of a stream of entries in worker processes, keeping its order.

    Args:
        entries: What a source lists; `Skipped` ones are passed on.
        work: A function that can be sent to another process, and what it returns too; it may
            raise `PictureError`.
        workers: Number of processes; by default one for each core.

    Yields:
        Each entry with what became of it, or why it was skipped.
    """
    count = workers or os.cpu_count() or 1
    stream = iter(entries)
    with _open_pool(count) as pool:
        under_way: deque[tuple[list[Entry | Skipped], Future[list[T | Skipped]]]] = deque()
        try:
            while True:
                while len(under_way) < 2 * count + 1:
                    batch = _next_batch(stream)
                    if not batch:
                        break
                    under_way.append((batch, _schedule(pool, batch, work)))
                if not under_way:
                    break
                batch, future = under_way.popleft()
                yield from zip(batch, _collect(pool, batch, future, work), strict=True)
        except BaseException:
            pool.stop()  # type: ignore[no-untyped-call]
            raise


def _next_batch(stream: Iterator[Entry | Skipped]) -> list[Entry | Skipped]:
    """A few entries, fewer when they carry many bytes."""
    batch: list[Entry | Skipped] = []
    carried = 0
    for entry in stream:
        batch.append(entry)
        carried += len(entry.data) if isinstance(entry, DataEntry) else 0
        if len(batch) == BATCH or carried >= BATCH_BYTES:
            break
    return batch


class GuardedDecoder:
    """Prepares pictures of strangers, one by one, in a worker limited like those of a scan.

    For the server: a hostile upload costs an error message, never the server.
    """

    def __init__(self) -> None:
        self._pool = _open_pool(1)
        self._pool.schedule(content_id, args=(b"",))  # starts the worker before the first query

    def prepare(self, data: bytes, size: int) -> Prepared:
        """See `ris.images.prepare.prepare`.

        Raises:
            PictureError: The picture can't be read, took too long, or broke the worker.
        """
        future = self._pool.schedule(prepare, args=(data, size), timeout=DEADLINE)
        try:
            return future.result()
        except (TimeoutError, ProcessExpired, MemoryError) as error:
            raise PictureError(_reason(error)) from error


class _WorkerProcess(SpawnProcess):
    """A spawned process that does not import the program's main module again.

    Streamlit 1.67 puts the page's script in its place, which every worker would run; a script of
    a person's own would need a guard.
    """

    _alone = threading.Lock()

    @staticmethod
    def _Popen(process: Any) -> Any:  # noqa: N802  the name that multiprocessing calls
        with _WorkerProcess._alone:
            main = sys.modules["__main__"]
            sys.modules["__main__"] = ModuleType("__main__")
            try:
                return SpawnProcess._Popen(process)
            finally:
                sys.modules["__main__"] = main


class _WorkerContext(SpawnContext):
    # spawn: a fork of a process with threads (TensorFlow's, ONNX Runtime's) can hang
    Process = _WorkerProcess


def _open_pool(count: int) -> ProcessPool:
    return ProcessPool(count, initializer=_limit_worker, context=_WorkerContext())


def _schedule(
    pool: ProcessPool, batch: list[Entry | Skipped], work: Callable[[Entry], T]
) -> "Future[list[T | Skipped]]":
    return pool.schedule(work_on_batch, args=(batch, work), timeout=DEADLINE + len(batch))


def _collect(
    pool: ProcessPool,
    batch: list[Entry | Skipped],
    future: "Future[list[T | Skipped]]",
    work: Callable[[Entry], T],
) -> list[T | Skipped]:
    """The results of a batch; when it broke its worker, each of its entries is tried alone."""
    try:
        return future.result()
    except (TimeoutError, ProcessExpired, MemoryError) as error:
        if len(batch) == 1:
            return [Skipped(batch[0].path, _reason(error))]
    results: list[T | Skipped] = []
    for entry in batch:
        alone = _schedule(pool, [entry], work)
        results += _collect(pool, [entry], alone, work)
    return results


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"took longer than {DEADLINE:.0f} s to read"
    if isinstance(error, MemoryError):
        return "needs more memory than a picture may take"
    return "broke the program that reads pictures; it may be damaged on purpose"


def work_on_batch(batch: list[Entry | Skipped], work: Callable[[Entry], T]) -> list[T | Skipped]:
    """Runs in a worker: work on a few entries one after the other."""
    return [entry if isinstance(entry, Skipped) else _work_on_one(entry, work) for entry in batch]


def _work_on_one(entry: Entry, work: Callable[[Entry], T]) -> T | Skipped:
    try:
        return work(entry)
    except PictureError as error:
        return Skipped(entry.path, error.message)


def decode_one(
    entry: Entry, size: int, *, thumbnail: bool = True, data: bytes | None = None
) -> Decoded:
    """Runs in a worker: decode an entry, whose bytes may have been read already.

    Raises:
        PictureError: It can't be read.
    """
    data = entry.read() if data is None else data
    picture = prepare(data, size, thumbnail=thumbnail)
    plain = Entry(entry.path, entry.inside, entry.modified, entry.imported, len(data))
    # bytes that came from the parent need not travel back
    back = data if entry.imported and not isinstance(entry, DataEntry) else None
    return Decoded(plain, picture, len(data), back)


def with_data(result: T, entry: Entry | Skipped) -> T:
    """A result of `decode_one` with the bytes that did not travel back; any other as it is."""
    if isinstance(result, Decoded) and isinstance(entry, DataEntry) and entry.imported:
        return replace(result, data=entry.data)
    return result


def _limit_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the job decides
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
