"""Queries among allowed items, against the product with every allowed row.

Few count as many here, so that every way is gone: comparing the few, looking among more
neighbours, and comparing all where those are too few.
"""

import hnswlib
import numpy as np
import pytest
import stores
from hypothesis import given, settings
from hypothesis import strategies as st

from ris.errors import RisError, StoreError
from ris.store import index as index_module
from ris.store import nearest as nearest_module
from ris.store.graph_file import GraphFile
from ris.store.index import (
    ExactIndex,
    GraphIndex,
    JoinedIndex,
    LoadedGraph,
    Neighbours,
    build_graph,
    load_graph,
    recall_at,
)

COUNT = 3000  # embeddings of the shared graph
REMOVED = [5, 6, 1000]
FIRST_TAIL_KEY = 2500
FEW = 400  # of so many, 16 times as many neighbours hold enough


class Watched:
    """A graph that counts what it is asked for, and has no filter to be given."""

    def __init__(self, graph):
        self._graph = graph
        self.asked = []

    def __getattr__(self, name):
        return getattr(self._graph, name)

    def knn_query(self, queries, k):
        self.asked.append(k)
        return self._graph.knn_query(queries, k)


@pytest.fixture(scope="module", autouse=True)
def soon_many():
    """Few rows count as many, so that every way is gone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_module, "EXACT_AMONG", FEW)
        patch.setattr(nearest_module, "_GATHERED", 300)
        yield


@pytest.fixture(scope="module")
def graph(graph_file):
    """The graph with a few items removed, and the count of what it is asked."""
    path, _ = graph_file
    graph = hnswlib.Index(space="cosine", dim=stores.DIMENSION)
    graph.load_index(str(path))
    watched = Watched(graph)
    return GraphIndex(LoadedGraph(watched, GraphFile(path)), 500, REMOVED), watched


@pytest.fixture(scope="module")
def indexes(graph, vectors, tmp_path_factory):
    kept = np.setdiff1d(np.arange(COUNT), REMOVED)
    place = tmp_path_factory.mktemp("joined") / "g"
    build_graph(vectors[:FIRST_TAIL_KEY], np.arange(FIRST_TAIL_KEY), place)
    loaded = load_graph(place, stores.DIMENSION, FIRST_TAIL_KEY)
    first = GraphIndex(loaded, 500, REMOVED)
    tail = ExactIndex(vectors[FIRST_TAIL_KEY:], np.arange(FIRST_TAIL_KEY, COUNT))
    return {
        "exact": ExactIndex(vectors[kept], kept),
        "graph": graph[0],
        "joined": JoinedIndex(first, tail, FIRST_TAIL_KEY),
    }


@settings(deadline=None, max_examples=150)
@given(
    name=st.sampled_from(["exact", "graph", "joined"]),
    seed=st.integers(0, 999),
    many=st.integers(0, 40) | st.integers(0, COUNT - len(REMOVED)),
    k=st.integers(0, 40) | st.just(COUNT),
    count=st.integers(1, 8),
)
def test_the_answer_is_that_of_comparing_every_allowed_row(
    indexes, vectors, name, seed, many, k, count
):
    random = np.random.default_rng(seed)
    kept = np.setdiff1d(np.arange(COUNT), REMOVED)
    allowed = np.sort(random.choice(kept, many, replace=False))
    queries = stores.unit_vectors(count, seed=seed)
    found = indexes[name].query(queries, k, allowed=allowed)

    assert found.keys.shape == found.distances.shape == (count, min(k, many))
    assert np.isin(found.keys, allowed).all()
    assert all(len(set(row)) == len(row) for row in found.keys.tolist())
    assert (np.diff(found.distances, axis=1) >= 0).all()
    np.testing.assert_allclose(
        1 - np.einsum("qd,qkd->qk", queries, vectors[found.keys]), found.distances, atol=1e-5
    )
    truth = np.sort(1 - queries @ vectors[allowed].T, axis=1)[:, : min(k, many)]
    exact = Neighbours(np.empty(truth.shape, np.int64), truth)
    assert recall_at(found, exact) >= (1.0 if name == "exact" or many <= FEW else 0.97)


@pytest.mark.parametrize("name", ["exact", "graph", "joined"])
def test_all_that_is_allowed_is_the_same_as_no_filter(indexes, vectors, name):
    index, queries = indexes[name], stores.unit_vectors(20, seed=3)
    allowed = np.setdiff1d(np.arange(COUNT), REMOVED)
    one, other = index.query(queries, 10), index.query(queries, 10, allowed=allowed)
    assert recall_at(other, one) >= 0.99


@pytest.mark.parametrize("name", ["exact", "graph", "joined"])
def test_nothing_allowed_gives_nothing(indexes, vectors, name):
    found = indexes[name].query(vectors[:3], 5, allowed=np.empty(0, np.int64))
    assert found.keys.shape == found.distances.shape == (3, 0)


@pytest.mark.parametrize("name", ["exact", "graph", "joined"])
@pytest.mark.parametrize("keys", [[3, 2], [2, 2]])
def test_allowed_keys_ascend(indexes, vectors, name, keys):
    with pytest.raises(RisError, match="ascending"):
        indexes[name].query(vectors[:1], 5, allowed=np.array(keys))


@pytest.mark.parametrize("name", ["exact", "graph", "joined"])
@pytest.mark.parametrize("keys", [[-1, 0], [2, COUNT], REMOVED[:1]])
def test_an_unknown_or_removed_key_is_refused(indexes, vectors, name, keys):
    with pytest.raises(StoreError):
        indexes[name].query(vectors[:1], 5, allowed=np.array(keys))


@pytest.mark.parametrize("name", ["exact", "graph", "joined"])
def test_what_cannot_be_asked_cannot_be_asked_with_a_filter(indexes, vectors, name):
    for query, k, message in (
        (np.ones((1, 15), np.float32), 3, "length 16"),
        (np.full((1, 16), np.nan, np.float32), 3, "not finite"),
        (np.ones((1, 16), np.float32), 3, "unit length"),
        (vectors[:1], -1, "positive"),
    ):
        with pytest.raises(RisError, match=message):
            indexes[name].query(query, k, allowed=np.array([1, 2]))


def test_few_are_compared_without_asking_the_graph(graph, vectors):
    index, watched = graph
    watched.asked.clear()
    found = index.query(vectors[:1], 10, allowed=np.arange(100, 100 + FEW))
    assert found.keys.shape == (1, 10)
    assert watched.asked == []


def test_of_many_the_nearest_are_found_among_more_neighbours(graph, vectors, monkeypatch):
    index, watched = graph
    monkeypatch.setattr(index_module, "nearest_among", None)  # not needed
    for allowed, asked in ((np.arange(1, COUNT, 2), [40]), (np.arange(3, COUNT, 7), [160])):
        watched.asked.clear()
        found = index.query(vectors[:1], 10, allowed=np.setdiff1d(allowed, REMOVED))
        assert found.keys.shape == (1, 10)
        assert watched.asked == asked


def test_where_more_neighbours_are_too_few_all_allowed_are_compared(graph, vectors):
    """The filter allows only what is far from the query."""
    index, watched = graph
    away = 1 - vectors @ vectors[7]
    allowed = np.setdiff1d(np.flatnonzero(away > 1.1), REMOVED)
    assert len(allowed) > FEW
    watched.asked.clear()
    found = index.query(vectors[7:8], 10, allowed=allowed)
    assert watched.asked == [160] or watched.asked == [40, 160]
    expected = allowed[np.argsort(away[allowed])[:10]]
    assert found.keys.tolist() == [expected.tolist()]


def test_one_view_that_lacks_neighbours_has_them_too(graph, vectors):
    index = graph[0]
    away = 1 - vectors @ vectors[7]
    allowed = np.setdiff1d(np.flatnonzero(away > 1.1), REMOVED)
    queries = np.stack([-vectors[7], vectors[7]])
    found = index.query(queries, 10, allowed=allowed)
    for row, query in enumerate(queries):
        best = np.sort(1 - vectors[allowed] @ query)[:10]
        np.testing.assert_allclose(found.distances[row], best, atol=1e-5)


def test_the_answers_are_those_on_paper():
    compass = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], np.float32)
    index = ExactIndex(compass, np.array([10, 20, 30, 40]))
    query = np.array([[1, 0]], np.float32)
    found = index.query(query, 9, allowed=np.array([20, 30, 40]))
    assert found.keys.tolist() == [[20, 40, 30]]  # of equal distances the older item first
    np.testing.assert_allclose(found.distances, [[1, 1, 2]])
    assert index.query(query, 1, allowed=np.array([30])).keys.tolist() == [[30]]


def test_an_index_without_rows_allows_nothing():
    index = ExactIndex(np.empty((0, 2), np.float32), np.empty(0, np.int64))
    query = np.array([[1, 0]], np.float32)
    assert index.query(query, 5, allowed=np.empty(0, np.int64)).keys.shape == (1, 0)
    with pytest.raises(StoreError, match="no item"):
        index.query(query, 5, allowed=np.array([0]))
