"""Long work in a process of its own, and what everybody can see of it.

A job is `python -m ris …` in its own process group. It holds the collection's job lock while it
runs and writes its progress as JSON lines to `jobs/<id>/progress.jsonl`, so that any page in any
process can show it. A job that ended without a last word was killed, and is shown as such.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from ris.errors import BusyError, Cancelled, RisError, StoreError
from ris.job_story import JobState, follow
from ris.progress import PLAN, STAGES, Progress, StopSignal
from ris.settings import ROOT
from ris.store import decoded
from ris.store.collection import Collection, check_name, now
from ris.store.files import disk_errors, read_json, refusal, write_json

ID_VARIABLE = "RIS_JOB"  # how a starter tells its child which folder is the job's
KEPT = 20  # folders of ended jobs
_STARTING = 30.0  # seconds within which a started process must have written its name
_EVERY = 0.25  # seconds between two lines of progress
# of commands, until the work itself tells its plan
_STAGES = {
    "create": ("scan", *PLAN),
    "add": ("scan", "publish"),
    "sync": ("scan", "publish"),
    "compact": ("table", "graph", "map", "publish"),
    "use": ("embed", "publish"),
    "check": ("repair", "check"),
}
_started: dict[int, "subprocess.Popen[bytes]"] = {}  # children, to be reaped


def start(home: Path, name: str, arguments: Sequence[str]) -> JobState:
    """Start `python -m ris ARGUMENTS` in a process of its own.

    Args:
        home: Folder of the collections.
        name: The collection that it works on.
        arguments: E.g. `["train", name, "--minutes", "2"]`.

    Raises:
        BusyError: A job of the collection runs already.
        StoreError: The disk is full, or the process can't be started.
    """
    folder = _jobs_folder(home, name)
    with disk_errors(), _start_lock(folder):
        check_idle(home, name)
        job = _new_folder(folder, arguments)
        command = [sys.executable, "-m", "ris", "--home", str(home), *arguments]
        with (job / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, ID_VARIABLE: job.name},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        _started[process.pid] = process
        _write_process(job, process.pid)
        return _state(job, read_json(job / "job.json"), name)


@contextmanager
def _start_lock(folder: Path) -> Iterator[None]:
    """Hold the lock under which a job's folder is made and named; for milliseconds."""
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "start.lock"):
        yield


def latest(home: Path, name: str) -> JobState | None:
    """The newest job of a collection, running or ended."""
    for place in reversed(_folders(_jobs_folder(home, name))):
        facts = _facts(place)
        if facts is not None:
            return _state(place, facts, name)
    return None


def every(home: Path, name: str) -> list[JobState]:
    """All jobs of a collection that are kept, the newest first."""
    told = [(place, _facts(place)) for place in reversed(_folders(_jobs_folder(home, name)))]
    return [_state(place, facts, name) for place, facts in told if facts is not None]


def check_idle(home: Path, name: str) -> None:
    """Refuse to go on while a job of the collection runs.

    Raises:
        BusyError: One does.
    """
    job = latest(home, name)
    if job is not None and job.status == "running":
        raise _busy(name)


def stop_early(home: Path, name: str) -> None:
    """Ask a training job to stop now and publish its best weights so far."""
    _signal(home, name, signal.SIGINT)


def cancel(home: Path, name: str) -> None:
    """Ask a job to give up; nothing more is published."""
    _signal(home, name, signal.SIGTERM)


class Job:
    """The running job, seen from inside: where it works, what it tells, whether to stop.

    Attributes:
        folder: For what it makes; removed at the end.
        stop: Set by signals.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.stop = StopSignal()
        self._file = (folder / "progress.jsonl").open("ab", buffering=0)
        self._lock = threading.Lock()
        self._last = ("", 0.0)

    def on_progress(self, progress: Progress) -> None:
        """Write a line, at most four a second unless it says something new."""
        stage, last = self._last
        new = progress.stage != stage or progress.loss or progress.note or progress.plan
        if new or progress.done == progress.total or time.monotonic() - last >= _EVERY:
            self._last = (progress.stage, time.monotonic())
            self.tell(event="progress", **asdict(progress))

    def tell(self, **event: Any) -> None:
        """Write one line; on a full disk nobody hears it, and the work goes on."""
        line = json.dumps({"time": time.time(), **event}) + "\n"
        with self._lock, suppress(OSError):
            self._file.write(line.encode())

    def on_signal(self, number: int, _: object) -> None:
        """SIGINT while training: stop early, keep the best; again, or SIGTERM: give up."""
        if number == signal.SIGINT and self._last[0] == "train" and not self.stop.early:
            self.stop.early = True
        else:
            self.stop.cancelled = True


@contextmanager
def exclusive(home: Path, name: str) -> Iterator[None]:
    """Do a moment's work that no job may run beside, such as removing items.

    Raises:
        BusyError: A job of the collection runs.
        StoreError: The disk is full.
    """
    folder = _jobs_folder(home, name)
    with _job_lock(folder, name):
        with disk_errors():
            _clean(home, name)
        yield


@contextmanager
def _job_lock(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock that a job holds while it runs.

    Raises:
        BusyError: Another one holds it.
    """
    # a killed job that is shown as dead may hold it until its last thread has ended
    lock = FileLock(folder / "job.lock", timeout=2)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise _busy(name) from error
    except OSError as error:
        raise refusal(error) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def run(
    home: Path, name: str, command: str, check: Callable[[], object] = lambda: None
) -> Iterator[Job]:
    """Be a job: hold the job lock, tell how it ends, leave no debris.

    Args:
        home: Folder of the collections.
        name: The collection to work on.
        command: What is done, as on the command line.
        check: Raises when the work can't be done at all. Called before anything is made, or,
            where `start` has made the job's folder already, as part of the job.

    Raises:
        BusyError: Another job of the collection runs.
    """
    given = os.environ.pop(ID_VARIABLE, None)
    if not given:
        check()
    folder = _jobs_folder(home, name)
    job = None
    try:
        with _job_lock(folder, name):
            if given and hasattr(os, "nice"):
                os.nice(10)  # started by a server, whose pages come first
            with disk_errors():
                _clean(home, name)
                place = folder / given if given else _new_folder(folder, [command, name])
                _write_process(place, os.getpid())
                job = Job(place)
                job.folder.mkdir()
            with _told(job, home, name):
                if given:
                    check()
                yield job
    except BusyError as error:
        if given and job is None:  # nobody would know why it never began
            Job(folder / given).tell(event="failed", error=error.message, hint=error.hint)
        raise


@contextmanager
def _told(job: Job, home: Path, name: str) -> Iterator[None]:
    """Tell how a job ends, and remove what it made."""
    restore = _listen(job)
    done = False
    try:
        yield
        done = True
    except Cancelled as error:
        job.tell(event="cancelled", error=error.message)
        raise
    except RisError as error:
        job.tell(event="failed", error=error.message, hint=error.hint)
        raise
    except OSError as error:
        refused = refusal(error)
        job.tell(event="failed", error=refused.message, hint=refused.hint)
        raise refused from error
    except Exception as error:
        hint = f"See jobs/{job.folder.parent.name}/log.txt in the collection's folder."
        job.tell(event="failed", error=f"{type(error).__name__}: {error}", hint=hint)
        raise
    finally:
        restore()
        if not done:
            _forget_copies(home, name)
        shutil.rmtree(job.folder, ignore_errors=True)


def _listen(job: Job) -> Any:
    """Let signals reach the job; returns what undoes that."""
    if threading.current_thread() is not threading.main_thread():
        return lambda: None  # only the main thread may; others can't be interrupted anyway
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, job.on_signal) for number in numbers]

    def restore() -> None:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)

    return restore


def _jobs_folder(home: Path, name: str) -> Path:
    return home / check_name(name) / "jobs"


def _folders(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.glob("*/job.json"))


def _new_folder(folder: Path, arguments: Sequence[str]) -> Path:
    moment = time.time_ns()
    seconds, rest = divmod(moment, 10**9)
    place = folder / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(seconds))}-{rest:09}"
    place.mkdir()
    facts = {"arguments": list(arguments), "created": now(), "time": moment / 1e9}
    write_json(place / "job.json", facts)
    return place


def _clean(home: Path, name: str) -> None:
    """Remove what killed jobs left, and the oldest jobs; the caller holds the job lock."""
    folder = _jobs_folder(home, name)
    stale = decoded.forget_stale(home / name)
    left = [path for path in folder.glob("*/work") if path.is_dir()]
    for path in left:
        decoded.keep(home / name, path)
    if left or stale:
        _forget_copies(home, name)
    for path in left:  # after the copies: their traces
        shutil.rmtree(path, ignore_errors=True)
    with _start_lock(folder):
        for path in folder.glob("*/.*.tmp"):
            path.unlink(missing_ok=True)
        for place in folder.iterdir():
            if place.is_dir() and not (place / "job.json").exists():
                shutil.rmtree(place, ignore_errors=True)
    for place in _folders(folder)[:-KEPT]:
        shutil.rmtree(place, ignore_errors=True)


def debris(home: Path, name: str) -> list[Path]:
    """What killed jobs left: their working folders, and jobs that can't be told any more."""
    folder = _jobs_folder(home, name)
    places = [place for place in folder.glob("*") if place.is_dir() and _process(place) is None]
    old = time.time() - _STARTING  # a younger one may be just being written
    untold = [one for one in places if _facts(one) is None and one.stat().st_mtime < old]
    return sorted([*untold, *(one / "work" for one in places if (one / "work").exists())])


def remove_debris(home: Path, name: str) -> None:
    """Remove what killed jobs left; the caller holds the job lock."""
    for place in debris(home, name):
        shutil.rmtree(place, ignore_errors=True)


def _forget_copies(home: Path, name: str) -> None:
    """Remove the copies of pictures that a job made which did not come to its end."""
    with suppress(RisError):  # there is no collection yet, say
        Collection(home, name).forget_unused(but=decoded.kept_ids(home / name))


def _write_process(place: Path, pid: int) -> None:
    """Who runs the job: a process id alone may be given to another process later."""
    try:
        created = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return  # it ended already; its last line tells how
    write_json(place / "process.json", {"pid": pid, "created": created})


def _process(place: Path) -> psutil.Process | None:
    """The job's process while it runs."""
    try:
        facts = read_json(place / "process.json")
        process = psutil.Process(int(facts["pid"]))
        child = _started.get(process.pid)
        if child is not None and child.poll() is not None:
            del _started[process.pid]
            return None
        same = abs(process.create_time() - facts["created"]) < 1.0
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (StoreError, psutil.Error, KeyError, TypeError, ValueError, OverflowError):
        return None


def _signal(home: Path, name: str, number: int) -> None:
    found = _folders(_jobs_folder(home, name))
    process = _process(found[-1]) if found else None
    if process is None:
        raise BusyError(f"No job of {name!r} runs.", "It may have ended just now.")
    process.send_signal(number)


def _busy(name: str) -> BusyError:
    return BusyError(f"A job of {name!r} runs already.", "Wait for it, or cancel it.")


def _facts(place: Path) -> dict[str, Any] | None:
    """What `job.json` says; None where it is damaged: such a job is not shown."""
    kinds = {"arguments": list, "created": str, "time": int | float}
    try:
        facts = read_json(place / "job.json")
    except StoreError:
        return None
    whole = all(isinstance(facts.get(field), kind) for field, kind in kinds.items())
    return facts if whole and facts["arguments"] else None


def _state(place: Path, facts: dict[str, Any], name: str) -> JobState:
    alive = _process(place) is not None  # before its file is read: it may end in between
    young = not (place / "process.json").exists() and time.time() - facts["time"] < _STARTING
    state = JobState(
        id=place.name,
        collection=name,
        command=facts["arguments"][0],
        arguments=tuple(facts["arguments"]),
        created=facts["created"],
        status="running" if alive or young else "killed",
        stages=_STAGES.get(facts["arguments"][0], STAGES),
    )
    state, last = follow(state, place / "progress.jsonl")
    end = time.time() if state.status == "running" else last or facts["time"]
    state = replace(state, seconds=max(end - facts["time"], 0.0))
    if state.status == "killed":
        return replace(
            state,
            error="The job was killed from outside before it could finish.",
            hint="Nothing was lost. Start it again.",
        )
    return state
