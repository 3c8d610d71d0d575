"""Why two pictures are alike, and how well the model knows one."""

import numpy as np
import pytest
import stores

from ris.errors import RisError, StoreError
from ris.explore.card import SHARES
from ris.explore.explorer import Explorer
from ris.explore.why import errors, look, shifted, why, woven
from ris.images.heat import heat_map
from ris.model.encoder import Encoder

SIZE = 64


def means(pixels):
    """A feature map: the mean colour of each 16 pixels, away from grey."""
    cells = pixels.reshape(len(pixels), SIZE // 16, 16, SIZE // 16, 16, 3)
    return cells.mean(axis=(2, 4), dtype=np.float32) - 128


def plain(colour=(90, 90, 90)):
    return np.full((SIZE, SIZE, 3), colour, np.uint8)


class TestParts:
    def test_shifted_pictures_are_woven_into_one_map(self):
        rows = np.arange(SIZE, dtype=np.uint8)[:, None, None]
        pixels = np.broadcast_to(rows, (SIZE, SIZE, 3)).copy()
        found = woven(means(shifted(pixels)))
        assert found.shape == (8, 8, 3)
        middles = found[:, 0, 0] + 128  # of the rows that each part covers
        np.testing.assert_allclose(middles[:7], 7.5 + 8 * np.arange(7))

    def test_the_part_that_both_have_matches_best(self):
        query, hit = plain(), plain((90, 90, 90))
        query[16:32, 32:48] = (250, 20, 20)
        hit[48:, :16] = (250, 20, 20)
        hit[:16, 48:] = (20, 250, 20)
        found = why(query, hit, means)
        assert found.query_heat.shape == found.hit_heat.shape == (8, 8)
        assert found.query_heat[2, 4] == pytest.approx(1, abs=1e-5)
        assert found.hit_heat[6, 0] == pytest.approx(1, abs=1e-5)
        assert found.hit_heat[0, 6] < 0.5  # nothing of the query is green

    def test_a_heat_map_is_hottest_where_it_should_be(self):
        heat = np.zeros((8, 8), np.float32)
        heat[3, 5] = 1
        drawn = heat_map(plain(), heat, least=0, most=1).astype(int)
        y, x = np.unravel_index(drawn[..., 1].argmax(), (SIZE, SIZE))
        assert abs(y + 0.5 - 32) <= 1
        assert abs(x + 0.5 - 48) <= 1
        assert heat_map(plain(), heat * 0, least=0, most=0).shape == (SIZE, SIZE, 3)


def test_the_error_is_the_root_of_the_mean_squared_difference():
    seen = np.stack([plain((0, 0, 0)), plain((10, 20, 30))])
    redrawn = np.stack([plain((255, 255, 255)), plain((10, 20, 30))])
    redrawn[1, : SIZE // 2] += 51
    found = errors(seen, redrawn)
    assert found.dtype == np.float32
    assert found.tolist() == pytest.approx([1, 0.2 / np.sqrt(2)])
    assert errors(seen[:0], redrawn[:0]).shape == (0,)


class TestLook:
    def test_it_tells_how_many_are_redrawn_worse(self):
        ends = (10.0, 15.0, 20.0, 25.0, 30.0)
        seen = plain((100, 100, 100))
        well = look(seen, plain((105, 105, 105)), SHARES, ends)
        assert (well.worse, well.known) == (0.95, True)
        assert well.psnr_db == pytest.approx(34.15, abs=0.01)
        badly = look(seen, plain((220, 220, 220)), SHARES, ends)
        assert (badly.worse, badly.known) == (0.0, False)

    def test_where_nothing_was_measured_nothing_is_claimed(self):
        found = look(plain(), plain((255, 0, 255)), SHARES, ())
        assert (found.worse, found.known) == (None, True)

    def test_a_picture_that_comes_back_as_it_was(self):
        assert look(plain(), plain(), SHARES, ()).psnr_db == 99.0


class TestExplorer:
    def test_a_picture_matches_itself_everywhere(self, explorer):
        assert explorer.tells_why
        for query in (3, explorer.item(3).path):
            found = explorer.why(query, 3)
            assert found.query_heat.shape == (8, 8)
            assert found.query_heat.min() > 0.98  # the thumbnail is another file

    def test_an_encoder_of_an_earlier_ris_says_so(self, explorer, tmp_path):
        stores.write_encoder(tmp_path / "e", features=False)
        explorer._encoder = Encoder(tmp_path / "e")
        assert not explorer.tells_why
        with pytest.raises(StoreError, match="earlier version") as refused:
            explorer.why(3, 4)
        assert refused.value.hint == "Train again."

    def test_an_item_is_looked_at(self, explorer):
        found = explorer.look(3)
        assert found.seen.shape == found.redrawn.shape == (32, 32, 3)
        assert 0 < found.psnr_db < 99
        assert found.worse is None  # its training told nothing

    def test_the_oddest_come_first(self, tmp_path, pictures, explorer):
        assert explorer.odd(5) == []  # its map is of an earlier ris
        home, work = tmp_path / "odd-home", tmp_path / "odd-work"
        made = stores.publish_folder(home, "odd", pictures, work, cluster=[0] * 48)
        found = Explorer(made).odd(3)
        assert [item.key for item, _ in found] == [47, 46, 45]
        assert [score for _, score in found] == pytest.approx([0.48, 0.47, 0.46])
        assert len(Explorer(made).odd(100)) == 48

    def test_those_that_are_redrawn_worst_come_first(self, tmp_path, pictures, explorer):
        by = "reconstruction error"
        assert explorer.odd(5, by=by) == []  # its map is of an earlier ris
        home, work = tmp_path / "odd-home", tmp_path / "odd-work"
        made = Explorer(stores.publish_folder(home, "odd", pictures, work, cluster=[0] * 48))
        found = made.odd(100, by=by)
        assert len(found) == 48
        looked = [made.look(item.key) for item, _ in found]
        assert [look.psnr_db for look in looked] == sorted(look.psnr_db for look in looked)
        expected = [10 ** (-look.psnr_db / 20) for look in looked]
        assert [score for _, score in found] == pytest.approx(expected, abs=1e-4)

    def test_by_anything_else_nothing_is_odd(self, explorer):
        with pytest.raises(RisError, match=r"'reconstruction error' .* got 'label'"):
            explorer.odd(3, by="label")
