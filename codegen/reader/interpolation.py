"""Resize with mode linear: for each axis the two neighbours of each new position, in fractions.

Source: ONNX operator specification, Resize, "coordinate_transformation_mode".
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor, lcm

import numpy as np
import onnx

from codegen.ir.types import Int32Array
from codegen.reader.context import Context, integer, text
from codegen.reader.selections import Shape, resized

# Two axes' denominators together stay below 2^23, so that sums of 255 times that fit 32 bits.
MAX_WHOLE = 2896
_ROUNDED_WHOLE = 2048


@dataclass(frozen=True, eq=False)
class Neighbours:
    """New position i is (a * (whole - fraction[i]) + b * fraction[i]) / whole.

    Where a is x[first[i]] and b is x[first[i] + 1].

    Attributes:
        size: elements of the old axis; behind its last one stands the last one again.
        first, fraction: int32 [size of the new axis].
    """

    size: int
    first: Int32Array
    fraction: Int32Array
    whole: int

    @property
    def second(self) -> Int32Array:
        """The positions behind the first ones."""
        following: Int32Array = np.minimum(self.first + 1, self.size - 1).astype(np.int32)
        return following

    @property
    def content(self) -> bytes:
        """All of it, for the model's identity."""
        blocks = (np.array([self.size, self.whole]), self.first, self.fraction)
        return b"".join(each.astype("<i4").tobytes() for each in blocks)


def read_interpolation(
    context: Context, node: onnx.NodeProto, shape: Shape
) -> tuple[Shape, Neighbours, Neighbours]:
    """The new shape, and the neighbours along height and width.

    Raises:
        UserError: attributes that are not supported, or other axes than those of an image.
    """
    for name in ("antialias", "exclude_outside"):
        if integer(context, node, name, 0):
            raise context.fail(node, f"{name} is not supported", "export without it")
    result, scales = resized(context, node, shape)
    if len(shape) not in (3, 4) or result[:2] != shape[:2]:
        raise context.fail(
            node,
            f"resizes {list(shape)} to {list(result)}",
            "resize height and width of [1, channels, height, width] only",
        )
    axes = [
        _neighbours(context, node, size, new, scale)
        for size, new, scale in zip(shape[2:], result[2:], scales[2:], strict=True)
    ]
    if len(axes) == 1:
        none = np.zeros(1, np.int32)
        axes.insert(0, Neighbours(1, none, none, 1))
    return result, axes[0], axes[1]


def _neighbours(
    context: Context, node: onnx.NodeProto, size: int, new: int, scale: float
) -> Neighbours:
    places = [
        min(max(place, Fraction(0)), Fraction(size - 1))
        for place in _places(context, node, size, new, scale)
    ]
    first = [floor(place) for place in places]
    parts = [place - start for place, start in zip(places, first, strict=True)]
    whole = 1
    for part in parts:
        whole = lcm(whole, part.denominator) if whole <= MAX_WHOLE else whole
    if whole > MAX_WHOLE:
        whole = _ROUNDED_WHOLE
    numerators = np.array([round(part * whole) for part in parts], np.int32)
    return Neighbours(size, np.array(first, np.int32), numerators, whole)


def _places(
    context: Context, node: onnx.NodeProto, size: int, new: int, scale: float
) -> list[Fraction]:
    """Where each new position lies on the old axis, exactly."""
    default = "half_pixel" if node.op_type == "Resize" and len(node.input) > 2 else "asymmetric"
    mode = text(context, node, "coordinate_transformation_mode", default)
    # A float32 scale stands for the ratio of the sizes, where it is as near to it as it can be.
    ratio = Fraction(new, size)
    if np.float32(scale) != np.float32(new / size):
        ratio = Fraction(scale)
    half = Fraction(1, 2)
    if mode == "align_corners":
        step = Fraction(size - 1, new - 1) if new > 1 else Fraction(0)
        return [step * i for i in range(new)]
    if mode == "asymmetric":
        return [i / ratio for i in range(new)]
    if mode == "pytorch_half_pixel" and new == 1:
        return [Fraction(0)]
    if mode in ("half_pixel", "pytorch_half_pixel"):
        return [(i + half) / ratio - half for i in range(new)]
    raise context.fail(
        node, f"coordinate_transformation_mode '{mode}' is not supported", "use half_pixel"
    )
