"""Convolutions of four pixels in three sums: one below the other, two filters at a time.

An element of the windows of four pixels A, B, C, D, from the first one down, lies in three words,
as the weights of four filters do in `quads.py`:

    U  256 * B + (A + 128)      W  256 * C + (B + 128)      V  256 * D + (C + 128)

Each is 256 times a row of the image and the row above it: one word is W of the pixels a row of
output higher, and V of those two rows higher, so that down a column of words each step loads one.
The 128 add 128 * the sum of a filter's weights to its sums, with which they begin, negated.

Exact for every weight and every input: words hold all bytes, and no sum of 150 products leaves 24
bits (150 * 128 * 128 < 2^23), more than the longest window has.
firmware/runtime/kernels/nn_conv_stacked.c, nn_conv_stacked_group.c.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np

from codegen.ir.types import Int64Array
from codegen.kernels.conv import in_floats
from codegen.kernels.conv.filters import MOST_FILTERS, filled, layer_refusal
from codegen.kernels.conv.portable import ConvFields, conv_fields
from codegen.kernels.conv.quads import QuadRows, reach_of
from codegen.kernels.folding import integer_layer, rebase, unclamped
from codegen.kernels.integer_requantize import Rows, search
from codegen.kernels.kernel import Activity, Constants, Kernel, Lowered
from codegen.kernels.overlap import by_rows
from codegen.ops.conv import Conv
from codegen.target import Target
from codegen.window import Window

# Pixels that are stacked, and filters at a time.
STACK, PAIR = 4, 2
_OFFSET = 128
_WORD = 4
# The largest offset of LDR, and steps of two elements that stand one after the other.
_REACH, _MOST_STEPS = 4095, 75
# Bytes of instructions: of a step, of what is more at the end of a column, and around all of them;
# of NN_CONV_STACKED_END (firmware/runtime/kernels/nn_conv_stacked_loop.h), aligned.
_STEP_BYTES, _COLUMN_BYTES, _AROUND_BYTES, _END_BYTES = 40, 8, 164, 188
# Rows take four bytes an element, or eight: of more channels, more memory than is worth it.
_MOST_CHANNELS = 4


@dataclass(frozen=True)
class Loop:
    """One of NN_CONV_STACKED_LOOP.

    Attributes:
        height, pairs: rows of the window, and words of one.
        stride: rows from a pixel to the one below.
        pitch: words from a row to the next one.
    """

    height: int
    pairs: int
    stride: int
    pitch: int

    @property
    def name(self) -> str:
        """Tells it from all others."""
        return "_".join(map(str, self.arguments))

    @property
    def arguments(self) -> tuple[int, ...]:
        """Of its macro, behind the name."""
        return (self.height, self.pairs, self.stride, self.pitch)

    @property
    def steps(self) -> int:
        """Words of a window."""
        return self.height * self.pairs

    @property
    def columns(self) -> int:
        """Runs of steps, each a row of output below the last."""
        return self.pairs * min(self.stride, self.height)

    @property
    def scratch_height(self) -> int:
        """Rows in scratch."""
        return self.height + 2 * self.stride

    @property
    def code_bytes(self) -> int:
        """Most bytes of its instructions, aligned."""
        return _STEP_BYTES * self.steps + _COLUMN_BYTES * self.columns + _AROUND_BYTES


@dataclass(frozen=True)
class StackedFields(ConvFields):
    """What the templates name."""

    integers: int
    shift: int
    loop: Loop


def loop_of(op: Conv) -> Loop:
    """The layer's loop. Rows are there twice where every other window begins at an odd element;
    where all begin an even number of elements apart, the first one begins a word."""
    window, depth = op.window, op.input.shape[1]
    elements = reach_of(window) * depth
    if window.strides[1] * depth % 2:
        pitch = 2 * ((window.pads[1] * depth % 2 + elements + 2) // 2)
    else:
        pitch = -(-elements // 2)
    pairs = -(-window.kernel[1] * depth // 2)
    return Loop(window.kernel[0], pairs, window.strides[0], pitch)


def in_steps(op: Conv, loop: Loop) -> Int64Array:
    """[filters, steps, 2]: each filter's window, column by column of words; down a column every
    stride-th row, from the first one, then from the second one, …"""
    rows = op.weights.astype(np.int64).transpose(0, 2, 3, 1)
    rows = rows.reshape(op.rows, loop.height, -1)
    words = np.pad(rows, ((0, 0), (0, 0), (0, rows.shape[2] % 2)))
    words = words.reshape(op.rows, loop.height, loop.pairs, 2)
    order = [y for first in range(loop.stride) for y in range(first, loop.height, loop.stride)]
    return words[:, order].swapaxes(1, 2).reshape(op.rows, loop.steps, 2)


@dataclass(frozen=True)
class Order:
    """In which order filters stand in pairs.

    Attributes:
        filters: int64 [2 * pairs]: which filter; the last one again where none is left.
        integers: pairs whose filters both have SMMLA's constants; the first ones.
        constants: those of all filters.
    """

    filters: Int64Array
    integers: int
    constants: Rows


@lru_cache(maxsize=64)
def order_of(op: Conv) -> Order:
    """Filters with constants first, the others behind them, each in the order of the model."""
    rows = search(unclamped(rebase(integer_layer(op), 0)))
    found = np.flatnonzero(rows.found)
    whole = found if len(found) == op.rows else found[: len(found) // PAIR * PAIR]
    others = np.setdiff1d(np.arange(op.rows), whole)
    filters = [filled(some, PAIR) for some in (whole, others)]
    return Order(np.concatenate(filters), len(filters[0]) // PAIR, rows)


def stream(op: Conv, loop: Loop, order: Order) -> bytes:
    """Little-endian words [pairs][steps + 7]: of either filter -128 * the sum of its weights; of
    each step the first one's weight, the second one's, and both again for the second element; of
    either two constants; the places of their bytes.

    The constants: factor and addend of SMMLA, or the multiplier as float32 and the bias.
    """
    weights = in_steps(op, loop)
    pairs = weights[order.filters].reshape(-1, PAIR, loop.steps, 2)
    steps = pairs.transpose(0, 2, 3, 1).astype("<i1").reshape(len(pairs), -1).view("<u4")
    floats = in_floats.constants(op, op.folded_bias.astype(np.int64), 1).T
    integers = np.stack([order.constants.factors, order.constants.addends], axis=1)
    by_integers = np.arange(len(order.filters)) < PAIR * order.integers
    constants = np.where(by_integers[:, None], integers[order.filters], floats[order.filters])
    places = order.filters.reshape(-1, PAIR)
    made = np.concatenate(
        [
            -_OFFSET * pairs.sum((2, 3)),
            steps.astype(np.int64),
            constants.reshape(len(pairs), -1),
            places[:, :1] | places[:, 1:] << 16,
        ],
        axis=1,
    )
    return (made & 0xFFFFFFFF).astype("<u4").tobytes()


def turns(window: Window) -> int:
    """Rows of output in fours."""
    return -(-window.output[0] // STACK)


def row_cost(op: Conv, loop: Loop) -> float:
    """Instructions for a row of scratch: 19 for four bytes of the image, 2.5 for a word that is
    shifted, 5 for an element of padding."""
    window, depth = op.window, op.input.shape[1]
    elements = window.input[1] * depth
    shifted = 2.5 * loop.pitch / 2 if loop.pitch > reach_of(window) * depth else 0.0
    padding = max(0, reach_of(window) - window.input[1]) * depth
    return 100.0 + 19.0 * -(-elements // 4) + shifted + 5.0 * padding


class Stacked(Kernel):
    """Two filters and four pixels, one below the other, at a time."""

    name = "stacked"
    portable = False
    op_type = Conv

    def fits(self, op: Conv, target: Target) -> str:
        """A processor with SMLAD and float32; one group of symmetric filters of up to four channels
        and 150 elements, no dilation."""
        if not target.packed_arithmetic:
            return "no instruction for two products, or no FPU"
        if reason := layer_refusal(op):
            return reason
        if op.rows >= MOST_FILTERS:
            return "too many filters"
        if op.input.shape[1] > _MOST_CHANNELS:
            return "more than four channels, whose rows take much memory"
        window = op.window
        if window.dilations != (1, 1):
            return "dilation"
        if window.pads[1] > reach_of(window):
            return "windows in the padding alone"
        loop = loop_of(op)
        if loop.steps < 2:
            return "a window of two elements"
        if loop.steps > _MOST_STEPS or _WORD * loop.scratch_height * loop.pitch > _REACH:
            return "a window beyond an instruction's reach"
        return ""

    def cost(self, op: Conv, target: Target, activity: Activity) -> float:
        """10 instructions for a step of two filters, 2 more at the end of a column of words, 77 for
        the outputs of four pixels, 32 more by the FPU; beside it rows, and 200 for four of output.
        """
        window, loop, order = op.window, loop_of(op), order_of(op)
        pairs = len(order.filters) // PAIR
        group = pairs * (10.0 * loop.steps + 2.0 * loop.columns + 77.0)
        group += 32.0 * (pairs - order.integers)
        made = loop.scratch_height + (turns(window) - 1) * min(
            loop.scratch_height, STACK * loop.stride
        )
        rows = made * row_cost(op, loop)
        return turns(window) * (window.output[1] * group + 200.0 + 12.0 * pairs) + rows

    def forms(self, op: Conv, target: Target) -> tuple[Lowered, ...]:
        """Rows, and what quads have."""
        return (self.lower(op, target), *self._others(op, target, QuadRows.forms))

    def in_strips(self, op: Conv, target: Target, count: int) -> tuple[Lowered, ...]:
        """The same; rows that two turns need are made twice, and fewer than four of output take as
        long."""
        window, loop = op.window, loop_of(op)
        parts = -(-window.output[0] // count)
        twice = parts * max(0, loop.scratch_height - STACK * loop.stride) * row_cost(op, loop)
        wasted = 0.0
        if count > 1:
            groups = parts * -(-count // STACK)
            wasted = self.cost(op, target, {}) * max(0.0, groups / turns(window) - 1.0)
        own = replace(self.lower(op, target), slower=twice + wasted)
        others = partial(QuadRows.in_strips, count=count)
        return (own, *self._others(op, target, others))

    def _others(
        self, op: Conv, target: Target, forms: Callable[..., tuple[Lowered, ...]]
    ) -> tuple[Lowered, ...]:
        """Forms of quads, with what they cost more."""
        quads = QuadRows()
        if quads.fits(op, target):
            return ()
        more = max(0.0, quads.cost(op, target, {}) - self.cost(op, target, {}))
        return tuple(replace(form, slower=form.slower + more) for form in forms(quads, op, target))

    def lower(self, op: Conv, target: Target) -> Lowered:
        """One block that is read from its beginning to its end, for each four rows of output."""
        loop, order, window = loop_of(op), order_of(op), op.window
        pairs = len(order.filters) // PAIR
        shape = f"[{pairs}][{loop.steps + 7}]"
        fields = conv_fields(op, window, op.groups, "nn_conv_stacked", weights_type="ai_u32")
        bytes_of_pixel = op.output.bytes // window.positions
        return Lowered(
            op=op,
            stem="conv_stacked",
            kernel=self.name,
            why=f"four pixels in three sums, {PAIR * order.integers} requantized by integers",
            constants=(
                Constants("weights", f"pairs of filters, uint32 {shape}", stream(op, loop, order)),
            ),
            scratch=_WORD * loop.scratch_height * loop.pitch,
            overlaps=(
                by_rows(
                    window, op.input.shape[1], bytes_of_pixel, at_once=STACK, again=_again(window)
                ),
            ),
            fields=StackedFields(
                **vars(fields), integers=order.integers, shift=order.constants.shift, loop=loop
            ),
            at_once=STACK,
            sources=("conv_stacked", "conv_stacked_group", "words"),
            own_code=(
                (f"stacked end {order.constants.shift}", _END_BYTES),
                (f"stacked loop {loop.name}", loop.code_bytes),
            ),
        )


def _again(window: Window) -> int:
    """Rows of the image that are read once more for the next four rows of output: as the upper ones
    of words whose lower ones they were."""
    return max(0, min(window.strides[0], window.kernel[0] - window.strides[0]))


KERNELS = (Stacked(),)
