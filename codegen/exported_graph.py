"""A convolutional network as plain arrays, for other runtimes: nodes, their edges and constants."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from codegen.arrays import Array
from codegen.ir.graph import Graph, Op, Value
from codegen.ops.average_pool import AveragePool
from codegen.ops.conv import Conv
from codegen.ops.elementwise import Elementwise
from codegen.ops.fully_connected import FullyConnected
from codegen.ops.max_pool import MaxPool
from codegen.ops.reshape import Reshape
from codegen.ops.softmax import Softmax
from codegen.ops.transpose import Transpose
from codegen.window import Window
from support.described import packed
from support.errors import UserError

KINDS = ("conv", "depthwise", "fully_connected", "max_pool", "average_pool", "add")
# Of each node, int32: values by number, sizes of the image and the window, bytes.
FIELDS = (
    "kind",
    "first",
    "second",
    "output",
    "height",
    "width",
    "channels",
    "output_height",
    "output_width",
    "filters",
    "kernel_height",
    "kernel_width",
    "stride_y",
    "stride_x",
    "dilation_y",
    "dilation_x",
    "pad_top",
    "pad_left",
    "first_zero_point",
    "second_zero_point",
    "output_zero_point",
    "low",
    "high",
)


@dataclass
class _Exported:
    """What has been exported, and the number of each value."""

    numbers: dict[Value, int] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    nodes: list[dict[str, int]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)

    def number(self, value: Value) -> int:
        """The number of a value that is written for the first time."""
        self.numbers[value] = len(self.sizes)
        self.sizes.append(value.bytes)
        return self.numbers[value]


def exported(graph: Graph, model: str) -> dict[str, Array]:
    """The nodes of a network as arrays.

    Returns:
        an int32 [nodes] for each of `FIELDS`; `names`, a line for each node; `sizes` int32
        [values], bytes, the network's input first; for node i with weights `weights_i` int8
        (convolutions [filters, height, width, channels], depthwise [height, width, channels], fully
        connected [outputs, inputs]), `bias_i` int32 and `multipliers_i` float32 [outputs]; for a
        sum `multipliers_i` float32 [2], of its inputs; `ends` float32 [4], scale and zero point of
        the network's input and output. A Softmax at the end is no node.

    Raises:
        UserError: a node of another kind.
    """
    found = _Exported()
    found.number(graph.input)
    for op in graph.ops:
        if isinstance(op, Reshape | Transpose) and _moves_nothing(op):
            found.numbers[op.output] = found.numbers[op.input]
        elif not isinstance(op, Softmax) or op.output is not graph.output:
            _add(found, op, model)
    ends = [graph.input.quantization, graph.output.quantization]
    return {
        **{name: np.array([n[name] for n in found.nodes], np.int32) for name in FIELDS},
        "names": np.frombuffer(packed(found.names), np.uint8),
        "sizes": np.array(found.sizes, np.int32),
        "ends": np.array([x for end in ends for x in (end.scale, end.zero_point)], np.float32),
        **found.constants,
    }


def _moves_nothing(op: Op) -> bool:
    """Whether the bytes of input and output are the same ones in the same order."""
    if isinstance(op, Reshape):
        return True
    assert isinstance(op, Transpose)
    order = np.arange(op.input.size).reshape(op.input.type.shape)
    moved = op.output.type.store(order.transpose(op.permutation))
    return np.array_equal(moved, op.input.type.store(order))


def _add(found: _Exported, op: Op, model: str) -> None:
    """Export one operation."""
    kind = _kind(op)
    if kind is None:
        raise UserError(
            f"{model}: node '{op.name}' is none of {', '.join(KINDS)}",
            "only networks of these can be exported as arrays",
        )
    index = len(found.nodes)
    node = dict.fromkeys(FIELDS, 0)
    inputs = [*op.inputs, op.inputs[0]][:2]
    node["kind"] = KINDS.index(kind)
    for name, value in zip(("first", "second"), inputs, strict=True):
        node[name] = found.numbers[value]
        node[f"{name}_zero_point"] = value.quantization.zero_point
    node["output"] = found.number(op.output)
    node["output_zero_point"] = op.output.quantization.zero_point
    node |= _sizes(op)
    if isinstance(op, Conv | FullyConnected):
        node["low"], node["high"] = op.clamp
        found.constants[f"weights_{index}"] = _weights(op)
        found.constants[f"bias_{index}"] = op.bias.astype(np.int32)
        found.constants[f"multipliers_{index}"] = op.multipliers
    else:
        node["low"], node["high"] = getattr(op, "low", -128), getattr(op, "high", 127)
    if isinstance(op, Elementwise):
        steps = [np.float32(v.quantization.scale) for v in op.inputs]
        scale = np.float32(op.output.quantization.scale)
        found.constants[f"multipliers_{index}"] = np.array([s / scale for s in steps], np.float32)
    found.nodes.append(node)
    found.names.append(op.name)


def _kind(op: Op) -> str | None:
    """One of `KINDS`; None where its numbers are not such a kernel's."""
    if isinstance(op, Conv) and op.plain and not op.asymmetric:
        return "depthwise" if op.depthwise else "conv" if op.groups == 1 else None
    if isinstance(op, FullyConnected) and op.plain and not op.asymmetric:
        return "fully_connected"
    if isinstance(op, MaxPool):
        return "max_pool"
    if isinstance(op, AveragePool) and not op.total and not op.padding_counts:
        return "average_pool"
    if isinstance(op, Elementwise) and op.function == "add" and op.constant is None:
        return "add"
    return None


def _sizes(op: Op) -> dict[str, int]:
    """Sizes of the image and of the window; of what is no image, as if it were one pixel."""
    window = getattr(op, "window", Window((1, 1), (1, 1), (1, 1)))
    image = len(op.inputs[0].shape) == 4
    size = window.input if hasattr(op, "window") else op.inputs[0].shape[2:] if image else (1, 1)
    out = window.output if hasattr(op, "window") else size
    return {
        "height": size[0],
        "width": size[1],
        "channels": op.inputs[0].shape[1],
        "output_height": out[0],
        "output_width": out[1],
        "filters": op.output.shape[1],
        "kernel_height": window.kernel[0],
        "kernel_width": window.kernel[1],
        "stride_y": window.strides[0],
        "stride_x": window.strides[1],
        "dilation_y": window.dilations[0],
        "dilation_x": window.dilations[1],
        "pad_top": window.pads[0],
        "pad_left": window.pads[1],
    }


def _weights(op: Conv | FullyConnected) -> Array:
    """int8, channels last."""
    if isinstance(op, FullyConnected):
        return op.weights
    return op.weights[:, 0].transpose(1, 2, 0) if op.depthwise else op.weights.transpose(0, 2, 3, 1)
