"""Steering, parts, predictions and explanations in a real browser, by hand and by keyboard."""

import re

import drawn
import pytest
import stores

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def odd(server, tmp_path_factory):
    """A collection whose map tells outlier scores and reconstruction errors."""
    folder = drawn.fill_folder(tmp_path_factory.mktemp("odd"), 3)
    work = tmp_path_factory.mktemp("odd-work")
    stores.publish_folder(server.home, "odd", folder, work, cluster=[0] * 12)
    return "odd"


def settled(page):
    """Wait until the page is at rest."""
    expect(page.locator("[data-test-script-state=running]")).to_have_count(0)
    expect(page.locator(".stElementContainer[data-stale=true]")).to_have_count(0)


def of_an_item(open_tab, path="/?item=3"):
    page = open_tab(path)
    expect(page.locator(".card").first).to_be_visible()
    settled(page)
    return page


def popover(page, words):
    return page.get_by_test_id("stPopoverButton").filter(has_text=words)


class TestSteering:
    def test_marks_by_keyboard_steer_and_become_a_concept(self, open_tab):
        page = of_an_item(open_tab)
        first = page.locator(".card .name").first.inner_text()
        page.locator(".card .picture").nth(12).focus()
        page.keyboard.press("+")
        expect(page.locator(".card[data-mark=more]")).to_have_count(1)
        settled(page)
        page.locator(".card .picture").first.focus()
        page.keyboard.press("-")
        expect(page).to_have_url(re.compile(r"mark=more-\d+-\w+&mark=less-\d+-\w+"))
        settled(page)
        expect(page.locator(".ris-trail")).to_be_attached()
        expect(page.locator(".ris-step")).to_have_count(2)
        popover(page, "Marked: 1 more, 1 less").click()
        page.get_by_role("textbox", name="Keep as a concept").fill("round")
        page.get_by_role("button", name="Keep", exact=True).click()
        expect(page).to_have_url(re.compile("concept=1.00-round"))
        expect(page.locator(".card[data-mark=more]")).to_have_count(0)
        settled(page)
        page = of_an_item(open_tab)  # another search has the slider, at rest
        popover(page, "Concepts").click()
        slider = page.get_by_role("slider", name="round")
        slider.focus()
        page.keyboard.press("ArrowRight")
        expect(page).to_have_url(re.compile("concept=0.25-round"))
        settled(page)
        page.get_by_role("button", name="Drop").click()
        expect(page).not_to_have_url(re.compile("concept="))
        expect(popover(page, "Concepts")).to_have_count(0)
        expect(page.locator(".card .name").first).to_have_text(first)

    def test_selected_cards_are_marked_together_and_unmarked(self, open_tab):
        page = of_an_item(open_tab)
        for number in (0, 2):
            page.locator(".card .pick").nth(number).check()
        page.get_by_role("button", name="Less like these").click()
        expect(page.locator(".card[data-mark=less]")).to_have_count(2)
        settled(page)
        popover(page, "Marked: 2 less").click()
        page.get_by_role("button", name="Forget all marks").click()
        expect(page.locator(".card[data-mark=less]")).to_have_count(0)
        expect(page).not_to_have_url(re.compile("mark="))


class TestPart:
    def test_a_box_is_drawn_by_keyboard_on_the_query(self, open_tab):
        page = of_an_item(open_tab)
        page.get_by_role("button", name="Part of it").click()
        box = page.locator(".crop .box")
        expect(box).to_be_visible()
        box.focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Shift+ArrowDown")
        expect(box).to_have_attribute(
            "aria-label", re.compile("60 % by 62 % .* 18 % from the left")
        )
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"crop=0\.1[78]"))
        expect(page.get_by_text("a part of it")).to_be_visible()
        settled(page)
        page.get_by_role("button", name="Whole picture").click()
        expect(page).not_to_have_url(re.compile("crop="))

    def test_a_box_is_drawn_by_hand_on_a_hit(self, open_tab):
        page = of_an_item(open_tab)
        page.locator(".card .picture").nth(1).click()
        dialog = page.get_by_role("dialog")
        heading = dialog.get_by_role("heading", level=3)
        expect(heading).to_be_visible()
        name = heading.inner_text()
        settled(page)
        dialog.get_by_text("Search with a part").click()
        stage = dialog.locator(".crop .stage")
        expect(stage.locator("img")).to_be_visible()
        settled(page)
        side = stage.bounding_box()
        page.mouse.move(side["x"] + 5, side["y"] + 5)
        page.mouse.down()
        page.mouse.move(side["x"] + side["width"] / 2, side["y"] + side["height"] / 2, steps=4)
        page.mouse.up()
        dialog.locator(".crop .box").focus()
        page.keyboard.press("ArrowRight")
        expect(heading).to_have_text(name)  # the arrow moved the box, not to the next picture
        dialog.get_by_role("button", name="Search with this part").click()
        expect(dialog).to_have_count(0)
        expect(page).to_have_url(re.compile(r"item=\d+-\w+.*crop=0\.0"))
        expect(page.locator(".st-key-query-words").get_by_text(name, exact=True)).to_be_visible()


class TestExplained:
    def test_a_hit_tells_why_it_is_alike(self, open_tab):
        page = of_an_item(open_tab)
        page.locator(".card .picture").nth(1).click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text("Why it is alike")).to_be_visible()
        expect(dialog.locator(".ris-why img")).to_have_count(6)
        for title in ("Looked for", "This picture"):
            expect(dialog.get_by_role("img", name=f"{title}, bright where")).to_be_visible()

    def test_the_hits_say_a_column(self, open_tab):
        page = of_an_item(open_tab)
        page.get_by_role("combobox", name="What the hits say of").click()
        page.get_by_role("option", name="label").click()
        expect(page.get_by_text("of the vote (")).to_be_visible()
        expect(page.get_by_text("left out one by one")).to_be_visible()
        expect(page).to_have_url(re.compile("predict=label"))

    def test_the_oddest_come_first_and_lead_on(self, open_tab, odd):
        page = open_tab("/odd", collection=odd)
        expect(page.locator(".card")).to_have_count(12)
        numbers = page.locator(".card .number").all_inner_texts()
        assert numbers == sorted(numbers, reverse=True)
        settled(page)
        page.get_by_role("button", name="Show on the map").click()
        expect(page.get_by_role("heading", name="Map", level=1)).to_be_visible()
        expect(page.get_by_role("combobox", name="Colour by")).to_have_value("Outlier score")

    def test_those_that_are_redrawn_worst_come_first(self, open_tab, odd):
        page = open_tab("/odd", collection=odd)
        expect(page.locator(".card")).to_have_count(12)
        first = page.locator(".card .number").first
        before = first.inner_text()
        page.get_by_role("radio", name="Redrawn worst").click()
        expect(first).not_to_have_text(before)
        numbers = page.locator(".card .number").all_inner_texts()
        assert numbers == sorted(numbers, reverse=True)
        settled(page)
        page.reload()  # the link keeps the order
        expect(first).to_have_text(numbers[0])
        settled(page)
        page.get_by_role("button", name="Show on the map").click()
        expect(page.get_by_role("combobox", name="Colour by")).to_have_value("Reconstruction error")
