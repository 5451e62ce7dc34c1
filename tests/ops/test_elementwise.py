"""Functions of two operands between quantized tensors, broadcast or not; one may be a constant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.kernels.elementwise.portable import ElementwiseKernel
from codegen.ops.elementwise import Elementwise
from codegen.reference import run
from codegen.target import CORTEX_M7
from support.errors import UserError
from tests.codegen.models import Array, QdqModel, random_layer
from tests.codegen.oracle import onnxruntime_outputs
from tests.codegen.programs import Case, run_cases
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


def of_two(
    operator: str,
    first: tuple[int, ...] = (1, 3, 4, 2),
    second: tuple[int, ...] = (1, 3, 4, 2),
    zero_points: tuple[int, int, int] = (5, -9, 3),
    *,
    tail: str = "",
) -> Callable[[], QdqModel]:
    """A network of two inputs and one function of both."""

    def build() -> QdqModel:
        model = QdqModel(first).qdq(0.043, zero_points[0])
        left = model.value
        right = model.input("second", second).qdq(0.021, zero_points[1]).value
        model.at(model.add(operator, [left, right]))
        return (model.then(tail) if tail else model).qdq(0.057, zero_points[2])

    return build


def of_constant(
    operator: str, values: Any, shape: tuple[int, ...] = (1, 3, 2, 2), *, first: bool = False
) -> Callable[[], QdqModel]:
    """A network of one function of its input and a constant."""

    def build() -> QdqModel:
        model = QdqModel(shape).qdq(0.043, 5)
        operand = model.constant(np.asarray(values, np.float32))
        names = [operand, model.value] if first else [model.value, operand]
        return model.at(model.add(operator, names)).qdq(0.057, -9)

    return build


def gate() -> QdqModel:
    """Squeeze and excite: an image times one number for each channel, channels last."""
    rng = np.random.default_rng(9)
    model = QdqModel((1, 3, 4, 5)).qdq(2.0**-5, 3)
    stored = rng.integers(-128, 128, (4, 3, 1, 1)).astype(np.int8)
    image = model.then("Conv", model.dequantized(stored, 2.0**-8)).qdq(2.0**-4, 2).value
    model.then("GlobalMaxPool").then("HardSigmoid").qdq(1 / 256, -128)
    return model.at(model.add("Mul", [image, model.value])).qdq(2.0**-4, 0)


def self_gated() -> QdqModel:
    """x · sigmoid(x), nothing quantized in between: one table."""
    model = QdqModel((1, 256)).qdq(0.05, 3)
    value = model.value
    model.then("Sigmoid")
    return model.at(model.add("Mul", [value, model.value])).qdq(0.02, -100)


def of_several(operator: str, *, constants: tuple[Any, ...] = (), tail: str = "") -> Any:
    """A network of three inputs, of which one is a single row, and constants."""

    def build() -> QdqModel:
        model = QdqModel((1, 3, 2, 2)).qdq(0.043, 5)
        names = [model.value]
        for name, shape, scale in (("second", (1, 3, 2, 2), 0.021), ("third", (1, 3, 1, 1), 0.05)):
            names.append(model.input(name, shape).qdq(scale, -3).value)
        names[1:1] = [model.constant(np.asarray(each, np.float32)) for each in constants]
        model.at(model.add(operator, names))
        return (model.then(tail) if tail else model).qdq(0.057, -9)

    return build


def of_one() -> QdqModel:
    """A Max of a single operand is that operand."""
    return QdqModel((1, 6)).qdq(0.043, 5).then("Max").qdq(0.057, -9)


def below_two_numbers() -> QdqModel:
    """One operand that varies, two constants."""
    model = QdqModel((1, 3, 2, 2)).qdq(0.043, 5)
    return model.then("Min", model.constant(CHANNELS, "f4"), model.constant(1.0, "f4")).qdq(0.04, 0)


CHANNELS = np.array([0.5, -2.0, 1.5]).reshape(1, 3, 1, 1)
TWO_OPERANDS: dict[str, Callable[[], QdqModel]] = {
    **{f"two_{name.lower()}": of_two(name) for name in ("Add", "Sub", "Mul", "Min", "Max")},
    "two_div": of_two("Div", zero_points=(5, -128, 3)),
    "two_relu": of_two("Sub", tail="Relu"),
    "two_channels": of_two("Mul", second=(1, 3, 1, 1)),
    "two_rows": of_two("Add", first=(1, 3, 1, 2)),
    "two_both": of_two("Sub", first=(1, 1, 4, 2), second=(1, 3, 1, 1)),
    "two_ranks": of_two("Add", first=(1, 2), second=(1, 3, 4, 2)),
    "constant_mul": of_constant("Mul", CHANNELS),
    "constant_sub": of_constant("Sub", CHANNELS),
    "constant_sub_from": of_constant("Sub", CHANNELS, first=True),
    "constant_div": of_constant("Div", CHANNELS),
    "constant_min": of_constant("Min", CHANNELS),
    "constant_max": of_constant("Max", CHANNELS),
    "constant_larger": of_constant("Add", np.arange(6).reshape(1, 3, 2), (1, 1, 2)),
    "number_mul": of_constant("Mul", 0.7),
    "number_sub_from": of_constant("Sub", 1.0, first=True),
    "number_div": of_constant("Div", 3.0),
    "gate": gate,
    "several_min": of_several("Min"),
    "several_max": of_several("Max", tail="Relu"),
    "several_and_constants": of_several("Max", constants=(-0.5, [[[-1.0]], [[0.5]], [[2.0]]])),
    "of_one": of_one,
    "below_two_numbers": below_two_numbers,
    "slope_of_channels": of_constant("PRelu", CHANNELS),
    "slope_of_rank_three": of_constant("PRelu", CHANNELS[0]),
    "slope_of_elements": of_constant("PRelu", np.linspace(-1, 1, 12).reshape(1, 3, 2, 2)),
    "slope_one_number": of_constant("PRelu", [0.25]),
    "slope_varies": of_two("PRelu", second=(1, 3, 1, 1)),
}

NETWORKS: dict[str, Callable[[], QdqModel]] = {
    **TWO_OPERANDS,
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
    found = read_variants(NETWORKS, tmp_path_factory.mktemp("read"))
    # Without the row of zeros: what onnxruntime makes of 0 / 0 is undefined.
    found["two_div"] = replace(found["two_div"], inputs=np.delete(found["two_div"].inputs, 2, 0))
    return found


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
    assert not any(isinstance(node, Elementwise) for node in read(model, tmp_path).ops)


@pytest.mark.parametrize(
    ("addend", "message"),
    [
        (np.zeros((1, 4), np.float32), r"operands have shapes \[1, 6\] and \[1, 4\]"),
        (np.zeros((2, 1, 6), np.float32), r"operands have shapes \[1, 6\] and \[2, 1, 6\]"),
        (np.full(6, np.inf, np.float32), "its operand is not finite"),
        (np.zeros(6, np.int32), "its operand is int32"),
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


def test_division_by_zero(tmp_path: Path) -> None:
    """Infinity saturates; 0 / 0 is 0, as the reference, the page and C have it."""
    graph = read(of_two("Div", (1, 3), (1, 3), (0, 0, 3))(), tmp_path)
    inputs = np.array([[5, -5, 0, 0, 0, 0]], np.int8)
    expected = np.array([[127, -128, 3]], np.int8)
    np.testing.assert_array_equal(run(graph, inputs), expected)
    (computed,) = run_cases([Case("zeros", graph, inputs)], tmp_path)
    np.testing.assert_array_equal(computed, expected)


def test_a_gate_of_the_value_itself_is_one_table(tmp_path: Path) -> None:
    graph = read(self_gated(), tmp_path)
    assert [type(op).__name__ for op in graph.ops] == ["Lookup"]
    every_byte = np.arange(-128, 128).astype(np.int8)
    real = (every_byte.astype(np.float64) - 3) * 0.05
    exact = real / (1 + np.exp(-real)) / 0.02 - 100
    sure = np.abs(exact - np.floor(exact) - 0.5) > 1e-4
    expected = np.clip(np.rint(exact), -128, 127)
    np.testing.assert_array_equal(run(graph, every_byte[None])[0][sure], expected[sure])


def test_images_stay_channels_last(tmp_path: Path) -> None:
    """Neither the image nor the number of each channel is moved."""
    kinds = [type(op).__name__ for op in read(gate(), tmp_path).ops]
    assert kinds == ["Conv", "MaxPool", "Lookup", "Elementwise"]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (of_constant("PRelu", np.ones((1, 4))), "operands have shapes"),
        (of_constant("PRelu", np.ones((1, 3, 4, 2)), (1, 3, 1, 2)), "its slope does not fit shape"),
        (of_constant("PRelu", np.ones((1, 1, 2)), first=True), "its slope does not fit shape"),
        (of_two("PRelu", (1, 3, 1, 1), (1, 3, 2, 2)), "its slope does not fit shape"),
        (of_constant("PRelu", np.nan), "its operand is not finite"),
        (of_several("Max", constants=(np.ones(5),)), "operands have shapes"),
        (of_several("Min", constants=(np.full(1, np.inf),)), "its operand is not finite"),
    ],
)
def test_operands_of_new_shapes(build: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read(build(), tmp_path, check=False)


def test_axes_along_which_operands_go_on_alike_are_one(tmp_path: Path) -> None:
    """Loops of the portable kernel, and steps of either operand in it."""
    shapes = {(1, 3, 4, 2): ((24, 1, 1),), (1, 3, 1, 1): ((3, 8, 1), (8, 1, 0))}
    for second, axes in shapes.items():
        (op,) = read(of_two("Add", second=second)(), tmp_path).ops
        assert isinstance(op, Elementwise)
        assert ElementwiseKernel().lower(op, CORTEX_M7).fields.axes == axes
