"""The largest byte under a window, or of a whole image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from codegen.ir.graph import Op, tensor
from codegen.ir.types import Array
from codegen.operator import Operator
from codegen.reader.context import Context, integers, label, only_stage, quantized_input
from codegen.reader.stages import Quantized, Stage
from codegen.window import Window, image_size, output_shape, read_window


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
    source = quantized_input(context, node, [only_stage(context, node, stages)])
    if any(node.output[1:]):
        raise context.fail(node, "its indices are asked for", "leave out the second output")
    kernel = integers(context, node, "kernel_shape", ())
    window = read_window(context, node, source, kernel)
    shape = output_shape(source, source.shape[1], window.output)
    output = tensor(node.output[0], shape, source.quantization)
    return context.emit(MaxPool(label(node), (source,), (output,), window))


def _global(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    source = quantized_input(context, node, [only_stage(context, node, stages)])
    window = read_window(context, node, source, source.shape[2:])
    shape = output_shape(source, source.shape[1], (1, 1))
    output = tensor(node.output[0], shape, source.quantization)
    op = MaxPool(label(node), (source,), (output,), window)
    context.emit(op)
    return Quantized(output)


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
    """MaxPool and GlobalMaxPool."""

    stem = "max_pool"
    op_type = MaxPool
    handlers = {"MaxPool": _max_pool, "GlobalMaxPool": _global}  # noqa: RUF012
    channels_last = True

    def reference(self, op: MaxPool, *inputs: Array) -> Array:
        """Of bytes: scales are positive."""
        (values,) = inputs
        largest: Array = np.maximum.reduce(windows(values, op.window, -128))
        return largest


OPERATOR = MaxPoolOperator()
