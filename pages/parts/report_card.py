"""The report card of a generation as people read it: a sentence, a table, the facts below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import sqrt

import streamlit as st

from pages.parts import words
from ris.explore.card import KindScore, MethodScore, ReportCard
from ris.explore.scale import scale_from_json
from ris.images.alterations import KINDS

EASY = ("jpeg", "half", "text")  # kinds of copy that anything finds, so they tell little
COLUMNS = {
    "this": "This model",
    "this_copies": "With “Find copies”",
    "before": "The one before",
    "raw_pixels": "Raw pixels",
    "colour_histogram": "Colour histogram",
    "perceptual_hash": "Perceptual hash",
}
MEASURES = {"rank1": "First place", "top10": "Top 10"}
TOLD = {
    "rank1": "Share of the altered copies whose original comes first",
    "top10": "Share of the altered copies whose original is among the first ten",
}
NONE = (
    "This generation has no report card: it was made by an earlier version of ris. "
    "Retrain to get one."
)
EXPLAINED = (
    "Pictures that the model was not trained on are altered; the copies look for their originals "
    "among all pictures. Raw pixels, colour histogram and perceptual hash compare pictures "
    "without any learning. The best of each row is **bold**."
)


@dataclass(frozen=True)
class Row:
    """A line of the table: a share (0 to 1) for each column, None where it was not measured."""

    title: str
    shares: tuple[float | None, ...]


def found_first(card: ReportCard, method: str = "this") -> float | None:
    """Mean share of copies found first over the kinds that tell encoders apart."""
    scores = card.methods.get(method)
    return scores.found_first if scores else None


def same_label(card: ReportCard) -> float | None:
    """Share of the ten nearest that have the same label."""
    method = card.methods.get("this")
    return method.precision_at_10 if method else None


def headline(card: ReportCard) -> str:
    """The card in one sentence."""
    parts = []
    copies, labels = found_first(card), same_label(card)
    if copies is not None:
        parts.append(f"finds {100 * copies:.0f} of 100 altered copies first")
    if labels is not None:
        parts.append(f"{100 * labels:.0f} of 100 nearest pictures share the label")
    if not parts:
        return "There were too few pictures to measure anything."
    text = "; ".join(parts)
    return text[0].upper() + text[1:] + "."


def columns(card: ReportCard) -> dict[str, str]:
    """Names and titles of the methods that the card has."""
    return {name: title for name, title in COLUMNS.items() if name in card.methods}


def groups(card: ReportCard, measure: str) -> dict[str, list[Row]]:
    """The rows of the table under their headings, what is easy for anything after the rest.

    Args:
        card: The report card.
        measure: "rank1" or "top10".
    """
    names = list(columns(card))

    def copies(kinds: Sequence[str]) -> list[Row]:
        titles = {kind.name: kind.title[0].upper() + kind.title[1:] for kind in KINDS}
        rows = [
            Row(titles[kind], tuple(_share(card, name, kind, measure) for name in names))
            for kind in kinds
        ]
        return [row for row in rows if any(share is not None for share in row.shares)]

    labels = [
        Row(title, tuple(getattr(card.methods[name], field) for name in names))
        for title, field in (
            ("Same label among the 10 nearest", "precision_at_10"),
            ("Label voted by the 20 nearest is right", "neighbour_vote"),
        )
    ]
    found = {
        "Altered copies": copies([kind.name for kind in KINDS if kind.name not in EASY]),
        "Easy for anything": copies(EASY),
        "Labels": [row for row in labels if any(share is not None for share in row.shares)],
    }
    return {title: rows for title, rows in found.items() if rows}


def best(shares: Sequence[float | None]) -> set[int]:
    """Places of the highest share as it is shown, none when all are alike."""
    shown = {i: round(100 * share) for i, share in enumerate(shares) if share is not None}
    top = max(shown.values(), default=0)
    found = {i for i, share in shown.items() if share == top}
    return found if len(found) < len(shown) else set()


def table(card: ReportCard, measure: str) -> str:
    """The comparison as an HTML table, with headings that a screen reader tells with each cell."""
    titles = columns(card).values()
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    body = ""
    for title, rows in groups(card, measure).items():
        heading = (
            f'<th scope="rowgroup" colspan="{len(titles) + 1}"><span>{escape(title)}</span></th>'
        )
        body += f"<tbody><tr>{heading}</tr>{''.join(map(_line, rows))}</tbody>"
    told = escape(TOLD[measure])
    # The region can be scrolled by the keyboard where the table is wider than the screen.
    return (
        f'<div class="ris-card" role="region" tabindex="0" aria-label="{told}"><table>'
        f'<caption class="ris-unseen">{told}</caption>'
        f"<thead><tr><td></td>{head}</tr></thead>{body}</table></div>"
    )


def facts(card: ReportCard, recall: float | None) -> dict[str, str]:
    """What else was measured, as labelled words; ``recall`` is that of the search index."""
    told: dict[str, str] = {}
    now, before = (_psnr(card, name) for name in ("this", "before"))
    if now is not None:
        text = f"{now:.1f} dB PSNR"
        text += f", {before:.1f} dB before" if before is not None else ""
        told["Redraws pictures at"] = f"{text} (more is closer)"
    if recall is not None:
        told["Search index finds"] = f"{100 * recall:.1f} % of the true nearest"
    if card.scale is not None:
        steps = scale_from_json(card.scale).steps
        told["Distances are called"] = ", ".join(f"{word} under {end:.2f}" for end, word in steps)
    if card.queries:
        held_out = words.count(card.queries, "held-out picture")
        told["Copies made of"] = f"{held_out} out of {card.pictures:,}"
    if card.labelled_queries:
        told["Labels compared for"] = words.count(card.labelled_queries, "held-out picture")
    if card.skipped:
        told["Could not be read"] = words.count(card.skipped, "held-out picture")
    return told


def noise(card: ReportCard) -> str:
    """How far chance may move the shares; empty when no copies were measured."""
    share = found_first(card)
    if share is None or not card.queries:
        return ""
    # One more found and one more not: else a share of 100 % would claim to be exact.
    likely = (share * card.queries + 1) / (card.queries + 2)
    error = 100 * sqrt(likely * (1 - likely) / card.queries)
    return (
        f"Give or take {error:.1f} points: one standard error of a share of "
        f"{words.percent(share)} measured on {words.count(card.queries, 'picture')}."
    )


def draw_card(card: ReportCard | None, recall: float | None) -> None:
    """The whole card, or why there is none; ``recall`` is that of the search index."""
    if card is None:
        st.info(NONE, icon=":material/info:")
        return
    st.markdown(f"**{headline(card)}**")
    if groups(card, "rank1"):
        st.caption(EXPLAINED)
        measure = st.segmented_control(
            "A copy is found when its original is in",
            list(MEASURES),
            default="rank1",
            required=True,
            format_func=MEASURES.__getitem__,
            key="card-measure",
        )
        with st.container(key="report-card"):
            st.html(table(card, measure or "rank1"))
    if noise(card):
        st.caption(noise(card))
    rest = facts(card, recall)
    if rest:
        with st.container(width=640):
            st.table(
                {name: words.plain(value) for name, value in rest.items()},
                border="horizontal",
                hide_header=True,
            )


def _line(row: Row) -> str:
    marked = best(row.shares)
    cells = "".join(_cell(share, i in marked) for i, share in enumerate(row.shares))
    return f'<tr><th scope="row">{escape(row.title)}</th>{cells}</tr>'


def _cell(share: float | None, is_best: bool) -> str:
    if share is None:
        return '<td>–<span class="ris-unseen"> not measured</span></td>'
    text = words.percent(share)
    if is_best:
        text = f'<strong>{text}<span class="ris-unseen"> best</span></strong>'
    tint = 0.03 + 0.32 * share  # of a teal that leaves words legible on a light and a dark page
    return f'<td style="background-color: rgba(14, 135, 127, {tint:.2f})">{text}</td>'


def _copies(card: ReportCard, method: str) -> Mapping[str, KindScore]:
    found: MethodScore | None = card.methods.get(method)
    return found.copies if found else {}


def _share(card: ReportCard, method: str, kind: str, measure: str) -> float | None:
    score = _copies(card, method).get(kind)
    return float(getattr(score, measure)) if score else None


def _psnr(card: ReportCard, method: str) -> float | None:
    found = card.methods.get(method)
    return found.psnr_db if found else None
