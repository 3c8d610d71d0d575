"""The served encoder, without Keras."""

import json
import threading

import drawn
import numpy as np
import pytest
import stores

from ris.errors import StoreError
from ris.model import encoder as encoder_module
from ris.model.encoder import Encoder, seal


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    stores.write_encoder(folder)
    return folder


def test_embeddings_are_float32_of_unit_length(folder):
    found = Encoder(folder).encode(drawn.pixels(10))
    assert found.dtype == np.float32
    assert found.shape == (10, stores.DIMENSION)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_batches_do_not_change_the_answer(folder, monkeypatch):
    whole = Encoder(folder).encode(drawn.pixels(11))
    monkeypatch.setattr(encoder_module, "BATCH", 4)
    np.testing.assert_allclose(Encoder(folder).encode(drawn.pixels(11)), whole, atol=1e-6)
    assert Encoder(folder).encode(drawn.pixels(1)[:0]).shape == (0, stores.DIMENSION)


def test_its_shapes_are_read_from_the_file(folder):
    encoder = Encoder(folder, threads=1)
    assert (encoder.size, encoder.dimension) == (stores.SIZE, stores.DIMENSION)


def test_reconstructions_are_pictures(folder):
    pixels = np.full((2, 32, 32, 3), 200, np.uint8)
    np.testing.assert_array_equal(Encoder(folder).reconstruct(pixels), pixels)


@pytest.mark.parametrize("shape", [(1, 31, 32, 3), (32, 32, 3), (1, 32, 32, 1), (1, 3, 32, 32)])
def test_other_shapes_are_refused_with_both(folder, shape):
    for ask in (Encoder(folder).encode, Encoder(folder).reconstruct):
        with pytest.raises(StoreError, match=r"Expected pixels \(N, 32, 32, 3\)"):
            ask(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("content", [None, b"", b"garbage"])
def test_a_file_that_cannot_be_loaded_is_named(folder, tmp_path, content):
    if content is not None:
        (tmp_path / "encoder.onnx").write_bytes(content)
    with pytest.raises(StoreError, match=r"encoder\.onnx can't be loaded") as refused:
        Encoder(tmp_path)
    assert refused.value.hint


def test_without_its_decoder_it_still_embeds(folder, tmp_path):
    (tmp_path / "encoder.onnx").write_bytes((folder / "encoder.onnx").read_bytes())
    encoder = Encoder(tmp_path)
    assert encoder.encode(drawn.pixels(1)).shape == (1, stores.DIMENSION)
    with pytest.raises(StoreError, match=r"autoencoder\.onnx"):
        encoder.reconstruct(drawn.pixels(1))


def test_several_threads_may_ask_at_once(folder):
    encoder, pixels = Encoder(folder), drawn.pixels(8)
    truth = encoder.encode(pixels)
    wrong: list[int] = []

    def ask() -> None:
        wrong.extend(
            row
            for _ in range(20)
            for row in range(8)
            if not np.allclose(encoder.encode(pixels[row : row + 1])[0], truth[row], atol=1e-5)
        )

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


FACTS = {"objective": "none", "history": [{"step": 0, "loss": None}]}


class TestSeal:
    """The digest names what an encoder is and how it came to be."""

    def digest(self, folder, content=b"weights", facts=FACTS):
        (folder / "autoencoder.keras").write_bytes(content)
        return seal(folder, facts)

    def test_the_facts_are_kept(self, tmp_path):
        self.digest(tmp_path)
        assert json.loads((tmp_path / "training.json").read_text()) == FACTS

    def test_the_digest_is_16_hex_digits_and_always_the_same(self, tmp_path):
        digest = self.digest(tmp_path)
        assert len(digest) == 16
        int(digest, 16)
        assert self.digest(tmp_path) == digest

    def test_other_weights_or_other_facts_give_another(self, tmp_path):
        digests = {
            self.digest(tmp_path),
            self.digest(tmp_path, b"other weights"),
            self.digest(tmp_path, facts={**FACTS, "objective": "other"}),
        }
        assert len(digests) == 3
