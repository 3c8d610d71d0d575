"""File names survive as text, whatever their bytes are."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ris.images.names import escape, unescape

NAMES = st.binary(min_size=1).filter(lambda b: b"\0" not in b and not b.startswith(b"file://"))


@given(NAMES)
def test_every_name_comes_back(name):
    text = escape(os.fsdecode(name))
    text.encode("utf-8")  # what Arrow and JSON need
    assert unescape(text) == Path(os.fsdecode(name))


@pytest.mark.parametrize("name", ["/a/b.png", "ü/☃.png", "100%.png", "new\nline.png", "%41.png"])
def test_utf8_names_stay_as_they_are(name):
    assert escape(name) == name


def test_other_names_become_a_uri():
    assert escape(os.fsdecode(b"/caf\xe9/100%.png")) == "file:///caf%E9/100%25.png"
