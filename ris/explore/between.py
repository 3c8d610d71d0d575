"""A walk from one picture to another through the decoder, with the nearest real one on the way."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ris.explore.results import Hit
from ris.model.encoder import Encoder
from ris.store.index import Vectors, normalise

MOST_STEPS = 33


@dataclass(frozen=True)
class Step:
    """One step of the way.

    Attributes:
        share: How far it is from the first picture to the second, 0 to 1.
        pixels: What the decoder draws there, uint8 (S, S, 3).
        nearest: The item that is nearest to it.
    """

    share: float
    pixels: NDArray[np.uint8]
    nearest: Hit

    def to_json(self) -> dict[str, Any]:
        """As the command line prints it."""
        return {"share": round(self.share, 4), **self.nearest.to_json()}


def walk(
    encoder: Encoder, ends: NDArray[np.uint8], embeddings: Vectors, shares: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], Vectors]:
    """What the decoder draws between two pictures, and where that lies among embeddings.

    What is drawn is blurred, which moves its embedding. By how much is known at both ends, and
    taken away on the way between, so that the walk begins and ends at the two pictures themselves.

    Args:
        encoder: Of the generation.
        ends: The two pictures, uint8 (2, S, S, 3).
        embeddings: Theirs, float32 (2, dimension).
        shares: How far to go, float32 (N,), the first 0 and the last 1.

    Returns:
        uint8 (N, S, S, 3), and unit vectors float32 (N, dimension).
    """
    codes = encoder.codes(ends)  # (2, ...)
    part = shares.reshape(-1, *[1] * (codes.ndim - 1))
    drawn = encoder.draw((1 - part) * codes[0] + part * codes[1])
    seen = encoder.encode(drawn)
    moved = embeddings - seen[[0, -1]]  # (2, dimension)
    return drawn, normalise(seen + (1 - shares)[:, None] * moved[0] + shares[:, None] * moved[1])
