"""The report card in words and as a table."""

import re
from dataclasses import replace

import pytest
import reports

from pages.parts import report_card
from ris.explore.card import KindScore, MethodScore
from ris.images.alterations import KINDS


def test_the_headline_counts_of_a_hundred():
    assert report_card.headline(reports.card()) == (
        "Finds 94 of 100 altered copies first; 61 of 100 nearest pictures share the label."
    )
    assert report_card.headline(reports.card(label=None)) == "Finds 94 of 100 altered copies first."


def test_the_headline_of_labels_alone_and_of_nothing():
    alone = replace(reports.card(), methods={"this": MethodScore({}, 0.61)})
    assert report_card.headline(alone) == "61 of 100 nearest pictures share the label."
    nothing = replace(reports.card(), methods={"this": MethodScore({})})
    assert "too few pictures" in report_card.headline(nothing)
    assert report_card.groups(nothing, "rank1") == {}
    assert report_card.noise(nothing) == ""


def test_neither_easy_copies_nor_those_on_their_side_count_for_the_headline():
    card = reports.card(now=0.5)
    assert report_card.found_first(card) == pytest.approx(0.5)
    assert report_card.found_first(card, "before") == pytest.approx(0.912)
    assert report_card.found_first(card, "of another ris") is None


def test_what_is_easy_for_anything_comes_after_the_rest():
    found = report_card.groups(reports.card(), "rank1")
    assert list(found) == ["Altered copies", "Easy for anything", "Labels"]
    assert [row.title for row in found["Easy for anything"]] == [
        "JPEG at quality 30",
        "Half the size",
        "Text over it",
    ]
    rows = found["Altered copies"]
    assert len(rows) == len(KINDS) - 3
    assert rows[0].title == "Mirrored"
    assert rows[0].shares == (0.94, pytest.approx(0.93), 0.912, 0.31, 0.45, 0.52)


def test_the_first_ten_places_are_another_table():
    first, ten = (report_card.groups(reports.card(), m) for m in ("rank1", "top10"))
    assert ten["Altered copies"][0].shares[0] == pytest.approx(0.97)
    assert first["Labels"] == ten["Labels"]


def test_columns_and_rows_that_were_not_measured_are_left_out():
    card = reports.card(before=None, label=None)
    assert "before" not in report_card.columns(card)
    assert "Labels" not in report_card.groups(card, "rank1")
    one = replace(card, methods={"this": MethodScore({"mirror": KindScore(0.5, 0.6)})})
    assert report_card.groups(one, "rank1") == {
        "Altered copies": [report_card.Row("Mirrored", (0.5,))]
    }


@pytest.mark.parametrize(
    ("shares", "places"),
    [
        ((0.9, 0.5, None), {0}),
        ((0.901, 0.904, 0.5), {0, 1}),  # alike as shown
        ((1.0, 1.0), set()),
        ((0.4,), set()),
        ((None, None), set()),
    ],
)
def test_the_best_of_a_row_is_what_is_shown_as_the_highest(shares, places):
    assert report_card.best(shares) == places


def test_the_table_has_headings_for_screen_readers_and_a_mark_besides_colour():
    html = report_card.table(reports.card(), "rank1")
    assert html.count('scope="col"') == 6
    assert html.count('scope="rowgroup"') == 3
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", html)
    assert len(rows) == len(KINDS) + 2
    assert all(cells.count("<td") == 6 for _, cells in rows)
    mirrored = dict(rows)["Mirrored"]
    assert re.findall(r"<strong>(\d+\s%)<", mirrored) == ["94\u00a0%"]
    assert '<span class="ris-unseen"> best</span>' in mirrored
    assert "not measured" in dict(rows)["Same label among the 10 nearest"]


def test_facts_tell_the_card_before_only_where_there_is_one():
    facts = report_card.facts(replace(reports.card(), skipped=1), 0.9984)
    assert facts == {
        "Redraws pictures at": "24.1 dB PSNR, 23.8 dB before (more is closer)",
        "Search index finds": "99.8 % of the true nearest",
        "Copies made of": "300 held-out pictures out of 2,210",
        "Labels compared for": "221 held-out pictures",
        "Could not be read": "1 held-out picture",
    }
    first = report_card.facts(reports.card(before=None, label=None), None)
    assert first["Redraws pictures at"] == "24.1 dB PSNR (more is closer)"
    assert set(first) == {"Redraws pictures at", "Copies made of"}


def test_the_noise_is_one_standard_error_and_never_none():
    assert report_card.noise(reports.card(now=0.5)).startswith("Give or take 2.9 points")
    assert "share of 94\u00a0% measured on 300 pictures" in report_card.noise(reports.card())
    assert report_card.noise(reports.card(now=1.0)).startswith("Give or take 0.3 points")
