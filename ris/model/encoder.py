"""Serves a trained encoder through ONNX Runtime: pixels in, embeddings out, without Keras.

The only door to onnxruntime; safe to call from several threads.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ris.errors import StoreError

BATCH = 32  # pictures; 256 take four times the memory, and are no faster


class Encoder:
    """The encoder of a generation.

    Args:
        folder: The encoder's folder, with `encoder.onnx` and `autoencoder.onnx`.
        threads: Threads for one call; by default one for each core.

    Attributes:
        size: Side of the input in pixels.
        dimension: Length of an embedding.
        tells_features: Whether it gives mean features and feature maps too, as those do that were
            exported since they are looked at.

    Raises:
        StoreError: `encoder.onnx` is missing or can't be loaded.
    """

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        self.folder = folder
        self._threads = threads or os.cpu_count() or 1
        self._encoder = self._load("encoder.onnx")
        self._decoder: Any = None
        self.size = int(self._encoder.get_inputs()[0].shape[1])
        outputs = self._encoder.get_outputs()
        self.dimension = int(outputs[0].shape[-1])
        self.tells_features = len(outputs) > 2

    def encode(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings of pictures: uint8 (N, S, S, 3) to float32 (N, D), unit length."""
        result = np.empty((len(pixels), self.dimension), np.float32)
        for start in range(0, len(pixels), BATCH):
            part = slice(start, start + BATCH)
            result[part] = self._run(self._encoder, pixels[part])[0]
        return result

    def describe(
        self, pixels: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Embeddings float32 (N, D) and mean features float32 (N, C) of pictures, for little more
        than the embeddings alone; None where it gives no features."""
        if not self.tells_features or len(pixels) == 0:
            return self.encode(pixels), None
        starts = range(0, len(pixels), BATCH)
        found = [self._run(self._encoder, pixels[one : one + BATCH], slice(2)) for one in starts]
        return np.concatenate([one[0] for one in found]), np.concatenate([one[1] for one in found])

    def feature_maps(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the encoder's last layer sees where: uint8 (N, S, S, 3) to float32 (N, H, W, C).

        Raises:
            StoreError: The encoder was exported by an earlier ris and gives none.
        """
        if not self.tells_features:
            raise StoreError(
                "This generation's encoder does not tell what it sees where: an earlier version of "
                "ris exported it.",
                "Train again.",
            )
        found: NDArray[np.float32] = self._run(self._encoder, pixels, slice(2, 3))[0]
        return found

    def reconstruct(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Pictures as the decoder gives them back: uint8 (N, S, S, 3) to the same."""
        if self._decoder is None:
            self._decoder = self._load("autoencoder.onnx")
        result = np.empty_like(pixels)
        for start in range(0, len(pixels), BATCH):
            part = slice(start, start + BATCH)
            result[part] = to_pixels(self._run(self._decoder, pixels[part])[0])
        return result

    def codes(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the decoder is given of pictures: uint8 (N, S, S, 3) to float32 (N, ...)."""
        found: NDArray[np.float32] = self._run(self._halves[0], pixels)[0]
        return found

    def draw(self, codes: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Pictures as the decoder draws them of codes: float32 (N, ...) to uint8 (N, S, S, 3)."""
        session = self._halves[1]
        given = {session.get_inputs()[0].name: np.asarray(codes, np.float32)}
        found: NDArray[np.float32] = session.run(None, given)[0]
        return to_pixels(found)

    @cached_property
    def _halves(self) -> tuple[Any, Any]:
        from ris.model.halves import halves

        first, second = halves(self.folder / "autoencoder.onnx")
        return self._open(first, "autoencoder.onnx"), self._open(second, "autoencoder.onnx")

    def _load(self, name: str) -> Any:
        return self._open(str(self.folder / name), name)

    def _open(self, model: str | bytes, name: str) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises classes of its own that share no base
            raise StoreError(
                f"The encoder's file {name} can't be loaded: {str(error)[:200]}",
                "Train again, or switch to another generation.",
            ) from error

    def _run(self, session: Any, pixels: NDArray[np.uint8], outputs: slice = slice(1)) -> Any:
        """Some outputs of a session; what the others alone need is not computed."""
        pixels = np.ascontiguousarray(pixels, np.uint8)
        if pixels.ndim != 4 or pixels.shape[1:] != (self.size, self.size, 3):
            raise StoreError(
                f"Expected pixels (N, {self.size}, {self.size}, 3), got {pixels.shape}."
            )
        wanted = [one.name for one in session.get_outputs()[outputs]]
        return session.run(wanted, {session.get_inputs()[0].name: pixels})


def to_pixels(drawn: NDArray[np.float32]) -> NDArray[np.uint8]:
    """What a decoder draws, -1 to 1, as pixels."""
    return np.clip(np.round((drawn + 1.0) * 127.5), 0, 255).astype(np.uint8)


def seal(folder: Path, facts: Mapping[str, Any]) -> str:
    """Write `training.json` beside an exported encoder, now that all is known of it.

    Args:
        folder: The encoder's folder.
        facts: Settings, history, results, report card: a JSON object.

    Returns:
        The encoder's digest: sha256 of the `.keras` file and of these facts, 16 hex digits.
    """
    text = json.dumps(facts, indent=1)
    (folder / "training.json").write_text(text, encoding="utf-8")
    digest = hashlib.sha256((folder / "autoencoder.keras").read_bytes())
    digest.update(text.encode("utf-8"))
    return digest.hexdigest()[:16]
