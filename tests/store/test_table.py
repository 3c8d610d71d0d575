"""The table: what goes in comes out, damage is noticed, other tools can read it."""

import json
import string
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import stores
from hypothesis import given, settings
from hypothesis import strategies as st

from ris.errors import StoreError
from ris.images.entries import Skipped
from ris.store.table import (
    ExportWriter,
    Row,
    SkippedWriter,
    TableWriter,
    add_embeddings,
    concatenate,
    metadata_columns,
    read_batches,
    read_embeddings,
    read_table,
    schema,
    without_embeddings,
    write_map,
)

KINDS = {
    "int": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False),
    "bool": st.booleans(),
    "text": st.text(st.characters(codec="utf-8"), max_size=10),
    "time": st.datetimes(
        min_value=datetime(1700, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)
    ),
}
COLUMNS = {f"my_{kind}": kind for kind in KINDS}
text = st.text(st.characters(codec="utf-8"), max_size=20)
rows = st.lists(
    st.builds(
        Row,
        key=st.integers(0, 2**62),
        id=st.text(string.hexdigits, min_size=64, max_size=64),
        path=text,
        labels=st.lists(text, max_size=3).map(tuple),
        width=st.integers(1, 30_000),
        height=st.integers(1, 30_000),
        bytes=st.integers(0, 2**40),
        modified=st.none() | st.integers(0, 4 * 10**9).map(float),
        metadata=st.fixed_dictionaries(
            {name: st.none() | KINDS[kind] for name, kind in COLUMNS.items()}
        ),
    ),
    max_size=5,
)


def write(path, dimension=16, count=50, columns=None):
    with TableWriter(path, dimension, columns or {}) as writer:
        writer.write(stores.make_rows(range(count)), stores.unit_vectors(count, dimension))
    return path


@settings(max_examples=40, deadline=None)
@given(given_rows=rows)
def test_rows_and_embeddings_come_back(tmp_path_factory, given_rows):
    path = tmp_path_factory.mktemp("table") / "part.parquet"
    vectors = stores.unit_vectors(max(len(given_rows), 1), 8)[: len(given_rows)]
    with TableWriter(path, 8, COLUMNS) as writer:
        writer.write(given_rows, vectors)
    found = read_table(path).to_pylist()
    assert len(found) == len(given_rows)
    for row, back in zip(given_rows, found, strict=True):
        when = None if row.modified is None else datetime.fromtimestamp(row.modified, UTC)
        assert back["modified"] == when
        assert (back["labels"], back["box"]) == (list(row.labels), None)
        assert back["image"] == {"bytes": None, "path": row.path}
        for name in ("key", "id", "path", "width", "height", "bytes"):
            assert back[name] == getattr(row, name)
        for name in COLUMNS:
            assert back[name] == row.metadata[name]
    np.testing.assert_array_equal(read_embeddings([path], len(given_rows), 8), vectors)


def test_rows_without_embeddings_get_them_later(tmp_path):
    with TableWriter(tmp_path / "rows.parquet", 0, {"price": "int"}) as writer:
        writer.write([Row(0, "aa", "a.png", ("x",), 1, 1, 1, None, {"price": 5})])
    (batch,) = read_batches(tmp_path / "rows.parquet")
    assert "embedding" not in batch.schema.names
    table = add_embeddings(batch, stores.unit_vectors(1, 4))
    assert table.schema.equals(schema(4, {"price": "int"}))
    assert table.column("price").to_pylist() == [5]
    (back,) = table.to_batches()
    assert without_embeddings(back).schema.equals(batch.schema)


def test_the_persons_own_columns_are_told_from_ours():
    assert metadata_columns(schema(4, COLUMNS)) == COLUMNS
    assert metadata_columns(schema(0, {})) == {}


def test_embeddings_of_several_parts_are_one_array(tmp_path):
    parts = [write(tmp_path / f"{n}.parquet", 4, n) for n in (3, 5)]
    found = read_embeddings(parts, 8, 4)
    np.testing.assert_array_equal(found[:3], stores.unit_vectors(3, 4))
    np.testing.assert_array_equal(found[3:], stores.unit_vectors(5, 4))
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    ("count", "dimension", "message"),
    [
        (4, 16, "more rows than the 4"),
        (6, 16, "holds 5 embeddings, expected 6"),
        (5, 8, "expected 8 floats"),
    ],
)
def test_other_counts_or_lengths_than_expected_are_refused(tmp_path, count, dimension, message):
    path = write(tmp_path / "a.parquet", count=5)
    with pytest.raises(StoreError, match=message):
        read_embeddings([path], count, dimension)


def test_a_flipped_bit_anywhere_in_the_data_is_noticed(tmp_path):
    path = write(tmp_path / "a.parquet", count=300)
    good, truth = path.read_bytes(), read_table(path)
    footer = int.from_bytes(good[-8:-4], "little") + 8
    places = np.random.default_rng(0).integers(4, len(good) - footer, 120)
    reasons = []
    for place in places:
        data = bytearray(good)
        data[place] ^= 1 << int(place) % 8
        path.write_bytes(data)
        try:
            assert read_table(path).equals(truth)  # e.g. in a statistic that nobody reads
        except StoreError as error:
            reasons.append(error.message)
    assert len(reasons) > 0.9 * len(places)
    assert all("a.parquet is damaged" in reason for reason in reasons)


@pytest.mark.parametrize("keep", [0, 3, 100, -1, -9])
def test_a_truncated_file_is_damaged(tmp_path, keep):
    path = write(tmp_path / "a.parquet")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(StoreError, match="is damaged"):
        read_table(path)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(StoreError, match=r"a\.parquet is missing"):
        read_table(tmp_path / "a.parquet")
    with pytest.raises(StoreError, match=r"a\.parquet is missing"):
        list(read_batches(tmp_path / "a.parquet"))


def test_pages_carry_checksums_and_embeddings_their_encoding(tmp_path):
    path = write(tmp_path / "a.parquet", columns={"how": "text"})
    group = pq.ParquetFile(path).metadata.row_group(0)
    columns = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    embedding = columns["embedding.list.element"]
    assert embedding.compression == "ZSTD"
    assert "BYTE_STREAM_SPLIT" in embedding.encodings
    assert not embedding.has_dictionary_page


def test_hugging_face_is_told_what_the_columns_are(tmp_path):
    path = write(tmp_path / "a.parquet", columns={"price": "int", "when": "time"})
    features = json.loads(pq.read_schema(path).metadata[b"huggingface"])["info"]["features"]
    assert features["image"] == {"_type": "Image"}
    assert features["embedding"] == {
        "feature": {"dtype": "float32", "_type": "Value"},
        "length": 16,
        "_type": "List",
    }
    assert features["labels"]["feature"]["dtype"] == "string"
    assert features["price"] == {"dtype": "int64", "_type": "Value"}
    assert features["when"]["dtype"] == "timestamp[us, tz=UTC]"
    assert list(features) == pq.read_schema(path).names


def test_pandas_reads_it(tmp_path):
    frame = pd.read_parquet(write(tmp_path / "a.parquet", count=7))
    assert frame["key"].tolist() == list(range(7))
    assert frame["labels"][1].tolist() == ["label 1"]
    np.testing.assert_array_equal(np.stack(frame["embedding"]), stores.unit_vectors(7))


def test_the_map_comes_back(tmp_path):
    keys, fitted = np.array([2, 5, 9]), np.array([True, False, True])
    xy = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
    write_map(tmp_path / "map.parquet", keys, xy, fitted)
    found = read_table(tmp_path / "map.parquet").to_pydict()
    assert found == {
        "key": [2, 5, 9],
        "x": [1, 3, 5],
        "y": [2, 4, 6],
        "how": ["fitted", "placed", "fitted"],
    }


def test_clusters_and_outlier_scores_are_further_columns_of_the_map(tmp_path):
    cluster, outlier = np.array([0, -1], np.int32), np.array([0.25, np.nan], np.float32)
    xy, fitted = np.zeros((2, 2), np.float32), np.ones(2, np.bool_)
    write_map(tmp_path / "map.parquet", np.arange(2), xy, fitted, cluster, outlier)
    found = read_table(tmp_path / "map.parquet")
    assert found.column_names == ["key", "x", "y", "how", "cluster", "outlier"]
    assert found.column("cluster").to_pylist() == [0, -1]
    np.testing.assert_array_equal(found.column("outlier").to_numpy(), outlier)


def test_reconstruction_errors_are_a_further_column_of_the_map(tmp_path):
    error, xy = np.array([0.25, np.nan], np.float32), np.zeros((2, 2), np.float32)
    write_map(tmp_path / "map.parquet", np.arange(2), xy, np.ones(2, np.bool_), error=error)
    found = read_table(tmp_path / "map.parquet")
    assert found.column_names == ["key", "x", "y", "how", "error"]
    np.testing.assert_array_equal(found.column("error").to_numpy(), error)


def test_skipped_files_come_back_with_their_count(tmp_path):
    writer = SkippedWriter(tmp_path / "skipped.parquet")
    writer.write([])
    writer.write([Skipped("a\nb", "a link"), Skipped("ü", "empty")])
    writer.write([Skipped("c", "empty")])
    writer.close()
    assert (writer.count, writer.first) == (3, Skipped("a\nb", "a link"))
    found = read_table(tmp_path / "skipped.parquet").to_pydict()
    assert found == {"path": ["a\nb", "ü", "c"], "reason": ["a link", "empty", "empty"]}


def test_an_export_carries_the_pictures_bytes(tmp_path):
    batch = read_table(write(tmp_path / "a.parquet", count=2))
    with ExportWriter(tmp_path / "out.parquet", 16, {}) as writer:
        writer.write_items(batch, [b"picture", None])
        writer.write_items(batch, None)
    found = read_table(tmp_path / "out.parquet").column("image").to_pylist()
    assert found == [
        {"bytes": b"picture", "path": "0.png"},
        {"bytes": None, "path": "1.png"},
        {"bytes": None, "path": "/pictures/0.png"},
        {"bytes": None, "path": "/pictures/1.png"},
    ]


def test_no_tables_make_an_empty_one():
    assert concatenate([]).num_rows == 0
    one = pa.table({"key": [1]})
    assert concatenate([one, one]).num_rows == 2
