"""What is served is what was trained: ONNX equals Keras."""

import drawn
import numpy as np
import onnx
import pytest

from ris.model.encoder import Encoder
from ris.model.export import export
from ris.model.network import NetworkSettings, build_network, load_network

PICTURES = drawn.pixels(20)
FLOATS = PICTURES.astype(np.float32)


@pytest.fixture(scope="module")
def exported(once, tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    export(once.trained.network, folder)
    return folder


@pytest.mark.slow
class TestExport:
    def test_all_files_but_the_facts_are_there(self, exported):
        names = {path.name for path in exported.iterdir()}
        assert names == {"autoencoder.keras", "autoencoder.onnx", "encoder.onnx"}

    def test_embeddings_equal_those_of_keras(self, exported, once):
        network = once.trained.network
        truth = np.asarray(network.model(FLOATS)["embedding"])
        encoder = Encoder(exported)
        np.testing.assert_allclose(encoder.encode(PICTURES), truth, atol=1e-4)
        assert (encoder.size, encoder.dimension) == (network.size, network.dimension)

    def test_embeddings_have_unit_length_and_differ(self, exported):
        found = Encoder(exported).encode(PICTURES)
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
        assert (found @ found.T)[~np.eye(20, dtype=bool)].max() < 0.9999

    def test_a_picture_and_its_mirror_image_have_the_same_embedding(self, exported):
        encoder = Encoder(exported)
        mirrored = encoder.encode(PICTURES[:, :, ::-1])
        np.testing.assert_allclose(mirrored, encoder.encode(PICTURES), atol=1e-5)
        upside_down = encoder.encode(PICTURES[:, ::-1])
        assert np.abs(upside_down - encoder.encode(PICTURES)).max() > 0.01

    @pytest.mark.parametrize("colour", [0, 1, 60, 255])
    def test_a_picture_of_one_colour_has_an_embedding(self, exported, colour):
        found = Encoder(exported).encode(np.full((1, 32, 32, 3), colour, np.uint8))
        assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)

    def test_reconstructions_equal_those_of_keras(self, exported, once):
        truth = np.asarray(once.trained.network.model(FLOATS)["reconstruction"])
        truth = np.clip(np.round((truth + 1) * 127.5), 0, 255)
        found = Encoder(exported).reconstruct(PICTURES)
        assert np.abs(found.astype(float) - truth).max() <= 1

    def test_the_keras_file_is_the_network(self, exported, once):
        again = load_network(exported / "autoencoder.keras").model(FLOATS)
        before = once.trained.network.model(FLOATS)
        for name in ("reconstruction", "embedding"):
            np.testing.assert_allclose(again[name], before[name], atol=1e-5)

    @pytest.mark.parametrize("name", ["encoder", "autoencoder"])
    def test_nothing_is_computed_of_weights_alone(self, exported, name):
        """Filters are standardised once, when exporting, not in every call."""
        graph = onnx.load(exported / f"{name}.onnx").graph
        constants = {one.name for one in graph.initializer}
        assert constants
        idle = [
            node.op_type
            for node in graph.node
            if all(given in constants or not given for given in node.input)
        ]
        assert idle == []
        weights = {node.input[1] for node in graph.node if node.op_type == "Conv"}
        assert weights <= constants

    def test_each_file_holds_only_what_it_needs(self, exported):
        encoder, autoencoder = (
            onnx.load(exported / f"{name}.onnx").graph for name in ("encoder", "autoencoder")
        )
        assert "DepthToSpace" not in {node.op_type for node in encoder.node}  # the decoder's
        assert "DepthToSpace" in {node.op_type for node in autoencoder.node}
        # the encoder's weights are there once, though it looks at the mirror image as well
        convolutions = [node.input[1] for node in encoder.node if node.op_type == "Conv"]
        assert len(convolutions) == 2 * len(set(convolutions))


@pytest.mark.slow
def test_weights_are_served_at_another_side_and_without_colours(shape, once, tmp_path):
    settings = {**vars(shape), "size": 48, "colour": 0}
    network = build_network(NetworkSettings(**settings))
    network.copy_weights(once.trained.network)
    export(network, tmp_path)
    encoder = Encoder(tmp_path)
    assert (encoder.size, encoder.dimension) == (48, shape.dimension)
    pixels = drawn.pixels(5, 48)
    truth = np.asarray(network.model(pixels.astype(np.float32))["embedding"])
    np.testing.assert_allclose(encoder.encode(pixels), truth, atol=1e-4)
