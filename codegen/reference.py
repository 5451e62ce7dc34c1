"""The NumPy integer reference: what every build of the network must compute, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from codegen.graph import Graph, Int8Array, Node, Tensor
from codegen.ops import operator_of
from support.errors import UserError

# Rows at a time: bounds memory to a few ten MB for any number of images.
_CHUNK = 2048


def quantize(values: npt.NDArray[np.float32], tensor: Tensor) -> Int8Array:
    """ONNX QuantizeLinear of float32 [N, ...] → int8 [N, size]: saturate(rint(x / scale) + zp).

    Raises:
        UserError: rows of another size than the tensor's, or values that are not finite.
    """
    rows = values.reshape(values.shape[0], -1)
    if rows.shape[1] != tensor.size:
        raise UserError(
            f"the inputs have {rows.shape[1]} values each, the network takes {tensor.size}",
            "give inputs of the network's shape",
        )
    if not np.isfinite(rows).all():
        raise UserError("the inputs hold values that are not finite", "check the inputs file")
    return tensor.quantization.quantize(rows)


def layers(graph: Graph, inputs: Int8Array) -> Iterator[tuple[Node, Int8Array]]:
    """Yield (node, int8 [N, output size]) for every node in order of execution."""
    current = inputs
    for node in graph.nodes:
        current = operator_of(node).reference(node, current)
        yield node, current


def run(graph: Graph, inputs: Int8Array) -> Int8Array:
    """int8 [N, input size] → int8 [N, output size]."""
    parts = []
    for start in range(0, len(inputs), _CHUNK):
        *_, (_, outputs) = layers(graph, inputs[start : start + _CHUNK])
        parts.append(outputs)
    return np.concatenate(parts) if parts else np.zeros((0, graph.output.size), np.int8)
