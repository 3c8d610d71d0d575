"""Data sets of Keras as sources; nothing is downloaded here."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from ris.errors import SourceError
from ris.images.decode import decode
from ris.images.entries import Entry
from ris.images.sources import folder_label
from ris.model.datasets import LABELS, KerasDataset


def arrays(shape, classes):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (len(classes), *shape)).astype(np.uint8)
    return pixels, np.array(classes)


def test_pictures_carry_their_labels_as_folders():
    train = arrays((32, 32, 3), [[0], [9]])
    test = arrays((32, 32, 3), [[3]])
    source = KerasDataset("cifar10", lambda: (train, test))
    found = [one for one in source.entries() if isinstance(one, Entry)]
    assert [one.inside for one in found] == [
        "airplane/00000.png",
        "truck/00001.png",
        "cat/00002.png",
    ]
    assert found[0].path == "keras:cifar10/airplane/00000.png"
    assert folder_label(found[2].inside) == "cat"
    np.testing.assert_array_equal(np.asarray(decode(found[1].read()).image), train[0][1])
    assert source.count() is None


def test_grey_ones_become_pictures_too():
    data = arrays((28, 28), [0, 9])
    found = list(KerasDataset("fashion_mnist", lambda: (data, data)).entries())
    assert len(found) == 4
    assert isinstance(found[1], Entry)
    assert found[1].inside.startswith("ankle boot/")
    assert decode(found[1].read()).width == 28


def test_there_are_ten_labels_each():
    assert {name: len(labels) for name, labels in LABELS.items()} == {
        "cifar10": 10,
        "fashion_mnist": 10,
    }


def test_an_unknown_one_is_told_with_those_known():
    with pytest.raises(SourceError, match="no data set keras:imagenet") as refused:
        KerasDataset("imagenet")
    assert "keras:cifar10" in refused.value.hint


def test_a_download_that_fails_is_a_sentence(monkeypatch):
    def load_data():
        raise Exception(
            "URL fetch failure on https://example: None -- unreachable"
        )  # as Keras does

    fake = SimpleNamespace(datasets=SimpleNamespace(cifar10=SimpleNamespace(load_data=load_data)))
    monkeypatch.setitem(sys.modules, "keras", fake)
    with pytest.raises(SourceError, match="could not be downloaded: URL fetch failure") as refused:
        list(KerasDataset("cifar10").entries())
    assert "network" in refused.value.hint
