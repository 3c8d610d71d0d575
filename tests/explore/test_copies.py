"""Turned and mirrored views of a query, and the best answer to any of them."""

import numpy as np
import pytest
import stores
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from ris.explore import copies
from ris.model.encoder import Encoder
from ris.store.index import ExactIndex, Neighbours


@pytest.mark.parametrize("mirrored", [False, True])
def test_views_are_what_their_numbers_say(mirrored):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 6, 3), np.uint8)
    made = copies.views(pixels, mirrored=mirrored)
    assert len(made) == (8 if mirrored else 4)
    for number, view in enumerate(made):
        turned, flipped = copies.view_of(number)
        image = ImageOps.mirror(Image.fromarray(pixels)) if flipped else Image.fromarray(pixels)
        np.testing.assert_array_equal(view, np.asarray(image.rotate(-turned)))
    assert copies.view_of(0) == (0, False)


@pytest.mark.parametrize("symmetric", [False, True])
def test_an_encoder_is_asked_whether_it_tells_mirror_images(tmp_path, symmetric):
    stores.write_encoder(tmp_path, symmetric=symmetric)
    assert copies.tells_mirrored(Encoder(tmp_path)) is not symmetric


@given(st.integers(0, 99), st.integers(1, 8), st.integers(1, 40), st.integers(1, 40))
def test_the_best_of_each_view_hold_the_best_of_all(seed, views, items, k):
    vectors = stores.unit_vectors(items, 3, seed=seed)
    queries = stores.unit_vectors(views, 3, seed=seed + 1000)
    index = ExactIndex(vectors, np.arange(items) * 10)
    least = (1 - queries @ vectors.T).min(axis=0)

    best = copies.nearest_of_any(index.query(queries, k), k)
    assert len(set(best.keys.tolist())) == len(best.keys) == min(k, items)
    np.testing.assert_allclose(best.distances, np.sort(least)[:k], atol=1e-5)
    np.testing.assert_allclose(
        1 - (queries[best.views] * vectors[best.keys // 10]).sum(axis=1), best.distances, atol=1e-4
    )

    others = copies.nearest_of_any(index.query(queries, k + 1), k, without=[0])
    assert len(others.keys) == min(k, items - 1)
    assert 0 not in others.keys
    np.testing.assert_allclose(others.distances, np.sort(least[1:])[:k], atol=1e-5)


def test_the_upright_view_is_preferred_where_a_picture_is_symmetric():
    """Equal views differ in the last digits; the least distance is told all the same."""
    found = Neighbours(
        np.array([[3, 5], [3, 5]]), np.array([[0.2, 0.5], [0.2 - 1e-6, 0.4]], np.float32)
    )
    best = copies.nearest_of_any(found, 2)
    assert best.keys.tolist() == [3, 5]
    assert best.views.tolist() == [0, 1]
    np.testing.assert_array_equal(best.distances, found.distances[1])


def test_equally_near_items_come_oldest_first():
    found = Neighbours(np.array([[7, 2], [4, 7]]), np.full((2, 2), 0.5, np.float32))
    assert copies.nearest_of_any(found, 9).keys.tolist() == [2, 4, 7]


def test_none_of_none():
    nothing = Neighbours(np.empty((4, 0), np.int64), np.empty((4, 0), np.float32))
    assert copies.nearest_of_any(nothing, 3).keys.tolist() == []
