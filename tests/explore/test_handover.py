"""A finding as one page: everything is in it, and nothing of it can break out."""

import re
from html.parser import HTMLParser

import drawn
import numpy as np
import pyarrow.parquet as pq
import pytest
import stores

from ris.errors import StoreError
from ris.explore.explorer import Explorer
from ris.explore.handover import finding_page
from ris.explore.saved_map import SavedQuery
from ris.explore.takeout import parquet_pieces
from ris.store.tags import Tags


class Page(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_a_page_has_query_hits_verdicts_tags_and_map(explorer):
    Tags(explorer.collection).add("fine", np.array([1, 2]))
    result = explorer.similar(0, k=5)
    query = SavedQuery("bars/00.png", result.place, result.hits, explorer.thumbnail(0))
    keys = np.array([hit.item.key for hit in result.hits])
    data = finding_page(
        explorer, keys, title="Pictures like it", query=query, verdict=lambda _: "quite alike"
    )
    text = data.decode()
    page = Page(text)
    assert len(page.all("li")) == 5
    assert len(page.all("img")) == 6
    assert text.count("quite alike, distance") == 5
    assert ("# fine" in text) == bool({1, 2} & set(keys.tolist()))
    (frame,) = page.all("iframe")
    assert "Map of drawn" in frame["srcdoc"]
    assert "<h1>Pictures like it</h1>" in text
    assert "__" not in re.sub(r"srcdoc=\"[^\"]*\"", "", text)


def test_nothing_is_fetched_from_anywhere(explorer):
    page = Page(finding_page(explorer, explorer.keys, title="All").decode())
    addresses = [a[name] for _, a in page.found for name in ("src", "href") if a.get(name)]
    assert addresses
    assert all(address.startswith("data:") for address in addresses)
    (policy,) = [a for a in page.all("meta") if a.get("http-equiv")]
    assert policy["content"].startswith("default-src 'none'")
    assert not page.all("script")


def test_hostile_names_stay_text(tmp_path):
    source = drawn.fill_folder(tmp_path / "source", 1)
    drawn.write(source, "bars", 3, "<img src=x onerror=alert(1)>/__CARDS__ & \"'.png")
    tmp_home = tmp_path / "home"
    shown = Explorer(stores.publish_folder(tmp_home, "own", source, tmp_path / "work"))
    page = Page(finding_page(shown, shown.keys, title="<script>alert(2)</script>").decode())
    assert not page.all("script")
    assert all(a.get("src", "").startswith("data:") for a in page.all("img"))
    assert not any("onerror" in a for _, a in page.found)
    assert len(page.all("li")) == 5


def test_more_than_fit_are_told(explorer, monkeypatch):
    monkeypatch.setattr("ris.explore.handover.PICTURES", 3)
    text = finding_page(explorer, explorer.keys, title="All", with_map=False).decode()
    assert f"{explorer.count - 3} more are left out" in text
    assert "<iframe" not in text
    with pytest.raises(StoreError):
        finding_page(explorer, np.array([99_999]), title="None")


def test_rows_come_as_parquet_with_their_embeddings(explorer, tmp_path):
    keys = np.array([7, 2, 5])
    (tmp_path / "some.parquet").write_bytes(b"".join(parquet_pieces(explorer, keys)))
    table = pq.read_table(tmp_path / "some.parquet")
    assert table.column("key").to_pylist() == [2, 5, 7]
    expected = explorer._index.vectors([2, 5, 7])
    assert np.stack(table.column("embedding").to_pylist()) == pytest.approx(expected)
