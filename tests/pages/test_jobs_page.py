"""What people see of jobs: in the sidebar of every page, and on a page of their own."""

import json
import multiprocessing
import os
import re
import time
from datetime import UTC, datetime

import psutil
import pytest
import reports
import stores

from ris import forecast, jobs
from ris.errors import BusyError
from ris.store.collection import Collection
from tests.pages.test_screens import app, press, words_on  # noqa: F401

PLAN = ["train", "embed", "evaluate", "graph", "map", "publish"]


def told(stage: str, done: int, total: int | None, *, ago: float, unit="pictures", **more):
    """A line of progress."""
    event = {"time": time.time() - ago, "event": "progress", "stage": stage, "done": done}
    return {**event, "total": total, "unit": unit, "loss": None, "note": "", **more}


def lay_down(home, job: str, *events, name="drawn", arguments=("train", "drawn"), pid=None):
    """A job as its files tell it; of a living process where a pid is given."""
    folder = home / name / "jobs" / job
    folder.mkdir(parents=True)
    began = time.time() - 90
    created = datetime.fromtimestamp(began, UTC).isoformat()
    facts = {"arguments": [*arguments], "created": created, "time": began}
    (folder / "job.json").write_text(json.dumps(facts))
    who = {"pid": pid or 2**22 + 1, "created": psutil.Process(pid).create_time() if pid else 0.0}
    (folder / "process.json").write_text(json.dumps(who))
    (folder / "progress.jsonl").write_text("".join(json.dumps(one) + "\n" for one in events))
    return folder


def loss(seconds: float, training: float, validation: float):
    point = {"step": int(seconds), "pictures": 100, "seconds": seconds}
    return {**point, "loss": training, "validation_loss": validation}


@pytest.fixture
def training(home):
    """A training that runs: this process."""
    points = [loss(0, 0.1, 0.12), loss(30, 0.05, 0.06)]
    begin = told("train", 0, 60, ago=80, unit="seconds", plan=PLAN, loss=points[0])
    lay_down(
        home,
        "9999-1",
        begin,
        told("train", 30, 60, ago=1, unit="seconds", loss=points[1]),
        arguments=("train", "drawn", "--minutes", "1"),
        pid=os.getpid(),
    )


def sidebar(app):  # noqa: F811
    return " ".join(str(e.value) for e in [*app.sidebar.markdown, *app.sidebar.caption])


def button(app, label):  # noqa: F811
    return next(one for one in app.sidebar.button if one.label == label)


def test_a_running_job_says_what_it_is_since_when_and_what_it_will_change(app, training):  # noqa: F811
    app.run()
    assert not app.exception
    assert re.search(r"\*\*Retraining\*\*, since \d\d:\d\d", sidebar(app))
    assert re.search(r"1 min 3\d s so far, about 30 s left in this step", sidebar(app))
    assert "a new generation, with another model" in sidebar(app)
    assert "should it come out worse" in sidebar(app)
    assert not [one for one in app.sidebar.button if one.label == "Retrain"]


def test_its_loss_is_shown_with_the_validation(app, training):  # noqa: F811
    app.run()
    chart = app.sidebar.get("plotly_chart")[0]
    assert '"validation"' in chart.proto.spec
    assert "the best validation loss is 0.0600" in str(chart.proto)


def test_how_long_it_takes_in_all_is_told_by_the_job_before(app, home, training):  # noqa: F811
    stages = [told("train", 0, 60, ago=400, plan=PLAN)]
    stages += [told(stage, 0, 1, ago=300 - 20 * i) for i, stage in enumerate(PLAN[1:])]
    end = {"time": time.time() - 200, "event": "finished", "generation": "00000001"}
    lay_down(home, "9999-0", *stages, end)
    before = jobs.every(home, "drawn")
    assert forecast.left(before[0], before) == pytest.approx(30 + 4 * 20 + 20, abs=1)
    app.run()
    assert "ready in about 2 min" in sidebar(app)


def test_a_job_without_a_forerunner_forecasts_nothing_but_its_stage(home, training):
    only = jobs.latest(home, "drawn")
    assert forecast.left(only, []) is None
    assert forecast.stage_left(only) == 30


def test_cancelling_asks_first(app, training, monkeypatch):  # noqa: F811
    cancelled = []
    monkeypatch.setattr(jobs, "cancel", lambda home, name: cancelled.append(name))
    app.run()
    button(app, "Cancel…").click().run()
    assert "**Cancel it?** Nothing is published; what served before" in sidebar(app)
    assert not cancelled
    button(app, "Go on").click().run()
    assert "Cancel it?" not in sidebar(app)
    button(app, "Cancel…").click().run()
    button(app, "Cancel the job").click().run()
    assert cancelled == ["drawn"]
    assert "Cancel it?" not in sidebar(app)


def test_a_finished_training_says_what_it_brought_and_where_to_look(app, home, tmp_path):  # noqa: F811
    collection = Collection(home, "drawn")
    facts = {"report": reports.card().to_json()}
    draft = stores.make_draft(collection, tmp_path / "w", seed=1, facts=facts)
    collection.publish(draft, parent="00000001")
    end = {"time": time.time() - 30, "event": "finished", "generation": "00000002"}
    lay_down(home, "9999-1", told("train", 0, 60, ago=80), end)
    app.run()
    assert "**Retraining: done**" in sidebar(app)
    assert "Retrained in 1 min" in sidebar(app).replace("\\", "")
    assert "The new model is better than the one before" in sidebar(app)
    assert "91\u00a0% before, 94\u00a0% now" in sidebar(app)
    link = app.sidebar.get("page_link")[0].proto
    assert (link.label, link.page) == ("See the report card", "model")
    button(app, "Dismiss").click().run()
    assert "Retrained" not in sidebar(app)


def test_an_addition_says_how_many_pictures_it_brought(app, home):  # noqa: F811
    changes = dict.fromkeys(("changed", "moved", "restored", "gone", "unreadable", "same"), 0)
    end = {"time": time.time(), "event": "finished", "generation": "00000001"}
    end["changes"] = {**changes, "new": 12}
    lay_down(home, "9999-1", end, arguments=("add", "drawn", "/somewhere/more pictures"))
    app.run()
    assert "Adding pictures: 12 new. 48 pictures now." in sidebar(app).replace("\\", "")
    assert app.sidebar.get("page_link")[0].proto.label == "See the collection"


def test_a_killed_job_says_so_and_is_started_again_by_one_press(app, home, monkeypatch):  # noqa: F811
    arguments = ["train", "drawn", "--minutes", "3"]
    lay_down(home, "9999-1", told("embed", 5, 48, ago=30), arguments=arguments)
    started = []
    monkeypatch.setattr(jobs, "start", lambda home, name, arguments: started.append(arguments))
    app.run()
    said = app.sidebar.error[0].value.replace("\\", "")
    assert "Retraining was killed from outside while it was at “Embed every picture”" in said
    assert "Nothing was lost" in said
    assert "short of memory" in said
    button(app, "Start again").click().run()
    assert started == [arguments]


def test_a_fitting_that_was_killed_is_started_again_as_a_training(app, home, monkeypatch):  # noqa: F811
    begin = told("train", 0, 60, ago=80, unit="seconds", plan=PLAN)
    arguments = ["create", "drawn", "/pictures", "--labels", "none", "--minutes", "3"]
    lay_down(home, "9999-1", begin, arguments=arguments)
    started = []
    monkeypatch.setattr(jobs, "start", lambda home, name, arguments: started.append(arguments))
    app.run()
    button(app, "Start again").click().run()
    assert started == [["train", "drawn", "--minutes", "3"]]


def test_who_comes_second_sees_the_job_of_the_first(app, home, monkeypatch, request):  # noqa: F811
    app.run()

    def busy(*_):
        request.getfixturevalue("training")
        raise BusyError("A job of 'drawn' runs already.")

    monkeypatch.setattr(jobs, "start", busy)
    button(app, "Retrain").click().run()
    assert not app.exception
    assert not app.sidebar.error
    assert "started it just before you" in app.sidebar.info[0].value
    assert "**Retraining**" in sidebar(app)


def press_retrain(home, gate, answers):
    """Somebody's press, in a process of its own."""
    gate.wait()
    try:
        answers.put(jobs.start(home, "drawn", ["train", "drawn", "--minutes", "60"]).id)
    except BusyError:
        answers.put("")


@pytest.mark.slow
def test_of_all_who_press_retrain_at_once_one_starts_a_job(home, plain_main):
    context = multiprocessing.get_context("fork")
    gate, answers = context.Barrier(6), context.Queue()
    people = [context.Process(target=press_retrain, args=(home, gate, answers)) for _ in range(6)]
    for person in people:
        person.start()
    found = [answers.get(timeout=60) for _ in people]
    for person in people:
        person.join(60)
    started = [one for one in found if one]
    try:
        assert len(started) == 1
        assert [job.id for job in jobs.every(home, "drawn")] == started
    finally:
        for one in started:
            facts = json.loads((home / "drawn" / "jobs" / one / "process.json").read_text())
            psutil.Process(facts["pid"]).kill()


def test_the_page_of_jobs_shows_what_runs_anywhere_and_what_ended(app, home, training):  # noqa: F811
    lay_down(home, "9999-0", told("embed", 5, 48, ago=30))
    lay_down(
        home,
        "9999-2",
        told("scan", 5, 48, ago=30),
        name="new",
        pid=os.getpid(),
        arguments=("create", "new", "/pictures/holiday"),
    )
    app.run().switch_page("jobs.py").run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Jobs"]
    heads = [one.value for one in app.main.subheader]
    assert heads == ["drawn", "new", "Ended"]
    assert "**Creating** (holiday), since" in words_on(app)
    table = app.dataframe[0].value
    assert list(table["Ended"]) == ["killed"]
    assert "killed from outside" in table["What it brought"][0]


def test_a_page_of_jobs_without_any_says_so(app):  # noqa: F811
    app.run().switch_page("jobs.py").run()
    assert not app.exception
    assert "No job is running." in words_on(app)
    assert "None yet" in words_on(app)
