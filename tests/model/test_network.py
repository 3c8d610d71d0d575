"""The network: its shapes, its embeddings, and that it is saved as it is."""

from pathlib import Path

import drawn
import keras
import numpy as np
import pytest

from ris.errors import StoreError
from ris.model.network import (
    STRIDE,
    ColourHistogram,
    Layout,
    NetworkSettings,
    StandardisedConv2D,
    build_network,
    fit_linear_path,
    load_network,
)

PICTURES = drawn.pixels(6).astype(np.float32)


@pytest.fixture(scope="module")
def network(shape):
    keras.utils.set_random_seed(0)
    return build_network(shape)


def embed(network, pictures):
    return np.asarray(network.model(np.asarray(pictures, np.float32))["embedding"])


@pytest.mark.parametrize(
    ("settings", "dimension"),
    [
        (NetworkSettings(), 192 + 64),
        (NetworkSettings(size=48, widths=(8, 16, 24), dimension=20, colour=0), 20),
    ],
    ids=["default", "48"],
)
def test_shapes(settings, dimension):
    network = build_network(settings)
    pictures = np.zeros((2, settings.size, settings.size, 3), np.float32)
    found = network.encoder(pictures)
    cells = settings.size // STRIDE
    assert found["code"].shape == (2, cells, cells, settings.code_channels)
    assert found["features"].shape == (2, settings.widths[-1])
    assert network.decoder(found["code"]).shape == pictures.shape
    assert network.model(pictures)["reconstruction"].shape == pictures.shape
    assert embed(network, pictures).shape == (2, dimension)
    assert (network.size, network.dimension) == (settings.size, dimension)


class TestEmbeddings:
    def test_they_have_unit_length(self, network):
        found = embed(network, PICTURES)
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)

    def test_a_picture_and_its_mirror_image_have_the_same(self, network):
        mirrored = PICTURES[:, :, ::-1]
        features = np.asarray(network.encoder(PICTURES)["features"])
        turned = np.asarray(network.encoder(mirrored)["features"])
        assert np.abs(features - turned).max() > 0.01  # the encoder alone tells them apart
        np.testing.assert_allclose(embed(network, mirrored), embed(network, PICTURES), atol=1e-5)

    def test_the_weight_of_colour_is_its_share_of_a_dot_product(self, network, shape):
        """With weight w, learned cosine c and colours' coefficient h: (c + w h) / (1 + w)."""
        found = embed(network, PICTURES)
        learned, colours = found[:, : shape.dimension], found[:, shape.dimension :]
        weight = shape.colour
        np.testing.assert_allclose(np.square(learned).sum(axis=1), 1 / (1 + weight), atol=1e-5)
        expected = np.asarray(ColourHistogram()(PICTURES)) * np.sqrt(weight / (1 + weight))
        np.testing.assert_allclose(colours, expected, atol=1e-5)

    def test_head_features_are_what_the_head_gets(self, network):
        pixels = drawn.pixels(300)  # more than one batch
        features = network.head_features(pixels)
        assert features.shape == (300, (2 + 2) * 32)
        rows = [0, 255, 256, 299]
        colours = np.asarray(ColourHistogram()(pixels[rows].astype(np.float32)))
        found = np.asarray(network.head([features[rows], colours]))
        np.testing.assert_allclose(found, embed(network, pixels[rows]), atol=1e-5)


class TestLayout:
    """What is where: parts of the picture that its views share."""

    def layout(self, first, *others, turned=False):
        maps = [np.asarray(first, np.float32), np.concatenate(others).astype(np.float32)]
        return np.asarray(Layout(turned)(maps))

    def test_it_is_by_rows_and_by_inside_and_sides(self):
        first = np.zeros((1, 4, 4, 2))
        first[0, :, :, 1] = 1
        first[0, 1, 2] = (1, 0)  # second row, inside
        found = self.layout(first, first[:, :, ::-1]).reshape(8, 2) * 8**0.5
        half = np.sqrt(0.5)
        expected = np.array([[half, half] if part == 3 else [0, 1] for part in range(8)])
        np.testing.assert_allclose(found, expected, atol=1e-6)

    def test_it_is_by_distance_from_the_middle_where_there_is_no_up(self):
        first = np.zeros((1, 4, 4, 3))
        corners = [0, 0, 3, 3], [0, 3, 0, 3]
        first[0, ..., 1] = 1
        first[0, 1:3, 1:3] = (0, 0, 1)
        first[0, corners[0], corners[1]] = (1, 0, 0)
        found = self.layout(first, *[first] * 7, turned=True) * 3**0.5
        np.testing.assert_allclose(found, np.eye(3).reshape(1, 9), atol=1e-6)

    @pytest.mark.parametrize("side", [1, 2, 3, 4, 6, 16])
    @pytest.mark.parametrize("turned", [False, True])
    def test_views_of_a_picture_share_it_whatever_the_side(self, side, turned):
        map_ = np.random.default_rng(side).normal(size=(1, side, side, 5))
        views = [map_, map_[:, :, ::-1]]
        if turned:
            views += [np.rot90(one, turns, axes=(1, 2)) for one in views for turns in (1, 2, 3)]
        first, *rest = views
        found = self.layout(first, *rest, turned=turned)
        for start in range(1, len(views)):
            again = self.layout(views[start], *views[:start], *views[start + 1 :], turned=turned)
            np.testing.assert_allclose(again, found, atol=1e-6)
        alone = self.layout(first, *[first] * len(rest), turned=turned)
        np.testing.assert_allclose(alone, found, atol=1e-6)


@pytest.fixture(scope="module")
def turned(network, shape):
    found = build_network(NetworkSettings(**{**vars(shape), "turned": True}))
    found.copy_weights(network)
    return found


class TestTurned:
    """Embeddings of pictures that have no up."""

    @pytest.mark.parametrize("mirrored", [False, True])
    @pytest.mark.parametrize("turns", [0, 1, 2, 3])
    def test_all_views_of_a_picture_have_the_same(self, network, turned, turns, mirrored):
        view = np.rot90(PICTURES[:, :, ::-1] if mirrored else PICTURES, turns, axes=(1, 2))
        np.testing.assert_allclose(embed(turned, view), embed(turned, PICTURES), atol=1e-5)
        if turns % 2:  # which the mirror image alone does not give
            assert np.abs(embed(network, view) - embed(network, PICTURES)).max() > 1e-3

    def test_pictures_of_a_batch_are_not_mixed(self, turned):
        one_by_one = np.concatenate([embed(turned, PICTURES[i : i + 1]) for i in range(3)])
        np.testing.assert_allclose(embed(turned, PICTURES)[:3], one_by_one, atol=1e-5)


class TestSides:
    @pytest.mark.parametrize("side", [16, 32, 48, 80])
    def test_the_same_weights_work_at_several(self, network, side):
        found = network.encoder(drawn.pixels(3, side).astype(np.float32))
        assert found["code"].shape == (3, side // STRIDE, side // STRIDE, 8)
        assert found["features"].shape == (3, 32)
        assert network.decoder(found["code"]).shape == (3, side, side, 3)
        assert np.isfinite(found["features"]).all()

    def test_weights_are_copied_to_another(self, network, shape):
        large = build_network(NetworkSettings(**{**vars(shape), "size": 64}))
        assert large.has_shape_of(network)
        large.copy_weights(network)
        assert (large.size, network.size) == (64, 32)
        for part in ("code", "features"):
            np.testing.assert_array_equal(
                large.encoder(PICTURES)[part], network.encoder(PICTURES)[part]
            )
        assert embed(large, drawn.pixels(2, 64)).shape == (2, network.dimension)

    def test_a_network_of_other_widths_is_another_shape(self, network, shape):
        other = build_network(NetworkSettings(**{**vars(shape), "widths": (8, 16, 40)}))
        assert not other.has_shape_of(network)
        assert not network.has_shape_of(other)


def test_a_saved_network_is_the_same(network, tmp_path):
    # no weight is at its first value, so that one left out of the file would show
    random = np.random.default_rng(0)
    weights = network.model.get_weights()
    network.model.set_weights([w + random.normal(0, 0.01, w.shape) for w in weights])
    network.save(tmp_path / "a.keras")
    again = load_network(tmp_path / "a.keras")
    before, after = network.model(PICTURES), again.model(PICTURES)
    for name in ("reconstruction", "embedding"):
        np.testing.assert_array_equal(before[name], after[name])
    assert (again.size, again.dimension) == (network.size, network.dimension)
    assert again.has_shape_of(network)
    np.testing.assert_array_equal(
        again.head_features(drawn.pixels(2)), network.head_features(drawn.pixels(2))
    )


def test_networks_that_were_made_before_are_read():
    """Their head gets the features alone."""
    (file,) = (Path(__file__).parents[1] / "golden/v2").rglob("autoencoder.keras")
    network = load_network(file)
    pictures = drawn.pixels(2, network.size).astype(np.float32)
    np.testing.assert_allclose(
        np.asarray(network.model(pictures[:, :, ::-1])["embedding"]),
        embed(network, pictures),
        atol=1e-5,
    )


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04garbage"])
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "a.keras").write_bytes(content)
    with pytest.raises(StoreError, match=r"a\.keras"):
        load_network(tmp_path / "a.keras")


def test_a_network_of_another_kind_is_refused(tmp_path):
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(tmp_path / "a.keras")
    with pytest.raises(StoreError, match=r"a\.keras"):
        load_network(tmp_path / "a.keras")


def test_weights_are_copied(network, shape):
    other = build_network(shape)
    assert not np.array_equal(other.encoder(PICTURES)["code"], network.encoder(PICTURES)["code"])
    head = other.head.get_weights()
    other.copy_weights(network)
    for part in ("code", "features"):
        np.testing.assert_array_equal(
            other.encoder(PICTURES)[part], network.encoder(PICTURES)[part]
        )
    codes = network.encoder(PICTURES)["code"]
    np.testing.assert_array_equal(other.decoder(codes), network.decoder(codes))
    for before, after in zip(head, other.head.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)  # it is fitted, to each collection


def test_a_blend_lies_between_two_networks(network, shape):
    other = build_network(shape)
    head = other.head.get_weights()
    expected = [
        0.25 * own + 0.75 * given
        for own, given in zip(
            other.encoder.get_weights(), network.encoder.get_weights(), strict=True
        )
    ]
    other.blend(network, 0.25)
    for found, wanted in zip(other.encoder.get_weights(), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)
    for before, after in zip(head, other.head.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_the_seed_decides_the_weights(shape):
    made = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        made.append(embed(build_network(shape), PICTURES))
    np.testing.assert_array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])


def test_building_leaves_keras_as_it_was(shape):
    before = keras.config.dtype_policy().name
    network = build_network(shape, policy="mixed_bfloat16")
    assert keras.config.dtype_policy().name == before
    found = network.model(PICTURES)
    assert {name: one.dtype for name, one in found.items()} == {
        "reconstruction": "float32",
        "embedding": "float32",
    }
    assert network.encoder(PICTURES)["code"].dtype == "bfloat16"


def test_filters_are_standardised():
    """Scale and shift of the raw kernel do not matter; only its direction does."""
    layer = StandardisedConv2D(4, 3, padding="same")
    inputs = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype(np.float32)
    before = np.asarray(layer(inputs))
    kernel, *rest = layer.get_weights()
    layer.set_weights([kernel * 100 + 7, *rest])
    np.testing.assert_allclose(layer(inputs), before, rtol=0.02, atol=0.05)
    assert before.std() > 0.1


class TestLinearPath:
    def reconstruct(self, network, pixels):
        found = network.encoder(pixels.astype(np.float32))
        return np.asarray(network.decoder(found["code"]))

    def patches(self, pictures):
        rows = pictures.shape[1] // STRIDE
        cut = pictures.reshape(-1, rows, STRIDE, rows, STRIDE, 3).transpose(0, 1, 3, 2, 4, 5)
        return cut.reshape(-1, STRIDE * STRIDE * 3)

    def test_it_begins_at_the_principal_components_of_patches(self, shape):
        pixels = drawn.pixels(40)
        network = build_network(shape)
        fit_linear_path(network, pixels)
        found = self.reconstruct(network, pixels)
        scaled = pixels / 127.5 - 1
        flat = self.patches(scaled)
        centred = flat - flat.mean(axis=0)
        axes = np.linalg.svd(centred, full_matrices=False)[2][: shape.code_channels]
        expected = ((centred - centred @ axes.T @ axes) ** 2).mean()
        assert ((found - scaled) ** 2).mean() == pytest.approx(expected, rel=0.01)
        codes = np.asarray(network.encoder(pixels.astype(np.float32))["code"])
        assert np.square(codes).mean() == pytest.approx(1, abs=0.01)

    def test_pictures_in_its_span_come_back_also_at_another_side(self, shape):
        random = np.random.default_rng(0)
        kinds = random.integers(0, 256, (shape.code_channels + 1, STRIDE, STRIDE, 3))

        def tile(side):
            cells = random.integers(0, len(kinds), (30, side // STRIDE, side // STRIDE))
            tiles = kinds[cells].transpose(0, 1, 3, 2, 4, 5)  # (30, rows, 16, columns, 16, 3)
            return tiles.reshape(30, side, side, 3).astype(np.uint8)

        network = build_network(shape)
        fit_linear_path(network, tile(32))
        for side in (16, 32, 64):
            pixels = tile(side)
            found = (self.reconstruct(network, pixels) + 1) * 127.5
            np.testing.assert_allclose(found, pixels, atol=0.5)

    def test_constant_pictures_come_back(self, shape):
        pixels = np.full((3, 32, 32, 3), 90, np.uint8)
        network = build_network(shape)
        fit_linear_path(network, pixels)
        found = (self.reconstruct(network, pixels) + 1) * 127.5
        np.testing.assert_allclose(found, pixels, atol=0.5)


class TestColourHistogram:
    MIDDLES = np.array([31.5, 95.5, 159.5, 223.5])

    def count(self, pictures):
        return np.asarray(ColourHistogram()(np.asarray(pictures, np.float32)))

    def twin(self, bins):
        """Of bins (B, S, S, 3) in 0..3, one pixel at a time."""
        counts = np.zeros((len(bins), 4, 4, 4))
        for picture, pixels in zip(counts, bins, strict=True):
            for red, green, blue in pixels.reshape(-1, 3):
                picture[red, green, blue] += 1
        return np.sqrt(counts / bins[0, ..., 0].size).reshape(len(bins), 64)

    def bins(self):
        """Bins of pictures of 2 x 2 blocks, (5, 16, 16, 3): averaging pixels changes nothing."""
        small = np.random.default_rng(0).choice(4, (5, 8, 8, 3), p=[0.5, 0.3, 0.15, 0.05])
        return small.repeat(2, axis=1).repeat(2, axis=2)

    def test_colours_on_the_middles_of_bins_are_counted_like_by_hand(self):
        bins = self.bins()
        np.testing.assert_allclose(self.count(self.MIDDLES[bins]), self.twin(bins), atol=1e-5)

    def test_colours_beyond_the_outer_middles_count_for_the_outer_bins(self):
        bins = self.bins() // 2 * 3  # 0 and 3
        np.testing.assert_allclose(self.count(bins * 85.0), self.twin(bins), atol=1e-5)

    def test_a_colour_between_two_bins_counts_for_both(self):
        picture = np.full((1, 4, 4, 3), self.MIDDLES[1])
        picture[..., 2] = self.MIDDLES[2] + 16  # a quarter of the way to the last bin
        expected = np.zeros((4, 4, 4))
        expected[1, 1, 2:] = np.sqrt([0.75, 0.25])
        np.testing.assert_allclose(self.count(picture)[0], expected.ravel(), atol=1e-5)

    def test_squares_sum_to_one(self):
        found = self.count(drawn.pixels(20))
        np.testing.assert_allclose(np.square(found).sum(axis=1), 1, atol=1e-5)

    def test_the_order_of_pixels_does_not_matter(self):
        blocks = drawn.pixels(3, 16)[:, ::2, ::2]
        order = np.random.default_rng(0).permutation(64)
        shuffled = blocks.reshape(3, 64, 3)[:, order].reshape(blocks.shape)
        one, other = (b.repeat(2, axis=1).repeat(2, axis=2) for b in (blocks, shuffled))
        np.testing.assert_allclose(self.count(one), self.count(other), atol=1e-5)

    def test_products_tell_how_much_two_have_in_common(self):
        pictures = np.zeros((3, 4, 4, 3))
        pictures[1, :, 2:] = 255  # half black, half white
        pictures[2] = 255
        found = self.count(pictures)
        expected = [[1, 0.5**0.5, 0], [0.5**0.5, 1, 0.5**0.5], [0, 0.5**0.5, 1]]
        np.testing.assert_allclose(found @ found.T, expected, atol=1e-4)
