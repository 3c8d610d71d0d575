"""A picture from an address on the web, as bytes; nothing inside the own network is ever asked.

The only place where ris reaches out, and only where a server's owner allowed it. Each host is
looked up once, every address that it has is judged, and the connection goes to one of those that
were judged: a name that answers differently the second time gains nothing. Redirects are judged
anew. What comes back is bytes of a stranger, to be decoded in a worker like any other upload.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import PurePosixPath
from threading import Timer
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from ris.errors import PictureError

MAX_BYTES = 50 * 2**20
MAX_SECONDS = 15.0  # from the first connection to the last byte, over all redirects
MAX_REDIRECTS = 5
MAX_ADDRESS = 4000
_PIECE = 64 * 1024
_MOVED = (301, 302, 303, 307, 308)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HINT = "Save the picture and drop it here instead."
_EMBEDDED = (  # IPv6 networks that carry an IPv4 address, which would be reached through them
    ipaddress.ip_network("64:ff9b::/96"),
    ipaddress.ip_network("64:ff9b:1::/48"),
    ipaddress.ip_network("2002::/16"),
    ipaddress.ip_network("2001::/32"),
    ipaddress.ip_network("::/96"),
)

Judge = Callable[[str], bool]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet: not private, loopback, link-local,
    multicast, reserved, nor a way round to one of those."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if any(found in network for network in _EMBEDDED):
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def fetch(address: str, *, allowed: Judge = is_public) -> tuple[str, bytes]:
    """The name and the bytes of the file at an address.

    Args:
        address: It begins with http:// or https://.
        allowed: Judges an IP address before it is connected to.

    Raises:
        PictureError: The address is none, leads into a private network, does not answer, or what
            it gives is too large or takes too long.
    """
    deadline = time.monotonic() + MAX_SECONDS
    for _ in range(MAX_REDIRECTS + 1):
        parts = _split(address)
        try:
            status, moved, data = _ask(parts, deadline, allowed)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if time.monotonic() >= deadline:
                raise _too_slow() from error
            raise PictureError(f"{parts.hostname} can't be reached: {error}.", _HINT) from error
        if status not in _MOVED or not moved:
            return _name(parts), data
        address = urljoin(address, moved)
    raise PictureError(f"The address leads on more than {MAX_REDIRECTS} times.", _HINT)


def _split(address: str) -> SplitResult:
    """The parts of an address that may be asked."""
    refused = PictureError(
        f"Expected an address like https://example.org/picture.jpg, got {address!r:.80}.",
        "Copy the address of the picture itself.",
    )
    if len(address) > MAX_ADDRESS or not address.isascii() or not address.isprintable():
        raise refused
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise refused from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or " " in address or port == 0:
        raise refused
    if parts.username is not None or parts.password is not None:
        raise PictureError("Addresses with a name and password in them are not asked.", _HINT)
    return parts


def _ask(parts: SplitResult, deadline: float, allowed: Judge) -> tuple[int, str, bytes]:
    """Status, where it leads on, and the bytes of one request."""
    host = parts.hostname or ""
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    live = [_connect(host, port, deadline, allowed)]
    # A timeout holds for each read; the timer ends a server that sends a byte now and then.
    timer = Timer(max(0.01, deadline - time.monotonic()), _cut, [live])
    timer.daemon = True
    timer.start()
    try:
        if parts.scheme == "https":
            context = ssl.create_default_context()
            # The handshake comes after the timer knows the new socket.
            live[0] = wrapped = context.wrap_socket(
                live[0], server_hostname=host, do_handshake_on_connect=False
            )
            wrapped.do_handshake()
        connection = http.client.HTTPConnection(host, port)
        connection.sock = live[0]
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {
            "Accept": "image/*",
            "Accept-Encoding": "identity",
            "User-Agent": "ris",
            "Connection": "close",
        }
        connection.request("GET", target, headers=headers)
        with connection.getresponse() as answer:
            moved = answer.headers.get("Location", "") if answer.status in _MOVED else ""
            return answer.status, moved, b"" if moved else _read(answer, deadline)
    finally:
        timer.cancel()
        live[0].close()


def _read(answer: http.client.HTTPResponse, deadline: float) -> bytes:
    """What an answer holds, within the limits."""
    if answer.status != 200:
        raise PictureError(f"The address answers with {answer.status} {answer.reason}.", _HINT)
    too_large = PictureError(f"The file there is larger than {MAX_BYTES // 2**20} MB.", _HINT)
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise PictureError("The address answers in a packed form that was not asked for.", _HINT)
    if answer.length is not None and answer.length > MAX_BYTES:
        raise too_large
    data = bytearray()
    while piece := answer.read1(_PIECE):
        data += piece
        if len(data) > MAX_BYTES:
            raise too_large
        if time.monotonic() >= deadline:
            raise _too_slow()
    if answer.length:
        raise PictureError("The connection broke before all of the picture had come.", _HINT)
    return bytes(data)


def _connect(host: str, port: int, deadline: float, allowed: Judge) -> socket.socket:
    """A connection to a host, all of whose addresses were judged."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    places = [place for *_, place in found]
    if not places or not all(allowed(str(place[0])) for place in places):
        raise PictureError(
            f"{host} is in a private network; only public addresses are asked.", _HINT
        )
    problem: OSError | None = None
    for family, kind, protocol, _, place in found:
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            connection.connect(place)
        except OSError as error:
            connection.close()
            problem = error
        else:
            return connection
    raise problem or OSError("there is nothing to connect to")


def _cut(live: list[socket.socket]) -> None:
    with suppress(OSError):
        socket.socket.shutdown(live[0], socket.SHUT_RDWR)  # that of SSL would disturb the reader


def _too_slow() -> PictureError:
    return PictureError(f"The address took longer than {MAX_SECONDS:.0f} s.", _HINT)


def _name(parts: SplitResult) -> str:
    """The last part of a path, or the host."""
    return PurePosixPath(unquote(parts.path)).name or parts.hostname or "picture"
