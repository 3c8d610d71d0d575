"""Filters as one expression, which the core understands."""

import pytest

from pages.parts.filters import Filters, expression, named
from ris.errors import RisError

KINDS = {
    "label": "labels",
    "width": "number",
    "modified": "time",
    "path": "text",
    "sold": "bool",
    "class": "text",
    "price (€)": "number",
}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), None),
        (Filters(labels=("bars", 'it\'s "so"')), "label in ['bars', 'it\\'s \"so\"']"),
        (Filters(tags=("fine", "odd")), "tag in ['fine', 'odd']"),
        (Filters(folder="/a"), "(folder == '/a' or path.startswith('/a/'))"),
        (Filters(column="width"), None),
        (Filters(column="width", least="10", most="12.5"), "width >= 10 and width <= 12.5"),
        (Filters(column="price (€)", most="1e3"), "column['price (€)'] <= 1000"),
        (Filters(column="modified", least="2026-05-01"), "modified >= '2026-05-01'"),
        (Filters(column="modified", most="2026-05-31"), "modified < '2026-06-01'"),
        (Filters(column="class", values=("A", "B")), "column['class'] in ['A', 'B']"),
        (Filters(column="sold", values=("yes",)), "sold"),
        (Filters(column="sold", values=("no",)), "not sold"),
        (Filters(where=" width > 3 # wide "), "(width > 3 # wide\n)"),
    ],
)
def test_each_becomes_an_expression(filters, expected):
    assert expression(filters, KINDS) == expected
    assert bool(filters) == (expected is not None)


def test_all_hold_together(explorer):
    folder = explorer.item(0).path.rsplit("/", 2)[0]
    filters = Filters(("bars", "rings"), folder, "width", (), "1", "99", 'path.endswith("3.png")')
    keys = explorer.matching(expression(filters, explorer.columns()))
    assert len(keys) == 2
    assert {explorer.item(int(key)).labels for key in keys} == {("bars",), ("rings",)}


@pytest.mark.parametrize(
    "filters",
    [
        Filters(column="prize", least="1"),
        Filters(column="width", least="wide"),
        Filters(column="modified", most="yesterday"),
        Filters(column="modified", most="9999-12-31"),
    ],
)
def test_what_makes_no_sense_is_told(filters):
    with pytest.raises(RisError):
        expression(filters, KINDS)


@pytest.mark.parametrize("bound", ["inf", "nan", "1e400"])
def test_endless_numbers_are_refused_too(bound):
    with pytest.raises(RisError):
        expression(Filters(column="width", least=bound), KINDS)


def test_names_of_columns_are_quoted_where_they_must_be():
    assert [named(name) for name in ("a", "class", "a b")] == [
        "a",
        "column['class']",
        "column['a b']",
    ]
