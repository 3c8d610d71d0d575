"""Jobs: what they tell while they run, how they end, and that no end is taken for another."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable

import psutil
import pytest

from ris import job_story, jobs
from ris.errors import BusyError, Cancelled, RisError, StoreError
from ris.progress import PLAN, Progress
from ris.store.collection import Collection, collections

DEADLINE = 120.0


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Look until it is so; fail after a deadline."""
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"waited {DEADLINE:.0f} s in vain for: {what}")
        time.sleep(0.05)


def log_of(home, job: jobs.JobState) -> str:
    return (home / job.collection / "jobs" / job.id / "log.txt").read_text()


@pytest.mark.slow
class TestLifecycle:
    """A real job: 20 tiny pictures, a second of training."""

    def test_it_finishes_and_its_generation_serves(self, created):
        assert created.last.status == "finished", log_of(created.home, created.last)
        # the refined encoder was taken, or it is said why not
        taken = not created.last.kept_old
        assert created.last.generation == ("00000002" if taken else "00000001")
        collection = Collection(created.home, "real")
        assert collection.skipped_count() == 1

    def test_its_rounds_were_seen_each_in_its_order(self, created):
        plans = list(dict.fromkeys(state.stages for state in created.seen if state.stage))
        assert plans == [("scan", *PLAN), ("train", *PLAN)]
        for plan in plans:
            seen = [s.stage for s in created.seen if s.stage and s.stages == plan]
            stages = list(dict.fromkeys(seen))  # half of what was learned is judged after all of it
            assert stages == sorted(stages, key=plan.index)
        assert created.last.stage in ("publish", "evaluate")
        assert created.seen[0].status == "running"

    def test_it_could_be_searched_while_it_trained(self, created):
        assert created.serving_while_training == "00000001"

    def test_its_loss_curve_is_there(self, created):
        assert created.last.history[0]["step"] == 0
        assert created.last.history[-1]["validation_loss"] > 0
        assert created.last.seconds > 1

    def test_it_leaves_no_debris(self, created):
        folder = created.home / "real" / "jobs" / created.last.id
        wait_for(lambda: not (folder / "work").exists(), "its working folder to go")
        assert "Traceback" not in (folder / "log.txt").read_text()

    def test_a_second_one_was_refused_while_it_ran(self, created):
        assert created.refused is not None
        assert "runs already" in created.refused.message
        assert created.refused.hint


@pytest.fixture
def running(tmp_path, pictures):
    """A real job that trains for an hour, and has told something."""
    home = tmp_path / "home"
    job = jobs.start(home, "long", ["create", "long", str(pictures), "--minutes", "60"])
    place = home / "long" / "jobs" / job.id
    process = psutil.Process(json.loads((place / "process.json").read_text())["pid"])
    wait_for(lambda: jobs.latest(home, "long").stage, f"progress of {place}")
    yield home, process
    if process.is_running():
        process.kill()
    jobs._started.pop(process.pid, None)


@pytest.mark.slow
class TestEnding:
    def test_killed_it_is_shown_as_killed_and_another_may_start(self, running):
        home, process = running
        process.kill()
        wait_for(lambda: jobs.latest(home, "long").status != "running", "the end")
        state = jobs.latest(home, "long")
        assert state.status == "killed"
        assert "killed from outside" in state.error
        assert state.hint
        with jobs.run(home, "long", "create") as job:
            job.tell(event="finished", generation="00000001")

    def test_a_zombie_does_not_count_as_running(self, running):
        home, process = running
        child = jobs._started.pop(process.pid)  # as if another process had started it
        process.kill()
        wait_for(lambda: process.status() == psutil.STATUS_ZOMBIE, "a zombie")
        assert jobs.latest(home, "long").status == "killed"
        child.wait()

    def test_cancelled_it_publishes_nothing(self, running):
        home, process = running
        jobs.cancel(home, "long")
        wait_for(lambda: jobs.latest(home, "long").status != "running", "the end")
        state = jobs.latest(home, "long")
        assert state.status == "cancelled", log_of(home, state)
        assert "Nothing more was published" in state.error
        wait_for(lambda: not psutil.pid_exists(process.pid) or process.status() == "zombie", "exit")
        assert Collection(home, "long").current() is None
        with pytest.raises(BusyError, match="No job"):
            jobs.cancel(home, "long")


def test_what_goes_wrong_at_the_very_start_is_told(tmp_path):
    jobs.start(tmp_path, "bad", ["create", "bad", str(tmp_path / "nowhere")])
    wait_for(lambda: jobs.latest(tmp_path, "bad").status != "running", "the end")
    state = jobs.latest(tmp_path, "bad")
    assert state.status == "failed"
    assert "There is nothing at" in state.error


class TestFromInside:
    """`jobs.run` in this process."""

    @pytest.fixture
    def home(self, tmp_path):
        return tmp_path

    def test_progress_is_seen_from_outside(self, home):
        with jobs.run(home, "a", "create") as job:
            job.on_progress(Progress("scan", 5, 20))
            state = jobs.latest(home, "a")
            assert (state.status, state.command, state.stage) == ("running", "create", "scan")
            assert (state.done, state.total, state.unit) == (5, 20, "pictures")
            point = {"step": 0, "pictures": 0, "seconds": 1.0, "loss": None}
            point["validation_loss"] = 0.5
            job.on_progress(Progress("train", 1, 60, "seconds", loss=point, note="warm"))
            state = jobs.latest(home, "a")
            assert (state.stage, state.message, state.history) == ("train", "warm", (point,))
            job.tell(event="finished", generation="00000007")
        state = jobs.latest(home, "a")
        assert (state.status, state.generation) == ("finished", "00000007")
        assert collections(home) == []  # a job's folder makes no collection

    def test_its_work_folder_is_there_and_then_gone(self, home):
        with jobs.run(home, "a", "create") as job:
            (job.folder / "part.parquet").write_text("x")
        assert not job.folder.exists()

    def test_nobody_hears_of_every_picture(self, home):
        with jobs.run(home, "a", "create") as job:
            for done in range(10_000):
                job.on_progress(Progress("scan", done, 10_000))
            job.on_progress(Progress("scan", 10_000, 10_000))
            lines = (job.folder.parent / "progress.jsonl").read_text().splitlines()
        assert len(lines) < 100
        assert json.loads(lines[-1])["done"] == 10_000

    @pytest.mark.parametrize(
        ("error", "raised", "status", "told"),
        [
            (RisError("broken", "mend it"), RisError, "failed", ("broken", "mend it")),
            (StoreError("lost"), StoreError, "failed", ("lost", "")),
            (Cancelled("given up"), Cancelled, "cancelled", ("given up", "")),
            (OSError(28, "No space left"), StoreError, "failed", ("disk is full", "Free some")),
            (OSError(13, "Not allowed"), StoreError, "failed", ("Not allowed", "try again")),
            (
                ZeroDivisionError("oh"),
                ZeroDivisionError,
                "failed",
                ("ZeroDivisionError: oh", "log"),
            ),
        ],
    )
    def test_how_it_went_wrong_is_told(self, home, error, raised, status, told):
        with pytest.raises(raised), jobs.run(home, "a", "train"):
            raise error
        state = jobs.latest(home, "a")
        assert state.status == status
        assert told[0] in state.error
        assert told[1] in state.hint
        with jobs.run(home, "a", "train"):
            pass  # and the lock is free again

    def test_a_job_without_a_last_word_was_killed(self, home):
        with jobs.run(home, "a", "train") as job:
            place = job.folder.parent
        (place / "process.json").write_text('{"pid": 999999999, "created": 0}')
        assert jobs.latest(home, "a").status == "killed"

    def test_a_process_of_the_same_number_is_not_the_job(self, home):
        with jobs.run(home, "a", "train") as job:
            assert jobs.latest(home, "a").status == "running"
            place = job.folder.parent / "process.json"
            place.write_text(json.dumps({"pid": os.getpid(), "created": 1000.0}))
            assert jobs.latest(home, "a").status == "killed"

    def test_only_one_at_a_time(self, home):
        with jobs.run(home, "a", "train"):
            with pytest.raises(BusyError, match="runs already"), jobs.run(home, "a", "train"):
                pass
            with jobs.run(home, "b", "train"):
                pass
            with pytest.raises(BusyError):
                jobs.start(home, "a", ["train", "a"])

    def test_a_job_uses_the_folder_its_starter_made(self, home, monkeypatch):
        (home / "a" / "jobs").mkdir(parents=True)
        place = jobs._new_folder(home / "a" / "jobs", "train")
        monkeypatch.setenv(jobs.ID_VARIABLE, place.name)
        with jobs.run(home, "a", "train") as job:
            assert job.folder.parent == place
            assert jobs.ID_VARIABLE not in os.environ  # a worker is no job

    def test_what_killed_jobs_left_is_swept_and_old_ones_forgotten(self, home, monkeypatch):
        monkeypatch.setattr(jobs, "KEPT", 2)
        folder = home / "a" / "jobs"
        for number in range(4):
            old = folder / f"20200101-00000{number}-abcdef"
            (old / "work").mkdir(parents=True)
            (old / "job.json").write_text('{"arguments": ["train", "b"], "created": "", "time": 0}')
        with jobs.run(home, "a", "train") as job:
            own = job.folder.parent.name
        kept = sorted(path.name for path in folder.iterdir() if path.is_dir())
        assert kept == ["20200101-000002-abcdef", "20200101-000003-abcdef", own]
        assert not list(folder.glob("*/work"))

    def test_what_was_killed_before_it_had_a_name_is_swept(self, home):
        for debris in ("20200101-000000-1/log.txt", "20200101-000000-2/.process.json.1.tmp"):
            (home / "a" / "jobs" / debris).parent.mkdir(parents=True)
            (home / "a" / "jobs" / debris).write_text("")
        named = home / "a" / "jobs" / "20200101-000000-2"
        (named / "job.json").write_text('{"arguments": ["train", "b"], "created": "", "time": 0}')
        with jobs.exclusive(home, "a"):
            pass
        folders = [path for path in (home / "a" / "jobs").iterdir() if path.is_dir()]
        assert folders == [named]
        assert [path.name for path in named.iterdir()] == ["job.json"]

    def test_the_lock_is_free_again_while_somebody_looks_at_the_error(self, home):
        with pytest.raises(RisError) as seen, jobs.exclusive(home, "a"):
            raise RisError("broken")
        with jobs.exclusive(home, "a"):
            assert seen.value.message == "broken"

    def test_a_started_job_that_finds_another_one_tells_it(self, home, monkeypatch):
        (home / "a" / "jobs").mkdir(parents=True)
        place = jobs._new_folder(home / "a" / "jobs", ["train", "a"])
        with jobs.exclusive(home, "a"):
            monkeypatch.setenv(jobs.ID_VARIABLE, place.name)
            with pytest.raises(BusyError), jobs.run(home, "a", "train"):
                pass
        state = jobs.latest(home, "a")
        assert (state.status, state.error) == ("failed", "A job of 'a' runs already.")

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
    def test_on_a_full_disk_nobody_hears_of_progress_and_the_work_goes_on(self, home):
        with jobs.run(home, "a", "train") as job:
            job._file.close()
            job._file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115
            job.on_progress(Progress("scan", 1, 2))

    @pytest.mark.parametrize(
        ("stage", "signals", "early", "cancelled"),
        [
            ("train", [signal.SIGINT], True, False),
            ("train", [signal.SIGINT, signal.SIGINT], True, True),
            ("train", [signal.SIGTERM], False, True),
            ("scan", [signal.SIGINT], False, True),
            ("map", [signal.SIGINT], False, True),
        ],
    )
    def test_signals_stop_it_early_or_altogether(self, home, stage, signals, early, cancelled):
        before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
        with jobs.run(home, "a", "train") as job:
            job.on_progress(Progress(stage, 0, None))
            for number in signals:
                signal.raise_signal(number)
            assert (job.stop.early, job.stop.cancelled) == (early, cancelled)
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before

    def test_in_a_thread_it_runs_without_signals(self, home):
        ended: list[str] = []

        def work() -> None:
            with jobs.run(home, "a", "train") as job:
                job.tell(event="finished", generation="1")
            ended.append(jobs.latest(home, "a").status)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join(30)
        assert ended == ["finished"]


class TestReading:
    @pytest.fixture
    def place(self, tmp_path):
        """The folder of a job that this process runs, as `jobs` sees it."""
        (tmp_path / "a" / "jobs").mkdir(parents=True)
        place = jobs._new_folder(tmp_path / "a" / "jobs", "train")
        jobs._write_process(place, os.getpid())
        return place

    def write(self, place, *events):
        text = "".join(json.dumps(event) + "\n" for event in events)
        (place / "progress.jsonl").write_text(text)
        job_story._stories.clear()  # a job only adds to its file
        return jobs.latest(place.parents[2], "a")

    def event(self, moment, stage, done, total=100):
        return {
            "time": moment,
            "event": "progress",
            "unit": "pictures",
            "loss": None,
            "note": "",
        } | {
            "stage": stage,
            "done": done,
            "total": total,
        }

    def test_speed_and_time_left_are_those_of_the_stage(self, place):
        state = self.write(
            place,
            self.event(1000, "scan", 100),
            self.event(1010, "embed", 0),
            self.event(1014, "embed", 20),
        )
        assert state.per_second == pytest.approx(5)
        assert state.seconds_left == pytest.approx(16)

    def test_they_are_not_told_before_they_can_be(self, place):
        assert self.write(place, self.event(1000, "scan", 0)).per_second is None
        state = self.write(place, self.event(1000, "scan", 0), self.event(1000.1, "scan", 5))
        assert state.per_second is None
        unknown = [self.event(1000, "scan", 0, None), self.event(1010, "scan", 5, None)]
        state = self.write(place, *unknown)
        assert (state.per_second, state.seconds_left) == (0.5, None)

    def test_only_what_is_new_is_read_and_half_a_line_once_it_is_whole(self, place):
        first = json.dumps(self.event(1000, "scan", 7)) + "\n"
        assert self.write(place, self.event(1000, "scan", 7)).done == 7
        line = json.dumps(self.event(1001, "scan", 9)) + "\n"
        # what was read is not looked at again: other bytes there change nothing
        for text, done in ((" " * len(first) + line[:20], 7), (" " * len(first) + line, 9)):
            (place / "progress.jsonl").write_text(text)
            assert jobs.latest(place.parents[2], "a").done == done
        (place / "progress.jsonl").write_text("")
        assert jobs.latest(place.parents[2], "a").stage == ""

    def test_each_stage_of_the_round_has_its_time(self, place):
        state = self.write(
            place,
            self.event(1000, "embed", 0),
            self.event(1020, "train", 0) | {"plan": ["train", "embed"]},
            self.event(1050, "embed", 0),
            self.event(1053, "embed", 9),
        )
        assert state.took == {"train": 30.0, "embed": 3.0}

    def test_half_a_last_line_does_no_harm(self, place):
        self.write(place, self.event(1000, "scan", 7))
        with (place / "progress.jsonl").open("a") as file:
            file.write('{"time": 1001, "event": "progr')
        assert jobs.latest(place.parents[2], "a").done == 7

    def test_a_job_that_has_just_been_started_counts_as_running(self, place):
        (place / "process.json").unlink()
        assert jobs.latest(place.parents[2], "a").status == "running"

    def test_a_job_that_never_came_to_life_was_killed(self, place):
        (place / "process.json").unlink()
        facts = json.loads((place / "job.json").read_text())
        (place / "job.json").write_text(json.dumps({**facts, "time": time.time() - 100}))
        assert jobs.latest(place.parents[2], "a").status == "killed"

    def test_the_latest_of_several_in_one_second_is_the_last(self, tmp_path):
        (tmp_path / "b" / "jobs").mkdir(parents=True)
        made = [jobs._new_folder(tmp_path / "b" / "jobs", ["train", "b"]).name for _ in range(30)]
        assert made == sorted(made)


def test_nothing_runs_where_nothing_was_started(tmp_path, empty):
    assert jobs.latest(empty.home, "small") is None
    for ask in (jobs.cancel, jobs.stop_early):
        with pytest.raises(BusyError, match="No job"):
            ask(empty.home, "small")


@pytest.fixture
def copy(collection):
    """A copy of a picture that was never added."""
    path = collection.upload_path("ab" * 32)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a picture")
    return path


def test_copies_that_a_killed_job_made_are_swept(collection, copy):
    with jobs.exclusive(collection.home, collection.name):
        pass
    assert copy.exists()  # no job was killed: a generation that was forgotten may have had it
    (collection.folder / "jobs" / "20200101-000000-1" / "work").mkdir(parents=True)
    with jobs.exclusive(collection.home, collection.name):
        pass
    assert not copy.exists()


def test_copies_that_a_failed_job_made_are_swept(collection, copy):
    with pytest.raises(Cancelled), jobs.run(collection.home, collection.name, "add"):
        raise Cancelled("given up")
    assert not copy.exists()


def test_a_bad_name_starts_nothing(tmp_path):
    with pytest.raises(StoreError):
        jobs.start(tmp_path, "../evil", ["create", "../evil", "demo"])
    assert list(tmp_path.iterdir()) == []


class TestDamage:
    """What is damaged of an ended job costs what it told, never the pages."""

    @pytest.fixture
    def place(self, home):
        with jobs.run(home, "a", "train") as job:
            job.on_progress(Progress("embed", 5, 20))
            job.tell(event="finished", generation="00000001")
        return next((home / "a" / "jobs").glob("2*"))

    @pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"arguments": [], "created": ""}'])
    def test_a_job_that_cannot_be_told_is_not_shown(self, home, place, content):
        (place / "job.json").write_bytes(content)
        assert jobs.latest(home, "a") is None

    @pytest.mark.parametrize("line", [b"{}", b"[]", b"\xff", b'{"time": 1, "event": "finished"}'])
    def test_lines_that_no_job_writes_are_passed_over(self, home, place, line):
        with (place / "progress.jsonl").open("ab") as file:
            file.write(line + b"\n")
        state = jobs.latest(home, "a")
        assert (state.status, state.generation, state.done) == ("finished", "00000001", 5)

    @pytest.mark.parametrize("content", [b"[]", b'{"pid": "x"}', b'{"pid": 1, "created": ""}'])
    def test_a_process_that_cannot_be_told_is_none(self, home, place, content):
        (place / "process.json").write_bytes(content)
        assert jobs.latest(home, "a").status == "finished"

    def test_what_killed_jobs_left_is_removed(self, home, place):
        (place / "process.json").unlink()
        (place / "work").mkdir()
        untold = place.with_name("20200101-000000-000000000")
        untold.mkdir()
        os.utime(untold, (1, 1))
        assert jobs.debris(home, "a") == [untold, place / "work"]
        jobs.remove_debris(home, "a")
        assert jobs.debris(home, "a") == []
        assert place.exists()
