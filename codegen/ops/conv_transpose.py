"""Transposed convolutions: each input pixel adds a window of products to the output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import onnx

from codegen.ir.graph import Value
from codegen.ir.types import Array
from codegen.operator import Operator
from codegen.ops.conv import images
from codegen.reader.context import (
    Context,
    integer,
    integers,
    label,
    only_stage,
    quantized_input,
    text,
)
from codegen.reader.stages import Stage
from codegen.reader.weights import by_output, quantized_weights
from codegen.weighted_sum import WeightedDraft, WeightedSum
from codegen.window import MAX_SIDE, Pair, Window, check_image, image_size, output_shape, read_pair


@dataclass(frozen=True, eq=False)
class ConvTranspose(WeightedSum):
    """Input pixel i reaches output pixels i * stride - pad + k * dilation.

    Weights are [outputs, inputs / groups, height, width], as those of a convolution.
    """

    window: Window = field(kw_only=True)
    groups: int = field(kw_only=True)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference, those that are cropped included."""
        return int(self.weights.size) * self.window.input[0] * self.window.input[1]

    @property
    def detail(self) -> str:
        """The window."""
        return f"{self.window.kernel[0]}x{self.window.kernel[1]}"

    @property
    def content(self) -> tuple[bytes, ...]:
        """Weights, biases, scales and window, for the model's identity."""
        return (*super().content, str(self.groups).encode(), self.window.content)


def _read(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    source = quantized_input(context, node, [only_stage(context, node, stages)])
    constant = quantized_weights(context, node, len(source.shape), "a convolution of its input")
    stored, per_filter = by_output(context, node, constant, 1)
    inputs, filters = stored.shape[:2]
    groups = integer(context, node, "group", 1)
    if groups < 1 or inputs != source.shape[1] or inputs % groups:
        raise context.fail(
            node,
            f"{groups} groups and weights of {inputs} inputs do not fit {source.shape[1]} channels",
            "export the model again",
        )
    window = _window(context, node, source, stored.shape[2:])
    # [groups, inputs of a group, filters of a group, …] → [outputs, inputs of a group, …]
    grouped: Array = stored.reshape(groups, inputs // groups, filters, *window.kernel)
    weights = grouped.swapaxes(1, 2).reshape(groups * filters, inputs // groups, *window.kernel)
    draft = WeightedDraft(
        name=label(node),
        shape=output_shape(source.shape, window.output, groups * filters),
        context=context,
        node=node,
        source=source,
        weights=np.ascontiguousarray(weights),
        scales=np.tile(per_filter, groups),
        make=partial(ConvTranspose, window=window, groups=groups),
    )
    return draft.with_bias(node, 2) if len(node.input) > 2 and node.input[2] else draft


def _window(context: Context, node: onnx.NodeProto, source: Value, kernel: Sequence[int]) -> Window:
    """Source: ONNX Operators, ConvTranspose, "output_shape"."""
    rank = check_image(context, node, source.shape)
    size = image_size(source.shape)
    sides = (1, kernel[0]) if rank == 1 else (kernel[0], kernel[1])
    strides, dilations = (
        read_pair(context, node, name, rank, default=1, least=1)
        for name in ("strides", "dilations")
    )
    extra = read_pair(context, node, "output_padding", rank, default=0, least=0)
    whole = [
        strides[i] * (size[i] - 1) + extra[i] + dilations[i] * (sides[i] - 1) + 1 for i in (0, 1)
    ]
    pads = _pads(context, node, rank, whole, (size, strides))
    output = (whole[0] - pads[0] - pads[2], whole[1] - pads[1] - pads[3])
    if min(output) < 1 or max(output) > MAX_SIDE:
        raise context.fail(node, f"its output would be {list(output)}", "change the padding")
    return Window(size, output, sides, strides, dilations, pads)


def _pads(
    context: Context,
    node: onnx.NodeProto,
    rank: int,
    whole: Sequence[int],
    image: tuple[Pair, Pair],
) -> tuple[int, int, int, int]:
    """What is cropped above, left, below, right; negative below and right where zeros are added."""
    auto = text(context, node, "auto_pad", "NOTSET")
    wanted = integers(context, node, "output_shape", ())
    if wanted:
        wanted = wanted[-rank:]
        if len(wanted) != rank or not all(1 <= side <= MAX_SIDE for side in wanted):
            raise context.fail(node, f"its output_shape is {list(wanted)[:8]}", "export again")
        sides: Sequence[int] = (1, wanted[0]) if rank == 1 else wanted
        total = [whole[i] - sides[i] for i in (0, 1)]
    elif auto in ("SAME_UPPER", "SAME_LOWER"):
        total = [whole[i] - image[0][i] * image[1][i] for i in (0, 1)]
    elif auto in ("NOTSET", "", "VALID"):
        if auto == "VALID":
            return (0, 0, 0, 0)
        given = integers(context, node, "pads", (0,) * (2 * rank))
        if len(given) != 2 * rank or not all(0 <= pad <= MAX_SIDE for pad in given):
            raise context.fail(node, f"its pads are {list(given)[:8]}", "export the model again")
        return (0, given[0], 0, given[1]) if rank == 1 else (given[0], given[1], given[2], given[3])
    else:
        raise context.fail(node, f"auto_pad '{auto}' is unknown", "export the model again")
    total = [max(0, pad) for pad in total] if not wanted else total
    first = [pad // 2 if auto == "SAME_UPPER" else pad - pad // 2 for pad in total]
    if min(first) < 0:
        raise context.fail(
            node, "its output_shape is larger than what it computes", "use output_padding"
        )
    return (first[0], first[1], total[0] - first[0], total[1] - first[1])


class ConvTransposeOperator(Operator):
    """ConvTranspose of rank 3 and 4."""

    stem = "conv_transpose"
    op_type = ConvTranspose
    handlers = {"ConvTranspose": _read}  # noqa: RUF012
    channels_last = True

    def reference(self, op: ConvTranspose, *inputs: Array) -> Array:
        """docs/numerics.md, "Convolution"."""
        (values,) = inputs
        window, count = op.window, len(values)
        shifted = images(op, values).reshape(
            count, op.groups, -1, window.input[0] * window.input[1]
        )
        matrices = op.weights.astype(np.float64).reshape(
            op.groups, -1, op.weights.shape[1], window.taps
        )
        # The whole output, of which pads are cropped; with room for what they may add.
        whole = [
            max(
                window.strides[i] * (window.input[i] - 1)
                + window.dilations[i] * (window.kernel[i] - 1)
                + 1,
                window.pads[i] + window.output[i],
            )
            for i in (0, 1)
        ]
        sums = np.zeros((count, op.rows, *whole))
        for tap in range(window.taps):
            y, x = divmod(tap, window.kernel[1])
            y, x = y * window.dilations[0], x * window.dilations[1]
            products = (matrices[..., tap] @ shifted).reshape(count, op.rows, *window.input)
            sums[
                :,
                :,
                y : y + (window.input[0] - 1) * window.strides[0] + 1 : window.strides[0],
                x : x + (window.input[1] - 1) * window.strides[1] + 1 : window.strides[1],
            ] += products
        above, left = window.pads[:2]
        cropped = sums[:, :, above : above + window.output[0], left : left + window.output[1]]
        return op.requantize(cropped, 1)


OPERATOR = ConvTransposeOperator()
