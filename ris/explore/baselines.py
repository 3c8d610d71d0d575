"""Encoder inputs in, descriptors without learning out: what a trained encoder has to beat.

All are rows of unit length, so that one search by cosine serves them as it serves embeddings.
`evaluation.py` measures them beside the encoder.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ris.store.index import Vectors, normalise

Pixels = NDArray[np.uint8]

_BATCH = 256  # pictures; at 128 pixels a batch of floats is 50 MB
_SIDE = 32  # pixels that raw pixels and the hash look at
_LEVELS = 4  # of each colour in the histogram
_LOW = 8  # frequencies in each direction that the hash keeps


def raw_pixels(pixels: Pixels) -> Vectors:
    """The picture itself at 32 x 32, by area averaging, without its mean brightness.

    The cosine of two such rows is their normalised cross-correlation. Of four variants this one
    found most: same family among the 10 nearest .221, with 0.5 instead of the picture's mean
    taken away .205, nothing .190, each channel's mean .219 (1,020 demo pictures, 2026-11-24).

    Args:
        pixels: uint8 (N, S, S, 3).

    Returns:
        float32 (N, 3072), unit length.
    """

    def describe(part: Pixels) -> Vectors:
        flat = _shrink(part).reshape(len(part), -1)
        flat -= flat.mean(axis=1, keepdims=True)
        return flat

    return _in_batches(pixels, describe, _SIDE * _SIDE * 3)


def colour_histogram(pixels: Pixels) -> Vectors:
    """How much of the picture has each of 4 x 4 x 4 colours, wherever it lies.

    The cosine of two such rows is the Bhattacharyya coefficient of the two histograms.

    Args:
        pixels: uint8 (N, S, S, 3).

    Returns:
        float32 (N, 64), unit length.

    Source: Swain & Ballard, Color Indexing (1991); compared as in Bhattacharyya (1943).
    """
    bins = _LEVELS**3

    def describe(part: Pixels) -> Vectors:
        red, green, blue = np.moveaxis(part // (256 // _LEVELS), -1, 0)  # (B, S, S), 0 … 3
        codes = (red * _LEVELS + green) * _LEVELS + blue  # at most 63
        codes = codes + np.arange(len(part))[:, None, None] * bins
        counts = np.bincount(codes.ravel(), minlength=len(part) * bins)
        return np.sqrt(counts.reshape(len(part), bins).astype(np.float32))

    return _in_batches(pixels, describe, bins)


def perceptual_hash(pixels: Pixels) -> Vectors:
    """64 bits: which low frequencies of the grey picture exceed their median.

    The cosine distance of two such rows is a 32nd of the bits that differ.

    Args:
        pixels: uint8 (N, S, S, 3).

    Returns:
        float32 (N, 64), each value 1/8 or -1/8.

    Source: Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions (2010),
        section 3.2.1.
    """
    cosines = _cosines()

    def describe(part: Pixels) -> Vectors:
        grey = _shrink(part) @ np.array([0.299, 0.587, 0.114], np.float32)  # (B, 32, 32)
        waves = (cosines @ grey @ cosines.T).reshape(len(part), -1)  # (B, 64), the mean first
        # what is 0 in a flat or symmetric picture comes out as noise of 1e-4
        waves = np.round(waves, 2)
        return np.where(waves > np.median(waves[:, 1:], axis=1, keepdims=True), 1.0, -1.0)

    return _in_batches(pixels, describe, _LOW * _LOW)


DESCRIPTORS: dict[str, Callable[[Pixels], Vectors]] = {
    "raw_pixels": raw_pixels,
    "colour_histogram": colour_histogram,
    "perceptual_hash": perceptual_hash,
}


def _in_batches(pixels: Pixels, describe: Callable[[Pixels], Vectors], length: int) -> Vectors:
    """Descriptors at unit length, a batch at a time, as the pixels may be a file on disk."""
    result = np.empty((len(pixels), length), np.float32)
    for start in range(0, len(pixels), _BATCH):
        part = slice(start, start + _BATCH)
        result[part] = normalise(describe(np.asarray(pixels[part])))
    return result


def _shrink(part: Pixels) -> NDArray[np.float32]:
    """Means over areas: uint8 (B, S, S, 3) to float32 (B, 32, 32, 3)."""
    count, size = part.shape[:2]
    means = _means(size)
    rows = (means @ part.astype(np.float32).reshape(count, size, -1)).reshape(count, _SIDE, size, 3)
    columns = means @ rows.transpose(0, 2, 1, 3).reshape(count, size, -1)  # (B, 32, 32 * 3)
    return columns.reshape(count, _SIDE, _SIDE, 3).transpose(0, 2, 1, 3)


@lru_cache(maxsize=8)
def _means(size: int) -> NDArray[np.float32]:
    """The matrix (32, S) that averages S pixels over 32 equal stretches, sharing those between."""
    edges = np.arange(_SIDE + 1) * (size / _SIDE)
    pixels = np.arange(size)
    last, first = (
        np.clip(edges[side, None] - pixels, 0, 1) for side in (slice(1, None), slice(-1))
    )
    return np.asarray((last - first) * (_SIDE / size), np.float32)


@lru_cache(maxsize=1)
def _cosines() -> NDArray[np.float32]:
    """The first 8 rows of the orthonormal cosine transform of 32 values (DCT-II)."""
    frequency, place = np.arange(_LOW)[:, None], np.arange(_SIDE)[None]
    waves = np.cos(np.pi * (place + 0.5) * frequency / _SIDE) * np.sqrt(2 / _SIDE)
    waves[0] /= np.sqrt(2)
    return np.asarray(waves, np.float32)
