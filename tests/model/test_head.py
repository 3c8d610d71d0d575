"""The head: what becomes of features, of many pictures and of a handful."""

import drawn
import keras
import numpy as np
import pytest

from ris.images.alterations import KINDS
from ris.model.head import changed_features, fit_head, fit_to
from ris.model.network import NetworkSettings, build_network

WIDTH = 128  # features, peaks and two parts of the layout, 32 of each
NO_CHANGES = np.zeros((1, WIDTH), np.float32)


@pytest.fixture(scope="module")
def network(shape):
    keras.utils.set_random_seed(0)
    return build_network(shape)


def embed(network, pictures):
    return np.asarray(network.model(np.asarray(pictures, np.float32))["embedding"])


@pytest.mark.parametrize("turned", [False, True])
def test_altered_copies_are_compared_with_their_own_pictures(shape, turned):
    """Of pictures that have an up, those turned by 90 degrees are left out."""
    network = build_network(NetworkSettings(**{**vars(shape), "turned": turned}))
    width = network.head.input_shape[0][-1]
    found = changed_features(network, drawn.pixels(3)).reshape(-1, 3, width)
    assert len(found) == len(KINDS) - (not turned)
    names = [kind.name for kind in KINDS]
    assert np.abs(found[names.index("mirror")]).max() < 1e-5  # each against itself
    others = np.delete(
        found, [i for i, name in enumerate(names[: len(found)]) if name in ("mirror", "turn90")], 0
    )
    assert np.abs(others).max(axis=(1, 2)).min() > 1e-3
    if turned:
        assert np.abs(found[names.index("turn90")]).max() < 1e-5


class TestHead:
    """Of features in general: centred, on principal axes, of more even variances."""

    def axes(self, network, features, changes=NO_CHANGES):
        fit_head(network, features.astype(np.float32), changes)
        return np.asarray(network.head.get_layer("axes")(features.astype(np.float32)))

    def drawn_features(self, spreads, count=4000):
        """Normal, of those spreads along random axes."""
        random = np.random.default_rng(0)
        axes = np.linalg.qr(random.normal(size=(WIDTH, WIDTH)))[0]
        return (random.normal(size=(count, WIDTH)) * spreads) @ axes + random.normal(size=WIDTH)

    def test_axes_are_centred_and_partly_white(self, network):
        """Where nothing is known of changes, variances v become v / v ** .7."""
        spreads = np.linspace(0.2, 0.05, WIDTH)
        found = self.axes(network, self.drawn_features(spreads))
        assert found.shape == (4000, 16)
        np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-3)
        expected = np.diag(spreads[:16] ** (2 * 0.3))
        np.testing.assert_allclose(np.cov(found, rowvar=False), expected, atol=0.03)

    def test_they_are_the_ones_of_largest_spread(self, network):
        spreads = np.repeat([0.2, 0.01], [16, WIDTH - 16])
        features = self.drawn_features(spreads)
        found = self.axes(network, features)
        centred = features - features.mean(axis=0)
        left = centred - found @ np.linalg.lstsq(found, centred, rcond=None)[0]
        assert left.std() < 0.02

    def test_axes_of_next_to_no_spread_are_not_blown_up(self, network):
        found = self.axes(network, self.drawn_features(np.repeat([0.2, 1e-5], [4, WIDTH - 4])))
        assert np.abs(found[:, :4].std(axis=0) - 0.2**0.3).max() < 0.05
        assert found[:, 4:].std(axis=0).max() < 0.1

    def test_what_altered_copies_change_counts_for_less(self, network):
        features = self.drawn_features(np.full(WIDTH, 0.1))
        direction = np.eye(WIDTH)[3]
        changes = np.random.default_rng(1).normal(size=(500, WIDTH)) * 0.01
        changes[:, 3] += np.tile([0.2, -0.2], 250)
        kept = self.kernel(network, features, changes)
        assert np.linalg.norm(direction @ kept) < 0.3 * np.linalg.norm(np.eye(WIDTH)[4] @ kept)

    def kernel(self, network, features, changes):
        self.axes(network, features, changes.astype(np.float32))
        return network.head.get_layer("axes").get_weights()[0]

    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize("count", [1, 2, 5, 12])
    def test_a_handful_of_pictures_gives_finite_embeddings(self, network, count):
        pixels = drawn.pixels(count)
        fit_to(network, pixels, np.arange(len(pixels)))
        found = embed(network, pixels)
        assert np.isfinite(found).all()
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
        assert np.square(found[:, :16]).sum(axis=1).min() > 0.5

    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize(
        "pixels",
        [
            np.repeat(drawn.pixels(1), 5, axis=0),
            np.zeros((4, 32, 32, 3), np.uint8),
            np.full((4, 32, 32, 3), 255, np.uint8),
            np.repeat(np.arange(0, 250, 50, dtype=np.uint8), 32 * 32 * 3).reshape(-1, 32, 32, 3),
        ],
        ids=["copies", "black", "white", "greys"],
    )
    def test_copies_and_constant_pictures_give_finite_embeddings(self, network, pixels):
        fit_to(network, pixels, np.arange(len(pixels)))
        found = embed(network, pixels)
        assert np.isfinite(found).all()
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)

    @pytest.mark.parametrize("count", [1, 3])
    def test_rounding_errors_do_not_decide_the_embedding_of_the_only_picture(self, network, count):
        pixels = np.repeat(drawn.pixels(1), count, axis=0)
        fit_to(network, pixels, np.arange(len(pixels)))
        nearly = pixels[:1] + np.float32(0.001)
        np.testing.assert_allclose(embed(network, nearly), embed(network, pixels[:1]), atol=1e-3)
