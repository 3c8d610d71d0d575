"""Generated and mangled pictures and archives, through the real workers and the real scan.

`python -m benchmarks.fuzz --cases 5000` runs the same for longer.
"""

import pytest

from benchmarks import fuzz
from ris.images.decode import FORMATS


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> fuzz.Report:
    return fuzz.run(tmp_path_factory.mktemp("fuzz"), 300, seed=1)


@pytest.mark.slow
def test_every_file_ends_as_an_item_or_as_one_row_with_a_reason_for_people(report):
    assert report.problems == []
    assert report.items + report.skipped >= 300
    assert min(report.items, report.skipped) > 100


@pytest.mark.slow
def test_it_takes_no_more_time_than_it_may(report):
    assert report.seconds < 60


def test_a_case_is_the_same_each_time():
    assert fuzz.make(3, 7) == fuzz.make(3, 7) != fuzz.make(4, 7)
    assert fuzz.make(3, 10) == fuzz.make(3, 10)


def test_every_format_is_among_the_good_pictures():
    assert {name.split()[0] for name in fuzz.good_pictures()} == set(FORMATS)


@pytest.mark.parametrize(
    "reason",
    [
        "OSError: broken data stream",
        "cannot identify image file <_io.BytesIO object at 0x7f00>",
        "It is at /tmp/ris-fuzz/a.png",
        "Two\nlines",
        "x" * 161,
    ],
)
def test_reasons_that_are_not_for_people_are_found(reason):
    assert fuzz.UNFIT.search(reason)
