"""Fully connected layers: every way to write one, and the bytes that each must give."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from codegen.ir.identity import content_hash
from codegen.ops.fully_connected import FullyConnected
from codegen.reference import run
from support.errors import UserError
from tests.codegen.models import Array, QdqModel, random_layer
from tests.codegen.oracle import exact_layer, onnxruntime_outputs, stored_inputs
from tests.codegen.programs import Case, run_cases
from tests.ops.conftest import Read, read, read_variants, run_on_host

# Powers of two: every float32 operation below is exact, so onnxruntime must agree on each byte,
# ties included.
INPUT, WEIGHT, OUTPUT = 2.0**-5, 2.0**-8, 2.0**-3
UNIT = INPUT * WEIGHT
WEIGHTS, BIAS = random_layer(np.random.default_rng(1), 5, 6)
# Multiples of 4, so that a bias scale four times as large can express them.
BIAS = (BIAS // 4 * 4).astype(np.int32)

Build = Callable[[], QdqModel]


def start(dtype: Any = np.int8, **attributes: Any) -> QdqModel:
    return QdqModel((1, 6)).qdq(INPUT, 3 + 128 * (dtype == np.uint8), dtype, **attributes)


def end(model: QdqModel, dtype: Any = np.int8, **attributes: Any) -> QdqModel:
    return model.qdq(OUTPUT, -7 + 128 * (dtype == np.uint8), dtype, **attributes)


def gemm() -> QdqModel:
    return end(start().gemm(WEIGHTS, WEIGHT, BIAS, UNIT))


def gemm_untransposed() -> QdqModel:
    model = start()
    weights = model.dequantized(WEIGHTS.T.copy(), WEIGHT)
    return end(model.then("Gemm", weights, model.dequantized(BIAS, UNIT), transB=0))


def gemm_per_channel(axis: int) -> Build:
    def build() -> QdqModel:
        model = start()
        weights = WEIGHTS if axis == 0 else WEIGHTS.T.copy()
        scales, zeros = np.full(5, WEIGHT), np.zeros(5)
        operands = [model.dequantized(weights, scales, zeros, axis - 2 if axis else 0)]
        operands.append(model.dequantized(BIAS, np.full(5, UNIT), np.zeros(5), 0))
        return end(model.then("Gemm", *operands, transB=1 - axis))

    return build


def matmul_add(bias_first: bool) -> Build:
    def build() -> QdqModel:
        model = start()
        model.then("MatMul", model.dequantized(WEIGHTS.T.copy(), WEIGHT))
        bias = model.dequantized(BIAS, UNIT)
        model.value = model.add("Add", [bias, model.value] if bias_first else [model.value, bias])
        return end(model)

    return build


def transposed_by_a_node() -> QdqModel:
    model = start()
    weights = model.add("Transpose", [model.dequantized(WEIGHTS, WEIGHT)], perm=[1, 0])
    bias = model.add("Identity", [model.dequantized(BIAS, UNIT)])
    return end(model.then("Gemm", weights, bias))


def weights_behind_quantize() -> QdqModel:
    """As AddQDQPairToWeight and quantization-aware training write it."""
    model = start()
    scales, zeros = (
        model.constant(np.full(5, WEIGHT, np.float32)),
        model.constant(np.zeros(5), "i1"),
    )
    real = model.constant(WEIGHTS.astype(np.float32) * np.float32(WEIGHT))
    stored = model.add("QuantizeLinear", [real, scales, zeros], axis=0)
    weights = model.add("DequantizeLinear", [stored, scales, zeros], axis=0)
    return end(model.then("Gemm", weights, model.dequantized(BIAS, UNIT), transB=1))


def constant_nodes() -> QdqModel:
    model = start()
    stored = model.add("Constant", [], value=onnx.numpy_helper.from_array(WEIGHTS))
    scale = model.add("Constant", [], value_float=WEIGHT)
    weights = model.add("DequantizeLinear", [stored, scale])
    return end(model.then("Gemm", weights, model.dequantized(BIAS, UNIT), transB=1))


def float_bias() -> QdqModel:
    return end(start().gemm(WEIGHTS, WEIGHT, BIAS.astype(np.float32) * np.float32(UNIT)))


def bias_of_other_scale() -> QdqModel:
    return end(start().gemm(WEIGHTS, WEIGHT, BIAS // 4, 4 * UNIT))


def bias_with_zero_point() -> QdqModel:
    """Eight bits at the accumulator's own scale, around a zero point."""
    model = start()
    weights = model.dequantized(WEIGHTS, WEIGHT)
    stored = np.array([-128, -3, 0, 90, 127], np.int8)
    return end(model.then("Gemm", weights, model.dequantized(stored, UNIT, 77), transB=1))


def bias_of_rank_two() -> QdqModel:
    return end(start().gemm(WEIGHTS, WEIGHT, (BIAS * UNIT).astype(np.float32).reshape(1, 5)))


def unsigned_activations() -> QdqModel:
    return end(start(np.uint8).gemm(WEIGHTS, WEIGHT, BIAS, UNIT), np.uint8)


def unsigned_weights(zero_point: int) -> Build:
    def build() -> QdqModel:
        model = start(np.uint8)
        stored = (WEIGHTS.astype(np.int16) + zero_point).astype(np.uint8)
        weights = model.dequantized(stored, WEIGHT, zero_point)
        return end(model.then("Gemm", weights, model.dequantized(BIAS, UNIT), transB=1), np.uint8)

    return build


def integer_input() -> QdqModel:
    model = QdqModel((1, 6), np.uint8).dequantize(INPUT, 131, np.uint8)
    model.gemm(WEIGHTS, WEIGHT, BIAS, UNIT)
    return model.quantize(OUTPUT, -7)


def other_domain() -> QdqModel:
    return end(
        start(domain="com.microsoft").gemm(WEIGHTS, WEIGHT, BIAS, UNIT), domain="com.microsoft"
    )


def of_opset(version: int) -> Build:
    def build() -> QdqModel:
        model = gemm()
        model.opset = version
        return model

    return build


# All of these are the same network.
FORMS: dict[str, Build] = {
    "gemm": gemm,
    "gemm_untransposed": gemm_untransposed,
    "gemm_per_row": gemm_per_channel(0),
    "gemm_per_column": gemm_per_channel(1),
    "matmul_add": matmul_add(False),
    "matmul_add_bias_first": matmul_add(True),
    "transposed_by_a_node": transposed_by_a_node,
    "weights_behind_quantize": weights_behind_quantize,
    "constant_nodes": constant_nodes,
    "float_bias": float_bias,
    "bias_of_other_scale": bias_of_other_scale,
    "bias_of_rank_two": bias_of_rank_two,
    "unsigned_activations": unsigned_activations,
    "unsigned_weights_128": unsigned_weights(128),
    "integer_input": integer_input,
    "other_domain": other_domain,
    **{f"opset_{version}": of_opset(version) for version in (13, 15, 19, 21, 24)},
}


def layer(
    weights: Array = WEIGHTS,
    bias: Array | None = BIAS,
    zero_points: tuple[int, int] = (3, -7),
    scales: tuple[float, Any, float] = (INPUT, WEIGHT, OUTPUT),
    after: tuple[Any, ...] = (),
) -> Build:
    """A network of one layer; `after` is an operator between Gemm and its QuantizeLinear."""

    def build() -> QdqModel:
        model = QdqModel((1, weights.shape[1])).qdq(scales[0], zero_points[0])
        unit = None if bias is None else np.float32(scales[0]) * np.asarray(scales[1], np.float32)
        model.gemm(weights, scales[1], bias, unit)
        if after:
            model.then(after[0], *(model.constant(np.float32(bound)) for bound in after[1:]))
        return model.qdq(scales[2], zero_points[1])

    return build


def _rows(*values: int) -> Array:
    return np.repeat(np.array(values, np.int8)[:, None], 6, axis=1)


def hidden() -> QdqModel:
    """Three layers, with a ReLU, a ReLU6 and none."""
    rng = np.random.default_rng(3)
    model = QdqModel((1, 9)).qdq(INPUT, 0)
    for outputs, inputs, after in ((7, 9, ("Relu",)), (8, 7, ("Clip", 0, 6)), (3, 8, ())):
        weights, bias = random_layer(rng, outputs, inputs)
        model.gemm(weights, 2.0**-9, bias, INPUT * 2.0**-9)
        if after:
            model.then(after[0], *(model.constant(np.float32(bound)) for bound in after[1:]))
        model.qdq(INPUT, -3)
    return model


ONE_ROW = random_layer(np.random.default_rng(5), 1, 300)

NETWORKS: dict[str, Build] = {
    "plain": layer(),
    "per_channel": layer(scales=(INPUT, [2.0**-k for k in range(6, 11)], OUTPUT)),
    "no_bias": layer(bias=None),
    "bias_with_zero_point": bias_with_zero_point,
    "one_bias_for_all": layer(bias=np.array([640], np.int32)),
    "relu": layer(after=("Relu",)),
    "relu_at_the_lower_end": layer(zero_points=(-128, -128), after=("Relu",)),
    "relu_at_the_upper_end": layer(zero_points=(127, 127), after=("Relu",)),
    "clip": layer(after=("Clip", -1.0, 6.0)),
    "clip_to_one_value": layer(after=("Clip", 2.0, 2.0)),
    "clip_beyond_the_range": layer(after=("Clip", -1e30, 1e30)),
    "zero_points_at_the_ends": layer(zero_points=(-128, 127)),
    "zero_points_at_the_other_ends": layer(zero_points=(127, -128)),
    "saturating": layer(weights=_rows(127, -128, 127, 1, -1), scales=(1.0, 1.0, OUTPUT)),
    "zero_rows": layer(weights=_rows(0, 0, 5, 0, 0)),
    "ties": layer(weights=_rows(1, -1, 3, -3, 5), bias=None, scales=(1.0, 1.0, 2.0)),
    "one_by_one": layer(weights=np.array([[-77]], np.int8), bias=np.array([99], np.int32)),
    "one_output": layer(*ONE_ROW),
    "one_input": layer(*random_layer(np.random.default_rng(6), 33, 1)),
    "hidden": hidden,
}


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    return read_variants(NETWORKS, tmp_path_factory.mktemp("read"))


@pytest.fixture(scope="module")
def computed(
    networks: dict[str, Read], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Array]:
    return run_on_host(networks, tmp_path_factory.mktemp("host"))


@pytest.mark.parametrize("form", FORMS)
def test_same_network_however_it_is_written(form: str, tmp_path: Path) -> None:
    graph, plain = read(FORMS[form](), tmp_path), read(gemm(), tmp_path)
    assert content_hash(graph) == content_hash(plain)
    (node,) = graph.ops
    assert isinstance(node, FullyConnected)
    np.testing.assert_array_equal(node.weights, WEIGHTS)
    np.testing.assert_array_equal(node.bias, BIAS)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_agrees_with_onnxruntime(form: str, tmp_path: Path) -> None:
    model = FORMS[form]()
    graph = read(model, tmp_path)
    inputs = stored_inputs(graph)
    expected = onnxruntime_outputs(model.build(), graph, inputs)
    np.testing.assert_array_equal(run(graph, inputs), expected)


@pytest.mark.parametrize("name", NETWORKS)
def test_reference_agrees_with_onnxruntime(name: str, networks: dict[str, Read]) -> None:
    tested = networks[name]
    expected = onnxruntime_outputs(tested.model, tested.graph, tested.inputs)
    np.testing.assert_array_equal(run(tested.graph, tested.inputs), expected)


@pytest.mark.parametrize("name", NETWORKS)
def test_c_agrees_with_the_reference(
    name: str, networks: dict[str, Read], computed: dict[str, Array]
) -> None:
    tested = networks[name]
    np.testing.assert_array_equal(computed[name], run(tested.graph, tested.inputs))


def test_unsigned_weights_around_127(tmp_path: Path) -> None:
    """onnxruntime's symmetric uint8 weights can have zero point 127; then 255 stands for 128."""
    narrow = np.clip(WEIGHTS, -127, 127)
    model = start(np.uint8)
    stored = (narrow.astype(np.int16) + 127).astype(np.uint8)
    end(model.then("Gemm", model.dequantized(stored, WEIGHT, 127), transB=1), np.uint8)
    (node,) = read(model, tmp_path).ops
    assert isinstance(node, FullyConnected)
    np.testing.assert_array_equal(node.weights, narrow)


@pytest.mark.parametrize("seed", range(6))
def test_any_scales_agree_with_exact_arithmetic(seed: int, tmp_path: Path) -> None:
    """A byte may differ from the exact result only where that is a tie to within float32."""
    rng = np.random.default_rng(seed)
    outputs, inputs = int(rng.integers(1, 9)), int(rng.integers(1, 40))
    weights, bias = random_layer(rng, outputs, inputs)
    scale = np.float32(10.0 ** rng.uniform(-6, 1))
    weight_scales = (10.0 ** rng.uniform(-4, 0, outputs)).astype(np.float32)
    unit = scale * weight_scales
    # An output scale that uses the range: neither all saturated nor all zero.
    output_scale = np.float32(unit.mean() * 64 * np.sqrt(inputs))
    zeros = int(rng.integers(-128, 128)), int(rng.integers(-128, 128))
    scales = (float(scale), weight_scales, float(output_scale))
    graph = read(layer(weights, bias, zeros, scales)(), tmp_path)
    stored = stored_inputs(graph, seed)
    real = [int(b) * Fraction(float(u)) for b, u in zip(bias, unit, strict=True)]
    exact, distance = exact_layer(
        stored, weights, real, (scales[0], list(weight_scales), scales[2]), zeros
    )
    found = run(graph, stored)
    wrong = np.flatnonzero((found != exact) & (distance > 2.0**-12))
    assert not wrong.size
    assert np.abs(found.astype(int) - exact).max() <= 1
    assert len(np.unique(found)) > min(20, outputs)


def test_relu_is_told_apart_for_the_reports(networks: dict[str, Read]) -> None:
    found = {name: entry.graph.ops[0] for name, entry in networks.items()}
    assert {n for n, v in found.items() if isinstance(v, FullyConnected) and v.relu} == {
        "relu",
        "relu_at_the_lower_end",
        "relu_at_the_upper_end",
        "hidden",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alpha": 2.0}, "alpha and beta must be 1"),
        ({"beta": 0.5}, "alpha and beta must be 1"),
        ({"transA": 1}, "transA is not supported"),
    ],
)
def test_gemm_attributes(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    model = gemm()
    for node in model.nodes:
        if node.op_type == "Gemm":
            node.attribute.extend([onnx.helper.make_attribute(*item) for item in change.items()])
    with pytest.raises(UserError, match=message):
        read(model, tmp_path, check=False)


def test_accumulator_that_could_overflow(tmp_path: Path) -> None:
    """255 * 128 * 65,793 inputs reach 2^31: the reader must prove, not hope."""
    weights = np.full((1, 66_000), -128, np.int8)
    with pytest.raises(UserError, match="output 0 can overflow the 32-bit accumulator"):
        read(layer(weights, None)(), tmp_path, check=False)
    read(layer(weights[:, :65_000], None)(), tmp_path, check=False)


@pytest.mark.parametrize(
    ("scales", "message"),
    [
        ((1e-30, 1e-30, 1.0), "a multiplier outside float32"),
        ((1e30, 1e30, 1.0), "a multiplier outside float32"),
        ((1e-20, 1.0, 1e-20), None),
    ],
)
def test_scales_whose_product_leaves_float32(
    scales: tuple[float, float, float], message: str | None, tmp_path: Path
) -> None:
    model = layer(bias=None, scales=scales)()
    if message:
        with pytest.raises(UserError, match=message):
            read(model, tmp_path)
    else:
        read(model, tmp_path)


def test_bias_too_large_for_its_scale(tmp_path: Path) -> None:
    model = end(start().gemm(WEIGHTS, WEIGHT, np.array([0, 0, 3e12, 0, 0], np.float32)))
    with pytest.raises(UserError, match=r"bias of output 2 is beyond 2\^52 steps"):
        read(model, tmp_path)


def nearly_dead(sign: int, relu: bool = False) -> Build:
    """Two rows of tiny weights beside a plain one: by their scales, biases beyond 32 bits.

    The biases lie between two output bytes, so that what the weights add decides.
    """
    rng = np.random.default_rng(8)
    weights = rng.integers(-127, 128, (3, 300)).astype(np.int8)
    scales = np.array([2.0**-30, 2.0**-33, 2.0**-16], np.float32)
    bias = (sign * np.array([0.0625, 0.0625 * 20.5 / 40.5, 0.03])).astype(np.float32)

    def build() -> QdqModel:
        model = QdqModel((1, 300)).qdq(INPUT, 3).gemm(weights, scales, bias)
        return (model.then("Relu") if relu else model).qdq(0.0625 / 40.5, -7)

    return build


WIDE: dict[str, Build] = {
    "positive": nearly_dead(1),
    "negative": nearly_dead(-1),
    "relu": nearly_dead(-1, relu=True),
    "at_the_edge": layer(
        np.array([[127, -127] * 150, [-128] * 300], np.int8),
        np.array([2**31 - 1, -(2**31)], np.int32),
        scales=(INPUT, 2.0**-26, 2.0 / 63),
    ),
}


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    return read_variants(WIDE, tmp_path_factory.mktemp("wide"))


@pytest.mark.parametrize("name", WIDE)
def test_sums_beyond_32_bits_are_exact(name: str, wide: dict[str, Read]) -> None:
    """Against rational arithmetic; a byte may differ only at a tie to within float32."""
    tested = wide[name]
    (node,) = tested.graph.ops
    assert isinstance(node, FullyConnected)
    scales = [float(scale) for scale in node.weight_scales]
    step = Fraction(INPUT) / 2**node.fraction
    unit = [step * Fraction(scale) for scale in scales]
    bias = [int(value) * each for value, each in zip(node.bias, unit, strict=True)]
    ends = node.input.quantization, node.output.quantization
    exact, distance = exact_layer(
        tested.inputs,
        node.weights.astype(np.int8),
        bias,
        (float(ends[0].scale), scales, float(ends[1].scale)),
        (ends[0].zero_point, ends[1].zero_point),
    )
    expected = np.maximum(exact, node.clamp[0])
    found = run(tested.graph, tested.inputs)
    assert not np.flatnonzero((found != expected) & (distance > 2.0**-12)).size
    reach = np.abs(node.bias).max() / 2**node.fraction
    assert reach + 128 * np.abs(node.weights.astype(int)).sum(1).max() >= 2**31
    assert all(len(np.unique(found[:, row])) > 1 for row in np.flatnonzero(found.min(0) > -7))


@pytest.mark.parametrize("sign", [1, -1])
def test_sums_beyond_32_bits_round_once(sign: int, tmp_path: Path) -> None:
    """Around 2^32 + 256, half a step of float32 there; half to even gives a byte, a bit more 1."""
    weights, bias = np.array([[sign] * 3], np.int8), np.array([sign], np.float32)
    model = QdqModel((1, 3)).qdq(2.0**-5, 0).gemm(weights, 2.0**-27, bias).qdq(2.0, 0)
    graph = read(model, tmp_path)
    sums = np.arange(250, 265)
    inputs = np.array([[120, 120, total - 240] for total in sums], np.int8)
    assert run(graph, inputs)[:, 0].tolist() == [sign * int(total > 256) for total in sums]
    case = Case("rounded", graph, inputs)
    np.testing.assert_array_equal(run_cases([case], tmp_path, "host")[0], case.expected)


@pytest.mark.parametrize("board", ["host", "mps2_an500"])
def test_sums_beyond_32_bits_in_c(board: str, wide: dict[str, Read], tmp_path: Path) -> None:
    """Compiled with sanitizers, and on a processor of 32 bits."""
    cases = [Case(name, entry.graph, entry.inputs) for name, entry in wide.items()]
    for found, case in zip(run_cases(cases, tmp_path, board), cases, strict=True):
        np.testing.assert_array_equal(found, case.expected)


def test_bias_that_is_a_column(tmp_path: Path) -> None:
    """[5, 1] added to [1, 5] is a matrix of sums, not a bias."""
    model = start()
    model.then("MatMul", model.dequantized(WEIGHTS.T.copy(), WEIGHT))
    model.then("Add", model.constant(np.ones((5, 1), np.float32))).qdq(OUTPUT, 0)
    with pytest.raises(UserError, match="its input is not quantized"):
        read(model, tmp_path, check=False)


@pytest.mark.parametrize(("inputs", "taken"), [(2**16 - 1, True), (2**16, False)])
def test_reach_of_the_products(inputs: int, taken: bool, tmp_path: Path) -> None:
    """256 * 128 * inputs is what the products of one output can come to, zero point included."""
    model = QdqModel((1, inputs)).qdq(INPUT, -128)
    model.gemm(np.full((1, inputs), -128, np.int8), WEIGHT).qdq(OUTPUT, 0)
    if taken:
        assert len(read(model, tmp_path).ops) == 1
        return
    with pytest.raises(
        UserError, match=r"can overflow the 32-bit accumulator \(reach 2,147,483,648"
    ):
        read(model, tmp_path)
