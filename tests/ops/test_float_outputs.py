"""What a quantizer leaves in float: a last layer, its weights, a function behind a layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codegen.ir.types import DType
from codegen.kernels.wanted import Kernels
from codegen.ops.thresholds import Thresholds
from codegen.plan import plan_network
from codegen.reference import run
from codegen.subset import make_subset
from support.errors import UserError
from tests.codegen.models import Array, QdqModel, random_layer
from tests.codegen.oracle import onnxruntime_outputs
from tests.codegen.programs import Case, run_cases
from tests.ops.conftest import Read, read, read_variants, run_on_host

INPUT, WEIGHT = np.float32(0.031), np.float32(0.0073)


def gemm(model: QdqModel | None = None) -> QdqModel:
    weights, bias = random_layer(np.random.default_rng(1), 7, 12)
    model = model or QdqModel((1, 12)).qdq(INPUT, 3)
    return model.gemm(weights, WEIGHT, bias, INPUT * WEIGHT)


def float_bias() -> QdqModel:
    """MatMul and Add, as torchao writes it."""
    rng = np.random.default_rng(2)
    model = QdqModel((1, 12)).qdq(INPUT, 3)
    stored = rng.integers(-128, 128, (12, 5)).astype(np.int8)
    model.then("MatMul", model.dequantized(stored, WEIGHT))
    return model.then("Add", model.constant(rng.normal(0, 1, 5).astype(np.float32)))


def conv(op: str = "Conv") -> QdqModel:
    rng = np.random.default_rng(3)
    model = QdqModel((1, 3, 5, 4)).qdq(INPUT, 3)
    stored = rng.integers(-128, 128, (3, 3, 3, 3)).astype(np.int8)
    bias = model.constant(rng.normal(0, 1, 3).astype(np.float32))
    return model.then(op, model.dequantized(stored, WEIGHT), bias)


def two_outputs() -> QdqModel:
    """float32 beside bytes."""
    model = QdqModel((1, 12)).qdq(INPUT, 3)
    fork = model.value
    gemm(model).output()
    model.at(fork)
    return gemm(model).qdq(0.05, 1).output()


def float_weights(bias: bool, op: str = "MatMul") -> QdqModel:
    rng = np.random.default_rng(4)
    model = gemm().then("Relu").qdq(0.021, -128)
    weights = model.constant(rng.normal(0, 1, (7, 4)).astype(np.float32))
    added = model.constant(rng.normal(0, 1, 4).astype(np.float32))
    if op == "Gemm":
        return model.then("Gemm", weights, added)
    model.then("MatMul", weights)
    return model.then("Add", added) if bias else model


REAL: dict[str, Callable[[], QdqModel]] = {
    "gemm": gemm,
    "float_bias": float_bias,
    "conv": conv,
    "conv_transpose": lambda: conv("ConvTranspose"),
    "flattened": lambda: conv().then("Flatten", axis=1),
    "transposed": lambda: conv().then("Transpose", perm=[0, 2, 3, 1]),
    "two_outputs": two_outputs,
    "float_weights": lambda: float_weights(bias=False),
    "float_weights_and_bias": lambda: float_weights(bias=True),
    "float_weights_gemm": lambda: float_weights(bias=True, op="Gemm"),
}

BETWEEN: dict[str, Callable[[], QdqModel]] = {
    "sigmoid": lambda: gemm().then("Sigmoid").qdq(1 / 256, -128),
    "tanh": lambda: gemm().then("Tanh").qdq(1 / 128, 0),
    "elu": lambda: conv().then("Elu", alpha=0.7).qdq(0.03, -80),
    "leaky": lambda: conv().then("LeakyRelu", alpha=0.2).qdq(0.03, -80),
    "several": lambda: gemm().then("Relu").then("Softplus").then("Tanh").qdq(1 / 128, 0),
    "never_reached": lambda: gemm().then("Sigmoid").qdq(1 / 64, -20),
    "sigmoid_at_the_end": lambda: gemm().then("Sigmoid"),
    "tanh_at_the_end": lambda: gemm().then("Tanh"),
}
NETWORKS = REAL | BETWEEN


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    return read_variants(NETWORKS, tmp_path_factory.mktemp("read"))


@pytest.fixture(scope="module")
def computed(
    networks: dict[str, Read], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Array]:
    return run_on_host(networks, tmp_path_factory.mktemp("host"))


@pytest.mark.parametrize("name", REAL)
def test_numbers_are_onnxruntimes(name: str, networks: dict[str, Read]) -> None:
    tested = networks[name]
    assert tested.graph.outputs[0].dtype is DType.FLOAT32
    assert tested.graph.outputs[0].name == tested.model.graph.output[0].name
    size = tested.graph.outputs[0].bytes
    found = run(tested.graph, tested.inputs)
    expected = onnxruntime_outputs(tested.model, tested.graph, tested.inputs)
    real, wanted = (
        np.ascontiguousarray(each[:, :size]).view(np.float32) for each in (found, expected)
    )
    np.testing.assert_allclose(real, wanted, rtol=2e-6, atol=2e-5)
    np.testing.assert_array_equal(found[:, size:], expected[:, size:])
    assert np.std(real) > 0.1


@pytest.mark.parametrize("name", BETWEEN)
def test_bytes_are_onnxruntimes(name: str, networks: dict[str, Read]) -> None:
    """But where the number lies between two bytes to within float32."""
    tested = networks[name]
    assert any(isinstance(op, Thresholds) for op in tested.graph.ops)
    found = run(tested.graph, tested.inputs)
    expected = onnxruntime_outputs(tested.model, tested.graph, tested.inputs)
    assert np.abs(found.astype(int) - expected).max() <= 1
    assert np.count_nonzero(found != expected) <= 1
    assert len(np.unique(found)) > 10


@pytest.mark.parametrize("name", NETWORKS)
def test_c_agrees_with_the_reference(
    name: str, networks: dict[str, Read], computed: dict[str, Array]
) -> None:
    tested = networks[name]
    np.testing.assert_array_equal(computed[name], run(tested.graph, tested.inputs))


def test_emulated(networks: dict[str, Read], tmp_path: Path) -> None:
    """On the Cortex-M7 that QEMU emulates."""
    cases = [Case(name, net.graph, net.inputs[:8]) for name, net in networks.items()]
    for case, outputs in zip(cases, run_cases(cases, tmp_path, "mps2_an500"), strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)


def test_packed_layers_leave_it_to_the_portable_kernel(networks: dict[str, Read]) -> None:
    (step,) = plan_network(networks["gemm"].graph, Kernels("dense")).steps
    assert step.lowered.why == "portable: its output is float32"


def test_the_quantization_of_the_end_is_said(networks: dict[str, Read]) -> None:
    graph = networks["sigmoid_at_the_end"].graph
    assert graph.output.quantization.zero_point == -128
    (note,) = graph.notes
    assert note.endswith("is left in float: its bytes have scale 0.00390625 and zero point -128")


def test_labels_are_for_bytes(networks: dict[str, Read]) -> None:
    """The programs look for the largest byte: of float32 it would mean nothing."""
    arrays: dict[str, Array] = {
        "inputs": np.zeros((4, 12), np.float32),
        "labels": np.zeros(4, np.uint8),
    }
    assert "labels" not in make_subset(networks["gemm"].graph, arrays, 2, 1)
    assert "labels" in make_subset(networks["sigmoid"].graph, arrays, 2, 1)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: gemm().then("Abs").qdq(0.1, 0), "its input is not quantized, after 'gemm_4'"),
        (
            lambda: gemm(float_weights(bias=True).qdq(0.1, 0)),
            r"'matmul_\d+' .*its weights are float32, not quantized",
        ),
        (lambda: gemm().then("Relu"), "its result is the model's output, and is not quantized"),
    ],
)
def test_refused(build: Callable[[], QdqModel], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read(build(), tmp_path, check=False)
