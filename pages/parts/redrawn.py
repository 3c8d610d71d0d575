"""A picture as the model sees it, beside what it redraws of it, as one picture."""

from __future__ import annotations

import numpy as np


def side_by_side(seen: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Two pictures uint8 (S, S, 3) in one (S, 2 S + gap, 4) with a clear gap between them."""
    size = seen.shape[0]
    gap = max(2, size // 16)
    pair = np.zeros((size, 2 * size + gap, 4), np.uint8)
    pair[:, :size, :3], pair[:, size + gap :, :3] = seen, drawn
    pair[:, :size, 3] = pair[:, size + gap :, 3] = 255
    return pair
