"""The map page under AppTest: colours, selections that outlive generations, tags, groups."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import stores
from streamlit.testing.v1 import AppTest

from pages.parts import session
from ris.explore.explorer import Explorer
from ris.store.collection import Collection
from ris.store.tags import Tags

ROUTER = Path(__file__).resolve().parents[2] / "pages" / "router.py"
EVERYTHING = ((-1e6, -1e6), (1e6, -1e6), (1e6, 1e6), (-1e6, 1e6))


@pytest.fixture
def app(home, monkeypatch):
    """The map of the small collection."""
    monkeypatch.setenv("RIS_HOME", str(home))
    return AppTest.from_file(ROUTER, default_timeout=60).run().switch_page("map.py").run()


@pytest.fixture
def collection(home):
    return Collection(home, "drawn")


def headings(app):
    return [heading.value for heading in app.subheader]


def captions(app):
    return " ".join(caption.value for caption in app.main.caption)


def press(app, label):
    next(button for button in app.button if button.label.startswith(label)).click().run()
    assert not app.exception


def select(app, **chosen):
    """As a hand on the map, or a page, would."""
    app.session_state["ris.selection"] = session.Selection("drawn", **chosen)
    app.run()
    assert not app.exception


def some(*keys):
    return np.array(keys, np.int64).tobytes()


def colour(app):
    return next(box for box in app.main.selectbox if box.label == "Colour by")


def chosen_on(app):
    """What the map was told to mark as selected."""
    maps = [one for one in app.main if getattr(one.proto, "component_name", "") == "ris_map"]
    return json.loads(maps[0].proto.json)["chosen"]


class TestColour:
    def test_the_labels_come_first_and_the_choice_survives_pages(self, app):
        assert colour(app).value == "label"
        assert colour(app).options == ["Label", "Folder", "Date", "Picture size", "File size"]
        colour(app).set_value("folder").run()
        app.switch_page("collection.py").run().switch_page("map.py").run()
        assert not app.exception
        assert colour(app).value == "folder"

    def test_that_of_another_collection_is_left(self, app, home):
        Tags(Collection(home, "drawn")).add("fine", np.array([1]))
        app.run()
        colour(app).set_value("tag").run()
        assert not app.exception
        shutil.copytree(home / "drawn", home / "other")
        (home / "other" / "tags.json").unlink()
        app.run()
        app.sidebar.selectbox[0].set_value("other").run()
        assert not app.exception
        assert colour(app).value == "label"

    def test_the_last_tag_may_go_while_it_colours(self, app, collection):
        Tags(collection).add("fine", np.array([1]))
        app.run()
        colour(app).set_value("tag").run()
        Tags(collection).remove("fine", np.array([1]))
        app.run()
        assert not app.exception
        assert colour(app).value == "label"


class TestSelection:
    def test_what_was_drawn_around_is_kept_by_key(self, app):
        select(app, polygon=EVERYTHING)
        kept = app.session_state["ris.selection"]
        assert np.frombuffer(kept.keys, np.int64).tolist() == list(range(48))
        assert kept.seal
        assert "48 pictures selected" in headings(app)
        assert chosen_on(app) == []  # they lie inside the outline

    def test_it_survives_a_new_generation_which_is_said(self, app, collection, tmp_path):
        select(app, polygon=EVERYTHING)
        draft = stores.make_draft(collection, tmp_path / "work", count=30)
        collection.publish(draft, parent="00000001")
        app.run()
        assert not app.exception
        assert "30 pictures selected" in headings(app)
        assert "Selected on an earlier map" in captions(app)
        assert "18 more pictures of it left the collection since" in captions(app)
        assert [point["key"] for point in chosen_on(app)] == list(range(30))  # marked one by one

    def test_so_does_what_was_clicked(self, app, collection, tmp_path):
        select(app, key=3)
        draft = stores.make_draft(collection, tmp_path / "work", count=30)
        collection.publish(draft, parent="00000001")
        app.run()
        assert "Its neighbours" in headings(app)
        assert any("3.png" in text.value.replace("\\", "") for text in app.markdown)

    def test_a_clicked_picture_that_is_gone_is_told(self, app):
        select(app, key=10**9)
        assert "no longer in the collection" in app.toast[0].value
        assert "Its neighbours" not in headings(app)

    def test_nothing_inside_says_so(self, app):
        select(app, polygon=((1e6, 1e6), (2e6, 1e6), (1e6, 2e6)))
        assert "0 pictures selected" in headings(app)
        assert "No picture lies inside" in app.info[0].value

    def test_labels_tell_their_counts_and_narrow_the_gallery(self, app):
        select(app, keys=some(*range(14)), seal="x")
        labels = next(group for group in app.get("button_group") if "Labels" in group.label)
        assert list(labels.options) == ["bars (12)", "checks (2)"]
        labels.set_value(["checks"]).run()
        assert not app.exception
        assert "14 pictures selected" in headings(app)

    def test_one_can_search_with_all_of_it_and_come_back(self, app, home):
        select(app, keys=some(0, 1, 2), seal="x")
        press(app, "Search with these")
        assert "Most like these 3 pictures" in headings(app)
        expected = Explorer(Collection(home, "drawn")).like_all(np.array([0, 1, 2]), k=24)
        assert expected.hits
        press(app, "Back to them")
        assert "3 pictures selected" in headings(app)

    def test_it_can_be_taken_along(self, app):
        select(app, keys=some(0, 1, 2), seal="x")
        urls = [link.proto.url for link in app.get("link_button")]
        assert [url.rpartition(".")[2] for url in urls] == ["csv", "parquet", "zip"]


class TestTags:
    def tag(self, app, name):
        next(box for box in app.selectbox if box.label == "Tag").set_value(name).run()
        assert not app.exception

    def test_a_selection_is_tagged_and_that_can_be_taken_back(self, app, collection):
        Tags(collection).add("fine", np.array([2, 40]))
        select(app, keys=some(1, 2, 3), seal="x")
        self.tag(app, "fine")
        press(app, "Tag 2 pictures")
        assert Tags(collection).all()["fine"].tolist() == [1, 2, 3, 40]
        assert any("Tagged “fine”: 2 pictures" in text.value for text in app.markdown)
        press(app, "Undo")
        assert Tags(collection).all()["fine"].tolist() == [2, 40]
        assert "Undo" not in [button.label for button in app.button]

    def test_a_tag_is_taken_and_given_back(self, app, collection):
        Tags(collection).add("fine", np.array([2, 40]))
        select(app, keys=some(1, 2, 3), seal="x")
        self.tag(app, "fine")
        press(app, "Take from 1 picture")
        assert Tags(collection).all()["fine"].tolist() == [40]
        press(app, "Undo")
        assert Tags(collection).all()["fine"].tolist() == [2, 40]

    def test_what_has_a_tag_is_selected_by_it(self, app, collection):
        Tags(collection).add("fine", np.array([2, 40]))
        app.run()
        press(app, "fine (2)")
        assert "2 pictures selected" in headings(app)
        assert "Chosen by the tag “fine”" in captions(app)
        assert [point["key"] for point in chosen_on(app)] == [2, 40]  # the map shows the same

    def test_damaged_tags_are_told_and_cost_nothing_else(self, app, home):
        (home / "drawn" / "tags.json").write_text("[")
        app.run()
        assert not app.exception
        assert any("tags.json" in error.value.replace("\\", "") for error in app.error)
        select(app, keys=some(1, 2, 3), seal="x")
        assert "3 pictures selected" in headings(app)


def test_the_groups_of_the_map_are_shown_and_can_be_selected(home, tmp_path, pictures, monkeypatch):
    monkeypatch.setenv("RIS_HOME", str(tmp_path / "own"))
    cluster = np.arange(48) // 12
    stores.publish_folder(tmp_path / "own", "own", pictures, tmp_path / "work", cluster=cluster)
    app = AppTest.from_file(ROUTER, default_timeout=60).run().switch_page("map.py").run()
    assert not app.exception
    assert "Groups" in headings(app)
    assert "Cluster" in colour(app).options
    press(app, "checks")
    assert "12 pictures selected" in headings(app)
    assert "Group “checks” of the map" in captions(app)
    assert [point["key"] for point in chosen_on(app)] == list(range(12, 24))
