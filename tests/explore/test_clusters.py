"""Groups on the map and their names."""

import numpy as np
import pytest
import stores
from sklearn.metrics import adjusted_rand_score

from ris.explore import clusters
from ris.explore.clusters import cluster_nearby, find_clusters, name_clusters
from ris.store.generation import Positions
from ris.store.index import normalise
from ris.store.values import Codes


def blobs(sizes, seed=0):
    """Places around centres far apart, and which centre each has."""
    random = np.random.default_rng(seed)
    which = np.repeat(np.arange(len(sizes)), sizes)
    xy = random.normal(size=(len(which), 2)) + np.stack([which * 12, which % 2 * 12], axis=1)
    return xy.astype(np.float32), which


def test_what_lies_apart_is_a_cluster_and_the_largest_comes_first():
    xy, which = blobs([60, 200, 100])
    found = find_clusters(xy)
    assert found.dtype == np.int32
    inside = found >= 0
    assert adjusted_rand_score(which[inside], found[inside]) > 0.7
    counts = np.bincount(found[inside])
    assert (np.diff(counts) <= 0).all()
    assert inside.mean() > 0.5


def test_past_the_limit_the_rest_goes_with_its_nearest(monkeypatch):
    xy, which = blobs([300, 300, 300])
    monkeypatch.setattr(clusters, "SEARCHED_AT_MOST", 200)
    found = find_clusters(xy)
    inside = found >= 0
    assert found.shape == (900,)
    assert adjusted_rand_score(which[inside], found[inside]) > 0.9
    np.testing.assert_array_equal(find_clusters(xy), found)


@pytest.mark.parametrize("count", [0, 1, 2, 15])
def test_a_handful_has_no_clusters(count):
    assert find_clusters(np.zeros((count, 2), np.float32)).tolist() == [-1] * count


def test_nothing_but_copies_is_no_error():
    assert len(find_clusters(np.zeros((100, 2), np.float32))) == 100


def test_others_join_the_cluster_of_their_nearest():
    xy = np.array([[0, 0], [10, 0], [20, 0]], np.float32)
    others = np.array([[19, 1], [1, 1]], np.float32)
    found = cluster_nearby(xy, np.array([2, 0, -1], np.int32), others)
    assert found.tolist() == [-1, 2]
    assert cluster_nearby(xy, np.zeros(3, np.int32), others[:0]).tolist() == []


def named(cluster, labels, names):
    count = len(cluster)
    keys = np.arange(count) * 2
    positions = Positions(
        keys,
        np.zeros((count, 2), np.float32),
        np.ones(count, np.bool_),
        np.array(cluster, np.int32),
        np.zeros(count, np.float32),
        np.zeros(count, np.float32),
    )
    vectors = stores.unit_vectors(count)
    codes = Codes(np.array(labels, np.int32), names)
    return name_clusters(positions, codes, lambda wanted: vectors[wanted // 2])


def test_a_cluster_is_named_by_its_commonest_labels():
    found = named(
        [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, -1], [0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1], ("cat", "dog")
    )
    assert [(one.number, one.name, one.count) for one in found] == [
        (0, "cat", 4),
        (1, "cat, dog", 4),
        (2, "cat 2", 2),
    ]


def test_a_cluster_without_labels_is_a_group():
    assert [one.name for one in named([1, 0, 1, 0], [-1] * 4, ())] == ["Group 1", "Group 2"]
    assert [one.name for one in named([0, 0, 0], [-1, -1, 0], ("cat",))] == ["Group 1"]


def test_no_clusters_have_no_names():
    assert named([-1, -1], [0, 0], ("cat",)) == ()
    assert named([], [], ()) == ()


def test_the_medoid_is_the_member_most_like_the_others():
    vectors = normalise(np.array([[1, 0], [1, 0.2], [1, 0.1], [0, 1]], np.float32))
    positions = Positions(
        np.array([5, 6, 7, 8]),
        np.zeros((4, 2), np.float32),
        np.ones(4, np.bool_),
        np.array([0, 0, 0, 1], np.int32),
        np.zeros(4, np.float32),
        np.zeros(4, np.float32),
    )
    none = Codes(np.full(4, -1, np.int32), ())
    found = name_clusters(positions, none, lambda keys: vectors[keys - 5])
    assert [one.medoid for one in found] == [7, 8]
