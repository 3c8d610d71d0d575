"""Errors as people see them."""

from pages.parts import notices


def test_a_short_message_stays_as_it_is():
    assert notices.shorten("The disk is full.") == "The disk is full."


def test_what_is_to_be_copied_of_a_hint_is_code():
    assert notices.advice("Write `a >= 1`, not b_c.") == r"Write `a >= 1`, not b\_c\."
    assert notices.advice("A file named a`b_c.") == r"A file named a\`b\_c\."


def test_a_long_story_is_cut_to_its_first_line():
    assert notices.shorten("TypeError: no\n\nException encountered: more") == "TypeError: no"


def test_a_long_line_is_cut():
    short = notices.shorten("x" * 500)
    assert len(short) == notices.LONGEST
    assert short.endswith("…")
