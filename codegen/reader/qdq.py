"""From ONNX nodes to the typed graph: Q and DQ here, every other operator in its own stem."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from codegen.graph import Graph, Node, Quantization, Tensor
from codegen.ops import computes, handlers, requantize_node, reshape_node
from codegen.reader.constants import Constant, read_tensor
from codegen.reader.fold import fold, parameters, quantized_type, zero_point_type
from codegen.reader.load import MAX_ELEMENTS, load_model, opset_of
from codegen.reader.schema import check_node
from codegen.reader.text import shown
from codegen.reader.walk import (
    QUANTIZE_ALL,
    FloatInput,
    Integers,
    Pending,
    Quantized,
    Stage,
    Walk,
    label,
)
from support.errors import UserError

_ONE_LINE = "export a network without branches: one input, one output, no skip connections"
_INTEGER_TYPES: dict[np.dtype[Any], int] = {
    np.dtype(np.int8): onnx.TensorProto.INT8,
    np.dtype(np.uint8): onnx.TensorProto.UINT8,
}


def read_graph(path: Path | str) -> Graph:
    """Read a QDQ ONNX file (opset 13 to 21, batch 1, one input, one output).

    Raises:
        UserError: anything unsupported, naming file, node and remedy.
    """
    model_path = Path(path)
    model = load_model(model_path)
    walk = Walk(str(path), _initializers(model_path, model))
    stage = _input_stage(walk, model.graph)
    for node in _straight_line(walk, model.graph, opset_of(model_path, model)):
        stage = _step(walk, node, stage)
    _finish(walk, stage, model.graph.output[0])
    nodes = tuple(walk.nodes)
    return Graph(nodes, canonical_hash(nodes), model_path.name)


def canonical_hash(nodes: tuple[Node, ...]) -> str:
    """SHA-256 over operators, shapes, quantization and constants; names do not count."""
    digest = hashlib.sha256(b"nn2flash graph 1")
    for node in nodes:
        for tensor in (node.input, node.output):
            quantization = tensor.quantization
            digest.update(
                f"{type(node).__name__} {tensor.shape} {float(quantization.scale).hex()} "
                f"{quantization.zero_point};".encode()
            )
        for block in node.content:
            digest.update(len(block).to_bytes(8, "little"))
            digest.update(block)
    return digest.hexdigest()


def _initializers(path: Path, model: onnx.ModelProto) -> dict[str, Constant]:
    """Those that something reads: what an exporter left over may be of any type."""
    graph = model.graph
    used = {name for node in graph.node for name in node.input}
    used |= {value.name for value in graph.output}
    constants: dict[str, Constant] = {}
    for tensor in graph.initializer:
        what = f"{path}: initializer '{shown(tensor.name)}'"
        if tensor.name in constants:
            raise UserError(f"{what}: is there twice", "export the model again")
        if tensor.name in used:
            constants[tensor.name] = Constant(read_tensor(tensor, what))
    return constants


def _input_stage(walk: Walk, graph: onnx.GraphProto) -> Stage:
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise UserError(
            f"{walk.path}: {len(inputs)} inputs and {len(graph.output)} outputs; one of each is "
            "supported",
            _ONE_LINE,
        )
    where = f"{walk.path}: input '{shown(inputs[0].name)}'"
    kind = inputs[0].type.tensor_type
    if not kind.HasField("shape"):
        raise UserError(f"{where} has no shape", "export with a fixed shape and batch 1")
    shape = _fixed_shape(where, kind.shape)
    if kind.elem_type == onnx.TensorProto.FLOAT:
        return FloatInput(shape, shape)
    for dtype, number in _INTEGER_TYPES.items():
        if kind.elem_type == number:
            return Integers(shape, dtype, None)
    raise UserError(f"{where} is neither float32 nor 8-bit", "export with a float32 input")


def _fixed_shape(where: str, shape: onnx.TensorShapeProto) -> tuple[int, ...]:
    sizes: list[int] = []
    for position, dim in enumerate(shape.dim[:16]):
        if not dim.HasField("dim_value") or dim.dim_value <= 0:
            name = shown(dim.dim_param) if dim.dim_param else str(dim.dim_value or "?")
            raise UserError(
                f"{where} has the dynamic dimension '{name}' at position {position}",
                "export with a fixed shape and batch 1",
            )
        sizes.append(dim.dim_value)
    if not 2 <= len(sizes) <= 4 or sizes[0] != 1:
        raise UserError(
            f"{where} has shape {sizes}; rank 2 to 4 with batch 1 is supported",
            "export with batch 1, for example [1, 1, 28, 28] or [1, 784]",
        )
    # Python's integers: no product is too large to be refused.
    count = 1
    for size in sizes:
        count *= size
    if count > MAX_ELEMENTS:
        raise UserError(
            f"{where} has shape {sizes}: more than {MAX_ELEMENTS:,} elements",
            "this tool is for networks that fit a microcontroller",
        )
    return tuple(sizes)


def _straight_line(walk: Walk, graph: onnx.GraphProto, opset: int) -> list[onnx.NodeProto]:
    """Fold constants and return the nodes on the one way from input to output.

    ONNX lists nodes in topological order (ONNX IR specification, Graphs); a node that reads what
    no earlier node wrote is a cycle or a dangling edge.
    """
    current = next(v.name for v in graph.input if v.name not in walk.constants)
    written = {*walk.constants, current}
    order: list[onnx.NodeProto] = []
    for node in graph.node:
        check_node(walk, node, opset)
        if not node.output or not node.output[0]:
            raise walk.fail(node, "has no output", "export the model again")
        for name in filter(None, node.output):
            if name in written:
                raise walk.fail(
                    node, f"writes '{shown(name)}', which exists already", "export the model again"
                )
            written.add(name)
        variable = [name for name in node.input if name and name not in walk.constants]
        if not variable and (any(node.input) or node.op_type == "Constant"):
            walk.constants[node.output[0]] = fold(walk, node)
            continue
        if variable != [current]:
            other = next((name for name in variable if name != current), "its input twice")
            raise walk.fail(
                node,
                f"reads '{shown(other)}', but only a straight line of nodes without branches or "
                "cycles is supported",
                _ONE_LINE,
            )
        order.append(node)
        current = node.output[0]
    if graph.output[0].name != current:
        raise UserError(
            f"{walk.path}: the output '{shown(graph.output[0].name)}' is not the last node's "
            f"('{shown(current)}')",
            _ONE_LINE,
        )
    return order


def _step(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    if node.op_type == "QuantizeLinear":
        return _quantize(walk, node, stage)
    if node.op_type == "DequantizeLinear":
        return _dequantize(walk, node, stage)
    handler = handlers().get(node.op_type)
    if handler is None:
        known = ", ".join(sorted([*handlers(), "QuantizeLinear", "DequantizeLinear"]))
        raise walk.fail(node, "unsupported operator", f"supported are {known}")
    if node.input[0] != _variable(walk, node) and node.op_type != "Add":
        raise walk.fail(node, "its first operand is a constant", "export the model again")
    return handler(walk, node, stage)


def _variable(walk: Walk, node: onnx.NodeProto) -> str:
    return next(str(name) for name in node.input if name and name not in walk.constants)


def _tensor(
    walk: Walk, node: onnx.NodeProto, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Tensor:
    """The int8 tensor that a Q or DQ node of an activation of type `dtype` describes."""
    scale, zeros = parameters(walk, node)
    if scale.size != 1:
        raise walk.fail(node, "activations must be quantized per tensor", "quantize per tensor")
    shift = 128 if dtype == np.uint8 else 0
    quantization = Quantization(np.float32(scale[0]), int(zeros[0]) - shift)
    return Tensor(node.output[0], shape, quantization)


def _quantize(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    if isinstance(stage, Integers):
        raise walk.fail(node, "quantizes integers", QUANTIZE_ALL)
    dtype = quantized_type(walk, node)
    if isinstance(stage, FloatInput):
        tensor = _tensor(walk, node, stage.given, dtype)
        tensor = reshape_node(walk, node, tensor, stage.shape)
    elif isinstance(stage, Pending):
        tensor = walk.emit(stage.finish(_tensor(walk, node, stage.shape, dtype))).tensor
    else:
        tensor = _tensor(walk, node, stage.tensor.shape, dtype)
        if tensor.quantization == stage.tensor.quantization:
            tensor = stage.tensor
        else:
            walk.emit(requantize_node(label(node), stage.tensor, tensor))
    return Integers(tensor.shape, dtype, tensor)


def _dequantize(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    if not isinstance(stage, Integers):
        raise walk.fail(node, "dequantizes a float value", QUANTIZE_ALL)
    stored = zero_point_type(walk, node)
    if stored not in (None, stage.dtype):
        raise walk.fail(
            node, f"its zero point is {stored}, its input {stage.dtype}", "quantize the model again"
        )
    tensor = _tensor(walk, node, stage.shape, stage.dtype)
    if stage.tensor is None:
        return Quantized(tensor)
    if tensor.quantization != stage.tensor.quantization:
        raise walk.fail(
            node,
            "its scale or zero point differs from the QuantizeLinear before it",
            "quantize the model again",
        )
    return Quantized(stage.tensor)


def _finish(walk: Walk, stage: Stage, declared: onnx.ValueInfoProto) -> None:
    actual = _INTEGER_TYPES[stage.dtype] if isinstance(stage, Integers) else onnx.TensorProto.FLOAT
    if declared.type.tensor_type.elem_type not in (onnx.TensorProto.UNDEFINED, actual):
        raise UserError(
            f"{walk.path}: output '{shown(declared.name)}' is declared with another type than it "
            "has",
            "export the model again",
        )
    if isinstance(stage, Pending):
        output = stage.unquantized_output()
        if output is None:
            raise UserError(
                f"{walk.path}: node '{stage.name}': its result is the model's output, and is not "
                "quantized",
                QUANTIZE_ALL,
            )
        walk.emit(stage.finish(output))
    if not any(computes(node) for node in walk.nodes):
        raise UserError(f"{walk.path}: the model computes nothing", "give a quantized network")
    shape = walk.nodes[-1].output.shape
    _check_declared(walk, declared, shape)
    if not 2 <= len(shape) <= 4:
        raise UserError(
            f"{walk.path}: the output has shape {list(shape)}; rank 2 to 4 is supported",
            "end the network with [1, classes]",
        )


def _check_declared(walk: Walk, declared: onnx.ValueInfoProto, shape: tuple[int, ...]) -> None:
    """Refuse an output that is declared with another shape; dynamic dimensions declare none."""
    kind = declared.type.tensor_type
    if not kind.HasField("shape"):
        return
    sizes = [dim.dim_value if dim.HasField("dim_value") else None for dim in kind.shape.dim]
    if len(sizes) != len(shape) or any(
        size not in (None, real) for size, real in zip(sizes, shape, strict=True)
    ):
        told = ["?" if size is None else size for size in sizes[:16]]
        raise UserError(
            f"{walk.path}: output '{shown(declared.name)}' is declared with shape "
            f"[{', '.join(map(str, told))}], and has {list(shape)}",
            "export the model again",
        )
