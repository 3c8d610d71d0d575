"""A trained network in, the folder that serves it out.

`autoencoder.keras` is the truth. `encoder.onnx` (pictures to embeddings, mean features and feature
maps) and `autoencoder.onnx` (pictures to reconstructions) are derived and can be made again; both
take uint8 (N, S, S, 3).
"""

import contextlib
import gc
import io
import logging
import warnings
from pathlib import Path

import keras
import tensorflow as tf

from ris.model.network import Network, describing


def export(network: Network, folder: Path) -> None:
    """Write all files of an encoder but `training.json` into an empty folder."""
    network.save(folder / "autoencoder.keras")
    export_onnx(network, folder)


def export_onnx(network: Network, folder: Path) -> None:
    """Write `encoder.onnx` and `autoencoder.onnx`."""
    # only what is asked for is computed when it is served
    _write_onnx(describing(network), folder / "encoder.onnx")
    model = network.model
    redrawing = keras.Model(model.input, model.output["reconstruction"])
    _write_onnx(redrawing, folder / "autoencoder.onnx")


def _write_onnx(model: keras.Model, path: Path) -> None:
    """Write what Keras' own export writes (3.15), which traces ten times and takes 8 s for both
    files, this 5 s (2026-11-23)."""
    from tf2onnx.convert import from_function

    signature = [tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8, name="pictures")]
    serve = tf.function(lambda pixels: model(tf.cast(pixels, tf.float32)), signature)
    # tf2onnx and TensorFlow's export print pages of what concerns nobody
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        from_function(serve, signature, output_path=str(path))
    del serve
    gc.collect()  # what it leaves are circles that hold 0.8 GB
