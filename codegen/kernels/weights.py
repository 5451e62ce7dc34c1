"""Blocks of constants that the portable kernels of all weighted sums read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from codegen.ir.types import DType, Int8Array
from codegen.kernels.kernel import Constants
from codegen.weighted_sum import WeightedSum


@dataclass(frozen=True)
class Sums:
    """The fields of `nn_sums` (firmware/runtime/kernels/nn_sums.h)."""

    zero_point: int
    low: int
    high: int
    fraction: int
    wide: bool
    real: bool


def sums_of(op: WeightedSum) -> Sums:
    """What becomes of the sums of an operation."""
    low, high = op.clamp
    quantization = op.output.type.quantization
    return Sums(
        zero_point=0 if quantization is None else quantization.zero_point,
        low=low,
        high=high,
        fraction=op.fraction,
        wide=op.wide,
        real=op.output.dtype is DType.FLOAT32,
    )


def stored_weights(op: WeightedSum) -> tuple[Int8Array, Int8Array | None]:
    """Weights as int8 [outputs, …], and the zero point of each output, or None when all are 0."""
    if not op.asymmetric:
        return op.weights.astype(np.int8, copy=False), None
    rows = op.weights.reshape(op.rows, -1).astype(np.int16)
    # A row spans 255 at most: it was 8 bits once.
    zeros = np.clip(0, -128 - rows.min(1), 127 - rows.max(1)).astype(np.int16)
    stored = (rows + zeros[:, None]).astype(np.int8).reshape(op.weights.shape)
    return stored, zeros.astype(np.int8)


# What a bias with `WeightedSum.folded_bias` is called.
FOLDED_BIAS = "bias with the input zero point folded in"


def weight_constants(
    op: WeightedSum, weights: Int8Array, zero_points: Int8Array | None, *, folded: bool
) -> tuple[Constants, ...]:
    """Biases, multipliers, weights, zero points.

    Args:
        weights, zero_points: those of `stored_weights`, in the order in which the kernel reads
            them.
        folded: the biases hold the input's zero point.
    """
    bias, title = (op.folded_bias, FOLDED_BIAS) if folded else (op.bias, "bias")
    kind = "int64" if op.wide else "int32"
    point = f", {op.fraction} bits behind the point" if op.fraction else ""
    shape = "".join(f"[{size}]" for size in weights.shape)
    blocks = (
        Constants(
            "bias",
            f"{title}, {kind} [{op.rows}]{point}",
            bias.astype("<i8" if op.wide else "<i4").tobytes(),
        ),
        Constants(
            "multipliers",
            f"requantization multipliers, float32 [{op.rows}]",
            op.multipliers.astype("<f4").tobytes(),
            counted=False,
        ),
        Constants("weights", f"weights, int8 {shape}", weights.tobytes()),
    )
    if zero_points is None:
        return blocks
    points = f"zero points of the weights, int8 [{op.rows}]"
    return (*blocks, Constants("zero_points", points, zero_points.tobytes()))
