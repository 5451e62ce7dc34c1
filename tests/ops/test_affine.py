"""BatchNormalization: on its own in float32, or as part of the layer before it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.ops.affine import Affine
from codegen.reference import run
from support.errors import UserError
from tests.codegen.models import Array, QdqModel
from tests.codegen.oracle import onnxruntime_outputs
from tests.codegen.programs import Case, run_cases
from tests.ops.conftest import Read, read, read_variants, run_on_host

# Powers of two: every float32 operation of a folded layer is exact.
INPUT, WEIGHT, OUTPUT = 2.0**-5, 2.0**-8, 2.0**-3

FACTORS = np.array([0.5, -2.0, 1.0, 0.0], np.float32)


def normalized(model: QdqModel, channels: int = 4, **attributes: Any) -> QdqModel:
    """A BatchNormalization with factors of `FACTORS`: the variance and epsilon sum up to 1/4."""
    operands = (
        FACTORS[:channels] / 2,
        np.array([0.25, -3.0, 1.5, 2.0])[:channels],
        np.array([1.0, 0.5, -2.0, 3.0])[:channels],
        np.full(channels, 0.25 - 2.0**-10),
    )
    names = [model.constant(values, np.float32) for values in operands]
    return model.then("BatchNormalization", *names, **{"epsilon": 2.0**-10, **attributes})


def alone(
    shape: tuple[int, ...] = (1, 4, 3, 2), tail: str = "", output: tuple[float, int] = (0.057, -9)
) -> Callable[[], QdqModel]:
    """A network that is one BatchNormalization."""

    def build() -> QdqModel:
        model = normalized(QdqModel(shape).qdq(0.043, 5))
        return (model.then(tail) if tail else model).qdq(*output)

    return build


def behind(
    op: str, shape: tuple[int, ...], *, bias: bool = True, low: int = -127, tail: str = ""
) -> Callable[[], QdqModel]:
    """A layer without a quantization between it and its normalization."""

    def build() -> QdqModel:
        rng = np.random.default_rng(3)
        model = QdqModel(shape).qdq(INPUT, 3)
        weights = {
            "Conv": (4, 3, 2, 2),
            "ConvTranspose": (3, 4, 2, 2),
            "Gemm": (4, 6),
            "MatMul": (6, 4),
        }[op]
        stored = rng.integers(low, 128, weights).astype(np.int8)
        stored.reshape(-1)[0] = low
        stored[(slice(None), 1) if op in ("MatMul", "ConvTranspose") else 1] = low
        operands = [model.dequantized(stored, WEIGHT)]
        if bias:
            values = rng.integers(-3000, 3000, 4).astype(np.int32)
            operands.append(model.dequantized(values, INPUT * WEIGHT))
        model.then(op, *operands, **({"transB": 1} if op == "Gemm" else {}))
        normalized(model)
        return (model.then(tail) if tail else model).qdq(OUTPUT, -7)

    return build


def quantized_between() -> QdqModel:
    """Behind a convolution that is quantized: channels last."""
    model = QdqModel((1, 3, 4, 5)).qdq(INPUT, 3)
    stored = np.random.default_rng(5).integers(-128, 128, (4, 3, 1, 1)).astype(np.int8)
    model.then("Conv", model.dequantized(stored, WEIGHT)).qdq(0.1, 3)
    return normalized(model).then("Relu").qdq(0.09, -128)


FOLDED: dict[str, Callable[[], QdqModel]] = {
    "conv": behind("Conv", (1, 3, 4, 5)),
    "conv_relu": behind("Conv", (1, 3, 4, 5), tail="Relu"),
    "conv_no_bias": behind("Conv", (1, 3, 4, 5), bias=False),
    "conv_wide": behind("Conv", (1, 3, 4, 5), low=-128),
    "conv_transpose": behind("ConvTranspose", (1, 3, 4, 5)),
    "gemm": behind("Gemm", (1, 6)),
    "matmul": behind("MatMul", (1, 6), bias=False),
}
NETWORKS: dict[str, Callable[[], QdqModel]] = {
    "image": alone(),
    "vector": alone((1, 4)),
    "of_a_signal": alone((1, 4, 7)),
    "relu": alone(tail="Relu"),
    "saturating": alone(output=(1e-6, 3)),
    "quantized_between": quantized_between,
    **FOLDED,
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


def test_emulated(networks: dict[str, Read], tmp_path: Path) -> None:
    """On the Cortex-M7 that QEMU emulates."""
    cases = [Case(name, net.graph, net.inputs[:8]) for name, net in networks.items()]
    for case, outputs in zip(cases, run_cases(cases, tmp_path, "mps2_an500"), strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)


def test_exact_arithmetic(networks: dict[str, Read]) -> None:
    tested = networks["vector"]
    real = (tested.inputs.astype(np.float64) - 5) * 0.043
    offsets = np.array([0.25, -3.0, 1.5, 2.0]) - np.array([1.0, 0.5, -2.0, 3.0]) * FACTORS
    exact = (real * FACTORS + offsets) / 0.057 - 9
    sure = np.abs(exact - np.floor(exact) - 0.5) > 1e-4
    expected = np.clip(np.rint(exact), -128, 127)
    np.testing.assert_array_equal(run(tested.graph, tested.inputs)[sure], expected[sure])


@pytest.mark.parametrize("name", FOLDED)
def test_it_costs_nothing_behind_a_layer(name: str, networks: dict[str, Read]) -> None:
    (op,) = networks[name].graph.ops
    assert not isinstance(op, Affine)


def of_operands(*shapes: int, variance: float = 1.0, **attributes: Any) -> QdqModel:
    model = QdqModel((1, 4, 2, 2)).qdq(0.1, 0)
    values = [np.ones(size, np.float32) for size in shapes]
    values[-1] *= np.float32(variance)
    names = [model.constant(each) for each in values]
    return model.then("BatchNormalization", *names, **attributes).qdq(0.1, 0)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: of_operands(4, 4, 4, 3), r"its variance has shape \[3\], not \[4\]"),
        (lambda: of_operands(1, 4, 4, 4), r"its scale has shape \[1\], not \[4\]"),
        (lambda: of_operands(4, 4, 4, 4, variance=-1.0), "it divides by zero, or is not finite"),
        (lambda: of_operands(4, 4, 4, 4, variance=0.0, epsilon=0.0), "it divides by zero"),
        (lambda: of_operands(4, 4, 4, 4, variance=np.nan), "it divides by zero, or is not finite"),
        (lambda: of_operands(4, 4, 4, 4, training_mode=1), "is in training mode"),
    ],
)
def test_hostile(build: Callable[[], QdqModel], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read(build(), tmp_path, check=False)
