"""Requantization by SMMLA and SSAT: constants of each row searched for and proved, or none.

    y = clamp((addend + ((scale * sum * factor) >> 32)) >> shift, -128, 127)

`sum` is a row's accumulator less its bias, which lies in `addend`; kernels have a multiple of it
for nothing: 256 by quad split, 384 by F(4, 3). Neither this nor the reference (docs/numerics.md,
"Requantization") falls when the sum grows, so that they agree everywhere when they agree at the
thresholds (`thresholds.py`): each demands a byte at t and forbids it at t - 1, which bounds the
addend from both sides once the factor is chosen. The room between the bounds is concave in the
factor: its best place is found by bisection, and the bounds of the integers around it are exact.

float32 rounds the product to 24 bits, which moves thresholds off every straight line: rows of large
sums often have no constants, and take the FPU.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from codegen.ir.types import Int64Array
from codegen.kernels.integer_layer import IntegerLayer
from codegen.kernels.thresholds import thresholds

# What kernels by quad split have of a sum.
SCALE = 256
# SSAT shifts by as many bits as kernels were written for (firmware/runtime/kernels/nn_smmla.h).
LEAST_SHIFT, MOST_SHIFT = 8, 20
_WORD = 32
_INT32 = 1 << 31
# Shifts tried below the largest possible one, and factors tried where there is room.
_SHIFTS = 3
_TRIES = 65
# No factor further from the multiplier than this, in parts of a row's largest sum, meets both ends.
_SPAN = 2.5

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rows:
    """Constants of a layer's rows.

    Attributes:
        factors: int64 [rows], 1 .. 2^31 - 1; 0 where there are none.
        addends: int64 [rows], int32 range.
        shift: one for the whole layer.
        scale: which multiple of a sum they are for.
    """

    factors: Int64Array
    addends: Int64Array
    shift: int
    scale: int = SCALE

    @property
    def found(self) -> BoolArray:
        """[rows]: whether there are constants."""
        return self.factors > 0

    def apply(self, sums: Int64Array) -> Int64Array:
        """int64 [..., rows] sums without bias → int64 bytes; of rows with constants."""
        high = ((sums * self.scale) * self.factors) >> _WORD
        stored: Int64Array = np.clip((high + self.addends) >> self.shift, -128, 127)
        return stored


@dataclass(frozen=True)
class _Points:
    """Sums at which bytes are demanded, and below which they are forbidden.

    Attributes:
        levels: int64 [levels].
        sums: int64 [rows, levels].
        smallest, largest: int64 [rows, 1], of a row's sums.
        scale: which multiple of a sum is multiplied.
    """

    levels: Int64Array
    sums: Int64Array
    smallest: Int64Array
    largest: Int64Array
    scale: int

    def of(self, rows: Int64Array) -> _Points:
        """The same of some rows."""
        return _Points(
            self.levels, self.sums[rows], self.smallest[rows], self.largest[rows], self.scale
        )

    @property
    def demanded(self) -> BoolArray:
        return self.sums <= self.largest

    @property
    def forbidden(self) -> BoolArray:
        return self.sums > self.smallest


def search(
    layer: IntegerLayer,
    scale: int = SCALE,
    bias: Int64Array | None = None,
    lowest: int | None = None,
) -> Rows:
    """Constants for as many rows as have them, at the best of a few shifts.

    Args:
        layer: one whose output bytes are the whole of int8; `scale` times its sums is an int32.
        bias: int64 [rows], what sums lack of accumulators; None: the layer's.
        lowest: the lowest bit of all factors, where kernels tell rows by it; None: either.
    """
    levels, accumulators = thresholds(layer)
    bias = (layer.bias if bias is None else bias)[:, np.newaxis]
    smallest, largest = (end[:, np.newaxis] - bias for end in layer.reach())
    points = _Points(levels, accumulators - bias, smallest, largest, scale)
    nothing = np.zeros(layer.outputs, np.int64)
    best = Rows(nothing, nothing, LEAST_SHIFT, scale)
    if layer.low != -128 or layer.high != 127:
        return best
    for shift in _shifts(layer, scale):
        rows = _at_shift(layer, points, shift, lowest)
        if rows.found.sum() > best.found.sum():
            best = rows
        if 2 * best.found.sum() >= layer.outputs:
            break  # the largest shift has the finest unit: others find less, but for rare layers
    return best


def _shifts(layer: IntegerLayer, scale: int) -> range:
    """From the largest at which factors stay below 2^31, down."""
    largest = float(layer.multipliers.max()) / scale
    top = 31 - _WORD - int(np.floor(np.log2(largest))) - 1
    top = min(MOST_SHIFT, top)
    return range(top, max(LEAST_SHIFT - 1, top - _SHIFTS), -1)


def _at_shift(layer: IntegerLayer, points: _Points, shift: int, lowest: int | None) -> Rows:
    """Constants of all rows for one shift."""
    unit = 2.0**_WORD / points.scale
    nearest = layer.multipliers.astype(np.float64) * unit * 2.0**shift
    lines = _Lines(points, shift)
    best = lines.widest(nearest)
    low, high = lines.end(best, nearest, -1), lines.end(best, nearest, 1)
    factors, addends = np.zeros(len(best), np.int64), np.zeros(len(best), np.int64)
    for part in sorted(np.linspace(0, 1, _TRIES), key=lambda part: abs(part - 0.5)):
        left = np.flatnonzero(factors == 0)
        if not len(left):
            break
        tried = np.rint(low + part * (high - low)).astype(np.int64)[left]
        if lowest is not None:
            tried = (tried & ~1) | lowest
        least, most = _bounds(tried, points.of(left), shift)
        good = (tried >= 1) & (tried < _INT32) & (least <= most)
        factors[left] = np.where(good, tried, 0)
        addends[left] = np.where(good, (least + most) // 2, 0)
    return Rows(factors, addends, shift, points.scale)


class _Lines:
    """Bounds of the addend as lines over a factor that need not be whole."""

    def __init__(self, points: _Points, shift: int) -> None:
        self.points = points
        self.unit = points.scale * 2.0**-_WORD
        self.goals = points.levels * 2.0**shift
        self.sums = points.sums * self.unit
        self.demanded, self.forbidden = points.demanded, points.forbidden

    def margin(self, factors: FloatArray) -> tuple[FloatArray, BoolArray]:
        """float64 [rows]: how far the bounds are apart; [rows]: whether it grows with the factor.

        Where one demand and one prohibition bind, it grows when the demanding sum is the larger.
        """
        column = factors[:, np.newaxis]
        rest = self.goals - self.sums * column
        demands = np.where(self.demanded, rest, -np.inf)
        prohibitions = np.where(self.forbidden, rest + self.unit * column, np.inf)
        demand, prohibition = demands.argmax(1), prohibitions.argmin(1)
        rows = np.arange(len(factors))
        grows = self.sums[rows, demand] > self.sums[rows, prohibition] - self.unit
        return prohibitions[rows, prohibition] - demands[rows, demand], grows

    def span(self, factors: FloatArray) -> FloatArray:
        """float64 [rows]: beyond so much more or less of a factor the ends cannot both be met."""
        reach = np.maximum(np.abs(self.points.smallest), np.abs(self.points.largest))[:, 0]
        span: FloatArray = factors * _SPAN / np.maximum(reach, 1)
        return span

    def widest(self, nearest: FloatArray) -> FloatArray:
        """float64 [rows]: the factor with the most room."""
        low, high = nearest - self.span(nearest), nearest + self.span(nearest)
        while (high - low > 0.5).any():
            middle = (low + high) / 2
            _, grows = self.margin(middle)
            low, high = np.where(grows, middle, low), np.where(grows, high, middle)
        return (low + high) / 2

    def end(self, best: FloatArray, nearest: FloatArray, sign: int) -> FloatArray:
        """float64 [rows]: the factor furthest from the best one that leaves room."""
        inside, outside = best, nearest + sign * self.span(nearest)
        while (np.abs(outside - inside) > 0.5).any():
            middle = (inside + outside) / 2
            fits = self.margin(middle)[0] >= 0
            inside, outside = np.where(fits, middle, inside), np.where(fits, outside, middle)
        return inside


def _bounds(factors: Int64Array, points: _Points, shift: int) -> tuple[Int64Array, Int64Array]:
    """int64 [rows]: the smallest and the largest addend that is right at every threshold.

    Exact: products stay below 2^62, and no sum of one with its addend leaves int32.
    """
    column = factors[:, np.newaxis]

    def high_words(sums: Int64Array) -> Int64Array:
        words: Int64Array = ((sums * points.scale) * column) >> _WORD
        return words

    goals = points.levels << shift
    far = np.int64(_INT32)
    least = np.where(points.demanded, goals - high_words(points.sums), -far)
    most = np.where(points.forbidden, goals - 1 - high_words(points.sums - 1), far - 1)
    ends = np.concatenate([high_words(points.smallest), high_words(points.largest)], axis=1)
    return (
        np.maximum(least.max(1, initial=-_INT32), (-far - ends).max(1)),
        np.minimum(most.min(1, initial=_INT32 - 1), (far - 1 - ends).min(1)),
    )
