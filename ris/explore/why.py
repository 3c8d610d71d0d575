"""Why two pictures are alike: which parts of one look to the encoder like parts of the other.

In come the feature maps of both, out go two heat maps: for each part of a picture the cosine to
that part of the other which is most like it. The encoder's last map is coarse (4 x 4 of a picture
of 64 pixels), so each picture is looked at four times, shifted by half a cell, which gives twice as
many parts on each side.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ris.store.index import Vectors

Pixels = NDArray[np.uint8]

_BEST_PSNR = 99.0  # dB; stands for a picture that comes back as it was


@dataclass(frozen=True)
class Why:
    """Which parts of two pictures match.

    Attributes:
        query: The one as the encoder sees it, uint8 (S, S, 3).
        hit: The other.
        query_heat: For each part of the one the cosine to the most like part of the other, float32
            (H, W), -1 … 1.
        hit_heat: The same for the other.
    """

    query: Pixels
    hit: Pixels
    query_heat: Vectors
    hit_heat: Vectors


def why(query: Pixels, hit: Pixels, feature_maps: Callable[[Pixels], Vectors]) -> Why:
    """Compare two pictures, uint8 (S, S, 3), part by part.

    Args:
        query: The one.
        hit: The other.
        feature_maps: As `Encoder.feature_maps`.
    """
    maps = feature_maps(np.stack([*shifted(query), *shifted(hit)]))  # (8, h, w, C)
    one, other = woven(maps[:4]), woven(maps[4:])
    likeness = _flat(one) @ _flat(other).T
    return Why(
        query,
        hit,
        likeness.max(axis=1).reshape(one.shape[:2]),
        likeness.max(axis=0).reshape(other.shape[:2]),
    )


def shifted(pixels: Pixels, by: int = 8) -> Pixels:
    """A picture as it is, moved left, up, and both, its last row and column repeated: (4, S, S, 3).

    Args:
        pixels: uint8 (S, S, 3).
        by: How far; half a cell of the feature map, which has one for each 16 pixels.
    """
    wide = np.pad(pixels, ((0, by), (0, by), (0, 0)), mode="edge")
    size = len(pixels)
    return np.stack([wide[y : y + size, x : x + size] for y in (0, by) for x in (0, by)])


def woven(maps: Vectors) -> Vectors:
    """The maps (4, h, w, C) of a picture that was `shifted` as one, (2 h, 2 w, C)."""
    _, height, width, channels = maps.shape
    parts = maps.reshape(2, 2, height, width, channels).transpose(2, 0, 3, 1, 4)
    return parts.reshape(2 * height, 2 * width, channels)


def _flat(parts: Vectors) -> Vectors:
    flat = parts.reshape(-1, parts.shape[-1])
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6))


def errors(seen: Pixels, redrawn: Pixels) -> Vectors:
    """The reconstruction error of pictures, uint8 (N, S, S, 3), and what is redrawn of them: the
    root of the mean squared difference of their pixel values, 0 to 1; float32 (N,)."""
    away = (
        np.subtract(one, other, dtype=np.float32) for one, other in zip(seen, redrawn, strict=True)
    )
    return np.array([np.sqrt(np.mean(one**2)) / 255 for one in away], np.float32)


def psnr(error: Vectors) -> NDArray[np.float64]:
    """Reconstruction errors (N,) as PSNR in dB, (N,); a picture that comes back whole has 99."""
    return np.asarray(np.minimum(-20 * np.log10(np.maximum(error, 1e-7, dtype=float)), _BEST_PSNR))


@dataclass(frozen=True)
class Look:
    """A picture as the model sees it and as it redraws it from what it keeps.

    Attributes:
        seen: uint8 (S, S, 3).
        redrawn: The same.
        psnr_db: How close they are, in dB; more is closer.
        worse: Share of the held-out pictures that are redrawn worse, as far as is known: one of 0,
            0.05, 0.25, 0.5, 0.75 and 0.95; None where an earlier ris made the generation.
    """

    seen: Pixels
    redrawn: Pixels
    psnr_db: float
    worse: float | None

    @property
    def known(self) -> bool:
        """False where 19 of 20 held-out pictures are redrawn better: the model does not know this
        picture well."""
        return self.worse is None or self.worse >= 0.05


def look(
    seen: Pixels, redrawn: Pixels, shares: tuple[float, ...], psnr_shares: tuple[float, ...]
) -> Look:
    """How close a picture was redrawn, beside what `shares` of the held-out pictures stay under."""
    (psnr_db,) = psnr(errors(seen[None], redrawn[None])).tolist()
    worse = None
    if len(psnr_shares) == len(shares):
        passed = [share for share, end in zip(shares, psnr_shares, strict=True) if psnr_db >= end]
        worse = max(passed, default=0.0)
    return Look(seen, redrawn, psnr_db, worse)
