"""A picture and how much each part of it matters, as one picture: a heat map over its greys."""

import numpy as np
from numpy.typing import NDArray

# Inferno, lightened at its dark end; it can be told apart without seeing hues.
_RAMP = np.array(
    [(38, 22, 84), (101, 30, 120), (168, 50, 98), (224, 92, 52), (250, 164, 30), (252, 250, 164)],
    np.float32,
)
_OPAQUE = 0.6


def heat_map(
    pixels: NDArray[np.uint8], heat: NDArray[np.float32], *, least: float, most: float
) -> NDArray[np.uint8]:
    """A heat map over a picture.

    Args:
        pixels: uint8 (S, S, 3).
        heat: float32 (H, W); the middle of part (i, j) lies at ((i + 1) S / H, (j + 1) S / W), as
            in `ris.explore.why`.
        least: What is shown coldest.
        most: What is shown hottest.

    Returns:
        uint8 (S, S, 3).
    """
    size = len(pixels)
    down = _spread(heat, size)  # (S, W)
    warm = _spread(down.T, size).T  # (S, S)
    share = np.clip((warm - least) / max(most - least, 1e-6), 0, 1) * (len(_RAMP) - 1)
    below = np.minimum(share.astype(int), len(_RAMP) - 2)
    rest = (share - below)[..., None]
    colours = _RAMP[below] * (1 - rest) + _RAMP[below + 1] * rest
    greys = pixels.mean(axis=2, keepdims=True)
    mixed = (1 - _OPAQUE) * greys + _OPAQUE * colours
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)


def _spread(rows: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Rows (H, W) interpolated to (size, W)."""
    count = len(rows)
    middles = (np.arange(count) + 1) * size / count
    at = np.clip(np.interp(np.arange(size) + 0.5, middles, np.arange(count)), 0, count - 1)
    below = np.minimum(at.astype(int), max(count - 2, 0))
    rest = (at - below)[:, None].astype(np.float32)
    above = np.minimum(below + 1, count - 1)
    return np.asarray(rows[below] * (1 - rest) + rows[above] * rest, np.float32)
