"""Thumbnails are a cache: damage costs them, never the collection."""

import sqlite3
import threading

import pytest

from ris.errors import StoreError
from ris.store.thumbnails import Thumbnails


@pytest.fixture
def path(tmp_path):
    return tmp_path / "thumbnails.sqlite"


def test_what_is_put_is_found_again(path):
    with Thumbnails(path) as thumbnails:
        thumbnails.put([("a", b"one"), ("b", b"two")])
        assert thumbnails.get("a") == b"one"
        assert thumbnails.get("c") is None
    with Thumbnails(path) as thumbnails:
        assert thumbnails.get("b") == b"two"


def test_a_known_id_keeps_its_thumbnail(path):
    with Thumbnails(path) as thumbnails:
        thumbnails.put([("a", b"one")])
        thumbnails.put([("a", b"other")])
        assert thumbnails.get("a") == b"one"


@pytest.mark.parametrize("content", [b"garbage" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_set_aside_and_filled_again(path, content):
    path.write_bytes(content)
    with Thumbnails(path) as thumbnails:
        assert thumbnails.get("a") is None
        thumbnails.put([("a", b"one")])
        assert thumbnails.get("a") == b"one"
    assert path.with_suffix(".damaged").read_bytes() == content


@pytest.fixture
def damaged_inside(path):
    """Damage that opening does not see: pages in the middle of a file with many thumbnails."""
    with Thumbnails(path) as thumbnails:
        thumbnails.put((f"{number:04}", bytes(3000)) for number in range(300))
        thumbnails._opened().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    data[8192 * 2 :] = b"\xa5" * (len(data) - 8192 * 2)
    path.write_bytes(data)
    return path


def test_damage_that_shows_while_reading_costs_the_thumbnails_only(damaged_inside):
    with Thumbnails(damaged_inside) as thumbnails:
        assert [thumbnails.get(f"{number:04}") for number in range(300)].count(None) == 300
        thumbnails.put([("0007", b"new")])
        assert thumbnails.get("0007") == b"new"


def test_damage_that_shows_while_writing_costs_the_thumbnails_only(damaged_inside):
    with Thumbnails(damaged_inside) as thumbnails:
        thumbnails.put((f"{number:04}x", b"new") for number in range(300))
        assert thumbnails.get("0007x") == b"new"


def test_several_threads_may_ask_at_once(path):
    with Thumbnails(path) as thumbnails:
        thumbnails.put((str(number), str(number).encode()) for number in range(100))
        wrong: list[int] = []

        def ask() -> None:
            wrong.extend(n for n in range(100) if thumbnails.get(str(n)) != str(n).encode())

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


def test_two_processes_eyes_on_one_file(path):
    with Thumbnails(path) as one, Thumbnails(path) as other:
        one.put([("a", b"one")])
        assert other.get("a") == b"one"


def test_a_bit_that_flips_in_a_thumbnail_is_noticed(path):
    with Thumbnails(path) as thumbnails:
        thumbnails.put([("a", b"one"), ("b", b"two")])
        thumbnails._opened().execute("UPDATE thumbnails SET webp = x'6f6f65' WHERE id = 'a'")
        thumbnails._opened().commit()
        assert thumbnails.get("a") is None
        thumbnails.put([("a", b"one")])
        assert thumbnails.get("a") == b"one"
        assert thumbnails.get("b") == b"two"


def test_a_file_of_an_earlier_ris_is_read_and_added_to(path):
    with sqlite3.connect(path) as earlier:
        earlier.execute("CREATE TABLE thumbnails (id TEXT PRIMARY KEY, webp BLOB) WITHOUT ROWID")
        earlier.execute("INSERT INTO thumbnails VALUES ('a', x'6f6e65')")
    for _ in range(2):
        with Thumbnails(path) as thumbnails:
            thumbnails.put([("b", b"two")])
            assert (thumbnails.get("a"), thumbnails.get("b")) == (b"one", b"two")


@pytest.mark.parametrize("what", ["", "-wal", "-shm"])
def test_a_folder_in_place_of_a_file_is_set_aside(path, what):
    path.with_name(path.name + what).mkdir()
    with Thumbnails(path) as thumbnails:
        thumbnails.put([("a", b"one")])
        assert thumbnails.get("a") == b"one"


def test_what_another_process_has_begun_anew_is_not_set_aside_again(path):
    with Thumbnails(path) as late:
        late.put((f"{number:04}", bytes(3000)) for number in range(300))
        late._opened().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with path.open("r+b") as file:
            file.seek(8192)
            file.write(b"damaged" * 50_000)
        with Thumbnails(path) as other:
            other.start_anew()
            other.put([("a", b"one")])
        assert late.get("0007") is None
        assert late.get("a") == b"one"


def test_where_the_file_cannot_be_opened_there_are_none_until_it_can(tmp_path):
    """On a full disk SQLite can't even make the files that it needs for reading."""
    path = tmp_path / "later" / "thumbnails.sqlite"
    with Thumbnails(path) as thumbnails:
        assert thumbnails.get("a") is None
        with pytest.raises(StoreError, match="can't be written") as refused:
            thumbnails.put([("a", b"one")])
        assert refused.value.hint
        with pytest.raises(StoreError):
            thumbnails.keep_only(["a"])
        path.parent.mkdir()
        thumbnails.put([("a", b"one")])
        assert thumbnails.get("a") == b"one"
