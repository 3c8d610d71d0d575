"""Every page under AppTest, on a small collection made by the real core."""

import hashlib
import io
import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import drawn
import numpy as np
import pytest
import reports
import stores
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.parts import session, verdict
from pages.parts.view import item_name
from ris import jobs
from ris.errors import RisError
from ris.explore.explorer import Explorer
from ris.store.collection import Collection

ROUTER = Path(__file__).resolve().parents[2] / "pages" / "router.py"
PAGES = ("search.py", "map.py", "odd.py", "collection.py", "model.py")


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


def drop(app, name, data):
    """Give the search page a picture."""
    app.get("file_uploader")[0].upload(name, data, "image/png").run()


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
    named = {"odd.py": "Odd ones out"}.get(page, page.removesuffix(".py").capitalize())
    assert [title.value for title in app.title] == [named]
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
    drop(app, "mine.png", png())
    assert not app.exception
    assert "mine" in words_on(app)
    assert "24 hits" in words_on(app)
    app.switch_page("map.py").run().switch_page("search.py").run()
    assert "Your picture" in words_on(app)


def test_a_bad_picture_says_what_to_do_and_examples_remain(app):
    app.run()
    drop(app, "broken.png", b"\x89PNG\r\n\x1a\njunk")
    assert not app.exception
    assert "broken" in app.error[0].value
    assert any("start from one of these" in heading.value for heading in app.subheader)


def test_the_number_of_hits_can_be_chosen(app):
    app.run()
    drop(app, "mine.png", png())
    group = next(g for g in app.get("button_group") if g.label == "Number of hits")
    group.set_value(12).run()
    assert "12 hits" in words_on(app)
    assert app.query_params["k"] == "12"


def cards_on(app):
    """The cards of the first grid, as they were sent."""
    return json.loads(components(app, "ris_hits")[0].proto.json)["cards"]


def test_copies_are_found_when_they_are_wanted(app):
    app.run()
    assert "Find copies" not in [toggle.label for toggle in app.toggle]
    turned = drawn.encoded(drawn.draw("discs", 2).rotate(90))
    drop(app, "turned.png", turned)
    assert not any("turned" in card["words"] for card in cards_on(app))
    toggle = next(toggle for toggle in app.toggle if toggle.label == "Find copies")
    assert "turned and mirrored copies" in toggle.help
    toggle.set_value(True).run()
    assert not app.exception
    first = cards_on(app)[0]
    assert (first["title"], first["words"]) == ("02.png", "identical, turned 90°")


def test_copies_of_an_item_can_be_wanted_by_the_url(app, monkeypatch):
    asked = []
    similar = Explorer.similar
    monkeypatch.setattr(
        Explorer, "similar", lambda *a, **given: asked.append(given) or similar(*a, **given)
    )
    app.query_params["copies"] = "true"
    app.query_params["item"] = "3"
    app.run()
    assert not app.exception
    assert (asked[0]["k"], asked[0]["copies"], asked[0]["where"]) == (24, True, None)
    assert "24 hits" in words_on(app)


def test_an_item_of_another_collection_is_not_looked_for(app):
    app.query_params["item"] = "1-00000000"
    app.run()
    assert not app.exception
    assert "not in this collection any more" in app.error[0].value
    assert "Clear" not in [button.label for button in app.main.button]


def again(_app, **said):
    """The same server in another browser, at an address that says this."""
    other = AppTest.from_file(ROUTER, default_timeout=60)
    for name, value in said.items():
        other.query_params[name] = value
    return other.run()


def test_a_link_to_a_dropped_picture_opens_in_another_browser(app):
    app.run()
    drop(app, "mine.png", png())
    said = {name: app.query_params[name] for name in app.query_params}
    assert said["query"] == hashlib.sha256(png()).hexdigest()
    other = again(app, **said)
    assert not other.exception
    assert "mine" in words_on(other)
    assert cards_on(other) == cards_on(app)


def test_a_link_to_a_picture_that_is_not_kept_says_so(app):
    other = again(app, query="a" * 64)
    assert not other.exception
    assert "not kept any more" in other.error[0].value
    assert any("start from one of these" in heading.value for heading in other.subheader)


def test_several_pictures_are_searched_as_one_or_each_alone(app):
    app.run()
    uploads = [(f"{n}.png", drawn.encoded(drawn.draw("bars", 90 + n)), "image/png") for n in (1, 2)]
    app.get("file_uploader")[0].set_value(uploads).run()
    assert not app.exception
    assert "2 pictures" in words_on(app)
    assert "their mean" in words_on(app)
    assert len(components(app, "ris_hits")) == 1
    group = next(g for g in app.get("button_group") if g.label == "Search with them")
    group.set_value("Each alone").run()
    assert not app.exception
    assert app.query_params["alone"] == "true"
    assert len(components(app, "ris_hits")) == 2
    assert not [box for box in app.main.selectbox if box.label == "What the hits say of"]
    next(g for g in app.get("button_group") if g.label == "Number of hits").set_value(12).run()
    sent = [json.loads(grid.proto.json) for grid in components(app, "ris_hits")]
    assert [len(each["cards"]) for each in sent] == [12, 12]
    next(b for b in app.main.button if b.label == "Only this one").click().run()
    assert not app.exception
    assert "12 hits" in words_on(app)
    assert app.query_params["query"] == hashlib.sha256(uploads[0][1]).hexdigest()


def test_items_are_searched_together_by_a_link(app, home):
    explorer = Explorer(Collection(home, "drawn"))
    names = [item_name(key, explorer.item(key).id) for key in (1, 2, 30)]
    other = again(app, item=names)
    assert not other.exception
    assert "3 pictures" in words_on(other)
    expected = [hit.item.key for hit in explorer.together([1, 2, 30], k=24).hits]
    assert [card["key"] for card in cards_on(other)] == expected


def test_filters_of_a_link_are_those_of_the_controls(app):
    other = again(app, item="3", label=["bars", "rings"], column="width", least="32", k="48")
    assert not other.exception
    assert {label for card in cards_on(other) for label in card["labels"]} == {"bars", "rings"}
    assert "24 pictures under the filter" in words_on(other)
    labels = next(m for m in other.multiselect if m.label == "Labels")
    assert labels.value == ["bars", "rings"]
    labels.set_value(["discs"]).run()
    assert {label for card in cards_on(other) for label in card["labels"]} == {"discs"}
    assert other.query_params["label"] == "discs"
    press(other, "Clear 2 filters")
    assert "47 hits" in words_on(other)


def test_a_filter_that_cannot_be_understood_is_told_kindly(app):
    other = again(app, item="3", where="widht > 3")
    assert not other.exception
    assert "no column" in other.error[0].value
    assert "Columns" in other.error[0].value
    press(other, "Clear the filter")
    assert not other.exception
    assert "24 hits" in words_on(other)


def test_a_filter_under_which_nothing_is_left_says_so(app):
    other = again(app, item="3", where="width > 1000")
    assert not other.exception
    grid = json.loads(components(other, "ris_hits")[0].proto.json)
    assert grid["empty"] == "No picture is left under this filter."
    assert any(button.label == "Clear the filter" for button in other.button)


def test_hits_are_sorted_and_keep_their_ranks(app):
    other = again(app, item="3", sort="label")
    cards = cards_on(other)
    labels = [card["labels"] for card in cards]
    assert labels == sorted(labels)
    assert sorted(card["rank"] for card in cards) == list(range(1, 25))


def test_addresses_are_asked_for_only_where_the_owner_allows_them(app, monkeypatch):
    monkeypatch.delenv("RIS_ADDRESSES", raising=False)
    app.run()
    assert "Address" not in [button.label for button in app.main.button]
    monkeypatch.setenv("RIS_ADDRESSES", "public")
    app.run()
    press(app, "Address")
    field = next(f for f in app.text_input if f.label == "Address of a picture")
    field.set_value("http://127.0.0.1:1/a.png").run()
    assert not app.exception
    assert "private network" in app.error[0].value


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


BASE = {"objective": "base encoder, untouched", "seconds": 0.0, "history": []}


@pytest.fixture
def retrained(home, tmp_path):
    """The collection "drawn" with a second and a third generation, which serves; both have report
    cards, the first has none."""
    collection = Collection(home, "drawn")
    for number, (facts, card) in enumerate(
        [(BASE, reports.card(before=None)), ({"seconds": 125.0}, reports.card())], start=1
    ):
        told = {**facts, "report": card.to_json()}
        draft = stores.make_draft(collection, tmp_path / f"{number}", seed=number, facts=told)
        collection.publish(draft, parent=f"{number:08}")
    return collection


def headings(app):
    return [heading.value for heading in app.subheader]


def test_a_generation_of_an_earlier_ris_has_no_report_card(app):
    app.run().switch_page("model.py").run()
    assert not app.exception
    assert headings(app)[:3] == ["Generations", "Report card", "Training"]
    assert "has no report card" in " ".join(info.value for info in app.info)
    assert "Roll back" not in [button.label for button in app.button]


def test_the_model_page_compares_generations_by_their_cards(app, retrained):
    app.run().switch_page("model.py").run()
    assert not app.exception
    table = app.dataframe[0].value
    assert list(table["Trained"])[:2] == ["2 min 5 s", "not trained: base encoder"]
    assert list(table["Copies found first"])[:2] == pytest.approx([94.0, 94.0])
    assert list(table["Same label (10 nearest)"])[:2] == pytest.approx([61.0, 61.0])
    assert not [name for name in table if "loss" in name]


def test_the_report_card_can_tell_the_first_ten_places(app, retrained):
    app.run().switch_page("model.py").run()
    assert "Finds 94 of 100 altered copies first" in words_on(app)
    assert "comes first</caption>" in app.main.get("html")[-1].proto.body
    group = next(g for g in app.main.get("button_group") if "original is in" in g.label)
    group.set_value("top10").run()
    assert not app.exception
    assert "among the first ten</caption>" in app.main.get("html")[-1].proto.body


def test_the_base_encoder_is_not_said_to_lack_its_losses(app, retrained):
    app.run().switch_page("model.py").run()
    app.main.selectbox[0].set_value("00000002").run()
    assert not app.exception
    assert "comes with ris" in " ".join(info.value for info in app.info)


def test_a_damaged_report_card_is_told_and_the_rest_of_the_page_stands(app, home, tmp_path):
    collection = Collection(home, "drawn")
    draft = stores.make_draft(
        collection, tmp_path / "work", seed=1, facts={"report": {"format": 9}}
    )
    collection.publish(draft, parent="00000001")
    app.run().switch_page("model.py").run()
    assert not app.exception
    assert "format version 9" in app.error[0].value
    assert "What the model remembers" in headings(app)


def test_a_retrained_model_is_kept_by_one_press(app, retrained):
    app.run().switch_page("model.py").run()
    assert "better than the one before" in words_on(app)
    press(app, "Keep it")
    assert not app.exception
    assert "Roll back" not in [button.label for button in app.button]
    assert retrained.current() == "00000003"


def test_rolling_back_asks_first(app, retrained):
    app.run().switch_page("model.py").run()
    press(app, "Roll back")
    assert retrained.current() == "00000003"
    assert any("**2** of" in text.value for text in app.markdown)
    assert "Serve it" in [button.label for button in app.button]


def test_who_chose_a_generation_is_not_asked_about_it(retrained, monkeypatch):
    kept = []
    monkeypatch.setattr(session, "keep", kept.append)
    earlier = retrained.manifest("00000002")
    verdict.serve(retrained, earlier)
    assert retrained.current() == "00000002"
    assert kept == [earlier.encoder]
    with pytest.raises(RisError):
        verdict.serve(retrained, replace(earlier, generation="00000009"))
    assert len(kept) == 1


def test_while_a_job_runs_nothing_is_rolled_back(app, retrained, monkeypatch):
    monkeypatch.setattr(session, "busy", lambda: True)
    app.run().switch_page("model.py").run()
    button = next(button for button in app.button if button.label == "Roll back")
    assert button.disabled
    assert "Wait for the running job" in button.help


def test_the_url_names_the_collection(app):
    app.query_params["collection"] = "drawn"
    app.run()
    assert app.sidebar.selectbox[0].value == "drawn"
    app.query_params["collection"] = "no such"
    app.run()
    assert not app.exception


def test_a_link_to_a_collection_that_is_gone_says_so(app):
    app.query_params["collection"] = "no*such"
    app.run()
    assert not app.exception
    assert app.sidebar.selectbox[0].value == "drawn"
    assert [toast.value for toast in app.toast] == [r"There is no collection “no\*such” here\."]
    app.run()
    assert not app.toast


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


def test_where_nothing_can_be_opened_another_generation_can_still_be_chosen(app, home, tmp_path):
    collection = Collection(home, "drawn")
    collection.publish(stores.make_draft(collection, tmp_path / "work"), parent="00000001")
    for part in (home / "drawn" / "parts").iterdir():
        part.write_bytes(b"damaged")
    app.run()
    assert not app.exception
    assert "python -m ris check 'drawn' --repair" in app.error[0].value.replace("\\", "")
    app.switch_page("model.py").run()
    assert not app.exception
    assert "python -m ris check 'drawn' --repair" in app.error[0].value.replace("\\", "")
    assert len(app.dataframe[0].value) == 2
    app.main.selectbox[0].set_value("00000001").run()
    press(app, "Serve this generation")
    assert not app.exception
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
    assert "model that comes with ris" in words_on(empty_app)


def test_while_the_model_is_fitted_one_is_told_that_one_can_search(app, home):
    folder = home / "drawn" / "jobs" / "99991231-235959-ffffff"
    folder.mkdir(parents=True)
    facts = {"arguments": ["create", "drawn"], "created": "2026-01-01T00:00:00+00:00"}
    (folder / "job.json").write_text(json.dumps({**facts, "time": time.time()}))
    begun = {"time": time.time(), "event": "progress", "stage": "train", "done": 0, "total": 60}
    begun |= {"unit": "seconds", "loss": None, "note": "", "plan": ["train", "embed"]}
    (folder / "progress.jsonl").write_text(json.dumps(begun) + "\n")
    app.run()
    assert not app.exception
    told = " ".join(caption.value for caption in app.sidebar.caption)
    assert "You can search already" in told
    next(button for button in app.sidebar.button if button.label == "Cancel…").click().run()
    asked = " ".join(text.value for text in app.sidebar.markdown)
    assert "as you can search it now" in asked


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
