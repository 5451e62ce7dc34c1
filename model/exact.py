"""What a layer's real value is, in float64, by ONNX's own reference implementation: ties."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

from model.layers import Forced, Layer

Array = npt.NDArray[Any]
# How far, in steps of the output, a real value may lie from halfway between two bytes so that both
# are right: the error of onnxruntime's float32 sums ...
TIE = 1e-5
# ... or, far from the zero point, this part of the value: the four roundings of float32 by which
# the reference gets from a sum to a byte (docs/numerics.md, "Requantization").
FOUR_ROUNDINGS = 4 * 2.0**-24
# How far a float output may lie from the real value, as a part of the outputs' largest.
FLOAT_SUMS = 2.0**-20
# Bytes by which an approximated function may differ: docs/numerics.md, "Softmax".
BOUNDED = {"Softmax": 1, "LogSoftmax": 1, "SOFTMAX": 1, "LOG_SOFTMAX": 1}


def accepted(forced: Forced, layer: Layer) -> npt.NDArray[np.bool_]:
    """Which of a layer's differing bytes are the two neighbours of a tie; of the bytes' shape.

    Those of a function that is approximated are accepted within its bound.
    """
    differing = layer.differing
    if layer.operator in BOUNDED:
        far = np.abs(layer.reference.astype(int) - layer.oracle)
        within: npt.NDArray[np.bool_] = differing & (far <= BOUNDED[layer.operator])
        return within
    found = np.zeros_like(differing)
    if not layer.cut.real:
        return found
    part = _upstream(forced.exact, layer.cut.real)
    if layer.reference.dtype == np.float32:
        return differing & _sums_agree(part, forced, layer)
    for row in np.flatnonzero(differing.reshape(len(differing), -1).any(axis=1)):
        real = _real(part, forced, int(row))
        steps = real.reshape(differing.shape[1:]) / layer.tensor.scale
        low = np.floor(steps)
        tolerance = np.maximum(TIE + layer.cut.margin, np.abs(steps) * FOUR_ROUNDINGS)
        tie = np.abs(steps - low - 0.5) <= tolerance
        for bytes_found in (layer.reference[row], layer.oracle[row]):
            neighbours = [
                np.clip(low + up + layer.tensor.zero_point, -128, 127) == bytes_found
                for up in (0, 1)
            ]
            tie &= np.logical_or(*neighbours)
        found[row] = tie & differing[row]
    return found


def _sums_agree(part: onnx.ModelProto, forced: Forced, layer: Layer) -> npt.NDArray[np.bool_]:
    """Where a float output of both is the real value but for float32 sums in another order."""
    real = np.concatenate([_real(part, forced, row) for row in range(len(layer.reference))])
    near = np.ones(layer.reference.shape, dtype=bool)
    for values in (layer.reference, layer.oracle):
        near &= np.abs(values - real.reshape(values.shape)) <= FLOAT_SUMS * np.abs(real).max()
    return near


def _real(part: onnx.ModelProto, forced: Forced, row: int) -> Array:
    """What `part` makes of one row of the inputs, in float64."""
    feeds = {}
    for entry in part.graph.input:
        values = forced.feeds[entry.name][row : row + 1]
        feeds[entry.name] = values.astype(np.float64) if values.dtype == np.float32 else values
    (real,) = _evaluator(part.SerializeToString()).run(None, feeds)
    found: Array = real.astype(np.float64)
    return found


def _upstream(whole: onnx.ModelProto, real: str) -> onnx.ModelProto:
    """What computes one tensor, its float constants in float64."""
    wanted = {real}
    nodes: list[onnx.NodeProto] = []
    size = -1
    while size != len(wanted):
        size = len(wanted)
        nodes = [node for node in whole.graph.node if set(node.output) & wanted]
        wanted |= {name for node in nodes for name in node.input}
    model = onnx.ModelProto()
    model.CopyFrom(whole)
    del model.graph.node[:], model.graph.output[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    inputs = [entry for entry in whole.graph.input if entry.name in wanted]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    model.graph.output.append(onnx.ValueInfoProto(name=real))
    for tensor in whole.graph.initializer:
        if tensor.name in wanted:
            model.graph.initializer.append(_double(tensor))
    for node in model.graph.node:
        for entry in node.attribute:
            if node.op_type == "Constant" and entry.name == "value":
                entry.t.CopyFrom(_double(entry.t))
    return model


def _double(tensor: onnx.TensorProto) -> onnx.TensorProto:
    if tensor.data_type != onnx.TensorProto.FLOAT:
        return tensor
    return numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name)


class DequantizeLinear(OpRun):  # type: ignore[misc]
    """ONNX's, in float64 without rounding."""

    op_domain = ""

    def _run(
        self, stored: Array, scale: Array, zero: Array | None = None, axis: int = 1, **_: Any
    ) -> tuple[Array]:
        shape = [1] * stored.ndim
        if scale.size > 1:
            shape[axis] = scale.size
        zeros = 0 if zero is None else zero.astype(np.int64).reshape(_fit(zero, shape))
        return (
            (stored.astype(np.int64) - zeros) * scale.astype(float).reshape(_fit(scale, shape)),
        )


def _fit(parameter: Array, shape: list[int]) -> list[int]:
    return shape if parameter.size > 1 else [1] * len(shape)


class QuantizeLinear(OpRun):  # type: ignore[misc]
    """ONNX's of constants, in float32: what is stored does not depend on who computes with it."""

    op_domain = ""

    def _run(
        self, real: Array, scale: Array, zero: Array | None = None, axis: int = 1, **_: Any
    ) -> tuple[Array]:
        shape = [1] * real.ndim
        if scale.size > 1:
            shape[axis] = scale.size
        dtype = np.dtype(np.uint8) if zero is None else zero.dtype
        zeros = 0 if zero is None else zero.astype(np.int64).reshape(_fit(zero, shape))
        steps = real.astype(np.float32) / scale.astype(np.float32).reshape(_fit(scale, shape))
        info = np.iinfo(dtype)
        return (np.clip(np.rint(steps) + zeros, info.min, info.max).astype(dtype),)


@cache
def _evaluator(model: bytes) -> ReferenceEvaluator:
    return ReferenceEvaluator(
        onnx.ModelProto.FromString(model), new_ops=[DequantizeLinear, QuantizeLinear]
    )
