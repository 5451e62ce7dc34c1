"""Softmax of float32 numbers that nobody quantized: two tables of exponentials, then integers.

What follows the exponentials is an integer Softmax's: codegen/ops/softmax.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from codegen.ir.graph import Op
from codegen.ir.types import Array, Int8Array, Int64Array
from codegen.operator import Operator

# 2^20 keeps the sum of 2,048 exponentials in 31 bits, far finer than the 1/256 of an output step.
EXPONENTIAL_BITS = 20
# Fraction bits of 1 / output_scale; with scales of at least 2^-11 all products stay below 2^48.
STEP_BITS = 16
# Distances from the largest number in 4096ths, below 16: exp(-16) is less than 2^-20.
DISTANCE_BITS = 12
LAST_DISTANCE = (1 << 16) - 1
# Of each table's entries; the product of two has twice as many.
TABLE_BITS = 24


@dataclass(frozen=True, eq=False)
class FloatSoftmax(Op):
    """y[i] = round(e[max - x[i]] / scale / Σe) + zero_point along an axis, x float32.

    Attributes:
        axis: of the model's shape.
    """

    axis: int

    @property
    def content(self) -> tuple[bytes, ...]:
        """The axis, for the model's identity."""
        return (bytes([self.axis]),)

    @property
    def steps(self) -> int:
        """round(2^16 / output_scale): output steps that make one, with 16 fraction bits."""
        return output_steps(self)


def output_steps(op: Op) -> int:
    """round(2^16 / output_scale) of any Softmax."""
    return int(np.rint((1 << STEP_BITS) / float(op.output.quantization.scale)))


def tables() -> npt.NDArray[np.uint32]:
    """uint32 [512]: round(2^24 * exp(-i / 16)), then round(2^24 * exp(-i / 4096)), i = 0 … 255."""
    distances = np.arange(256) / np.array([[16.0], [4096.0]])
    found: npt.NDArray[np.uint32] = np.rint(np.exp(-distances) * (1 << TABLE_BITS)).astype(
        np.uint32
    )
    return found.reshape(-1)


def shares(op: Op, powers: Int64Array, steps: int, axis: int) -> Int8Array:
    """Each exponential's part of their sum along an axis, rounded half up to output steps."""
    unit = powers.sum(axis, keepdims=True) << STEP_BITS
    rounded = (2 * powers * steps + unit) // (2 * unit)
    shifted = rounded + op.output.quantization.zero_point
    stored: Int8Array = np.clip(shifted, -128, 127).astype(np.int8)
    return stored


class FloatSoftmaxOperator(Operator):
    """Float32 up to a distance in 4096ths, integers from there."""

    stem = "float_softmax"
    op_type = FloatSoftmax
    handlers = {}  # noqa: RUF012

    def reference(self, op: FloatSoftmax, *inputs: Array) -> Array:
        """docs/numerics.md, "Softmax of float sums"."""
        (values,) = inputs
        largest = values.max(op.axis, keepdims=True)
        with np.errstate(invalid="ignore", over="ignore"):
            # Of the largest itself 0, also where it is infinite.
            apart = np.where(values < largest, largest - values, np.float32(0))
        limit = np.float32(LAST_DISTANCE / (1 << DISTANCE_BITS))
        scaled = np.minimum(apart, limit) * np.float32(1 << DISTANCE_BITS)
        distance = np.rint(scaled).astype(np.int64)
        coarse, fine = tables().astype(np.int64).reshape(2, 256)
        half = 1 << (2 * TABLE_BITS - EXPONENTIAL_BITS - 1)
        products = coarse[distance >> 8] * fine[distance & 255] + half
        powers = products >> (2 * TABLE_BITS - EXPONENTIAL_BITS)
        return shares(op, powers, op.steps, op.axis)


OPERATOR = FloatSoftmaxOperator()
