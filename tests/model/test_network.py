"""The network: its shapes, its embeddings, and that it is saved as it is."""

import drawn
import keras
import numpy as np
import pytest

from ris.errors import StoreError
from ris.model.network import (
    CODE_SIDE,
    NetworkSettings,
    StandardisedConv2D,
    build_network,
    fit_head,
    fit_linear_path,
    load_network,
)

PICTURES = drawn.pixels(6).astype(np.float32)


@pytest.fixture(scope="module")
def network(shape):
    return build_network(shape)


@pytest.mark.parametrize(
    "settings",
    [NetworkSettings(size=32), NetworkSettings(size=64, widths=(8, 16, 16), dimension=20)],
    ids=["32", "64"],
)
def test_shapes(settings):
    network = build_network(settings)
    pictures = np.zeros((2, settings.size, settings.size, 3), np.float32)
    codes = network.encoder(pictures)
    assert codes.shape == (2, CODE_SIDE, CODE_SIDE, settings.code_channels)
    assert network.decoder(codes).shape == pictures.shape
    assert network.head(codes).shape == (2, settings.dimension)
    assert (network.size, network.dimension) == (settings.size, settings.dimension)


def test_embeddings_have_unit_length(network):
    embeddings = np.asarray(network.head(network.encoder(PICTURES)))
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)


def test_a_saved_network_is_the_same(network, tmp_path):
    network.save(tmp_path / "a.keras")
    again = load_network(tmp_path / "a.keras")
    before, after = network.model(PICTURES), again.model(PICTURES)
    for name in ("reconstruction", "embedding"):
        np.testing.assert_array_equal(before[name], after[name])
    assert (again.size, again.dimension) == (network.size, network.dimension)


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04garbage"])
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "a.keras").write_bytes(content)
    with pytest.raises(StoreError, match=r"a\.keras"):
        load_network(tmp_path / "a.keras")


def test_weights_are_copied(network, shape):
    other = build_network(shape)
    assert not np.array_equal(other.encoder(PICTURES), network.encoder(PICTURES))
    other.copy_weights(network)
    np.testing.assert_array_equal(other.encoder(PICTURES), network.encoder(PICTURES))


def test_the_seed_decides_the_weights(shape):
    made = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        made.append(np.asarray(build_network(shape).encoder(PICTURES)))
    np.testing.assert_array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])


def test_building_leaves_keras_as_it_was(shape):
    before = keras.config.dtype_policy().name
    network = build_network(shape, policy="mixed_bfloat16")
    assert keras.config.dtype_policy().name == before
    assert network.head(network.encoder(PICTURES)).dtype == "float32"
    assert network.decoder(network.encoder(PICTURES)).dtype == "float32"


def test_filters_are_standardised():
    """Scale and shift of the raw kernel do not matter; only its direction does."""
    layer = StandardisedConv2D(4, 3, padding="same")
    inputs = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype(np.float32)
    before = np.asarray(layer(inputs))
    kernel, *rest = layer.get_weights()
    layer.set_weights([kernel * 100 + 7, *rest])
    np.testing.assert_allclose(layer(inputs), before, rtol=0.02, atol=0.05)
    assert before.std() > 0.1


def test_the_linear_path_begins_at_the_principal_components_of_patches(shape):
    pixels = drawn.pixels(40)
    network = build_network(shape)
    fit_linear_path(network, pixels)
    found = np.asarray(network.decoder(network.encoder(pixels.astype(np.float32))))

    side, rows = shape.size // CODE_SIDE, CODE_SIDE
    scaled = pixels / 127.5 - 1
    patches = scaled.reshape(-1, rows, side, rows, side, 3).transpose(0, 1, 3, 2, 4, 5)
    flat = patches.reshape(-1, side * side * 3)
    centred = flat - flat.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2][: shape.code_channels]
    expected = ((centred - centred @ axes.T @ axes) ** 2).mean()
    assert ((found - scaled) ** 2).mean() == pytest.approx(expected, rel=0.01)


class TestHead:
    def fit(self, network, codes):
        fit_head(network, codes)
        return np.asarray(network.head.get_layer("axes")(codes.reshape(len(codes), -1)))

    def codes(self, network, count):
        return np.asarray(network.encoder(drawn.pixels(count).astype(np.float32)))

    def test_axes_are_centred_uncorrelated_and_fall(self, network):
        found = self.fit(network, self.codes(network, 200))
        np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-3 * found.std())
        spread = np.cov(found, rowvar=False)
        assert (np.diff(np.diag(spread)) <= 1e-6 * spread[0, 0]).all()
        apart = spread - np.diag(np.diag(spread))
        assert np.abs(apart).max() < 1e-3 * spread[0, 0]

    @pytest.mark.parametrize("count", [1, 2, 5])
    def test_a_handful_of_codes_gives_finite_embeddings(self, network, count):
        codes = self.codes(network, count)
        self.fit(network, codes)
        embeddings = np.asarray(network.head(codes))
        assert np.isfinite(embeddings).all()

    def test_copies_give_finite_embeddings(self, network):
        codes = np.repeat(self.codes(network, 1), 5, axis=0)
        self.fit(network, codes)
        assert np.isfinite(np.asarray(network.head(codes))).all()
