"""Entries in, pictures out in the same order; what breaks a worker costs a row of skipped."""

import os
import signal
import sys
import types

import drawn
import pytest
from hostile import (
    Deadly,
    Endless,
    Greedy,
    Killed,
    Murderous,
    Noisy,
    Slow,
    Stuck,
    Unreadable,
)
from PIL import Image

from ris.errors import PictureError
from ris.images import pool
from ris.images.entries import DataEntry, Entry, FileEntry, Skipped
from ris.images.pool import Decoded, GuardedDecoder, decode_all
from ris.images.prepare import content_id, prepare


def good(number: int) -> DataEntry:
    return DataEntry(f"{number}", f"bars/{number}", data=drawn.encoded(drawn.draw("bars", number)))


def test_the_order_of_a_long_stream_is_kept():
    entries: list[Entry | Skipped] = [good(i) for i in range(3 * pool.BATCH + 5)]
    entries[7] = Skipped("7", "a link")
    entries[20] = DataEntry("20", "20", data=b"<html>")
    found = list(decode_all(entries, 32, workers=2))
    assert [one.entry.path if isinstance(one, Decoded) else one.path for one in found] == [
        str(i) for i in range(len(entries))
    ]
    assert [type(one) is Skipped for one in found] == [i in (7, 20) for i in range(len(entries))]


def test_why_an_entry_was_skipped_is_told():
    entries = [Skipped("a", "a link"), DataEntry("b", "b", data=b""), Unreadable("c", "c"), good(1)]
    *skipped, last = decode_all(entries, 32, workers=1)
    assert skipped == [
        Skipped("a", "a link"),
        Skipped("b", "The file is empty"),
        Skipped("c", "made up for a test"),
    ]
    assert isinstance(last, Decoded)


def test_bytes_come_back_only_where_the_collection_must_keep_them(tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(good(1).data)
    on_disk = FileEntry(str(file), "a.png", 5.0, imported=False, location=str(file))
    kept, left = decode_all([good(1), on_disk], 32, workers=1, thumbnails=False)
    assert isinstance(kept, Decoded)
    assert isinstance(left, Decoded)
    assert kept.data == good(1).data
    assert left.data is None
    assert left.size == kept.size == len(good(1).data)
    assert (left.entry.path, left.entry.modified) == (str(file), 5.0)
    assert left.picture.thumbnail == b""


def test_an_empty_stream_gives_nothing():
    assert list(decode_all([], 32, workers=1)) == []


CRASHES = "It crashes the program that reads pictures; it may be damaged on purpose"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (Endless("bad", "bad"), "Reading it takes longer than 1 s"),
        (Stuck("bad", "bad"), "Reading it takes longer than 1 s"),
        (Slow("bad", "bad", seconds=9.0), "Reading it takes longer than 1 s"),
        (Slow("bad", "bad", seconds=0.5), "came back"),
        (Deadly("bad", "bad"), CRASHES),
        (Killed("bad", "bad"), CRASHES),
        (Killed("bad", "bad", number=signal.SIGSEGV), CRASHES),
        (Greedy("bad", "bad"), "Reading it takes more memory than there is for a picture"),
        (Noisy("bad", "bad"), "quiet"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Entry) else "",
)
def test_what_breaks_its_worker_is_skipped_and_the_others_survive(
    monkeypatch, capfd, bad, reason, begun
):
    monkeypatch.setattr(pool, "DEADLINE", 1.0)
    monkeypatch.setattr(pool, "BATCH", 4)
    entries = [good(0), bad, good(2), good(3), good(4)]
    found = list(decode_all(entries, 32, workers=1))
    assert found[1] == Skipped("bad", reason)
    alive = [one.entry.path for one in found if isinstance(one, Decoded)]
    assert alive == ["0", "2", "3", "4"]
    assert begun() == []
    assert capfd.readouterr() == ("", "")


def test_a_small_jpeg_that_takes_half_a_minute_is_ended(monkeypatch):
    """Its last scan of 70 bytes, over 48 megapixels, comes a thousand times."""
    monkeypatch.setattr(pool, "DEADLINE", 1.0)
    data = drawn.encoded(Image.new("L", (8000, 6000), 128), "JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    bomb = data[:-2] + scan * 1000 + data[-2:]
    assert len(bomb) < 300_000
    found = list(decode_all([good(0), DataEntry("bomb", "bomb", data=bomb)], 32, workers=1))
    assert isinstance(found[0], Decoded)
    assert found[1] == Skipped("bomb", "Reading it takes longer than 1 s")


def test_files_that_each_kill_a_worker_cost_their_rows_only():
    entries = [Killed(str(i), "k") if i % 6 == 3 else good(i) for i in range(30)]
    found = list(decode_all(entries, 32, workers=2))
    assert [isinstance(one, Skipped) for one in found] == [i % 6 == 3 for i in range(30)]


def test_workers_that_are_killed_while_idle_are_replaced(tmp_path, begun):
    entries = [good(0), Murderous("bad", "bad", mark=str(tmp_path / "done"))]
    entries += [good(i) for i in range(2, 60)]
    found = list(decode_all(entries, 32, workers=3))
    assert [one for one in found if isinstance(one, Skipped)] == [Skipped("bad", "done")]
    assert len(found) == 60
    assert begun() == []


def test_few_bytes_are_under_way_however_large_the_files_are(monkeypatch):
    monkeypatch.setattr(pool, "CARRIED_BYTES", 10_000)
    monkeypatch.setattr(pool, "BATCH_BYTES", 5_000)
    listed, ended, most = 0, 0, 0

    def entries():
        nonlocal listed
        for number in range(200):
            listed += 1
            yield DataEntry(str(number), "x", data=bytes(1000))

    for _ in decode_all(entries(), 32, workers=2):
        most = max(most, listed - ended)
        ended += 1
    assert ended == 200
    assert most <= 10 + 5 + 5  # what is carried, the last batch, and the one that is handed out


def test_a_stream_that_is_left_early_leaves_no_worker_behind(begun):
    stream = decode_all((good(i) for i in range(1000)), 32, workers=1)
    assert isinstance(next(stream), Decoded)
    stream.close()  # hangs if the pool were joined with its queue
    assert begun() == []


def test_a_source_that_fails_ends_the_stream_with_its_own_error(begun):
    def entries():
        yield good(0)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(decode_all(entries(), 32, workers=1))
    assert begun() == []


def test_the_servers_decoder_survives_the_end_of_its_worker(begun):
    decoder = GuardedDecoder()
    try:
        assert decoder.prepare(good(1).data, 32).width == 32
        for pid in begun():
            os.kill(pid, signal.SIGKILL)
        assert decoder.prepare(good(2).data, 32).width == 32
        assert decoder.prepare(good(3).data, 32).width == 32
    finally:
        decoder.close()
    assert begun() == []


def test_the_servers_decoder_prepares_like_everybody_and_refuses_in_words():
    decoder = GuardedDecoder()
    try:
        found = decoder.prepare(good(1).data, 32)
        assert found.id == content_id(good(1).data)
        assert (found.pixels == prepare(good(1).data, 32).pixels).all()
        with pytest.raises(PictureError, match="not a picture"):
            decoder.prepare(b"<html>", 32)
        assert decoder.prepare(good(2).data, 32).width == 32
    finally:
        decoder.close()


def test_a_main_module_that_cannot_be_imported_again_does_no_harm(monkeypatch):
    """Streamlit leaves its script as `__main__`; spawned workers would run it."""
    script = types.ModuleType("__main__")
    script.__file__ = "/gone/script.py"
    monkeypatch.setitem(sys.modules, "__main__", script)
    (found,) = decode_all([good(1)], 32, workers=1)
    assert isinstance(found, Decoded)
    assert sys.modules["__main__"] is script
