"""An ONNX file cut open: who reads a quantized tensor reads an input instead."""

from __future__ import annotations

from pathlib import Path

import onnx

from codegen.cut.opened import FORCED, Opened, Tensors, as_array
from codegen.ir.graph import Value
from codegen.ir.types import Int8Array
from codegen.reader.context import Context
from codegen.reader.load import lifted, parse_model
from codegen.reader.qdq import read_model
from codegen.reader.qoperator import in_qdq
from codegen.reference import all_values
from support.layer_cut import Layer, LayerCut


def open_onnx_network(path: Path, stored: Int8Array) -> Opened:
    """Cut an ONNX network open at the output of each QuantizeLinear.

    Raises:
        UserError: it is not read when all its quantized tensors are outputs.
    """
    model = parse_model(path)
    plain = onnx.ModelProto()
    plain.CopyFrom(model)
    del plain.graph.node[:]
    plain.graph.node.extend(in_qdq(Context(str(path), (), {}), model.graph.node))
    quantized = quantized_tensors(plain)
    opened = _opened(model, quantized)
    graph = read_model(path, lifted(path, opened), {})
    known = all_values(graph, stored)
    values = dict(zip((entry.name for entry in opened.graph.output), graph.outputs, strict=True))
    producers = {name: node for node in plain.graph.node for name in node.output}
    tensors = Tensors()
    index = {
        name: tensors.add(name, value, known[value])
        for name, value in (*values.items(), *((each.name, each) for each in graph.inputs))
    }
    layers = []
    outputs = _outputs(plain, quantized, values)
    for name in outputs:
        real = producers[name].input[0] if name in quantized else name
        by = producers.get(real)
        if values[name] in graph.inputs and by is not None:
            continue  # what the model does with its input is the caller's: Graph.preprocessing
        layers.append(Layer(index[name], by.op_type if by is not None else "input", real))
    oracle, exact = (_cut(each, plain, quantized, values, outputs) for each in (model, plain))
    feeds = {name + FORCED: index[name] for name in quantized}
    feeds |= {value.name: index[value.name] for value in graph.inputs}
    cut = LayerCut(path.name, tuple(tensors.tensors), tuple(layers), feeds)
    return Opened(cut, {**tensors.arrays, "oracle": as_array(oracle), "exact": as_array(exact)})


def _opened(model: onnx.ModelProto, quantized: list[str]) -> onnx.ModelProto:
    """The model with all its quantized tensors as outputs, too.

    With types and shapes: without, an old opset would not be lifted.
    """
    known_shapes = onnx.shape_inference.infer_shapes(model).graph.value_info
    inferred = {entry.name: entry for entry in known_shapes}
    opened = onnx.ModelProto()
    opened.CopyFrom(model)
    ends = {entry.name for entry in model.graph.output}
    opened.graph.output.extend(
        inferred.get(name, onnx.ValueInfoProto(name=name)) for name in quantized if name not in ends
    )
    return opened


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


def _outputs(plain: onnx.ModelProto, quantized: list[str], values: dict[str, Value]) -> list[str]:
    """Every quantized tensor, and the outputs that say more: not those that dequantize one."""
    producers = {name: node.op_type for node in plain.graph.node for name in node.output}
    kept = [
        entry.name
        for entry in plain.graph.output
        if entry.name in values and producers.get(entry.name) != "DequantizeLinear"
    ]
    return list(dict.fromkeys([*quantized, *kept]))


def _cut(
    model: onnx.ModelProto,
    plain: onnx.ModelProto,
    quantized: list[str],
    values: dict[str, Value],
    outputs: list[str],
) -> onnx.ModelProto:
    """A model whose layers each read inputs of their own."""
    cut = onnx.ModelProto()
    cut.CopyFrom(model)
    del cut.graph.value_info[:]
    types = _types(plain)
    for node in cut.graph.node:
        for position, name in enumerate(node.input):
            if name in quantized:
                node.input[position] = name + FORCED
    for name in quantized:
        shape = [1, *values[name].shape[1:]]
        entry = onnx.helper.make_tensor_value_info(name + FORCED, types[name], shape)
        cut.graph.input.append(entry)
    del cut.graph.output[:]
    cut.graph.output.extend(onnx.ValueInfoProto(name=name) for name in outputs)
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
