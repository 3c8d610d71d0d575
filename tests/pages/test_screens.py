"""Every page under AppTest, on a small collection made by the real core."""

import io
import json
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import stores
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.parts import session
from ris import jobs
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


def press(app, label):
    """Press the button of that name on the page or in its dialog."""
    next(button for button in app.button if button.label == label).click().run()


def words_on(app):
    """All words on the page."""
    return " ".join(str(element.value) for element in [*app.title, *app.markdown, *app.caption])


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_without_an_error(app, page):
    app.run().switch_page(page).run()
    assert not app.exception
    assert [title.value for title in app.title] == [page.removesuffix(".py").capitalize()]
    assert app.sidebar.selectbox[0].value == "drawn"
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
    assert "24 hits" in words_on(app)
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
    app.session_state["ris.selection"] = session.Selection("drawn", key=3)
    app.run()
    assert "Its neighbours" in [heading.value for heading in app.subheader]
    everything = ((-1e6, -1e6), (1e6, -1e6), (1e6, 1e6), (-1e6, 1e6))
    app.session_state["ris.selection"] = session.Selection("drawn", polygon=everything)
    app.run()
    items = Collection(home, "drawn").generations()[-1].items
    assert f"{items:,} pictures selected" in [heading.value for heading in app.subheader]
    next(button for button in app.main.button if button.label == "Clear").click().run()
    assert not app.exception
    assert "Click" in words_on(app)


def test_a_selection_that_is_gone_is_forgotten(app):
    app.session_state["ris.selection"] = session.Selection("drawn", key=10**9)
    app.run().switch_page("map.py").run()
    assert not app.exception
    assert "Its neighbours" not in [heading.value for heading in app.subheader]


def test_the_collection_page_tells_what_was_skipped_and_why(app):
    app.run().switch_page("collection.py").run()
    tables = [table.value for table in app.dataframe]
    skipped = next(table for table in tables if "Reason" in table)
    assert skipped["File"].str.endswith("notes.txt").any()
    labels = next(table for table in tables if "Label" in table)
    assert set(labels["Label"]) == {"bars", "checks", "discs", "rings"}


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
    assert len(table) == len(Collection(home, "drawn").generations())
    assert list(table["Serving"]).count("serving") == 1


def test_the_url_names_the_collection(app):
    app.query_params["collection"] = "drawn"
    app.run()
    assert app.sidebar.selectbox[0].value == "drawn"
    app.query_params["collection"] = "no such"
    app.run()
    assert not app.exception


def test_a_job_that_was_killed_says_so(app, killed_job):
    app.run()
    assert not app.exception
    assert "process is gone" in " ".join(error.value for error in app.sidebar.error)
    next(button for button in app.sidebar.button if button.label == "Dismiss").click().run()
    assert not app.sidebar.error


def test_a_change_of_page_keeps_a_collection_that_is_not_the_first(app, home):
    shutil.copytree(home / "drawn", home / "a first one")
    app.query_params["collection"] = "drawn"
    app.run().switch_page("map.py").run()
    app.session_state["ris.selection"] = session.Selection("drawn", key=3)
    app.run()
    next(button for button in app.main.button if button.label == "Search with it").click().run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Search"]
    assert app.sidebar.selectbox[0].value == "drawn"
    assert app.query_params["collection"] in ("drawn", ["drawn"])
    assert "From this collection" in words_on(app)


def test_an_earlier_generation_is_offered_and_asked_about(app, home, tmp_path):
    collection = Collection(home, "drawn")
    collection.publish(stores.make_draft(collection, tmp_path / "work"), parent="00000001")
    app.run().switch_page("model.py").run()
    assert len(app.dataframe[0].value) == 2
    app.main.selectbox[0].set_value("00000001").run()
    press(app, "Serve this generation")
    assert collection.current() == "00000002"
    assert not app.exception
    assert any("**1** of" in text.value for text in app.markdown)
    assert "Serve it" in [button.label for button in app.button]


def test_deleting_says_first_what_would_be_lost(app, home):
    app.run().switch_page("collection.py").run()
    press(app, "Delete…")
    assert (home / "drawn").exists()
    assert not app.exception
    assert "1 generation over 48 pictures" in words_on(app)
    assert "Delete for good" in [button.label for button in app.button]


def test_a_collection_whose_job_has_only_just_begun_shows_its_progress(empty_app, tmp_path):
    folder = tmp_path / "new" / "jobs" / "20260101-000000-aaaaaa"
    folder.mkdir(parents=True)
    facts = {
        "arguments": ["create", "small"],
        "created": "2026-01-01T00:00:00+00:00",
        "time": time.time(),
    }
    (folder / "job.json").write_text(json.dumps(facts))
    empty_app.run()
    assert not empty_app.exception
    assert [title.value for title in empty_app.title] == ["Making “new”"]
    assert "Read the pictures" in words_on(empty_app)


def test_a_creation_that_failed_says_why_and_can_be_started_again(empty_app, tmp_path, monkeypatch):
    Collection.create(tmp_path, "new", ["/pictures"], "folder")
    folder = tmp_path / "new" / "jobs" / "20260101-000000-aaaaaa"
    folder.mkdir(parents=True)
    facts = {"arguments": ["create", "small"], "created": "2026-01-01T00:00:00+00:00", "time": 0}
    (folder / "job.json").write_text(json.dumps(facts))
    failed = {"time": 9, "event": "failed", "error": "The disk is full.", "hint": "Free some room."}
    (folder / "progress.jsonl").write_text(json.dumps(failed) + "\n")
    started = []
    monkeypatch.setattr(jobs, "start", lambda home, name, arguments: started.append(arguments))
    empty_app.run()
    assert "The disk is full" in empty_app.error[0].value
    assert "Free some room" in empty_app.error[0].value
    press(empty_app, "Start again")
    assert started == [["create", "new", "/pictures", "--labels", "folder"]]


def test_retrain_starts_a_job_of_the_minutes_chosen(app, home, monkeypatch):
    started = []
    monkeypatch.setattr(jobs, "start", lambda home, name, arguments: started.append(arguments))
    app.run()
    group = next(g for g in app.sidebar.get("button_group") if g.label == "Minutes of training")
    group.set_value(10).run()
    next(button for button in app.sidebar.button if button.label == "Retrain").click().run()
    assert started == [["train", "drawn", "--minutes", "10"]]


def test_what_is_wrong_with_the_store_is_said_openly(app, home):
    next((home / "drawn").glob("generations/*/map.parquet")).write_bytes(b"damaged")
    app.run()
    assert not app.exception
    assert app.warning
