"""The whole loop in a real browser: drop a picture, find, look at the map, retrain."""

import base64
import re
from contextlib import suppress
from functools import partial

import drawn
import pytest
import stores
from browsing import eventually

from ris.store.collection import Collection

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
pytestmark = pytest.mark.browser

TRAINED = 240_000  # milliseconds that a short training may take on a busy machine
DROP = """
(zone, {name, data}) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const dropped = new DataTransfer();
  dropped.items.add(new File([bytes], name, {type: "image/png"}));
  for (const kind of ["dragenter", "dragover", "drop"])
    zone.dispatchEvent(
      new DragEvent(kind, {dataTransfer: dropped, bubbles: true, cancelable: true}));
}
"""


def drop(page, name: str, data: bytes) -> None:
    """Drop a file onto the uploader, as a hand would: once the page has come to rest, and again
    where the uploader was drawn anew just then (Streamlit 1.67) and the file fell beside it."""
    zone = page.get_by_test_id("stFileUploaderDropzone").filter(visible=True)  # of the open tab
    for _ in range(3):
        expect(page.locator("[data-test-script-state=running]")).to_have_count(0)
        expect(zone).to_have_count(1)  # while a page is drawn anew the old one stays for a moment
        expect(zone).to_be_visible()
        zone.evaluate(DROP, {"name": name, "data": base64.b64encode(data).decode()})
        with suppress(AssertionError):
            expect(page.get_by_text(name).first).to_be_visible(timeout=10_000)
            return


def find_point(page) -> None:
    """Move the pointer over the map until it is over a picture."""
    stage = page.locator(".ris-map-stage")
    expect(page.locator(".ris-map-toolbar")).to_be_visible()
    box = stage.bounding_box()
    card = page.locator(".ris-map-card")
    for down in range(3, 30):
        for right in range(4, 30):
            page.mouse.move(
                box["x"] + box["width"] * right / 32, box["y"] + box["height"] * down / 32
            )
            if card.is_visible():
                return
    pytest.fail("no picture was found on the map")


def draw_around_all(page) -> None:
    """Draw a lasso around most of the map."""
    expect(page.locator(".ris-map-toolbar")).to_be_visible()
    page.get_by_role("button", name=re.compile("lasso", re.IGNORECASE)).click()
    box = page.locator(".ris-map-stage").bounding_box()
    corners = [(0.12, 0.02), (0.98, 0.02), (0.98, 0.98), (0.12, 0.98), (0.12, 0.05)]
    for number, (right, down) in enumerate(corners):
        page.mouse.move(box["x"] + box["width"] * right, box["y"] + box["height"] * down, steps=8)
        if number == 0:
            page.mouse.down()
    page.mouse.up()


def test_a_dropped_picture_finds_hits_and_marks_them_on_the_map(open_tab):
    page = open_tab()
    expect(page.get_by_text("Or start from one of these")).to_be_visible()
    drop(page, "mine.png", drawn.encoded(drawn.draw("rings", 99)))
    expect(page.get_by_text("mine.png", exact=True)).to_be_visible()
    expect(page.locator(".card")).to_have_count(24)
    expect(page.locator(".card .number").first).to_have_text(re.compile(r"0\.\d{3}"))
    expect(page.locator(".ris-query")).to_be_attached()
    expect(page.locator(".ris-mark")).to_have_count(24)

    first = page.locator(".card .name").first.inner_text()
    page.locator(".card .similar").first.click()
    expect(page.locator(".st-key-query-bar").get_by_text(first, exact=True)).to_be_visible()
    expect(page.get_by_text("From this collection")).to_be_visible()
    expect(page.locator(".card .name").first).not_to_have_text(first)
    expect(page).to_have_url(re.compile(r"collection=drawn"))


def test_a_turned_copy_is_found_by_the_switch_which_the_url_keeps(open_tab):
    page = open_tab()
    drop(page, "turned.png", drawn.encoded(drawn.draw("discs", 2).rotate(90)))
    expect(page.locator(".card")).to_have_count(24)
    expect(page.locator(".card .words").first).not_to_have_text(re.compile("turned"))
    page.get_by_text("Find copies").click()
    expect(page.locator(".card .words").first).to_have_text("identical, turned 90°")
    expect(page).to_have_url(re.compile(r"copies=true"))


def test_every_page_has_its_title_and_asks_nobody_outside(open_tab):
    for path, title in (("/", "Search"), ("/map", "Map"), ("/collection", "Collection")):
        page = open_tab(path)
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        expect(page).to_have_title(f"{title} – ris")
        expect(page.get_by_role("button", name="Retrain")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_the_titles_of_all_pages_stand_in_one_place(open_tab, width):
    tops = []
    for path, title in (("/", "Search"), ("/map", "Map"), ("/odd", "Odd ones out")):
        page = open_tab(path)
        page.set_viewport_size({"width": width, "height": 900})
        words = page.get_by_role("heading", name=title, level=1).locator("span")
        expect(words).to_be_visible()
        tops.append(partial(top_of, words))
        # a page comes to rest while its parts are drawn
        assert eventually(lambda: abs(tops[-1]() - tops[0]()) < 3), (title, tops[-1](), tops[0]())


def top_of(words) -> float:
    return words.bounding_box()["y"]


def test_a_bad_picture_says_so_and_the_next_one_works(open_tab):
    page = open_tab()
    drop(page, "broken.png", b"\x89PNG\r\n\x1a\n this is no picture")
    expect(page.get_by_role("alert").filter(has_text="broken.png")).to_be_visible()
    drop(page, "good.png", drawn.encoded(drawn.draw("bars", 99)))
    expect(page.locator(".ris-query")).to_be_attached()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_hit_opens_in_full_size_with_what_is_known(open_tab):
    page = open_tab()
    page.locator(".card .picture").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img").first).to_be_visible()
    expect(dialog.get_by_text("32 × 32 pixels")).to_be_visible()
    dialog.get_by_role("button", name="Find similar").click()
    expect(page.locator(".st-key-query-bar")).to_be_visible()
    expect(dialog).to_have_count(0)


def test_a_point_of_the_map_shows_its_neighbours(open_tab):
    page = open_tab("/map")
    find_point(page)
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_text("Its neighbours")).to_be_visible()
    expect(page.locator(".card")).to_have_count(12)
    expect(page.locator(".ris-selected")).to_be_attached()
    expect(page.locator(".ris-mark").first).to_be_attached()


def test_an_area_drawn_beside_the_hits_opens_on_the_map(open_tab):
    page = open_tab()
    draw_around_all(page)
    expect(page.get_by_role("heading", name="Map")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("pictures selected"))).to_be_visible()
    expect(page.locator(".ris-outline")).to_be_attached()


def test_a_lasso_gives_a_gallery_with_a_count(open_tab, server):
    page = open_tab("/map")
    draw_around_all(page)
    items = Collection(server.home, "drawn").generations()[-1].items
    heading = page.get_by_role("heading", name=re.compile(r"^[\d,]+ pictures selected"))
    expect(heading).to_be_visible()
    assert 1 <= int(re.sub(r"\D", "", heading.inner_text())) <= items
    expect(page.locator(".card").first).to_be_visible()


@pytest.mark.slow
def test_retraining_is_seen_everywhere_and_the_new_generation_serves(open_tab, server):
    page, other = open_tab(), open_tab("/model")
    for tab in (page, other):
        expect(tab.get_by_text("Generation 1,")).to_be_visible()

    page.get_by_role("radiogroup", name="Minutes of training").get_by_text("1", exact=True).click()
    expect(page.get_by_text("1 min of training")).to_be_visible()
    page.get_by_role("button", name="Retrain").click()
    for tab in (page, other):
        expect(tab.get_by_text("Train the model")).to_be_visible()
        expect(tab.get_by_role("progressbar").first).to_be_visible()

    # The other tab was left alone all the time; what a reload shows comes from the disk alone.
    other.reload()
    finish = other.get_by_role("button", name="Finish early")
    expect(finish).to_be_visible(timeout=TRAINED)
    expect(page.get_by_text("validation").first).to_be_attached(timeout=TRAINED)
    finish.click()
    for tab in (page, other):
        expect(tab.get_by_text("Generation 2,")).to_be_visible(timeout=TRAINED)
        expect(tab.get_by_role("button", name="Retrain")).to_be_visible()
    assert Collection(server.home, "drawn").current() == "00000002"

    page.locator(".card .similar").first.click()
    expect(page.locator(".ris-mark")).to_have_count(24)


@pytest.mark.slow
def test_an_earlier_generation_serves_again(open_tab, server):
    collection = Collection(server.home, "drawn")
    newest = collection.current()
    if newest == "00000001":
        collection.publish(
            stores.make_draft(collection, server.home.parent / "work"), parent="00000001"
        )
    page, other = open_tab("/model"), open_tab("/map")
    expect(other.get_by_text("Generation 2,")).to_be_visible()
    page.get_by_label("Generation to look at").click()
    page.get_by_role("option", name="1", exact=True).click()
    page.get_by_role("button", name="Serve this generation").click()
    expect(page.get_by_role("dialog").get_by_text("Nothing is deleted")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Serve it").click()
    for tab in (page, other):
        expect(tab.get_by_text("Generation 1,")).to_be_visible()


def test_a_collection_is_deleted_after_a_confirmation(open_tab, server):
    page = open_tab("/collection", collection="another")
    page.get_by_role("tab", name="Delete").click()
    page.get_by_role("button", name="Delete…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_have_count(0)
    assert (server.home / "another").exists()
    page.get_by_role("button", name="Delete…").click()
    dialog.get_by_role("button", name="Delete for good").click()
    chosen = page.get_by_test_id("stSidebar").get_by_role("combobox", name="Collection")
    expect(chosen).to_have_value("drawn")
    assert not (server.home / "another").exists()


def test_dropped_pictures_become_a_collection(open_tab, server):
    page = open_tab("/collection")
    page.get_by_role("tab", name="New collection").click()
    page.get_by_role("radio", name="Pictures", exact=True).click()
    page.get_by_label("Name").fill("dropped")
    page.get_by_label("Name").press("Tab")
    expect(page.get_by_role("region", name="Pictures, up to 50 MB each")).to_be_visible()
    for number in range(2):
        drop(page, f"{number}.png", drawn.encoded(drawn.draw("bars", number)))
        expect(page.get_by_text(f"{number}.png")).to_be_visible()
    # while a run of the script still moves the page, a click can fall beside the button
    expect(page.locator("[data-test-script-state=running]")).to_have_count(0)
    page.get_by_role("button", name="Create collection").click()
    expect(page.get_by_role("heading", name="Making “dropped”")).to_be_visible()
    expect(page.get_by_text("Read the pictures")).to_be_visible()
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_role("button", name="Cancel the job").click()
    expect(page.get_by_role("heading", name="“dropped” is not ready")).to_be_visible(
        timeout=TRAINED
    )
    expect(page.get_by_role("button", name="Start again")).to_be_visible()
