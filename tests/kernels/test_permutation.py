"""Another order of hidden neurons changes no output byte."""

from __future__ import annotations

import numpy as np
import pytest

from codegen.kernels.fully_connected.chain.permutation import order_inputs, order_outputs
from tests.kernels.networks import WEIGHTS, all_bytes, random_integer_layer


@pytest.mark.parametrize("kind", WEIGHTS)
def test_no_byte_changes(kind: str) -> None:
    rng = np.random.default_rng(10)
    first = random_integer_layer(rng, 21, 33, kind)
    second = random_integer_layer(rng, 6, 21, kind)
    inputs = all_bytes(rng, first)
    order = rng.permutation(21)
    ordered = order_outputs(first, order)
    assert np.array_equal(ordered.run(inputs), first.run(inputs)[:, order])
    after = order_inputs(second, order).run(ordered.run(inputs))
    assert np.array_equal(after, second.run(first.run(inputs)))
