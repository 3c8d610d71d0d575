"""A collection as one Parquet file for other tools."""

from pathlib import Path

import drawn
import numpy as np
import pandas as pd
import pytest
import stores

from ris.errors import StoreError
from ris.store.export import export_table


@pytest.fixture
def own(tmp_path):
    """A collection whose originals are the test's own, with metadata."""
    source = drawn.fill_folder(tmp_path / "source", 2)
    names = [path.relative_to(source) for path in sorted(source.rglob("*.png"))]
    rows = "\n".join(f"{name},{'' if number else 7}" for number, name in enumerate(names))
    (tmp_path / "l.csv").write_text(f"path,price\n{rows}\n")
    labels = str(tmp_path / "l.csv")
    return stores.publish_folder(tmp_path / "home", "own", source, tmp_path / "work", labels=labels)


def test_all_columns_are_there_for_pandas(own, tmp_path):
    told = []
    assert export_table(own, tmp_path / "out.parquet", on_progress=told.append) == 8
    frame = pd.read_parquet(tmp_path / "out.parquet")
    assert frame["key"].tolist() == list(range(8))
    assert frame["price"][0] == 7
    assert frame["price"][1:].isna().all()
    vectors = np.stack(frame["embedding"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert frame["image"][0] == {"bytes": None, "path": frame["path"][0]}
    assert (told[-1].done, told[-1].total) == (8, 8)


def test_the_pictures_bytes_come_along_when_asked_for(own, tmp_path):
    export_table(own, tmp_path / "out.parquet", pictures=True)
    frame = pd.read_parquet(tmp_path / "out.parquet")
    for path, image in zip(frame["path"], frame["image"], strict=True):
        assert image == {"bytes": Path(path).read_bytes(), "path": Path(path).name}


def test_files_that_are_gone_stay_null(own, tmp_path):
    gone = Path(pd.read_parquet(next((own.folder / "parts").iterdir()))["path"][2])
    gone.unlink()
    assert export_table(own, tmp_path / "out.parquet", pictures=True) == 8
    images = pd.read_parquet(tmp_path / "out.parquet")["image"]
    assert [i for i, image in enumerate(images) if image["bytes"] is None] == [2]


def test_files_that_changed_stay_null(own, tmp_path):
    changed = Path(pd.read_parquet(next((own.folder / "parts").iterdir()))["path"][2])
    changed.write_bytes(drawn.encoded(drawn.draw("rings", 99)))
    export_table(own, tmp_path / "out.parquet", pictures=True)
    assert pd.read_parquet(tmp_path / "out.parquet")["image"][2]["bytes"] is None


def test_removed_rows_are_left_out(empty, tmp_path):
    draft = stores.make_draft(empty, tmp_path / "work", count=10, deleted=(2, 9))
    empty.publish(draft, parent=None)
    assert export_table(empty, tmp_path / "out.parquet") == 8
    keys = pd.read_parquet(tmp_path / "out.parquet")["key"].tolist()
    assert keys == [0, 1, 3, 4, 5, 6, 7, 8]


def test_nothing_published_has_nothing_to_export(empty, tmp_path):
    with pytest.raises(StoreError, match="nothing to export") as refused:
        export_table(empty, tmp_path / "out.parquet")
    assert refused.value.hint
    assert not (tmp_path / "out.parquet").exists()


def test_a_place_that_cannot_be_written_is_told(collection, tmp_path):
    with pytest.raises(StoreError, match="can't be written"):
        export_table(collection, tmp_path / "gone" / "out.parquet")


def test_a_damaged_table_leaves_no_half_file(collection, tmp_path):
    (part,) = (collection.folder / "parts").iterdir()
    data = bytearray(part.read_bytes())
    data[len(data) // 3] ^= 0xFF
    part.write_bytes(data)
    with pytest.raises(StoreError):
        export_table(collection, tmp_path / "out.parquet")
    assert not list(tmp_path.glob("*out.parquet*"))
