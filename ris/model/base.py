"""The base encoder that ships with ris: what a new collection is embedded with before any training.

`weights/base.keras` was made by `python -m benchmarks.base`; docs/base-encoder.md is its model
card.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ris.model.choices import Choices
from ris.model.network import (
    Network,
    NetworkSettings,
    build_network,
    fit_head,
    load_network,
    mean_features,
)

WEIGHTS = Path(__file__).parent / "weights" / "base.keras"
_FITTED_ON = 20_000  # pictures of the collection that the head is fitted on, at most


def base_settings(choices: Choices) -> NetworkSettings:
    """The shape of the base encoder for a collection."""
    told = _told()["network"]
    return NetworkSettings(
        size=choices.size,
        widths=tuple(told["widths"]),
        blocks=tuple(told["blocks"]),
        code_channels=told["code_channels"],
        colour=choices.colour,
    )


def load_base(choices: Choices) -> Network:
    """The base encoder for a collection; its head is fitted to nothing yet.

    Raises:
        StoreError: The file that ships with ris is damaged.
    """
    network = build_network(base_settings(choices))
    network.copy_weights(load_network(WEIGHTS))
    return network


def fit_to(network: Network, pixels: NDArray[np.uint8], *, seed: int) -> None:
    """Fit the head to a collection, or to a sample of it: uint8 (N, S, S, 3)."""
    rows = np.random.default_rng(seed).permutation(len(pixels))[:_FITTED_ON]
    fit_head(network, mean_features(network, pixels[np.sort(rows)]))


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
