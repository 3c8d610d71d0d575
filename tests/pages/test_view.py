"""What a link says, and what is believed of it."""

from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pages.parts import address_bar, view
from pages.parts.filters import Filters
from pages.parts.view import View

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
ids = st.text("0123456789abcdef", min_size=64, max_size=64)
some_words = st.lists(words, max_size=3, unique=True).map(tuple)
views = st.builds(
    View,
    items=st.lists(
        st.builds(view.item_name, st.integers(0, 10**12), ids), max_size=4, unique=True
    ).map(tuple),
    pictures=st.lists(ids, max_size=4, unique=True).map(tuple),
    number=st.integers(1, view.MOST_HITS),
    copies=st.booleans(),
    sort=st.sampled_from(["", "label", "-column.price"]),
    predict=st.sampled_from(["", "label", "what it cost"]),
    filters=st.builds(
        Filters,
        some_words,
        st.just("") | words,
        st.just("") | words,
        some_words,
        st.just("") | words,
        st.just("") | words,
        st.just("") | words,
        some_words,
    ),
)


@settings(deadline=None)  # the first one also imports
@given(views)
def test_a_link_says_all_of_a_view(shown):
    address = urlencode(view.write(shown), doseq=True)
    assert view.read(parse_qs(address)) == shown


def test_what_is_as_ever_is_not_said():
    assert not any(view.write(View()).values())
    alone = View(pictures=("a" * 64,), alone=True)
    assert view.write(alone)["alone"] == []  # of one picture it means nothing


@pytest.mark.parametrize(
    "said",
    [
        {"k": ["many"]},
        {"k": ["0"]},
        {"k": ["-5"]},
        {"k": ["100000000000000000000"]},
        {"k": ["²"]},
        {"item": ["x", "", "-1", "9" * 40, "1-xyz", "1-ABC"]},
        {"query": ["../../etc/passwd", "a" * 63, "A" * 64]},
        {"copies": ["perhaps"]},
        {"unknown": ["1"]},
    ],
)
def test_what_makes_no_sense_is_left_out(said):
    assert view.read(said) == View()


def test_no_link_asks_for_endlessly_many_pictures():
    said = {"item": [str(n) for n in range(99)], "query": [f"{n:064}" for n in range(99)]}
    assert view.read(said).asks == view.MOST_PICTURES


def test_an_item_is_told_from_that_of_another_collection():
    name = view.item_name(5, "ab" * 32)
    assert name == "5-abababab"
    assert view.item_of(name) == (5, "abababab")
    assert view.item_of("5") == (5, "")


ITEM = View(items=("5-abababab",))


@pytest.mark.parametrize(
    ("said", "known", "changed", "arrived", "shown"),
    [
        (ITEM, View(), False, False, ITEM),  # a link, or Back
        (View(), View(number=48), False, False, View()),  # Back to the beginning
        (View(), View(number=48), False, True, View(number=48)),  # from the menu
        (ITEM, View(number=48), False, True, ITEM),  # Back from the map
        (ITEM, View(), True, False, View()),  # Clear
    ],
)
def test_the_address_bar_is_right_unless_people_changed_something(
    said, known, changed, arrived, shown
):
    assert address_bar.decide(said, known, changed=changed, arrived=arrived) == shown
