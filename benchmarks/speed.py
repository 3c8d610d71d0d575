"""How fast the base encoder serves and trains on this machine: `python -m benchmarks.speed`

Prints one JSON document: the time of one picture on one core, pictures a second in bulk on all
cores, both through the exported encoder; and the share of the bare network's training speed
(forward and backward pass on views that are made already) that is left with augmentation, losses
and the optimiser.
"""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main() -> None:
    """Measure and print."""
    print(json.dumps({"serving": _serving(), "training": _training()}, indent=1))


def _serving() -> dict[str, float]:
    from ris.model.base import load_base
    from ris.model.choices import Choices
    from ris.model.encoder import Encoder, seal
    from ris.model.export import export
    from ris.model.head import fit_to

    pixels = np.random.default_rng(0).integers(0, 256, (2048, 64, 64, 3), np.uint8)
    network = load_base(Choices())
    fit_to(network, pixels, np.arange(500))
    with tempfile.TemporaryDirectory() as place:
        export(network, Path(place))
        seal(Path(place), {})
        alone, bulk = Encoder(Path(place), threads=1), Encoder(Path(place))
        one = _seconds(lambda: alone.encode(pixels[:1]), 200)
        many = _seconds(lambda: bulk.encode(pixels), 5)
    return {
        "one picture, one core, ms": round(1000 * one, 2),
        "bulk, all cores, pictures/s": round(len(pixels) / many),
    }


def _training() -> dict[str, Any]:
    import tensorflow as tf

    from ris.model.augmentation import Augmentation
    from ris.model.base import load_base
    from ris.model.choices import Choices
    from ris.model.objective import ContrastiveAutoencoder
    from ris.model.training import TrainingSettings, make_optimiser

    settings, network = TrainingSettings(), load_base(Choices())
    objective = ContrastiveAutoencoder(network, Augmentation())
    variables = [
        *network.encoder.trainable_variables,
        *network.decoder.trainable_variables,
        *objective.variables,
    ]
    optimiser = make_optimiser(settings)
    optimiser.build(variables)
    random = np.random.default_rng(0)
    pictures = tf.constant(random.integers(0, 256, (settings.batch, 64, 64, 3), np.uint8))
    labels = tf.fill([settings.batch], -1)
    found = {}
    for side in (settings.small_side, network.size):
        views = tf.random.uniform((2 * settings.batch, side, side, 3), 0, 255)

        @tf.function
        def bare(views: Any = views) -> Any:
            with tf.GradientTape() as tape:
                seen = network.encoder(views, training=True)
                back = network.decoder(seen["code"][: settings.batch // 4])
                loss = tf.reduce_mean(seen["features"]) + tf.reduce_mean(back)
            kept = [*network.encoder.trainable_variables, *network.decoder.trainable_variables]
            return [tf.reduce_sum(one) for one in tape.gradient(loss, kept) if one is not None]

        @tf.function
        def whole(side: int = side) -> Any:
            with tf.GradientTape() as tape:
                losses = objective.training_loss(network, pictures, labels, side)
            optimiser.apply(tape.gradient(losses["loss"], variables), variables)
            return losses["loss"]

        seconds = {"bare": _seconds(bare, 10), "whole": _seconds(whole, 10)}
        found[f"{side} pixels"] = {
            "pictures/s": round(settings.batch / seconds["whole"]),
            "of the bare network": round(seconds["bare"] / seconds["whole"], 3),
        }
    return found


def _seconds(work: Callable[[], object], times: int) -> float:
    """The median time, after two that warm up."""
    taken = []
    for _ in range(times + 2):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[2:])


if __name__ == "__main__":
    main()
