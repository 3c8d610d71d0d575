"""How a generation was trained: its loss curve and its facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.parts import words
from pages.parts.loss_chart import loss_chart


def training_facts(training: Mapping[str, Any]) -> dict[str, str]:
    """How a generation was trained, as labelled words."""
    settings, network = training.get("settings", {}), training.get("network", {})
    facts: dict[str, str] = {}
    if "objective" in training:
        facts["Objective"] = str(training["objective"]).replace("_", " ")
    if "pictures" in training:
        facts["Trained on"] = words.count(training["pictures"], "picture")
    if "held_out" in training:
        facts["Validated on"] = words.count(training["held_out"], "picture") + " held out"
    if "steps" in training and "batch" in settings:
        steps = words.count(training["steps"], "step")
        facts["Learnt in"] = f"{steps} of {words.count(settings['batch'], 'picture')}"
    if "minutes" in settings:
        facts["Time given"] = words.duration(settings["minutes"] * 60)
    if "seconds" in training:
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
            loss_chart(history, height=320)
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
