"""The map: judged by trustworthiness and by distances, never by coordinates."""

import numpy as np
import pytest
import stores
from sklearn.manifold import trustworthiness

from ris.errors import Cancelled
from ris.explore import projection
from ris.explore.projection import align, place, project
from ris.store.index import ExactIndex, normalise


def clusters(count, seed=0):
    """Unit vectors around four directions, and which is which."""
    random = np.random.default_rng(seed)
    centres = stores.unit_vectors(4, seed=5)
    which = np.arange(count) % 4
    noise = 0.1 * random.normal(size=(count, stores.DIMENSION))
    return normalise(centres[which] + noise), which


def lay(vectors, **options):
    keys = np.arange(len(vectors)) * 3 + 1
    found = project(ExactIndex(vectors, keys), vectors, keys, **options)
    return found.xy, found.fitted


@pytest.fixture(scope="module")
def mapped():
    vectors, which = clusters(320)
    return vectors, which, lay(vectors)[0]


@pytest.mark.slow
class TestFitting:
    """umap compiles for about 10 s in the first of these."""

    def test_neighbours_stay_neighbours(self, mapped):
        vectors, _, xy = mapped
        assert xy.dtype == np.float32
        assert trustworthiness(vectors, xy, n_neighbors=15, metric="cosine") > 0.85

    def test_clusters_lie_apart(self, mapped):
        _, which, xy = mapped
        centres = np.stack([xy[which == i].mean(axis=0) for i in range(4)])
        nearest = np.linalg.norm(xy[:, None] - centres, axis=2).argmin(axis=1)
        assert (nearest == which).mean() > 0.95

    def test_all_are_fitted_when_they_are_few(self, mapped):
        assert lay(mapped[0])[1].all()

    def test_the_same_seed_gives_the_same_map(self, mapped):
        vectors, _, xy = mapped
        np.testing.assert_array_equal(lay(vectors, seed=0)[0], xy)
        assert not np.array_equal(lay(vectors, seed=1)[0], xy)

    def test_a_map_that_starts_from_the_last_one_moves_less(self, mapped):
        vectors, _, xy = mapped
        changed = normalise(vectors + 0.05 * stores.unit_vectors(320, seed=9))
        cold, warm = lay(changed, seed=1)[0], lay(changed, seed=1, previous=xy)[0]
        moved = [np.median(np.linalg.norm(new - xy, axis=1)) for new in (cold, warm)]
        assert moved[1] < 0.5 * moved[0]
        assert trustworthiness(changed, warm, n_neighbors=15, metric="cosine") > 0.85

    def test_new_items_join_a_map_that_starts_from_the_last_one(self, mapped):
        vectors, _, xy = mapped
        previous = xy.copy()
        previous[::10] = np.nan
        found = lay(vectors, previous=previous)[0]
        assert np.isfinite(found).all()
        old = np.isfinite(previous[:, 0])
        reach = np.linalg.norm(xy - xy.mean(axis=0), axis=1).max()
        assert np.median(np.linalg.norm(found - xy, axis=1)[old]) < 0.3 * reach
        assert np.isnan(previous[0]).all()  # the caller's array is left alone

    def test_past_the_limit_the_rest_is_placed_among_its_neighbours(self, mapped, monkeypatch):
        vectors, which, _ = mapped
        monkeypatch.setattr(projection, "FIT_AT_MOST", 200)
        xy, fitted = lay(vectors)
        assert fitted.sum() == 200
        centres = np.stack([xy[fitted & (which == i)].mean(axis=0) for i in range(4)])
        nearest = np.linalg.norm(xy[:, None] - centres, axis=2).argmin(axis=1)
        assert (nearest == which)[~fitted].mean() > 0.95

    def test_nothing_but_copies_still_makes_a_map(self):
        copies = np.repeat(stores.unit_vectors(1), 60, axis=0)
        assert np.isfinite(lay(copies)[0]).all()

    def test_progress_is_told_in_epochs(self, mapped):
        told = []
        lay(mapped[0], on_epochs=lambda done, total: told.append((done, total)))
        assert told
        assert told[-1][0] == told[-1][1]

    def test_what_the_listener_raises_ends_the_fit(self, mapped):
        def cancel(done, total):
            raise Cancelled("given up")

        with pytest.raises(Cancelled):
            lay(mapped[0], on_epochs=cancel)

    def test_an_index_that_reaches_few_neighbours_still_makes_a_map(self, mapped):
        """As a graph over many copies does."""
        vectors, _, _ = mapped
        keys = np.arange(len(vectors))

        class Short(ExactIndex):
            def query(self, queries, k):
                return super().query(queries, min(k, 7))

        xy = project(Short(vectors, keys), vectors, keys).xy
        assert trustworthiness(vectors, xy, n_neighbors=15, metric="cosine") > 0.8


@pytest.mark.parametrize("count", range(1, 21))
def test_a_handful_of_items_has_a_map(count):
    vectors, _ = clusters(count)
    xy, fitted = lay(vectors)
    assert xy.shape == (count, 2)
    assert np.isfinite(xy).all()
    assert fitted.all()
    if count > 2:
        assert np.ptp(xy, axis=0).min() > 0


def test_a_handful_of_copies_has_a_map():
    assert np.isfinite(lay(np.repeat(stores.unit_vectors(1), 7, axis=0))[0]).all()


def test_a_handful_lies_like_the_last_map():
    vectors, _ = clusters(20)
    turned = lay(vectors)[0] @ np.array([[0, 1], [-1, 0]], np.float32) * 3 + 5
    np.testing.assert_allclose(lay(vectors, previous=turned)[0], turned, atol=1e-3)


def test_a_last_map_of_few_items_is_not_started_from():
    vectors, _ = clusters(20)
    previous = np.full((20, 2), np.nan, np.float32)
    previous[:4] = 100
    np.testing.assert_array_equal(lay(vectors, previous=previous)[0], lay(vectors)[0])


@pytest.mark.parametrize("mirror", [1, -1])
def test_aligning_undoes_a_turn_a_scale_and_a_move(mirror):
    xy = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    turn = np.array([[np.cos(2), np.sin(2)], [-np.sin(2), np.cos(2)]]) * [[1], [mirror]]
    np.testing.assert_allclose(
        align((xy @ turn * 7 + [3, -4]).astype(np.float32), xy), xy, atol=1e-4
    )


def test_aligning_changes_no_shape():
    random = np.random.default_rng(0)
    xy, target = (random.normal(size=(50, 2)).astype(np.float32) for _ in range(2))
    found = align(xy, target)
    lengths = [np.linalg.norm(one - one.mean(axis=0), axis=1) for one in (xy, found)]
    ratio = lengths[1] / lengths[0]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)


def test_aligning_a_single_point_moves_it_there():
    there = np.array([[3, 4]], np.float32)
    np.testing.assert_allclose(align(np.zeros((1, 2), np.float32), there), there)


SQUARE = np.array([[0, 0], [4, 0], [0, 4], [4, 4]], np.float32)


def test_a_picture_falls_among_its_three_nearest():
    found = place(SQUARE, np.array([0.2, 0.2, 0.2, 0.2], np.float32))
    assert (found.x, found.y) == pytest.approx((4 / 3, 4 / 3))


def test_the_nearest_weigh_most():
    found = place(SQUARE, np.array([0.01, 0.5, 0.5, 0.5], np.float32))
    assert max(found.x, found.y) < 0.2


def test_a_copy_falls_on_its_twin_with_little_spread():
    found = place(SQUARE, np.array([0, 0.5, 0.5, 0.5], np.float32))
    assert (found.x, found.y) == pytest.approx((0, 0), abs=0.02)
    assert 0 < found.spread < place(SQUARE, np.full(4, 0.5, np.float32)).spread


def test_a_single_neighbour_is_the_place():
    found = place(SQUARE[3:], np.array([0.3], np.float32))
    assert (found.x, found.y, found.spread) == (4, 4, 0)


def test_several_copies_share_the_place():
    found = place(SQUARE, np.zeros(4, np.float32))
    assert np.isfinite([found.x, found.y, found.spread]).all()
