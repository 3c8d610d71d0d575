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

    return NetworkSettings(size=32, widths=(8, 16), code_channels=4, dimension=12)


@pytest.fixture(scope="session")
def once(shape):
    from ris.model.training import TrainingSettings, train

    told: list[Progress] = []
    settings = TrainingSettings(minutes=0.12, seed=3, batch=32)
    trained = train(drawn.pixels(200), shape, settings, on_progress=told.append)
    return TrainedOnce(trained, told)
