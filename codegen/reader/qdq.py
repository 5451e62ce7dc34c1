"""From ONNX nodes to the typed graph: Q and DQ here, every other operator in its own stem."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from codegen.graph import Graph, Node, Quantization, Tensor
from codegen.ops import handlers, requantize_node, reshape_node
from codegen.reader.constants import AnyArray, Constant, quantization_of, read_tensor
from codegen.reader.load import load_model
from codegen.reader.walk import (
    FloatInput,
    Integers,
    Pending,
    Quantized,
    Stage,
    Walk,
    attribute,
    constant_node,
    label,
)
from support.errors import UserError

_FORMATS = "a fully connected QDQ network: quantize with onnxruntime's quantize_static, format QDQ"


def read_graph(path: Path | str) -> Graph:
    """Read a QDQ ONNX file (opset 13 to 21, batch 1, one input, one output).

    Raises:
        UserError: anything unsupported, naming file, node and remedy.
    """
    model_path = Path(path)
    model = load_model(model_path)
    walk = Walk(str(path), _initializers(model_path, model))
    order = _straight_line(walk, model.graph)
    stage: Stage = _input_stage(walk, model.graph)
    for node in order:
        stage = _step(walk, node, stage)
    _finish(walk, stage)
    if not walk.nodes:
        raise UserError(f"{path}: the model computes nothing", f"give {_FORMATS}")
    nodes = tuple(walk.nodes)
    return Graph(nodes, canonical_hash(nodes), model_path.name)


def canonical_hash(nodes: tuple[Node, ...]) -> str:
    """SHA-256 over operators, shapes, quantization and constants; names do not count."""
    digest = hashlib.sha256(b"nn2flash graph 1")
    for node in nodes:
        for tensor in (node.input, node.output):
            parameters = tensor.quantization
            digest.update(
                f"{type(node).__name__} {tensor.shape} {float(parameters.scale).hex()} "
                f"{parameters.zero_point};".encode()
            )
        for block in node.content:
            digest.update(len(block).to_bytes(8, "little"))
            digest.update(block)
    return digest.hexdigest()


def _initializers(path: Path, model: onnx.ModelProto) -> dict[str, Constant]:
    constants: dict[str, Constant] = {}
    for tensor in model.graph.initializer:
        constants[tensor.name] = Constant(
            read_tensor(tensor, f"{path}: initializer '{tensor.name}'")
        )
    return constants


def _input_stage(walk: Walk, graph: onnx.GraphProto) -> Stage:
    inputs = [value for value in graph.input if value.name not in walk.constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise UserError(
            f"{walk.path}: {len(inputs)} inputs and {len(graph.output)} outputs; one of each is "
            "supported",
            "export a network with one input and one output",
        )
    value = inputs[0]
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        raise UserError(f"{walk.path}: input '{value.name}' has no shape", "export a fixed shape")
    shape: list[int] = []
    for position, dim in enumerate(kind.shape.dim):
        if not dim.HasField("dim_value") or dim.dim_value <= 0:
            name = dim.dim_param or "?"
            raise UserError(
                f"{walk.path}: input '{value.name}' has the dynamic dimension '{name}' at "
                f"position {position}",
                "export with a fixed shape and batch 1",
            )
        shape.append(dim.dim_value)
    if not 2 <= len(shape) <= 4 or shape[0] != 1:
        raise UserError(
            f"{walk.path}: input '{value.name}' has shape {shape}; rank 2 to 4 with batch 1 is "
            "supported",
            "export with batch 1, for example [1, 1, 28, 28] or [1, 784]",
        )
    if int(np.prod([float(d) for d in shape])) > 1 << 24:
        raise UserError(f"{walk.path}: input shape {shape} is too large", "use a smaller input")
    if kind.elem_type == onnx.TensorProto.FLOAT:
        return FloatInput(tuple(shape), tuple(shape))
    if kind.elem_type in (onnx.TensorProto.INT8, onnx.TensorProto.UINT8):
        return Integers(tuple(shape), None)
    raise UserError(f"{walk.path}: input '{value.name}' is neither float nor 8-bit", "use float32")


def _straight_line(walk: Walk, graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Fold constants and return the nodes on the one way from input to output.

    ONNX lists nodes in topological order (ONNX IR specification, Graphs); a node that reads what
    no earlier node wrote is a cycle or a dangling edge.
    """
    current = next((v.name for v in graph.input if v.name not in walk.constants), "")
    order: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.domain not in ("", "ai.onnx"):
            raise walk.fail(node, f"operator domain '{node.domain}' is unknown", f"give {_FORMATS}")
        if not node.output:
            raise walk.fail(node, "has no output", "export the model again")
        operands = [name for name in node.input if name]
        variable = [name for name in operands if name not in walk.constants]
        if not variable:
            walk.constants[node.output[0]] = _fold(walk, node)
            continue
        if variable != [current]:
            other = next((name for name in variable if name != current), variable[0])
            raise walk.fail(
                node,
                f"reads '{other}', but only a straight line of nodes without branches or cycles "
                "is supported",
                "export a network without skip connections",
            )
        order.append(node)
        current = node.output[0]
    if graph.output and graph.output[0].name != current:
        raise UserError(
            f"{walk.path}: the output '{graph.output[0].name}' is not the last node's "
            f"('{current}')",
            "export a straight-line network",
        )
    return order


def _fold(walk: Walk, node: onnx.NodeProto) -> Constant:
    """The constant that a node without variable operands computes."""
    if node.op_type == "Constant":
        return constant_node(node, walk.path)
    if not node.input:
        raise walk.fail(node, "unsupported operator", f"give {_FORMATS}")
    value = walk.constant(node, 0, "its operand")
    if node.op_type == "Transpose" and value.values.ndim == 2:
        return value.transposed()
    if node.op_type == "Identity":
        return value
    if node.op_type == "DequantizeLinear" and value.scale is None:
        scale, zeros = _parameters(walk, node)
        axis = int(attribute(node, "axis", 1)) if scale.size > 1 else 0
        if scale.size > 1:
            axis += value.values.ndim if axis < 0 else 0
            if not 0 <= axis < value.values.ndim or value.values.shape[axis] != scale.size:
                raise walk.fail(
                    node,
                    f"{scale.size} scales do not match shape {list(value.values.shape)}",
                    "quantize the model again",
                )
        return Constant(value.values, scale, zeros, axis)
    if node.op_type == "QuantizeLinear" and value.scale is None:
        return Constant(_quantize_constant(walk, node, value.values))
    raise walk.fail(node, "this operation on constants is not supported", f"give {_FORMATS}")


def _quantize_constant(walk: Walk, node: onnx.NodeProto, values: AnyArray) -> AnyArray:
    scale, zeros = _parameters(walk, node)
    dtype = _zero_point_type(walk, node)
    axis = int(attribute(node, "axis", 1))
    shape = [1] * values.ndim
    if scale.size > 1:
        if not -values.ndim <= axis < values.ndim or values.shape[axis] != scale.size:
            raise walk.fail(node, "scales do not match the shape", "quantize the model again")
        shape[axis] = scale.size
    if values.dtype != np.float32 or not np.isfinite(values.astype(np.float32)).all():
        raise walk.fail(node, "weights are not finite float32 values", "train the model again")
    info = np.iinfo(dtype)
    # Far outside the range rint would overflow the integer: clip the float first.
    scaled = np.clip(np.rint(values.astype(np.float32) / scale.reshape(shape)), -1e6, 1e6)
    stored: AnyArray = np.clip(scaled + zeros.reshape(shape), info.min, info.max).astype(dtype)
    return stored


def _parameters(walk: Walk, node: onnx.NodeProto) -> tuple[AnyArray, AnyArray]:
    scale = walk.constant(node, 1, "the scale")
    zero = (
        walk.constant(node, 2, "the zero point") if len(node.input) > 2 and node.input[2] else None
    )
    what = f"{walk.path}: node '{label(node)}' ({node.op_type})"
    return quantization_of(scale.values, zero.values if zero else None, what)


def _zero_point_type(walk: Walk, node: onnx.NodeProto) -> np.dtype[Any]:
    if len(node.input) > 2 and node.input[2]:
        dtype = walk.constant(node, 2, "the zero point").values.dtype
    else:
        dtype = np.dtype(np.uint8)  # ONNX QuantizeLinear: the default output type
    if dtype not in (np.int8, np.uint8):
        raise walk.fail(node, f"quantizes to {dtype}", "use int8 or uint8 activations")
    return dtype


def _activation(walk: Walk, node: onnx.NodeProto, shape: tuple[int, ...]) -> Tensor:
    """The int8 tensor that a Q or DQ node of an activation describes."""
    scale, zeros = _parameters(walk, node)
    dtype = _zero_point_type(walk, node)
    if scale.size != 1:
        raise walk.fail(node, "activations must be quantized per tensor", "quantize per tensor")
    shift = 128 if dtype == np.uint8 else 0
    parameters = Quantization(np.float32(scale[0]), int(zeros[0]) - shift)
    return Tensor(node.output[0], shape, parameters)


def _step(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    if node.op_type == "QuantizeLinear":
        return _quantize(walk, node, stage)
    if node.op_type == "DequantizeLinear":
        return _dequantize(walk, node, stage)
    handler = handlers().get(node.op_type)
    if handler is None:
        known = ", ".join(sorted([*handlers(), "QuantizeLinear", "DequantizeLinear"]))
        raise walk.fail(node, "unsupported operator", f"supported are {known}")
    return handler(walk, node, stage)


def _quantize(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    if isinstance(stage, FloatInput):
        tensor = _activation(walk, node, stage.given)
        if stage.shape == stage.given:
            return Integers(stage.shape, tensor)
        return Integers(stage.shape, reshape_node(walk, node, tensor, stage.shape))
    if isinstance(stage, Pending):
        node_out = stage.finish(_activation(walk, node, stage.shape))
        walk.emit(node_out)
        return Integers(stage.shape, node_out.output)
    if isinstance(stage, Quantized):
        tensor = _activation(walk, node, stage.tensor.shape)
        if tensor.quantization != stage.tensor.quantization:
            walk.emit(requantize_node(label(node), stage.tensor, tensor))
            return Integers(tensor.shape, tensor)
        return Integers(tensor.shape, stage.tensor)
    raise walk.fail(node, "quantizes integers", f"give {_FORMATS}")


def _dequantize(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    if not isinstance(stage, Integers):
        raise walk.fail(node, "dequantizes a float value", f"give {_FORMATS}")
    tensor = _activation(walk, node, stage.shape)
    if stage.tensor is None:
        return Quantized(tensor)
    if tensor.quantization != stage.tensor.quantization:
        raise walk.fail(
            node,
            "its scale or zero point differs from the QuantizeLinear before it",
            "quantize the model again",
        )
    return Quantized(stage.tensor)


def _finish(walk: Walk, stage: Stage) -> None:
    if isinstance(stage, Pending):
        walk.emit(stage.finish(stage.unquantized_output()))
    if isinstance(stage, FloatInput):
        raise UserError(f"{walk.path}: the model computes nothing", f"give {_FORMATS}")
