"""One small trained network, shared by the tests of the model: Keras compiles for seconds."""

from dataclasses import dataclass

import drawn
import pytest

from ris.progress import Progress


@dataclass
class TrainedOnce:
    """A training run, and what was heard of it."""

    trained: object
    told: list[Progress]


@pytest.fixture(scope="session")
def shape():
    from ris.model.network import NetworkSettings

    return NetworkSettings(size=32, widths=(8, 16, 32), code_channels=8, dimension=16)


@pytest.fixture(scope="session")
def train_steps(shape):
    """Trains on drawn pictures for so many times 20 steps, however fast the machine is."""
    from ris.model.training import TrainingSettings, train
    from ris.progress import StopSignal

    def train_steps(count, **options):
        told, stop = [], StopSignal()

        def on_progress(progress):
            told.append(progress)
            stop.early = sum(bool(one.loss) for one in told) >= count

        settings = TrainingSettings(
            minutes=10,
            seed=3,
            batch=32,
            learning_rate=2e-3,
            small_side=32,
            warm_up=0,
            evaluations=10**9,
        )
        pixels = drawn.pixels(200)
        trained = train(pixels, shape, settings, on_progress=on_progress, stop=stop, **options)
        return TrainedOnce(trained, told)

    return train_steps


@pytest.fixture(scope="session")
def once(train_steps):
    return train_steps(8)
