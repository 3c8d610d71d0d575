"""The controls over the hits, on a collection with columns of its own."""

import json
from pathlib import Path

import drawn
import numpy as np
import pytest
import stores
from streamlit.testing.v1 import AppTest

from pages.parts.search_controls import folders_of
from ris.store.collection import Collection
from ris.store.tags import Tags

ROUTER = Path(__file__).resolve().parents[2] / "pages" / "router.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures, and a home with a collection of them that has prices, days and words."""
    place = tmp_path_factory.mktemp("shop")
    source = drawn.fill_folder(place / "pictures", 5)
    lines = ["path,label,price,sold,added,maker"]
    for number, file in enumerate(sorted(source.rglob("*.png"))):
        maker = "Ann" if number % 2 else "Bob"
        price = "" if number == 7 else f"{number}.5"
        sold = "true" if number < 4 else "false"
        day = f"2026-05-{number + 1:02}"
        lines.append(f"{file.relative_to(source)},{file.parent.name},{price},{sold},{day},{maker}")
    table = place / "shop.csv"
    table.write_text("\n".join(lines))
    stores.publish_folder(place / "home", "shop", source, place / "work", labels=str(table))
    return place


@pytest.fixture
def shop(folder, monkeypatch):
    """Opens the Search page at an address."""
    monkeypatch.setenv("RIS_HOME", str(folder / "home"))

    def at(**said):
        app = AppTest.from_file(ROUTER, default_timeout=60)
        for name, value in {"item": "0", "k": "96", **said}.items():
            app.query_params[name] = value
        return app.run()

    return at


def cards_on(app):
    grid = next(e for e in app.main if getattr(e.proto, "component_name", "") == "ris_hits")
    return json.loads(grid.proto.json)["cards"]


def keys_on(app):
    assert not app.exception
    return sorted(card["key"] for card in cards_on(app))


def control(found, label):
    return next(each for each in found if each.label == label)


def test_a_range_of_numbers(shop):
    app = shop()
    control(app.selectbox, "What else is known").set_value("price").run()
    assert control(app.number_input, "At least").placeholder == "0.5"
    control(app.number_input, "At least").set_value(3.5).run()
    control(app.number_input, "At most").set_value(8.0).run()
    assert keys_on(app) == [3, 4, 5, 6]
    assert (app.query_params["least"], app.query_params["most"]) == ("3.5", "8.0")
    assert keys_on(shop(column="price", least="3.5", most="8.0")) == [3, 4, 5, 6]


def test_a_range_of_days_with_its_last_one(shop):
    app = shop(column="added", least="2026-05-03", most="2026-05-05")
    assert keys_on(app) == [2, 3, 4]
    assert str(control(app.date_input, "To").value) == "2026-05-05"


def test_yes_or_no(shop):
    app = shop(column="sold")
    group = next(g for g in app.get("button_group") if g.label == "It is")
    group.set_value("yes").run()
    assert keys_on(app) == [1, 2, 3]
    assert len(keys_on(shop(column="sold", value="no"))) == 16


def test_some_words(shop):
    app = shop(column="maker")
    control(app.multiselect, "One of").set_value(["Ann"]).run()
    assert keys_on(app) == list(range(1, 20, 2))


def test_another_column_begins_anew(shop):
    app = shop(column="price", least="3.5")
    control(app.selectbox, "What else is known").set_value("maker").run()
    assert len(keys_on(app)) == 19


def test_tags_are_a_filter_once_there_are_some(shop, folder):
    assert [each.label for each in shop().multiselect] == ["Labels"]
    tags = Tags(Collection(folder / "home", "shop"))
    tags.add("fine", np.array([4, 6]))
    app = shop()
    control(app.multiselect, "Tags").set_value(["fine"]).run()
    assert keys_on(app) == [4, 6]
    assert keys_on(shop(tag="fine")) == [4, 6]
    tags.remove("fine", np.array([4, 6]))


def test_a_column_that_is_not_there_is_told(shop):
    app = shop(column="prize", least="1")
    assert not app.exception
    assert "no column 'prize'" in app.error[0].value


@pytest.mark.parametrize(
    "said",
    [
        {"column": "price", "least": "dear"},
        {"column": "added", "most": "soon"},
        {"column": "sold", "value": "perhaps"},
        {"column": "maker", "value": "Nobody"},
        {"label": "nothing"},
        {"folder": "/nowhere"},
        {"sort": "column.nothing"},
        {"sort": "nonsense"},
        {"k": "13"},
    ],
)
def test_whatever_a_link_says_the_page_stands(shop, said):
    assert not shop(**said).exception


def test_sorted_by_a_column_those_without_a_value_come_last(shop):
    app = shop(sort="-column.price")
    assert not app.exception
    assert [card["key"] for card in cards_on(app)] == [*range(19, 7, -1), 6, 5, 4, 3, 2, 1, 7]


def test_a_folder_with_those_below(shop, folder):
    app = shop(folder=str(folder / "pictures" / "discs"))
    assert {card["labels"][0] for card in cards_on(app)} == {"discs"}
    assert len(keys_on(shop(folder=str(folder / "pictures")))) == 19


def test_folders_above_are_offered_where_they_hold_several():
    assert folders_of(("/a/b/c", "/a/b/d", "/a/e", "")) == [
        "/a",
        "/a/b",
        "/a/b/c",
        "/a/b/d",
        "/a/e",
    ]
    assert folders_of(("/x/y/z",)) == ["/x/y/z"]
