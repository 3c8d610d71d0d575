"""A graph file's own vectors, read in place: hnswlib 0.8 gives them one number at a time.

Of 200,000 x 128 it fetches 10,000 vectors in 108 ms; they are 0.7 ms away in the file, which is in
the page cache since it was verified and loaded (2026-11-23). A second copy in memory would cost as
much as the graph. The file must stay as it is while it is open, as all that is published does:
cutting it short would end the process (SIGBUS); removing it does no harm.
"""

import struct
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ris.errors import StoreError

# As hnswlib 0.8 writes it: level 0's offset, capacity, count, bytes of an element, offsets of its
# label and of its vector; highest level, entry point, links above and at level 0, M, 1/ln M,
# ef_construction. The elements follow: links, vector, label.
_HEADER = struct.Struct("<6QiI3QdQ")


class GraphFile:
    """The vectors and keys in a file that hnswlib wrote.

    Args:
        path: The file; checked against the manifest by whoever opens it.

    Attributes:
        dimension: Length of a vector.
        count: How many there are.
        vectors: float32 (count, dimension), in the file's order; a view that takes no memory.

    Raises:
        StoreError: It is no graph.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                header = _HEADER.unpack(file.read(_HEADER.size))
            _, _, self.count, stride, label, vector = header[:6]
            self.dimension = (label - vector) // 4
            kind = np.dtype(
                {
                    "names": ["vector", "key"],
                    "formats": [(np.float32, self.dimension), np.int64],
                    "offsets": [vector, label],
                    "itemsize": stride,
                }
            )
            # at once, so that the file can be read on when it was removed
            elements = np.memmap(path, kind, "r", offset=_HEADER.size, shape=(self.count,))
        except (OSError, ValueError, OverflowError, struct.error) as error:
            raise StoreError(f"{path.name} is no graph: {error}.") from error
        self.vectors: NDArray[np.float32] = np.asarray(elements["vector"])
        self._keys: NDArray[np.int64] = np.asarray(elements["key"])

    def rows_of(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where the vectors of keys are.

        Raises:
            StoreError: There is none of such a key.
        """
        known, rows = self._sorted
        found = np.minimum(np.searchsorted(known, keys), max(self.count - 1, 0))
        if self.count == 0 or (known[found] != keys).any():
            raise StoreError(f"There is no item with one of the keys {keys[:5].tolist()}.")
        return rows[found]

    @cached_property
    def _sorted(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Keys, ascending, and their rows: threads that built the graph mixed them up."""
        rows = np.argsort(self._keys, kind="stable")
        return self._keys[rows], rows
