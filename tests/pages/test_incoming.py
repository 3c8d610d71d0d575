"""Uploads on their way to disk."""

import io
import os
import time
import zipfile

import pytest

from pages.parts import incoming
from ris.errors import StoreError


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


def test_archives_of_equal_names_are_all_kept(tmp_path):
    """A second one of a name, or one named as the packed pictures are, ended in a traceback."""
    folder = incoming.new_folder(tmp_path)
    names = ("a.tar.gz", "a.tar.gz", "a.tar.gz", "pictures.zip")
    kept = [incoming.keep(Upload(name, bytes([i])), folder) for i, name in enumerate(names)]
    packed = incoming.pack([Upload("a.png", b"1")], folder)
    assert [path.read_bytes() for path in kept] == [b"\0", b"\1", b"\2", b"\3"]
    assert [path.name for path in (*kept, packed)] == [*names, "pictures.zip"]


@pytest.mark.parametrize("keep", [incoming.keep, lambda one, folder: incoming.pack([one], folder)])
def test_a_full_disk_is_told(tmp_path, keep):
    resource = pytest.importorskip("resource", reason="limits on files are set otherwise there")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    upload, folder = Upload("a.zip", bytes(3_000_000)), incoming.new_folder(tmp_path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with pytest.raises(StoreError, match="disk is full"):
            keep(upload, folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


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
