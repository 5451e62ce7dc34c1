"""Convolutions by quad split: four filters in three sums, two pixels at a time.

Filters A, B, C, D of a quad share two words, each with the weights of two elements of a window; the
sums are taken apart as in `codegen/kernels/fully_connected/chain/quad_split.py`:

    second word's lanes  C + 256 * D        first word's lanes  (A + 128) + 256 * B
    and, made of both as the loop runs,     B + 256 * C

Exact where the lanes fit 16 bits and the sums of products of all filters 24 bits: `refusal` checks
both for every weight and every input. Sums leave the split times 256, as SMMLA wants them: filters
that have its constants stand first, the others take the FPU, and each says where its byte goes.
firmware/runtime/kernels/nn_conv_quads.c, nn_quads.c.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from codegen.ir.types import Int64Array
from codegen.kernels.conv.portable import ConvFields, conv_fields
from codegen.kernels.instructions import window_loads
from codegen.kernels.integer_layer import IntegerLayer
from codegen.kernels.integer_requantize import Rows, search
from codegen.kernels.kernel import Activity, Constants, Kernel, Lowered
from codegen.ops.conv import Conv
from codegen.target import Target

QUAD = 4
_OFFSET = 128
_SUM_LIMIT = 1 << 23
# Bytes of scratch: of four elements, themselves and two pixels' as int16; what is loaded ahead.
_SCRATCH_OF_FOUR, _AHEAD = 4 + 16, 8
# A filter's byte goes to a place of 16 bits.
_MOST_FILTERS = 1 << 16


@dataclass(frozen=True)
class Order:
    """In which order filters stand in quads.

    Attributes:
        filters: int64 [4 * quads]: which filter; the last one again where none is left.
        integers: quads of which all filters have SMMLA's constants; the first ones.
        rows: those constants, of all filters.
    """

    filters: Int64Array
    integers: int
    rows: Rows


@dataclass(frozen=True)
class QuadsFields(ConvFields):
    """What the templates name."""

    integers: int
    shift: int


def filters_of(op: Conv) -> Int64Array:
    """[filters, elements]: each filter's window, channels last.

    Elements are filled up with zeros to a multiple of four.
    """
    rows = op.weights.astype(np.int64).transpose(0, 2, 3, 1).reshape(op.rows, -1)
    return np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))


def in_quads(filters: Int64Array, order: Int64Array) -> Int64Array:
    """[quads, 4, elements]: filters in that order."""
    return filters[order].reshape(-1, QUAD, filters.shape[1])


def layer_of(op: Conv) -> IntegerLayer:
    """Filters as rows over stored bytes; a narrower clamp comes afterwards."""
    return IntegerLayer(
        *(filters_of(op), op.folded_bias.astype(np.int64), op.multipliers),
        *(op.output.quantization.zero_point, -128, 127, 0),
    )


def natural(filters: int) -> Int64Array:
    """The model's own order, the last filter once more up to whole quads."""
    return np.pad(np.arange(filters), (0, -filters % QUAD), mode="edge")


@cache
def order_of(op: Conv) -> Order:
    """Filters with constants first, the others behind them, each in the order of the model.

    A weight of -128 needs its neighbours (`refusal`), so that nothing is moved then.
    """
    filters = filters_of(op)
    rows = search(layer_of(op))
    found = np.flatnonzero(rows.found)
    if (filters == -128).any():
        found = found[:0]
    whole = found[: len(found) // QUAD * QUAD]
    others = np.setdiff1d(np.arange(op.rows), whole)
    filled = np.pad(others, (0, -len(others) % QUAD), mode="edge") if len(others) else others
    return Order(np.concatenate([whole, filled]), len(whole) // QUAD, rows)


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


def words(quads: Int64Array) -> Int64Array:
    """Words [quads][steps][2]: C and D, then A and B, of each step's two elements.

    Steps take elements 0 and 2, then 1 and 3 of each four, as SXTB16 widens them.
    """
    a, b, c, d = np.moveaxis(quads, 1, 0)
    lanes = np.stack([c + 256 * d, a + _OFFSET + 256 * b], axis=-1) & 0xFFFF
    # [quads, fours, first or second of the step, which step, word] → [quads, fours, step, word]
    steps = lanes.reshape(len(quads), -1, 2, 2, 2)
    packed: Int64Array = steps[:, :, 0] | steps[:, :, 1] << 16
    return packed


def stream(op: Conv, order: Order) -> bytes:
    """Little-endian words [quads][steps * 2 + 10]: those of `words`, for each filter two constants,
    and of each the place of its byte, two to a word.

    The constants: factor and addend of SMMLA, or the multiplier as float32 and 256 * the bias.
    """
    quads = in_quads(filters_of(op), order.filters)
    weights = words(quads)
    multipliers = op.multipliers.astype("<f4").view(np.uint32).astype(np.int64)
    floats = np.stack([multipliers, op.folded_bias.astype(np.int64) << 8], axis=1)
    integers = np.stack([order.rows.factors, order.rows.addends], axis=1)
    by_integers = np.arange(len(order.filters)) < QUAD * order.integers
    constants = np.where(by_integers[:, None], integers[order.filters], floats[order.filters])
    places = order.filters.reshape(-1, 2, 2)
    made = np.concatenate(
        [
            weights.reshape(len(quads), -1),
            constants.reshape(len(quads), -1),
            (places[:, :, 0] | places[:, :, 1] << 16).reshape(len(quads), -1),
        ],
        axis=1,
    )
    return (made & 0xFFFFFFFF).astype("<u4").tobytes()


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
        if op.rows >= _MOST_FILTERS:
            return "too many filters"
        filters = filters_of(op)
        # 256 times as much is a word: of sums alone below, with their biases here.
        smallest, largest = layer_of(op).reach()
        if smallest.min() < -_SUM_LIMIT or largest.max() >= _SUM_LIMIT:
            return "sums beyond 24 bits"
        return refusal(in_quads(filters, natural(op.rows)))

    def cost(self, op: Conv, target: Target, activity: Activity) -> float:
        """Of two pixels: 24 for four elements of a quad, 85 for its outputs, 70 around."""
        fours = -(-int(op.weights[0].size) // 4)
        quads = -(-op.rows // QUAD)
        pairs = -(-op.window.positions // 2)
        loads = window_loads(op.window, op.input.shape[1], 1)
        return pairs * (quads * (24.4 * fours + 85.0) + 70.0) + loads

    def lower(self, op: Conv, target: Target) -> Lowered:
        """One block that is read from its beginning to its end."""
        order = order_of(op)
        fours = -(-int(op.weights[0].size) // 4)
        quads = len(order.filters) // QUAD
        shape = f"[{quads}][{4 * fours + 2 * QUAD + 2}]"
        fields = conv_fields(op, op.window, op.groups, "nn_conv_quads", weights_type="ai_u32")
        return Lowered(
            op=op,
            stem="conv_quads",
            kernel=self.name,
            why=f"four filters in three sums, {QUAD * order.integers} requantized by integers",
            constants=(
                Constants("weights", f"quads of filters, uint32 {shape}", stream(op, order)),
            ),
            scratch=_SCRATCH_OF_FOUR * fours + _AHEAD,
            fields=QuadsFields(**vars(fields), integers=order.integers, shift=order.rows.shift),
            sources=("conv_quads", "conv_window", "quads"),
        )


KERNELS = (Quads(),)
