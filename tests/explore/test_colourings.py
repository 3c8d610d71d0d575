"""What the map is coloured by: a code or a number for each of its points."""

import numpy as np
import pytest
import stores

from ris.errors import RisError
from ris.explore.colourings import Colourings
from ris.explore.explorer import Explorer
from ris.store.generation import Positions
from ris.store.items import Items
from ris.store.table import Row, TableWriter, read_table
from ris.store.values import Codes

COLUMNS = {"maker": "text", "price": "float", "sold": "bool", "seen": "time", "date": "text"}


def rows():
    """Five items with keys 1, 3 … 9; every column lacks a value somewhere."""
    makers = ["ada", None, "bo", "ada", ""]
    return [
        Row(
            2 * n + 1,
            f"{n:064x}",
            f"/shop/{'a' if n < 2 else 'b'}/{n}.png",
            (["cat"] if n % 2 else []),
            1000,
            500 * (n + 1),
            n * 100,
            None if n == 4 else 86_400.0 * n,
            {
                "maker": makers[n],
                "price": None if n == 3 else n / 2,
                "sold": None if n == 0 else n % 2 == 0,
                "seen": None,
                "date": f"day {n}",
            },
        )
        for n in range(5)
    ]


@pytest.fixture
def items(tmp_path):
    with TableWriter(tmp_path / "rows.parquet", 0, COLUMNS) as writer:
        writer.write(rows()[:2])
        writer.write(rows()[2:])
    return Items(read_table(tmp_path / "rows.parquet", [*Items.COLUMNS, *COLUMNS]))


def positions(keys, cluster=-1, outlier=np.nan, error=np.nan):
    count = len(keys)
    return Positions(
        np.array(keys, np.int64),
        np.zeros((count, 2), np.float32),
        np.ones(count, np.bool_),
        np.full(count, cluster, np.int32),
        np.full(count, outlier, np.float32),
        np.full(count, error, np.float32),
    )


def colourings(items, places, tags=None, clusters=()):
    none = Codes(np.full(len(items), -1, np.int32), ())
    return Colourings(items, places, items.label_codes, lambda: clusters, lambda: tags or none)


@pytest.fixture
def found(items):
    """Points of the items 9 and 3 and 5 only: fewer than there are items."""
    return colourings(items, positions([3, 5, 9]))


def categories(colouring):
    assert colouring.kind == "categories"
    assert colouring.codes.dtype == np.int32
    assert np.isnan(colouring.values).all()
    return [None if code < 0 else colouring.names[code] for code in colouring.codes]


def numbers(colouring):
    assert colouring.kind == "numbers"
    assert colouring.values.dtype == np.float32
    assert colouring.names == ()
    assert (colouring.codes == -1).all()
    return [None if np.isnan(value) else float(value) for value in colouring.values]


def test_only_what_some_item_has_can_be_chosen(found):
    assert found.names() == (
        *("label", "maker", "price", "sold", "date (column)"),
        *("folder", "date", "picture size", "file size"),
    )


def test_each_choice_can_be_shown_in_the_order_of_the_points(found):
    assert categories(found.of("label")) == ["cat", None, None]
    assert categories(found.of("maker")) == [None, "bo", ""]
    assert numbers(found.of("price")) == [0.5, 1, 2]
    assert categories(found.of("sold")) == ["no", "yes", "yes"]
    assert categories(found.of("date (column)")) == ["day 1", "day 2", "day 4"]
    assert categories(found.of("folder")) == ["/shop/a", "/shop/b", "/shop/b"]
    assert numbers(found.of("date")) == [1, 2, None]
    assert numbers(found.of("picture size")) == [1, 1.5, 2.5]
    assert numbers(found.of("file size")) == [100, 200, 400]
    assert [found.of(name).unit for name in ("date", "file size", "price")] == ["days", "bytes", ""]


def test_clusters_outliers_and_tags_are_there_once_they_are_known(items):
    tags = Codes(np.array([-1, 0, -1, -1, 1], np.int32), ("fine", "odd"))
    found = colourings(items, positions([3, 9], 1, 0.25, 0.125), tags, ("left", "right"))
    told = ("label", "cluster", "outlier score", "reconstruction error", "tag")
    assert found.names()[:5] == told
    assert numbers(found.of("reconstruction error")) == [0.125, 0.125]
    assert categories(found.of("cluster")) == ["right", "right"]
    assert numbers(found.of("outlier score")) == [0.25, 0.25]
    assert categories(found.of("tag")) == ["fine", "odd"]


def test_what_is_not_there_is_refused_with_what_is(found):
    with pytest.raises(RisError, match="colour") as refused:
        found.of("cluster")
    assert "picture size" in refused.value.hint


def test_without_a_map_there_is_nothing_to_colour(items):
    found = colourings(items, positions([]))
    assert found.names() == ()
    with pytest.raises(RisError):
        found.of("label")


def test_numbers_that_no_float32_holds_are_none(tmp_path):
    with TableWriter(tmp_path / "rows.parquet", 0, {"far": "float"}) as writer:
        values = [1e300, float("inf"), float("nan"), 2.0]
        writer.write(
            [Row(n, "", f"{n}.png", (), 1, 1, 1, None, {"far": v}) for n, v in enumerate(values)]
        )
    items = Items(read_table(tmp_path / "rows.parquet", [*Items.COLUMNS, "far"]))
    found = colourings(items, positions(range(4)))
    assert numbers(found.of("far")) == [None, None, None, 2]
    assert "folder" not in found.names()  # all lie in the same one


def test_a_collection_tells_its_colourings_for_its_points(explorer):
    assert explorer.colourings() == ("label", "folder", "date", "picture size", "file size")
    label, points = explorer.colouring("label"), explorer.points()
    np.testing.assert_array_equal(label.codes, points.label)
    assert label.names == points.names
    assert explorer.colouring("label") is label
    with pytest.raises(RisError):
        explorer.colouring("nothing")


def test_removed_items_have_no_colour(collection, tmp_path):
    draft = stores.make_draft(collection, tmp_path / "work", count=20, deleted=(3, 7))
    collection.publish(draft, parent="00000001")
    explorer = Explorer(collection)
    assert explorer.colouring("file size").values.tolist() == [
        n for n in range(20) if n not in (3, 7)
    ]
