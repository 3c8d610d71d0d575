"""The head of a network, fitted to a collection: from features to embeddings.

Features are turned onto axes that tell the collection's pictures apart, and those that change when
a picture is saved, cut or turned count for less: how much is measured on altered copies of some of
the pictures. `fit_to` does all of it.
"""

import numpy as np
from numpy.typing import NDArray

from ris.images.alterations import KINDS, alter_input
from ris.model.network import Network

_FITTED_ON = 5_000  # pictures that a head is fitted on, at most
_ALTERED = 300  # pictures of which altered copies are made, at most
_WHITENING = 0.35  # exponent of the variances; see fit_head
_TURNED_WHITENING = 0.1  # the same where features are the mean over turned views
_TEXT = 4.0  # how much more what is written over pictures counts than other changes
_SPHERE = 0.1  # share of the changes that is spread over all directions
_TURNED_SPHERE = 0.04  # the same where features are the mean over turned views


def fit_to(network: Network, pixels: NDArray[np.uint8], rows: NDArray[np.int64]) -> None:
    """Fit the head to pictures of a collection.

    Args:
        network: Whose head is set.
        pixels: uint8 (N, S, S, 3); may be a memory map.
        rows: Which of them, in random order; the first some thousands are enough.
    """
    features = network.head_features(pixels[np.sort(rows[:_FITTED_ON])])
    changes = changed_features(network, pixels[np.sort(rows[:_ALTERED])])
    fit_head(network, features, changes)


def changed_features(network: Network, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How features differ between altered copies and their pictures.

    Copies that are turned by 90 degrees count only where embeddings are the mean over turned
    views: of pictures that have an up, it tells them apart. Text over a picture counts four times:
    drawn blood cells with text were found 1.00 in place of .98, nuclei .90 in place of .83, photos
    as before (2026-11-28).

    Args:
        network: Which makes the features.
        pixels: uint8 (N, S, S, 3).

    Returns:
        float32 (N * kinds, C).
    """
    kinds = [kind.name for kind in KINDS if network.turned or kind.name != "turn90"]
    originals = network.head_features(pixels)
    found = []
    for kind in kinds:
        copies = np.stack([alter_input(one, kind, seed) for seed, one in enumerate(pixels)])
        weight = _TEXT if kind == "text" else 1.0
        found.append((network.head_features(copies) - originals) * weight**0.5)
    return np.concatenate(found)


def fit_head(network: Network, features: NDArray[np.float32], changes: NDArray[np.float32]) -> None:
    """Let the head centre features, even out how they change, and turn them onto their principal
    axes, part-whitened.

    First, directions are divided by how much altered copies differ from their pictures in them;
    the axes that remain, by their variance to the power .35. Where features are the mean over
    turned views the power is .1, and less of the changes is spread over all directions: of drawn
    nuclei .92 in place of .85 with text over them are found, and .65 in place of .62 of those cut
    to 70 % of their area, at 0 and .1 (2026-11-28).

    With the base encoder, 3,000 pictures and the colour histogram, without and with the first of
    it: precision@10 and the accuracy of 20 neighbours .484, .636 and .487, .647 on clothing,
    .504, .683 and .494, .676 on CIFAR-10; altered copies found on clothing: half size .97 and .98,
    text .89 and .97, cut to half the area .82 and .88; of drawn slides of tissue JPEG .56 and
    1.00, text .65 and 1.00, cut to half the area .11 and .35, or .43 with colours among the
    features. Maxima of the last map beside its means: clothing .473, .635 and .484, .636, slides
    JPEG .27 and .56 (2026-11-23).

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
    from scipy.linalg import eigh
    from sklearn.covariance import ledoit_wolf

    power, sphere = _WHITENING, _SPHERE
    if network.turned:
        power, sphere = _TURNED_WHITENING, _TURNED_SPHERE
    layer = network.head.get_layer("axes")
    width, count = layer.kernel.shape
    mean = features.mean(axis=0, dtype=np.float64)
    centred = features - mean.astype(np.float32)
    if np.abs(centred).max() < 1e-5:
        layer.set_weights([np.eye(width, count), np.zeros(count)])
        return
    covariance, _ = ledoit_wolf(centred, assume_centered=True)
    # the axes of the covariance once changes are as large in all directions
    last = (width - count, width - 1)
    variances, axes = eigh(covariance, _spread(changes, sphere), subset_by_index=last)  # ascending
    variances, axes = variances[::-1], axes[:, ::-1]
    kernel = axes / np.maximum(variances, 1e-3 * variances[0] + 1e-12) ** power
    layer.set_weights([kernel, -mean @ kernel])


def _spread(changes: NDArray[np.float32], sphere: float) -> NDArray[np.float64]:
    """The covariance of changes (M, C), a share of it spread over all directions: (C, C)."""
    count, width = changes.shape
    total = float(np.square(changes).sum()) / max(count, 1)
    if total < 1e-12:
        return np.eye(width)
    spread = changes.T.astype(np.float64) @ changes / count
    return np.asarray((1 - sphere) * spread + sphere * total / width * np.eye(width))
