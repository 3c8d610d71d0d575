"""The walk between two pictures begins and ends at them."""

import numpy as np
import onnx
import pytest

from ris.errors import RisError, StoreError
from ris.model.halves import halves


def test_the_halves_together_are_the_whole(explorer, pictures):
    encoder = explorer._encoder
    pixels = np.stack([explorer._item_pixels(explorer.item(key)) for key in (0, 20)])
    codes = encoder.codes(pixels)
    assert codes.shape == (2, 3, 4, 4)  # the narrowest place
    assert np.array_equal(encoder.draw(codes), encoder.reconstruct(pixels))


def test_the_walk_begins_and_ends_at_the_pictures(explorer):
    steps = explorer.between(0, 20, steps=5)
    assert [step.share for step in steps] == [0, 0.25, 0.5, 0.75, 1]
    assert (steps[0].nearest.item.id, steps[-1].nearest.item.id) == (
        explorer.item(0).id,
        explorer.item(20).id,
    )
    assert steps[0].nearest.distance == pytest.approx(0, abs=1e-5)
    seen = explorer.reconstruct(0)[1]
    assert np.array_equal(steps[0].pixels, seen)
    middle = (steps[0].pixels.astype(int) + steps[-1].pixels) / 2
    assert np.abs(steps[2].pixels - middle).max() <= 1  # this decoder is linear
    assert steps[2].to_json()["share"] == 0.5


def test_what_makes_no_sense_is_refused(explorer):
    with pytest.raises(RisError, match="steps"):
        explorer.between(0, 1, steps=1)
    with pytest.raises(StoreError):
        explorer.between(0, 99_999)


def test_a_damaged_file_is_told(tmp_path):
    (tmp_path / "autoencoder.onnx").write_bytes(b"nothing")
    with pytest.raises(StoreError, match="taken apart"):
        halves(tmp_path / "autoencoder.onnx")


def test_paths_that_run_beside_are_not_cut(tmp_path):
    """As in the real network, where a linear path runs beside the convolutions."""
    from onnx import TensorProto, helper

    value = helper.make_tensor_value_info
    nodes = [
        helper.make_node("Relu", ["a"], ["deep"]),
        helper.make_node("ReduceMean", ["deep"], ["narrow"], keepdims=1, axes=[1]),
        helper.make_node("Add", ["narrow", "a"], ["code"]),
        helper.make_node("Relu", ["code"], ["b"]),
        helper.make_node("Neg", ["b"], ["out"]),
    ]
    shape = [1, 8]
    graph = helper.make_graph(
        nodes,
        "both",
        [value("a", TensorProto.FLOAT, shape)],
        [value("out", TensorProto.FLOAT, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)])
    onnx.save(model, tmp_path / "autoencoder.onnx")
    first, _ = halves(tmp_path / "autoencoder.onnx")
    assert onnx.load_from_string(first).graph.output[0].name in ("b", "code")
