"""The head of a network, fitted to a collection: from features to embeddings.

Features are turned onto axes that tell the collection's pictures apart, and those that change when
a picture is saved, cut or turned count for less: how much is measured on altered copies of some of
the pictures. `fit_to` does all of it.
"""

import numpy as np
from numpy.typing import NDArray

from ris.images.alterations import KINDS, alter_input
from ris.model.network import Network

_FITTED_ON = 40_000  # views of pictures that a head is fitted on, at most
_ALTERED = 300  # pictures of which altered copies are made, at most
_WHITENING = 0.35  # exponent of the variances; see fit_head
_SPHERE = 0.1  # share of the changes that is spread over all directions


def fit_to(network: Network, pixels: NDArray[np.uint8], rows: NDArray[np.int64]) -> None:
    """Fit the head to pictures of a collection.

    Args:
        network: Whose head is set.
        pixels: uint8 (N, S, S, 3); may be a memory map.
        rows: Which of them, in random order; the first some thousands are enough.
    """
    features = network.mean_features(pixels[np.sort(rows[: _FITTED_ON // network.views])])
    changes = changed_features(network, pixels[np.sort(rows[:_ALTERED])])
    fit_head(network, features, changes)


def changed_features(network: Network, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How features differ between altered copies and their pictures.

    Copies that are turned by 90 degrees count only where embeddings are the mean over turned
    views: of pictures that have an up, it tells them apart.

    Args:
        network: Which makes the features.
        pixels: uint8 (N, S, S, 3).

    Returns:
        float32 (N * kinds, C).
    """
    kinds = [kind.name for kind in KINDS if network.turned or kind.name != "turn90"]
    originals = network.mean_features(pixels)
    altered = [[alter_input(one, kind, seed) for seed, one in enumerate(pixels)] for kind in kinds]
    found = [network.mean_features(np.stack(copies)) - originals for copies in altered]
    return np.concatenate(found)


def fit_head(network: Network, features: NDArray[np.float32], changes: NDArray[np.float32]) -> None:
    """Let the head centre features, even out how they change, and turn them onto their principal
    axes, part-whitened.

    First, directions are divided by how much altered copies differ from their pictures in them;
    the axes that remain, by their variance to the power .35; where features are the mean over
    turned views by nothing, as more copies are found so.

    With the base encoder, 3,000 pictures and the colour histogram, without and with the first of
    it: precision@10 and the accuracy of 20 neighbours .484, .636 and .487, .647 on clothing,
    .504, .683 and .494, .676 on CIFAR-10; altered copies found on clothing: half size .97 and .98,
    text .89 and .97, cut to half the area .82 and .88; of drawn slides of tissue JPEG .56 and
    1.00, text .65 and 1.00, cut to half the area .11 and .35, or .43 with colours among the
    features. Maxima of the last map beside its
    means: clothing .473, .635 and .484, .636, slides JPEG .27 and .56 (2026-11-23).

    The covariance is shrunk towards a sphere, the more so the fewer pictures there are. Of one
    picture, or copies of one, the features are kept as they are: centred there would be nothing
    left but rounding errors.

    Args:
        network: Whose head is set.
        features: float32 (N, C), what the head gets, of pictures of the collection.
        changes: float32 (M, C), by how much it differs for altered copies of some.

    Source: Hatch, Kajarekar and Stolcke, Within-Class Covariance Normalization for SVM-based
    Speaker Recognition (2006); Ledoit and Wolf, A Well-Conditioned Estimator for
    Large-Dimensional Covariance Matrices (2004); Jegou and Chum, Negative Evidences and
    Co-Occurrences in Image Retrieval: the Benefit of PCA and Whitening (2012).
    """
    from sklearn.covariance import ledoit_wolf

    layer = network.head.get_layer("axes")
    count = layer.units
    flat = features.astype(np.float64)
    mean = flat.mean(axis=0)
    if np.abs(flat - mean).max() < 1e-5:
        layer.set_weights([np.eye(flat.shape[1], count), np.zeros(count)])
        return
    covariance, _ = ledoit_wolf(flat - mean, assume_centered=True)
    steady = _evening(changes.astype(np.float64))
    variances, axes = np.linalg.eigh(steady @ covariance @ steady)  # ascending
    variances, axes = variances[::-1][:count], axes[:, ::-1][:, :count]
    power = 0.0 if network.turned else _WHITENING
    kernel = steady @ axes / np.maximum(variances, 1e-3 * variances[0] + 1e-12) ** power
    layer.set_weights([kernel, -mean @ kernel])


def _evening(changes: NDArray[np.float64]) -> NDArray[np.float64]:
    """What makes changes (M, C) as large in all directions: (C, C), symmetric."""
    width = changes.shape[1]
    total = np.square(changes).sum() / max(len(changes), 1)
    if total < 1e-12:
        return np.eye(width)
    spread = (1 - _SPHERE) * (changes.T @ changes) / len(changes)
    variances, axes = np.linalg.eigh(spread + _SPHERE * total / width * np.eye(width))
    return np.asarray(axes / np.sqrt(variances) @ axes.T)
