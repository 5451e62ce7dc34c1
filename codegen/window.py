"""A window that slides over an image: of convolutions and pools.

Always two-dimensional; a signal of one dimension is an image of height 1. Sources: ONNX Operators,
Conv and MaxPool: "auto_pad", "ceil_mode", the output's shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import onnx

from codegen.reader.context import Context, integer, integers, text

# Nothing that fits a microcontroller comes near; keeps every product of two of them in 64 bits.
MAX_SIDE = 1 << 20

Pair = tuple[int, int]


@dataclass(frozen=True)
class Window:
    """Sizes are (height, width) of the image.

    Attributes:
        pads: rows above, columns to the left, rows below, columns to the right.
        output: size of what comes out.
    """

    input: Pair
    output: Pair
    kernel: Pair
    strides: Pair = (1, 1)
    dilations: Pair = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def positions(self) -> int:
        """Where the window can be."""
        return self.output[0] * self.output[1]

    @property
    def taps(self) -> int:
        """Elements of one channel under the window."""
        return self.kernel[0] * self.kernel[1]

    @property
    def content(self) -> bytes:
        """All of it, for the model's identity."""
        return repr((self.output, self.kernel, self.strides, self.dilations, self.pads)).encode()


def image_size(shape: Sequence[int]) -> Pair:
    """(height, width) of a value [1, channels, (height,) width]."""
    return (1, shape[2]) if len(shape) == 3 else (shape[2], shape[3])


def output_shape(source: Sequence[int], size: Pair, channels: int | None = None) -> tuple[int, ...]:
    """The shape of an image of another size, with the rank and, if not given, the channels of
    `source`."""
    return (1, source[1] if channels is None else channels, *size[4 - len(source) :])


def read_window(
    context: Context, node: onnx.NodeProto, source: Sequence[int], kernel: Sequence[int]
) -> Window:
    """The window of a convolution or a pool.

    Args:
        source: the shape of what it slides over.
        kernel: its size as the weights or the attribute `kernel_shape` have it.

    Raises:
        UserError: attributes that make no window, or one that is larger than the padded input.
    """
    rank = check_image(context, node, source)
    if len(kernel) != rank:
        raise context.fail(
            node, f"its kernel has {len(kernel)} sizes for {rank} axes", "export the model again"
        )
    sides = _image(context, node, "kernel_shape", kernel, least=1)
    strides, dilations = (
        read_pair(context, node, name, rank, default=1, least=1)
        for name in ("strides", "dilations")
    )
    size = image_size(source)
    pads = _pads(context, node, rank, [size, sides, strides, dilations])
    ceil = integer(context, node, "ceil_mode", 0) != 0
    output = [0, 0]
    for i in (0, 1):
        span = size[i] + pads[i] + pads[i + 2] - dilations[i] * (sides[i] - 1) - 1
        output[i] = span // strides[i] + 1 if span >= 0 else 0
        # A window that would begin in the padding behind does not count.
        if ceil and span % strides[i]:
            counts = output[i] * strides[i] < size[i] + pads[i]
            output[i] += counts
            context.shapes_may_differ |= not counts
    if min(output) < 1:
        raise context.fail(
            node,
            f"its window of {list(kernel)} is larger than its padded input {list(source)}",
            "change the padding or the kernel",
        )
    return Window(size, (output[0], output[1]), sides, strides, dilations, pads)


def read_whole(context: Context, node: onnx.NodeProto, source: Sequence[int]) -> Window:
    """The window that holds all of an image, for an operator without attributes.

    Raises:
        UserError: `source` is no image.
    """
    check_image(context, node, source)
    return Window(image_size(source), (1, 1), image_size(source))


def check_image(context: Context, node: onnx.NodeProto, source: Sequence[int]) -> int:
    """The number of axes behind the channels, 1 or 2.

    Raises:
        UserError: `source` is no image.
    """
    if len(source) not in (3, 4):
        raise context.fail(
            node,
            f"its input has shape {list(source)}",
            "give it [1, channels, length] or [1, channels, height, width]",
        )
    return len(source) - 2


def _image(
    context: Context, node: onnx.NodeProto, name: str, values: Sequence[int], *, least: int
) -> Pair:
    """One or two numbers as those of an image; of height 1 (or padded by 0) for a signal."""
    if len(values) not in (1, 2) or not all(least <= value <= MAX_SIDE for value in values):
        raise context.fail(
            node, f"its {name} {list(values)[:8]} does not fit an image", "export the model again"
        )
    return (least, values[0]) if len(values) == 1 else (values[0], values[1])


def read_pair(
    context: Context, node: onnx.NodeProto, name: str, rank: int, *, default: int, least: int
) -> Pair:
    """An attribute of one number for each axis of the image.

    Raises:
        UserError: too many or too few, or one below `least`.
    """
    values = integers(context, node, name, (default,) * rank)
    if len(values) != rank:
        raise context.fail(node, f"it has {len(values)} {name}", "export the model again")
    return _image(context, node, name, values, least=least)


def _pads(
    context: Context, node: onnx.NodeProto, rank: int, sizes: Sequence[Pair]
) -> tuple[int, int, int, int]:
    """Above, left, below, right."""
    auto = text(context, node, "auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        pads = [_same(*(pair[i] for pair in sizes)) for i in (0, 1)]
        first = [(pad + (auto == "SAME_LOWER")) // 2 for pad in pads]
        return (first[0], first[1], pads[0] - first[0], pads[1] - first[1])
    if auto == "VALID":
        return (0, 0, 0, 0)
    if auto not in ("NOTSET", ""):
        raise context.fail(node, f"auto_pad '{auto}' is unknown", "export the model again")
    given = integers(context, node, "pads", (0,) * (2 * rank))
    if len(given) != 2 * rank:
        raise context.fail(node, f"it has {len(given)} pads", "export the model again")
    before = _image(context, node, "pads", given[:rank], least=0)
    after = _image(context, node, "pads", given[rank:], least=0)
    return (*before, *after)


def _same(size: int, side: int, stride: int, dilation: int) -> int:
    """Pads that make ceil(size / stride) outputs."""
    outputs = -(-size // stride)
    return max(0, (outputs - 1) * stride + dilation * (side - 1) + 1 - size)
