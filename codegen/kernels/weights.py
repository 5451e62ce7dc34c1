"""Blocks of constants that the portable kernels of all weighted sums read."""

from __future__ import annotations

from codegen.ir.types import Int8Array, Int32Array, Int64Array
from codegen.kernels.kernel import Constants
from codegen.weighted_sum import WeightedSum


def weight_constants(
    op: WeightedSum, bias: Int32Array | Int64Array, folded: str, weights: Int8Array
) -> tuple[Constants, ...]:
    """Biases, multipliers, weights.

    Args:
        bias: [outputs], as the kernel adds them.
        folded: what the biases hold beside themselves, for the comment.
        weights: in the order in which the kernel reads them.
    """
    kind = "int64" if op.wide else "int32"
    shape = "".join(f"[{size}]" for size in weights.shape)
    return (
        Constants(
            "bias",
            f"bias{folded}, {kind} [{op.rows}]",
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
