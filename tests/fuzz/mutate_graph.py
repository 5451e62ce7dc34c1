"""Seeded changes after which a model still looks like one: nodes come and go, values change."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HOSTILE = (0, -1, 7, 255, 2**20, 2**31 - 1, 2**31, 2**32, 2**62, 2**63 - 1, -(2**63))
WORDS = (
    "SAME_UPPER",
    "SAME_LOWER",
    "VALID",
    "NOTSET",
    "constant",
    "edge",
    "reflect",
    "wrap",
    "none",
    "nearest",
    "linear",
    "cubic",
    "floor",
    "ceil",
    "round_prefer_floor",
    "asymmetric",
    "DCR",
    "CRD",
    "half_pixel",
    "align_corners",
    "pytorch_half_pixel",
    "",
    "tanh",
    "\n",
)
INSERTED = ("Identity", "Relu", "Sigmoid", "Tanh", "Flatten", "Softmax", "Dropout", "Squeeze")
RENAMED = (
    "Conv",
    "ConvTranspose",
    "MaxPool",
    "AveragePool",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "ReduceMean",
    "ReduceMax",
    "ReduceSum",
    "Sub",
    "Mul",
    "Div",
    "Min",
    "Max",
    "Concat",
    "Split",
    "Slice",
    "Pad",
    "Transpose",
    "Expand",
    "Tile",
    "Gather",
    "DepthToSpace",
    "SpaceToDepth",
    "Resize",
    "BatchNormalization",
    "LeakyRelu",
    "PRelu",
    "Elu",
    "Exp",
    "Log",
    "Sqrt",
    "Cast",
    "LogSoftmax",
    "ArgMax",
    "LSTM",
    "Neg",
    "Reciprocal",
    "HardSwish",
    "Gelu",
    "ReduceMin",
    "Gemm",
    "MatMul",
    "Add",
    "Relu",
    "Clip",
    "Sigmoid",
    "Tanh",
    "Softmax",
    "Identity",
    "Flatten",
    "Reshape",
    "Unsqueeze",
    "Squeeze",
    "QuantizeLinear",
    "DequantizeLinear",
)


def mutate_graph(rng: random.Random, model: onnx.ModelProto) -> None:
    """One change."""
    if model.graph.node and model.graph.initializer:
        rng.choice(_CHANGES)(rng, model.graph)


def _insert(rng: random.Random, graph: onnx.GraphProto) -> None:
    """An operator, or a pair of Q and DQ, on an edge."""
    at = rng.randrange(len(graph.node))
    reader = graph.node[at]
    if not reader.input:
        return
    before, after = reader.input[0], f"inserted_{rng.randrange(10**9)}"
    if rng.random() < 0.3:
        pairs = [n for n in graph.node if n.op_type == "QuantizeLinear" and len(n.input) > 1]
        if pairs:
            operands = rng.choice(pairs).input[1:]
            new = [
                helper.make_node("QuantizeLinear", [before, *operands], [f"{after}_q"]),
                helper.make_node("DequantizeLinear", [f"{after}_q", *operands], [after]),
            ]
        else:
            return
    else:
        new = [helper.make_node(rng.choice(INSERTED), [before], [after])]
    reader.input[0] = after
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes[:at], *new, *nodes[at:]])


def _bypass(rng: random.Random, graph: onnx.GraphProto) -> None:
    """Leave a node out; who read it reads what it read."""
    at = rng.randrange(len(graph.node))
    left_out = graph.node[at]
    if not left_out.input or not left_out.output:
        return
    for node in graph.node:
        for index, name in enumerate(node.input):
            if name == left_out.output[0]:
                node.input[index] = left_out.input[0]
    for output in graph.output:
        if output.name == left_out.output[0]:
            output.name = left_out.input[0]
    del graph.node[at]


def _rename(rng: random.Random, graph: onnx.GraphProto) -> None:
    rng.choice(graph.node).op_type = rng.choice(RENAMED)


def _operand(rng: random.Random, graph: onnx.GraphProto) -> None:
    """Another constant as an operand, one more, or one less."""
    node = rng.choice(graph.node)
    name = rng.choice(graph.initializer).name
    action = rng.randrange(3)
    if action == 0 and len(node.input) > 1:
        node.input[rng.randrange(1, len(node.input))] = name
    elif action == 1 and len(node.input) > 1:
        del node.input[-1]
    else:
        node.input.append(name)


def _values(rng: random.Random, graph: onnx.GraphProto) -> None:
    """Other values of the same type and shape."""
    tensor = rng.choice(graph.initializer)
    values = _array(tensor)
    if values is None or not values.size:
        return
    numbers = np.random.default_rng(rng.randrange(2**32))
    if values.dtype == np.float32:
        kinds: Sequence[Callable[[], np.ndarray]] = (
            lambda: values * np.float32(10.0 ** rng.randint(-40, 40)),
            lambda: np.full(values.shape, 10.0 ** rng.uniform(-45, 38)),
            lambda: numbers.uniform(-3, 3, values.shape),
        )
    elif values.dtype in (np.int8, np.uint8):
        info = np.iinfo(values.dtype)
        kinds = (
            lambda: numbers.integers(info.min, info.max + 1, values.shape),
            lambda: np.full(values.shape, rng.choice((info.min, info.max, 0))),
        )
    else:
        kinds = (
            lambda: numbers.integers(-(2**31), 2**31, values.shape),
            lambda: numbers.integers(-2, 7, values.shape),
        )
    with np.errstate(all="ignore"):
        new = rng.choice(kinds)().astype(values.dtype)
    tensor.CopyFrom(numpy_helper.from_array(new, tensor.name))


def _shape(rng: random.Random, graph: onnx.GraphProto) -> None:
    """Another shape for the same elements."""
    tensor = rng.choice(graph.initializer)
    dims = list(tensor.dims)
    choices = [dims[::-1], [1, *dims], [*dims, 1], [int(np.prod(dims, dtype=float))]]
    tensor.dims[:] = rng.choice(choices)


def _other_sign(rng: random.Random, graph: onnx.GraphProto) -> None:
    """int8 for uint8, or the other way round: the same bytes, other values."""
    bytes_like = [t for t in graph.initializer if t.data_type in _OTHER_SIGN]
    for tensor in rng.sample(bytes_like, min(len(bytes_like), rng.choice((1, 2, 99)))):
        tensor.data_type = _OTHER_SIGN[tensor.data_type]


def _attribute(rng: random.Random, graph: onnx.GraphProto) -> None:
    """An attribute that the operator may know, with a small or a hostile value."""
    node = rng.choice(graph.node)
    present = [entry.name for entry in node.attribute]
    name = rng.choice(present if present and rng.random() < 0.6 else sorted(_ATTRIBUTES))
    kept = [entry for entry in node.attribute if entry.name != name]
    old = [list(entry.ints) for entry in node.attribute if entry.name == name and entry.ints]
    value = _ATTRIBUTES.get(name, _number)(rng)
    if old and rng.random() < 0.7:
        value = [*old[0]]
        value[rng.randrange(len(value))] = _number(rng)
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute(name, value)])


def _number(rng: random.Random) -> int:
    """Mostly small; else one that makes a product or a sum overflow."""
    return rng.randint(-3, 4) if rng.random() < 0.6 else rng.choice(HOSTILE)


def _numbers(rng: random.Random) -> list[int]:
    return [_number(rng) for _ in range(rng.choice((1, 2, 2, 4, 4, 3, 8, 16)))]


def _real(rng: random.Random) -> float:
    return rng.choice((rng.uniform(-2, 2), 0.0, 1e38, -1e38, float("inf"), float("nan")))


def _word(rng: random.Random) -> str:
    return rng.choice(WORDS)


def _input_shape(rng: random.Random, graph: onnx.GraphProto) -> None:
    dims = graph.input[0].type.tensor_type.shape.dim if graph.input else []
    sizes = [d.dim_value for d in dims]
    rng.shuffle(sizes)
    for dim, size in zip(dims, sizes, strict=True):
        dim.dim_value = size


def _array(tensor: onnx.TensorProto) -> np.ndarray | None:
    try:
        values: np.ndarray = numpy_helper.to_array(tensor)
    except Exception:
        return None
    return values


_ATTRIBUTES: dict[str, Callable[[random.Random], Any]] = {
    **dict.fromkeys(("axis", "transA", "transB", "allowzero", "output_dtype", "group"), _number),
    **dict.fromkeys(("ceil_mode", "count_include_pad", "keepdims", "blocksize", "to"), _number),
    **dict.fromkeys(("storage_order", "num_outputs", "noop_with_empty_axes"), _number),
    **dict.fromkeys(("strides", "pads", "dilations", "kernel_shape", "perm", "axes"), _numbers),
    **dict.fromkeys(("output_padding", "output_shape", "starts", "ends", "split"), _numbers),
    **dict.fromkeys(("alpha", "beta", "gamma", "epsilon"), _real),
    **dict.fromkeys(("auto_pad", "mode", "nearest_mode"), _word),
    **dict.fromkeys(("coordinate_transformation_mode", "approximate"), _word),
}
_OTHER_SIGN = {TensorProto.INT8: TensorProto.UINT8, TensorProto.UINT8: TensorProto.INT8}
_CHANGES = (
    _insert,
    _bypass,
    _rename,
    _operand,
    _values,
    _values,
    _shape,
    _other_sign,
    _attribute,
    _attribute,
    _attribute,
    _input_shape,
)
