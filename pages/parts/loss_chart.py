"""The loss curve of a training, running or past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from plotly.graph_objects import Figure

History = Sequence[Mapping[str, Any]]


def loss_chart(history: History, *, height: int = 260, titles: bool = True, key: str) -> None:
    """Draw training and validation loss over the time of training.

    Args:
        history: Points of the curve, at least one.
        height: In pixels.
        titles: Whether the axes have titles.
        key: Names this chart among the widgets of the page.
    """
    st.plotly_chart(
        figure(history, titles=titles),
        height=height,
        config={"displayModeBar": False, "scrollZoom": False},
        alt=describe(history),
        key=key,
    )


def figure(history: History, *, titles: bool) -> Figure:
    """The two curves, told apart by their dashes as well as by their colours."""
    last = history[-1].get("seconds", 0.0)
    unit, divisor = ("minutes", 60) if last >= 120 else ("seconds", 1)
    mode = "lines+markers" if len(history) < 30 else "lines"
    drawn = Figure()
    for kind, name, dash in (
        ("loss", "training", "solid"),
        ("validation_loss", "validation", "dot"),
    ):
        rows = [row for row in history if row.get(kind) is not None]
        drawn.add_scatter(
            x=[row.get("seconds", 0.0) / divisor for row in rows],
            y=[row[kind] for row in rows],
            name=name,
            mode=mode,
            line={"dash": dash, "width": 2},
            hovertemplate=f"{name} loss %{{y:.4f}}<br>after %{{x:.1f}} {unit}<extra></extra>",
        )
    # Not from zero: what is left to gain is small beside what is gained at once.
    drawn.update_layout(
        margin={"l": 8, "r": 8, "t": 32, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        xaxis={"title": f"{unit} of training" if titles else unit, "nticks": 6, "showgrid": False},
        yaxis={"title": "loss" if titles else None, "nticks": 5},
        dragmode=False,
    )
    return drawn


def describe(history: History) -> str:
    """The curve in words, for those who do not see it."""
    best = best_validation(history)
    last = history[-1].get("loss")
    words = f"Loss curve of {len(history)} points"
    words += f"; the training loss ends at {last:.4f}" if last is not None else ""
    return words + (f"; the best validation loss is {best:.4f}." if best is not None else ".")


def best_validation(history: History) -> float | None:
    """Lowest validation loss of a training, ``None`` before the first validation."""
    seen = [row["validation_loss"] for row in history if row.get("validation_loss") is not None]
    return min(seen, default=None)
