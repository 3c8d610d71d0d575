"""Processes for strangers' bytes: limited in memory and time, replaced when they break.

Each has a pipe of its own and one piece of work at a time, so it is certain what broke it. pebble
5.2 shares one pipe between all: once in 200 crashes it blamed the work done just before, and a
process that was killed while it took its work held up the others for minutes (2026-11-23).
`pool.py` sends pictures.
"""

import os
import pickle
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import Pipe
from multiprocessing.context import SpawnProcess
from queue import LifoQueue
from types import ModuleType
from typing import Any, Literal, TypeVar, cast

import psutil

from ris.errors import RisError

# What a worker may take beyond the 150 MiB of address space that it begins with. Of the accepted
# formats at 50 megapixels WebP with transparency takes most: 1.3 GiB (2026-11-23).
MEMORY = 2 * 2**30
START_SECONDS = 120.0  # for a process to begin and take work: half a second on an idle machine
# Times that work may take longer than it computes: on a machine with other work on both cores a
# picture once took 20 s, and was skipped (2026-11-23).
PATIENCE = 6.0
TRIES = 4  # to send work, of which the last three are to new processes

_NOT_BEGUN = ("The process that reads pictures can't be begun.", "Free some memory and try again.")

T = TypeVar("T")
Failure = Literal["time", "memory", "crash"]


class WorkFailed(Exception):
    """The work broke its process.

    Attributes:
        by: What it took too much of, or what it did: "time", "memory" or "crash".
    """

    def __init__(self, by: Failure) -> None:
        super().__init__(by)
        self.by = by


class Workers:
    """A number of limited processes; threads may share them. As a context they end with it.

    Args:
        count: How many; by default one for each core.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = count = count or os.cpu_count() or 1
        self._threads = ThreadPoolExecutor(count)  # each waits for one process
        self._idle: LifoQueue[_Worker | None] = LifoQueue()  # begun when there is work for it
        for _ in range(count):
            self._idle.put(None)
        self._lock = threading.Lock()
        self._begun: set[_Worker] = set()
        self._closed = False

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(at_once=kind is not None)

    def start(self) -> None:
        """Begin all processes now, so that they are there when there is work."""
        for _ in range(self.count):
            self.begin(bool, seconds=START_SECONDS)

    def begin(self, work: Callable[..., T], *args: object, seconds: float) -> "Future[T]":
        """Send work to the next free process.

        Args:
            work: A function that can be sent to another process, like its arguments and result.
            seconds: After so many the process is ended.

        Returns:
            The result to come, or `WorkFailed`, or what the work raised.
        """
        return self._threads.submit(self._do, work, args, seconds)

    def close(self, *, at_once: bool = False) -> None:
        """End the processes, after what is under way or at once."""
        self._threads.shutdown(wait=not at_once, cancel_futures=at_once)
        with self._lock:
            self._closed = True
            for worker in self._begun:
                worker.end()
        self._threads.shutdown()

    def _do(self, work: Callable[..., T], args: tuple[object, ...], seconds: float) -> T:
        worker = self._idle.get()
        try:
            for _ in range(TRIES):
                if worker and worker.send(work, args):
                    return cast(T, worker.receive(seconds))
                worker = self._replace(worker)
        finally:
            self._idle.put(worker)
        raise RisError(*_NOT_BEGUN)

    def _replace(self, old: "_Worker | None") -> "_Worker":
        with self._lock:
            if self._closed:
                raise WorkFailed("crash")
            if old:
                self._begun.discard(old)
                old.end()
            try:
                new = _Worker()
            except OSError as error:
                raise RisError(*_NOT_BEGUN) from error
            self._begun.add(new)
            return new


class _Worker:
    """One process, and the pipe to it."""

    def __init__(self) -> None:
        self._pipe, theirs = Pipe()
        self._process = _Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def send(self, work: Callable[..., object], args: tuple[object, ...]) -> bool:
        """Send it work; whether it took it, or broke before or was killed while it was idle."""
        try:
            self._pipe.send((work, args))
            if self._pipe.poll(START_SECONDS):
                self._pipe.recv()
                return True
        except (EOFError, BrokenPipeError, ConnectionResetError):
            pass
        return False

    def receive(self, seconds: float) -> object:
        """What came of the work; see `Workers.begin`."""
        try:
            if not self._pipe.poll(seconds):
                self.end()
                raise WorkFailed("time")
            error, result = self._pipe.recv()
        except (EOFError, ConnectionResetError) as ended:
            self._process.join(1.0)
            self.end()
            alarms = () if sys.platform == "win32" else (-signal.SIGPROF, -signal.SIGALRM)
            alarmed = self._process.exitcode in alarms
            raise WorkFailed("time" if alarmed else "crash") from ended
        if isinstance(error, MemoryError):
            raise WorkFailed("memory") from error
        if error is not None:
            raise error
        return result

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.join()


class _Process(SpawnProcess):  # a fork of a process with threads (TensorFlow's) can hang
    """A spawned process that does not import the program's main module again.

    Streamlit 1.67 puts the page's script in its place, which every worker would run; a script of
    a person's own would need a guard.
    """

    _alone = threading.Lock()

    @staticmethod
    def _Popen(process: Any) -> Any:  # noqa: N802  the name that multiprocessing calls
        with _Process._alone:
            main = sys.modules["__main__"]
            sys.modules["__main__"] = ModuleType("__main__")
            try:
                return SpawnProcess._Popen(process)
            finally:
                sys.modules["__main__"] = main


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Runs in a worker: what computes for longer ends the process, or what takes `PATIENCE` times
    as long in all.

    The kernel does it, so it holds in native code, and when the program that waits is gone.
    """
    if sys.platform == "win32":
        yield  # `Workers.begin` has its own limit
        return
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE * seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _serve(pipe: Any) -> None:
    """Runs in a worker: does what comes through the pipe until nobody is at its other end."""
    _limit()
    with suppress(EOFError, OSError):
        while True:
            request = pipe.recv_bytes()
            pipe.send(None)  # from now on it is this work's fault
            pipe.send_bytes(_answer(request))


def _answer(request: bytes) -> bytes:
    try:
        work, args = pickle.loads(request)
        return pickle.dumps((None, work(*args)))
    except Exception as error:  # whatever it is, who asked for the work shall know
        error.add_note(traceback.format_exc())
        return pickle.dumps((error, None))


def _limit() -> None:
    """Runs in a worker before all work."""
    import ris.images.prepare  # noqa: F401  what the libraries take is not the pictures' fault

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the job decides
    warnings.simplefilter("ignore")
    if sys.platform != "win32":
        import resource

        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash leaves no file of gigabytes
        allowed = psutil.Process().memory_info().vms + MEMORY
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        if hard != resource.RLIM_INFINITY:
            allowed = min(allowed, hard)
        resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))
    # libtiff and others write there about every damaged file; what a person needs is the reason
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
