"""Keep or roll back, in words."""

from dataclasses import dataclass, replace

import pytest
import reports

from pages.parts import verdict


@dataclass(frozen=True)
class Kept:
    """What the question looks at of a manifest."""

    generation: str
    encoder: str


MANIFESTS = [Kept("3", "new"), Kept("2", "old")]


def test_the_generation_to_roll_back_to_is_the_newest_of_another_encoder():
    assert verdict.earlier(MANIFESTS, "3", reports.card()) == "2"
    assert verdict.earlier(MANIFESTS, "2", reports.card()) is None
    assert verdict.earlier([Kept("1", "old")], "1", reports.card()) is None
    lived_on = [Kept("5", "new"), Kept("4", "new"), *MANIFESTS, Kept("1", "old")]
    assert verdict.earlier(lived_on, "5", reports.card()) == "2"


def test_without_a_card_or_a_comparison_there_is_no_question():
    assert verdict.earlier(MANIFESTS, "3", None) is None
    assert verdict.earlier(MANIFESTS, "3", reports.card(before=None)) is None
    assert verdict.earlier(MANIFESTS, "3", replace(reports.card(), methods={})) is None


@pytest.mark.parametrize(
    ("now", "told"),
    [(0.94, "is better than"), (0.912, "is about as good as"), (0.8, "is worse than")],
)
def test_the_verdict_says_what_the_numbers_come_to(now, told):
    text = verdict.verdict_words(reports.card(now=now, label=None))
    assert text.startswith(f"**The new model {told} the one before.**")
    assert text.endswith("Keep it, or go back to the one before?")


def test_the_verdict_gives_the_numbers():
    text = verdict.verdict_words(reports.card())
    assert "91\\.2\u00a0% before, 94\\.0\u00a0% now" in text
    assert "Same label among the 10 nearest" in text
