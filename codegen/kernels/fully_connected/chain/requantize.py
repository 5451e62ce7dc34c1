"""Requantization by integers alone: constants searched offline and proved, or nothing.

The reference multiplies in float32 and rounds half to even (docs/numerics.md). Both it and

    u = clamp(((256 * acc + c) * M) >> (32 + shift), 0, 255)         u = output byte + 128

never fall when `acc` grows. So they agree on every accumulator when they agree at the thresholds:
the smallest accumulators at which the reference reaches each output byte. At most 255 points
decide, and all of them are checked in exact integers. On a Cortex-M the formula is an addition
with shift, SMMUL, and USAT with shift.

float32 rounds acc * multiplier to 24 bits before it rounds half to even, so its thresholds are not
quite evenly spaced: the smaller the multiplier, the more thresholds fall beside every straight
line, and no constants exist. Such a layer requantizes in the FPU, exactly as the reference does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from codegen.ir.types import Int64Array
from codegen.kernels.integer_layer import IntegerLayer
from codegen.kernels.thresholds import thresholds

# Accumulators are scaled by 2^8 before the multiplication: `c` then has a finer unit than they.
FRACTION_BITS = 8
_WORD = 32
# USAT takes shifts up to 31.
_MAX_SHIFT = 31
# Multipliers tried beside the nearest one, and shifts tried below the largest possible one.
_NEIGHBOURS = 64
_SHIFTS = 3

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class IntegerConstants:
    """u = clamp(((256 * acc + addends) * multipliers) >> (32 + shift), 0, 255), for every output.

    Attributes:
        multipliers: int64 [outputs], 1 .. 2^31 - 1.
        addends: int64 [outputs], int32 range.
        shift: 0..31, one for the whole layer.
    """

    multipliers: Int64Array
    addends: Int64Array
    shift: int

    def apply(self, accumulators: Int64Array) -> Int64Array:
        """int64 [..., outputs] accumulators → int64 u = byte + 128 before the lower clamp."""
        scaled = (accumulators << FRACTION_BITS) + self.addends
        bytes_up: Int64Array = np.clip((scaled * self.multipliers) >> (_WORD + self.shift), 0, 255)
        return bytes_up


@dataclass(frozen=True)
class Search:
    """What the search found.

    Attributes:
        constants: for the whole layer, or None.
        found: outputs for which constants exist at the best common shift.
    """

    constants: IntegerConstants | None
    found: int


def search(layer: IntegerLayer) -> Search:
    """Find constants with one shift for all outputs of a layer, and prove them."""
    levels, accumulators = thresholds(layer)
    smallest, largest = layer.reach()
    best = Search(None, 0)
    for shift in _shifts(layer):
        multipliers, addends, found = _search_shift(
            layer, (levels, accumulators), (smallest, largest), shift
        )
        if found.all():
            constants = IntegerConstants(multipliers, addends, shift)
            if proved(constants, levels, accumulators, smallest, largest):
                return Search(constants, layer.outputs)
        best = max(best, Search(None, int(found.sum())), key=lambda result: result.found)
    return best


def _shifts(layer: IntegerLayer) -> range:
    """Shifts worth trying: from the largest at which every multiplier stays below 2^31 down."""
    largest = float(layer.multipliers.max())
    spare = 31 - (_WORD - FRACTION_BITS) - int(np.floor(np.log2(largest))) - 1
    top = min(_MAX_SHIFT, spare)
    return range(top, max(-1, top - _SHIFTS), -1)


def _search_shift(
    layer: IntegerLayer,
    points: tuple[Int64Array, Int64Array],
    reach: tuple[Int64Array, Int64Array],
    shift: int,
) -> tuple[Int64Array, Int64Array, npt.NDArray[np.bool_]]:
    """Multipliers, addends and whether they exist, for one shift.

    With D = 2^(32+shift): u >= v  ⇔  256 acc + c >= ceil(v D / M). Each threshold t demands that at
    t and forbids it at t - 1: an interval for c. float64 is fine enough to find, not to prove.
    """
    levels, accumulators = points
    smallest, largest = reach
    outputs = layer.outputs
    unit = 2.0**FRACTION_BITS
    nearest = np.rint(layer.multipliers.astype(np.float64) * 2.0 ** (_WORD - FRACTION_BITS + shift))
    # Where a byte is always reached the forbidding half falls away; where never, the demanding.
    demands = accumulators <= largest[:, np.newaxis]
    forbids = accumulators > smallest[:, np.newaxis]
    scaled = accumulators * unit
    # 256 acc + c must fit 32 bits over the whole reach.
    floor = np.maximum(-(2.0**31) - smallest * unit, -(2.0**31))
    ceiling = np.minimum(2.0**31 - 1 - largest * unit, 2.0**31 - 1)
    chosen = np.zeros(outputs)
    addends = np.zeros(outputs)
    found = np.zeros(outputs, bool)
    for step in sorted(range(-_NEIGHBOURS, _NEIGHBOURS + 1), key=abs):
        open_rows = np.flatnonzero(~found)
        if not len(open_rows):
            break
        multiplier = nearest[open_rows] + step
        usable = (multiplier >= 1) & (multiplier < 2.0**31)
        goals = np.ceil(
            (levels + 128) * 2.0 ** (_WORD + shift) / np.maximum(multiplier, 1)[:, np.newaxis]
        )
        rest = goals - scaled[open_rows]
        least = np.where(demands[open_rows], rest, -np.inf).max(1, initial=-np.inf)
        most = np.where(forbids[open_rows], rest - 1 + unit, np.inf).min(1, initial=np.inf)
        least = np.maximum(least, floor[open_rows])
        most = np.minimum(most, ceiling[open_rows])
        good = usable & (least <= most)
        rows = open_rows[good]
        chosen[rows] = multiplier[good]
        addends[rows] = np.floor((least[good] + most[good]) / 2)
        found[rows] = True
    return chosen.astype(np.int64), addends.astype(np.int64), found


def proved(
    constants: IntegerConstants,
    levels: Int64Array,
    accumulators: Int64Array,
    smallest: Int64Array,
    largest: Int64Array,
) -> bool:
    """Check every threshold in exact integers: the byte is reached at it and not one below it."""
    addends = constants.addends[:, np.newaxis]
    multipliers = constants.multipliers[:, np.newaxis]
    below, above = smallest[:, np.newaxis], largest[:, np.newaxis]

    def value(at: Int64Array) -> Int64Array:
        wide: Int64Array = ((at << FRACTION_BITS) + addends) * multipliers
        return wide >> (_WORD + constants.shift)

    ends = ((below << FRACTION_BITS) + addends, (above << FRACTION_BITS) + addends)
    fits = (min(e.min() for e in ends) >= -(2**31)) and (max(e.max() for e in ends) < 2**31)
    reached = value(np.minimum(accumulators, above)) >= levels + 128
    missed = value(np.maximum(accumulators - 1, below)) < levels + 128
    return bool(
        fits
        and np.all(reached | (accumulators > above))
        and np.all(missed | (accumulators <= below))
    )
