"""A server with a login: a real one, a real browser, and a tiny provider that says who somebody is.

Who has not logged in sees the login and gets nothing else, under no address.
"""

import json
import re
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import psutil
import pytest
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from ris.explore.explorer import open_explorer

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
pytestmark = pytest.mark.browser

SECRET = "0123456789abcdef" * 4
COOKIE = "_streamlit_user"


class Provider(ThreadingHTTPServer):
    """Lets in whoever is its `person`, without a question. An OpenID Connect provider in small."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("localhost", 0), Answers)
        self.url = f"http://localhost:{self.server_port}"
        self.person = {"sub": "1", "email": "ann@example.org", "email_verified": True}
        self.nonce = ""
        self.key = None

    def discovery(self) -> dict[str, object]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def token(self) -> dict[str, object]:
        from joserfc import jwt

        now = int(time.time())
        told = {"iss": self.url, "aud": "ris", "iat": now, "exp": now + 300, "nonce": self.nonce}
        header = {"alg": "RS256", "kid": self.key.kid}
        signed = jwt.encode(header, {**told, **self.person}, self.key)
        return {"access_token": "a", "token_type": "Bearer", "id_token": signed}


class Answers(BaseHTTPRequestHandler):
    """The four addresses of a provider."""

    server: Provider

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        if where.path == "/authorize":
            asked = {name: values[0] for name, values in parse_qs(where.query).items()}
            self.server.nonce = asked.get("nonce", "")
            back = urlencode({"code": "c", "state": asked["state"]})
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri']}?{back}")
            self.end_headers()
        elif where.path == "/keys":
            self.tell({"keys": [self.server.key.as_dict(private=False)]})
        else:
            self.tell(self.server.discovery())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.tell(self.server.token())

    def tell(self, facts: dict[str, object]) -> None:
        data = json.dumps(facts).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def provider():
    with Provider() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture(scope="module")
def server(start_server, provider, tmp_path_factory):
    """`python -m ris serve`, with a login in the secrets of the person who starts it."""
    owner = tmp_path_factory.mktemp("owner")
    (owner / ".streamlit").mkdir()
    (owner / ".streamlit" / "secrets.toml").write_text(
        f"""
[auth]
redirect_uri = "http://localhost:{{port}}/oauth2callback"
cookie_secret = "{SECRET}"
client_id = "ris"
client_secret = "quiet"
server_metadata_url = "{provider.url}/.well-known/openid-configuration"

[ris]
people = ["*@example.org"]
"""
    )
    return start_server("-m", "ris", "serve", "--port", HOME=str(owner))


def test_unless_told_otherwise_it_listens_to_this_computer_alone(server):
    port = urlsplit(server.url).port
    listening = {one.laddr for one in psutil.net_connections("inet") if one.status == "LISTEN"}
    assert {ip for ip, at in listening if at == port} <= {"127.0.0.1", "::1"}
    assert port in {at for _, at in listening}


def signed(server, **person) -> str:
    """The cookie that Streamlit's login gives, made by Streamlit's own function."""
    told = {"email": "ann@example.org", "is_logged_in": True, "origin": server.url, **person}
    return create_signed_value(SECRET, COOKIE, json.dumps(told)).decode()


def ask(url: str, cookie: str = "", method: str = "GET") -> tuple[int, bytes]:
    request = urllib.request.Request(url, method=method, headers={"Cookie": cookie})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def below(server) -> str:
    manifest = open_explorer(server.home, "drawn").manifest
    return f"{server.url}/ris/drawn/{manifest.generation}-{manifest.sha256[:16]}"


def test_no_address_gives_anything_to_who_has_not_logged_in(server):
    paths = ["thumbnails/0.webp", "pictures/0", "items/0.json", "tiles.json", "tiles/0.bin"]
    for path in [*paths, "medoids/0/0/0.bin", "tiles/0/0/label.bin"]:
        assert ask(f"{below(server)}/{path}")[0] == 401, path
    for path in ("ris/assets/0/hit_grid.js", "ris/selections/0.zip", "media/0.png", "component/x"):
        assert ask(f"{server.url}/{path}")[0] == 401, path
    for path in ("upload_file/a/b", "bidi-components/x", "metrics"):
        assert ask(f"{server.url}/_stcore/{path}", method="PUT")[0] == 401, path
    assert ask(f"{server.url}/_stcore/health")[0] == 200


def test_the_cookie_of_a_login_opens_them_and_no_other_one(server):
    picture = f"{below(server)}/thumbnails/0.webp"
    status, data = ask(picture, f"{COOKIE}={signed(server)}")
    assert (status, data[:4]) == (200, b"RIFF")
    assert ask(picture, f"{COOKIE}={signed(server)[:-2]}")[0] == 401
    assert ask(picture, f"{COOKIE}={signed(server, origin='http://evil.example')}")[0] == 401
    assert ask(picture, f"{COOKIE}={signed(server, email='eve@evil.example')}")[0] == 403


def enter(page, server, **person) -> None:
    """Come with the cookie of a login."""
    page.context.add_cookies([{"name": COOKIE, "value": signed(server, **person), "url": page.url}])
    page.reload()


def test_the_pages_ask_for_a_login_and_then_show_everything(open_tab, server):
    for path in ("/", "/map", "/collection", "/model"):
        page = open_tab(path)
        expect(page.get_by_role("heading", name="Log in to ris")).to_be_visible()
        expect(page.get_by_text("drawn")).to_have_count(0)
        expect(page.get_by_test_id("stSidebar")).to_have_count(0)
        if path != "/model":
            page.close()
    page.goto(f"{server.url}/?collection=drawn")
    expect(page.get_by_role("heading", name="Log in to ris")).to_be_visible()
    enter(page, server)
    expect(page.get_by_text("Logged in as ann@example.org")).to_be_visible()
    picture = page.locator(".card .picture img").first
    expect(picture).to_be_visible()
    assert picture.evaluate("async (image) => (await image.decode(), image.naturalWidth)") > 0


def test_who_is_not_among_the_people_is_told_so(open_tab, server):
    page = open_tab()
    expect(page.get_by_role("heading", name="Log in to ris")).to_be_visible()
    enter(page, server, email="eve@evil.example")
    expect(page.get_by_role("heading", name="You are not let in")).to_be_visible()
    expect(page.get_by_text("eve@evil.example")).to_be_visible()
    expect(page.get_by_text("drawn")).to_have_count(0)


def test_somebody_logs_in_with_the_provider_and_out_again(open_tab, server, provider):
    pytest.importorskip("authlib")
    from joserfc.jwk import RSAKey

    provider.key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
    page = open_tab("/map")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Logged in as ann@example.org")).to_be_visible()
    picture = f"{below(server)}/thumbnails/0.webp"
    assert page.evaluate("async (url) => (await fetch(url)).status", picture) == 200
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in to ris")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"^{server.url}/"))
    uncached = f"{below(server)}/thumbnails/1.webp"
    assert page.request.get(uncached).status == 401
