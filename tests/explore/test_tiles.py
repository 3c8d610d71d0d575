"""The map in tiles: nothing lost, nothing twice, and any view within bounds."""

import numpy as np
import pytest

from ris.explore.tiles import tile


def places(count: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points in clumps of different sizes, as on a real map."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(20, 2)) * 10
    spread = random.uniform(0.2, 2, 20)
    of = random.integers(0, 20, count)
    xy = centres[of] + random.normal(size=(count, 2)) * spread[of, None]
    return xy[:, 0].astype(np.float32), xy[:, 1].astype(np.float32)


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 5_000])
def test_every_point_is_in_one_tile(count: int) -> None:
    tiles = tile(*places(count), first=100)
    found = np.concatenate([np.empty(0, int), *(tiles.rows_of(n) for n in range(len(tiles)))])
    assert np.sort(found).tolist() == list(range(count))


def test_a_tile_holds_what_lies_in_its_cell() -> None:
    x, y = places(5_000)
    tiles = tile(x, y, first=100)
    square = tiles.square
    for number, (level, column, row) in enumerate(tiles.places.tolist()):
        side = square.side / (2 ** (level + 1) if level else 1)
        rows = tiles.rows_of(number)
        near = 1e-3 * side
        assert (x[rows] >= square.x + column * side - near).all()
        assert (x[rows] <= square.x + (column + 1) * side + near).all()
        assert (y[rows] >= square.y + row * side - near).all()
        assert (y[rows] <= square.y + (row + 1) * side + near).all()


def test_each_level_up_to_one_is_an_even_sample() -> None:
    x, y = places(20_000)
    tiles = tile(x, y, first=500)
    levels = np.repeat(tiles.places[:, 0], np.diff(tiles.starts))
    assert np.bincount(levels).tolist() == [500, 1_500, 6_000, 12_000]
    left = x < np.median(x)
    for level in range(3):
        assert left[tiles.rows[levels <= level]].mean() == pytest.approx(0.5, abs=0.05)


def test_the_same_points_make_the_same_tiles() -> None:
    one, other = tile(*places(3_000), first=100), tile(*places(3_000), first=100)
    assert (one.rows == other.rows).all()


def test_points_on_one_spot_are_no_trouble() -> None:
    spot = np.full(1_000, 3, np.float32)
    tiles = tile(spot, spot, first=100)
    assert len(tiles.rows) == 1_000


@pytest.mark.parametrize("number", [-1, 99_999])
def test_a_tile_that_is_not_there_is_refused(number: int) -> None:
    with pytest.raises(IndexError):
        tile(*places(1_000), first=100).rows_of(number)
