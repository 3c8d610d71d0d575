"""Data sets that Keras knows by name, as a source of pictures.

Keras downloads them into its own cache when there is a network.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ris.errors import SourceError
from ris.images.display import png
from ris.images.entries import DataEntry, Entry, Skipped
from ris.model.quiet import quiet_stderr

LABELS = {
    "cifar10": (
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ),
    "fashion_mnist": (
        "t-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
        "ankle boot",
    ),
}  # fmt: skip

Loaded = tuple[tuple[NDArray[np.uint8], Any], tuple[NDArray[np.uint8], Any]]


class KerasDataset:
    """A data set of `keras.datasets`: training and test pictures with their labels as folders.

    Args:
        dataset: "cifar10" or "fashion_mnist".
        load: Gives the arrays as `keras.datasets.NAME.load_data` does.

    Raises:
        SourceError: There is no such data set.
    """

    def __init__(self, dataset: str, load: Callable[[], Loaded] | None = None) -> None:
        if dataset not in LABELS:
            raise SourceError(
                f"There is no data set keras:{dataset}.",
                f"Choose one of {', '.join(f'keras:{name}' for name in LABELS)}.",
            )
        self.dataset = dataset
        self.name = f"keras:{dataset}"
        self._load = load or self._download

    def entries(self) -> Iterator[Entry | Skipped]:
        """Every picture as a PNG file named by its label."""
        number = 0
        for pictures, classes in self._load():
            for pixels, label in zip(pictures, np.ravel(classes), strict=True):
                inside = f"{LABELS[self.dataset][int(label)]}/{number:05}.png"
                yield DataEntry(f"{self.name}/{inside}", inside, data=png(pixels))
                number += 1

    def count(self) -> int | None:
        """70,000 or 60,000; known only after loading."""
        return None

    def _download(self) -> Loaded:
        with quiet_stderr():
            import keras

        try:
            with contextlib.redirect_stdout(sys.stderr):  # Keras draws its own progress bar
                loaded: Loaded = getattr(keras.datasets, self.dataset).load_data()
        except Exception as error:  # Keras raises plain Exception when a download fails
            raise SourceError(
                f"{self.name} could not be downloaded: {' '.join(str(error).split())[:200]}",
                "It needs a network the first time. Offline, try: demo, a folder, or an archive.",
            ) from error
        return loaded
