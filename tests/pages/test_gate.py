"""Who is let in: by the cookie that Streamlit's login gives, and nobody by another one."""

from __future__ import annotations

import json
from threading import Event

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from streamlit import config
from streamlit.runtime.secrets import secrets_singleton
from streamlit.testing.v1 import AppTest
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from pages.parts import gate, login
from pages.parts.downloads import download_routes
from pages.parts.routes import http_routes
from ris.errors import RisError
from tests.pages.asgi import ask
from tests.pages.test_screens import ROUTER

SECRET = "s" * gate.LEAST_SECRET
ORIGIN = "https://ris.example.org"
AUTH = f"""
[auth]
redirect_uri = "{ORIGIN}/oauth2callback"
cookie_secret = "{SECRET}"
client_id = "ris"
client_secret = "quiet"
server_metadata_url = "{ORIGIN}/.well-known/openid-configuration"
"""
PEOPLE = '[ris]\npeople = ["ann@example.org", "*@friends.example"]\n'
ANN = {"email": "ann@example.org", "is_logged_in": True, "origin": ORIGIN}


@pytest.fixture
def secrets(tmp_path, monkeypatch):
    """Writes the secrets that Streamlit reads."""
    before = config.get_option("secrets.files")
    file = tmp_path / "secrets.toml"
    monkeypatch.setattr(gate, "_seen", Event())

    def write(text: str) -> None:
        file.write_text(text)
        config.set_option("secrets.files", [str(file)])
        secrets_singleton._reset()

    yield write
    config.set_option("secrets.files", before)
    secrets_singleton._reset()


def cookies(person: dict[str, object], secret: str = SECRET) -> dict[str, str]:
    """What a browser brings after a login, made as Streamlit makes it."""
    signed = create_signed_value(secret, "_streamlit_user", json.dumps(person))
    return {"_streamlit_user": signed.decode()}


@pytest.fixture
def app():
    """Something at one of our paths, and the page around it, behind the gate."""
    answer = [Route(path, lambda _: PlainTextResponse("in")) for path in ("/ris/x", "/map")]
    return Starlette(routes=answer, middleware=[Middleware(gate.LoginGate)])


def test_without_a_login_everybody_is_let_in(secrets, app):
    assert ask(app, "/ris/x").status == 200
    secrets('greeting = "hello"\n')
    assert ask(app, "/ris/x").status == 200


def test_who_has_not_logged_in_gets_the_page_and_nothing_that_it_shows(secrets, app):
    secrets(AUTH)
    refused = ask(app, "/ris/x")
    assert (refused.status, refused.body) == (401, b"Log in first.")
    assert refused.headers["cache-control"] == "no-store"
    assert ask(app, "/map").status == 200


def test_who_has_logged_in_gets_it(secrets, app):
    secrets(AUTH)
    signed = cookies(ANN)["_streamlit_user"]
    assert ask(app, "/ris/x", cookie=f"other=1; _streamlit_user={signed}").status == 200


@pytest.mark.parametrize(
    "brought",
    [
        {},
        {"_streamlit_user": ""},
        {"_streamlit_user": json.dumps(ANN)},
        cookies(ANN, "t" * gate.LEAST_SECRET),
        cookies(ANN, ""),
        cookies({**ANN, "is_logged_in": False}),
        cookies({**ANN, "is_logged_in": "yes"}),
        cookies({**ANN, "origin": "https://evil.example"}),
        {"_streamlit_user_1": cookies(ANN)["_streamlit_user"]},
        {"_streamlit_user": cookies(ANN)["_streamlit_user"][:-1]},
    ],
)
def test_no_other_cookie_is_believed(secrets, brought):
    secrets(AUTH)
    assert gate.refusal(brought) == 401


def test_a_long_login_comes_in_several_cookies(secrets):
    secrets(AUTH)
    whole = json.dumps({**ANN, "picture": "x" * 100})
    pieces = {"_streamlit_user": "chunks-2", "_streamlit_user_1": whole[:50]}
    pieces["_streamlit_user_2"] = whole[50:]
    signed = {name: create_signed_value(SECRET, name, v).decode() for name, v in pieces.items()}
    assert gate.refusal(signed) == 0
    del signed["_streamlit_user_2"]
    assert gate.refusal(signed) == 401


@pytest.mark.parametrize(
    ("person", "status"),
    [
        ({"email": "ann@example.org"}, 0),
        ({"email": "Ann@Example.org", "email_verified": True}, 0),
        ({"email": "ben@friends.example"}, 0),
        ({"email": "ann@example.org", "email_verified": False}, 403),
        ({"email": "eve@example.org"}, 403),
        ({"email": "eve@notfriends.example"}, 403),
        ({"email": ""}, 403),
        ({"name": "ann@example.org"}, 403),
    ],
)
def test_of_those_who_log_in_only_the_named_ones_are_let_in(secrets, person, status):
    secrets(AUTH + PEOPLE)
    brought = cookies({"is_logged_in": True, "origin": ORIGIN, **person})
    assert gate.refusal(brought) == status


def test_nobody_is_let_in_where_nobody_is_named(secrets):
    secrets(AUTH + "[ris]\npeople = []\n")
    assert gate.refusal(cookies(ANN)) == 403


def test_all_our_routes_are_closed(secrets):
    for route in [*http_routes(), *download_routes()]:
        assert gate.is_closed(route.path), route.path


@pytest.mark.parametrize(
    ("path", "closed"),
    [
        ("/_stcore/upload_file/session/file", True),
        ("/_stcore/bidi-components/x", True),
        ("/_stcore/metrics", True),
        ("/_stcore/agent/sessions", True),
        ("/media/abc.png", True),
        ("/component/x/index.html", True),
        ("/_stcore/health", False),
        ("/_stcore/healthy", True),
        ("/_stcore/host-config", False),
        ("/auth/login", False),
        ("/oauth2callback", False),
        ("/static/index.js", False),
        ("/", False),
    ],
)
def test_what_shows_nothing_of_anybody_is_open(path, closed):
    assert gate.is_closed(path) is closed


def test_below_a_base_path_the_same_is_closed():
    config.set_option("server.baseUrlPath", "/pictures/")
    try:
        assert gate.is_closed("/pictures/ris/assets/x")
        assert gate.is_closed("/pictures/media/x")
        assert not gate.is_closed("/pictures/_stcore/stream")
    finally:
        config.set_option("server.baseUrlPath", "")


def test_secrets_that_cannot_be_read_are_no_open_door(secrets, tmp_path):
    secrets("[auth\n")
    with pytest.raises(RisError, match="can't be read"):
        gate.check_set_up()


def test_secrets_that_are_damaged_later_keep_the_door_shut(secrets, app):
    secrets(AUTH)
    assert ask(app, "/ris/x").status == 401
    secrets("[auth\n")
    assert ask(app, "/ris/x").status == 401
    assert gate.refusal(cookies(ANN)) == 401


@pytest.mark.parametrize("secret", ["", "short"])
def test_a_secret_that_can_be_guessed_is_refused(secrets, secret):
    secrets(AUTH.replace(SECRET, secret))
    with pytest.raises(RisError, match="cookie_secret"):
        gate.check_set_up()


def test_sound_secrets_are_taken(secrets):
    gate.check_set_up()
    secrets(AUTH + PEOPLE)
    gate.check_set_up()


def test_each_way_to_log_in_has_a_button():
    assert login.providers({"client_id": "a", "redirect_uri": "b"}) == ["default"]
    assert login.providers({"google": {"client_id": "a"}, "cookie_secret": "b"}) == ["google"]


@pytest.fixture
def screen(home, monkeypatch, secrets):
    monkeypatch.setenv("RIS_HOME", str(home))
    secrets(AUTH + PEOPLE)
    return AppTest.from_file(ROUTER, default_timeout=60)


def shown(screen):
    return [e.value for e in [*screen.title, *screen.markdown, *screen.error]]


def test_the_pages_ask_for_a_login_and_show_nothing(screen, monkeypatch):
    monkeypatch.setattr("streamlit.auth_util.is_authlib_installed", lambda: True)
    screen.run()
    assert not screen.exception
    assert shown(screen)[0] == "Log in to ris"
    assert [button.label for button in screen.button] == ["Log in"]
    assert not screen.sidebar.selectbox
    screen.switch_page("map.py").run()
    assert shown(screen)[0] == "Log in to ris"


def test_without_the_package_that_logs_in_it_is_said_what_to_install(screen, monkeypatch):
    monkeypatch.setattr("streamlit.auth_util.is_authlib_installed", lambda: False)
    screen.run()
    assert not screen.exception
    assert "install Authlib" in " ".join(shown(screen))
