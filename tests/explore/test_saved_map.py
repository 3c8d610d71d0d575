"""The map as one HTML file: complete, bounded, and nothing in it runs that was not meant to."""

import json
import re
from base64 import b64decode

import drawn
import numpy as np
import pytest
import stores

from ris.errors import RisError
from ris.explore import saved_map as module
from ris.explore.colourings import Colouring
from ris.explore.explorer import Explorer
from ris.explore.saved_map import SavedQuery, saved_map
from ris.images.decode import decode


def content_of(page: bytes):
    (text,) = re.findall(r'<script type="application/json" id="data">(.*)</script>', page.decode())
    return json.loads(text)


def query_of(explorer, key, k=5):
    result = explorer.similar(key, k=k)
    return SavedQuery("what I asked", result.place, result.hits, explorer.thumbnail(key))


def test_every_point_is_there_where_it_lies_and_in_its_colour(explorer):
    content, points = content_of(saved_map(explorer)), explorer.points()
    places = np.frombuffer(b64decode(content["places"]), "<u2").reshape(-1, 2) / 65535
    bounds = content["bounds"]
    x = bounds["x0"] + places[:, 0] * (bounds["x1"] - bounds["x0"])
    y = bounds["y0"] + places[:, 1] * (bounds["y1"] - bounds["y0"])
    np.testing.assert_allclose(np.stack([x, y]), np.stack([points.x, points.y]), atol=1e-3)
    codes = np.frombuffer(b64decode(content["codes"]), np.uint8)
    named = {entry["code"]: entry["name"] for entry in content["legend"]["entries"]}
    assert [named[code] for code in codes] == [points.names[label] for label in points.label]
    assert content["names"] == [explorer.item(int(k)).path.split("/")[-1] for k in points.keys]


def test_the_query_and_its_hits_are_there_with_pictures(explorer):
    query = query_of(explorer, 3)
    content = content_of(saved_map(explorer, query=query))
    assert content["query"]["name"] == "what I asked"
    assert (content["query"]["x"], content["query"]["y"]) == (query.place.x, query.place.y)
    ranked = [one for one in content["pictures"] if one["rank"]]
    assert [one["rank"] for one in ranked] == [1, 2, 3, 4, 5]
    assert f"distance {query.hits[0].distance:.3f}" in ranked[0]["words"]
    picture = b64decode(ranked[0]["image"].partition("base64,")[2])
    assert decode(picture).width <= module.SIDE


def test_pictures_are_bounded_and_hits_and_medoids_come_first(tmp_path, pictures, monkeypatch):
    cluster = np.arange(48) // 12
    folders = tmp_path / "home", "own", pictures, tmp_path / "work"
    explorer = Explorer(stores.publish_folder(*folders, cluster=cluster))
    monkeypatch.setattr(module, "PICTURES", 12)
    content = content_of(saved_map(explorer, query=query_of(explorer, 3)))
    assert len(content["pictures"]) == 12
    rows = [one["row"] for one in content["pictures"]]
    assert len(set(rows)) == 12
    medoids = {one.medoid for one in explorer.clusters()}
    assert medoids <= set(explorer.points().keys[rows].tolist())
    assert content["bound"] == "12 of 48 points come with their picture."


def test_past_a_limit_points_have_no_names(explorer, monkeypatch):
    monkeypatch.setattr(module, "NAMED", 10)
    assert "names" not in content_of(saved_map(explorer))


def test_numbers_become_a_ramp_with_their_ends(explorer):
    count = len(explorer.points().keys)
    values = np.arange(count, dtype=np.float32)
    values[5] = np.nan
    none = np.full(count, -1, np.int32)
    days = Colouring("date", "numbers", (), none, values, "days")
    content = content_of(saved_map(explorer, colouring=days))
    codes = np.frombuffer(b64decode(content["codes"]), np.uint8)
    assert codes[5] == len(content["palette"]["light"]) - 1
    rest = np.delete(codes, 5)
    assert (np.diff(rest.astype(int)) >= 0).all()
    assert (rest[0], rest[-1]) == (0, len(content["palette"]["light"]) - 2)
    assert content["legend"]["ends"] == ["1970-01-01", "1970-02-16"]


@pytest.mark.parametrize("values", [[np.nan] * 48, [2.0] * 48])
def test_numbers_that_tell_nothing_are_no_error(explorer, values):
    none = np.full(48, -1, np.int32)
    flat = Colouring("price", "numbers", (), none, np.array(values, np.float32))
    assert content_of(saved_map(explorer, colouring=flat))["codes"]


def test_categories_beyond_the_colours_are_one(explorer):
    codes = np.arange(48, dtype=np.int32) % 30
    codes[:3] = -1
    nothing = np.full(48, np.nan, np.float32)
    names = tuple(f"folder {n}" for n in range(30))
    many = Colouring("folder", "categories", names, codes, nothing)
    entries = content_of(saved_map(explorer, colouring=many))["legend"]["entries"]
    assert len(entries) == module.CATEGORIES + 2
    assert [entry["name"] for entry in entries[-2:]] == ["18 others", "No folder"]
    assert sum(entry["count"] for entry in entries) == 48


def test_names_can_not_end_the_script_that_holds_them(tmp_path):
    source = tmp_path / "source" / "</script><script>alert(1)<"
    source.mkdir(parents=True)
    (source / "<!--.png").write_bytes(drawn.encoded(drawn.draw("bars", 1)))
    (source / "b.png").write_bytes(drawn.encoded(drawn.draw("bars", 2)))
    folders = tmp_path / "home", "own", tmp_path / "source", tmp_path / "work"
    page = saved_map(Explorer(stores.publish_folder(*folders)))
    text = page.decode()
    assert text.count("</script>") == 2
    assert "alert(1)" in json.dumps(content_of(page))  # it is there, as words


def test_it_names_no_host_and_allows_none(explorer):
    text = saved_map(explorer, query=query_of(explorer, 3)).decode()
    assert "default-src 'none'" in text
    assert re.findall(r"https?://|//[a-z]+\.", text) == []


def test_without_a_map_there_is_nothing_to_save(collection):
    (collection.folder / "generations/00000001/map.parquet").unlink()
    with pytest.raises(RisError, match="no map"):
        saved_map(Explorer(collection))
