"""Tags: by key, of no generation, in one file that is replaced at once."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ris.errors import RisError, StoreError
from ris.store.tags import FILE, LONGEST, Tags


def told(tags):
    return {name: keys.tolist() for name, keys in tags.all().items()}


def test_at_first_there_are_none(collection):
    assert told(Tags(collection)) == {}
    assert Tags(collection).version == ""


def test_tags_come_back_by_name_with_their_keys_ascending(collection):
    tags = Tags(collection)
    assert tags.add(" fine ", np.array([7, 3])).tolist() == [3, 7]
    assert tags.add("a bit odd", np.array([3])).tolist() == [3]
    assert told(Tags(collection)) == {"a bit odd": [3], "fine": [3, 7]}


def test_a_change_can_be_taken_back_to_what_was_there_before(collection):
    tags = Tags(collection)
    tags.add("fine", np.array([1, 2]))
    new = tags.add("fine", np.array([2, 3]))
    assert new.tolist() == [3]
    tags.remove("fine", new)
    assert told(tags) == {"fine": [1, 2]}
    lost = tags.remove("fine", np.array([1, 2, 9]))
    assert lost.tolist() == [1, 2]
    assert told(tags) == {}
    tags.add("fine", lost)
    assert told(tags) == {"fine": [1, 2]}


def test_each_change_has_a_version_of_its_own(collection):
    tags, seen = Tags(collection), set()
    for key in range(3):
        tags.add("fine", np.array([key]))
        seen.add(tags.version)
    assert len(seen) == 3


def test_what_changes_nothing_writes_nothing(collection):
    tags = Tags(collection)
    tags.add("fine", np.array([1]))
    before = tags.version
    assert len(tags.add("fine", np.array([1]))) == 0
    assert len(tags.remove("fine", np.array([2]))) == 0
    assert len(tags.remove("unknown", np.array([1]))) == 0
    assert tags.version == before


@pytest.mark.parametrize("name", ["", "  ", "x" * (LONGEST + 1), "a\nb", "a\x00"])
def test_a_name_that_can_not_be_shown_is_refused(collection, name):
    with pytest.raises(RisError, match="can't be the name"):
        Tags(collection).add(name, np.array([1]))


def test_nothing_can_not_be_tagged(collection):
    with pytest.raises(RisError, match="none"):
        Tags(collection).add("fine", np.array([], np.int64))


def test_many_at_once_lose_nothing(collection):
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda n: Tags(collection).add("fine", np.array([n])), range(20)))
    assert told(Tags(collection)) == {"fine": list(range(20))}


@pytest.mark.parametrize("harm", ["no json", "other keys", "newer", "no tags"])
def test_a_damaged_file_is_an_error_and_is_left_alone(collection, harm):
    tags = Tags(collection)
    tags.add("fine", np.array([1]))
    path = collection.folder / FILE
    content = json.loads(path.read_text())
    if harm == "other keys":
        content["tags"]["fine"] = [2]
    if harm == "newer":
        content["format"] = 99
    if harm == "no tags":
        content = {}
    path.write_text("[" if harm == "no json" else json.dumps(content))
    before = path.read_bytes()
    with pytest.raises(StoreError):
        tags.all()
    with pytest.raises(StoreError):
        tags.add("fine", np.array([3]))
    assert path.read_bytes() == before


def test_a_write_that_fails_leaves_what_was_there(collection, monkeypatch):
    tags = Tags(collection)
    tags.add("fine", np.array([1]))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ris.store.files.os.replace", full)
    with pytest.raises(StoreError, match="full"):
        tags.add("fine", np.array([2]))
    monkeypatch.undo()
    assert told(tags) == {"fine": [1]}
    assert list(collection.folder.glob(".*.tmp")) == []
