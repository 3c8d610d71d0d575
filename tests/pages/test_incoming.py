"""Uploads on their way to disk."""

import io
import os
import time
import zipfile

import pytest

from pages.parts import incoming


class Upload(io.BytesIO):
    """Stands for Streamlit's uploaded file: an open file with a name."""

    def __init__(self, name: str, data: bytes) -> None:
        super().__init__(data)
        self.name = name


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("cat.png", "cat.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\cat.png", "cat.png"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("a\0b.png", "ab.png"),
        ("x" * 300 + ".png", "x" * 196 + ".png"),
    ],
)
def test_a_name_never_leaves_the_folder(sent, expected):
    assert incoming.safe_name(sent) == expected


def test_an_archive_is_kept_byte_for_byte(tmp_path):
    upload = Upload("holiday.zip", os.urandom(3_000_000))
    upload.read()  # whoever looked at it before left the position at the end
    kept = incoming.keep(upload, incoming.new_folder(tmp_path))
    assert kept.name == "holiday.zip"
    assert kept.read_bytes() == upload.getvalue()
    assert kept.is_relative_to(tmp_path / incoming.FOLDER)


def test_pictures_of_equal_names_are_all_packed(tmp_path):
    uploads = [Upload("a.png", b"1"), Upload("x/a.png", b"2"), Upload("A.png", b"3")]
    packed = incoming.pack(uploads, incoming.new_folder(tmp_path))
    with zipfile.ZipFile(packed) as archive:
        assert sorted(archive.read(name) for name in archive.namelist()) == [b"1", b"2", b"3"]
        assert len({name.lower() for name in archive.namelist()}) == 3


def test_yesterdays_uploads_are_swept(tmp_path):
    old, recent = incoming.new_folder(tmp_path), incoming.new_folder(tmp_path)
    past = time.time() - incoming.STALE_SECONDS - 60
    os.utime(old, (past, past))
    incoming.new_folder(tmp_path)
    assert not old.exists()
    assert recent.exists()


def test_an_upload_is_told_from_what_lies_on_disk():
    assert incoming.describe(f"/home/{incoming.FOLDER}/1/a.zip") == "a.zip, through the browser"
    assert incoming.describe("/pictures/a.zip") == "/pictures/a.zip"
    assert incoming.describe("demo") == "demo"
