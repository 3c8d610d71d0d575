"""The training loop: it learns, keeps the best, and stops when it should."""

import time

import drawn
import keras
import numpy as np
import pytest
import tensorflow as tf

from ris.errors import Cancelled, RisError
from ris.model import training
from ris.model.network import NetworkSettings, build_network
from ris.model.training import Trained, TrainingSettings, train
from ris.progress import StopSignal, silent

LONG = 10.0  # minutes; no test waits for that
OFTEN = 10**9  # evaluations: as often as there may be


class Scripted:
    """An objective of one weight, with the validation losses it is told; it compiles at once.

    Attributes:
        sides: Of the views that were asked for, one after another.
        labels: That it was given, of the last validation.
    """

    name = "scripted"

    def __init__(self, validation_losses):
        self.variables = []
        self.sides = []
        self.labels = tf.Variable([0], shape=[None])
        self._given = tf.constant(validation_losses, tf.float32)
        self._calls = tf.Variable(0)

    def training_loss(self, network, pictures, labels, side):
        self.sides.append(side)  # when its graph is made
        weights = [*network.encoder.trainable_variables, *network.decoder.trainable_variables]
        return {"loss": tf.add_n([tf.reduce_mean(tf.square(weight)) for weight in weights])}

    def validation_loss(self, network, pictures, labels):
        self.labels.assign(labels)
        row = tf.minimum(self._calls.assign_add(1) - 1, len(self._given) - 1)
        return tf.gather(self._given, row)


def run(
    shape, objective, settings, *, stop=None, on_progress=silent, network=None, count=24
) -> Trained:
    """What `train` does, with another objective: that of `train` compiles for seconds."""
    pixels = drawn.pixels(count)
    network = network or build_network(shape)
    labels = np.arange(count, dtype=np.int32)
    one = training._Run(network, objective, settings, pixels, labels, None)
    one.train(on_progress, stop or StopSignal())
    return training._finish(one, pixels, shape)


def listen(stop, count, network=None):
    """Stops early after `count` validations; hears their points, copies the weights at each."""
    points, weights = [], []

    def on_progress(progress):
        if progress.loss:
            points.append(progress.loss)
            if network:
                weights.append(network.model.get_weights())
            stop.early = stop.early or len(points) > count

    return points, weights, on_progress


@pytest.mark.slow
class TestLearning:
    def test_the_held_out_loss_falls(self, once):
        history = once.trained.facts["history"]
        assert history[0]["step"] == 0
        assert once.trained.facts["validation_loss"] < history[0]["validation_loss"] - 0.5

    def test_the_facts_are_those_of_the_run(self, once, shape):
        facts = once.trained.facts
        assert (facts["pictures"], facts["held_out"]) == (180, 20)
        assert facts["settings"]["seed"] == 3
        assert facts["network"]["size"] == shape.size
        assert facts["objective"] == "reconstruction + contrast"
        best = min(point["validation_loss"] for point in facts["history"])
        assert facts["validation_loss"] == best
        assert facts["steps"] == facts["history"][-1]["step"] > 0
        assert [p.loss for p in once.told if p.loss] == facts["history"]

    def test_embeddings_are_fitted_and_of_unit_length(self, once, shape):
        embeddings = np.asarray(once.trained.network.model(drawn.pixels(40))["embedding"])
        np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
        assert embeddings.dtype == np.float32
        learned = embeddings[:, : shape.dimension]
        products = learned @ learned.T
        assert products[~np.eye(40, dtype=bool)].mean() < 0.2  # they do not all look one way

    def test_labels_bring_like_ones_together(self, once, train_steps, shape):
        """Judged by the ten nearest neighbours of pictures that were not trained on."""
        truth = np.arange(320, dtype=np.int32) % 4
        labelled = train_steps(8, labels=truth[:200])
        assert labelled.trained.facts["objective"] == "reconstruction + contrast + labels"
        found = []
        for trained in (once.trained, labelled.trained):
            embeddings = np.asarray(trained.network.model(drawn.pixels(320))["embedding"])
            learned = embeddings[:, : shape.dimension]
            nearest = np.argsort(-learned[200:] @ learned[:200].T, axis=1)[:, :10]
            found.append((truth[nearest] == truth[200:, None]).mean())
        assert found[1] > found[0] + 0.03, found


class TestStopping:
    def test_it_stops_when_nothing_gets_better(self, shape):
        settings = TrainingSettings(minutes=LONG, patience=3, evaluations=OFTEN, cool_down=0)
        trained = run(shape, Scripted([5, 4, 3, 3, 3, 3, 3, 3]), settings)
        history = trained.facts["history"]
        assert [point["validation_loss"] for point in history] == [5, 4, 3, 3, 3, 3]
        # however often it is asked to
        assert [point["step"] for point in history] == [0, 20, 40, 60, 80, 100]
        assert trained.facts["seconds"] < 60

    def test_before_it_stops_it_cools_down(self, shape):
        settings = TrainingSettings(minutes=LONG, patience=2, evaluations=OFTEN, cool_down=1)
        history = run(shape, Scripted([1, 2, 3, 4]), settings).facts["history"]
        # twice the time until the second validation that was no better, and no more than a batch
        assert history[-1]["seconds"] >= 1.9 * history[2]["seconds"]
        assert history[-1]["seconds"] < 60

    def test_the_best_weights_are_those_that_come_back(self, shape):
        stop, network = StopSignal(), build_network(shape)
        points, weights, on_progress = listen(stop, 4, network)
        settings = TrainingSettings(minutes=LONG, evaluations=OFTEN)
        trained = run(
            shape,
            Scripted([6, 5, 2, 3, 4, 5]),
            settings,
            stop=stop,
            on_progress=on_progress,
            network=network,
        )
        assert [point["validation_loss"] for point in points][:5] == [6, 5, 2, 3, 4]
        assert trained.facts["validation_loss"] == 2
        fitted = {id(weight) for weight in trained.network.head.weights}
        rows = [row for row, w in enumerate(trained.network.model.weights) if id(w) not in fitted]
        found = trained.network.model.get_weights()
        for row in rows:
            np.testing.assert_array_equal(found[row], weights[2][row])
        assert any(not np.array_equal(found[row], weights[3][row]) for row in rows)

    def test_stopped_before_the_first_step_there_is_a_network_still(self, shape):
        stop = StopSignal()
        stop.early = True
        trained = run(shape, Scripted([2, 1]), TrainingSettings(minutes=LONG), stop=stop)
        assert trained.facts["steps"] == 1
        assert trained.facts["validation_loss"] == 1

    def test_cancelled_it_gives_nothing(self, shape):
        stop = StopSignal()
        stop.cancelled = True
        with pytest.raises(Cancelled):
            run(shape, Scripted([1]), TrainingSettings(minutes=LONG), stop=stop)

    def test_cancelled_while_it_runs_it_stops_between_two_steps(self, shape):
        stop = StopSignal()

        def on_progress(progress):
            stop.cancelled = progress.loss is not None and progress.loss["step"] >= 20

        settings = TrainingSettings(minutes=LONG, evaluations=OFTEN)
        began = time.monotonic()
        with pytest.raises(Cancelled):
            run(shape, Scripted([1]), settings, stop=stop, on_progress=on_progress)
        assert time.monotonic() - began < 60

    def test_a_loss_that_is_no_number_is_told_and_nothing_comes_back(self, shape):
        settings = TrainingSettings(minutes=LONG, patience=2, evaluations=OFTEN, cool_down=0)
        with pytest.raises(RisError, match="diverged") as refused:
            run(shape, Scripted([np.nan]), settings)
        assert "--seed" in refused.value.hint


class TestBudget:
    def test_it_is_respected_and_told_in_seconds(self, shape):
        told = []
        settings = TrainingSettings(minutes=0.05, patience=99)
        trained = run(shape, Scripted([3, 2, 1]), settings, on_progress=told.append)
        assert 3 <= trained.facts["seconds"] < 3 + 30  # over by the compilation of a step
        assert {progress.stage for progress in told} == {"train"}
        assert {progress.total for progress in told} == {3}
        done = [progress.done for progress in told]
        assert done == sorted(done)
        assert done[-1] == 3
        assert [one.loss for one in told if one.loss] == trained.facts["history"]

    def test_views_are_small_first_and_full_later(self, shape):
        objective, stop = Scripted([2, 1]), StopSignal()

        def on_progress(progress):
            stop.early = len(objective.sides) == 2

        settings = TrainingSettings(minutes=0.5, small_side=16, small_share=0.1)
        trained = run(shape, objective, settings, stop=stop, on_progress=on_progress)
        assert objective.sides == [16, 32]
        assert trained.facts["seconds"] < 60

    def test_views_are_never_larger_than_the_pictures(self, shape):
        objective, stop = Scripted([2, 1]), StopSignal()
        stop.early = True
        settings = TrainingSettings(minutes=LONG, small_side=48, small_share=1.0)
        run(shape, objective, settings, stop=stop)
        assert objective.sides == [32]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_handful_of_pictures_can_be_trained_on(shape, count):
    settings = TrainingSettings(minutes=LONG, patience=1, evaluations=OFTEN, cool_down=0)
    trained = run(shape, Scripted([2, 1, 1]), settings, count=count)
    embeddings = np.asarray(trained.network.model(drawn.pixels(count))["embedding"])
    assert embeddings.shape == (count, shape.dimension + 64)
    assert np.isfinite(embeddings).all()
    assert trained.facts["pictures"] == count


def test_no_pictures_cannot_be_trained_on(shape):
    with pytest.raises(RisError, match="no pictures"):
        train(drawn.pixels(1)[:0], shape, TrainingSettings())


def begin(shape, pixels, *, seed=0, labels=None, held_out=None):
    """A run that has not trained yet, and its first validation loss."""
    keras.utils.set_random_seed(seed)
    network, settings = build_network(shape), TrainingSettings(minutes=LONG, seed=seed)
    labels = np.arange(len(pixels), dtype=np.int32) if labels is None else labels
    return training._Run(network, Scripted([1]), settings, pixels, labels, held_out)


class TestHeldOut:
    def test_some_are_drawn_by_the_seed(self, shape):
        one, again, other = (begin(shape, drawn.pixels(40), seed=seed) for seed in (1, 1, 2))
        assert (len(one.validation), len(one.training)) == (4, 36)
        assert sorted([*one.validation, *one.training]) == list(range(40))
        np.testing.assert_array_equal(one.validation, again.validation)
        np.testing.assert_array_equal(one.training, again.training)
        assert not np.array_equal(one.validation, other.validation)
        for weight, same in zip(
            one.network.model.get_weights(), again.network.model.get_weights(), strict=True
        ):
            np.testing.assert_array_equal(weight, same)

    def test_those_given_are_validated_on_and_not_trained_on(self, shape):
        rows = np.array([7, 3, 30])
        one = begin(shape, drawn.pixels(40), held_out=rows)
        np.testing.assert_array_equal(one.validation, [3, 7, 30])
        assert sorted(one.training) == sorted(set(range(40)) - {3, 7, 30})
        pictures, labels = next(one._batches())
        assert not set(labels) & {3, 7, 30}
        np.testing.assert_array_equal(pictures, drawn.pixels(40)[labels])  # they stay together

    def test_a_handful_is_validated_on_itself(self, shape):
        one = begin(shape, drawn.pixels(5))
        assert sorted(one.validation) == sorted(one.training) == list(range(5))


@pytest.fixture
def eagerly():
    """Without graphs: a single step is done before its graph would be made."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.usefixtures("eagerly")
class TestStart:
    """Stopped at once and with a rate of zero: what comes back is what training began with."""

    def begin(self, shape, start=None):
        stop = StopSignal()
        stop.early = True
        settings = TrainingSettings(minutes=LONG, learning_rate=0.0, small_side=32)
        return train(drawn.pixels(2), shape, settings, start=start, stop=stop).network

    def test_training_goes_on_from_it_also_at_another_side(self, shape):
        start = build_network(NetworkSettings(**{**vars(shape), "size": 64}))
        found = self.begin(shape, start)
        assert found.size == 32
        for part in ("encoder", "decoder"):
            before, after = (getattr(one, part).get_weights() for one in (start, found))
            for old, new in zip(before, after, strict=True):
                np.testing.assert_array_equal(old, new)

    def test_one_of_another_shape_is_left_alone(self, shape):
        start = build_network(NetworkSettings(**{**vars(shape), "widths": (8, 16, 40)}))
        found = self.begin(shape, start)
        # it began with the linear path of these pictures instead
        pictures = drawn.pixels(2)
        again = (np.asarray(found.model(pictures)["reconstruction"]) + 1) * 127.5
        np.testing.assert_allclose(again, pictures, atol=1)


@pytest.mark.usefixtures("eagerly")
def test_the_only_picture_can_be_trained_on_for_real(shape):
    stop = StopSignal()
    stop.early = True
    settings = TrainingSettings(minutes=LONG, small_side=16)
    trained = train(drawn.pixels(1), shape, settings, stop=stop, labels=np.array([0]))
    assert np.isfinite(trained.facts["loss"])
    assert np.isfinite(trained.network.model(drawn.pixels(1))["embedding"]).all()
