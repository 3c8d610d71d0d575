"""The base encoder that ships with ris: what a new collection is embedded with before any training.

`weights/base.keras` was made by `python -m benchmarks.base`; docs/base-encoder.md is its model
card.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ris.model.choices import Choices
from ris.model.network import (
    Network,
    NetworkSettings,
    build_network,
    load_network,
)

WEIGHTS = Path(__file__).parent / "weights" / "base.keras"


def base_settings(choices: Choices) -> NetworkSettings:
    """The shape of the base encoder for a collection."""
    told = _told()["network"]
    return NetworkSettings(
        size=choices.size,
        widths=tuple(told["widths"]),
        blocks=tuple(told["blocks"]),
        code_channels=told["code_channels"],
        colour=choices.colour,
        turned=choices.turned,
    )


def load_base(choices: Choices) -> Network:
    """The base encoder for a collection; its head is fitted to nothing yet.

    Raises:
        StoreError: The file that ships with ris is damaged.
    """
    network = build_network(base_settings(choices))
    network.copy_weights(load_network(WEIGHTS))
    return network


def base_facts(choices: Choices) -> dict[str, Any]:
    """What is known of an encoder that is the base alone, as training tells it of others."""
    told = _told()
    return {
        "objective": "base encoder, untouched",
        "settings": {"minutes": 0},
        "network": asdict(base_settings(choices)),
        "choices": asdict(choices),
        "base": told["name"],
        "seconds": 0.0,
        "pictures": 0,
        "history": [],
    }


def _told() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(WEIGHTS.with_suffix(".json").read_text(encoding="utf-8"))
    return found
