"""Whatever happens to a file of the store: the right answer, or an error that names the file."""

from collections import Counter
from dataclasses import replace

import corruption
import pytest

CASES = 600


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("corruption")


@pytest.fixture(scope="module")
def made(folder):
    return corruption.make(folder)


@pytest.mark.slow
def test_damage_ends_in_the_right_answer_or_in_an_error_that_names_the_file(made, folder):
    found = list(corruption.run(made, folder, CASES, seed=1))
    assert [one["number"] for one in found] == list(range(CASES))
    assert [one for one in found if one["outcome"].startswith("wrong")] == []
    outcomes = Counter(one["outcome"] for one in found)
    assert CASES - outcomes["as before"] >= 500
    assert min(outcomes[kind] for kind in ("answer", "fallback", "error")) > 50
    assert {one["file"] for one in found} == set(made.files)


def test_every_kind_of_file_is_damaged(made):
    kinds = {corruption.kind_of(file) for file in made.files}
    assert kinds >= {
        *("CURRENT", "collection.json", "manifest.json", "graph.hnsw", "map.parquet", "parts"),
        *("encoder.onnx", "autoencoder.onnx", "autoencoder.keras", "training.json", "uploads"),
        *("skipped.parquet", "thumbnails.sqlite", "job.json", "process.json", "progress.jsonl"),
        *("familiar.npz", "tags.json", "concepts.json", "dismissed.json", "entry.json", "trash"),
        *("decoded.jsonl", "pixels.u8"),
    }


def test_a_wrong_answer_is_told(made, tmp_path):
    hits = made.answers[made.serving]["hits"]
    other = {**made.answers[made.serving], "hits": hits[::-1]}
    fooled = replace(made, answers={**made.answers, made.serving: other})
    with corruption.indexed():
        number = made.files.index("skipped.parquet")
        assert corruption.ask(fooled, tmp_path, 1, number)["outcome"] == "wrong: hits (notices: ())"


def test_a_process_that_dies_is_told_with_its_case(made, folder):
    """Nothing is there to be damaged, so the child fails in every case; others go on behind it."""
    import pickle

    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    broken = replace(made, files=("nowhere", *made.files[:1]))
    (elsewhere / "template.pickle").write_bytes(pickle.dumps(broken))
    found = corruption._run_some(elsewhere, 1, 0, 2)
    assert [one["number"] for one in found] == [0, 1]
    assert found[0]["outcome"].startswith("wrong: the process died (exit code 1")
    assert found[0]["file"] == "nowhere"
    assert not found[1]["outcome"].startswith("wrong")
