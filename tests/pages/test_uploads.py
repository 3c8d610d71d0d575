"""Uploads over the limits are refused by the server, whatever the browser lets through."""

import io
import struct
import zlib

import pytest
from streamlit import config

from pages.parts import uploads
from pages.parts.additions import add_uploads
from pages.parts.create import Order, check
from ris.errors import RisError
from ris.images.decode import MAX_PIXELS
from tests.pages.test_screens import app, drop, png, words_on  # noqa: F401


class Upload(io.BytesIO):
    """What Streamlit hands over for a dropped file."""

    def __init__(self, name, data):
        super().__init__(data)
        self.name = name


@pytest.fixture
def small(monkeypatch):
    """Limits of a MiB, so that no test needs as much memory as a real one."""
    monkeypatch.setattr("pages.parts.additions.PICTURE", 1)
    monkeypatch.setattr("pages.parts.create.PICTURE", 1)
    monkeypatch.setattr("pages.parts.create.TABLE", 1)
    monkeypatch.setattr("pages.parts.searching.PICTURE", 1)


LARGE = Upload("large.png", bytes(2**20 + 1))


def test_a_large_picture_is_no_source(small):
    with pytest.raises(RisError, match=r"large\.png has 1 MB; at most 1") as refused:
        check(Order("new", "pictures", uploads=[Upload("a.png", bytes(2**20)), LARGE]), [])
    assert "folder" in refused.value.hint
    check(Order("new", "archive", uploads=[LARGE]), [])
    with pytest.raises(RisError, match="large"):
        check(Order("new", "folder", folder="/x", labels="csv", table=LARGE), [])


def test_nothing_is_written_of_an_addition_that_is_too_large(small, collection):
    with pytest.raises(RisError, match="large"):
        add_uploads(collection, [LARGE])
    assert not (collection.home / ".incoming").exists()


def test_what_streamlit_takes_is_what_the_largest_field_takes():
    assert config.get_option("server.maxUploadSize") == uploads.ARCHIVE


def test_a_large_picture_is_not_searched_with(app, small):  # noqa: F811
    app.run()
    drop(app, "large.png", bytes(LARGE.getbuffer()))
    assert not app.exception
    assert "large" not in words_on(app)
    drop(app, "mine.png", png())
    assert "mine" in words_on(app)


def wide(side: int) -> bytes:
    """A PNG of a few bytes whose header tells of so many pixels a side."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(bytes(99))), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_a_picture_of_too_many_pixels_is_told_before_it_is_decoded(app):  # noqa: F811
    app.run()
    drop(app, "bomb.png", wide(20_000))
    assert not app.exception
    assert f"{MAX_PIXELS // 10**6} megapixels" in app.error[0].value
