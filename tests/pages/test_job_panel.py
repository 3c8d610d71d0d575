"""A job in words."""

import dataclasses

import pytest

from pages.parts import job_panel, loss_chart, sidebar
from ris.jobs import JobState

HISTORY = (
    {"step": 0, "pictures": 0, "seconds": 0.0, "loss": 0.1, "validation_loss": 0.12},
    {"step": 40, "pictures": 1280, "seconds": 60.0, "loss": 0.05, "validation_loss": None},
    {"step": 80, "pictures": 2560, "seconds": 90.0, "loss": 0.04, "validation_loss": 0.06},
)


@pytest.fixture
def running():
    values = {
        "id": "1",
        "collection": "demo",
        "command": "train",
        "status": "running",
        "stages": ("train", "embed", "graph", "map", "publish"),
        "stage": "embed",
        "done": 1200,
        "total": 2400,
        "unit": "pictures",
        "per_second": 480.0,
        "seconds_left": 80.0,
        "seconds": 65.0,
        "history": HISTORY,
        "message": "",
        "error": "",
        "hint": "",
        "generation": None,
    }
    # A field that the core adds later has no say in these words.
    for field in dataclasses.fields(JobState):
        if field.name not in values and field.default is dataclasses.MISSING:
            values[field.name] = None
    return JobState(**values)


def test_progress_tells_how_much_and_how_fast(running):
    assert job_panel.fraction(running) == 0.5
    assert job_panel.progress_words(running) == "1,200 of 2,400 pictures, 480 per second"


def test_progress_without_a_total_or_a_rate(running):
    state = dataclasses.replace(running, total=None, per_second=None)
    assert job_panel.fraction(state) == 0.0
    assert job_panel.progress_words(state) == "1,200 pictures"
    assert job_panel.progress_words(dataclasses.replace(state, done=0)) == "starting"


def test_progress_never_passes_the_end(running):
    assert job_panel.fraction(dataclasses.replace(running, done=9999)) == 1.0


def test_stages_are_done_present_or_to_come(running):
    lines = job_panel.stage_list(running).split("\n")
    assert "check_circle" in lines[0]
    assert "**Embed every picture**" in lines[1]
    assert all(":gray[" in line for line in lines[2:])


def test_a_finished_job_says_what_it_brought(running):
    text = job_panel.brought(dataclasses.replace(running, status="finished"))
    assert "Retrained in 1 min 5 s" in text
    assert "0.0600" in text


def test_the_best_validation_is_the_lowest_one():
    assert loss_chart.best_validation(HISTORY) == 0.06
    assert loss_chart.best_validation(()) is None


def test_the_estimate_adds_what_came_after_training_last_time():
    assert sidebar.estimate(3, None).startswith("3 min of training")
    assert sidebar.estimate(3, 61).startswith("Ready in about 5 min")
