"""The Python side of the catcher: what it believes of a browser."""

import pytest

from pages.parts.picture_catcher import read_address


@pytest.mark.parametrize(
    ("sent", "address"),
    [
        ({"kind": "address", "address": "https://example.org/a.png"}, "https://example.org/a.png"),
        ({"kind": "address", "address": ""}, None),
        ({"kind": "address", "address": "x" * 5000}, None),
        ({"kind": "address", "address": 7}, None),
        ({"kind": "file"}, None),
        (None, None),
    ],
)
def test_only_addresses_are_believed(sent, address):
    assert read_address(sent) == address
