"""The server as it is started for others: which names it answers under, and what it takes in."""

import http.client
from urllib.parse import urlsplit

import pytest

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(start_server):
    """`python -m ris serve` for a name of its own."""
    command = ["serve", "--host", "127.0.0.1", "--name", "pictures.example", "--port"]
    return start_server("-m", "ris", *command)


def answer(server, host: str, path: str = "/", method: str = "GET", **headers: str):
    """The status and the headers of an answer to a request under some name."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=20)
    sent = {"Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection.request(method, path, headers=sent)
    response = connection.getresponse()
    connection.close()
    return response.status, response.headers


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("pictures.example", True),
        ("pictures.example:8501", True),
        ("localhost", True),
        ("127.0.0.1:80", True),
        ("evil.example", False),
        ("pictures.example.evil.example", False),
        ("192.168.1.7", False),
    ],
)
def test_it_answers_under_its_names_alone_and_so_does_its_websocket(server, host, known):
    for path in ("/", "/_stcore/health", "/ris/assets/0/none.js"):
        assert (answer(server, host, path)[0] != 421) is known, path
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13"}
    key = {"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": f"http://{host}"}
    assert answer(server, host, "/_stcore/stream", **upgrade, **key)[0] == (101 if known else 403)


def test_a_page_of_another_server_gets_no_websocket(server):
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13"}
    key = {"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": "http://evil.example"}
    assert answer(server, "localhost", "/_stcore/stream", **upgrade, **key)[0] == 403


@pytest.mark.parametrize("path", ["/", "/map", "/static/index.html", "/_stcore/health", "/ris/x"])
def test_every_answer_tells_the_browser_what_it_may_do(server, path):
    headers = answer(server, "localhost", path)[1]
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_more_than_is_taken_is_refused_before_it_is_sent(open_tab, server):
    page = open_tab()
    expect(page.locator(".card").first).to_be_visible()
    with page.expect_request(lambda request: "/upload_file/" in request.url) as seen:
        field = page.locator("input[type=file]").first
        field.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"a"})
    # The same once more, as a browser does that knows no limits.
    headers = {name: seen.value.all_headers()[name] for name in ("cookie", "x-xsrftoken")}
    path = urlsplit(seen.value.url).path
    told = {**headers, "content_length": str(1024 * 2**20 + 1)}
    assert answer(server, "localhost", path, "PUT", **told)[0] == 413
    assert answer(server, "localhost", path, "PUT", content_length="1")[0] == 403
