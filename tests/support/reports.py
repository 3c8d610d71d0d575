"""Report cards made by hand: what a small collection's card may say."""

from ris.explore.card import KindScore, MethodScore, ReportCard
from ris.images.alterations import KINDS

EASY = ("jpeg", "half", "text")


def method(
    found: float, *, turned: float = 0.02, label: float | None = None, psnr: float | None = None
) -> MethodScore:
    """A method that finds the same share of all kinds, easy ones always, turned ones as told."""
    first = {**dict.fromkeys((kind.name for kind in KINDS), found), "turn90": turned}
    first |= dict.fromkeys(EASY, 1.0)
    copies = {kind: KindScore(share, min(1.0, share + 0.03)) for kind, share in first.items()}
    return MethodScore(copies, label, None if label is None else label + 0.1, psnr)


def card(
    *, now: float = 0.94, before: float | None = 0.912, label: float | None = 0.61
) -> ReportCard:
    """A card of all methods; without `before` of a first generation, without `label` of pictures
    that have none."""
    methods = {
        "this": method(now, turned=0.12, label=label, psnr=24.13),
        "this_copies": MethodScore(method(now - 0.01, turned=now - 0.05).copies),
        "raw_pixels": method(0.31, label=label and label - 0.25),
        "colour_histogram": method(0.45, turned=0.97, label=label and label - 0.2),
        "perceptual_hash": method(0.52, label=label and label - 0.3),
    }
    if before is not None:
        methods["before"] = method(before, turned=0.1, label=label and label - 0.02, psnr=23.84)
    return ReportCard(
        pictures=2210,
        queries=300,
        labelled_queries=0 if label is None else 221,
        methods=methods,
    )
