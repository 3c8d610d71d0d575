"""Pictures from addresses: what is given, and what is never asked."""

import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ris.errors import PictureError
from ris.images import fetch as module
from ris.images.fetch import fetch, is_public

DATA = bytes(range(256)) * 400


class Site(BaseHTTPRequestHandler):
    """A site of files and of traps."""

    def do_GET(self):
        getattr(self, "_" + self.path.partition("?")[0].rsplit("/", 1)[-1].partition(".")[0])()

    def _picture(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(DATA)))
        self.end_headers()
        self.wfile.write(DATA)

    def _endless(self):
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(DATA)
        except OSError:
            pass

    def _huge(self):
        self.send_response(200)
        self.send_header("Content-Length", str(10**12))
        self.end_headers()

    def _short(self):
        self.send_response(200)
        self.send_header("Content-Length", "999")
        self.end_headers()
        self.wfile.write(b"few")

    def _packed(self):
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(b"\x1f\x8b")

    def _drip(self):
        """A byte now and then, each well within a timeout for reading."""
        try:
            while True:
                self.wfile.write(b"H")
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass

    def _moved(self):
        self._lead("/new/picture.png?size=large")

    def _round(self):
        self._lead("/round")

    def _inside(self):
        self._lead("http://127.0.0.2:1/picture.png")

    def _file(self):
        self._lead("file:///etc/passwd")

    def _gone(self):
        self.send_error(404)

    def _lead(self, to):
        self.send_response(302)
        self.send_header("Location", to)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def here(address):
    """Lets the site of the tests through, and nothing else."""
    return address == "127.0.0.1"


@contextmanager
def looked_up(monkeypatch, *answers):
    """Names have these addresses, one answer after the other."""
    asked = []

    def resolve(host, port, **_):
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(module.socket, "getaddrinfo", resolve)
    yield asked


def test_a_picture_comes_with_its_name(site):
    assert fetch(f"{site}/some/picture.png?x=1", allowed=here) == ("picture.png", DATA)


def test_it_is_followed_where_it_was_moved(site):
    assert fetch(f"{site}/moved", allowed=here) == ("picture.png", DATA)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("gone", "404"),
        ("round", "more than 5 times"),
        ("inside", "127.0.0.2 is in a private network"),
        ("file", "Expected an address like"),
        ("endless", "larger than 50 MB"),
        ("huge", "larger than 50 MB"),
        ("short", "broke before"),
        ("packed", "packed form"),
    ],
)
def test_what_is_no_picture_is_told(site, path, message):
    with pytest.raises(PictureError, match=message) as raised:
        fetch(f"{site}/{path}", allowed=here)
    assert raised.value.hint


def test_a_server_that_drips_is_left_in_time(site, monkeypatch):
    monkeypatch.setattr(module, "MAX_SECONDS", 0.6)
    started = time.monotonic()
    with pytest.raises(PictureError, match="longer"):
        fetch(f"{site}/drip", allowed=here)
    assert time.monotonic() - started < 5


def test_nothing_of_the_own_network_is_asked(site):
    with pytest.raises(PictureError, match="private network"):
        fetch(f"{site}/picture.png")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "picture.png",
        "ftp://example.org/a.png",
        "file:///etc/passwd",
        "http://",
        "http://example.org:0/",
        "http://example.org:99999/",
        "http://exämple.org/a.png",
        "http://example.org/a b.png",
        "http://example.org/a\r\nHost: other",
        "http://user:secret@example.org/",
        "http://" + "a" * 5000,
        "//example.org/a.png",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_address_is_refused(address, monkeypatch):
    with looked_up(monkeypatch, ["127.0.0.1"]) as asked, pytest.raises(PictureError):
        fetch(address, allowed=here)
    assert asked == []


@pytest.mark.parametrize("answers", [["10.0.0.1"], ["93.184.216.34", "192.168.1.1"]])
def test_a_name_any_of_whose_addresses_is_private_is_refused(monkeypatch, answers):
    with looked_up(monkeypatch, answers), pytest.raises(PictureError, match="private"):
        fetch("http://rebound.example/a.png")


def test_a_name_is_looked_up_once_so_that_it_cannot_answer_differently(site, monkeypatch):
    port = site.rsplit(":", 1)[1]
    with looked_up(monkeypatch, ["127.0.0.1"], ["127.0.0.9"]) as asked:
        assert fetch(f"http://rebound.example:{port}/picture.png", allowed=here)[1] == DATA
    assert asked == ["rebound.example"]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("127.8.9.1", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("::127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001:0:7f00:1::", False),
        ("no address", False),
    ],
)
def test_only_addresses_of_the_open_internet_are_public(address, public):
    assert is_public(address) == public
