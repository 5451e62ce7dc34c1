"""3 x 3 depthwise convolutions by routines for the layer at hand: depthwise_code.py.

firmware/runtime/kernels/nn_depthwise_routines.c goes through bands and channels, four at a time.
Lanes of the planes are less the input's zero point, so that padding is 0 and its columns are left
out; weights times 256 make sums that SMMLA takes as they are (integer_requantize.py). Channels
without such constants have finer ones, of sums a few bits further left, but for very few.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from codegen.kernels.conv.depthwise import (
    PLANES,
    WORD,
    Planes,
    in_place,
    largest_band,
    refusal,
    smaller_bands,
)
from codegen.kernels.conv.depthwise_code import body
from codegen.kernels.conv.depthwise_order import in_order
from codegen.kernels.conv.depthwise_row import REACH, TAPS, Body, Row
from codegen.kernels.conv.portable import ConvFields, conv_fields
from codegen.kernels.folding import integer_layer, unclamped
from codegen.kernels.integer_requantize import SCALE, BoolArray, Rows, search
from codegen.kernels.kernel import Activity, Constants, Kernel, Lowered, Overlap
from codegen.ops.conv import Conv
from codegen.target import Target

# Bits that finer sums are further left: the finest that help (docs/convolutions.md, "Rows").
FINER = 3
# Pairs of pixels in a round of a loop over a long row.
_ROUND, _LONG = 4, 8
# Bytes of instructions around the rows of channels, at most.
_AROUND_BYTES = 256


@dataclass(frozen=True)
class Split:
    """How a row of the image becomes a row of planes.

    Attributes:
        words: of a plane's row.
        pixel: bytes from a pixel to its neighbour.
        rounds, pairs: a loop over so many pairs of pixels; 0 rounds: none.
        rest: pairs behind the loop.
        alone: whether one pixel without neighbour ends the row.
        pitch: bytes from a row of the image to the next one.
        missing: channels of a word that the last four lack.
    """

    words: int
    pixel: int
    rounds: int
    pairs: int
    rest: int
    alone: bool
    pitch: int
    missing: int

    @property
    def code_bytes(self) -> int:
        """Most bytes of its instructions: 17 a pair of pixels, twice where the last four lack
        channels."""
        pairs = (self.pairs if self.rounds else 0) + self.rest
        moves = (self.pitch + 2 * self.pairs * self.pixel) // 4095
        return (2 if self.missing else 1) * 4 * (17 * pairs + 48 + moves)


@dataclass(frozen=True)
class RoutineFields:
    """What the templates name.

    Attributes:
        words: of a plane's row.
        shift: of channels that integers requantize.
        finer, finer_shift: of those of finer sums, how many bits these are further left, too.
        integers, raised, floats: the row for channels of each kind; None where there are none.
    """

    conv: ConvFields
    words: int
    shift: int
    finer: int
    finer_shift: int
    integers: Body | None
    raised: Body | None
    floats: Body | None
    split: Split
    zero_point: int

    @property
    def bodies(self) -> tuple[Body | None, Body | None, Body | None]:
        """The rows of all kinds."""
        return self.integers, self.raised, self.floats

    @cached_property
    def routine(self) -> str:
        """What tells routines apart: layers of one share them."""
        numbers = (self.words, self.shift, self.finer, self.finer_shift, self.zero_point)
        bodies = [each and each.content for each in self.bodies]
        content = repr((numbers, bodies, self.split))
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def in_order(self) -> RoutineFields:
        """The same, each row's instructions in the order in which they are written."""
        integers, raised, floats = (each and in_order(each) for each in self.bodies)
        return replace(self, integers=integers, raised=raised, floats=floats)

    @cached_property
    def code_bytes(self) -> int:
        """Most bytes of the routines."""
        rows = [each.code_bytes for each in self.bodies if each]
        return sum(rows) + self.split.code_bytes + _AROUND_BYTES


def row_of(op: Conv) -> Row:
    """The layer's row."""
    window, channels = op.window, op.groups
    row = Row(window.input[1], window.output[1], window.strides[1], window.pads[1], 0, channels)
    below = window.dilations[0] * PLANES * row.words * WORD
    return Row(row.width, row.outputs, row.stride, row.pad, below, channels)


def plane_bytes(op: Conv, band: int) -> int:
    """Bytes of the planes for `band` rows of output."""
    window = op.window
    rows = (band - 1) * window.strides[0] + (TAPS - 1) * window.dilations[0] + 1
    return PLANES * rows * row_of(op).words * WORD


def band_of(op: Conv) -> int:
    """Rows of output at once: as many as have room, at least one."""
    return largest_band(op.window, lambda band: plane_bytes(op, band))


def split_of(op: Conv) -> Split:
    """Loops where a row is long, or an instruction does not reach its end."""
    width, pixel, words = op.window.input[1], op.groups, row_of(op).words
    pairs = min(words, width // 2)
    reach = max(1, (REACH // pixel + 1) // 2)
    size = pairs if pairs <= _LONG and pairs <= reach else min(_ROUND, reach)
    rounds = 0 if size == pairs else pairs // size
    rest = pairs - rounds * size
    # What is left, and the pixel behind it, is within reach, too.
    if 2 * rest * pixel > REACH:
        size, rounds, rest = 1, pairs, 0
    missing = -op.groups % PLANES
    return Split(words, pixel, rounds, size, rest, words > pairs, width * pixel, missing)


@dataclass(frozen=True)
class Requantization:
    """Constants of the layer's channels, of sums of lanes.

    Attributes:
        plain: of 256 times a sum; factors are even.
        raised: of sums `FINER` bits further left, of other channels; factors are odd.
    """

    plain: Rows
    raised: Rows

    @property
    def floats(self) -> BoolArray:
        """[channels]: those that have neither."""
        return ~(self.plain.found | self.raised.found)

    @property
    def kinds(self) -> tuple[BoolArray, BoolArray, BoolArray]:
        """[channels] each: plain, raised, in float32."""
        return self.plain.found, self.raised.found, self.floats


@lru_cache(maxsize=64)
def requantization(op: Conv) -> Requantization:
    """The constants of the layer's channels: no sum of nine lanes, 2^11 times, leaves int32."""
    layer = unclamped(integer_layer(op))
    plain = search(layer, lowest=0)
    if plain.found.all():
        return Requantization(plain, replace(plain, factors=0 * plain.factors))
    raised = search(layer, SCALE << FINER, lowest=1)
    factors = np.where(plain.found, 0, raised.factors)
    return Requantization(plain, replace(raised, factors=factors))


def bodies(op: Conv) -> tuple[Body | None, Body | None, Body | None]:
    """The row by integers, by those of finer sums, in float32; each where a channel takes it."""
    row = row_of(op)
    down = op.window.strides[0] * PLANES * row.words * WORD
    below = row.outputs * op.groups
    zero_point = op.output.quantization.zero_point
    plain, raised, floats = (kind.any() for kind in requantization(op).kinds)
    return (
        body(row, down, below, "integers") if plain else None,
        body(row, down, below, "finer") if raised else None,
        body(row, down, below, "floats", zero_point) if floats else None,
    )


def packed(op: Conv) -> bytes:
    """Five words a channel: see nn_depthwise_routines.h."""
    both = requantization(op)
    negated = (-op.multipliers).astype("<f4").view("<i4").astype(np.int64)
    first, second = np.where(both.floats, negated, 0), np.where(both.floats, op.bias, 0)
    for rows in (both.plain, both.raised):
        first = np.where(rows.found, rows.factors, first)
        second = np.where(rows.found, rows.addends, second)
    taps = op.weights.astype(np.int8).reshape(op.rows, TAPS, TAPS)[:, :, [0, 1, 1, 2]]
    words = taps.reshape(op.rows, -1).view("<i4").astype(np.int64)
    together = np.concatenate([first[:, None], second[:, None], words], axis=1)
    return together.astype("<i4").tobytes()


def _split_cost(op: Conv) -> float:
    """Instructions for a row of four channels: 12 for two pixels, and 8."""
    return 8.0 + 12.0 * row_of(op).words


def _prepared(op: Conv, band: int) -> float:
    """Instructions beside the rows of output: rows that are split, 65 for a band of four channels,
    26 for each of them, 0.7 for a word that a band leaves to the next."""
    window, words = op.window, row_of(op).words
    bands = -(-window.output[0] // band)
    reach = (TAPS - 1) * window.dilations[0] + 1
    rows = (window.output[0] - 1) * window.strides[0] + reach
    kept = (bands - 1) * max(0, reach - window.strides[0]) * PLANES * words
    fours = -(-op.groups // PLANES)
    return fours * (rows * _split_cost(op) + 65.0 * bands + 0.7 * kept) + 26.0 * op.groups * bands


class DepthwiseRows(Kernel):
    """A row at a time, twelve products for two outputs."""

    name = "rows"
    portable = False
    op_type = Conv

    def fits(self, op: Conv, target: Target) -> str:
        """A processor with SMLAD and float32; 3 x 3, one or two pixels apart, four channels."""
        if reason := refusal(op, target):
            return reason
        if not op.plain:
            return "biases beyond int32, or float32 out"
        window = op.window
        if window.kernel != (TAPS, TAPS) or window.dilations[1] != 1 or window.strides[1] > 2:
            return "not 3 x 3, one or two pixels apart"
        if op.groups < PLANES:
            return "fewer than four channels"
        row = row_of(op)
        if not row.complete:
            return "windows in the padding alone"
        furthest = (TAPS - 1) * row.below + row.words * WORD
        if max(furthest, PLANES * row.words * WORD, 2 * op.groups) > REACH:
            return "rows beyond an instruction's reach"
        return ""

    def cost(self, op: Conv, target: Target, activity: Activity) -> float:
        """The routines' instructions: those of a row; beside it, `_prepared`."""
        window, total = op.window, _prepared(op, band_of(op))
        for some, kind in zip(bodies(op), requantization(op).kinds, strict=True):
            total += window.output[0] * int(kind.sum()) * (some.instructions if some else 0)
        return total

    def lower(self, op: Conv, target: Target) -> Lowered:
        """Constants and the layer's routines."""
        return self._lower(op, band_of(op))

    def _lower(self, op: Conv, band: int) -> Lowered:
        """For bands of so many rows. Of four channels all that a band needs is read before its
        output is written, and rows that the next one needs are kept."""
        both = requantization(op)
        missing = int(both.floats.sum())
        why = f"two neighbours of a channel in a word; {missing} of {op.rows} in float32"
        title = f"requantization and weights of each channel, int32 [{op.rows}][5]"
        return Lowered(
            op=op,
            stem="depthwise_routines",
            routines=True,
            kernel=self.name,
            why=why if missing else "two neighbours of a channel in a word",
            constants=(Constants("constants", title, packed(op)),),
            scratch=plane_bytes(op, band),
            overlaps=(Overlap(0, 0, exact=True),) if in_place(op.window) else (),
            fields=RoutineFields(
                conv_fields(op, op.window, op.groups, "nn_depthwise_routines", band=band),
                row_of(op).words,
                both.plain.shift,
                FINER,
                both.raised.shift,
                *bodies(op),
                split_of(op),
                op.output.quantization.zero_point,
            ),
            sources=("depthwise_routines", "words"),
        )

    def in_strips(self, op: Conv, target: Target, count: int) -> tuple[Lowered, ...]:
        """A band at most; rows that two turns need are split twice."""
        best, window = band_of(op), op.window
        band = min(best, count)
        turns = -(-window.output[0] // count)
        shared = max(0, (TAPS - 1) * window.dilations[0] + 1 - window.strides[0])
        again = turns * shared * -(-op.groups // PLANES) * _split_cost(op)
        slower = _prepared(op, band) - _prepared(op, best) + again
        return (replace(self._lower(op, band), slower=slower),)

    def forms(self, op: Conv, target: Target) -> tuple[Lowered, ...]:
        """Fewer rows at once; those of planes."""
        best = band_of(op)
        base = _prepared(op, best)
        bands = smaller_bands(op.window, best)
        own = (replace(self._lower(op, b), slower=_prepared(op, b) - base) for b in bands)
        return (*own, *self._slower(op, target, Planes().forms(op, target)))

    def _slower(self, op: Conv, target: Target, forms: tuple[Lowered, ...]) -> tuple[Lowered, ...]:
        """Forms of planes, with what they cost more than the routines."""
        more = Planes().cost(op, target, {}) - self.cost(op, target, {})
        return tuple(replace(form, slower=form.slower + more) for form in forms)


KERNELS = (DepthwiseRows(),)
