"""A .tflite file cut open: every operator as a layer, its tensors in the file's own order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx

from codegen.cut.opened import FORCED, Opened, Tensors, as_array
from codegen.ir.types import Int8Array
from codegen.reader.qdq import read_model
from codegen.reader.tflite.file import File, Operator, Tensor, open_tflite
from codegen.reader.tflite.read import read_operator
from codegen.reader.tflite.translation import LAST, Translation
from codegen.reference import all_values
from support.layer_cut import Layer, LayerCut


def open_tflite_network(path: Path, stored: Int8Array) -> Opened:
    """Cut a .tflite network open behind every operator that reads and writes 8 bits.

    Raises:
        UserError: it is not read when all its tensors are outputs.
    """
    file = open_tflite(path)
    translation = Translation(file)
    inputs = translation.begin()
    for operator in file.operators:
        read_operator(translation, operator)
    inner = [tensor for operator in file.operators for tensor in operator.outputs]
    inner = [tensor for tensor in inner if _in_bytes(tensor)]
    outputs = [onnx.ValueInfoProto(name=translation.real(tensor)) for tensor in inner]
    graph = read_model(path, translation.model(inputs, outputs), translation.shapes)
    known = all_values(graph, stored)
    tensors = Tensors()
    index: dict[Tensor, int] = {}
    for tensor, value in (
        *zip(inner, graph.outputs, strict=True),
        *zip(file.inputs, graph.inputs, strict=True),
    ):
        if _in_bytes(tensor):
            elements = known[value].reshape(len(stored), *tensor.shape[1:])
            index[tensor] = tensors.add(tensor.name, value, elements, tensor.number)
    exact, layers, feeds = _apart(file, index)
    cut = LayerCut(path.name, tuple(tensors.tensors), tuple(layers), feeds)
    arrays = {"exact": as_array(exact), "oracle": np.zeros(0, np.uint8)}
    return Opened(cut, {**tensors.arrays, **arrays})


def _in_bytes(tensor: Tensor) -> bool:
    return tensor.dtype in (np.int8, np.uint8)


def _apart(
    file: File, index: dict[Tensor, int]
) -> tuple[onnx.ModelProto, list[Layer], dict[str, int]]:
    """All operators side by side, each reading inputs of its own: model, layers, feeds."""
    translation = Translation(file)
    inputs: list[onnx.ValueInfoProto] = []
    layers: list[Layer] = []
    feeds: dict[str, int] = {}
    for operator in file.operators:
        read = {tensor for tensor in operator.inputs if tensor is not None and tensor.data is None}
        written = operator.outputs
        if not all(map(_in_bytes, (*read, *written))):
            continue  # what floats become at the ends is the caller's
        translation.reals.clear()
        for tensor in sorted(read, key=lambda tensor: tensor.number):
            entry = translation.declare(tensor, tensor.name + FORCED)
            inputs.append(entry)
            feeds[entry.name] = index[tensor]
        read_operator(translation, operator)
        for tensor in written:
            layers.append(
                Layer(index[tensor], operator.kind, _real(translation, tensor), _margin(operator))
            )
    reals = [onnx.ValueInfoProto(name=layer.real) for layer in layers if layer.real]
    return translation.model(inputs, reals), layers, feeds


def _real(translation: Translation, tensor: Tensor) -> str:
    """The real values that become a tensor, in the file's order; "" where a table gives bytes."""
    first = (tensor, True) in translation.reals
    producers = {name: node for node in translation.nodes for name in node.output}
    node = producers[translation.reals[tensor, first]]
    if node.op_type != "DequantizeLinear" or producers[node.input[0]].op_type != "QuantizeLinear":
        return ""
    real = str(producers[node.input[0]].input[0])
    if not first:
        return real
    return translation.add("Transpose", [real], translation.fresh(f"{real}:last"), perm=LAST)


def _margin(operator: Operator) -> float:
    """Steps by which LiteRT's own fixed point can be off.

    Source: XNNPACK, qs8-vadd: the larger scale ratio becomes a multiplier of 21 bits, the other one
    has its unit; each is rounded, and bytes reach 255 from their zero point.
    """
    if operator.kind not in ("ADD", "SUB"):
        return 0.0
    scales = [float(tensor.scale[0]) for tensor in operator.inputs if tensor is not None]
    return 255 * max(scales) / float(operator.outputs[0].scale[0]) * 2.0**-20
