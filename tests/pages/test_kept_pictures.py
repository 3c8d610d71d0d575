"""Pictures that links lead to: found by their content alone, and not for ever."""

import os
import time
from pathlib import Path

import pytest

from pages.parts import kept_pictures
from pages.parts.kept_pictures import FOLDER, KEPT_SECONDS, Kept, find, keep, trim
from pages.parts.view import MOST_PICTURES

PICTURE = Kept("cat\n.png", b"\x89PNG\n\0rest\n")


def test_a_picture_is_found_by_its_content(tmp_path):
    identifier = keep(tmp_path, PICTURE)
    assert identifier == PICTURE.id
    assert find(tmp_path, identifier) == Kept("cat .png", PICTURE.data)
    assert [file.name for file in (tmp_path / FOLDER).iterdir()] == [identifier]


@pytest.mark.parametrize("said", ["", "x", "../" + "a" * 61, "A" * 64, "a" * 64, "a" * 64 + "\n"])
def test_what_is_not_kept_is_not_there(tmp_path, said):
    keep(tmp_path, PICTURE)
    assert find(tmp_path, said) is None


def test_a_damaged_file_is_none(tmp_path):
    identifier = keep(tmp_path, PICTURE)
    (tmp_path / FOLDER / identifier).write_bytes(b"cat.png\nanother picture")
    assert find(tmp_path, identifier) is None


def test_after_a_week_without_use_it_is_gone(tmp_path):
    old, used, new = (Kept("a", bytes([n])) for n in range(3))
    for picture in (old, used):
        keep(tmp_path, picture)
        file = tmp_path / FOLDER / picture.id
        os.utime(file, (0, time.time() - KEPT_SECONDS + 100))
    assert find(tmp_path, used.id) == used  # counts as used from now on
    os.utime(tmp_path / FOLDER / old.id, (0, time.time() - KEPT_SECONDS - 1))
    assert find(tmp_path, old.id) is None
    keep(tmp_path, new)
    assert {file.name for file in (tmp_path / FOLDER).iterdir()} == {used.id, new.id}


def test_the_oldest_go_when_they_are_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_pictures, "KEPT_BYTES", 25)
    for number in range(4):
        picture = Kept("a", bytes([number]) * 8)
        keep(tmp_path, picture)
        os.utime(tmp_path / FOLDER / picture.id, (0, time.time() - 100 + number))
        last = picture
    trim(tmp_path / FOLDER)
    assert len(list((tmp_path / FOLDER).iterdir())) == 2
    assert (tmp_path / FOLDER / last.id).exists()


def test_a_home_that_cannot_be_written_to_costs_the_link_alone(tmp_path):
    (tmp_path / FOLDER).write_text("a file in its place")
    assert keep(tmp_path, PICTURE) == PICTURE.id


def test_how_long_they_are_kept_is_documented():
    text = (Path(__file__).parents[2] / "docs" / "limits.md").read_text(encoding="utf-8")
    assert f"for {KEPT_SECONDS // 86400} days after the last search" in text
    assert f"at most {kept_pictures.KEPT_BYTES // 2**20} MiB together" in text
    assert f"at most {MOST_PICTURES} pictures" in text
