"""A model cut open at each quantized tensor: every layer computed from inputs that are forced.

Whatever a layer before has done, each layer is judged by itself: it gets the reference's bytes, and
what it makes of them is compared with the reference's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from codegen.ir.graph import Value
from codegen.ir.types import Int8Array
from codegen.reader.qdq import read_graph
from codegen.reference import all_values
from tests.codegen.oracle import as_given, as_stored

Array = npt.NDArray[Any]
FORCED = "__forced"


class NoOracle(Exception):
    """onnxruntime does not run this model."""


@dataclass(frozen=True)
class Layer:
    """What is computed up to one quantized tensor of the model, or to a float output.

    Attributes:
        tensor: its name.
        operator: the ONNX operator that computes what is quantized.
        real: the float tensor before its QuantizeLinear; the float output itself.
        reference, oracle: int8 [N, …], from the same inputs.
    """

    tensor: str
    operator: str
    real: str
    value: Value
    reference: Int8Array
    oracle: Int8Array

    @property
    def differing(self) -> npt.NDArray[np.bool_]:
        """Where the bytes differ, of their shape."""
        found: npt.NDArray[np.bool_] = self.reference != self.oracle
        return found


@dataclass(frozen=True)
class Forced:
    """A model's layers with forced inputs.

    Attributes:
        cut: the model whose layers each have inputs of their own.
        feeds: input of `cut` → values [N, …].
    """

    layers: tuple[Layer, ...]
    cut: onnx.ModelProto
    feeds: dict[str, Array]


def force(path: Path, stored: Int8Array, folder: Path) -> Forced:
    """Compute every layer by onnxruntime from the reference's bytes.

    Args:
        stored: int8 [N, bytes of all inputs], as the network stores them.
        folder: where a copy of the model is written.

    Raises:
        UserError: the model is not read when all its quantized tensors are outputs.
        NoOracle: onnxruntime does not run it.
    """
    model = onnx.load(path)
    quantized = quantized_tensors(model)
    opened = onnx.ModelProto()
    opened.CopyFrom(model)
    ends = {entry.name for entry in model.graph.output}
    inner = [name for name in quantized if name not in ends]
    # With types and shapes: without, an old opset would not be lifted.
    known_shapes = onnx.shape_inference.infer_shapes(model).graph.value_info
    inferred = {entry.name: entry for entry in known_shapes}
    opened.graph.output.extend(inferred.get(name, onnx.ValueInfoProto(name=name)) for name in inner)
    copy = folder / path.name
    copy.write_bytes(opened.SerializeToString())
    graph = read_graph(copy)
    known = all_values(graph, stored)
    names = [entry.name for entry in opened.graph.output]
    values = dict(zip(names, graph.outputs, strict=True))
    cut = _cut(model, quantized, values)
    try:
        session = session_of(cut)
    except Exception as error:  # onnxruntime's have no class of their own
        raise NoOracle(str(error)) from None
    feeds = {}
    for end in session.get_inputs():
        value = values.get(end.name.removesuffix(FORCED))
        if value is None:
            value = next(value for value in graph.inputs if value.name == end.name)
        feeds[end.name] = as_given(end.type, value, known[value])
    asked = [end.name for end in session.get_outputs()]
    rows = [_one(session, asked, feeds, row) for row in range(len(stored))]
    layers = []
    producers = {name: node for node in model.graph.node for name in node.output}
    for index, name in enumerate(asked):
        real = producers[name].input[0] if name in quantized else name
        by = producers.get(real)
        if values[name] in graph.inputs and by is not None:
            continue  # what the model does with its input is the caller's: Graph.preprocessing
        found = as_stored(values[name], np.concatenate([row[index] for row in rows]))
        reference = known[values[name]]
        operator = by.op_type if by is not None else "input"
        shaped = found.reshape(reference.shape)
        layers.append(Layer(name, operator, real, values[name], reference, shaped))
    return Forced(tuple(layers), cut, feeds)


def _one(session: Any, asked: list[str], feeds: dict[str, Array], row: int) -> list[Array]:
    given = {name: values[row : row + 1] for name, values in feeds.items()}
    try:
        results: list[Array] = session.run(asked, given)
    except Exception as error:
        raise NoOracle(str(error)) from None
    return [result.reshape(1, -1) for result in results]


def quantized_tensors(model: onnx.ModelProto) -> list[str]:
    """The outputs of every QuantizeLinear of something that varies, in the file's order."""
    constants = {tensor.name for tensor in model.graph.initializer}
    varies = {entry.name for entry in model.graph.input} - constants
    # Until nothing is added: nodes need not be in order.
    size = -1
    while size != len(varies):
        size = len(varies)
        for node in model.graph.node:
            if any(name in varies for name in node.input):
                varies |= set(node.output) - {""}
    return [
        node.output[0]
        for node in model.graph.node
        if node.op_type == "QuantizeLinear" and node.output[0] in varies
    ]


def _cut(model: onnx.ModelProto, quantized: list[str], values: dict[str, Value]) -> onnx.ModelProto:
    """Who reads a quantized tensor reads an input instead; the tensors are the outputs."""
    cut = onnx.ModelProto()
    cut.CopyFrom(model)
    del cut.graph.value_info[:]
    types = _types(model)
    for node in cut.graph.node:
        for index, name in enumerate(node.input):
            if name in quantized:
                node.input[index] = name + FORCED
    for name in quantized:
        shape = [1, *values[name].shape[1:]]
        entry = onnx.helper.make_tensor_value_info(name + FORCED, types[name], shape)
        cut.graph.input.append(entry)
    # A float output that only dequantizes what is an output here already says nothing more.
    producers = {name: node.op_type for node in model.graph.node for name in node.output}
    kept = [
        entry.name
        for entry in model.graph.output
        if entry.name in values and producers.get(entry.name) != "DequantizeLinear"
    ]
    del cut.graph.output[:]
    names = dict.fromkeys([*quantized, *kept])
    cut.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    return cut


def _types(model: onnx.ModelProto) -> dict[str, int]:
    """Element types of the outputs of QuantizeLinear: those of their zero points."""
    stored = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            for entry in node.attribute:
                stored[node.output[0]] = entry.t.data_type
    types = {}
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear":
            kinds = [entry.i for entry in node.attribute if entry.name == "output_dtype"]
            zero = stored.get(node.input[2], 0) if len(node.input) > 2 else 0
            types[node.output[0]] = zero or next(iter(kinds), 0) or onnx.TensorProto.UINT8
    return types


def session_of(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """onnxruntime without optimizations, on one thread."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
