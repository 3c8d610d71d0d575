"""A trained network in, the folder that serves it out.

`autoencoder.keras` is the truth. `encoder.onnx` (pictures to embeddings) and `autoencoder.onnx`
(pictures to reconstructions) are derived and can be made again; both take uint8 (N, S, S, 3).
"""

import contextlib
import hashlib
import io
import json
import logging
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from ris.model.network import Network


def export(network: Network, facts: dict[str, Any], folder: Path) -> str:
    """Write all files of an encoder.

    Args:
        network: A trained network.
        facts: What to keep in `training.json`.
        folder: An empty folder.

    Returns:
        The encoder's digest: sha256 of the `.keras` file, its first 16 hex digits.
    """
    network.save(folder / "autoencoder.keras")
    export_onnx(network, folder)
    (folder / "training.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
    content = (folder / "autoencoder.keras").read_bytes()
    return hashlib.sha256(content).hexdigest()[:16]


def export_onnx(network: Network, folder: Path) -> None:
    """Write `encoder.onnx` and `autoencoder.onnx`."""
    pictures = keras.Input((network.size, network.size, 3), dtype="uint8", name="pictures")
    codes = network.encoder(layers.Rescaling(1.0, dtype="float32")(pictures))
    _write_onnx(keras.Model(pictures, network.head(codes)), folder / "encoder.onnx")
    _write_onnx(keras.Model(pictures, network.decoder(codes)), folder / "autoencoder.onnx")


def _write_onnx(model: keras.Model, path: Path) -> None:
    model(np.zeros((1, *model.input_shape[1:]), np.uint8))  # export needs a model that was called
    # tf2onnx and TensorFlow's export print pages of what concerns nobody
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        model.export(path, format="onnx", verbose=False)
