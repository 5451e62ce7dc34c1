"""What `table_memory` is spent on: the layers that save most together, within the bytes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pytest

from codegen.ir.graph import Op
from codegen.kernels.registry import Tabled
from codegen.memory.tables import Budget, spend
from tests.codegen.shapes import Shaped
from tests.ops.conftest import read

LAYERS = 7


@pytest.fixture(scope="module")
def ops(tmp_path_factory: pytest.TempPathFactory) -> tuple[Op, ...]:
    """As many layers as any test divides bytes among."""
    model = Shaped(1, 2, 2)
    for _ in range(LAYERS):
        model.conv(1)
    return read(model, tmp_path_factory.mktemp("ops")).ops


def wishes(ops: tuple[Op, ...], *wanted: tuple[int, float]) -> dict[Op, Tabled]:
    return {op: Tabled(size, faster) for op, (size, faster) in zip(ops, wanted, strict=False)}


def saved(asked: Mapping[Op, Tabled], budget: Budget) -> float:
    return sum(asked[op].faster for op in budget.grants)


def test_nothing_is_granted_of_nothing(ops: tuple[Op, ...]) -> None:
    assert spend({}, 100) == Budget(100, {}, ())
    budget = spend(wishes(ops, (40, 4.0)), 0)
    assert (budget.grants, budget.left, budget.offers) == ({}, 0, ((40, 4.0),))


def test_a_layer_fits_to_the_byte(ops: tuple[Op, ...]) -> None:
    asked = wishes(ops, (40, 4.0))
    assert (spend(asked, 39).grants, spend(asked, 39).left) == ({}, 39)
    budget = spend(asked, 40)
    assert (budget.grants, budget.left, budget.offers) == ({ops[0]: 40}, 0, ())


def test_what_is_too_large_leaves_its_turn(ops: tuple[Op, ...]) -> None:
    asked = wishes(ops, (100, 1000.0), (30, 3.0), (20, 1.0))
    assert spend(asked, 60).grants == {ops[1]: 30, ops[2]: 20}
    assert spend(asked, 60).offers == ((100, 996.0), (130, 999.0), (150, 1000.0))


def test_not_the_best_for_a_byte_but_the_most_in_all(ops: tuple[Op, ...]) -> None:
    """The first alone saves two for a byte and leaves room that nothing else fits in."""
    asked = wishes(ops, (20, 40.0), (50, 75.0))
    assert spend(asked, 50).grants == {ops[1]: 50}
    assert spend(asked, 49).grants == {ops[0]: 20}
    assert spend(asked, 50).offers == ((70, 40.0),)


def test_of_what_saves_as_much_the_smaller_is_taken(ops: tuple[Op, ...]) -> None:
    assert spend(wishes(ops, (50, 9.0), (20, 9.0)), 60).grants == {ops[1]: 20}


@pytest.mark.parametrize("seed", range(20))
def test_no_other_layers_save_more(ops: tuple[Op, ...], seed: int) -> None:
    """All sets of layers tried; each offer is what its bytes would save more."""
    random = np.random.default_rng(seed)
    count = int(random.integers(1, LAYERS + 1))
    rows = zip(random.integers(1, 60, count), random.integers(1, 40, count), strict=True)
    asked = wishes(ops, *((4 * int(size), float(faster)) for size, faster in rows))
    allowed = int(random.integers(0, 4 * 60 * 4))
    budget = spend(asked, allowed)
    assert budget.left >= 0
    assert all(asked[op].bytes == size for op, size in budget.grants.items())
    sets = [some for n in range(count + 1) for some in combinations(asked, n)]
    fitting = [some for some in sets if sum(asked[op].bytes for op in some) <= allowed]
    assert saved(asked, budget) == max(sum(asked[op].faster for op in some) for some in fitting)
    sizes = [size for size, _ in budget.offers]
    assert sizes == sorted(set(sizes)) and all(size > allowed for size in sizes)
    for size, more in budget.offers:
        assert more == saved(asked, spend(asked, size)) - saved(asked, budget) > 0
    everything = sum(each.bytes for each in asked.values())
    assert len(budget.grants) == count or sizes[-1] == everything


def test_many_layers_are_divided_at_once(ops: tuple[Op, ...]) -> None:
    """Sets of layers are as many as sizes, not as there are ways to choose: 2 to the 40."""
    asked = {Op(op.name, op.inputs, op.outputs): Tabled(8, 1.0) for op in ops for _ in range(6)}
    assert len(asked) == 6 * LAYERS
    assert len(spend(asked, 8 * 20 + 7).grants) == 20
