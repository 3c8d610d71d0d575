"""A trained network in, the folder that serves it out.

`autoencoder.keras` is the truth. `encoder.onnx` (pictures to embeddings, mean features and feature
maps) and `autoencoder.onnx` (pictures to reconstructions) are derived and can be made again; both
take uint8 (N, S, S, 3).
"""

import contextlib
import io
import logging
import warnings
from pathlib import Path

import keras
import numpy as np
from keras import layers

from ris.model.network import Network, describing


def export(network: Network, folder: Path) -> None:
    """Write all files of an encoder but `training.json` into an empty folder."""
    network.save(folder / "autoencoder.keras")
    export_onnx(network, folder)


def export_onnx(network: Network, folder: Path) -> None:
    """Write `encoder.onnx` and `autoencoder.onnx`."""
    pictures = keras.Input((network.size, network.size, 3), dtype="uint8", name="pictures")
    floats = layers.Rescaling(1.0, dtype="float32")(pictures)
    found = describing(network)(floats)  # only what is asked for is computed when it is served
    _write_onnx(keras.Model(pictures, found), folder / "encoder.onnx")
    redrawn = network.model(floats)["reconstruction"]
    _write_onnx(keras.Model(pictures, redrawn), folder / "autoencoder.onnx")


def _write_onnx(model: keras.Model, path: Path) -> None:
    model(np.zeros((1, *model.input_shape[1:]), np.uint8))  # export needs a model that was called
    # tf2onnx and TensorFlow's export print pages of what concerns nobody
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        model.export(path, format="onnx", verbose=False)
