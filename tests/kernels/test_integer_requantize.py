"""SMMLA's constants give the reference's byte for every sum that a row reaches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codegen.ir.types import Int64Array
from codegen.kernels.integer_layer import IntegerLayer
from codegen.kernels.integer_requantize import (
    LEAST_SHIFT,
    MOST_SHIFT,
    SCALE,
    Rows,
    _shifts,
    search,
)


def layer(seed: int, inputs: int, outputs: int, spread: float, zero_point: int) -> IntegerLayer:
    """Rows whose largest weight is 127, multipliers that spread outputs over `spread` bytes."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(0, 1, (outputs, inputs))
    weights = np.rint(weights / np.abs(weights).max(1, keepdims=True) * 127).astype(np.int64)
    deviation = 74 * np.sqrt((weights**2).sum(1))
    multipliers = (rng.uniform(0.5, 1, outputs) * spread / deviation).astype(np.float32)
    bias = rng.integers(-20000, 20000, outputs)
    return IntegerLayer(weights, bias, multipliers, zero_point, -128, 127, base=0)


def row_of(whole: IntegerLayer, row: np.intp) -> IntegerLayer:
    one = slice(row, row + 1)
    return IntegerLayer(
        whole.weights[one],
        whole.bias[one],
        whole.multipliers[one],
        whole.zero_point,
        whole.low,
        whole.high,
        whole.base,
    )


def all_sums(whole: IntegerLayer, row: np.intp) -> Int64Array:
    smallest, largest = (int(end[row] - whole.bias[row]) for end in whole.reach())
    return np.arange(smallest, largest + 1)


def wrong(whole: IntegerLayer, rows: Rows) -> int:
    """Sums of rows with constants that get another byte than the reference's."""
    count = 0
    for row in np.flatnonzero(rows.found):
        sums = all_sums(whole, row)
        expected = row_of(whole, row).requantize((sums + whole.bias[row])[:, None])[:, 0]
        one = Rows(rows.factors[row : row + 1], rows.addends[row : row + 1], rows.shift)
        count += int((one.apply(sums[:, None])[:, 0] != expected).sum())
    return count


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("inputs", "spread"), [(9, 60), (27, 60), (64, 60), (9, 400), (9, 3)])
def test_every_sum_gets_the_byte(seed: int, inputs: int, spread: float) -> None:
    whole = layer(seed, inputs, 12, spread, zero_point=(-128, 3, 127, -40)[seed])
    rows = search(whole)
    assert rows.found.any()
    assert wrong(whole, rows) == 0


@pytest.mark.parametrize(("inputs", "least"), [(9, 0.9), (64, 0.55), (256, 0.45)])
def test_most_rows_have_constants(inputs: int, least: float) -> None:
    """Fewer, and the search lost some: rows without take more instructions, not other bytes."""
    rows = search(layer(0, inputs, 64, 60, zero_point=-128))
    assert rows.found.mean() >= least


def test_another_addend_or_factor_is_seen_to_be_wrong() -> None:
    """What the test above compares is not beyond doubt in itself."""
    whole = layer(1, 9, 12, 60, zero_point=-128)
    rows = search(whole)
    step = 1 << (rows.shift - 8)
    assert wrong(whole, Rows(rows.factors, rows.addends + step, rows.shift)) > 0
    assert wrong(whole, Rows(rows.factors + (rows.factors >> 10), rows.addends, rows.shift)) > 0


@pytest.mark.parametrize("bias", [-3_000_000, 3_000_000])
def test_no_sum_of_a_row_of_one_byte_leaves_int32(bias: int) -> None:
    """There, no threshold bounds the addend from one side."""
    whole = layer(2, 9, 4, 60, zero_point=0)
    whole = replace(whole, bias=np.full(4, bias))
    rows = search(whole)
    assert rows.found.all() and wrong(whole, rows) == 0
    smallest, largest = (end - whole.bias for end in whole.reach())
    for sums in (smallest, largest):
        words = ((sums << 8) * rows.factors >> 32) + rows.addends
        assert (np.abs(words) < 2**31).all() and (np.abs(rows.addends) < 2**31).all()


@pytest.mark.parametrize(("low", "high"), [(-20, 127), (-128, 100)])
def test_a_narrower_clamp_has_none(low: int, high: int) -> None:
    """SSAT knows int8 alone."""
    whole = layer(1, 9, 4, 60, zero_point=-20)
    assert not search(replace(whole, low=low, high=high)).found.any()


@pytest.mark.parametrize(("spread", "count"), [(60, 3), (6000, 1), (1e-4, 3)])
def test_few_shifts_are_tried(spread: float, count: int) -> None:
    """From the largest at which a factor is an int32 and SSAT can shift, down to the least."""
    whole = layer(1, 9, 4, spread, zero_point=0)
    tried = list(_shifts(whole, SCALE))
    factor = float(whole.multipliers.max()) * 2.0 ** (32 + tried[0]) / SCALE
    assert factor < 2**31 and (factor >= 2**30 or tried[0] == MOST_SHIFT)
    assert tried == [tried[0] - step for step in range(count)] and tried[-1] >= LEAST_SHIFT


@pytest.mark.parametrize("lowest", [0, 1])
def test_factors_have_the_lowest_bit_that_is_asked_for(lowest: int) -> None:
    """And hardly a row is lost by it: there is room for more than one factor."""
    whole = layer(5, 9, 128, 3.0, -128)
    rows = search(whole, lowest=lowest)
    assert {*(rows.factors[rows.found] & 1).tolist()} == {lowest}
    assert wrong(whole, rows) == 0
    assert rows.found.sum() >= search(whole).found.sum() - 2 > 64
