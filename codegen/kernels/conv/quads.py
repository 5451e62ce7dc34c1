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

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from codegen.ir.types import Int64Array
from codegen.kernels.conv import in_floats
from codegen.kernels.conv.filters import MOST_FILTERS, filled, layer_refusal
from codegen.kernels.conv.portable import ConvFields, conv_fields, overlap
from codegen.kernels.conv.quads_loop import Loop, of_copies, of_rows
from codegen.kernels.folding import integer_layer, rebase, unclamped
from codegen.kernels.instructions import window_loads
from codegen.kernels.integer_layer import IntegerLayer
from codegen.kernels.integer_requantize import SCALE, Rows, search
from codegen.kernels.kernel import Activity, Constants, Kernel, Lowered, Overlap
from codegen.kernels.overlap import by_rows
from codegen.ops.conv import Conv
from codegen.target import Target
from codegen.window import Window

QUAD = 4
_OFFSET = 128
_SUM_LIMIT = 1 << 23
# Bytes of scratch: of four elements, themselves and two pixels' as int16.
_SCRATCH_OF_FOUR, _WORD = 4 + 16, 4
# Of NN_QUADS_END and NN_QUADS_FINER_END (firmware/runtime/kernels/nn_quads_end.h), aligned.
_END_BYTES = 220
# Bits of finer sums at most.
_MOST_BITS = 3
_INT32 = 1 << 31


@dataclass(frozen=True)
class End:
    """What becomes of a quad's sums by integers: a NN_QUADS_END or NN_QUADS_FINER_END.

    Attributes:
        shift: of SSAT.
        bits: sums are 2^(8 + bits) times what they are.
        first: whether it ends the first quads.
    """

    shift: int
    bits: int
    first: bool

    @property
    def name(self) -> str:
        """Tells it from all others."""
        return f"{self.shift}_{self.bits}" if self.bits else str(self.shift)


@dataclass(frozen=True)
class Order:
    """In which order filters stand in quads.

    Attributes:
        filters: int64 [4 * quads]: which filter; the last one again where none is left.
        integers, finer: quads whose filters all have SMMLA's constants of 256 times their sums, the
            first ones, and of more.
        constants, finer_constants: these, of all filters.
    """

    filters: Int64Array
    integers: int
    finer: int
    constants: Rows
    finer_constants: Rows

    @property
    def in_floats(self) -> Int64Array:
        """Filters that take the FPU."""
        return self.filters[QUAD * (self.integers + self.finer) :]

    @property
    def ends(self) -> tuple[End, ...]:
        """Those that there are."""
        finer = self.finer_constants
        ends = (
            (self.integers, End(self.constants.shift, 0, first=True)),
            (self.finer, End(finer.shift, (finer.scale // SCALE).bit_length() - 1, first=False)),
        )
        return tuple(end for count, end in ends if count)


@dataclass(frozen=True)
class QuadsFields(ConvFields):
    """What the templates name."""

    counts: tuple[int, int]
    ends: tuple[End, ...]
    loop: Loop

    @property
    def ends_name(self) -> str:
        """Tells their counts and ends from all others."""
        names = [end.name for end in self.ends]
        return "_".join([*map(str, self.counts), *names])


def window_pairs(op: Conv) -> Int64Array:
    """[filters, steps, 2]: each filter's window, channels last, filled up to whole fours.

    Steps take elements 0 and 2, then 1 and 3 of each four, as SXTB16 widens them.
    """
    rows = op.weights.astype(np.int64).transpose(0, 2, 3, 1).reshape(op.rows, -1)
    padded = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    return padded.reshape(op.rows, -1, 2, 2).swapaxes(2, 3).reshape(op.rows, -1, 2)


def row_pairs(op: Conv) -> Int64Array:
    """[filters, steps, 2]: each row of the window filled up to whole pairs.

    Steps take neighbours; where channels are whole fours, elements 0 and 2, then 1 and 3 of each.
    """
    rows = op.weights.astype(np.int64).transpose(0, 2, 3, 1)
    rows = rows.reshape(op.rows, op.window.kernel[0], -1)
    if op.weights.shape[1] % 4 == 0:
        rows = rows.reshape(op.rows, -1, 2, 2).swapaxes(2, 3)
        return rows.reshape(op.rows, -1, 2)
    return np.pad(rows, ((0, 0), (0, 0), (0, rows.shape[2] % 2))).reshape(op.rows, -1, 2)


def in_quads(pairs: Int64Array, order: Int64Array) -> Int64Array:
    """[quads, 4, steps, 2]: pairs of filters in that order."""
    return pairs[order].reshape(-1, QUAD, *pairs.shape[1:])


@lru_cache(maxsize=64)
def order_of(op: Conv) -> Order:
    """Filters with constants first, the others behind them, each in the order of the model.

    A weight of -128 needs its neighbours (`refusal`), so that nothing is moved then.
    """
    layer = unclamped(rebase(integer_layer(op), 0))
    rows = search(layer)
    bits = 0 if rows.found.all() else finer_bits(layer)
    finer = search(layer, SCALE << bits) if bits else replace(rows, factors=0 * rows.factors)
    left, movable = np.arange(op.rows), not (op.weights == -128).any()
    parts: list[Int64Array] = []
    for found in (rows.found, finer.found):
        usable = left[found[left]] if movable else left[:0]
        parts.append(usable[: len(usable) // QUAD * QUAD])
        left = np.setdiff1d(left, parts[-1])
    # The last quad may be filled up, where all that are left have finer constants.
    if 0 < len(left) < QUAD and finer.found[left].all() and movable:
        parts[1], left = np.concatenate([parts[1], filled(left, QUAD)]), left[:0]
    integers, others = (len(part) // QUAD for part in parts)
    return Order(np.concatenate([*parts, filled(left, QUAD)]), integers, others, rows, finer)


def finer_bits(layer: IntegerLayer) -> int:
    """How many more bits than 8 all sums may be shifted by, and stay an int32; a few at most, so
    that layers share their ends."""
    smallest, largest = (end - layer.bias for end in layer.reach())
    return max(
        bits
        for bits in range(_MOST_BITS + 1)
        if (largest.max() << 8 + bits) < _INT32 and (smallest.min() << 8 + bits) >= -_INT32
    )


def refusal(quads: Int64Array) -> str:
    """Why the split is not exact for every input; empty when it is.

    Args:
        quads: [quads, 4, …], as `in_quads` has them.
    """
    quads = quads.reshape(len(quads), QUAD, -1)
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

    Args:
        quads: [quads, 4, steps, 2].
    """
    a, b, c, d = np.moveaxis(quads, 1, 0)
    lanes = np.stack([c + 256 * d, a + _OFFSET + 256 * b], axis=2) & 0xFFFF
    packed: Int64Array = lanes[..., 0] | lanes[..., 1] << 16
    return packed


def stream(op: Conv, pairs: Int64Array, order: Order) -> bytes:
    """Little-endian words [quads][steps * 2 + 10]: those of `words`, for each filter two constants,
    and of each the place of its byte, two to a word.

    The constants: factor and addend of SMMLA by turns, or, of 256 * a sum, four multipliers as
    float32 and four biases.
    """
    quads = in_quads(pairs, order.filters)
    weights = words(quads)
    floats = in_floats.constants(op, op.folded_bias.astype(np.int64), SCALE)
    by_floats = floats[:, order.filters].reshape(2, len(quads), QUAD).swapaxes(0, 1)
    constants = by_floats.reshape(len(quads), -1)
    begin = 0
    for count, rows in ((order.integers, order.constants), (order.finer, order.finer_constants)):
        integers = np.stack([rows.factors, rows.addends], axis=1)[order.filters]
        end = begin + count
        constants[begin:end] = integers.reshape(len(quads), -1)[begin:end]
        begin = end
    places = order.filters.reshape(-1, 2, 2)
    made = np.concatenate(
        [
            weights.reshape(len(quads), -1),
            constants,
            (places[:, :, 0] | places[:, :, 1] << 16).reshape(len(quads), -1),
        ],
        axis=1,
    )
    return (made & 0xFFFFFFFF).astype("<u4").tobytes()


class Quads(Kernel):
    """Four filters and two pixels at a time, whose windows are widened one by one."""

    name = "quads"
    portable = False
    op_type = Conv

    def fits(self, op: Conv, target: Target) -> str:
        """A processor with SMLAD and float32; one group of symmetric filters, split exactly."""
        if not target.packed_arithmetic:
            return "no instruction for two products, or no FPU"
        if reason := layer_refusal(op):
            return reason
        if op.rows >= MOST_FILTERS:
            return "too many filters"
        split = refusal(in_quads(window_pairs(op), filled(np.arange(op.rows), QUAD)))
        return split or in_floats.refusal(op, order_of(op).in_floats, SCALE)

    def cost(self, op: Conv, target: Target, activity: Activity) -> float:
        """What windows take beside quads; 7.3 for four elements and 18 for a pixel that is one."""
        fours = -(-int(op.weights[0].size) // 4)
        quads = quads_cost(op, 2 * fours)
        window, depth = op.window, op.input.shape[1]
        if is_pixels(op):
            return quads + window.positions * (7.3 * fours + 18.0)
        return quads + window_loads(window, depth, 1) + window.positions * 20.0

    def in_strips(self, op: Conv, target: Target, count: int) -> tuple[Lowered, ...]:
        """As alone."""
        return (self.lower(op, target),)

    def lower(self, op: Conv, target: Target) -> Lowered:
        """One block that is read from its beginning to its end."""
        pairs = window_pairs(op)
        scratch = _SCRATCH_OF_FOUR * (pairs.shape[1] // 2)
        sources = ("conv_quads", "conv_window", "quads")
        loop = of_copies(pairs.shape[1])
        return lowered(op, self, Loading(pairs, loop, scratch, overlap(op, at_once=2), sources))


class QuadRows(Quads):
    """The same, with the rows of the image widened once for all windows they are under."""

    name = "quad rows"

    def fits(self, op: Conv, target: Target) -> str:
        """Windows that share elements, and have no holes. Scratch has room for what they reach."""
        window = op.window
        if window.dilations != (1, 1):
            return "dilation"
        if window.pads[1] > reach_of(window):
            return "windows in the padding alone"
        if row_pairs(op).shape[1] < 2:
            return "a window of two elements"
        return super().fits(op, target)

    def cost(self, op: Conv, target: Target, activity: Activity) -> float:
        """Rows are widened and summed once; where two pixels' windows are copied, 2.3 for a step
        and 25 for a row of a window."""
        window, depth = op.window, op.input.shape[1]
        steps = -(-window.kernel[1] * depth // 2)
        widened = (window.output[0] - 1) * window.strides[0] + window.kernel[0]
        pairs = -(-window.positions // 2)
        sums = pairs * (27.0 + window.kernel[0] * 6.0)
        copies = 0.0 if in_rows(op) else pairs * window.kernel[0] * (2.3 * steps + 25.0)
        rows = widened * row_cost(op)
        return quads_cost(op, window.kernel[0] * steps) + rows + sums + copies

    def forms(self, op: Conv, target: Target) -> tuple[Lowered, ...]:
        """Rows, and window by window, for which no rows stand in scratch."""
        return (self.lower(op, target), self._by_windows(op, target))

    def in_strips(self, op: Conv, target: Target, count: int) -> tuple[Lowered, ...]:
        """Both; rows that two turns need are widened twice."""
        twice = max(0, op.window.kernel[0] - op.window.strides[0])
        turns = -(-op.window.output[0] // count)
        slower = turns * twice * row_cost(op)
        return (replace(self.lower(op, target), slower=slower), self._by_windows(op, target))

    def _by_windows(self, op: Conv, target: Target) -> Lowered:
        windows = Quads()
        slower = windows.cost(op, target, {}) - self.cost(op, target, {})
        lowered = windows.lower(op, target)
        why = f"{lowered.why}, window by window to save memory"
        return replace(lowered, why=why, slower=max(0.0, slower))

    def lower(self, op: Conv, target: Target) -> Lowered:
        """One block, of which each row of the window begins a step."""
        pairs, loop = row_pairs(op), in_rows(op)
        apart = by_rows(op.window, op.input.shape[1], op.output.bytes // op.window.positions)
        if loop:
            scratch = _WORD * rows_words(op, op.window.kernel[0])
            sources = ("conv_quad_rows", "conv_rows", "quads", "words")
            return lowered(op, self, Loading(pairs, loop, scratch, apart, sources))
        count = op.window.kernel[0] + op.window.strides[0]
        scratch = _WORD * (2 * pairs.shape[1] + rows_words(op, count))
        sources = ("conv_quad_copies", "conv_rows", "quads", "words")
        return lowered(op, self, Loading(pairs, of_copies(pairs.shape[1]), scratch, apart, sources))


def row_cost(op: Conv) -> float:
    """Instructions that widen a row of the image, sum it for each window, and move it on."""
    window, depth = op.window, op.input.shape[1]
    moved = 0.6 * layout_of(op).pitch * max(0, window.kernel[0] - window.strides[0])
    widened = 2.0 * window.input[1] * depth
    if depth % 2:
        steps = -(-window.kernel[1] * depth // 2)
        between = window.strides[1] * depth
        hop = between if between % 2 else between // 2
        sums = window.output[1] * (11.0 if (hop, steps) == (3, 5) else 4.0 * hop + 6.0)
        odd = window.pads[1] % 2 or window.strides[1] % 2
        shifted = 2.3 * depth * reach_of(window) if odd else 0.0
    else:
        by_columns = 7.0 if window.strides[1] == 1 else 6.0 * window.kernel[1]
        sums = window.output[1] * by_columns
        if depth % 4:
            sums += reach_of(window) * 14.0
        else:
            fours = depth // 4
            widened = window.input[1] * (8.0 + 28.0 * (fours // 4) + 8.0 * (fours % 4))
        shifted = 0.0
    return widened + sums + shifted + moved + 150.0


def is_pixels(op: Conv) -> bool:
    """Whether windows are pixels of the image, in whole words, two of a row at a time."""
    window = op.window
    if window.kernel != (1, 1) or window.pads[:2] != (0, 0) or op.input.shape[1] % 4:
        return False
    if window.strides == (1, 1) and window.output == window.input:
        return True
    sizes = zip(window.output, window.strides, window.input, strict=True)
    inside = all((count - 1) * stride < size for count, stride, size in sizes)
    return inside and window.output[1] % 2 == 0


def quads_cost(op: Conv, steps: int) -> float:
    """Instructions of all quads: of two pixels 12.1 for a step of a quad, 57 for its outputs, 6
    more of finer sums, 48 by the FPU, 15 around."""
    quads = -(-op.rows // QUAD)
    order = order_of(op)
    floats = quads - order.integers - order.finer
    ends = 57.0 * quads + 6.0 * order.finer + 48.0 * floats
    return -(-op.window.positions // 2) * (quads * 12.1 * steps + ends + 15.0)


def reach_of(window: Window) -> int:
    """Columns under any window, padding included."""
    return (window.output[1] - 1) * window.strides[1] + window.kernel[1]


@dataclass(frozen=True)
class ImageLayout:
    """Where a widened row's words lie: `nn_conv_rows_of`.

    Attributes:
        pitch: words of a row.
        columns: words behind all rows.
        apart: words from where a window begins to the next one, the first of two.
    """

    pitch: int
    columns: int
    apart: int


def layout_of(op: Conv) -> ImageLayout:
    """That of the layer."""
    window, depth = op.window, op.input.shape[1]
    reach, before = reach_of(window), window.pads[1] * depth
    between = window.strides[1] * depth
    size = (reach * depth + 3 * (depth % 2)) // 2
    odd = before % 2 or between % 2
    pitch = (2 if odd else 1) * size + window.output[1]
    # From an even element to an odd one, or back: to the other copy of the row.
    apart = between // 2 if between % 2 == 0 else (between + before % 2) // 2 + size
    return ImageLayout(pitch, 0 if depth % 2 else reach, apart)


def rows_words(op: Conv, count: int) -> int:
    """Words of scratch of `nn_conv_rows_of` for so many rows."""
    layout = layout_of(op)
    return count * layout.pitch + layout.columns


def in_rows(op: Conv) -> Loop | None:
    """The loop that reads two pixels' windows where they lie in the rows, if there is one."""
    window = op.window
    if window.output[1] % 2:
        return None
    steps = -(-window.kernel[1] * op.input.shape[1] // 2)
    layout = layout_of(op)
    return of_rows(window.kernel[0], steps, _WORD * layout.pitch, _WORD * layout.apart)


@dataclass(frozen=True, eq=False)
class Loading:
    """How windows come to a loop.

    Attributes:
        pairs: [filters, steps, 2]: each filter's window in the order of the steps.
        scratch: bytes.
        overlap: how input and output may.
        sources: as in `Lowered`; the first one has the layer's function.
    """

    pairs: Int64Array
    loop: Loop
    scratch: int
    overlap: Overlap
    sources: tuple[str, ...]


def lowered(op: Conv, kernel: Kernel, loading: Loading) -> Lowered:
    """A layer of quads."""
    pairs, loop, sources = loading.pairs, loading.loop, loading.sources
    order = order_of(op)
    quads = len(order.filters) // QUAD
    by_integers = op.rows - len(np.unique(order.in_floats))
    shape = f"[{quads}][{2 * pairs.shape[1] + 2 * QUAD + 2}]"
    fields = conv_fields(op, op.window, op.groups, f"nn_{sources[0]}", weights_type="ai_u32")
    return Lowered(
        op=op,
        stem="conv_quads",
        kernel=kernel.name,
        why=f"four filters in three sums, {by_integers} requantized by integers",
        constants=(
            Constants("weights", f"quads of filters, uint32 {shape}", stream(op, pairs, order)),
        ),
        scratch=loading.scratch,
        overlaps=(loading.overlap,),
        fields=QuadsFields(
            **vars(fields), counts=(order.integers, order.finer), ends=order.ends, loop=loop
        ),
        sources=sources,
        own_code=(
            *((f"quads end {end.name}", _END_BYTES) for end in order.ends),
            (f"quads loop {loop.name}", loop.code_bytes),
        ),
    )


KERNELS = (Quads(), QuadRows())
