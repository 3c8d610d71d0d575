"""Errors as people see them."""

from pages.parts import notices


def test_a_short_message_stays_as_it_is():
    assert notices.shorten("The disk is full.") == "The disk is full."


def test_a_long_story_is_cut_to_its_first_line():
    assert notices.shorten("TypeError: no\n\nException encountered: more") == "TypeError: no"


def test_a_long_line_is_cut():
    short = notices.shorten("x" * 500)
    assert len(short) == notices.LONGEST
    assert short.endswith("…")
