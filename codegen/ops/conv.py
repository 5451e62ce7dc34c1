"""Convolutions of images and signals, in groups or depthwise, with ReLU or Clip in the clamp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt
import onnx

from codegen.ir.types import Array
from codegen.operator import Operator
from codegen.reader.context import Context, integer, label, only_stage, quantized_input
from codegen.reader.stages import Stage
from codegen.reader.weights import by_output, quantized_weights
from codegen.weighted_sum import WeightedDraft, WeightedSum
from codegen.window import Window, output_shape, read_window

# Elements of a padded input that the reference handles at once: bounds its memory.
_AT_ONCE = 1 << 22


@dataclass(frozen=True, eq=False)
class Conv(WeightedSum):
    """y = requantize(W * (x - zero_point) + b), padded with real zeros.

    Weights are [outputs, inputs / groups, height, width]; output channel o reads the inputs of
    group o // (outputs / groups).
    """

    window: Window = field(kw_only=True)
    groups: int = field(kw_only=True)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference, padding included."""
        return int(self.weights.size) * self.window.positions

    @property
    def detail(self) -> str:
        """Window, groups and what is fused."""
        height, width = self.window.kernel
        kind = "depthwise" if self.depthwise else f"{self.groups} groups" * (self.groups > 1)
        parts = (f"{height}x{width}", kind, super().detail)
        return ", ".join(part for part in parts if part)

    @property
    def depthwise(self) -> bool:
        """Each output channel reads one input channel of several."""
        return self.groups > 1 and self.weights.shape[1] == 1

    @property
    def content(self) -> tuple[bytes, ...]:
        """Weights, biases, scales and window, for the model's identity."""
        return (*super().content, str(self.groups).encode(), self.window.content)


def _conv(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    source = quantized_input(context, node, [only_stage(context, node, stages)])
    constant = quantized_weights(context, node, len(source.shape), "a convolution of its input")
    window = read_window(context, node, source.shape, constant.values.shape[2:])
    weights, scales = by_output(context, node, constant, 0)
    outputs, per_group = weights.shape[:2]
    groups = integer(context, node, "group", 1)
    if groups < 1 or outputs % groups or per_group * groups != source.shape[1]:
        raise context.fail(
            node,
            f"{groups} groups of {per_group} inputs do not fit {source.shape[1]} channels in and"
            f" {outputs} out",
            "export the model again",
        )
    draft = WeightedDraft(
        name=label(node),
        shape=output_shape(source.shape, window.output, int(outputs)),
        context=context,
        node=node,
        source=source,
        weights=weights.reshape(outputs, per_group, *window.kernel),
        scales=scales,
        make=partial(Conv, window=window, groups=groups),
    )
    return draft.with_bias(node, 2) if len(node.input) > 2 and node.input[2] else draft


def images(op: WeightedSum, values: Array) -> npt.NDArray[np.float64]:
    """[N, channels, (height,) width] bytes → float64 [N, channels, height, width] less the zero
    point."""
    size = values.shape[2:] if values.ndim == 4 else (1, values.shape[2])
    shaped = values.reshape(len(values), values.shape[1], *size)
    return shaped.astype(np.float64) - op.input.quantization.zero_point


def correlate(
    shifted: npt.NDArray[np.float64], weights: Array, window: Window, groups: int
) -> npt.NDArray[np.float64]:
    """Sums of products, [N, inputs, height, width] → [N, outputs, *window.output].

    Exact: products are below 2^16, and their number is far below 2^36.
    """
    count, channels = shifted.shape[:2]
    (rows, columns), (above, left, below, right) = window.output, window.pads
    step = max(1, _AT_ONCE // (channels * (shifted.shape[2] + above + below) * 8))
    per_group, outputs = weights.shape[1], len(weights)
    matrices = weights.astype(np.float64).reshape(groups, outputs // groups, per_group, -1)
    sums = np.zeros((count, groups, outputs // groups, rows * columns))
    for first in range(0, count, step):
        padded = np.pad(
            shifted[first : first + step], ((0, 0), (0, 0), (above, below), (left, right))
        )
        for tap in range(window.taps):
            y, x = divmod(tap, window.kernel[1])
            y, x = y * window.dilations[0], x * window.dilations[1]
            part = padded[
                :,
                :,
                y : y + (rows - 1) * window.strides[0] + 1 : window.strides[0],
                x : x + (columns - 1) * window.strides[1] + 1 : window.strides[1],
            ].reshape(len(padded), groups, per_group, -1)
            matrix = matrices[..., tap]
            added = part * matrix[:, :, 0, None] if per_group == 1 else matrix @ part
            sums[first : first + step] += added
    return sums.reshape(count, outputs, rows, columns)


class ConvOperator(Operator):
    """Conv of rank 3 and 4."""

    stem = "conv"
    op_type = Conv
    handlers = {"Conv": _conv}  # noqa: RUF012
    channels_last = True

    def reference(self, op: Conv, *inputs: Array) -> Array:
        """docs/numerics.md, "Convolution"."""
        (values,) = inputs
        sums = correlate(images(op, values), op.weights, op.window, op.groups)
        return op.requantize(sums, 1)


OPERATOR = ConvOperator()
