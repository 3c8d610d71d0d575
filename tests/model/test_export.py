"""What is served is what was trained: ONNX equals Keras."""

import hashlib
import json

import drawn
import numpy as np
import pytest

from ris.model.encoder import Encoder
from ris.model.export import export
from ris.model.network import load_network

PICTURES = drawn.pixels(20)


@pytest.fixture(scope="module")
def exported(once, tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    return folder, export(once.trained.network, once.trained.facts, folder)


@pytest.mark.slow
class TestExport:
    def test_all_files_are_there_under_their_digest(self, exported):
        folder, digest = exported
        assert {path.name for path in folder.iterdir()} == {
            "autoencoder.keras",
            "autoencoder.onnx",
            "encoder.onnx",
            "training.json",
        }
        content = (folder / "autoencoder.keras").read_bytes()
        assert digest == hashlib.sha256(content).hexdigest()[:16]

    def test_embeddings_equal_those_of_keras(self, exported, once):
        network = once.trained.network
        truth = np.asarray(network.head(network.encoder(PICTURES.astype(np.float32))))
        encoder = Encoder(exported[0])
        np.testing.assert_allclose(encoder.encode(PICTURES), truth, atol=1e-4)
        assert (encoder.size, encoder.dimension) == (network.size, network.dimension)

    def test_reconstructions_equal_those_of_keras(self, exported, once):
        network = once.trained.network
        truth = np.asarray(network.decoder(network.encoder(PICTURES.astype(np.float32))))
        truth = np.clip(np.round((truth + 1) * 127.5), 0, 255)
        found = Encoder(exported[0]).reconstruct(PICTURES)
        assert np.abs(found.astype(float) - truth).max() <= 1

    def test_the_facts_are_kept(self, exported, once):
        facts = json.loads((exported[0] / "training.json").read_text())
        assert facts == json.loads(json.dumps(once.trained.facts))

    def test_the_keras_file_is_the_network(self, exported, once):
        again = load_network(exported[0] / "autoencoder.keras")
        pictures = PICTURES.astype(np.float32)
        np.testing.assert_allclose(
            again.encoder(pictures), once.trained.network.encoder(pictures), atol=1e-5
        )
