"""The pictures that stand for parts of the map."""

import numpy as np
import pytest

from ris.explore.medoids import BLOCK, ZOOMS, Medoids
from ris.explore.tiles import square_around

COUNT = 3_000
RANDOM = np.random.default_rng(0)
X, Y = RANDOM.uniform(0, 10, (2, COUNT)).astype(np.float32)
VECTORS = RANDOM.normal(size=(COUNT, 8)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
SQUARE = square_around(X, Y)


def medoids() -> Medoids:
    return Medoids(X, Y, SQUARE, lambda rows: VECTORS[rows])


@pytest.mark.parametrize("zoom", [0, 1, 3, ZOOMS - 1])
def test_the_cells_of_a_zoom_hold_every_point_once(zoom: int) -> None:
    found = [medoids().block(zoom, c, r) for c in range(2**zoom) for r in range(2**zoom)]
    assert sum(int(cells.counts.sum()) for cells in found) == COUNT


def test_a_medoid_lies_in_its_own_cell_of_its_block() -> None:
    zoom, column, row = 1, 1, 0
    cells = medoids().block(zoom, column, row)
    columns, rows = SQUARE.cells(X[cells.rows], Y[cells.rows], BLOCK * 2**zoom)
    assert set(columns // BLOCK) == {column}
    assert set(rows // BLOCK) == {row}
    assert len(set(zip(columns.tolist(), rows.tolist(), strict=True))) == len(cells.rows)


def test_a_medoid_is_most_like_all_others_of_its_cell() -> None:
    zoom = ZOOMS - 3  # few enough in a cell that none is left out
    all_columns, all_rows = SQUARE.cells(X, Y, BLOCK * 2**zoom)
    cells = medoids().block(zoom, 3, 3)
    for medoid, count in zip(cells.rows, cells.counts, strict=True):
        same = (all_columns == all_columns[medoid]) & (all_rows == all_rows[medoid])
        members = np.flatnonzero(same)
        similar = VECTORS[members] @ VECTORS[members].sum(axis=0)
        assert len(members) == count
        assert similar.max() == pytest.approx(similar[members == medoid][0], abs=1e-5)


def test_a_block_is_computed_once() -> None:
    asked = []

    def vectors_of(rows: np.ndarray) -> np.ndarray:
        asked.append(len(rows))
        return VECTORS[rows]

    shown = Medoids(X, Y, SQUARE, vectors_of)
    assert shown.block(0, 0, 0) is shown.block(0, 0, 0)
    assert len(asked) == 1


def test_an_empty_block_asks_for_nothing() -> None:
    corner = np.zeros(5, np.float32)
    shown = Medoids(corner, corner, SQUARE, lambda rows: VECTORS[rows])
    assert len(shown.block(3, 7, 7).rows) == 0


@pytest.mark.parametrize("block", [(-1, 0, 0), (ZOOMS, 0, 0), (0, 1, 0), (2, 0, 4), (2, -1, 0)])
def test_a_block_that_is_not_there_is_refused(block: tuple[int, int, int]) -> None:
    with pytest.raises(IndexError):
        medoids().block(*block)
