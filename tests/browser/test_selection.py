"""What is selected on the map, in a real browser: gallery, tags, files, the saved map."""

import csv
import io
import re
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from ris.explore.explorer import Explorer
from ris.store.collection import Collection, Draft
from ris.store.files import describe
from ris.store.manifest import Map
from ris.store.table import write_map
from ris.store.tags import Tags
from tests.browser.test_loop import draw_around_all, find_point

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
pytestmark = pytest.mark.browser

SELECTED = re.compile(r"^[\d,]+ pictures? selected")


def calm(page):
    """Wait until the script has run."""
    expect(page.locator("[data-test-script-state=running]")).to_have_count(0)


def selected(page) -> int:
    """How many pictures the heading says are selected."""
    heading = page.get_by_role("heading", name=SELECTED)
    expect(heading).to_be_visible()
    return int(re.sub(r"\D", "", heading.inner_text()))


def choose(page, label: str, option: str) -> None:
    """Choose in a selectbox."""
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()
    calm(page)


def test_the_colour_is_in_the_address_and_survives_pages(open_tab, server):
    page = open_tab("/map")
    choose(page, "Colour by", "File size")
    expect(page).to_have_url(re.compile(r"colour=File"))
    link = page.url
    page.get_by_role("link", name="Collection").click()
    expect(page.get_by_role("heading", name="Collection", level=1)).to_be_visible()
    page.get_by_role("link", name="Map").click()
    expect(page.get_by_role("combobox", name="Colour by")).to_have_value("File size")
    page.goto(link)
    expect(page.get_by_role("combobox", name="Colour by")).to_have_value("File size")


def test_a_selection_is_tagged_exported_and_shown_again_by_its_tag(open_tab, server):
    page = open_tab("/map")
    draw_around_all(page)
    number = selected(page)
    page.get_by_role("button", name="Tag", exact=True).click()
    name = page.get_by_role("combobox", name="Tag", exact=True)
    name.fill("fine")
    name.press("Enter")
    page.get_by_role("button", name=f"Tag {number} pictures").click()
    expect(page.get_by_text(f"Tagged “fine”: {number} pictures.")).to_be_visible()
    tags = Tags(Collection(server.home, "drawn"))
    assert len(tags.all()["fine"]) == number

    page.get_by_role("button", name="Export").click()
    for label in ("List (CSV)", "Pictures (ZIP)"):
        link = page.get_by_role("link", name=label)
        answer = page.request.get(server.url + link.get_attribute("href"))
        assert answer.status == 200
        if "CSV" in label:
            rows = list(csv.DictReader(io.StringIO(answer.text(), newline="")))
            assert [row["tags"] for row in rows] == ["fine"] * number
        else:
            assert len(zipfile.ZipFile(io.BytesIO(answer.body())).namelist()) == number + 1
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Clear", exact=True).click()
    page.get_by_role("button", name=f"fine ({number})").click()
    assert selected(page) == number
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    assert "fine" not in tags.all()


def test_a_box_selects_like_a_lasso(open_tab):
    page = open_tab("/map")
    expect(page.locator(".ris-map-stage[data-settled]")).to_be_attached()
    page.get_by_role("button", name=re.compile("^Box")).click()
    box = page.locator(".ris-map-stage").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.12, box["y"] + 4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 4, box["y"] + box["height"] - 4, steps=6)
    page.mouse.up()
    assert selected(page) > 10
    expect(page.locator(".ris-outline")).to_be_attached()
    expect(page.locator(".card").first).to_be_visible()


def test_what_is_selected_can_be_reached_by_keyboard(open_tab):
    page = open_tab("/map")
    draw_around_all(page)
    number = selected(page)
    cards = page.locator(".card")
    expect(cards).to_have_count(min(number, 60))
    page.get_by_role("button", name="Clear", exact=True).focus()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.shadowRoot?.activeElement != null"):
            break
    else:
        pytest.fail("no card can be reached with Tab")


def test_what_is_most_like_a_selection_is_found_and_one_comes_back(open_tab):
    page = open_tab("/map")
    draw_around_all(page)
    number = selected(page)
    page.get_by_text("bars (12)").click()
    calm(page)
    page.get_by_role("button", name="Search with these").click()
    expect(page.get_by_role("heading", name=f"Most like these {number} pictures")).to_be_visible()
    page.get_by_role("button", name="Back to them").click()
    assert selected(page) == number


def test_the_saved_map_opens_offline_and_asks_nobody(open_tab, browser, tmp_path):
    page = open_tab("/map")
    expect(page.locator(".ris-map-toolbar")).to_be_visible()
    calm(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save this map").click()
    file = tmp_path / "map.html"
    download.value.save_as(file)
    context = browser.new_context(offline=True)
    asked, complaints = [], []
    context.on("request", lambda request: asked.append(request.url))
    saved = context.new_page()
    saved.on("console", lambda it: complaints.append(it.text) if it.type == "error" else None)
    saved.on("pageerror", lambda error: complaints.append(str(error)))
    saved.goto(file.as_uri())
    expect(saved.get_by_role("heading", name="Map of drawn")).to_be_visible()
    expect(saved.get_by_text("48 of 48 points come with their picture")).to_be_visible()
    drawn = "() => document.getElementById('dots').getContext('2d').getImageData(0, 0, 9999, 9999)"
    saved.wait_for_function(f"() => ({drawn})().data.some((value) => value > 0)")
    saved.locator("#stage").press("+")
    saved.get_by_role("button", name="bars 12").click()
    expect(saved.get_by_role("button", name="bars 12")).to_have_attribute("aria-pressed", "false")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert complaints == []
    context.close()


def publish_mirrored(collection: Collection, work) -> None:
    """A further generation of the same pictures but one, whose map is a mirror image."""
    work.mkdir(parents=True)
    last = collection.generations()[-1]
    points = Explorer(collection).points()
    xy, fitted = np.stack([-points.x, points.y], axis=1), np.ones(len(points.keys), np.bool_)
    write_map(work / "map.parquet", points.keys, xy, fitted)
    name = "generations/{generation}/map.parquet"
    facts = describe(work, work / "map.parquet", name=name).to_json()
    maps = (Map(**facts, fitted=len(points.keys), placed=0),)
    changed = replace(last, maps=maps, deleted=(0,), items=last.items - 1)
    draft = Draft(changed, {name: work / "map.parquet"})
    collection.publish(draft, parent=last.generation)


def test_a_selection_survives_a_new_generation(open_tab, server):
    page = open_tab("/map")
    draw_around_all(page)
    number = selected(page)
    publish_mirrored(Collection(server.home, "drawn"), server.home.parent / "mirrored")
    expect(page.get_by_text("Selected on an earlier map")).to_be_visible()
    assert selected(page) in (number, number - 1)
    expect(page.locator(".ris-outline")).to_have_count(0)  # it was drawn around another place
    find_point(page)
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_text("Its neighbours")).to_be_visible()


def test_what_is_selected_by_its_tag_is_marked_on_the_map_and_esc_clears_it(open_tab, server):
    tags = Tags(Collection(server.home, "drawn"))
    tags.add("odd", np.array([20, 30, 40]))
    page = open_tab("/map")
    page.get_by_role("button", name="odd (3)").click()
    assert selected(page) == 3
    marks = page.locator(".ris-chosen")
    expect(marks.first).to_be_attached()
    dots = sum(mark.get_attribute("d").count("M") for mark in marks.all())
    assert dots == 3
    page.locator(".ris-map-stage").press("Escape")
    expect(page.get_by_role("heading", name=SELECTED)).to_have_count(0)
    expect(marks).to_have_count(0)
    tags.remove("odd", np.array([20, 30, 40]))
