"""Slides, duplicates, the walk between two pictures and pages to take along, in a real browser."""

import re
from pathlib import Path

import drawn
import pytest
import stores

from ris.explore.explorer import Explorer
from ris.store.collection import Collection

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def slides(server, tmp_path_factory) -> Path:
    """The folder of the collection `slides`; see `stores.publish_slide`."""
    place = tmp_path_factory.mktemp("slides")
    stores.publish_slide(server.home, place)
    return place / "slides"


@pytest.fixture(scope="module")
def copies(server, tmp_path_factory) -> Path:
    """A collection `copies` of three pictures of which two are copies."""
    folder = tmp_path_factory.mktemp("copies")
    for name in ("a.png", "b.png"):
        drawn.write(folder, "bars", 0, name)
    drawn.write(folder, "rings", 5, "c.png")
    stores.publish_folder(server.home, "copies", folder, tmp_path_factory.mktemp("copies-work"))
    return folder


def test_a_patch_and_a_box_are_found_on_the_slide(open_tab, slides):
    page = open_tab("/slides", "slides")
    plane = page.get_by_role("application")
    expect(plane.locator("img.picture")).to_have_js_property("complete", True)
    area = plane.bounding_box()
    plane.click(position={"x": area["width"] * 0.4, "y": area["height"] * 0.1})
    expect(page).to_have_url(re.compile(r"patch=\d+"))
    expect(page.get_by_text("a slide.png at 32, 0").first).to_be_visible()
    hits = page.get_by_role("list", name="Patches most like it")
    expect(hits.get_by_role("listitem")).to_have_count(14)
    expect(plane.locator("img.heat")).to_be_visible()
    expect(plane.locator(".mark.query")).to_have_count(1)
    expect(plane.locator(".mark.hit")).to_have_count(12)

    area = plane.bounding_box()
    page.mouse.move(area["x"] + area["width"] * 0.26, area["y"] + area["height"] * 0.26)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * 0.7, area["y"] + area["height"] * 0.7, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"box=\d+"))
    expect(page.get_by_text(re.compile(r"^\d+ × \d+ pixels at \d+, \d+$"))).to_be_visible()
    page.go_back()
    expect(page.get_by_text("a slide.png at 32, 0").first).to_be_visible()

    plane.focus()
    plane.press("ArrowRight")
    plane.press("ArrowDown")
    expect(plane.locator(".cross")).to_be_visible()
    plane.press("Enter")
    expect(page.get_by_text("a slide.png at 96, 96").first).to_be_visible()


def test_a_card_tells_where_a_patch_lies_however_long_the_name(open_tab, server, tmp_path):
    name = "a slide that was scanned in November at the institute, level 0, region 42.png"
    stores.publish_slide(server.home, tmp_path, "long", name)
    page = open_tab("/slides?patch=0", "long")
    hits = page.get_by_role("list", name="Patches most like it")
    card = hits.get_by_role("listitem").first
    place = card.locator(".place")
    expect(place).to_have_text(re.compile(r"^ at \d+, \d+$"))
    text, told = card.locator(".text").bounding_box(), place.bounding_box()
    assert told["x"] + told["width"] <= text["x"] + text["width"]
    expect(card.locator(".name")).to_have_text(re.compile("^a slide .*, region 42.png at "))


def test_a_patch_that_is_found_tells_why_it_is_alike(open_tab, slides):
    for asked in ("patch=0", "box=10,10,60,60"):
        page = open_tab(f"/slides?{asked}", "slides")
        hits = page.get_by_role("list", name="Patches most like it")
        hits.get_by_role("listitem").nth(1).get_by_role("button", name="Open").first.click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text("Why it is alike")).to_be_visible()
        expect(dialog.locator(".ris-why img")).to_have_count(6)


def test_a_patch_that_is_empty_is_told(open_tab, slides):
    page = open_tab("/slides", "slides")
    plane = page.get_by_role("application")
    expect(plane.locator("img.picture")).to_have_js_property("complete", True)
    plane.click(position={"x": 5, "y": 5})
    expect(page.get_by_text("nearly empty and was left out")).to_be_visible()


def test_a_collection_without_slides_says_so(open_tab):
    page = open_tab("/slides")
    expect(page.get_by_text("The pictures of this collection are whole.")).to_be_visible()


def test_a_duplicate_goes_to_the_trash_and_back(open_tab, server, copies):
    page = open_tab("/duplicates", "copies")
    expect(page.get_by_text("1 left to decide")).to_be_visible()
    expect(page.get_by_alt_text(re.compile("^Where they differ"))).to_be_visible()
    page.get_by_role("button", name="Keep left").click()
    expect(page.get_by_text("is in the collection's trash.")).to_be_visible()
    collection = Collection(server.home, "copies")
    assert sorted(path.name for path in copies.iterdir()) == ["a.png", "c.png"]
    assert Explorer(collection).count == 2
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("1 left to decide")).to_be_visible()
    assert sorted(path.name for path in copies.iterdir()) == ["a.png", "b.png", "c.png"]


def test_what_decides_is_at_hand_on_a_low_screen(open_tab, copies):
    page = open_tab("/duplicates", "copies")
    page.set_viewport_size({"width": 1440, "height": 480})
    for name in ("Keep left", "Keep right", "Keep both", "Not a duplicate", "Skip"):
        expect(page.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    colour = "one => getComputedStyle(one).backgroundColor"
    bar = page.locator("[data-testid=stLayoutWrapper]:has(> .st-key-pair-choices)")
    assert bar.evaluate(colour) == page.locator(".stApp").evaluate(colour)  # dark on dark pages


def test_another_tab_hears_of_it(open_tab, server, copies):
    one, other = (open_tab("/duplicates", "copies") for _ in range(2))
    for page in (one, other):
        expect(page.get_by_text("1 left to decide")).to_be_visible()
    one.get_by_role("button", name="Keep left").click()
    for page in (one, other):
        expect(page.get_by_text("There are no duplicates in this collection.")).to_be_visible()
    assert (copies / "a.png").exists()
    one.get_by_role("button", name="Undo").click()
    for page in (one, other):
        expect(page.get_by_text("1 left to decide")).to_be_visible()


def test_not_a_duplicate_is_remembered(open_tab, copies):
    page = open_tab("/duplicates", "copies")
    page.get_by_role("button", name="Not a duplicate").click()
    expect(page.get_by_text("Noted: they are no duplicates.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("There are no duplicates in this collection.")).to_be_visible()


def test_a_walk_is_shown_step_by_step(open_tab):
    page = open_tab("/between?from=0&to=30")
    way = page.get_by_role("list", name="The way", exact=True)
    expect(way.get_by_role("listitem")).to_have_count(9)
    expect(way.locator("img.now")).to_have_count(1)
    before = page.get_by_alt_text(re.compile("^Drawn at")).get_attribute("src")
    page.get_by_role("button", name="Swap").click()
    expect(page).to_have_url(re.compile("from=30"))
    page.get_by_role("slider", name="Step").press("ArrowRight")
    expect(page.get_by_alt_text("Drawn at 62\u00a0% of the way")).to_be_visible()
    assert page.get_by_alt_text(re.compile("^Drawn at")).get_attribute("src") != before


def test_picked_hits_can_be_tagged_and_exported(open_tab):
    page = open_tab("/?item=0")
    picks = page.get_by_role("list", name="Hits").get_by_role("checkbox")
    for number in (0, 2):
        picks.nth(number).check()
    page.get_by_role("button", name="Tag or export").click()
    expect(page.get_by_role("heading", name="2 pictures selected")).to_be_visible()
    expect(page.get_by_text("Picked among: Hits.")).to_be_visible()


def test_hits_are_taken_along_as_a_page(open_tab, tmp_path, browser):
    page = open_tab("/?item=0")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as begun:
        page.get_by_role("button", name="Page (HTML)").click()
    saved = tmp_path / "hits.html"
    begun.value.save_as(saved)
    asked = []
    context = browser.new_context(offline=True)
    shown = context.new_page()
    shown.on("request", lambda request: asked.append(request.url))
    shown.on("pageerror", lambda error: asked.append(str(error)))
    shown.goto(saved.as_uri())
    expect(shown.get_by_role("listitem")).to_have_count(24)
    expect(shown.get_by_alt_text("What was looked for")).to_be_visible()
    inside = shown.frame_locator("iframe")
    expect(inside.get_by_role("heading", name="Map of drawn")).to_be_visible()
    expect(inside.locator("#hits li").first).to_be_visible()
    context.close()
    assert [one for one in asked if not one.startswith(("file:", "data:", "about:"))] == []
