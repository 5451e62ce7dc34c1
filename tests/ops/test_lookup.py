"""Functions of one byte as a table: ReLU, Clip, Sigmoid, Tanh and changes of scale."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.ops.lookup import Lookup
from codegen.reference import run
from support.errors import UserError
from tests.codegen.models import Array, QdqModel
from tests.codegen.oracle import onnxruntime_outputs
from tests.ops.conftest import Read, read, read_variants, run_on_host

# 256 elements: the inputs below hold every byte.
ALL = (1, 256)


def function(
    op: str,
    *operands: float,
    scales: tuple[float, float] = (0.05, 0.03),
    zero_points: tuple[int, int] = (10, -20),
) -> Callable[[], QdqModel]:
    """A network of one operator between quantized tensors."""

    def build() -> QdqModel:
        model = QdqModel(ALL).qdq(scales[0], zero_points[0])
        model.then(op, *(model.constant(np.float32(value)) for value in operands))
        return model.qdq(scales[1], zero_points[1])

    return build


def requantized(
    scales: tuple[float, float], zero_points: tuple[int, int]
) -> Callable[[], QdqModel]:
    def build() -> QdqModel:
        return QdqModel(ALL).qdq(scales[0], zero_points[0]).qdq(scales[1], zero_points[1])

    return build


def quantized_bounds() -> QdqModel:
    """A Clip whose bounds went through the quantizer, too."""
    model = QdqModel(ALL).qdq(0.05, 0)
    bounds = (model.dequantized(np.array(v, np.uint8), 0.1, 20) for v in (0, 45))
    return model.then("Clip", *bounds).qdq(0.05, 0)


def chain() -> QdqModel:
    """Several in a row, and a second clamp fused into the first."""
    model = QdqModel(ALL).qdq(0.05, 0)
    model.then("Tanh").then("Relu").then("Clip", "", model.constant(np.float32(0.5)))
    return model.qdq(1 / 128, 0).then("Sigmoid").qdq(1 / 256, -128).qdq(1 / 100, 5)


def named(
    op: str, zero_point: int = 10, opset: int = 17, **attributes: Any
) -> Callable[[], QdqModel]:
    """A network of one function with attributes."""

    def build() -> QdqModel:
        model = QdqModel(ALL)
        model.opset = opset
        return model.qdq(0.05, zero_point).then(op, **attributes).qdq(0.03, -20)

    return build


def in_a_row() -> QdqModel:
    """Functions of a result that is not quantized in between are one table."""
    model = QdqModel(ALL).qdq(0.05, 3).then("Tanh").then("Relu").then("Neg").then("Exp")
    return model.qdq(1 / 128, -20)


def power(exponent: Any, zero_point: int = 10, *, base: bool = False) -> Callable[[], QdqModel]:
    """A value to the power of a number, or the other way round."""

    def build() -> QdqModel:
        model = QdqModel(ALL).qdq(0.02, zero_point)
        names = [model.value, model.constant(exponent)]
        model.at(model.add("Pow", names[::-1] if base else names))
        return model.qdq(0.03, -20)

    return build


FUNCTIONS: dict[str, Callable[[], QdqModel]] = {
    "absolute": named("Abs"),
    "celu": named("Celu", alpha=0.7),
    "elu": named("Elu"),
    "elu_alpha": named("Elu", alpha=2.5),
    "erf_": named("Erf"),
    "exp_": named("Exp"),
    "gelu": named("Gelu", opset=20),
    "gelu_tanh": named("Gelu", opset=20, approximate="tanh"),
    "hard_sigmoid": named("HardSigmoid"),
    "hard_sigmoid_third": named("HardSigmoid", alpha=1 / 6, beta=0.5),
    "hard_swish": named("HardSwish"),
    "leaky_relu": named("LeakyRelu"),
    "leaky_relu_steep": named("LeakyRelu", alpha=0.3),
    "mish": named("Mish", opset=18),
    "negative": named("Neg"),
    "selu": named("Selu"),
    "softplus": named("Softplus"),
    "softsign": named("Softsign"),
    "thresholded": named("ThresholdedRelu", alpha=0.4),
    # Where all inputs are in reach of the function: what onnxruntime makes of NaN is undefined.
    "logarithm": named("Log", zero_point=-128),
    "square_root": named("Sqrt", zero_point=-128),
    "in_a_row": in_a_row,
    "squared": power(np.float32(2)),
    "cubed": power(np.array([3], np.int64)),
    "root": power(np.float32(0.5), zero_point=-128),
    "power_of_two": power(np.float32(2), base=True),
}
NETWORKS: dict[str, Callable[[], QdqModel]] = {
    "relu": function("Relu"),
    "relu_same_parameters": function("Relu", scales=(0.05, 0.05), zero_points=(10, 10)),
    "relu_at_the_upper_end": function("Relu", zero_points=(0, 127)),
    "clip": function("Clip", -0.4, 1.3),
    "clip_low_above_high": function("Clip", 1.0, -1.0),
    "clip_quantized_bounds": quantized_bounds,
    "sigmoid": function("Sigmoid", scales=(0.05, 1 / 256), zero_points=(0, -128)),
    "sigmoid_steep": function("Sigmoid", scales=(40.0, 1 / 255), zero_points=(-128, 3)),
    "tanh": function("Tanh", scales=(0.03, 1 / 128), zero_points=(7, 0)),
    "finer": requantized((1.0, 0.3), (0, 0)),
    "coarser": requantized((0.3, 1.0), (-128, 127)),
    "ties": requantized((0.5, 1.0), (0, 0)),
    "extreme": requantized((1e-38, 1e38), (3, 4)),
    "overflowing": requantized((3e38, 1e-38), (3, 4)),
    "chain": chain,
    **FUNCTIONS,
}
# float32 exp and tanh of two libraries differ in their last bits; the tables use float64.
WITHIN_ONE = {"sigmoid", "sigmoid_steep", "tanh", "chain", *FUNCTIONS}


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    found = read_variants(NETWORKS, tmp_path_factory.mktemp("read"))
    every_byte = np.arange(-128, 128).astype(np.int8)
    return {
        name: Read(entry.model, entry.graph, np.array([every_byte, every_byte[::-1]]))
        for name, entry in found.items()
    }


@pytest.fixture(scope="module")
def computed(
    networks: dict[str, Read], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Array]:
    return run_on_host(networks, tmp_path_factory.mktemp("host"))


@pytest.mark.parametrize("name", NETWORKS)
def test_reference_agrees_with_onnxruntime(name: str, networks: dict[str, Read]) -> None:
    tested = networks[name]
    expected = onnxruntime_outputs(tested.model, tested.graph, tested.inputs)
    found = run(tested.graph, tested.inputs)
    if name not in WITHIN_ONE:
        np.testing.assert_array_equal(found, expected)
    difference = np.abs(found.astype(int) - expected)
    assert difference.max() <= 1 and np.count_nonzero(difference) <= 4


@pytest.mark.parametrize("name", NETWORKS)
def test_c_agrees_with_the_reference(
    name: str, networks: dict[str, Read], computed: dict[str, Array]
) -> None:
    tested = networks[name]
    np.testing.assert_array_equal(computed[name], run(tested.graph, tested.inputs))


def test_no_table_where_nothing_changes(tmp_path: Path) -> None:
    model = QdqModel(ALL).qdq(0.1, 0).qdq(0.1, 0).then("Relu").qdq(0.1, 0)
    assert [type(node) for node in read(model, tmp_path).ops] == [Lookup]


@pytest.mark.parametrize(
    ("bound", "message"),
    [
        (np.array([1, 2], np.float32), r"its bound has shape \[2\], not one number"),
        (np.array([], np.float32), r"its bound has shape \[0\], not one number"),
        (np.array(np.nan, np.float32), "not one number"),
    ],
)
def test_bounds(bound: Any, message: str, tmp_path: Path) -> None:
    model = QdqModel(ALL).qdq(0.1, 0)
    model.then("Clip", model.constant(bound)).qdq(0.1, 0)
    with pytest.raises(UserError, match=message):
        read(model, tmp_path, check=False)


@pytest.mark.parametrize("op", ["Sigmoid", "Tanh"])
def test_needs_a_quantized_input(op: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="its input is not quantized"):
        read(QdqModel(ALL).then(op).qdq(0.1, 0), tmp_path)


def test_not_a_number_is_real_zero_and_infinity_saturates(tmp_path: Path) -> None:
    graph = read(named("Log")(), tmp_path)
    (op,) = (op for op in graph.ops if isinstance(op, Lookup))
    assert set(op.table[:138]) == {-20}, "the logarithm of a negative number"
    assert op.table[138] == -128, "of zero"


def test_several_functions_are_one_table(networks: dict[str, Read]) -> None:
    assert sum(isinstance(op, Lookup) for op in networks["in_a_row"].graph.ops) == 1
