"""Workers have limits from their first moment, and are replaced when they are gone."""

import os
import resource
import signal
import time

import psutil
import pytest

from ris.errors import RisError
from ris.images import workers as module
from ris.images.workers import MEMORY, Workers, WorkFailed


def test_a_worker_may_take_so_much_beyond_what_it_begins_with(begun):
    with Workers(1) as some:
        allowed = some.begin(resource.getrlimit, resource.RLIMIT_AS, seconds=20).result()
        (pid,) = begun()
        has = psutil.Process(pid).memory_info().vms
        assert allowed[0] == allowed[1]
        assert abs(allowed[0] - has - MEMORY) < 2**20


def test_more_memory_is_refused():
    with Workers(1) as some:
        with pytest.raises(WorkFailed) as failed:
            some.begin(bytearray, 2 * MEMORY, seconds=20).result()
        assert failed.value.by == "memory"


def test_a_crash_leaves_no_file_of_gigabytes():
    with Workers(1) as some:
        assert some.begin(resource.getrlimit, resource.RLIMIT_CORE, seconds=20).result() == (0, 0)


def test_work_over_its_time_is_ended():
    began = time.monotonic()
    with Workers(1) as some:
        with pytest.raises(WorkFailed) as failed:
            some.begin(time.sleep, 100, seconds=0.5).result()
        assert failed.value.by == "time"
    assert time.monotonic() - began < 50


def test_the_exception_of_the_work_comes_back():
    with Workers(1) as some, pytest.raises(ZeroDivisionError) as raised:
        some.begin(divmod, 1, 0, seconds=20).result()
    assert "divmod" not in str(raised.value)
    assert "Traceback" in raised.value.__notes__[0]


def test_one_that_was_killed_while_idle_is_replaced_and_no_work_lost(begun):
    with Workers(2) as some:
        for _ in range(3):
            first = some.begin(os.getpid, seconds=20).result()
            os.kill(first, signal.SIGKILL)
            while psutil.Process(first).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.01)
            assert some.begin(os.getpid, seconds=20).result() != first
    assert begun() == []


def test_what_is_under_way_is_ended_when_it_is_given_up(begun):
    began = time.monotonic()
    some = Workers(2)
    slow = [some.begin(time.sleep, 100, seconds=200) for _ in range(5)]
    while not slow[0].running() or not begun():
        time.sleep(0.01)
    some.close(at_once=True)
    assert begun() == []
    assert time.monotonic() - began < 50


def test_unused_ones_are_never_begun(begun):
    with Workers(8) as some:
        assert begun() == []
        for _ in range(5):
            some.begin(os.getpid, seconds=20).result()
        assert len(begun()) == 1


def test_where_no_process_can_begin_the_person_is_told(monkeypatch, begun):
    monkeypatch.setattr(module, "START_SECONDS", 0.0)
    with Workers(1) as some, pytest.raises(RisError, match="can't be begun"):
        some.begin(os.getpid, seconds=20).result()
    assert begun() == []
