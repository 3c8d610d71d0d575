"""The loss curve of a training, running or past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

History = Sequence[Mapping[str, Any]]


def loss_chart(history: History, *, height: int = 260, titles: bool = True) -> None:
    """Draw training and validation loss over the time of training."""
    last = history[-1].get("seconds", 0.0)
    unit, divisor = ("minutes", 60) if last >= 120 else ("seconds", 1)
    frame = pd.DataFrame(
        {
            unit: [row.get("seconds", 0.0) / divisor for row in history],
            "training": [row.get("loss") for row in history],
            "validation": [row.get("validation_loss") for row in history],
        }
    ).astype(float)
    st.vega_lite_chart(
        frame.melt(unit, var_name="kind", value_name="loss").dropna(),
        {
            "mark": {"type": "line", "strokeWidth": 2, "point": len(history) < 30},
            "encoding": {
                "x": {
                    "field": unit,
                    "type": "quantitative",
                    "title": f"{unit} of training" if titles else unit,
                    "axis": {"tickCount": 5, "grid": False},
                },
                # Not from zero: what is left to gain is small beside what is gained at once.
                "y": {
                    "field": "loss",
                    "type": "quantitative",
                    "title": "loss" if titles else None,
                    "scale": {"zero": False},
                    "axis": {"tickCount": 4},
                },
                "color": {
                    "field": "kind",
                    "type": "nominal",
                    "title": None,
                    "legend": {"orient": "top", "offset": 4, "symbolType": "stroke"},
                },
                "strokeDash": {"field": "kind", "type": "nominal", "legend": None},
                "tooltip": [
                    {"field": "kind", "title": "loss of"},
                    {"field": "loss", "format": ".4f"},
                    {"field": unit, "format": ".1f"},
                ],
            },
        },
        height=height,
        alt=describe(history),
    )


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
