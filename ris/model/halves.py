"""An exported autoencoder in two halves: pictures to codes, codes to pictures.

Only one ONNX file is kept; the code is where all of its paths meet in the fewest numbers. The door
to onnx for what serves.
"""

from pathlib import Path
from typing import Any

import numpy as np

from ris.errors import StoreError


def halves(path: Path) -> tuple[bytes, bytes]:
    """The two halves of an autoencoder as ONNX models.

    Raises:
        StoreError: The file is missing or damaged, or has no place to cut it.
    """
    import onnx
    from onnx.utils import Extractor

    try:
        model = onnx.shape_inference.infer_shapes(onnx.load(path))
        first, last = model.graph.input[0].name, model.graph.output[0].name
        code = _narrowest(model.graph)
        extractor = Extractor(model)
        parts = extractor.extract_model([first], [code]), extractor.extract_model([code], [last])
        return parts[0].SerializeToString(), parts[1].SerializeToString()
    except Exception as error:  # onnx and protobuf raise classes that share no base
        raise StoreError(
            f"The encoder's file {path.name} can't be taken apart: {str(error)[:200]}",
            "Train again, or switch to another generation.",
        ) from error


def _narrowest(graph: Any) -> str:
    """The tensor of the fewest numbers that everything passes through."""
    left: dict[str, int] = {}  # how often each tensor is still to be used
    for node in graph.node:
        for name in node.input:
            left[name] = left.get(name, 0) + 1
    constants = {one.name for one in graph.initializer} | {""}
    sizes = {
        one.name: int(np.prod([max(side.dim_value, 1) for side in one.type.tensor_type.shape.dim]))
        for one in graph.value_info
    }
    alive = {one.name for one in graph.input} - constants
    found: list[tuple[int, str]] = []
    for node in graph.node:
        for name in node.input:
            left[name] -= 1
            if left[name] == 0:
                alive.discard(name)
        if not {*node.input} - constants:  # a constant that is computed
            constants.update(node.output)
            continue
        alive.update(name for name in node.output if left.get(name))
        if len(alive) == 1 and (name := next(iter(alive))) in sizes:
            found.append((sizes[name], name))
    if not found:
        raise ValueError("nothing lies between its pictures")
    return min(found)[1]
