"""What training makes the network good at: a loss over a batch of pictures.

The seam between the network and the training loop. An objective takes a network and a batch of
pictures and gives named losses, of which `loss` is made small; it may bring weights of its own,
which are thrown away after training.
"""

from typing import Any, Protocol

import keras
import tensorflow as tf
from keras import layers, ops

from ris.model.augmentation import Augmentation
from ris.model.network import Network


class Objective(Protocol):
    """A loss over a batch; changed by giving the training loop another one."""

    name: str
    variables: list[Any]

    def training_loss(
        self, network: Network, pictures: tf.Tensor, labels: tf.Tensor, side: int
    ) -> dict[str, tf.Tensor]:
        """Scalars of a training batch; `loss` is made small.

        Args:
            network: What is trained.
            pictures: uint8 (B, S, S, 3).
            labels: int32 (B,), -1 where none is known.
            side: Of the views that the network sees, in pixels.
        """

    def validation_loss(
        self, network: Network, pictures: tf.Tensor, labels: tf.Tensor
    ) -> tf.Tensor:
        """One scalar of a held-out batch at the full side; the same each time."""


class ContrastiveAutoencoder:
    """Reconstruct pictures, and tell each of them from all others by two altered views.

    The contrast is NT-Xent without the positive pair in the denominator ("decoupled"), which
    makes small batches learn. The reconstruction asks for the clean first view of every fourth
    picture. Where labels are given, a classifier on the features asks for them as well.

    Args:
        network: Whose features are contrasted.
        augmentation: How views are made.
        classes: Number of labels; 0 asks for none.
        temperature: Of the contrast.
        weight: Of the contrast.

    Source: Yeh et al., Decoupled Contrastive Learning (2021); Chen et al., A Simple Framework for
    Contrastive Learning of Visual Representations (2020); Vincent et al., Extracting and
    Composing Robust Features with Denoising Autoencoders (2008).
    """

    def __init__(
        self,
        network: Network,
        augmentation: Augmentation,
        *,
        classes: int = 0,
        temperature: float = 0.2,
        weight: float = 1.0,
    ) -> None:
        self.name = "reconstruction + contrast" + (" + labels" if classes else "")
        self.augmentation = augmentation
        self.temperature = temperature
        self.weight = weight
        width = network.encoder.output["features"].shape[-1]
        self._projection = keras.Sequential(
            [
                keras.Input((width,)),
                layers.Dense(512, use_bias=False, dtype="float32"),
                layers.BatchNormalization(dtype="float32"),
                layers.Activation("relu", dtype="float32"),
                layers.Dense(128, dtype="float32"),
            ]
        )
        self._classifier = keras.Sequential(
            [keras.Input((width,)), layers.Dense(classes, dtype="float32")] if classes else []
        )
        self._classes = classes
        self.variables: list[Any] = [
            *self._projection.trainable_variables,
            *(self._classifier.trainable_variables if classes else []),
        ]

    def training_loss(
        self, network: Network, pictures: tf.Tensor, labels: tf.Tensor, side: int
    ) -> dict[str, tf.Tensor]:
        """See `Objective`."""
        return self._losses(network, pictures, labels, side, seed=None)

    def validation_loss(
        self, network: Network, pictures: tf.Tensor, labels: tf.Tensor
    ) -> tf.Tensor:
        """See `Objective`."""
        return self._losses(network, pictures, labels, network.size, seed=0)["loss"]

    def _losses(
        self,
        network: Network,
        pictures: tf.Tensor,
        labels: tf.Tensor,
        side: int,
        seed: int | None,
    ) -> dict[str, tf.Tensor]:
        count = tf.shape(pictures)[0]
        twice = tf.concat([pictures, pictures], axis=0)
        altered, clean = self.augmentation(twice, side, seed=seed)  # (2 B, side, side, 3)
        found = network.encoder(altered, training=seed is None)
        features = ops.cast(found["features"], "float32")
        losses = {"reconstruction": self._reconstruction(network, found["code"], clean, count)}
        projected = self._projection(features, training=True)
        losses["contrast"] = self.weight * decoupled_contrast(projected, self.temperature)
        if self._classes:
            losses["labels"] = self._label_loss(features, tf.concat([labels, labels], axis=0))
        losses["loss"] = tf.add_n(list(losses.values()))
        return losses

    def _reconstruction(
        self, network: Network, code: tf.Tensor, clean: tf.Tensor, count: tf.Tensor
    ) -> tf.Tensor:
        """Squared error of every fourth picture's first view, of values in -1..1."""
        rows = tf.range(0, count, 4)
        found = network.decoder(tf.gather(code, rows))
        return ops.mean(ops.square(found - (tf.gather(clean, rows) / 127.5 - 1.0)))

    def _label_loss(self, features: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Cross-entropy with smoothed labels, over the rows that have one."""
        known = tf.cast(labels >= 0, tf.float32)
        wanted = tf.one_hot(labels, self._classes) * 0.9 + 0.1 / self._classes
        losses = tf.nn.softmax_cross_entropy_with_logits(wanted, self._classifier(features))
        return tf.reduce_sum(losses * known) / tf.maximum(tf.reduce_sum(known), 1.0)


def decoupled_contrast(vectors: tf.Tensor, temperature: float) -> tf.Tensor:
    """The decoupled contrastive loss of two views, float32 (2 B, D), view 2 below view 1.

    Source: Yeh et al., Decoupled Contrastive Learning (2021), equation 6.
    """
    vectors = tf.math.l2_normalize(vectors, axis=1)
    similarities = vectors @ tf.transpose(vectors) / temperature  # (2 B, 2 B)
    total = tf.shape(vectors)[0]
    half = total // 2
    rows = tf.range(total)
    picture = rows % half
    same = picture[:, None] == picture[None, :]  # a view with itself, and with its other view
    others = tf.where(same, -1e9, similarities)
    partner = tf.stack([rows, (rows + half) % total], axis=1)
    positive = tf.gather_nd(similarities, partner)
    # with one picture alone there are no others: nothing to push away
    negative = tf.where(half > 1, tf.reduce_logsumexp(others, axis=1), 0.0)
    return tf.reduce_mean(negative - positive)
