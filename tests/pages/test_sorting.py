"""Hits in other orders."""

from pages.parts import sorting
from ris.explore.results import Hit
from ris.store.items import Item

PRICES = [3.0, None, 1.0, 3.0]
LABELS = [("b",), (), ("a",), ("b", "a")]
HITS = [
    Hit(rank, Item(rank, "", f"/x/{name}", labels, 10 * rank, 5, 0, {"price": price}), 0.1 * rank)
    for rank, (price, labels, name) in enumerate(
        zip(PRICES, LABELS, ["d.png", "B.png", "a.png", "c.png"], strict=True), start=1
    )
]


def ranks(sort):
    return [hit.rank for hit in sorting.in_order(HITS, sort)]


def test_those_without_a_value_come_last_and_equal_ones_by_distance():
    assert ranks("column.price") == [3, 1, 4, 2]
    assert ranks("-column.price") == [1, 4, 3, 2]
    assert ranks("label") == [3, 1, 4, 2]


def test_names_and_sizes():
    assert ranks("name") == [3, 2, 4, 1]
    assert ranks("largest") == [4, 3, 2, 1]
    assert ranks("smallest") == ranks("") == ranks("nonsense") == [1, 2, 3, 4]
    assert ranks("column.unknown") == [1, 2, 3, 4]


def test_all_orders_can_be_chosen():
    assert list(sorting.choices(["price"]))[:2] == ["", "label"]
    assert sorting.choices(["price"])["-column.price"] == "price, falling"
