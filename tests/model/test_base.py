"""The base encoder that ships: it loads, it fits, and it sees more than raw pixels do."""

import drawn
import numpy as np
import pytest

from ris.explore.baselines import raw_pixels
from ris.explore.evaluation import label_scores
from ris.images.demo import FAMILIES
from ris.images.entries import DrawnEntry
from ris.images.prepare import prepare
from ris.model.base import WEIGHTS, base_facts, base_settings, load_base
from ris.model.choices import Choices
from ris.model.head import fit_to
from ris.model.network import MAX_DIMENSION

MOST_BYTES = 16e6


def test_it_is_small_enough_to_ship():
    assert WEIGHTS.stat().st_size < MOST_BYTES


def test_its_facts_tell_its_name_and_its_shape():
    facts = base_facts(Choices(size=96, colour=0))
    assert facts["base"]
    assert facts["network"]["size"] == 96
    assert facts["choices"]["colour"] == 0
    assert facts["pictures"] == 0


@pytest.fixture(scope="module")
def seen():
    """Pictures it has never seen, of the built-in collection: 17 kinds, 12 of each."""
    entries = [
        DrawnEntry("", "", family=family, number=number)
        for family in FAMILIES
        for number in range(12)
    ]
    pixels = np.stack([prepare(entry.read(), 64).pixels for entry in entries])
    return pixels, np.repeat(np.arange(len(FAMILIES), dtype=np.int32), 12)


@pytest.fixture(scope="module")
def network(seen):
    network = load_base(Choices())
    fit_to(network, seen[0], np.arange(len(seen[0])))
    return network


@pytest.mark.slow
def test_it_tells_kinds_apart_better_than_raw_pixels(seen, network):
    pixels, labels = seen
    asking = np.arange(len(pixels)) % 4 == 0

    def precision(vectors):
        return label_scores(vectors[~asking], labels[~asking], vectors[asking], labels[asking])[0]

    found = network.model.predict(pixels.astype(np.float32), verbose=0)["embedding"]
    assert precision(found) > 1.4 * precision(raw_pixels(pixels))


@pytest.mark.slow
def test_its_decoder_gives_pictures_back(seen, network):
    pixels = seen[0][::20].astype(np.float32)
    back = network.model.predict(pixels, verbose=0)["reconstruction"]
    noise = np.square((back.clip(-1, 1) + 1) * 127.5 - pixels).mean(axis=(1, 2, 3))
    assert 10 * np.log10(255**2 / noise.mean()) > 18  # dB


def test_other_sides_and_no_colours_work_with_the_same_weights():
    choices = Choices(size=32, colour=0)
    network = load_base(choices)
    assert base_settings(choices).size == network.size == 32
    assert network.dimension == MAX_DIMENSION
    picture = np.asarray(drawn.draw("bars", 0, size=(32, 32)).convert("RGB"), np.float32)[None]
    assert np.isfinite(network.model(picture)["embedding"]).all()
