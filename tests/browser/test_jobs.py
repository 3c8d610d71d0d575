"""A job as two people see it: begun at once, asked about, killed, started again, done."""

import json
import re

import psutil
import pytest

from ris import jobs

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
pytestmark = [pytest.mark.browser, pytest.mark.slow]

TRAINED = 240_000  # milliseconds that a short training may take on a busy machine


def process_of(home, job: str) -> psutil.Process:
    facts = json.loads((home / "drawn" / "jobs" / job / "process.json").read_text())
    return psutil.Process(facts["pid"])


def test_a_job_is_one_for_all_and_says_at_each_turn_what_is_and_what_to_do(open_tab, server):
    ann, ben = open_tab(), open_tab("/model")
    for page in (ann, ben):
        expect(page.get_by_role("button", name="Retrain")).to_be_visible()
        expect(page.locator("[data-test-script-state=running]")).to_have_count(0)

    # Both press before either page can know of the other.
    for page in (ann, ben):
        page.get_by_role("button", name="Retrain").evaluate("(button) => void button.click()")
    for page in (ann, ben):
        expect(page.get_by_text(re.compile(r"^Retraining, since \d\d:\d\d$"))).to_be_visible()
        expect(page.get_by_text("It makes a new generation")).to_be_visible()
    started = jobs.every(server.home, "drawn")
    assert len(started) == 1
    running = started[0].id

    # It is asked about while it goes on, and the question outlives the page's own looking.
    expect(ann.get_by_role("button", name="Finish early")).to_be_visible(timeout=TRAINED)
    ann.get_by_role("button", name="Cancel…").click()
    expect(ann.get_by_text("what served before goes on serving")).to_be_visible()
    before = ann.get_by_text(" so far").inner_text()
    expect(ann.get_by_text(" so far")).not_to_have_text(before)
    expect(ann.get_by_role("button", name="Cancel the job")).to_be_visible()
    ann.get_by_role("button", name="Go on").click()
    expect(ann.get_by_role("button", name="Cancel the job")).to_have_count(0)
    assert jobs.latest(server.home, "drawn").status == "running"
    chart = ann.get_by_test_id("stSidebar").locator(".js-plotly-plot")
    expect(chart.get_by_text("validation")).to_be_visible(timeout=TRAINED)

    process_of(server.home, running).kill()
    for page in (ann, ben):
        alert = page.get_by_role("alert").filter(has_text="Retraining was killed from outside")
        expect(alert.get_by_text("Train the model")).to_be_visible()
        expect(alert.get_by_text("Nothing was lost")).to_be_visible()

    ann.get_by_role("button", name="Start again").click()
    for page in (ann, ben):
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(page.get_by_text(re.compile(r"^Retraining, since"))).to_be_visible()
    finish = ben.get_by_role("button", name="Finish early")
    expect(finish).to_be_visible(timeout=TRAINED)
    finish.click()
    for page in (ann, ben):
        expect(page.get_by_text("Retraining: done")).to_be_visible(timeout=2 * TRAINED)
        told = page.get_by_test_id("stSidebar").get_by_text(re.compile("^Retrained in|^The model"))
        expect(told).to_be_visible()

    ann.get_by_role("link", name="See the report card").click()
    expect(ann.get_by_role("heading", name="Report card")).to_be_visible()
    expect(ann).to_have_url(re.compile("/model"))
    ann.get_by_role("link", name="Jobs").click()
    expect(ann.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    expect(ann.get_by_text("No job is running.")).to_be_visible()
    assert [job.status for job in jobs.every(server.home, "drawn")] == ["finished", "killed"]
