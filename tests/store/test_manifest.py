"""A manifest comes back as it was written, and any change in it is noticed."""

import json
from dataclasses import replace

import pytest

from ris.errors import StoreError
from ris.store.files import FileFacts
from ris.store.manifest import (
    FORMAT_VERSION,
    Graph,
    Manifest,
    Map,
    Part,
    read_manifest,
    write_manifest,
)

PART = Part("parts/a.parquet", 10, "aa", 5)
FULL = Manifest(
    generation="00000003",
    parent="00000002",
    created="2026-11-23T00:00:00+00:00",
    encoder="0123",
    dimension=16,
    items=4,
    next_key=9,
    parts=(PART, replace(PART, file="parts/b.parquet", rows=4)),
    graph=Graph("generations/00000003/graph.hnsw", 20, "bb", 5, 5, 16, 200, 32, 0.99),
    maps=(Map("generations/00000003/map.parquet", 30, "cc", 8, 1),),
    encoder_files=(FileFacts("encoders/0123/encoder.onnx", 40, "dd"),),
    columns={"price": "int", "größe": "text"},
    deleted=(1, 3),
    training={"minutes": 1.5, "loss": None},
)
BARE = replace(FULL, parent=None, graph=None, maps=(), encoder_files=(), columns={}, deleted=())


@pytest.fixture
def path(tmp_path):
    (tmp_path / "00000003").mkdir()
    return tmp_path / "00000003" / "manifest.json"


@pytest.mark.parametrize("manifest", [FULL, BARE], ids=["full", "bare"])
def test_a_manifest_comes_back(path, manifest):
    written = write_manifest(path, manifest)
    assert len(written.sha256) == 64
    assert replace(written, sha256="") == manifest
    assert read_manifest(path) == written


def test_rows_bytes_and_files_are_counted():
    assert FULL.rows == 9
    assert FULL.bytes == 10 + 10 + 20 + 30 + 40
    assert {facts.file for facts in FULL.files} == {
        "parts/a.parquet",
        "parts/b.parquet",
        "generations/00000003/graph.hnsw",
        "generations/00000003/map.parquet",
        "encoders/0123/encoder.onnx",
    }
    assert len(BARE.files) == 2


@pytest.mark.parametrize("name", ["items", "next_key", "dimension", "deleted", "parts", "sha256"])
def test_a_changed_value_is_noticed(path, name):
    write_manifest(path, FULL)
    content = json.loads(path.read_text())
    content[name] = content[name] + content[name]
    path.write_text(json.dumps(content))
    with pytest.raises(StoreError, match=r"00000003/manifest\.json is damaged"):
        read_manifest(path)


def test_a_newer_format_is_told_with_both_versions(path):
    write_manifest(path, replace(FULL, format=FORMAT_VERSION + 1))
    with pytest.raises(
        StoreError, match="has format version 3, this ris reads versions up to 2"
    ) as no:
        read_manifest(path)
    assert "Update" in no.value.hint


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "nonsense", '{"format": "1"}', '{"format": null}']
)
def test_what_is_no_manifest_is_refused(path, text):
    path.write_text(text)
    with pytest.raises(StoreError):
        read_manifest(path)


def test_a_manifest_without_its_parts_is_refused(path, monkeypatch):
    """A right hash is no promise of right content: another program may have written it."""
    write_manifest(path, FULL)
    content = json.loads(path.read_text())
    del content["parts"]
    monkeypatch.setattr("ris.store.manifest.own_hash", lambda _: content["sha256"])
    path.write_text(json.dumps(content))
    with pytest.raises(StoreError, match="is not a manifest"):
        read_manifest(path)
