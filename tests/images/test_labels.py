"""Labels and metadata from folders, from a CSV file, or none."""

import os
import time
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ris.errors import SourceError
from ris.images import labels as labels_module
from ris.images.entries import Entry
from ris.images.labels import Known, Labels


def entry(inside: str, path: str | None = None) -> Entry:
    return Entry(path or f"/source/{inside}", inside)


@pytest.fixture
def csv(tmp_path):
    def write(text: str, encoding: str = "utf-8") -> Labels:
        (tmp_path / "labels.csv").write_text(text, encoding=encoding)
        return Labels(str(tmp_path / "labels.csv"))

    return write


def test_the_folder_gives_the_label():
    labels = Labels("folder")
    assert labels.of(entry("cats/1.png")) == Known(("cats",))
    assert labels.of(entry("1.png")) == Known()
    assert labels.columns == {}


def test_none_gives_none():
    assert Labels("none").of(entry("cats/1.png")) == Known()


def test_every_column_has_its_type(csv):
    labels = csv(
        "path,label,price,weight,new,maker,sold,when\n"
        "a.png,shoe,10,1.5,true,Ann,2024-01-05,2024-01-05T10:30:00Z\n"
        "b.png,hat,20,2,false,7,2024-02-06,2024-02-06T11:30:00Z\n"
    )
    assert labels.columns == {
        "price": "int",
        "weight": "float",
        "new": "bool",
        "maker": "text",
        "sold": "time",
        "when": "time",
    }
    assert labels.of(entry("a.png")) == Known(
        ("shoe",),
        {
            "price": 10,
            "weight": 1.5,
            "new": True,
            "maker": "Ann",
            "sold": datetime(2024, 1, 5, tzinfo=UTC),
            "when": datetime(2024, 1, 5, 10, 30, tzinfo=UTC),
        },
    )


def test_missing_values_keep_the_type_and_become_none(csv):
    labels = csv("path,label,price,new,sold,maker\na.png,,,,,\nb.png,hat,20,true,2024-02-06,Ann\n")
    assert labels.columns == {"price": "int", "new": "bool", "sold": "time", "maker": "text"}
    known = labels.of(entry("a.png"))
    assert known == Known((), dict.fromkeys(labels.columns))


def test_text_that_only_begins_like_a_date_stays_text(csv):
    labels = csv("path,code\na.png,2024-13-77\nb.png,2024-01-05\n")
    assert labels.columns == {"code": "text"}
    assert labels.of(entry("a.png")).metadata == {"code": "2024-13-77"}


def test_numbers_as_labels_stay_as_they_are_written(csv):
    labels = csv("path,label\na.png,007\nb.png,0\n")
    assert labels.of(entry("a.png")).labels == ("007",)
    assert labels.of(entry("b.png")).labels == ("0",)


def test_a_row_is_not_taken_by_a_namesake_in_another_folder(csv):
    labels = csv("path,label\ncats/001.png,cat\n")
    assert labels.of(entry("dogs/001.png")) == Known()


def test_a_picture_without_a_row_has_no_labels(csv):
    assert csv("path,label\na.png,shoe\n").of(entry("z.png")) == Known()


def test_a_file_without_labels_may_have_metadata(csv):
    assert csv("path,price\na.png,3\n").of(entry("a.png")) == Known((), {"price": 3})


def test_rows_are_found_by_inner_path_full_path_or_name(csv):
    labels = csv("path,label\n./one/a.png,1\n/disk/b.png,2\nthree\\c.png,3\n")
    assert labels.of(entry("one/a.png")).labels == ("1",)
    assert labels.of(entry("other/b.png", "/disk/b.png")).labels == ("2",)
    assert labels.of(entry("three/c.png")).labels == ("3",)
    assert labels.of(entry("top/one/a.png")).labels == ("1",)
    assert labels.of(entry("a.png")).labels == ("1",)


def test_a_bare_name_counts_only_while_it_is_unique(csv):
    labels = csv("path,label\none/a.png,1\ntwo/a.png,2\nthree/a.png,3\n")
    assert labels.of(entry("one/a.png")).labels == ("1",)
    assert labels.of(entry("elsewhere/a.png")) == Known()


@pytest.mark.parametrize(
    "rows",
    [
        "a.png,top\nsub/a.png,below\n",
        "sub/a.png,below\na.png,top\n",
    ],
)
def test_an_exact_path_wins_whatever_the_order_of_rows(csv, rows):
    labels = csv("path,label\n" + rows)
    assert labels.of(entry("a.png")).labels == ("top",)
    assert labels.of(entry("sub/a.png")).labels == ("below",)


def test_rows_without_a_path_are_passed_over(csv):
    labels = csv("path,label\n,lost\na.png,shoe\n")
    assert labels.of(entry("a.png")).labels == ("shoe",)


def test_a_byte_order_mark_does_no_harm(csv):
    assert csv("path,label\na.png,shoe\n", "utf-8-sig").of(entry("a.png")).labels == ("shoe",)


def test_reserved_names_are_renamed_and_not_lost(csv):
    labels = csv("path,label,id,width,embedding\na.png,shoe,17,3,x\n")
    assert labels.columns == {"csv_id": "int", "csv_width": "int", "csv_embedding": "text"}
    assert labels.of(entry("a.png")).metadata == {
        "csv_id": 17,
        "csv_width": 3,
        "csv_embedding": "x",
    }


def test_numbers_past_64_bits_do_not_become_integers(csv):
    labels = csv("path,tweet\na.png,18446744073709551615\n")
    assert labels.columns["tweet"] in ("text", "float")


def test_a_renamed_column_does_not_collide_with_one_of_its_name(csv):
    labels = csv("path,csv_id,id\na.png,1,2\n")
    assert sorted(labels.of(entry("a.png")).metadata.values()) == [1, 2]


def test_without_a_path_column_the_error_names_the_columns(csv):
    with pytest.raises(SourceError, match="its columns are: file, class") as refused:
        csv("file,class\na.png,shoe\n")
    assert "path" in refused.value.hint


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00bad", b'path,label\n"a.png'])
def test_what_is_no_csv_is_refused_with_what_is_expected(tmp_path, content):
    (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises(SourceError) as refused:
        Labels(str(tmp_path / "labels.csv"))
    assert refused.value.hint


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(SourceError, match="can't be read from"):
        Labels(str(tmp_path / "gone.csv"))


def test_a_folder_instead_of_a_file_is_refused(tmp_path):
    with pytest.raises(SourceError):
        Labels(str(Path(tmp_path)))


@pytest.fixture
def refusal(tmp_path):
    """What is said of a file of labels; within ten seconds."""

    def refuse(content: bytes) -> str:
        (tmp_path / "labels.csv").write_bytes(content)
        began = time.monotonic()
        with pytest.raises(SourceError) as refused:
            Labels(str(tmp_path / "labels.csv"))
        assert time.monotonic() - began < 10
        assert refused.value.hint
        message = refused.value.message
        assert len(message.replace(str(tmp_path), "")) < 600
        return message

    return refuse


def test_hostile_tables_are_refused_in_words(refusal, monkeypatch):
    assert "It is not UTF-8 text." in refusal(b"path,label\ncaf\xe9.png,a\n")
    assert "It has 1,000,001 columns, more than 500." in refusal(b"path" + b"," * 1_000_000)
    assert "It has 1,000,000 columns, more than 500." in refusal(b'"\n"' + b"," * 999_999)
    assert "Line 2 has 1,000,001 values, but there are 1 columns." in refusal(
        b"path\n" + b"," * 1_000_000
    )
    assert "It is no CSV table (field larger than field limit (131072))." in refusal(
        b"path,label\na.png," + b"x" * 1_000_000
    )
    assert "It has a label of more than 1,000 letters." in refusal(
        b"path,label\na.png," + b"x" * 1001
    )
    monkeypatch.setattr(labels_module, "MAX_VALUES", 10)
    assert "It has more than 10 values." in refusal(b"path,label\n" + b"a.png,b\n" * 6)
    monkeypatch.setattr(labels_module, "MAX_CSV_BYTES", 2**20)
    assert "The file is larger than 1 MiB." in refusal(b"path\n" + b"a" * 2**20)


def test_a_pipe_instead_of_a_file_is_refused_and_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "labels.csv")
    with pytest.raises(SourceError, match="It is no file but a folder, a pipe"):
        Labels(str(tmp_path / "labels.csv"))


def test_a_link_to_a_table_is_followed_for_the_person_named_it(tmp_path):
    (tmp_path / "real.csv").write_text("path,label\na.png,shoe\n")
    (tmp_path / "labels.csv").symlink_to("real.csv")
    assert Labels(str(tmp_path / "labels.csv")).of(entry("a.png")).labels == ("shoe",)


def test_paths_of_a_thousand_folders_take_no_memory(tmp_path):
    """Every end of every path was kept: 1 MB of slashes took 250 GB."""
    rows = "".join(f"{'a/' * 2000}{number}.png,x\n" for number in range(500))
    (tmp_path / "labels.csv").write_text("path,label\n" + rows)
    tracemalloc.start()
    labels = Labels(str(tmp_path / "labels.csv"))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 100 * 2**20
    assert labels.of(entry("a/a/7.png")).labels == ("x",)
    assert labels.of(entry("b/7.png")) == Known()


def test_an_end_counts_only_from_a_slash_on(csv):
    labels = csv("path,label\none/b.png,1\ntwo/cab.png,2\n")
    assert labels.of(entry("b.png")).labels == ("1",)
    assert labels.of(entry("ab.png")) == Known()


PIECES = st.sampled_from(
    [
        *',"\n\r\0\ufeff',
        "path",
        "label",
        "a.png",
        "nan",
        "1e400",
        "-9223372036854775809",
        "18446744073709551615",
        "2024-01-01",
        "9999-12-31",
        "2024-13-45",
        "0001-01-01",
        "true",
        "\u202e",
        "/",
        "..",
        "\\",
        "a" * 2000,
        "9" * 400,
        "[1]",
        "2024-01-01T25:00",
        "id",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=40), st.binary(max_size=3))
def test_any_table_gives_labels_or_words(tmp_path_factory, pieces, odd):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"path,label,x\n" + "".join(pieces).encode() + odd)
    try:
        labels = Labels(str(path))
    except SourceError as error:
        told = (error.message, error.hint)
        assert all(told)
    else:
        assert isinstance(labels.of(entry("a.png")), Known)
