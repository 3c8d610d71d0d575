"""Which pictures a report card is made with."""

import numpy as np
import pytest
import stores

from ris.errors import SourceError, StoreError
from ris.images.labels import Labels
from ris.images.sources import Folder
from ris.progress import StopSignal, silent
from ris.report import evaluate_queries, held_out_rows, serving_card
from ris.scan import scan


@pytest.fixture
def scanned(empty, pictures, tmp_path):
    (tmp_path / "w").mkdir()
    known, source = Labels("folder"), [Folder(pictures)]
    size, stop = stores.SIZE, StopSignal()
    return scan(empty, source, known, size, tmp_path / "w", on_progress=silent, stop=stop)


def test_a_quarter_of_a_small_collection_is_kept_out_of_training(scanned):
    rows = held_out_rows(scanned)
    assert len(rows) == 12  # of 48
    assert (np.diff(rows) > 0).all()


def test_they_are_the_same_ones_whatever_their_order(scanned):
    ids = np.array(scanned.items().column("id").to_pylist())
    assert set(ids[held_out_rows(scanned)]) == set(np.sort(ids)[:12])


def test_copies_of_a_picture_stay_together(empty, pictures, tmp_path):
    (tmp_path / "w").mkdir()
    twice = [Folder(pictures), Folder(pictures)]
    known, size, stop = Labels("folder"), stores.SIZE, StopSignal()
    scanned = scan(empty, twice, known, size, tmp_path / "w", on_progress=silent, stop=stop)
    ids = scanned.items().column("id").to_pylist()
    held_out = {ids[row] for row in held_out_rows(scanned)}
    assert held_out.isdisjoint(
        ids[row] for row in set(range(96)) - set(held_out_rows(scanned).tolist())
    )


def test_without_a_card_it_is_said_what_to_do(collection, empty):
    with pytest.raises(StoreError, match="no report card") as refused:
        serving_card(collection)
    assert "train" in refused.value.hint
    with pytest.raises(StoreError, match="no pictures yet"):
        serving_card(empty)


def test_queries_that_are_no_pictures_are_refused(collection, tmp_path):
    (tmp_path / "a.txt").write_text("no picture")
    with pytest.raises(SourceError, match="no picture"):
        evaluate_queries(collection, tmp_path, on_progress=silent)
