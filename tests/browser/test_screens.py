"""Every page, dialog and state, seen once in both themes: it asks nobody outside, complains of
nothing, and axe-core finds nothing serious.

The browser reaches no host but localhost, as all browsers of these tests do: what needs a network
would be missing.
"""

import pytest
import screens

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = pytest.mark.browser

GRAVE = ("serious", "critical")


@pytest.fixture(scope="module")
def home(server):
    """The server's home, with the collections in states of their own."""
    screens.prepare(server.home, "drawn")
    return server.home


def grave(page) -> list[str]:
    """What axe-core finds that is serious: the rule, and what breaks it."""
    found = axe.Axe().run(page).response
    return [
        f"{rule['id']}: {node['html'][:300]} {node['failureSummary']}"
        for rule in found["violations"]
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
        if not is_streamlits(page, rule["id"], node["target"])
    ]


def is_streamlits(page, rule: str, target: list) -> bool:
    """Whether it is the one finding that no app can mend: Streamlit 1.67 puts the pages of a
    section of its menu into a <div> between the list and its items."""
    where = "[data-testid=stSidebarNavItems]"
    inside = f"(at) => Boolean(document.querySelector(at)?.closest('{where}'))"
    plain = isinstance(target[0], str)  # not in a shadow root
    return rule in ("list", "listitem") and plain and page.evaluate(inside, target[0])


def look(open_tab, server, screen) -> None:
    page, found = open_tab(None), {}
    screens.show(page, server.url, screen, "drawn")
    grounds = set()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        screens.rest(page)
        ground = "() => getComputedStyle(document.querySelector('.stApp')).backgroundColor"
        grounds.add(page.evaluate(ground))
        found[theme] = grave(page)
    assert found == {"light": [], "dark": []}
    assert len(grounds) == 2  # it went dark


@pytest.mark.parametrize("screen", screens.SCREENS, ids=lambda screen: screen.name)
def test_every_screen_is_accessible_and_asks_nobody(open_tab, server, home, screen):
    look(open_tab, server, screen)


def test_the_welcome_is_accessible_and_asks_nobody(open_tab, server, home):
    screens.forget_all(home)
    look(open_tab, server, screens.WELCOME)
