"""What training asks for: clean pictures back, and each one told from all others."""

import drawn
import numpy as np
import pytest
import tensorflow as tf

from ris.model.augmentation import Augmentation
from ris.model.network import build_network, fit_linear_path
from ris.model.objective import ContrastiveAutoencoder, decoupled_contrast

PIXELS = drawn.pixels(8)
PICTURES = tf.constant(PIXELS)
UNKNOWN = tf.fill([8], -1)
NOTHING = Augmentation(
    least_area=1.0,
    aspect=0.0,
    rotation=0.0,
    mirror=False,
    colour=0.0,
    hue=0.0,
    grey=0.0,
    noise=0.0,
    least_resolution=1.0,
    writing=False,
)


@pytest.fixture(scope="module")
def network(shape):
    network = build_network(shape)
    fit_linear_path(network, PIXELS)
    return network


def ask(network, pictures=PICTURES, labels=UNKNOWN, *, side=32, augmentation=NOTHING, **options):
    """The losses of a training batch, as floats."""
    objective = ContrastiveAutoencoder(network, augmentation, **options)
    losses = objective.training_loss(network, pictures, labels, side)
    return {name: float(loss) for name, loss in losses.items()}


class TestDecoupledContrast:
    def vectors(self, count, *, noise=1.0):
        """Two views of each, the second below the first: float32 (2 * count, 8)."""
        random = np.random.default_rng(0)
        first = random.normal(size=(count, 8))
        second = first + noise * random.normal(size=(count, 8))
        return np.concatenate([first, second]).astype(np.float32)

    def twin(self, vectors, temperature):
        """For every view: minus its product with its partner over the temperature, plus the
        logarithm of the sum, over both views of all other pictures, of exp(product over it)."""
        z = vectors.astype(np.float64) / np.linalg.norm(vectors, axis=1, keepdims=True)
        half = len(z) // 2
        views = z.reshape(2, half, -1)
        losses = []
        for i in range(half):
            for k in range(2):
                positive = views[k, i] @ views[1 - k, i] / temperature
                others = sum(
                    np.exp(views[k, i] @ views[view, j] / temperature)
                    for view in range(2)
                    for j in range(half)
                    if j != i
                )
                losses.append(-positive + np.log(others))
        return np.mean(losses)

    @pytest.mark.parametrize("count", [2, 3, 8])
    @pytest.mark.parametrize("temperature", [0.1, 0.5])
    def test_it_is_the_formula_by_hand(self, count, temperature):
        vectors = self.vectors(count)
        found = float(decoupled_contrast(tf.constant(vectors), temperature))
        assert found == pytest.approx(self.twin(vectors, temperature), rel=1e-4)

    def test_it_is_lower_the_more_the_two_views_agree(self):
        losses = [
            float(decoupled_contrast(tf.constant(self.vectors(6, noise=noise)), 0.2))
            for noise in (0.0, 0.3, 1.0, 5.0)
        ]
        assert losses == sorted(losses)
        assert losses[0] < losses[-1] - 1

    def test_it_is_higher_when_all_look_the_same_way(self):
        same = np.ones((12, 8), np.float32)
        assert float(decoupled_contrast(tf.constant(same), 0.2)) == pytest.approx(np.log(10))

    @pytest.mark.parametrize("count", [1, 2])
    def test_one_or_two_pictures_give_a_finite_gradient(self, count):
        vectors = tf.Variable(self.vectors(count))
        with tf.GradientTape() as tape:
            loss = decoupled_contrast(vectors, 0.2)
        assert np.isfinite(float(loss))
        assert np.isfinite(tape.gradient(loss, vectors)).all()

    def test_of_one_picture_nothing_is_asked_but_that_its_views_agree(self):
        vectors = self.vectors(1)
        cosine = vectors[0] @ vectors[1] / np.prod(np.linalg.norm(vectors, axis=1))
        found = float(decoupled_contrast(tf.constant(vectors), 0.2))
        assert found == pytest.approx(-cosine / 0.2, rel=1e-4)


class TestLosses:
    @pytest.mark.parametrize("count", [1, 2, 3, 8])
    @pytest.mark.parametrize("side", [16, 32])
    def test_they_are_finite_and_add_up(self, network, count, side):
        labels = tf.constant([0, 1, -1, 2, 0, 1, 2, -1])[:count]
        found = ask(
            network,
            PICTURES[:count],
            labels,
            side=side,
            augmentation=Augmentation(),
            classes=3,
        )
        assert np.isfinite(list(found.values())).all()
        parts = [found[name] for name in ("reconstruction", "contrast", "labels")]
        assert found["loss"] == pytest.approx(sum(parts), rel=1e-5)

    def test_labels_are_asked_for_only_where_there_are_some(self, network):
        assert set(ask(network)) == {"reconstruction", "contrast", "loss"}
        plain = ContrastiveAutoencoder(network, NOTHING)
        labelled = ContrastiveAutoencoder(network, NOTHING, classes=2)
        assert "labels" in labelled.name
        assert "labels" not in plain.name
        assert len(labelled.variables) == len(plain.variables) + 2

    def test_the_reconstruction_is_the_squared_error_of_every_fourth_picture(self, network):
        pictures = PIXELS.astype(np.float32)
        found = np.asarray(network.decoder(network.encoder(pictures)["code"]))
        errors = ((found - (pictures / 127.5 - 1)) ** 2).mean(axis=(1, 2, 3))
        assert ask(network)["reconstruction"] == pytest.approx(errors[[0, 4]].mean(), rel=1e-3)
        assert errors[[0, 4]].mean() != pytest.approx(errors.mean(), rel=1e-2)

    def test_the_clean_picture_is_asked_for(self, network):
        """Of white pictures that came in black."""
        white = tf.fill([4, 32, 32, 3], tf.constant(255, tf.uint8))

        def blacken(pictures, side, seed=None):
            return tf.zeros_like(pictures, tf.float32), tf.cast(pictures, tf.float32)

        black = np.zeros((1, 32, 32, 3), np.float32)
        found = np.asarray(network.decoder(network.encoder(black)["code"]))
        loss = ask(network, white, UNKNOWN[:4], augmentation=blacken)["reconstruction"]
        assert loss == pytest.approx(((found - 1) ** 2).mean(), rel=1e-3)

    def test_the_weight_is_the_contrast_s(self, network):
        objective = ContrastiveAutoencoder(network, NOTHING)
        one = objective.training_loss(network, PICTURES, UNKNOWN, 32)["contrast"]
        objective.weight = 0.25
        other = objective.training_loss(network, PICTURES, UNKNOWN, 32)["contrast"]
        assert float(other) == pytest.approx(float(one) / 4, rel=1e-4)

    def test_rows_without_a_label_are_left_out(self, network):
        objective = ContrastiveAutoencoder(network, NOTHING, classes=3)

        def labels_loss(rows, labels):
            pictures, known = PICTURES[:rows], tf.constant(labels)
            return float(objective.training_loss(network, pictures, known, 32)["labels"])

        alone = labels_loss(4, [0, 1, 2, 1])
        assert alone > 0.1
        assert labels_loss(8, [0, 1, 2, 1, -1, -1, -1, -1]) == pytest.approx(alone, rel=1e-4)
        assert labels_loss(8, [0, 1, 2, 1, 0, 2, 0, 2]) != pytest.approx(alone, rel=1e-4)
        assert labels_loss(4, [-1] * 4) == 0


class TestValidation:
    def test_it_is_the_same_each_time(self, network):
        objective = ContrastiveAutoencoder(network, Augmentation(), classes=2)
        labels = tf.constant([0, 1] * 4)
        losses = {float(objective.validation_loss(network, PICTURES, labels)) for _ in range(3)}
        assert len(losses) == 1
        other = objective.validation_loss(network, PICTURES[::-1], labels)
        assert float(other) not in losses

    def test_without_alterations_it_is_the_training_loss(self, network):
        objective = ContrastiveAutoencoder(network, NOTHING)
        loss = objective.training_loss(network, PICTURES, UNKNOWN, 32)["loss"]
        found = objective.validation_loss(network, PICTURES, UNKNOWN)
        assert float(loss) == pytest.approx(float(found), rel=1e-3)

    def test_training_draws_new_alterations_each_time(self, network):
        objective = ContrastiveAutoencoder(network, Augmentation())
        losses = {
            float(objective.training_loss(network, PICTURES, UNKNOWN, 32)["loss"]) for _ in range(3)
        }
        assert len(losses) == 3


def test_its_gradient_reaches_everything_that_is_trained(shape):
    network = build_network(shape)
    random = np.random.default_rng(0)  # some weights begin at zero and hide others
    weights = network.model.get_weights()
    network.model.set_weights([w + random.normal(0, 0.05, w.shape) for w in weights])
    objective = ContrastiveAutoencoder(network, Augmentation(), classes=2)
    labels = tf.constant([0, 1, -1, -1, 1, 0, -1, 0])
    weights = [
        *network.encoder.trainable_variables,
        *network.decoder.trainable_variables,
        *objective.variables,
    ]
    with tf.GradientTape() as tape:
        loss = objective.training_loss(network, PICTURES, labels, 32)["loss"]
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        assert gradient is not None, weight.path
        assert np.isfinite(gradient).all(), weight.path
        assert np.abs(gradient).max() > 0, weight.path
