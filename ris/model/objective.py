"""What training makes the network good at: a loss over a batch of pictures.

The seam between the network and the training loop. An objective takes a network and a batch of
pictures and gives named losses, of which `loss` is made small; it may bring weights of its own.
"""

from typing import Any, Protocol

import tensorflow as tf
from keras import ops

from ris.model.augmentation import Augmentation
from ris.model.network import Network


class Objective(Protocol):
    """A loss over a batch; changed by giving the training loop another one."""

    name: str
    variables: list[Any]

    def training_loss(self, network: Network, pictures: tf.Tensor) -> dict[str, tf.Tensor]:
        """Scalars of a training batch, uint8 (B, S, S, 3); `loss` is made small."""

    def validation_loss(self, network: Network, pictures: tf.Tensor) -> tf.Tensor:
        """One scalar of a held-out batch, uint8 (B, S, S, 3); the same each time."""


class Reconstruction:
    """Reconstruct the clean picture from an altered one; squared error of values in -1..1.

    Source: Vincent et al., Extracting and Composing Robust Features with Denoising Autoencoders
    (2008).
    """

    name = "reconstruction"

    def __init__(self, augmentation: Augmentation) -> None:
        self.augmentation = augmentation
        self.variables: list[Any] = []

    def training_loss(self, network: Network, pictures: tf.Tensor) -> dict[str, tf.Tensor]:
        """See `Objective`."""
        altered, clean = self.augmentation(pictures)
        found = network.decoder(network.encoder(altered, training=True), training=True)
        return {"loss": _squared_error(found, clean)}

    def validation_loss(self, network: Network, pictures: tf.Tensor) -> tf.Tensor:
        """See `Objective`."""
        altered, clean = self.augmentation(pictures, seed=0)
        return _squared_error(network.decoder(network.encoder(altered)), clean)


def _squared_error(found: tf.Tensor, clean: tf.Tensor) -> tf.Tensor:
    return ops.mean(ops.square(found - (clean / 127.5 - 1.0)))
