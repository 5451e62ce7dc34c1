"""Biases between two steps of the accumulator: their fraction joins the exact sum."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.fixed_bias import fixed_bias
from codegen.kernels.wanted import Kernels
from codegen.ops.fully_connected import FullyConnected
from codegen.plan import plan_network
from codegen.reference import run
from codegen.weighted_sum import WeightedSum
from tests.codegen.models import Array, QdqModel, random_layer
from tests.codegen.oracle import exact_layer, onnxruntime_outputs
from tests.codegen.programs import Case, run_cases
from tests.ops.conftest import Read, read, read_variants

# As far from a boundary between two bytes, in output steps, every byte has to be right.
SURE = 1e-5
INPUT, OUTPUT = np.float32(0.031), np.float32(0.11)


def fully_connected(scale: float = 0.0073) -> QdqModel:
    rng = np.random.default_rng(1)
    weights, _ = random_layer(rng, 24, 40)
    bias = rng.normal(0, 2, 24).astype(np.float32)
    return QdqModel((1, 40)).qdq(INPUT, 3).gemm(weights, np.float32(scale), bias).qdq(OUTPUT, -7)


def convolved(op: str, weights: tuple[int, ...], **attributes: Any) -> QdqModel:
    rng = np.random.default_rng(2)
    model = QdqModel((1, 4, 6, 5)).qdq(INPUT, 3)
    stored = rng.integers(-128, 128, weights).astype(np.int8)
    filters = weights[0] if op == "Conv" else weights[1]
    bias = model.constant(rng.normal(0, 2, filters).astype(np.float32))
    return model.then(op, model.dequantized(stored, 0.0073), bias, **attributes).qdq(OUTPUT, -7)


def added() -> QdqModel:
    """MatMul and Add, the bias quantized with a scale of its own."""
    rng = np.random.default_rng(3)
    model = QdqModel((1, 30)).qdq(INPUT, 3)
    stored = rng.integers(-128, 128, (30, 12)).astype(np.int8)
    bias = model.dequantized(rng.integers(-128, 128, 12).astype(np.int8), 0.02)
    model.then("MatMul", model.dequantized(stored, 0.0073)).then("Add", bias)
    return model.qdq(OUTPUT, -7)


def nearly_dead() -> QdqModel:
    """One row's bias takes all of int32; the others keep their fraction in 64 bits."""
    rng = np.random.default_rng(4)
    weights, _ = random_layer(rng, 6, 40)
    scales = np.full(6, 0.0073, np.float32)
    scales[2] = 1e-8
    bias = rng.normal(0, 2, 6).astype(np.float32)
    model = QdqModel((1, 40)).qdq(INPUT, 3)
    operands = model.dequantized(weights, scales, np.zeros(6), 0), model.constant(bias)
    return model.then("Gemm", *operands, transB=1).qdq(OUTPUT, -7)


NETWORKS = {
    "fully_connected": fully_connected,
    "conv": lambda: convolved("Conv", (7, 4, 3, 3), pads=[1, 1, 1, 1]),
    "depthwise": lambda: convolved("Conv", (8, 1, 3, 3), group=4),
    "conv_transpose": lambda: convolved("ConvTranspose", (4, 3, 2, 2), strides=[2, 2]),
    "added": added,
    "nearly_dead": nearly_dead,
}


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    return read_variants(NETWORKS, tmp_path_factory.mktemp("read"))


def layer_of(read: Read) -> WeightedSum:
    (op,) = (op for op in read.graph.ops if isinstance(op, WeightedSum))
    return op


@pytest.mark.parametrize("name", NETWORKS)
def test_bytes_are_onnxruntimes(name: str, networks: dict[str, Read]) -> None:
    """Rounded to whole steps, a few of ten thousand bytes would differ."""
    tested = networks[name]
    rng = np.random.default_rng(5)
    inputs = rng.integers(-128, 128, (400, tested.graph.input_bytes)).astype(np.int8)
    found = run(tested.graph, inputs)
    expected = onnxruntime_outputs(tested.model, tested.graph, inputs)
    assert layer_of(tested).fraction > 0
    assert np.count_nonzero(found != expected) <= found.size * 2e-5
    assert len(np.unique(found)) > 100


@pytest.mark.parametrize("seed", range(4))
def test_exact_arithmetic_agrees(seed: int, tmp_path: Path) -> None:
    """Steps of the accumulator as coarse as a thirtieth of the output's."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(-3, 4, (30, 20)).astype(np.int8)
    bias = rng.normal(0, 1, 30).astype(np.float32)
    scale = np.float32(rng.uniform(0.05, 0.2))
    model = QdqModel((1, 20)).qdq(INPUT, -5).gemm(weights, scale, bias).qdq(OUTPUT, 4)
    graph = read(model, tmp_path)
    inputs = rng.integers(-128, 128, (200, 20)).astype(np.int8)
    scales = (float(INPUT), [float(scale)] * 30, float(OUTPUT))
    real = [Fraction(float(value)) for value in bias]
    exact, distance = exact_layer(inputs, weights, real, scales, (-5, 4))
    found = run(graph, inputs)
    assert not np.flatnonzero((found != exact) & (distance > SURE)).size
    rounded = [
        round(value / Fraction(float(INPUT * scale))) * Fraction(float(INPUT * scale))
        for value in real
    ]
    coarse, _ = exact_layer(inputs, weights, rounded, scales, (-5, 4))
    assert np.count_nonzero(coarse != exact) > 20


@pytest.mark.parametrize("board", ["host", "mps2_an500"])
def test_c_agrees_with_the_reference(board: str, networks: dict[str, Read], tmp_path: Path) -> None:
    cases = [Case(name, net.graph, net.inputs[:16]) for name, net in networks.items()]
    for case, found in zip(cases, run_cases(cases, tmp_path, board), strict=True):
        np.testing.assert_array_equal(found, case.expected, case.name)


def test_wide_only_where_a_row_needs_it(networks: dict[str, Read]) -> None:
    assert {name for name, net in networks.items() if layer_of(net).wide} == {"nearly_dead"}


def test_packed_layers_leave_it_to_the_portable_kernel(networks: dict[str, Read]) -> None:
    """And the report says why."""
    graph = networks["fully_connected"].graph
    (step,) = plan_network(graph, Kernels("dense")).steps
    assert (step.lowered.kernel, step.lowered.why) == (
        "portable",
        "portable: its biases have a fraction",
    )


def test_a_scale_one_ulp_off_is_the_accumulators(tmp_path: Path) -> None:
    """As a quantizer writes it that multiplies in another order."""
    weights, bias = random_layer(np.random.default_rng(6), 5, 8)
    unit = np.nextafter(INPUT * np.float32(0.0073), np.float32(1))
    model = QdqModel((1, 8)).qdq(INPUT, 3).gemm(weights, np.float32(0.0073), bias, unit)
    (layer,) = read(model.qdq(OUTPUT, 0), tmp_path).ops
    assert isinstance(layer, FullyConnected)
    assert layer.fraction == 0
    np.testing.assert_array_equal(layer.bias, bias)


def fixed(real: list[float], products: int, multiplier: float) -> tuple[Array, int]:
    bias = fixed_bias(np.array(real), np.full(len(real), products), np.full(len(real), multiplier))
    return bias.values, bias.fraction


def test_as_many_bits_as_leave_the_sum_in_32() -> None:
    values, fraction = fixed([1 / 3, -7.1], 2**20, 1e-3)
    # 2^20 + 7.1 with 10 bits more is below 2^31, with 11 not.
    assert fraction == 10
    assert values.dtype == np.int32
    assert values.tolist() == [341, -7270]


def test_no_more_bits_than_the_biases_have() -> None:
    values, fraction = fixed([0.25, -3.0], 2**10, 1e-3)
    assert (fraction, values.tolist()) == (2, [1, -12])


def test_whole_biases_have_no_fraction() -> None:
    values, fraction = fixed([5.0, -(2.0**30)], 2**10, 1e-3)
    assert (fraction, values.tolist()) == (0, [5, -(2**30)])
    assert values.dtype == np.int32


def test_64_bits_where_32_leave_out_too_much() -> None:
    values, fraction = fixed([1 / 3, 2.0**29], 2**10, 0.05)
    assert values.dtype == np.int64
    assert fraction == 22  # 2^29 + 2^10 with 22 bits more is below 2^52, with 23 not
    assert values.tolist() == [1398101, 2**51]


def test_no_multiplier_becomes_subnormal() -> None:
    values, fraction = fixed([1 / 3], 2**8, 2.0**-120)
    assert (fraction, values.tolist()) == (6, [21])
