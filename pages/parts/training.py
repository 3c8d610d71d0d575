"""How a generation was trained: its loss curve and its facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.parts import words
from pages.parts.loss_chart import loss_chart

UNTOUCHED = (
    "This is the base encoder that comes with ris. It was trained before, on other pictures; "
    "Retrain fits it to yours."
)


def is_untouched(training: Mapping[str, Any]) -> bool:
    """Whether it is the base encoder as it comes with ris, by what training or manifest tells."""
    return str(training.get("objective", "")).startswith("base encoder")


def training_facts(training: Mapping[str, Any]) -> dict[str, str]:
    """How a generation was trained, as labelled words."""
    settings, network = training.get("settings", {}), training.get("network", {})
    facts: dict[str, str] = {}
    if "objective" in training:
        facts["Objective"] = str(training["objective"]).replace("_", " ")
    if training.get("pictures"):
        facts["Trained on"] = words.count(training["pictures"], "picture")
    if "held_out" in training:
        facts["Validated on"] = words.count(training["held_out"], "picture") + " held out"
    if "steps" in training and "batch" in settings:
        steps = words.count(training["steps"], "step")
        facts["Learnt in"] = f"{steps} of {words.count(settings['batch'], 'picture')}"
    if settings.get("minutes"):
        facts["Time given"] = words.duration(settings["minutes"] * 60)
    if training.get("seconds"):
        facts["Time taken"] = words.duration(training["seconds"])
    if "size" in network:
        facts["Sees pictures at"] = f"{network['size']} × {network['size']} pixels"
    if "seed" in settings:
        facts["Seed"] = str(settings["seed"])
    return facts


def draw_training(training: Mapping[str, Any]) -> None:
    """Loss curve and facts of one generation."""
    history = training.get("history") or []
    halves = st.grid(2, min_column_width=340, gap="large")
    with halves.cell():
        if history:
            loss_chart(history, height=320, key="loss of a generation")
        elif is_untouched(training):
            st.info(UNTOUCHED, icon=":material/info:")
        else:
            st.info("No loss was recorded for this generation.", icon=":material/info:")
    with halves.cell():
        facts = training_facts(training)
        if facts:
            st.table(
                {name: words.plain(value) for name, value in facts.items()},
                border="horizontal",
                hide_header=True,
            )
