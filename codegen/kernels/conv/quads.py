"""Convolutions by quad split: four filters in three sums, two pixels at a time.

Filters A, B, C, D of a quad share two words, each with the weights of two elements of a window; the
sums are taken apart as in `codegen/kernels/fully_connected/chain/quad_split.py`:

    second word's lanes  C + 256 * D        first word's lanes  (A + 128) + 256 * B
    and, made of both as the loop runs,     B + 256 * C

Exact where the lanes fit 16 bits and the sums of products of all filters 24 bits: `refusal` checks
both for every weight and every input. Biases are added to the parted sums.
firmware/runtime/kernels/nn_conv_quads.c, nn_quads.c.
"""

from __future__ import annotations

import numpy as np

from codegen.ir.types import Int64Array
from codegen.kernels.conv.portable import conv_fields, overlap
from codegen.kernels.instructions import window_loads
from codegen.kernels.kernel import Activity, Constants, Kernel, Lowered
from codegen.kernels.weights import FOLDED_BIAS
from codegen.ops.conv import Conv
from codegen.target import Target

QUAD = 4
_OFFSET = 128
_SUM_LIMIT = 1 << 23
# Bytes of scratch: of four elements, themselves and two pixels' as int16; of a quad, its outputs.
_SCRATCH_OF_FOUR, _SCRATCH_OF_QUAD = 4 + 16, 8


def in_quads(op: Conv) -> Int64Array:
    """[quads, 4, elements]: filters over their windows, channels last, filled up with zeros.

    Elements are filled to a multiple of four.
    """
    rows = op.weights.astype(np.int64).transpose(0, 2, 3, 1).reshape(op.rows, -1)
    padded = np.pad(rows, ((0, -op.rows % QUAD), (0, -rows.shape[1] % 4)))
    return padded.reshape(-1, QUAD, padded.shape[1])


def refusal(quads: Int64Array) -> str:
    """Why the split is not exact for every input; empty when it is.

    Args:
        quads: those of `in_quads`.
    """
    _, b, c, d = np.moveaxis(quads, 1, 0)
    positive, negative = np.maximum(quads, 0).sum(2), np.minimum(quads, 0).sum(2)
    largest = 127 * positive - 128 * negative
    smallest = -128 * positive + 127 * negative
    if largest.max() >= _SUM_LIMIT or smallest.min() < -_SUM_LIMIT:
        return "sums beyond 24 bits"
    if ((c == -128) & (b < 0)).any() or ((d == -128) & (c < 0)).any():
        return "-128 beside a negative weight"
    return ""


def words(quads: Int64Array) -> bytes:
    """Little-endian words [quads][steps][2]: C and D, then A and B, of each step's two elements.

    Steps take elements 0 and 2, then 1 and 3 of each four, as SXTB16 widens them.
    """
    a, b, c, d = np.moveaxis(quads, 1, 0)
    lanes = np.stack([c + 256 * d, a + _OFFSET + 256 * b], axis=-1) & 0xFFFF
    # [quads, fours, first or second of the step, which step, word] → [quads, fours, step, word]
    steps = lanes.reshape(len(quads), -1, 2, 2, 2)
    packed = steps[:, :, 0] | steps[:, :, 1] << 16
    return packed.astype("<u4").tobytes()


def _filled(values: np.ndarray[tuple[int, ...], np.dtype[np.generic]], kind: str) -> bytes:
    """[outputs] as `kind`, with zeros up to whole quads."""
    return np.pad(values, (0, -len(values) % QUAD)).astype(kind).tobytes()


class Quads(Kernel):
    """Four filters and two pixels at a time."""

    name = "quads"
    portable = False
    op_type = Conv

    def fits(self, op: Conv, target: Target) -> str:
        """A processor with SMLAD and float32; one group of symmetric filters, split exactly."""
        if not target.packed_arithmetic:
            return "no instruction for two products, or no FPU"
        if op.groups > 1:
            return "groups"
        if op.asymmetric:
            return "its weights have zero points"
        if not op.plain:
            return "biases beyond int32, or float32 out"
        return refusal(in_quads(op))

    def cost(self, op: Conv, target: Target, activity: Activity) -> float:
        """Of two pixels: 24 for four elements of a quad, 143 for its outputs, 95 around."""
        fours = -(-int(op.weights[0].size) // 4)
        quads = -(-op.rows // QUAD)
        pairs = -(-op.window.positions // 2)
        loads = window_loads(op.window, op.input.shape[1], 1)
        return pairs * (quads * (24.0 * fours + 143.0) + 95.0) + loads

    def in_rows(self, op: Conv, target: Target, count: int) -> Lowered:
        """As alone."""
        return self.lower(op, target)

    def lower(self, op: Conv, target: Target) -> Lowered:
        """Weights first: the loop loads a step ahead, into the biases."""
        quads = in_quads(op)
        shape = f"[{len(quads)}][{quads.shape[2] // 2}][2]"
        rows = len(quads) * QUAD
        return Lowered(
            op=op,
            stem="conv",
            kernel=self.name,
            why="four filters in three sums",
            constants=(
                Constants("weights", f"weights of four filters, uint32 {shape}", words(quads)),
                Constants(
                    "bias",
                    f"{FOLDED_BIAS}, int32 [{rows}]",
                    _filled(op.folded_bias, "<i4"),
                ),
                Constants(
                    "multipliers",
                    f"requantization multipliers, float32 [{rows}]",
                    _filled(op.multipliers, "<f4"),
                    counted=False,
                ),
            ),
            overlaps=(overlap(op, at_once=2),),
            scratch=_SCRATCH_OF_FOUR * (quads.shape[2] // 4) + _SCRATCH_OF_QUAD * len(quads),
            fields=conv_fields(op, op.window, op.groups, "nn_conv_quads", weights_type="ai_u32"),
            sources=("conv_quads", "conv_window", "quads"),
        )


KERNELS = (Quads(),)
