"""Numbers in words."""

import pytest

from pages.parts import words
from ris.progress import STAGES


@pytest.mark.parametrize(
    ("degrees", "mirrored", "expected"),
    [
        (0, False, ""),
        (90, False, "turned 90°"),
        (0, True, "mirrored"),
        (270, True, "mirrored, turned 270°"),
    ],
)
def test_a_turn_is_told_only_where_there_is_one(degrees, mirrored, expected):
    assert words.turn(degrees, mirrored) == expected


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 pictures"), (1, "1 picture"), (2400, "2,400 pictures")]
)
def test_count_agrees_with_its_noun(number, expected):
    assert words.count(number, "picture") == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (41_234_567, "41.2 MB"),
        (123_000_000, "123 MB"),
        (5e12, "5,000 GB"),
    ],
)
def test_size(number, expected):
    assert words.size(number) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-1, "0 s"),
        (8.4, "8 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (3600, "1 h"),
        (4200, "1 h 10 min"),
    ],
)
def test_duration(seconds, expected):
    assert words.duration(seconds) == expected


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, "0\u00a0%"), (0.938, "94\u00a0%"), (1.0, "100\u00a0%")]
)
def test_percent(share, expected):
    assert words.percent(share) == expected


def test_a_generation_is_called_by_its_number():
    assert words.generation("00000012") == "12"
    assert words.generation("00000000") == "00000000"


def test_every_stage_of_a_job_has_words_of_its_own():
    for name in STAGES:
        assert words.stage(name) == words.STAGES[name]
    assert words.stage("compact") == "Compact"


def test_markup_in_a_name_is_shown_not_obeyed():
    assert words.plain("a_b*c:red[d]$e$.png") == r"a\_b\*c\:red\[d\]\$e\$\.png"
