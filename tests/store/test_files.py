"""Files are complete or not there, and what was changed behind our back is noticed."""

import json
import shutil

import pytest

from ris.errors import StoreError
from ris.store.files import (
    FileFacts,
    describe,
    read_json,
    require_space,
    verify,
    write_atomic,
    write_json,
)


def test_a_file_is_replaced_at_once(tmp_path):
    file = tmp_path / "a"
    file.write_text("old")

    def write(aside):
        aside.write_text("new")
        assert file.read_text() == "old"

    write_atomic(file, write)
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


def test_a_failed_write_leaves_the_old_file_and_no_debris(tmp_path):
    file = tmp_path / "a"
    file.write_text("old")

    def write(aside):
        aside.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_atomic(file, write)
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_what_is_described_can_be_verified(tmp_path):
    (tmp_path / "parts").mkdir()
    file = tmp_path / "parts" / "a"
    file.write_bytes(b"12345")
    facts = describe(tmp_path, file)
    assert (facts.file, facts.size) == ("parts/a", 5)
    assert verify(tmp_path, facts) == file
    assert describe(tmp_path, file, name="b").file == "b"


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "can't be read"), (b"1234", "has 4 bytes, expected 5"), (b"12346", "is damaged")],
)
def test_a_changed_file_is_named_with_what_is_wrong(tmp_path, content, reason):
    file = tmp_path / "a"
    file.write_bytes(b"12345")
    facts = describe(tmp_path, file)
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(StoreError, match=f"^a {reason}"):
        verify(tmp_path, facts)


def test_facts_are_json():
    assert FileFacts("a", 1, "ff").to_json() == {"file": "a", "size": 1, "sha256": "ff"}


def test_json_comes_back(tmp_path):
    content = {"name": "ü\u2028\n", "numbers": [1, 2.5, None], "deep": {"a": True}}
    write_json(tmp_path / "a.json", content)
    assert read_json(tmp_path / "a.json") == content


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '"text"'])
def test_what_is_no_json_object_is_refused(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(StoreError, match=r"a\.json"):
        read_json(tmp_path / "a.json")


def test_json_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(StoreError):
        read_json(tmp_path / "a.json")
    with pytest.raises(StoreError):
        read_json(tmp_path / "gone.json")


def test_work_that_will_not_fit_is_refused_with_both_numbers(tmp_path):
    require_space(tmp_path, 1)
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(StoreError, match=r"GB free, about \d+\.\d GB are needed") as refused:
        require_space(tmp_path, 2 * free + 10**9)
    assert refused.value.hint


def test_little_room_is_told_in_megabytes(tmp_path, monkeypatch):
    """A small disk had 0.0 GB free where 0.0 GB were needed."""
    usage = shutil.disk_usage(tmp_path)._replace(free=700_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(StoreError, match=r"0\.7 MB free, about 2\.5 MB are needed"):
        require_space(tmp_path, 2_500_000)


def test_what_is_written_can_be_read_by_others(tmp_path):
    write_json(tmp_path / "a.json", {"a": 1})
    assert json.loads((tmp_path / "a.json").read_bytes()) == {"a": 1}
