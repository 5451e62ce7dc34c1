"""Weights that leave int8 less their zero points, of both signs, in every kind of layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.kernels.wanted import Kernels
from codegen.kernels.weights import stored_weights
from codegen.plan import plan_network
from codegen.reference import run
from codegen.weighted_sum import WeightedSum
from support.errors import UserError
from tests.codegen.models import Array, QdqModel
from tests.codegen.oracle import onnxruntime_outputs
from tests.codegen.programs import Case, run_cases
from tests.ops.conftest import Read, read, read_variants, run_on_host

# Powers of two: every float32 operation is exact, so onnxruntime must agree on each byte.
INPUT, WEIGHT, OUTPUT = 2.0**-5, 2.0**-8, 2.0**-2


def layer(
    op: str, weights: tuple[int, ...], zero_point: int, dtype: Any, **attributes: Any
) -> Callable[[], QdqModel]:
    def build() -> QdqModel:
        rng = np.random.default_rng(7)
        image = len(weights) > 2
        model = QdqModel((1, 4, 6, 5) if image else (1, weights[-1])).qdq(INPUT, -3)
        info = np.iinfo(dtype)
        stored = rng.integers(info.min, info.max + 1, weights).astype(dtype)
        stored.reshape(-1)[:2] = info.min, info.max
        filters = weights[1] if op == "ConvTranspose" else weights[0]
        bias = model.dequantized(rng.integers(-900, 900, filters).astype(np.int32), INPUT * WEIGHT)
        operands = model.dequantized(stored, WEIGHT, zero_point), bias
        return model.then(op, *operands, **attributes).qdq(OUTPUT, 5)

    return build


def per_channel() -> QdqModel:
    """Zero points of all sizes: rows that fit int8 stand beside rows that do not."""
    rng = np.random.default_rng(8)
    model = QdqModel((1, 12)).qdq(INPUT, 4)
    stored = rng.integers(0, 256, (6, 12)).astype(np.uint8)
    zeros, scales = np.array([0, 128, 255, 127, 77, 200]), np.full(6, WEIGHT)
    stored[3] = np.clip(stored[3], 0, 254)
    weights = model.dequantized(stored, scales, zeros, 0)
    return model.then("Gemm", weights, transB=1).qdq(OUTPUT, 5)


NETWORKS = {
    "gemm": layer("Gemm", (6, 30), 90, np.uint8, transB=1),
    "all_positive": layer("Gemm", (6, 30), 0, np.uint8, transB=1),
    "all_negative": layer("Gemm", (6, 30), 255, np.uint8, transB=1),
    "signed": layer("Gemm", (6, 30), -100, np.int8, transB=1),
    "per_channel": per_channel,
    "conv": layer("Conv", (7, 4, 3, 3), 90, np.uint8, pads=[1, 1, 0, 1]),
    "depthwise": layer("Conv", (8, 1, 3, 3), 200, np.uint8, group=4),
    "conv_transpose": layer("ConvTranspose", (4, 3, 2, 2), 90, np.uint8, strides=[2, 2]),
}


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    return read_variants(NETWORKS, tmp_path_factory.mktemp("read"))


@pytest.fixture(scope="module")
def computed(
    networks: dict[str, Read], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Array]:
    return run_on_host(networks, tmp_path_factory.mktemp("host"))


@pytest.mark.parametrize("name", NETWORKS)
def test_onnxruntime_c_and_reference_agree(
    name: str, networks: dict[str, Read], computed: dict[str, Array]
) -> None:
    tested = networks[name]
    expected = onnxruntime_outputs(tested.model, tested.graph, tested.inputs)
    np.testing.assert_array_equal(run(tested.graph, tested.inputs), expected)
    np.testing.assert_array_equal(computed[name], expected)
    assert len(np.unique(expected)) > 20


def test_emulated(networks: dict[str, Read], tmp_path: Path) -> None:
    """On the Cortex-M7 that QEMU emulates."""
    cases = [Case(name, net.graph, net.inputs[:8]) for name, net in networks.items()]
    for case, outputs in zip(cases, run_cases(cases, tmp_path, "mps2_an500"), strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)


def test_flash_keeps_eight_bits(networks: dict[str, Read]) -> None:
    """And a zero point only for rows that need one."""
    (op,) = networks["per_channel"].graph.ops
    assert isinstance(op, WeightedSum)
    assert op.weights.dtype == np.int16
    stored, zeros = stored_weights(op)
    assert stored.dtype == np.int8
    assert zeros is not None
    np.testing.assert_array_equal(stored.astype(int) - zeros[:, None], op.weights)
    assert zeros[1] == zeros[3] == 0
    assert zeros[0] and zeros[2]


def test_packed_layers_leave_it_to_the_portable_kernel(networks: dict[str, Read]) -> None:
    (step,) = plan_network(networks["gemm"].graph, Kernels("dense")).steps
    assert step.lowered.why == "portable: its weights less their zero points leave 8 bits"


@pytest.mark.parametrize(("inputs", "taken"), [(32896, True), (32897, False)])
def test_reach_of_the_products(inputs: int, taken: bool, tmp_path: Path) -> None:
    """256 * 255 * inputs is what the products of one output can come to."""
    model = QdqModel((1, inputs)).qdq(INPUT, -128)
    model.then("Gemm", model.dequantized(np.full((1, inputs), 255, np.uint8), WEIGHT), transB=1)
    model.qdq(OUTPUT, 0)
    if taken:
        assert len(read(model, tmp_path).ops) == 1
        return
    with pytest.raises(UserError, match="can overflow the 32-bit accumulator"):
        read(model, tmp_path)
