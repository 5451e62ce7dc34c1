"""Sums and differences in integers: the reference's byte for each of the 65,536 pairs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.ir.graph import Graph
from codegen.ir.types import Int64Array
from codegen.kernels.elementwise.integers import SHIFT, Factors, Integers, factors_of, table_of
from codegen.kernels.wanted import Kernels
from codegen.ops.elementwise import Elementwise
from codegen.plan import plan_network
from codegen.target import CORTEX_M7
from tests.codegen.models import QdqModel
from tests.codegen.programs import Case, run_cases
from tests.ops.conftest import Read, read, read_variants

AUTO = Kernels("auto")
BYTES = np.arange(-128, 128)


def halves(
    scales: tuple[float, float, float] = (0.043, 0.031, 0.057),
    zero_points: tuple[int, int, int] = (5, -9, 3),
    *,
    function: str = "Add",
    size: int = 7,
    swapped: bool = False,
    after: tuple[Any, ...] = (),
) -> QdqModel:
    """A network of a function of its input's two halves, each with a quantization of its own."""
    model = QdqModel((1, 2, size)).qdq(scales[0], zero_points[0])
    first, second = model.split([model.value], 2, axis=1)
    other = model.at(second).qdq(scales[1], zero_points[1]).value
    kept = model.at(first).qdq(scales[0], zero_points[0]).value
    model.value = model.add(function, [other, kept] if swapped else [kept, other])
    if after:
        model.then(after[0], *(model.constant(np.float32(bound)) for bound in after[1:]))
    return model.qdq(scales[2], zero_points[2])


VARIANTS: dict[str, Callable[[], QdqModel]] = {
    "sum": halves,
    "difference": partial(halves, function="Sub", size=64),
    "swapped": partial(halves, function="Sub", size=5, swapped=True),
    "relu": partial(halves, zero_points=(-128, 3, -128), after=("Relu",), size=33),
    "clip": partial(halves, after=("Clip", -0.4, 0.9), size=34),
    # A step of both operands is less than one of the output.
    "wide": partial(halves, scales=(0.03, 0.02, 0.055)),
}


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    return read_variants(VARIANTS, tmp_path_factory.mktemp("read"))


def the_sum(graph: Graph) -> Elementwise:
    (op,) = [op for op in graph.ops if isinstance(op, Elementwise)]
    return op


@pytest.mark.parametrize("board", ["host", "mps2_an500"])
def test_bytes_are_the_reference_s(board: str, networks: dict[str, Read], tmp_path: Path) -> None:
    cases = [Case(name, net.graph, net.inputs[:40], AUTO) for name, net in networks.items()]
    for case in cases:
        steps = plan_network(case.graph, AUTO).steps
        assert "integers" in [step.lowered.kernel for step in steps], case.name
    for case, outputs in zip(cases, run_cases(cases, tmp_path, board), strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)


def by_factors(factors: Factors) -> Int64Array:
    """What the C makes of every pair; no sum leaves int32."""
    first, second = factors.first * BYTES >> 8, factors.second * BYTES >> 8
    sums = first[:, None] + second + factors.addend
    assert max(abs(factors.first), abs(factors.second)) < 2**31
    assert np.abs(sums).max() < 2**31
    clipped: Int64Array = np.clip(sums >> SHIFT, -128, 127)
    return clipped


def test_every_pair_of_bytes(tmp_path: Path) -> None:
    """Scales and zero points as networks have them: factors are found, and right everywhere."""
    rng = np.random.default_rng(4)
    found = 0
    for index in range(24):
        first, second = (float(scale) for scale in rng.uniform(0.01, 0.06, 2))
        scales = (first, second, float(rng.uniform(0.6, 1.1)) * max(first, second))
        zero_points = [int(point) for point in rng.integers(-128, 128, 3)]
        folder = tmp_path / str(index)
        folder.mkdir()
        function = ("Add", "Sub")[index % 2]
        model = halves(scales, (zero_points[0], zero_points[1], zero_points[2]), function=function)
        op = the_sum(read(model, folder))
        factors = factors_of(op)
        if factors is not None:
            found += 1
            np.testing.assert_array_equal(by_factors(factors), table_of(op))
    assert found >= 22, "float32 is for the rare ones"


def test_what_does_not_fit_says_why(tmp_path: Path) -> None:
    variants: dict[str, Callable[[], QdqModel]] = {
        "product": partial(halves, function="Mul"),
        "beyond_int32": partial(halves, scales=(0.5, 0.5, 0.01)),
        # Integers of 33 bits would do.
        "just_beyond_int32": partial(halves, scales=(0.5, 0.5, 0.1)),
        "repeated": repeated,
    }
    found = {
        name: Integers().fits(the_sum(net.graph), CORTEX_M7)
        for name, net in read_variants(variants, tmp_path).items()
    }
    assert found == {
        "product": "no sum or difference of two values",
        "beyond_int32": "no integers give every byte",
        "just_beyond_int32": "no integers give every byte",
        "repeated": "an operand is repeated",
    }


def repeated() -> QdqModel:
    """A row for each of several."""
    model = QdqModel((1, 3, 4)).qdq(0.04, 1)
    whole = model.value
    row = model.then("ReduceMax", axes=[1], keepdims=1).qdq(0.04, 1).value
    model.value = model.add("Add", [whole, row])
    return model.qdq(0.06, 0)
