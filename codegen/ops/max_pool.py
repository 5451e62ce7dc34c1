"""The largest byte under a window, or of a whole image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from codegen.ir.graph import Op, Value, tensor
from codegen.ir.types import Array
from codegen.operator import Operator
from codegen.ops.reshape import reshape
from codegen.reader.context import (
    Context,
    integers,
    label,
    moved,
    only_stage,
    quantization_of,
)
from codegen.reader.reduction import as_image, read_reduction
from codegen.reader.stages import Stage
from codegen.window import Window, image_size, output_shape, read_whole, read_window


@dataclass(frozen=True, eq=False)
class MaxPool(Op):
    """y = max of x under the window; padding never wins, and the quantization stays."""

    window: Window

    @property
    def content(self) -> tuple[bytes, ...]:
        """The window, for the model's identity."""
        return (self.window.content,)

    @property
    def detail(self) -> str:
        """The window."""
        return f"{self.window.kernel[0]}x{self.window.kernel[1]}"


def _max_pool(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    if any(node.output[1:]):
        raise context.fail(node, "its indices are asked for", "leave out the second output")
    given = only_stage(context, node, stages).shape
    window = read_window(context, node, given, integers(context, node, "kernel_shape", ()))
    return _pooled(context, node, stages, window)


def _global(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    given = only_stage(context, node, stages).shape
    return _pooled(context, node, stages, read_whole(context, node, given))


def _pooled(
    context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None], window: Window
) -> Stage:
    """Before or after quantizing, a maximum is the same."""
    shape = output_shape(only_stage(context, node, stages).shape, window.output)
    return moved(context, node, stages, shape, lambda source: _emit(context, node, source, window))


def _emit(context: Context, node: onnx.NodeProto, source: Value, window: Window) -> Value:
    shape = output_shape(source.shape, window.output)
    output = tensor(node.output[0], shape, quantization_of(context, node, source))
    return context.emit(MaxPool(label(node), (source,), (output,), window)).value


def _reduce(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    asked = read_reduction(context, node, only_stage(context, node, stages).shape)

    def move(source: Value) -> Value:
        if not asked.reduced:
            return source
        image = as_image(context, node, source, asked)
        largest = _emit(context, node, image, read_whole(context, node, image.shape))
        return reshape(context, node, largest, asked.result)

    return moved(context, node, stages, asked.result, move)


def windows(values: Array, window: Window, filler: int) -> list[Array]:
    """For each tap of the window, [N, channels, *window.output] of [N, channels, (height,) width].

    Args:
        filler: what stands outside the image.
    """
    size = image_size(values.shape)
    image = values.reshape(len(values), values.shape[1], *size)
    (rows, columns), (above, left, below, right) = window.output, window.pads
    reach = [
        (window.output[i] - 1) * window.strides[i]
        + (window.kernel[i] - 1) * window.dilations[i]
        + 1
        for i in (0, 1)
    ]
    # With ceil_mode the last window may reach further than the padding.
    below = max(below, reach[0] - size[0] - above)
    right = max(right, reach[1] - size[1] - left)
    padded = np.pad(image, ((0, 0), (0, 0), (above, below), (left, right)), constant_values=filler)
    parts = []
    for tap in range(window.taps):
        y, x = divmod(tap, window.kernel[1])
        y, x = y * window.dilations[0], x * window.dilations[1]
        down, along = window.strides
        parts.append(
            padded[
                :,
                :,
                y : y + (rows - 1) * down + 1 : down,
                x : x + (columns - 1) * along + 1 : along,
            ]
        )
    return parts


class MaxPoolOperator(Operator):
    """MaxPool, GlobalMaxPool and ReduceMax."""

    stem = "max_pool"
    op_type = MaxPool
    limits = "Of rank 3 and 4, but reductions of any rank; positions (a second output) are refused."
    handlers = {  # noqa: RUF012
        "MaxPool": _max_pool,
        "GlobalMaxPool": _global,
        "ReduceMax": _reduce,
    }
    channels_last = True

    def reference(self, op: MaxPool, *inputs: Array) -> Array:
        """Of bytes: scales are positive."""
        (values,) = inputs
        largest: Array = np.maximum.reduce(windows(values, op.window, -128))
        return largest


OPERATOR = MaxPoolOperator()
