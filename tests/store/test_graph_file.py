"""A graph file's vectors read in place are those that hnswlib itself gives out."""

import hnswlib
import numpy as np
import pytest
import stores

from ris.errors import StoreError
from ris.store.graph_file import GraphFile


@pytest.fixture(params=[1, 4], ids=["one thread", "four threads"])
def written(request, tmp_path):
    """A graph of 500 vectors that hnswlib wrote, its file, and its keys."""
    keys = np.arange(500) * 3 + 7
    graph = hnswlib.Index(space="cosine", dim=stores.DIMENSION)
    graph.init_index(700, M=8, ef_construction=20)  # room for more than there are
    graph.add_items(stores.unit_vectors(500), keys, num_threads=request.param)
    graph.save_index(str(tmp_path / "graph"))
    return graph, tmp_path / "graph", keys


def test_the_vectors_are_those_of_hnswlib(written):
    graph, path, keys = written
    file = GraphFile(path)
    assert (file.dimension, file.count) == (stores.DIMENSION, 500)
    for some in (keys, keys[::-1], keys[[3, 3, 499]], keys[:0]):
        np.testing.assert_array_equal(
            file.vectors[file.rows_of(some)],
            np.reshape(graph.get_items(some.tolist()), (len(some), stores.DIMENSION)),
        )


def test_a_file_that_was_removed_is_read_on(written):
    graph, path, keys = written
    file = GraphFile(path)
    path.unlink()
    np.testing.assert_array_equal(file.vectors[file.rows_of(keys)], graph.get_items(keys.tolist()))


@pytest.mark.parametrize("key", [0, 8, 7 + 3 * 500, -1])
def test_an_unknown_key_is_refused(written, key):
    with pytest.raises(StoreError, match=f"no item with one of the keys.*{key}"):
        GraphFile(written[1]).rows_of(np.array([7, key]))


def test_a_graph_of_nothing_has_no_keys(tmp_path):
    graph = hnswlib.Index(space="cosine", dim=stores.DIMENSION)
    graph.init_index(5)
    graph.save_index(str(tmp_path / "graph"))
    with pytest.raises(StoreError, match="no item"):
        GraphFile(tmp_path / "graph").rows_of(np.array([0]))


def test_a_file_that_was_cut_short_is_refused(written):
    path = written[1]
    path.write_bytes(path.read_bytes()[:-9000])
    with pytest.raises(StoreError, match="graph is no graph"):
        GraphFile(path)


@pytest.mark.parametrize("content", [None, b"", b"short", b"\xff" * 999, b"garbage!" * 999])
def test_what_is_no_graph_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "graph").write_bytes(content)
    with pytest.raises(StoreError, match="graph is no graph"):
        GraphFile(tmp_path / "graph")
