"""The plain objective: squared error of the clean picture in units of -1..1."""

import drawn
import numpy as np
import pytest
import tensorflow as tf

from ris.model.augmentation import Augmentation
from ris.model.network import build_network
from ris.model.objective import Reconstruction

PICTURES = tf.constant(drawn.pixels(8))


@pytest.fixture(scope="module")
def network(shape):
    return build_network(shape)


def test_the_validation_loss_is_the_squared_error_by_hand(network):
    objective = Reconstruction(Augmentation())
    altered, clean = objective.augmentation(PICTURES, seed=0)
    found = np.asarray(network.decoder(network.encoder(altered)))
    expected = ((found - (clean.numpy() / 127.5 - 1)) ** 2).mean()
    assert float(objective.validation_loss(network, PICTURES)) == pytest.approx(expected, rel=1e-4)


def test_the_validation_loss_is_the_same_each_time(network):
    objective = Reconstruction(Augmentation())
    losses = {float(objective.validation_loss(network, PICTURES)) for _ in range(3)}
    assert len(losses) == 1


def test_without_alterations_both_losses_agree(network):
    objective = Reconstruction(Augmentation(1.0, mirror=False, colour=0.0, noise=0.0))
    loss = objective.training_loss(network, PICTURES)["loss"]
    assert float(loss) == pytest.approx(
        float(objective.validation_loss(network, PICTURES)), rel=1e-3
    )


def test_its_gradient_reaches_encoder_and_decoder(network):
    with tf.GradientTape() as tape:
        loss = Reconstruction(Augmentation()).training_loss(network, PICTURES)["loss"]
    weights = [*network.encoder.trainable_variables, *network.decoder.trainable_variables]
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        assert gradient is not None, weight.path
        assert np.isfinite(gradient).all()
