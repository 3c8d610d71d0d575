"""Every page under AppTest, on a small real collection."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.parts import session
from ris.store.collection import Collection

ROUTER = Path(__file__).resolve().parents[2] / "pages" / "router.py"
PAGES = ("search.py", "map.py", "collection.py", "model.py")


@pytest.fixture
def app(home, monkeypatch):
    """The app as a browser opens it, on the small collection."""
    monkeypatch.setenv("RIS_HOME", str(home))
    return AppTest.from_file(ROUTER, default_timeout=60)


@pytest.fixture
def empty_app(tmp_path, monkeypatch):
    """The app without any collection."""
    monkeypatch.setenv("RIS_HOME", str(tmp_path))
    return AppTest.from_file(ROUTER, default_timeout=60)


def png(seed: int = 0) -> bytes:
    """A picture that is in no collection."""
    pixels = np.random.default_rng(seed).integers(0, 255, (40, 60, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def components(app, name):
    """What our own components were sent, by their key."""
    return [element for element in app.main if getattr(element.proto, "component_name", "") == name]


def words_on(app):
    """All words on the page."""
    return " ".join(str(element.value) for element in [*app.title, *app.markdown, *app.caption])


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_without_an_error(app, page):
    app.run().switch_page(page).run()
    assert not app.exception
    assert [title.value for title in app.title] == [page.removesuffix(".py").capitalize()]
    assert app.sidebar.selectbox[0].value == "tiny"
    assert any("Retrain" in button.label for button in app.sidebar.button)


@pytest.mark.parametrize("page", PAGES)
def test_without_a_collection_every_page_helps_to_make_one(empty_app, page):
    empty_app.run().switch_page(page).run()
    assert not empty_app.exception
    assert "Find pictures that look alike" in words_on(empty_app)
    assert any(button.label == "Create collection" for button in empty_app.button)


def test_a_dropped_picture_is_searched_and_stays_over_a_change_of_page(app):
    app.run()
    app.get("file_uploader")[0].upload("mine.png", png(), "image/png").run()
    assert not app.exception
    assert "mine" in words_on(app)
    assert "12 hits" in words_on(app) or "24 hits" in words_on(app)
    app.switch_page("map.py").run().switch_page("search.py").run()
    assert "Your picture" in words_on(app)


def test_a_bad_picture_says_what_to_do_and_examples_remain(app):
    app.run()
    app.get("file_uploader")[0].upload("broken.png", b"\x89PNG\r\n\x1a\njunk", "image/png").run()
    assert not app.exception
    assert "broken" in app.error[0].value
    assert any("start from one of these" in heading.value for heading in app.subheader)


def test_the_number_of_hits_can_be_chosen(app):
    app.run()
    app.session_state["ris.query"] = session.Query("mine", png())
    app.run()
    app.get("button_group")[0].set_value(12).run()
    assert "12 hits" in words_on(app)


def test_an_item_of_another_collection_is_not_looked_for(app):
    app.session_state["ris.query"] = session.Query("x", key=1, collection="another")
    app.run()
    assert not app.exception
    assert "Clear" not in [button.label for button in app.main.button]


def test_a_selection_on_the_map_shows_neighbours_or_a_gallery(app, home):
    app.run().switch_page("map.py").run()
    app.session_state["ris.selection"] = session.Selection("tiny", key=3)
    app.run()
    assert "Its neighbours" in [heading.value for heading in app.subheader]
    everything = ((-1e6, -1e6), (1e6, -1e6), (1e6, 1e6), (-1e6, 1e6))
    app.session_state["ris.selection"] = session.Selection("tiny", polygon=everything)
    app.run()
    items = Collection(home, "tiny").generations()[-1].items
    assert f"{items:,} pictures selected" in [heading.value for heading in app.subheader]
    next(button for button in app.main.button if button.label == "Clear").click().run()
    assert not app.exception
    assert "Click" in words_on(app)


def test_a_selection_that_is_gone_is_forgotten(app):
    app.session_state["ris.selection"] = session.Selection("tiny", key=10**9)
    app.run().switch_page("map.py").run()
    assert not app.exception
    assert "Its neighbours" not in [heading.value for heading in app.subheader]


def test_the_collection_page_tells_what_was_skipped_and_why(app):
    app.run().switch_page("collection.py").run()
    tables = [table.value for table in app.dataframe]
    skipped = next(table for table in tables if "Reason" in table)
    assert skipped["File"].str.endswith("notes.txt").any()
    labels = next(table for table in tables if "Label" in table)
    assert set(labels["Label"]) == {"discs", "stripes", "tiles"}


def test_an_order_without_a_folder_is_refused_with_a_hint(app):
    app.run().switch_page("collection.py").run()
    group = next(g for g in app.get("button_group") if g.label == "Pictures from")
    group.set_value("folder").run()
    next(button for button in app.button if button.label == "Create collection").click().run()
    assert not app.exception
    assert "No folder is given" in app.error[0].value


def test_the_model_page_shows_every_generation_and_the_serving_one(app, home):
    app.run().switch_page("model.py").run()
    table = app.dataframe[0].value
    assert len(table) == len(Collection(home, "tiny").generations())
    assert list(table["Serving"]).count("serving") == 1


def test_the_url_names_the_collection(app):
    app.query_params["collection"] = "tiny"
    app.run()
    assert app.sidebar.selectbox[0].value == "tiny"
    app.query_params["collection"] = "no such"
    app.run()
    assert not app.exception


def test_a_job_that_was_killed_says_so(app, killed_job):
    app.run()
    assert not app.exception
    assert "process is gone" in " ".join(error.value for error in app.sidebar.error)
    next(button for button in app.sidebar.button if button.label == "Dismiss").click().run()
    assert not app.sidebar.error
