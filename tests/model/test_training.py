"""The training loop: it learns, keeps the best, and stops when it should."""

import time

import drawn
import numpy as np
import pytest
import tensorflow as tf

from ris.errors import Cancelled, RisError
from ris.model.augmentation import Augmentation
from ris.model.network import build_network
from ris.model.objective import Reconstruction
from ris.model.training import Trained, TrainingSettings, train
from ris.progress import StopSignal

LONG = 10.0  # minutes; no test waits for that


class Scripted:
    """An objective of one weight, with the validation losses it is told; it compiles at once."""

    name = "scripted"

    def __init__(self, validation_losses):
        self.variables = []
        self._given = tf.constant(validation_losses, tf.float32)
        self._calls = tf.Variable(0)

    def training_loss(self, network, pictures):
        weights = [*network.encoder.trainable_variables, *network.decoder.trainable_variables]
        return {"loss": tf.add_n([tf.reduce_mean(tf.square(weight)) for weight in weights])}

    def validation_loss(self, network, pictures):
        row = tf.minimum(self._calls.assign_add(1) - 1, len(self._given) - 1)
        return tf.gather(self._given, row)


def steps(count, stop):
    """Stops early after `count` validations."""
    told = []

    def on_progress(progress):
        if progress.loss:
            told.append(progress.loss)
            stop.early = stop.early or len(told) > count

    return told, on_progress


@pytest.mark.slow
class TestLearning:
    def test_the_held_out_loss_falls(self, once):
        history = once.trained.facts["history"]
        assert history[0]["step"] == 0
        # it begins at the patches' principal components, which are hard to beat
        assert once.trained.facts["validation_loss"] < 0.9 * history[0]["validation_loss"]

    def test_the_facts_are_those_of_the_run(self, once, shape):
        facts = once.trained.facts
        assert (facts["pictures"], facts["held_out"]) == (180, 20)
        assert facts["settings"]["seed"] == 3
        assert facts["network"]["size"] == shape.size
        assert facts["objective"] == "reconstruction"
        best = min(point["validation_loss"] for point in facts["history"])
        assert facts["validation_loss"] == best
        assert facts["steps"] > 0

    def test_the_best_weights_are_those_that_come_back(self, once):
        """The held-out loss of the returned network is the best of the history."""
        order = np.random.default_rng(3).permutation(200)
        held_out = tf.constant(drawn.pixels(200)[np.sort(order[:20])])
        loss = Reconstruction(Augmentation()).validation_loss(once.trained.network, held_out)
        assert float(loss) == pytest.approx(once.trained.facts["validation_loss"], rel=0.02)

    def test_embeddings_are_fitted_and_of_unit_length(self, once):
        network = once.trained.network
        pictures = drawn.pixels(40).astype(np.float32)
        embeddings = np.asarray(network.head(network.encoder(pictures)))
        np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
        assert embeddings.dtype == np.float32
        products = embeddings @ embeddings.T
        assert products[~np.eye(40, dtype=bool)].mean() < 0.5  # they do not all look one way

    def test_progress_is_told_in_seconds_of_the_budget(self, once):
        assert {progress.stage for progress in once.told} == {"train"}
        assert {progress.total for progress in once.told} == {7}
        done = [progress.done for progress in once.told]
        assert done == sorted(done)
        assert done[-1] == 7
        assert [p.loss for p in once.told if p.loss] == once.trained.facts["history"]

    def test_the_budget_is_respected(self, once):
        """Over by the compilation of a step at most."""
        assert 7 <= once.trained.facts["seconds"] < 7.2 + 8


class TestStopping:
    def run(self, shape, objective, settings, stop=None, on_progress=None, start=None) -> Trained:
        options = {"on_progress": on_progress} if on_progress else {}
        return train(
            drawn.pixels(24),
            shape,
            settings,
            objective=objective,
            stop=stop,
            start=start,
            **options,
        )

    def test_it_stops_when_nothing_gets_better(self, shape):
        settings = TrainingSettings(minutes=LONG, patience=3, evaluations=10**9, cool_down=0)
        trained = self.run(shape, Scripted([5, 4, 3, 3, 3, 3, 3, 3]), settings)
        losses = [point["validation_loss"] for point in trained.facts["history"]]
        assert losses == [5, 4, 3, 3, 3, 3]
        assert trained.facts["seconds"] < 60

    def test_it_does_not_validate_more_often_than_every_20_steps(self, shape):
        settings = TrainingSettings(minutes=LONG, patience=2, evaluations=10**9, cool_down=0)
        trained = self.run(shape, Scripted([1, 2, 3, 4]), settings)
        assert [point["step"] for point in trained.facts["history"]] == [0, 20, 40]

    def test_before_it_stops_it_cools_down(self, shape):
        settings = TrainingSettings(minutes=LONG, patience=2, evaluations=10**9, cool_down=1)
        history = self.run(shape, Scripted([1, 2, 3, 4]), settings).facts["history"]
        # twice the time until the second validation that was no better, and no more than a batch
        assert history[-1]["seconds"] >= 1.9 * history[2]["seconds"]
        assert history[-1]["seconds"] < 60

    def test_stopped_early_it_keeps_the_best_weights_so_far(self, shape):
        stop = StopSignal()
        start = build_network(shape)
        _, on_progress = steps(4, stop)
        settings = TrainingSettings(minutes=LONG, evaluations=10**9)
        trained = self.run(shape, Scripted([1, 2, 3, 4, 5, 6]), settings, stop, on_progress, start)
        # the best was before the first step: the weights it started from
        for part in ("encoder", "decoder"):
            before = getattr(start, part).get_weights()
            after = getattr(trained.network, part).get_weights()
            for old, new in zip(before, after, strict=True):
                np.testing.assert_array_equal(old, new)
        assert trained.facts["validation_loss"] == 1

    def test_weights_that_got_better_are_not_those_of_the_start(self, shape):
        stop = StopSignal()
        start = build_network(shape)
        _, on_progress = steps(2, stop)
        settings = TrainingSettings(minutes=LONG, evaluations=10**9)
        trained = self.run(shape, Scripted([6, 5, 4, 3, 2]), settings, stop, on_progress, start)
        assert not np.array_equal(
            trained.network.encoder.get_weights()[0], start.encoder.get_weights()[0]
        )

    def test_stopped_before_the_first_step_there_is_a_network_still(self, shape):
        stop = StopSignal()
        stop.early = True
        trained = self.run(shape, Scripted([2, 1]), TrainingSettings(minutes=LONG), stop)
        assert trained.facts["steps"] == 1
        assert trained.facts["validation_loss"] == 1

    def test_cancelled_it_gives_nothing(self, shape):
        stop = StopSignal()
        stop.cancelled = True
        with pytest.raises(Cancelled):
            self.run(shape, Scripted([1]), TrainingSettings(minutes=LONG), stop)

    def test_cancelled_while_it_runs_it_stops_between_two_steps(self, shape):
        stop = StopSignal()

        def on_progress(progress):
            stop.cancelled = progress.loss is not None and progress.loss["step"] >= 20

        settings = TrainingSettings(minutes=LONG, evaluations=10**9)
        began = time.monotonic()
        with pytest.raises(Cancelled):
            self.run(shape, Scripted([1]), settings, stop, on_progress)
        assert time.monotonic() - began < 60

    def test_a_loss_that_is_no_number_is_told_and_nothing_comes_back(self, shape):
        settings = TrainingSettings(minutes=LONG, patience=2, evaluations=10**9)
        with pytest.raises(RisError, match="diverged") as refused:
            self.run(shape, Scripted([np.nan]), settings)
        assert "--seed" in refused.value.hint


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_handful_of_pictures_can_be_trained_on(shape, count):
    settings = TrainingSettings(minutes=LONG, patience=1, evaluations=10**9)
    trained = train(drawn.pixels(count), shape, settings, objective=Scripted([2, 1, 1]))
    network = trained.network
    embeddings = np.asarray(network.head(network.encoder(drawn.pixels(count).astype(np.float32))))
    assert embeddings.shape == (count, shape.dimension)
    assert np.isfinite(embeddings).all()
    assert trained.facts["pictures"] == count


def test_no_pictures_cannot_be_trained_on(shape):
    with pytest.raises(RisError, match="no pictures"):
        train(drawn.pixels(1)[:0], shape, TrainingSettings())


class Judged(Scripted):
    """Trains as quickly as the scripted one and is judged by what the network gives back."""

    def __init__(self):
        super().__init__([0])
        self.validation_loss = Reconstruction(Augmentation()).validation_loss


def test_the_seed_decides_the_weights_and_what_is_held_out(shape):
    """Two runs differ in the end all the same, as the budget is time."""
    stop = StopSignal()
    stop.early = True
    firsts = []
    for seed in (1, 1, 2):
        settings = TrainingSettings(minutes=LONG, seed=seed)
        trained = train(drawn.pixels(40), shape, settings, objective=Judged(), stop=stop)
        firsts.append(trained.facts["history"][0]["validation_loss"])
    assert firsts[0] == pytest.approx(firsts[1], rel=1e-5)
    assert firsts[0] != pytest.approx(firsts[2], rel=1e-3)
