"""A job in words."""

import dataclasses

import pytest
import reports
import stores

from pages.parts import job_panel, job_words, loss_chart, sidebar
from ris.jobs import JobState
from ris.progress import PLAN
from ris.store.collection import Collection

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
    state = dataclasses.replace(running, status="finished")
    assert job_words.brought(state) == "Retrained in 1 min 5 s."
    assert job_words.brought(state, reports.card()) == (
        "Retrained in 1 min 5 s. The new model is better than the one before. "
        "Altered copies found first: 91\u00a0% before, 94\u00a0% now."
    )
    created = dataclasses.replace(state, command="create")
    assert job_words.brought(created, reports.card(before=None)) == (
        "Created in 1 min 5 s. Altered copies found first: 94\u00a0%."
    )


def test_a_finished_job_whose_model_was_not_taken_says_why_and_nothing_else(running):
    state = dataclasses.replace(running, status="finished", kept_old="It came out worse.")
    assert job_words.brought(state, reports.card()) == "It came out worse."


def test_without_copies_that_can_be_compared_only_the_time_is_told(running):
    card = dataclasses.replace(reports.card(), methods={})
    state = dataclasses.replace(running, status="finished")
    assert job_words.brought(state, card) == "Retrained in 1 min 5 s."


def test_the_card_of_a_job_is_that_of_what_it_published(running, home, monkeypatch):
    monkeypatch.setenv("RIS_HOME", str(home))
    state = dataclasses.replace(running, collection="drawn", generation="00000001")
    assert job_panel.card_of(state) is None
    collection = Collection(home, "drawn")
    told = reports.card()
    facts = {"report": told.to_json()}
    draft = stores.make_draft(collection, home / "work", seed=1, facts=facts)
    collection.publish(draft, parent="00000001")
    assert job_panel.card_of(dataclasses.replace(state, generation="00000002")) == told
    assert job_panel.card_of(dataclasses.replace(state, generation="00000009")) is None
    assert job_panel.card_of(dataclasses.replace(state, generation=None)) is None


@pytest.fixture
def fitting(running):
    """The second round of a creation."""
    return dataclasses.replace(running, command="create", stages=("train", *PLAN), stage="train")


def test_the_second_round_of_a_creation_is_told_from_the_first(running, fitting):
    assert job_words.is_fitting(fitting)
    assert not job_words.is_fitting(dataclasses.replace(fitting, stages=("scan", *PLAN)))
    assert not job_words.is_fitting(dataclasses.replace(fitting, command="train"))
    assert job_panel.stage_list(fitting).startswith(":primary[")


def test_cancelling_says_what_stays(running, fitting):
    first = dataclasses.replace(fitting, stages=("scan", *PLAN))
    assert "as you can search it now" in job_words.cancel_help(fitting)
    assert job_words.cancel_help(first) == "Nothing is published."
    assert "what served before goes on serving" in job_words.cancel_help(running)
    assert "What could be searched before stays" in job_words.cancelled(fitting)
    assert job_words.cancelled(first) == "Creating was cancelled."
    assert job_words.cancelled(running) == "Retraining was cancelled."


def test_the_best_validation_is_the_lowest_one():
    assert loss_chart.best_validation(HISTORY) == 0.06
    assert loss_chart.best_validation(()) is None


def test_the_estimate_adds_what_came_after_training_last_time():
    assert sidebar.estimate(3, None).startswith("3 min of training")
    assert sidebar.estimate(3, 61).startswith("Ready in about 5 min")
    for text in (sidebar.estimate(3, None), sidebar.estimate(3, 61)):
        assert text.endswith("then report card and map. Searching goes on meanwhile.")


def test_a_creation_has_two_rounds_of_which_a_retraining_takes_one(running):
    done = dataclasses.replace(running, status="finished", seconds=150.0)
    assert sidebar.besides_training(done) == 60.0
    assert sidebar.besides_training(dataclasses.replace(done, command="create")) == 30.0
    assert sidebar.besides_training(running) is None
    assert sidebar.besides_training(dataclasses.replace(done, history=())) is None


def test_the_curves_are_those_of_the_history_and_leave_out_what_was_not_measured():
    drawn = loss_chart.figure(HISTORY, titles=True)
    for curve, kind in zip(drawn.data, ("loss", "validation_loss"), strict=True):
        measured = [row for row in HISTORY if row.get(kind) is not None]
        assert list(curve.y) == [row[kind] for row in measured]
        assert list(curve.x) == [row["seconds"] for row in measured]
    assert drawn.layout.xaxis.title.text == "seconds of training"
