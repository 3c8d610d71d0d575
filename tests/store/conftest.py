"""What the tests of the indexes share: embeddings, and a graph over them."""

from pathlib import Path

import numpy as np
import pytest
import stores
from numpy.typing import NDArray

from ris.store.index import GraphSettings, build_graph

COUNT = 3000


@pytest.fixture(scope="session")
def vectors() -> NDArray[np.float32]:
    """Embeddings, float32 (3,000, 16). Not to be changed."""
    return stores.unit_vectors(COUNT)


@pytest.fixture(scope="session")
def graph_file(
    tmp_path_factory: pytest.TempPathFactory, vectors: NDArray[np.float32]
) -> tuple[Path, GraphSettings]:
    """The file of a graph over them, under the keys 0, 1, ..., and its facts. Not to be changed."""
    path = tmp_path_factory.mktemp("graph") / "graph.hnsw"
    return path, build_graph(vectors, np.arange(len(vectors)), path)
