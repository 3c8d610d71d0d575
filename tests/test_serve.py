"""What `serve` tells the server: where to listen, which names to answer under."""

import pytest

from ris.serve import options


def names(told: list[str]) -> list[str]:
    return [told[i + 1] for i, word in enumerate(told) if word == "--server.allowedHosts"]


def test_by_default_it_listens_to_this_computer_and_names_nobody():
    told = options("localhost", 8501, [])
    assert told == ["--server.address", "localhost", "--server.port", "8501"]


def test_another_address_alone_needs_no_names():
    assert names(options("0.0.0.0", 80, [])) == []


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost", ["a.example", "*.b"]),
        ("192.168.1.7", ["a.example", "*.b", "192.168.1.7"]),
        ("box.lan", ["a.example", "*.b", "box.lan"]),
        ("0.0.0.0", ["a.example", "*.b"]),
        ("::", ["a.example", "*.b"]),
    ],
)
def test_with_names_it_answers_under_them_and_where_it_listens(host, known):
    own = ["localhost", "127.0.0.1", "::1"]
    assert names(options(host, 80, ["a.example", "*.b"])) == [*known, *own]
