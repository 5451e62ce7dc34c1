"""Convolutions of 3 by 3 with expanded weights: F(4, 3) along rows, exact in integers.

Four neighbouring pixels of a row take six products of a channel and a row of the window instead of
twelve (Winograd, "Arithmetic Complexity of Computations"):

    y = A [(G g) * (B d)]      d: six elements of a row, g: three weights, y: four sums of products

G is multiplied by 384, so that all of it is whole: the transformed weights G g are int16 for every
weight, and tables of them take four bytes a weight. They are made at init of weights of one byte.
Everything is added and multiplied modulo 2^32 and ends as 384 * a sum of products, which `refusal`
proves to be an int32 for every input; the bits above never matter.

Two channels are transformed in one word as low + 65536 * high, so that words are added as they are:
128 is added to each low element, which makes it 0 .. 255, and 2048 more to the fifth and sixth of a
tile, so that no low lane of B d, at least -8 * 255 without it, is below 0 and borrows of the high
one. The 128 add 128 * the row's low weights to a sum, which the bias takes back; the 2048 reach the
third and the fourth pixel alone, from which a constant of the filter is subtracted.
firmware/runtime/kernels/nn_conv_tables.c.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from codegen.ir.types import Int64Array
from codegen.kernels.conv import in_floats
from codegen.kernels.conv.filters import filled, layer_refusal
from codegen.kernels.conv.portable import ConvFields, conv_fields
from codegen.kernels.conv.tables_loop import GROUP, KERNEL, TILE, Loop, groups_of, loop_of
from codegen.kernels.folding import integer_layer, rebase, unclamped
from codegen.kernels.integer_requantize import Rows, search
from codegen.kernels.kernel import Activity, Constants, Kernel, Lowered
from codegen.kernels.overlap import by_rows
from codegen.ops.conv import Conv
from codegen.target import Target

PAIR = 2
SCALE = 384
# Of it the FPU has 128 times a sum: 384 times a sum, times the inverse of 3 modulo 2^32.
_IN_FLOATS = 128
# What is added to elements of low lanes: to all, and to the fifth and sixth of a tile.
_LOW, _LAST = 128, 2048
# Bytes of a table for a step of two filters, six words each; words of a pair's constants.
_STEP_BYTES, CONSTANTS = 48, 10
_INT32 = 1 << 31
# STRB reaches the fourth pixel of a tile.
_MOST_FILTERS = 4095 // (TILE - 1)
# Of NN_CONV_TABLES_END, aligned.
_END_BYTES = 600


@dataclass(frozen=True)
class Order:
    """In which order filters stand in pairs.

    Attributes:
        filters: int64 [2 * pairs]: which filter; the last one again where none is left.
        integers: pairs whose filters both have them; the first ones.
        constants: SMMLA's, of all filters.
        bias: int64 [filters], what sums lack of accumulators.
    """

    filters: Int64Array
    integers: int
    constants: Rows
    bias: Int64Array

    @property
    def in_floats(self) -> Int64Array:
        """Filters that take the FPU."""
        return self.filters[PAIR * self.integers :]


@dataclass(frozen=True)
class TablesFields(ConvFields):
    """What the templates name."""

    integers: int
    pairs: int
    shift: int
    loop: Loop


def taps(op: Conv) -> Int64Array:
    """[filters, rows, columns, channels]: the weights, channels filled up to whole fours."""
    rows = op.weights.astype(np.int64).transpose(0, 2, 3, 1)
    return np.pad(rows, ((0, 0), (0, 0), (0, 0), (0, -rows.shape[3] % 4)))


def in_low_lanes(weights: Int64Array) -> Int64Array:
    """Those of `taps` whose elements stand in low lanes: of four channels the first two, as SXTB16
    takes bytes 0 and 2, then 1 and 3."""
    return weights.reshape(*weights.shape[:3], -1, 4)[..., :2]


def sums_of(weights: Int64Array) -> tuple[Int64Array, Int64Array]:
    """int64 [filters]: the smallest and the largest sum of products, elements of low lanes counted
    from -128. Both are reached."""
    low, high = np.moveaxis(weights.reshape(len(weights), -1, 2, 2), 2, 0)
    positive, negative = np.maximum(high, 0), np.minimum(high, 0)
    smallest = 255 * np.minimum(low, 0) + 127 * negative - 128 * positive
    largest = 255 * np.maximum(low, 0) + 127 * positive - 128 * negative
    return smallest.sum((1, 2)), largest.sum((1, 2))


def refusal(weights: Int64Array) -> str:
    """Why it is not exact for every input; empty when it is.

    Args:
        weights: as `taps` has them.
    """
    smallest, largest = sums_of(weights)
    if SCALE * largest.max() >= _INT32 or SCALE * smallest.min() < -_INT32:
        return f"{SCALE} times a sum is beyond int32"
    return ""


@lru_cache(maxsize=64)
def order_of(op: Conv) -> Order:
    """Filters with constants first, the others behind them, each in the order of the model."""
    layer = unclamped(rebase(integer_layer(op), 0))
    lows = in_low_lanes(taps(op)).reshape(op.rows, -1).sum(1)
    bias = layer.bias - _LOW * lows
    rows = search(layer, SCALE, bias)
    found = np.flatnonzero(rows.found)
    whole = found[: len(found) // PAIR * PAIR]
    others = np.setdiff1d(np.arange(op.rows), whole)
    order = np.concatenate([whole, filled(others, PAIR)])
    return Order(order, len(whole) // PAIR, rows, bias)


def constants(op: Conv, order: Order) -> bytes:
    """Little-endian words [pairs][2][5]: factor and addend of SMMLA, or, of 128 times a sum, the
    multiplier as float32 and the bias; what the third and the fourth pixel have too much; the
    place of the byte."""
    lows = in_low_lanes(taps(op)).sum((1, 3, 4))
    surplus = SCALE * _LAST * np.stack([lows[:, 2], lows[:, 1] + lows[:, 2]], axis=1)
    floats = in_floats.constants(op, order.bias, _IN_FLOATS).T
    integers = np.stack([order.constants.factors, order.constants.addends], axis=1)
    filters = order.filters
    by_integers = np.arange(len(filters)) < PAIR * order.integers
    scaling = np.where(by_integers[:, None], integers[filters], floats[filters])
    made = np.concatenate([scaling, surplus[filters], filters[:, None]], axis=1)
    return (made & 0xFFFFFFFF).astype("<u4").tobytes()


def stored(op: Conv, order: Order) -> bytes:
    """Bytes [pairs][steps][2 filters][2 channels][3 columns]; a step is a row of two channels."""
    # Of four channels the first and the third are one step, the second and the fourth another.
    lanes = taps(op)[order.filters].reshape(-1, PAIR, KERNEL, KERNEL, pairs_of(op) // 2, 2, 2)
    pairs, filters, rows, columns, fours, lane, step = range(7)
    steps = lanes.transpose(pairs, fours, step, rows, filters, lane, columns)
    return steps.astype(np.int8).tobytes()


class Tables(Kernel):
    """Two filters and four tiles of four pixels at a time."""

    name = "tables"
    portable = False
    expands = True
    op_type = Conv

    def fits(self, op: Conv, target: Target) -> str:
        """A processor with SMLAD and float32; one group of symmetric filters of 3 by 3, moved by
        one; sums proved to fit."""
        window = op.window
        if not target.packed_arithmetic:
            return "no instruction for two products, or no FPU"
        if window.kernel != (KERNEL, KERNEL) or window.strides != (1, 1):
            return "no window of 3 by 3 that moves by one"
        if window.dilations != (1, 1):
            return "dilation"
        if reason := layer_refusal(op):
            return reason
        if window.pads[1] > window.output[1] + KERNEL - 1:
            return "windows in the padding alone"
        if op.rows > _MOST_FILTERS:
            return "too many filters"
        if loop_of(window, pairs_of(op)) is None:
            return "rows too long"
        return refusal(taps(op)) or in_floats.refusal(op, order_of(op).in_floats, _IN_FLOATS)

    def tables(self, op: Conv, target: Target) -> int:
        """Four bytes a weight."""
        return _STEP_BYTES * -(-op.rows // PAIR) * KERNEL * pairs_of(op)

    def cost(self, op: Conv, target: Target, activity: Activity) -> float:
        """Of a group and a pair 14 for each of six places' steps, 19 for a place, 5 for a turn, 280
        for their outputs, 220 more by the FPU; of a row 64 for a tile of four channels."""
        loop, order = _loop(op), order_of(op)
        pairs = len(order.filters) // PAIR
        places = 6.0 * (14.0 * loop.steps + 19.0 + 5.0 * loop.turns)
        ends = 280.0 * pairs + 220.0 * (pairs - order.integers)
        products = groups_of(op.window, loop.across) * (pairs * places + ends + 40.0)
        fours, height = pairs_of(op) // 2, op.window.output[0]
        transformed = (height + 2.0) * (loop.tiles * fours * 64.0 + 60.0)
        moved = height / loop.down * 12.0 * fours * (loop.tiles * 2.0 + 8.0)
        return products + transformed + moved

    def lower(self, op: Conv, target: Target) -> Lowered:
        """Weights for init, and constants for each run."""
        loop, order = _loop(op), order_of(op)
        pairs = len(order.filters) // PAIR
        fields = conv_fields(op, op.window, op.groups, "nn_conv_tables", weights_type="ai_u32")
        depth = 2 * pairs_of(op)
        window, channels = op.window, op.output.bytes // op.window.positions
        whole = window.output[1] == TILE * loop.tiles and window.output[0] % loop.down == 0
        made = 0 if whole else GROUP * TILE * op.rows
        return Lowered(
            op=op,
            stem="conv_tables",
            kernel=self.name,
            why=f"six products for four pixels, {PAIR * order.integers} requantized by integers",
            constants=(
                Constants(
                    "weights",
                    f"weights, int8 [{pairs}][{loop.steps}][2][2][3], tables are made of them",
                    stored(op, order),
                ),
                Constants(
                    "constants",
                    f"constants of pairs of filters, uint32 [{pairs}][{CONSTANTS}]",
                    constants(op, order),
                    counted=False,
                ),
            ),
            scratch=4 * 6 * pairs_of(op) * loop.height * loop.tiles + loop.columns * depth + made,
            overlaps=(by_rows(window, op.input.shape[1], channels, at_once=loop.down),),
            fields=TablesFields(
                **vars(fields),
                integers=order.integers,
                pairs=pairs,
                shift=order.constants.shift,
                loop=loop,
            ),
            sources=("conv_tables", "conv_tables_group", "conv_tables_rows"),
            tables=self.tables(op, target),
            own_code=(
                (f"tables end {order.constants.shift} {op.rows}", _END_BYTES),
                (f"tables loop {loop.name}", loop.code_bytes),
            ),
        )


def pairs_of(op: Conv) -> int:
    """Pairs of channels, filled up to whole fours."""
    return -(-op.input.shape[1] // 4) * 2


def _loop(op: Conv) -> Loop:
    loop = loop_of(op.window, pairs_of(op))
    assert loop is not None
    return loop


KERNELS = (Tables(),)
