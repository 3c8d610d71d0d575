"""The Search page in a real browser: ways in, the grid by hand and by keyboard, links."""

import base64
import re

import drawn
import maps
import pytest
import stores

from pages.parts.places import places_in_words
from ris.explore.explorer import Explorer
from ris.store.collection import Collection

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
pytestmark = pytest.mark.browser

# Dispatched where no uploader is: on the heading of the page.
GIVE = """
(target, {kind, files, text}) => {
  const given = new DataTransfer();
  const far = {bubbles: true, cancelable: true, composed: true};
  for (const {name, data} of files) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    given.items.add(new File([bytes], name, {type: "image/png"}));
  }
  if (text) given.setData("text/plain", text);
  for (const each of kind.split(" "))
    target.dispatchEvent(
      each === "paste"
        ? new ClipboardEvent(each, {clipboardData: given, ...far})
        : new DragEvent(each, {dataTransfer: given, ...far}));
}
"""
SIDES = """
async (pictures) => {
  const images = pictures.map((picture) => picture.querySelector("img"));
  images.forEach((image) => (image.loading = "eager"));
  await Promise.all(images.map((image) => image.decode()));
  return pictures.map((picture) => [picture.offsetWidth, picture.offsetHeight]);
}
"""
FOCUSED = """
() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at?.getAttribute("aria-label") ?? at?.tagName;
}
"""


@pytest.fixture(scope="module")
def many(server, tmp_path_factory):
    """A collection that is larger than a grid shows at first."""
    folder = drawn.fill_folder(tmp_path_factory.mktemp("many"), 60)
    stores.publish_folder(server.home, "many", folder, tmp_path_factory.mktemp("many-work"))
    return "many"


def settled(page):
    """Wait until the page is at rest."""
    expect(page.locator("[data-test-script-state=running]")).to_have_count(0)
    expect(page.locator(".stElementContainer[data-stale=true]")).to_have_count(0)


def give(page, kind, *files, text=""):
    """Drop or paste onto the heading: anywhere on the page will do."""
    expect(page.get_by_test_id("stFileUploaderDropzone").filter(visible=True)).to_have_count(1)
    settled(page)
    sent = [{"name": name, "data": base64.b64encode(data).decode()} for name, data in files]
    heading = page.get_by_role("heading", name="Search", level=1)
    heading.evaluate(GIVE, {"kind": kind, "files": sent, "text": text})


def picture(number, family="rings"):
    return f"{family}-{number}.png", drawn.encoded(drawn.draw(family, number))


def titles(page):
    """Names of the cards of the first grid, in their order."""
    return page.locator(".hits").first.locator(".card .name").all_inner_texts()


def looked_for(page, words):
    """Wait until the bar says what is looked for."""
    expect(page.locator(".st-key-query-words").get_by_text(words, exact=True)).to_be_visible()
    settled(page)


def of_an_item(open_tab, key=3):
    page = open_tab(f"/?item={key}")
    expect(page.locator(".card").first).to_be_visible()
    settled(page)
    return page


class TestWaysIn:
    def test_a_picture_dropped_anywhere_is_searched(self, open_tab):
        page = open_tab()
        expect(page.locator(".card").first).to_be_visible()
        give(page, "dragenter dragover", picture(90))
        expect(page.get_by_text("Drop pictures anywhere")).to_be_visible()
        give(page, "drop", picture(90))
        expect(page.get_by_text("Drop pictures anywhere")).to_be_hidden()
        looked_for(page, "rings-90.png")

    def test_a_picture_pasted_anywhere_is_searched_and_text_is_not(self, open_tab):
        page = open_tab()
        expect(page.locator(".card").first).to_be_visible()
        give(page, "paste", text="only words")
        expect(page.get_by_text("no picture in the clipboard")).to_be_visible()
        give(page, "paste", picture(91))
        looked_for(page, "rings-91.png")
        give(page, "paste", picture(92))  # again, as the uploader was replaced
        looked_for(page, "rings-92.png")

    def test_several_are_searched_as_one_or_each_alone(self, open_tab):
        page = open_tab()
        expect(page.locator(".card").first).to_be_visible()
        give(page, "drop", picture(90), picture(90, "bars"))
        looked_for(page, "2 pictures")
        expect(page.get_by_text("their mean")).to_be_visible()
        expect(page.locator(".hits")).to_have_count(1)
        page.get_by_role("radio", name="Each alone").click()
        expect(page.locator(".hits")).to_have_count(2)
        settled(page)
        page.get_by_role("button", name="Only this one").last.click()
        looked_for(page, "bars-90.png")

    def test_a_bad_one_of_several_is_named_and_the_other_searched(self, open_tab):
        page = open_tab()
        expect(page.locator(".card").first).to_be_visible()
        give(page, "drop", picture(90), ("broken.png", b"\x89PNG\r\n\x1a\nno picture"))
        expect(page.get_by_role("alert").filter(has_text="broken.png")).to_be_visible()
        looked_for(page, "rings-90.png")
        expect(page.locator(".hits .card").first).to_be_visible()

    def test_the_camera_is_asked_for_when_it_is_chosen(self, open_tab):
        page = open_tab()
        expect(page.locator(".card").first).to_be_visible()
        expect(page.locator("video")).to_have_count(0)
        page.get_by_role("button", name="Camera").click()
        expect(page.locator("video")).to_be_visible()
        page.get_by_role("button", name="Take photo").click()
        looked_for(page, "Photo")
        expect(page.locator("video")).to_have_count(0)


class TestGrid:
    def test_arrows_move_and_enter_opens_and_s_searches(self, open_tab):
        page = of_an_item(open_tab)
        names = titles(page)
        page.locator(".card .picture").first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowLeft")
        assert f"Result 2, {names[1]}" in page.evaluate(FOCUSED)
        assert "distance 0." in page.evaluate(FOCUSED)
        page.keyboard.press("End")
        assert f"Result 24, {names[23]}" in page.evaluate(FOCUSED)
        page.keyboard.press("Home")
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("heading", name=names[0])).to_be_visible()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        page.locator(".card .picture").nth(4).focus()
        page.keyboard.press("s")
        looked_for(page, names[4])

    def test_several_are_selected_and_searched_together(self, open_tab):
        page = of_an_item(open_tab)
        bar = page.get_by_role("toolbar", name="Selected pictures")
        expect(bar).to_be_hidden()
        page.locator(".card .pick").nth(1).check()
        expect(bar.get_by_text("1 selected")).to_be_visible()
        page.locator(".card .picture").nth(4).click(modifiers=["Shift"])
        expect(bar.get_by_text("4 selected")).to_be_visible()
        page.locator(".card .picture").nth(2).click(modifiers=["Control"])
        expect(bar.get_by_text("3 selected")).to_be_visible()
        page.locator(".card .picture").nth(7).focus()
        page.keyboard.press(" ")
        page.keyboard.press("Shift+ArrowRight")
        expect(bar.get_by_text("5 selected")).to_be_visible()
        page.keyboard.press("Control+a")
        expect(bar.get_by_text("24 selected")).to_be_visible()
        page.keyboard.press("Escape")
        expect(bar).to_be_hidden()
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.locator(".card .pick").nth(0).check()
        page.locator(".card .pick").nth(2).check()
        bar.get_by_role("button", name="Search with these 2").click()
        looked_for(page, "2 pictures")
        expect(page).to_have_url(re.compile(r"item=\d+-\w+&item=\d+-\w+"))

    def test_scrolling_brings_hundreds_and_the_page_does_not_jump(self, open_tab, many):
        page = open_tab("/?item=3&k=12", collection=many)
        expect(page.locator(".card")).to_have_count(12)
        settled(page)
        first, last = titles(page)[0], page.locator(".card").last
        for _ in range(12):
            count = page.locator(".card").count()
            if count == 239:
                break
            last.scroll_into_view_if_needed()
            expect(page.locator(".card").nth(count)).to_be_attached()
            before = page.locator(".card").nth(count - 1).bounding_box()["y"]
            settled(page)
            assert page.locator(".card").nth(count - 1).bounding_box()["y"] == before
        expect(page.locator(".card")).to_have_count(239)
        expect(page.get_by_role("button", name="Show more")).to_be_hidden()
        assert titles(page)[0] == first
        expect(page.locator(".card .rank").last).to_have_text("239")
        page.locator(".card .similar").nth(200).click()  # other pictures: from their beginning
        expect(page.locator(".card")).to_have_count(12)
        expect(page.locator(".card").first).to_be_in_viewport()

    def test_hits_are_filtered_and_sorted_and_the_address_says_so(self, open_tab):
        page = of_an_item(open_tab)
        page.get_by_role("button", name="Filter").click()
        page.get_by_role("combobox", name="Labels").click()
        page.get_by_role("option", name="rings (12)").click()
        expect(page.locator(".card")).to_have_count(12)
        expect(page).to_have_url(re.compile("label=rings"))
        settled(page)
        page.get_by_label("Or write a filter", exact=True).fill("widht > 3")
        page.get_by_label("Or write a filter", exact=True).press("Enter")
        expect(page.get_by_text("There is no column").first).to_be_visible()
        page.get_by_label("Or write a filter", exact=True).fill('path.endswith("3.png")')
        page.get_by_label("Or write a filter", exact=True).press("Enter")
        expect(page.locator(".card")).to_have_count(1)
        settled(page)
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Clear 2 filters").click()
        expect(page.locator(".card")).to_have_count(24)
        settled(page)
        page.get_by_role("combobox", name="Sort by").click()
        page.get_by_role("option", name="Name").click()
        expect(page).to_have_url(re.compile("sort=name"))
        settled(page)
        assert titles(page) == sorted(titles(page))

    def test_cards_are_as_high_as_one_another_whatever_shape_their_pictures_have(
        self, open_tab, server, tmp_path
    ):
        for name, size in (("tall", (24, 64)), ("wide", (64, 24))):
            drawn.fill_folder(tmp_path / "shapes" / name, 3, size=size)
        stores.publish_folder(server.home, "shapes", tmp_path / "shapes", tmp_path / "work")
        page = open_tab("/?item=3", collection="shapes")
        expect(page.locator(".card .name").last).to_be_visible()
        sides = page.locator(".card .picture").evaluate_all(SIDES)
        assert len(sides) == 23
        assert all(width == height for width, height in sides), sides


class TestDetail:
    def test_it_tells_all_and_leads_on(self, open_tab):
        page = of_an_item(open_tab)
        names = titles(page)
        page.locator(".card .picture").first.click()
        dialog = page.get_by_role("dialog")
        heading = dialog.get_by_role("heading", level=3)
        expect(heading).to_have_text(names[0])
        expect(dialog.get_by_text("32 × 32 pixels")).to_be_visible()
        expect(dialog.get_by_text("1 of 24 pictures")).to_be_visible()
        expect(dialog.get_by_role("img", name="This picture, as it redraws it")).to_be_visible()
        expect(dialog.get_by_role("list", name="Most like it").locator(".card")).to_have_count(8)
        expect(dialog.get_by_role("img", name="Among 48 pictures, lines to its")).to_be_visible()
        expect(dialog.get_by_role("button", name="Previous")).to_be_disabled()
        dialog.get_by_role("button", name="Next").click()
        expect(heading).to_have_text(names[1])
        settled(page)
        page.keyboard.press("ArrowRight")
        expect(heading).to_have_text(names[2])
        settled(page)
        page.keyboard.press("ArrowLeft")
        expect(heading).to_have_text(names[1])
        settled(page)
        large = dialog.locator(".st-key-full-picture img")
        before = large.get_attribute("src")
        dialog.get_by_role("list", name="Most like it").locator(".picture").first.click()
        expect(large).not_to_have_attribute("src", before)
        settled(page)
        dialog.get_by_role("button", name="Show on the map").click()
        expect(page.get_by_role("heading", name="Map", level=1)).to_be_visible()
        expect(page.locator(".ris-selected")).to_be_attached()
        expect(dialog).to_have_count(0)

    def test_escape_closes_it_and_the_focus_is_on_the_card_that_was_shown(self, open_tab):
        page = of_an_item(open_tab)
        names = titles(page)
        page.locator(".card .picture").nth(2).focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("heading", name=names[2])).to_be_visible()
        settled(page)
        page.keyboard.press("ArrowRight")
        expect(dialog.get_by_role("heading", name=names[3])).to_be_visible()
        settled(page)
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        page.wait_for_function(f"() => ({FOCUSED})()?.includes('Result 4,')")


class TestAddressBar:
    def test_a_copied_link_opens_the_same_in_another_browser(self, open_tab, browser):
        page = open_tab()
        expect(page.locator(".card").first).to_be_visible()
        give(page, "drop", picture(95))
        looked_for(page, "rings-95.png")
        page.get_by_role("radiogroup", name="Number of hits").get_by_text("12").click()
        expect(page.locator(".card")).to_have_count(12)
        expect(page).to_have_url(re.compile("k=12"))
        settled(page)
        another = browser.new_context()
        other = another.new_page()
        other.goto(page.url)
        looked_for(other, "rings-95.png")
        expect(other.locator(".card")).to_have_count(12)
        assert titles(other) == titles(page)
        another.close()

    def test_the_first_collection_is_named_too(self, open_tab):
        page = open_tab(collection="another")
        expect(page.locator(".card").first).to_be_visible()
        page.locator(".card .similar").first.click()
        expect(page.locator(".st-key-query-bar")).to_be_visible()
        expect(page).to_have_url(re.compile("collection=another.*item="))

    def test_back_and_forward_go_through_what_was_looked_for(self, open_tab):
        page = of_an_item(open_tab)
        first = page.locator(".st-key-query-words strong").inner_text()
        second = titles(page)[0]
        page.locator(".card .similar").first.click()
        looked_for(page, second)
        page.get_by_role("radiogroup", name="Number of hits").get_by_text("48").click()
        expect(page.locator(".card")).to_have_count(47)
        settled(page)
        page.go_back()
        expect(page.locator(".card")).to_have_count(24)
        looked_for(page, second)
        page.go_back()
        looked_for(page, first)
        page.go_forward()
        looked_for(page, second)
        page.go_forward()
        expect(page.locator(".card")).to_have_count(47)

    def test_back_leads_to_another_collection_and_what_was_looked_for_there(self, open_tab):
        page = of_an_item(open_tab, 3)
        first = page.locator(".st-key-query-words strong").inner_text()
        page.locator(".card .similar").first.click()
        expect(page).not_to_have_url(re.compile("item=3"))
        settled(page)
        page.get_by_test_id("stSidebar").get_by_role("combobox", name="Collection").click()
        page.get_by_role("option", name="another").click()
        expect(page.get_by_text("Or start from one of these")).to_be_visible()
        expect(page).to_have_url(re.compile("collection=another$"))
        settled(page)
        page.go_back()
        settled(page)
        page.go_back()
        expect(page).to_have_url(re.compile("collection=drawn.*item=3|item=3.*collection=drawn"))
        looked_for(page, first)

    def test_what_is_looked_for_survives_another_page_and_a_new_generation(self, open_tab, server):
        page = of_an_item(open_tab, 5)
        name = page.locator(".st-key-query-words strong").inner_text()
        page.get_by_role("link", name="Model").click()
        expect(page.get_by_role("heading", name="Model", level=1)).to_be_visible()
        settled(page)
        page.get_by_role("link", name="Search").click()
        looked_for(page, name)
        expect(page).to_have_url(re.compile("item=5"))
        expect(page.locator(".ris-query")).to_be_attached()
        expect(page.locator(".ris-mark")).to_have_count(24)
        collection = Collection(server.home, "drawn")
        maps.publish_turned(collection, server.home.parent / "turned")
        expect(page.get_by_text("Generation 2,")).to_be_visible()
        looked_for(page, name)
        expect(page).to_have_url(re.compile("item=5"))
        expect(page.locator(".ris-query")).to_be_attached()
        expect(page.locator(".ris-mark")).to_have_count(24)

    def test_a_link_to_what_is_gone_says_so_and_offers_a_start(self, open_tab):
        page = open_tab("/?query=" + "0" * 64 + "")
        alert = page.get_by_role("alert")
        expect(alert.filter(has_text="not kept any more")).to_be_visible()
        expect(page.get_by_text("Or start from one of these")).to_be_visible()


class TestMap:
    def test_escape_on_the_small_map_clears_no_query(self, open_tab):
        page = of_an_item(open_tab)
        name = page.locator(".st-key-query-words strong").inner_text()
        stage = page.locator(".ris-map-stage")
        expect(page.locator(".ris-map-stage[data-settled]")).to_be_attached()
        page.get_by_role("button", name=re.compile("^Lasso")).click()
        box = stage.bounding_box()
        page.mouse.move(box["x"] + 20, box["y"] + 20)
        page.mouse.down()
        page.mouse.move(box["x"] + 200, box["y"] + 20, steps=4)
        page.mouse.move(box["x"] + 200, box["y"] + 200, steps=4)
        page.keyboard.press("Escape")  # gives the outline up
        page.mouse.up()
        stage.press("Escape")
        settled(page)
        looked_for(page, name)
        expect(page).to_have_url(re.compile("item=3"))
        expect(page.locator(".ris-mark")).to_have_count(24)
        expect(page.get_by_role("heading", name="Search", level=1)).to_be_visible()

    def test_hits_in_several_places_are_told_in_words(self, open_tab, server):
        explorer = Explorer(Collection(server.home, "drawn"))
        told = {
            key: places_in_words(explorer, explorer.similar(key, k=24).hits) for key in range(48)
        }
        page = of_an_item(open_tab, next(key for key, words in told.items() if words))
        expect(page.get_by_text(re.compile(r"lie in \d+ places on the map"))).to_be_visible()

    def test_it_is_saved_with_what_is_looked_for(self, open_tab, tmp_path):
        page = of_an_item(open_tab)
        name = page.locator(".st-key-query-words strong").inner_text()
        with page.expect_download() as download:
            page.get_by_role("button", name="Save this map").click()
        download.value.save_as(tmp_path / "map.html")
        saved = page.context.new_page()
        saved.goto((tmp_path / "map.html").as_uri())
        expect(saved.get_by_text(name).first).to_be_visible()


def test_a_phone_shows_all_of_it(open_tab):
    page = of_an_item(open_tab)
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    expect(page.locator(".card").first).to_be_visible()
    settled(page)
    assert page.evaluate("() => document.querySelector('.stMain').scrollWidth") <= 390
    for control in (".pick", ".similar", ".open"):
        box = page.locator(f".card {control}").first.bounding_box()
        assert 0 <= box["x"] <= 390 - box["width"]
    # what comes after the hits can be reached: more of them come when they are asked for
    page.locator(".ris-map-stage").scroll_into_view_if_needed()
    settled(page)
    expect(page.locator(".ris-map-stage")).to_be_in_viewport()
    page.locator(".card").first.scroll_into_view_if_needed()
    page.locator(".card .picture").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Show on the map")).to_be_visible()
    settled(page)
    assert dialog.evaluate("(each) => each.scrollWidth <= each.clientWidth")
