"""Nearest neighbours: the exact index by hand-made answers, the graph by its exact twin.

hnswlib answers misuse with an abort, a segmentation fault or silence; what could crash runs in a
process of its own.
"""

import subprocess
import sys

import numpy as np
import pytest
import stores

from ris.errors import RisError, StoreError
from ris.store import index as index_module
from ris.store.index import (
    ExactIndex,
    GraphIndex,
    JoinedIndex,
    Neighbours,
    build_graph,
    load_graph,
    normalise,
    recall_at,
)

COUNT = 3000  # embeddings of the shared graph


def open_graph(path, dimension, count, ef, deleted=()):
    return GraphIndex(load_graph(path, dimension, count), ef, deleted)


def load(graph_file, deleted=(), ef=None):
    path, built = graph_file
    return open_graph(path, stores.DIMENSION, COUNT, ef or built.ef, deleted)


def compass():
    """Four directions in the plane, 90 degrees apart, under keys with gaps."""
    vectors = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], np.float32)
    return ExactIndex(vectors, np.array([10, 20, 30, 40]))


class TestExact:
    def test_the_answers_are_those_on_paper(self):
        found = compass().query(np.array([[0.8, 0.6], [-0.6, -0.8]], np.float32), 4)
        assert found.keys.tolist() == [[10, 20, 40, 30], [40, 30, 10, 20]]
        np.testing.assert_allclose(
            found.distances, [[0.2, 0.4, 1.6, 1.8], [0.2, 0.4, 1.6, 1.8]], atol=1e-6
        )
        assert found.distances.dtype == np.float32

    def test_of_equal_distances_the_older_item_comes_first(self):
        found = compass().query(np.array([[1, 0]], np.float32), 3)
        assert found.keys.tolist() == [[10, 20, 40]]

    def test_k_beyond_the_count_gives_all_and_zero_gives_none(self):
        query = np.array([[1, 0]], np.float32)
        assert compass().query(query, 99).keys.shape == (1, 4)
        assert compass().query(query, 0).keys.shape == (1, 0)

    def test_distances_stay_between_0_and_2(self, vectors):
        index = ExactIndex(vectors, np.arange(COUNT))
        for sign in (1, -1):
            found = index.query(sign * vectors[:200], 1)
            assert (found.distances >= 0).all()
            assert (found.distances <= 2).all()

    def test_many_queries_are_answered_like_each_alone(self, vectors):
        index = ExactIndex(vectors, np.arange(COUNT))
        found = index.query(vectors[:150], 5)
        assert found.keys[:, 0].tolist() == list(range(150))
        for row in (0, 63, 64, 149):
            alone = index.query(vectors[row : row + 1], 5)
            np.testing.assert_array_equal(alone.keys[0], found.keys[row])

    def test_embeddings_are_found_by_key(self):
        np.testing.assert_array_equal(compass().vectors([40, 10]), [[0, -1], [1, 0]])

    @pytest.mark.parametrize("keys", [[11], [99], [-1], [10, 11]])
    def test_an_unknown_key_is_refused(self, keys):
        with pytest.raises(StoreError, match="no item"):
            compass().vectors(keys)

    @pytest.mark.parametrize("keys", [[1], [1, 1], [2, 1]])
    def test_keys_that_do_not_ascend_are_refused(self, vectors, keys):
        with pytest.raises(StoreError, match="ascending keys"):
            ExactIndex(vectors[:2], np.array(keys))

    def test_an_index_without_rows_answers_nothing(self):
        index = ExactIndex(np.empty((0, 2), np.float32), np.empty(0, np.int64))
        assert index.query(np.array([[1, 0]], np.float32), 5).keys.shape == (1, 0)
        with pytest.raises(StoreError):
            index.vectors([0])

    def test_an_index_without_rows_answers_nothing_to_many(self):
        index = ExactIndex(np.empty((0, 2), np.float32), np.empty(0, np.int64))
        assert index.query(np.array([[1, 0], [0, 1]], np.float32), 5).keys.shape == (2, 0)


BAD_QUERIES = {
    "too short": (np.ones((1, 15), np.float32), "length 16"),
    "too long": (np.ones((1, 17), np.float32), "length 16"),
    "not a batch": (np.ones(16, np.float32), "length 16"),
    "not a number": (np.full((1, 16), np.nan, np.float32), "not finite"),
    "infinite": (np.full((1, 16), np.inf, np.float32), "not finite"),
    "zero": (np.zeros((1, 16), np.float32), "unit length"),
    "long": (np.ones((1, 16), np.float32), "unit length"),
    "one bad of two": (np.eye(2, 16, dtype=np.float32) * [[1], [3]], "unit length"),
}


@pytest.mark.parametrize("name", BAD_QUERIES)
@pytest.mark.parametrize("kind", ["exact", "graph", "joined"])
def test_a_bad_query_is_refused_in_words(vectors, graph_file, kind, name):
    exact = ExactIndex(vectors, np.arange(COUNT))
    index = exact if kind == "exact" else load(graph_file)
    if kind == "joined":
        index = JoinedIndex(index, exact, COUNT)
    query, message = BAD_QUERIES[name]
    with pytest.raises(RisError, match=message):
        index.query(query, 3)


@pytest.mark.parametrize("name", ["not a number", "zero", "long"])
def test_a_graph_of_bad_vectors_is_not_built(tmp_path, vectors, name):
    bad = vectors[:50].copy()
    bad[7] = BAD_QUERIES[name][0]
    with pytest.raises(RisError):
        build_graph(bad, np.arange(50), tmp_path / "g")
    assert not (tmp_path / "g").exists()


def test_a_negative_k_is_refused(vectors, graph_file):
    for index in (compass(), load(graph_file)):
        with pytest.raises(RisError, match="positive"):
            index.query(np.eye(1, index.dimension, dtype=np.float32), -1)


class TestGraph:
    def test_it_finds_what_the_exact_index_finds(self, vectors, graph_file):
        queries = stores.unit_vectors(300, seed=1)
        exact = ExactIndex(vectors, np.arange(COUNT)).query(queries, 10)
        found = load(graph_file).query(queries, 10)
        assert recall_at(found, exact) >= 0.95
        assert (np.diff(found.distances, axis=1) >= 0).all()
        for keys, distances, query in zip(found.keys, found.distances, queries, strict=True):
            np.testing.assert_allclose(distances, 1 - vectors[keys] @ query, atol=1e-5)

    def test_the_measured_recall_is_told(self, graph_file):
        _, built = graph_file
        assert 0.95 <= built.recall <= 1
        assert built.ef in index_module.EF_CHOICES

    def test_a_smaller_ef_finds_less(self, vectors, graph_file):
        """So ef reaches the graph at all, although loading forgets it."""
        queries = stores.unit_vectors(300, seed=1)
        exact = ExactIndex(vectors, np.arange(COUNT)).query(queries, 10)
        recalls = [recall_at(load(graph_file, ef=ef).query(queries, 10), exact) for ef in (10, 500)]
        assert recalls[0] < recalls[1]

    def test_one_seed_gives_one_graph(self, tmp_path, vectors):
        files = [tmp_path / name for name in ("a", "b", "c")]
        for file, seed in zip(files, (3, 3, 4), strict=True):
            build_graph(vectors[:500], np.arange(500), file, seed=seed)
        same, again, other = (file.read_bytes() for file in files)
        assert same == again
        assert same != other

    def test_keys_need_not_be_rows(self, tmp_path, vectors):
        keys = np.arange(500) * 7 + 3
        build_graph(vectors[:500], keys, tmp_path / "g")
        index = open_graph(tmp_path / "g", 16, 500, 64, ())
        assert index.query(vectors[100:101], 1).keys.tolist() == [[703]]
        np.testing.assert_allclose(index.vectors([703])[0], vectors[100], atol=1e-6)

    def test_removed_keys_are_never_answered(self, vectors, graph_file):
        deleted = list(range(0, COUNT, 2))
        index = load(graph_file, deleted)
        assert index.count == COUNT // 2
        found = index.query(vectors[:200], 10)
        assert (found.keys % 2 == 1).all()
        with pytest.raises(StoreError, match="removed"):
            index.vectors([0])

    def test_all_removed_answers_nothing(self, vectors, graph_file):
        index = load(graph_file, list(range(COUNT)))
        assert index.query(vectors[:3], 10).keys.shape == (3, 0)

    def test_k_beyond_the_count_gives_all(self, tmp_path, vectors):
        build_graph(vectors[:20], np.arange(20), tmp_path / "g")
        index = open_graph(tmp_path / "g", 16, 20, 32, [3])
        found = index.query(vectors[:1], 1000)
        assert sorted(found.keys[0].tolist()) == [k for k in range(20) if k != 3]

    def test_k_beyond_ef_is_answered(self, vectors, graph_file):
        assert load(graph_file, ef=10).query(vectors[:2], 500).keys.shape == (2, 500)

    def test_an_unknown_key_is_refused(self, graph_file):
        with pytest.raises(StoreError, match="no item"):
            load(graph_file).vectors([COUNT + 5])

    @pytest.mark.parametrize("count", [1, 2, 11])
    def test_a_handful_of_items_has_a_graph(self, tmp_path, vectors, count):
        built = build_graph(vectors[:count], np.arange(count), tmp_path / "g")
        assert built.recall == 1
        index = open_graph(tmp_path / "g", 16, count, built.ef, ())
        assert index.query(vectors[:1], 5).keys[0, 0] == 0

    def test_progress_is_told_in_rows(self, tmp_path, vectors):
        told: list[int] = []
        build_graph(vectors, np.arange(COUNT), tmp_path / "g", on_rows=told.append)
        assert told[-1] == COUNT

    def test_saving_into_a_missing_folder_is_an_error(self, tmp_path, vectors):
        with pytest.raises(StoreError, match="could be written"):
            build_graph(vectors[:50], np.arange(50), tmp_path / "gone" / "g")

    def test_a_collection_of_copies_is_searched(self, tmp_path):
        copies = np.repeat(stores.unit_vectors(1), 500, axis=0)
        built = build_graph(copies, np.arange(500), tmp_path / "g")
        assert built.recall == 1
        index = open_graph(tmp_path / "g", 16, 500, built.ef, ())
        np.testing.assert_allclose(index.query(copies[:1], 10).distances, 0, atol=1e-6)

    def test_many_copies_among_others_do_not_end_a_large_search(self, tmp_path, vectors):
        mixed = np.concatenate([np.repeat(vectors[:1], 2000, axis=0), vectors[:1000]])
        built = build_graph(mixed, np.arange(3000), tmp_path / "g")
        index = open_graph(tmp_path / "g", 16, 3000, built.ef, ())
        assert index.query(vectors[5:6], 2000).keys.shape[1] > 0


LOADING = """
import sys
from pathlib import Path
from ris.errors import StoreError
from ris.store.index import load_graph
try:
    load_graph(Path(sys.argv[1]), int(sys.argv[2]), 3000)
except StoreError as error:
    print("refused:", error.message)
else:
    print("loaded")
"""


class TestLoading:
    def load(self, path, dimension=16):
        command = [sys.executable, "-c", LOADING, str(path), str(dimension)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"the process died of {done.returncode}: {done.stderr}"
        return done.stdout

    def test_a_good_file_is_loaded(self, graph_file):
        assert self.load(graph_file[0]) == "loaded\n"

    def test_a_missing_file_is_refused(self, tmp_path):
        assert "is no graph" in self.load(tmp_path / "gone")

    @pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.99])
    def test_a_truncated_file_is_refused(self, tmp_path, graph_file, share):
        data = graph_file[0].read_bytes()
        (tmp_path / "g").write_bytes(data[: int(len(data) * share)])
        assert "refused" in self.load(tmp_path / "g")

    @pytest.mark.parametrize("filler", [b"\x00", b"\xff", b"garbage!"])
    def test_garbage_is_refused(self, tmp_path, filler):
        (tmp_path / "g").write_bytes(filler * 10_000)
        assert "refused" in self.load(tmp_path / "g")

    def test_a_graph_of_another_count_is_refused(self, tmp_path, vectors):
        build_graph(vectors[:50], np.arange(50), tmp_path / "g")
        assert "holds 50 rows, expected 3000" in self.load(tmp_path / "g")

    @pytest.mark.parametrize("dimension", [8, 32])
    def test_a_graph_of_another_dimension_is_refused(self, graph_file, dimension):
        assert "refused" in self.load(graph_file[0], dimension)


class TestJoined:
    @pytest.fixture
    def joined(self, tmp_path, vectors):
        build_graph(vectors[:2500], np.arange(2500), tmp_path / "g")
        graph = open_graph(tmp_path / "g", 16, 2500, 200, [5, 6])
        return JoinedIndex(graph, ExactIndex(vectors[2500:], np.arange(2500, COUNT)), 2500)

    def test_it_equals_the_exact_index_over_all(self, joined, vectors):
        kept = ~np.isin(np.arange(COUNT), [5, 6])
        exact = ExactIndex(vectors[kept], np.arange(COUNT)[kept])
        queries = stores.unit_vectors(200, seed=2)
        found, truth = joined.query(queries, 10), exact.query(queries, 10)
        assert recall_at(found, truth) >= 0.99
        assert (found.keys >= 2500).any()
        assert (found.keys < 2500).any()
        assert (np.diff(found.distances, axis=1) >= 0).all()
        assert joined.count == exact.count

    def test_k_beyond_the_count_is_clamped(self, joined, vectors):
        assert joined.query(vectors[:1], 10_000).keys.shape == (1, COUNT - 2)

    def test_embeddings_come_from_either_side(self, joined, vectors):
        found = joined.vectors([2999, 0, 2500])
        np.testing.assert_allclose(found, vectors[[2999, 0, 2500]], atol=1e-6)
        assert joined.vectors([]).shape == (0, 16)
        with pytest.raises(StoreError):
            joined.vectors([5])


def test_recall_counts_ties_by_distance():
    exact = Neighbours(np.array([[1, 2]]), np.array([[0.1, 0.5]], np.float32))
    tied = Neighbours(np.array([[1, 9]]), np.array([[0.1, 0.5]], np.float32))
    worse = Neighbours(np.array([[1, 9]]), np.array([[0.1, 0.6]], np.float32))
    assert recall_at(exact, exact) == recall_at(tied, exact) == 1
    assert recall_at(worse, exact) == 0.5
    nothing = Neighbours(np.empty((3, 0), np.int64), np.empty((3, 0), np.float32))
    assert recall_at(nothing, nothing) == 1


def test_normalised_rows_have_unit_length_and_zero_has_a_direction():
    given = np.array([[3, 4], [0, 0], [1e-20, 0]], np.float32)
    np.testing.assert_allclose(normalise(given)[0], [0.6, 0.8])
    np.testing.assert_allclose(np.linalg.norm(normalise(given), axis=1), 1)
    assert given[0, 0] == 3  # the caller's array is left alone
