"""The training loop: pictures in, a trained network and its history out.

Runs in a job, within a budget in minutes that drives the learning rate, with held-out pictures
that decide which weights are kept. It can be stopped early, which keeps the best weights so far,
or cancelled.
"""

import math
import platform
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ris.errors import RisError
from ris.model.augmentation import Augmentation
from ris.model.head import fit_to
from ris.model.network import (
    Network,
    NetworkSettings,
    build_network,
    fit_linear_path,
)
from ris.model.objective import ContrastiveAutoencoder, Objective
from ris.progress import OnProgress, Progress, StopSignal, silent

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained; each default has its reason.

    Attributes:
        minutes: Budget of wall-clock time; the learning rate ends with it.
        seed: Of the weights, the order and the augmentation. Two runs differ all the same, as the
            budget is time, not steps.
        batch: Pictures of a step; each is seen in two views.
        learning_rate: Peak of the schedule, for AdamW.
        small_side: Side in pixels of the views that most of the budget is spent on: more steps
            at low resolution beat fewer at full.
        small_share: Share of the budget that is spent on them.
        contrast: Weight of the contrast beside the reconstruction.
        weight_decay: Of AdamW; not on biases and gains.
        warm_up: Share of the budget with a rising learning rate.
        held_out: Share of the pictures kept for validation, at most `most_held_out`.
        most_held_out: Enough for a steady validation loss.
        patience: Validations without an improvement after which training cools down and stops.
            Stopping at once would stop at a high learning rate, where the loss can't fall.
        cool_down: Length of the cool-down as a share of the time trained so far.
        evaluations: Validations in a budget, at most.
    """

    minutes: float = 3.0
    seed: int = 0
    batch: int = 128
    learning_rate: float = 1e-3
    small_side: int = 48
    small_share: float = 0.65
    contrast: float = 1.0
    weight_decay: float = 1e-4
    warm_up: float = 0.05
    held_out: float = 0.1
    most_held_out: int = 1000
    patience: int = 10
    cool_down: float = 0.25
    evaluations: int = 40


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Attributes:
        network: With the best weights, in float32, its head fitted.
        facts: Settings, history and results as a JSON object, for `training.json`.
    """

    network: Network
    facts: dict[str, Any] = field(default_factory=dict)


def choose_policy() -> str:
    """mixed_bfloat16 where the processor has tiles for it (AMX), else float32.

    With AMX the encoder's step is 2.3 times as fast; with AVX-512 alone, which also knows
    bfloat16, it is 1.5 times as slow as in float32 (0.41 s against 0.28 s, 2026-11-23).
    """
    if platform.system() == "Linux" and "amx_bf16" in Path("/proc/cpuinfo").read_text():
        return "mixed_bfloat16"
    return "float32"


def train(
    pixels: Pixels,
    shape: NetworkSettings,
    settings: TrainingSettings,
    *,
    augmentation: Augmentation | None = None,
    start: Network | None = None,
    labels: NDArray[np.int32] | None = None,
    held_out: NDArray[np.int64] | None = None,
    on_progress: OnProgress = silent,
    stop: StopSignal | None = None,
) -> Trained:
    """Train an autoencoder on pictures.

    Args:
        pixels: uint8 (N, S, S, 3), N >= 1; may be a memory map, it is read batch by batch.
        shape: Of the network, S its size.
        settings: Of the training.
        start: A network to go on from; one of another shape is left alone.
        labels: int32 (N,), -1 where none is known, to train for as well; by default none.
        held_out: Rows that are not trained on but validated on; by default some at random.
        augmentation: How views are made.
        on_progress: Hears seconds done of the budget, with points of the loss curve.
        stop: Asked between two steps.

    Raises:
        Cancelled: The person gave up.
        RisError: There are no pictures, or training diverged before anything was learned.
    """
    if len(pixels) == 0:
        raise RisError("There are no pictures to train on.", "Add pictures, then train.")
    keras.utils.set_random_seed(settings.seed)
    network = build_network(shape, policy=choose_policy())
    if start is not None and network.has_shape_of(start):
        network.copy_weights(start)
    else:
        fit_linear_path(network, _sample(pixels, 1000, settings.seed))
    labels = np.full(len(pixels), -1, np.int32) if labels is None else labels
    objective = ContrastiveAutoencoder(
        network,
        augmentation or Augmentation(),
        classes=int(labels.max()) + 1,
        weight=settings.contrast,
    )
    run = _Run(network, objective, settings, pixels, labels, held_out)
    run.train(on_progress, stop or StopSignal())
    return _finish(run, pixels, shape)


def _sample(pixels: Pixels, count: int, seed: int) -> Pixels:
    """At most so many of the pictures, drawn at random."""
    order = np.random.default_rng(seed).permutation(len(pixels))[:count]
    return pixels[np.sort(order)]


class _Run:
    """One training run: its network, its best weights so far, its history."""

    def __init__(
        self,
        network: Network,
        objective: Objective,
        settings: TrainingSettings,
        pixels: Pixels,
        labels: NDArray[np.int32],
        held_out: NDArray[np.int64] | None,
    ) -> None:
        self.network = network
        self.objective = objective
        self.settings = settings
        self.pixels = pixels
        self.labels = labels
        order = np.random.default_rng(settings.seed).permutation(len(pixels))
        if held_out is None:
            held_out = order[: min(int(len(pixels) * settings.held_out), settings.most_held_out)]
        rest = order[~np.isin(order, held_out)]
        # with a handful of pictures they are validated on themselves: better than not at all
        self.training = rest if len(rest) else order
        self.validation = np.sort(held_out) if len(held_out) else order
        self.history: list[dict[str, float | int | None]] = []
        self.best_loss = np.inf
        self.best_weights = network.model.get_weights()
        self.worse = 0
        self.end = settings.minutes * 60  # seconds; earlier once training cools down
        self.cooling_since: float | None = None
        self.started = time.monotonic()
        self.optimiser = make_optimiser(settings)
        self.variables = [
            *network.encoder.trainable_variables,
            *network.decoder.trainable_variables,
            *objective.variables,
        ]
        self.optimiser.build(self.variables)

    @property
    def batch(self) -> int:
        return min(self.settings.batch, len(self.training))

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    @property
    def budget(self) -> float:
        return self.settings.minutes * 60

    def train(self, on_progress: OnProgress, stop: StopSignal) -> None:
        step_function = tf.function(self._step, reduce_retracing=True)
        validate = tf.function(self._validate, reduce_retracing=True)
        self._evaluate(validate, 0, None, on_progress)
        losses: list[float] = []
        last = self.seconds
        for step, (pictures, labels) in enumerate(self._batches(), start=1):
            stop.check()
            self.optimiser.learning_rate.assign(self._learning_rate())
            found = step_function(tf.constant(pictures), tf.constant(labels), self._side())
            losses.append(float(found))
            over = self.seconds >= self.end or stop.early
            if over or self._is_due(step, last):
                self._evaluate(validate, step, float(np.mean(losses)), on_progress)
                losses, last = [], self.seconds
            elif step % 10 == 0:
                on_progress(self._progress())
            if self.worse >= self.settings.patience and self.cooling_since is None:
                self.cooling_since = self.seconds
                self.end = min(self.end, self.cooling_since * (1 + self.settings.cool_down))
            if over or self.seconds >= self.end:
                return

    def _is_due(self, step: int, last: float) -> bool:
        """Validate about `evaluations` times, and not more than every 20 steps."""
        return step % 20 == 0 and self.seconds - last >= self.budget / self.settings.evaluations

    def _side(self) -> int:
        """Of the views: small ones until their share of the budget is spent."""
        small = self.seconds < self.settings.small_share * self.budget
        return min(self.settings.small_side, self.network.size) if small else self.network.size

    def _batches(self) -> Iterator[tuple[Pixels, NDArray[np.int32]]]:
        """Batches without end, each epoch in a new order."""
        random = np.random.default_rng(self.settings.seed + 1)
        size = self.batch
        while True:
            order = random.permutation(self.training)
            for start in range(0, len(order) - size + 1, size):
                rows = np.sort(order[start : start + size])  # sorted: kinder to the disk
                yield self.pixels[rows], self.labels[rows]

    def _step(self, pictures: tf.Tensor, labels: tf.Tensor, side: int) -> tf.Tensor:
        with tf.GradientTape() as tape:
            losses = self.objective.training_loss(self.network, pictures, labels, side)
        gradients = tape.gradient(losses["loss"], self.variables)
        self.optimiser.apply(gradients, self.variables)
        return losses["loss"]

    def _validate(self, pictures: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        return self.objective.validation_loss(self.network, pictures, labels)

    def _evaluate(
        self,
        validate: Any,
        step: int,
        loss: float | None,
        on_progress: OnProgress,
    ) -> None:
        total = 0.0
        for start in range(0, len(self.validation), 250):
            rows = self.validation[start : start + 250]
            found = validate(tf.constant(self.pixels[rows]), tf.constant(self.labels[rows]))
            total += float(found) * len(rows)
        validation = total / len(self.validation)
        point = {
            "step": step,
            "pictures": step * self.batch,
            "seconds": round(self.seconds, 2),
            "loss": loss,
            "validation_loss": validation,
        }
        self.history.append(point)
        if validation < self.best_loss:
            self.best_loss, self.worse = validation, 0
            self.best_weights = self.network.model.get_weights()
        else:
            self.worse += 1
        on_progress(self._progress(point))

    def _progress(self, point: dict[str, float | int | None] | None = None) -> Progress:
        done = min(round(self.seconds), round(self.end))
        return Progress("train", done, round(self.end), "seconds", loss=point)

    def _learning_rate(self) -> float:
        """Warm-up, then a cosine to 1 %, by the share of the budget that is spent; a cool-down
        goes straight down from where it begins."""
        if self.cooling_since is None:
            return self._planned_rate(self.seconds)
        left = (self.end - self.seconds) / max(self.end - self.cooling_since, 1e-9)
        return self._planned_rate(self.cooling_since) * max(left, 0.01)

    def _planned_rate(self, seconds: float) -> float:
        spent = min(seconds / max(self.budget, 1e-9), 1.0)
        if spent < self.settings.warm_up:
            return self.settings.learning_rate * max(spent / self.settings.warm_up, 0.02)
        through = (spent - self.settings.warm_up) / (1 - self.settings.warm_up)
        cosine = 0.5 * (1 + math.cos(math.pi * through))
        return self.settings.learning_rate * (0.01 + 0.99 * cosine)


def make_optimiser(settings: TrainingSettings) -> keras.optimizers.Optimizer:
    optimiser = keras.optimizers.AdamW(
        settings.learning_rate, weight_decay=settings.weight_decay, global_clipnorm=5.0
    )
    optimiser.exclude_from_weight_decay(var_names=["bias", "gain", "scale"])
    return optimiser


def _finish(run: _Run, pixels: Pixels, shape: NetworkSettings) -> Trained:
    """The best weights in float32, the head fitted on pictures of the collection."""
    if not np.isfinite(run.best_loss):
        raise RisError(
            "Training diverged before anything was learned.",
            "Try another seed: --seed 1. The earlier generation still serves.",
        )
    network = build_network(shape)
    network.model.set_weights(run.best_weights)
    fit_to(network, pixels, run.training)
    facts = {
        "objective": run.objective.name,
        "settings": asdict(run.settings),
        "network": asdict(shape),
        "policy": choose_policy(),
        "pictures": len(run.training),
        "held_out": len(run.validation),
        "seconds": round(run.seconds, 1),
        "steps": run.history[-1]["step"],
        "loss": run.history[-1]["loss"],
        "validation_loss": run.best_loss,
        "history": run.history,
    }
    return Trained(network, facts)
