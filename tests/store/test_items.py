"""Items by key: never by position, in the order asked for."""

import numpy as np
import pyarrow as pa
import pytest

from ris.errors import StoreError
from ris.store.items import Item, Items
from ris.store.table import Row, TableWriter, read_table

LABELS = [("cat", "pet"), (), ("ant",), ("cat",), ()]


@pytest.fixture
def items(tmp_path):
    """Five items with keys 10, 20 … 50, their own column `price`."""
    rows = [
        Row(10 * n, f"id{n}", f"{n}.png", labels, n, n + 1, n + 2, None, {"price": n * 100})
        for n, labels in enumerate(LABELS, start=1)
    ]
    with TableWriter(tmp_path / "rows.parquet", 0, {"price": "int"}) as writer:
        writer.write(rows)
    return Items(read_table(tmp_path / "rows.parquet", [*Items.COLUMNS, "price"]))


def test_items_come_in_the_order_asked_for(items):
    found = items.get([30, 10])
    assert found[1] == Item(10, "id1", "1.png", ("cat", "pet"), 1, 2, 3, {"price": 100})
    assert [item.key for item in found] == [30, 10]
    assert items.get([]) == []
    assert len(items) == 5


def test_keys_of_numpy_are_keys(items):
    assert items.get(np.array([20, 20]))[1].id == "id2"


@pytest.mark.parametrize("keys", [[11], [0], [60], [-1], [10, 55]])
def test_an_unknown_key_is_refused(items, keys):
    with pytest.raises(StoreError, match="no item"):
        items.get(keys)


def test_labels_are_coded_by_alphabet_and_the_first_counts(items):
    codes = items.label_codes()
    assert codes.names == ("ant", "cat", "pet")
    assert codes.codes.tolist() == [1, -1, 0, 1, -1]
    assert codes.codes.dtype == np.int32


def test_items_without_labels_have_no_codes():
    table = pa.table({"key": pa.array([1, 2]), "labels": pa.array([[], []], pa.list_(pa.string()))})
    codes = Items(table).label_codes()
    assert (codes.codes.tolist(), codes.names) == ([-1, -1], ())


def test_no_items_have_no_codes():
    table = pa.table(
        {"key": pa.array([], pa.int64()), "labels": pa.array([], pa.list_(pa.string()))}
    )
    assert Items(table).label_codes().names == ()
    with pytest.raises(StoreError):
        Items(table).get([0])


def test_codes_of_a_table_that_was_cut_and_joined():
    """As parts and removed items make it; the offsets of such arrays do not begin at 0."""
    one = pa.table(
        {
            "key": pa.array([1, 2, 3]),
            "labels": pa.array([["c"], ["a"], ["b", "c"]], pa.list_(pa.string())),
        }
    )
    table = pa.concat_tables([one.slice(1), one.slice(2)])
    codes = Items(table).label_codes()
    assert [codes.names[code] for code in codes.codes] == ["a", "b", "b"]


def test_a_column_is_told(items):
    assert items.column("price").to_pylist() == [100, 200, 300, 400, 500]
