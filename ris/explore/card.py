"""The report card of an encoder: what was measured, as JSON and back, and what to conclude.

`evaluation.py` fills it in; builds, pages and the command line read it.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ris.errors import StoreError

FORMAT = 1
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)  # of copies, by distance
METHODS = (
    "this",
    "this_copies",
    "before",
    "raw_pixels",
    "colour_histogram",
    "perceptual_hash",
)
# The kinds of copy that tell encoders apart: all find the others, and only a search for copies
# promises to find what was turned by 90 degrees.
COMPARED = ("mirror", "colours", "crop70", "crop50", "turn10")
GUARDED = {  # what may never be lost
    "jpeg": "at JPEG quality 30",
    "half": "at half the size",
    "text": "with text over them",
}
WORSE = 0.005  # of the score
LOST = 0.03  # of the guarded copies, if that is more than two standard errors


@dataclass(frozen=True)
class KindScore:
    """How often altered copies of one kind find their original.

    Attributes:
        rank1: Share of the copies that their original comes first for, 0 … 1.
        top10: Share of the copies that have their original among the first ten, 0 … 1.
        distances: How far copies are from their original: the cosine distances that `SHARES` of
            them stay under; empty where that was not looked at.
    """

    rank1: float
    top10: float
    distances: tuple[float, ...] = ()


@dataclass(frozen=True)
class MethodScore:
    """What one way to describe pictures achieves.

    Attributes:
        copies: By kind of altered copy; empty when no original could be altered.
        precision_at_10: Share of the ten nearest that have the query's label, 0 … 1.
        neighbour_vote: Share of the queries whose label most of the 20 nearest have, 0 … 1.
        psnr_db: Mean PSNR of the decoder's reconstructions in dB; more is closer.
        psnr_shares: The PSNR that `SHARES` of the held-out pictures stay under; empty where an
            earlier ris did not look.
    """

    copies: Mapping[str, KindScore]
    precision_at_10: float | None = None
    neighbour_vote: float | None = None
    psnr_db: float | None = None
    psnr_shares: tuple[float, ...] = ()

    @property
    def found_first(self) -> float | None:
        """Share of the copies that their original comes first for, over the kinds `COMPARED`."""
        if not all(kind in self.copies for kind in COMPARED):
            return None
        return sum(self.copies[kind].rank1 for kind in COMPARED) / len(COMPARED)


@dataclass(frozen=True)
class ReportCard:
    """What an encoder achieves on a collection, beside other ways.

    Attributes:
        pictures: Pictures that were searched.
        queries: Held-out pictures whose altered copies were searched for.
        labelled_queries: Held-out pictures whose label was compared with their neighbours'.
        methods: By name, see `METHODS`; "before" and "this_copies" may be missing.
        recall: Share of the true 10 nearest that the generation's index finds.
        skipped: Held-out pictures that could not be read to be altered.
        scale: What distances are called, as `scale.scale_from_json` reads it; None where there were
            too few pictures to learn it from.
        format: Version of the JSON object.
    """

    pictures: int
    queries: int
    labelled_queries: int
    methods: Mapping[str, MethodScore]
    recall: float | None = None
    skipped: int = 0
    scale: Mapping[str, Any] | None = None
    format: int = FORMAT

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)

    @staticmethod
    def from_json(content: object) -> "ReportCard":
        """From a JSON object; keys that it does not know are passed over.

        Raises:
            StoreError: It is not a report card, or a newer version of ris wrote it.
        """
        card = _object(content, "report card")
        version = _count(card, "format", FORMAT)
        if version > FORMAT:
            raise StoreError(
                f"The report card has format version {version}, "
                f"this ris reads versions up to {FORMAT}.",
                "Update ris; nothing was changed.",
            )
        methods = _object(card.get("methods"), "report card's methods")
        return ReportCard(
            pictures=_count(card, "pictures"),
            queries=_count(card, "queries"),
            labelled_queries=_count(card, "labelled_queries", 0),
            methods={name: _method(facts) for name, facts in methods.items()},
            recall=_number(card, "recall"),
            skipped=_count(card, "skipped", 0),
            scale=None if card.get("scale") is None else _object(card["scale"], "scale"),
            format=version,
        )


@dataclass(frozen=True)
class Verdict:
    """Whether an encoder is worse than the one before it.

    Attributes:
        worse: Whether it should not take the other's place unasked.
        change: Its score less the other's, -1 … 1; 0 when nothing can be compared.
        reasons: The numbers behind it, in sentences.
    """

    worse: bool
    change: float
    reasons: str


def compare(card: ReportCard) -> Verdict:
    """Compare the methods "this" and "before".

    A score is the mean share of copies found first over the kinds `COMPARED`; where there are
    labels, it is the mean of that and of the two measures of labels. Worse is a score that fell by
    more than `WORSE`, or one of the kinds `GUARDED` that is found less often by more than `LOST`
    and more than chance allows.
    """
    now, before = card.methods.get("this"), card.methods.get("before")
    if now is None or before is None:
        return Verdict(False, 0.0, "There is no earlier encoder to compare with.")
    changes: list[float] = []
    reasons: list[str] = []
    if before.found_first is not None and now.found_first is not None:
        changes.append(now.found_first - before.found_first)
        reasons.append(_told("Copies found first", before.found_first, now.found_first))
    labels = [
        (title, old, new)
        for title, old, new in (
            ("Same label among the 10 nearest", before.precision_at_10, now.precision_at_10),
            ("Right by the vote of the 20 nearest", before.neighbour_vote, now.neighbour_vote),
        )
        if old is not None and new is not None
    ]
    if labels:
        changes.append(sum(new - old for _, old, new in labels) / len(labels))
        reasons += [_told(title, old, new) for title, old, new in labels]
    lost = [
        _told(f"Copies {title} found first", before.copies[kind].rank1, now.copies[kind].rank1)
        for kind, title in GUARDED.items()
        if kind in before.copies
        and kind in now.copies
        and before.copies[kind].rank1 - now.copies[kind].rank1
        > max(LOST, 2 * _standard_error(now.copies[kind].rank1, card.queries)) + 1e-9
    ]
    if not changes and not lost:
        return Verdict(False, 0.0, "There was nothing to compare the two encoders by.")
    change = sum(changes) / len(changes) if changes else 0.0
    return Verdict(bool(lost) or change < -WORSE - 1e-9, change, " ".join(reasons + lost))


def _standard_error(share: float, count: int) -> float:
    return math.sqrt(share * (1 - share) / max(count, 1))


def _told(title: str, before: float, now: float) -> str:
    return f"{title}: {100 * before:.1f} % before, {100 * now:.1f} % now."


def _method(content: object) -> MethodScore:
    facts = _object(content, "report card's method")
    copies = _object(facts.get("copies", {}), "report card's copies")
    return MethodScore(
        {kind: _kind(_object(score, "report card's score")) for kind, score in copies.items()},
        _number(facts, "precision_at_10"),
        _number(facts, "neighbour_vote"),
        _number(facts, "psnr_db"),
        _numbers(facts, "psnr_shares"),
    )


def _kind(facts: Mapping[str, Any]) -> KindScore:
    rank1, top10 = _number(facts, "rank1"), _number(facts, "top10")
    if rank1 is None or top10 is None:
        raise StoreError("The report card is damaged: a kind of copies lacks its shares.")
    return KindScore(rank1, top10, _numbers(facts, "distances"))


def _object(content: object, what: str) -> Mapping[str, Any]:
    if not isinstance(content, Mapping):
        raise StoreError(f"Expected a {what} (a JSON object), got {type(content).__name__}.")
    return content


def _number(facts: Mapping[str, Any], name: str) -> float | None:
    value = facts.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise StoreError(f"The report card is damaged: {name} is no number, but {value!r:.50}.")
    return None if value is None else float(value)


def _numbers(facts: Mapping[str, Any], name: str) -> tuple[float, ...]:
    values = facts.get(name, ())
    if not isinstance(values, list | tuple):
        raise StoreError(f"The report card is damaged: {name} is no list.")
    return tuple(_number({name: value}, name) or 0.0 for value in values)


def _count(facts: Mapping[str, Any], name: str, default: int | None = None) -> int:
    value = facts.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise StoreError(f"The report card is damaged: {name} is no count, but {value!r:.50}.")
    return value
