"""Add of a constant between quantized tensors: what MatMul + Add becomes in two quantized steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.ops.add import AddConstant
from codegen.reference import run
from support.errors import UserError
from tests.codegen.models import Array, QdqModel, random_layer
from tests.codegen.oracle import onnxruntime_outputs
from tests.ops.conftest import Read, read, read_variants, run_on_host

RNG = np.random.default_rng(2)
ADDEND = RNG.uniform(-6, 6, 6).astype(np.float32)


def added(
    addend: Any = ADDEND,
    shape: tuple[int, ...] = (1, 6),
    scales: tuple[float, float] = (0.043, 0.057),
    zero_points: tuple[int, int] = (5, -9),
    *,
    after: tuple[Any, ...] = (),
    constant_first: bool = False,
) -> Callable[[], QdqModel]:
    """A network of one Add."""

    def build() -> QdqModel:
        model = QdqModel(shape).qdq(scales[0], zero_points[0])
        operand = model.constant(np.asarray(addend, np.float32))
        names = [operand, model.value] if constant_first else [model.value, operand]
        model.value = model.add("Add", names)
        if after:
            model.then(after[0], *(model.constant(np.float32(bound)) for bound in after[1:]))
        return model.qdq(scales[1], zero_points[1])

    return build


def quantized_addend() -> QdqModel:
    """As onnxruntime writes it: the constant is an 8-bit tensor, too."""
    model = QdqModel((1, 6)).qdq(0.05, 0)
    stored = RNG.integers(0, 256, 6).astype(np.uint8)
    return model.then("Add", model.dequantized(stored, 0.03, 77)).qdq(0.06, 3)


def matmul_then_add() -> QdqModel:
    """A dense layer in two quantized steps, with its ReLU."""
    weights, _ = random_layer(np.random.default_rng(4), 6, 4)
    model = QdqModel((1, 4)).qdq(2.0**-5, 7)
    model.then("MatMul", model.dequantized(weights.T.copy(), 2.0**-8)).qdq(2.0**-4, 1)
    return model.then("Add", model.constant(ADDEND)).then("Relu").qdq(0.07, -128)


NETWORKS: dict[str, Callable[[], QdqModel]] = {
    "plain": added(),
    "constant_first": added(constant_first=True),
    "one_for_all": added(1.5),
    "of_rank_one": added(ADDEND[:3], (1, 2, 3)),
    "broadcast": added(ADDEND[:2].reshape(2, 1), (1, 2, 3)),
    "relu": added(after=("Relu",)),
    "clip": added(after=("Clip", -2.5, 1.25)),
    "zero_points_at_the_ends": added(zero_points=(-128, 127)),
    "saturating": added(ADDEND * 1e30),
    "coarse_to_fine": added(scales=(3.0, 0.001)),
    "fine_to_coarse": added(scales=(0.001, 3.0)),
    "ties": added([0.5, -0.5, 1.5, -1.5, 2.5, 0.0], scales=(1.0, 1.0), zero_points=(0, 0)),
    "quantized_addend": quantized_addend,
    "matmul_then_add": matmul_then_add,
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
def test_reference_agrees_with_onnxruntime(name: str, networks: dict[str, Read]) -> None:
    """The same float32 operations in the same order: every byte."""
    tested = networks[name]
    expected = onnxruntime_outputs(tested.model, tested.graph, tested.inputs)
    np.testing.assert_array_equal(run(tested.graph, tested.inputs), expected)


@pytest.mark.parametrize("name", NETWORKS)
def test_c_agrees_with_the_reference(
    name: str, networks: dict[str, Read], computed: dict[str, Array]
) -> None:
    tested = networks[name]
    np.testing.assert_array_equal(computed[name], run(tested.graph, tested.inputs))


def test_right_after_matmul_it_is_the_bias(tmp_path: Path) -> None:
    weights, bias = random_layer(RNG, 3, 6)
    model = QdqModel((1, 6)).qdq(0.1, 0)
    model.then("MatMul", model.dequantized(weights.T.copy(), 0.01))
    model.then("Add", model.constant(bias.astype(np.float32))).qdq(0.5, 0)
    assert not any(isinstance(node, AddConstant) for node in read(model, tmp_path).ops)


@pytest.mark.parametrize(
    ("addend", "message"),
    [
        (np.zeros((1, 4), np.float32), r"adds shape \[1, 4\] to shape \[1, 6\]"),
        (np.zeros((2, 1, 6), np.float32), r"adds shape \[2, 1, 6\] to shape \[1, 6\]"),
        (np.full(6, np.inf, np.float32), "adds values that are not finite"),
        (np.zeros(6, np.int32), "adds int32 to a float value"),
    ],
)
def test_operands_that_do_not_fit(addend: Array, message: str, tmp_path: Path) -> None:
    model = QdqModel((1, 6)).qdq(0.1, 0)
    model.then("Add", model.constant(addend)).qdq(0.1, 0)
    with pytest.raises(UserError, match=message):
        read(model, tmp_path, check=False)


@pytest.mark.parametrize("clamp", [("Relu",), ("Clip", -1.0, 1.0)], ids=["relu", "clip"])
def test_right_after_a_clamp_it_is_no_bias(clamp: tuple[Any, ...], tmp_path: Path) -> None:
    """What is added after a ReLU must not be added before it."""
    weights, _ = random_layer(RNG, 3, 6)
    model = QdqModel((1, 6)).qdq(0.1, 0)
    model.then("MatMul", model.dequantized(weights.T.copy(), 0.01))
    model.then(clamp[0], *(model.constant(np.float32(bound)) for bound in clamp[1:]))
    model.then("Add", model.constant(np.ones(3, np.float32))).qdq(0.5, 0)
    with pytest.raises(UserError, match="no QuantizeLinear/DequantizeLinear pair after"):
        read(model, tmp_path)


def test_two_biases(tmp_path: Path) -> None:
    """The second one comes before the layer is quantized: nothing defines its bytes."""
    weights, _ = random_layer(RNG, 3, 6)
    model = QdqModel((1, 6)).qdq(0.1, 0)
    model.then("MatMul", model.dequantized(weights.T.copy(), 0.01))
    bias = model.constant(np.ones(3, np.float32))
    model.then("Add", bias).then("Add", bias).qdq(0.5, 0)
    with pytest.raises(
        UserError, match=r"'add_5' .* no QuantizeLinear/DequantizeLinear pair after"
    ):
        read(model, tmp_path)
