"""Convolutions: every attribute, against onnxruntime's float and in C, channels last."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.ir.types import Layout
from codegen.ops.conv import Conv
from codegen.ops.transpose import Transpose
from codegen.plan import plan_network
from codegen.reference import run
from support.errors import UserError
from tests.codegen.models import Array, QdqModel, random_layer
from tests.codegen.oracle import onnxruntime_outputs
from tests.codegen.programs import Case, run_cases
from tests.ops.conftest import Read, read, read_variants, run_on_host

# Powers of two: every float32 operation is exact, so onnxruntime must agree on each byte.
INPUT, WEIGHT, OUTPUT = 2.0**-5, 2.0**-8, 2.0**-3
UNIT = INPUT * WEIGHT

Build = Callable[[], QdqModel]


def convolution(
    shape: tuple[int, ...] = (1, 3, 7, 6),
    weights: tuple[int, ...] = (4, 3, 3, 3),
    *,
    bias: bool = True,
    per_channel: bool = False,
    dtype: Any = np.int8,
    tail: Callable[[QdqModel], Any] | None = None,
    **attributes: Any,
) -> Build:
    """A network of one convolution."""

    def build() -> QdqModel:
        rng = np.random.default_rng(len(shape) + sum(weights))
        offset = 128 if dtype == np.uint8 else 0
        model = QdqModel(shape).qdq(INPUT, 3 + offset, dtype)
        append(model, rng, weights, bias=bias, per_channel=per_channel, **attributes)
        if tail:
            tail(model)
        return model.qdq(OUTPUT, -7 + offset, dtype)

    return build


def append(
    model: QdqModel,
    rng: np.random.Generator,
    weights: tuple[int, ...],
    *,
    bias: bool = True,
    per_channel: bool = False,
    unit: float = 1.0,
    **attributes: Any,
) -> QdqModel:
    """Of channels, scales are powers of two times `unit`: 1 makes ties."""
    outputs = weights[0]
    stored = rng.integers(-128, 128, weights).astype(np.int8)
    scale: Any = WEIGHT
    if per_channel:
        scale = (unit * np.exp2(rng.integers(-9, -6, outputs))).astype(np.float32)
    zeros = np.zeros(np.shape(scale))
    operands = [model.dequantized(stored, scale, zeros, 0 if per_channel else None)]
    if bias:
        values = rng.integers(-4000, 4000, outputs).astype(np.int32)
        operands.append(model.dequantized(values, np.float32(INPUT) * scale, zeros, 0))
    return model.then("Conv", *operands, **attributes)


def image_then_matrix() -> QdqModel:
    """Flatten between an image and a fully connected layer: its columns change places."""
    rng = np.random.default_rng(5)
    model = QdqModel((1, 2, 5, 4)).qdq(INPUT, 3)
    append(model, rng, (3, 2, 2, 2)).then("Relu").qdq(OUTPUT, -128)
    weights, bias = random_layer(rng, 5, 3 * 4 * 3)
    model.then("Flatten", axis=1).gemm(weights, WEIGHT, bias, OUTPUT * WEIGHT)
    return model.qdq(2.0, 1)


def image_then_reshape() -> QdqModel:
    """The flattened image is an output, too: its bytes have to be in the model's order."""
    model = image_then_matrix()
    model.value = next(node.output[0] for node in model.nodes if node.op_type == "Flatten")
    model.qdq(OUTPUT, -128).output()
    model.value = model.nodes[-3].output[0]
    return model


def residual() -> QdqModel:
    """Two branches of images that are added: all of them channels last."""
    rng = np.random.default_rng(6)
    model = QdqModel((1, 3, 4, 5)).qdq(INPUT, 0)
    append(model, rng, (4, 3, 1, 1)).qdq(INPUT, 2)
    skipped = model.value
    append(model, rng, (4, 4, 3, 3), pads=[1, 1, 1, 1]).then("Relu").qdq(OUTPUT, -128)
    model.value = model.add("Add", [skipped, model.value])
    return model.qdq(OUTPUT, -5)


def channels_last_outside() -> QdqModel:
    """As tf2onnx writes it: a Transpose at both ends, of which neither moves a byte."""
    model = QdqModel((1, 5, 4, 3)).qdq(INPUT, 3).then("Transpose", perm=[0, 3, 1, 2])
    append(model, np.random.default_rng(7), (2, 3, 2, 2)).qdq(OUTPUT, 0)
    return model.then("Transpose", perm=[0, 2, 3, 1]).qdq(OUTPUT, 0)


def channels_first_outside() -> QdqModel:
    """A Transpose that has to move bytes."""
    model = QdqModel((1, 4, 3, 2)).qdq(INPUT, 3).then("Transpose", perm=[0, 2, 1, 3])
    return append(model, np.random.default_rng(8), (2, 3, 2, 2)).qdq(OUTPUT, 0)


NETWORKS: dict[str, Build] = {
    "plain": convolution(),
    "no_bias": convolution(bias=False),
    "per_channel": convolution(per_channel=True),
    "uint8": convolution(dtype=np.uint8),
    "pointwise": convolution(weights=(5, 3, 1, 1)),
    "row_with_a_row_above": convolution((1, 3, 1, 5), (4, 3, 2, 2), pads=[1, 0, 0, 1]),
    "pads_differ": convolution(pads=[0, 1, 2, 3]),
    "strides": convolution(strides=[2, 3], pads=[1, 1, 1, 1]),
    "same_upper": convolution(auto_pad="SAME_UPPER", strides=[2, 2]),
    "same_lower": convolution(auto_pad="SAME_LOWER", strides=[2, 2]),
    "valid": convolution(auto_pad="VALID"),
    "dilations": convolution(dilations=[2, 3], pads=[2, 2, 2, 2]),
    "groups": convolution((1, 4, 5, 5), (6, 2, 3, 3), group=2),
    "depthwise": convolution((1, 4, 6, 5), (4, 1, 3, 3), group=4, pads=[1, 1, 1, 1]),
    "depthwise_multiplier": convolution((1, 3, 6, 5), (6, 1, 3, 2), group=3, strides=[2, 1]),
    "of_a_signal": convolution((1, 3, 12), (4, 3, 5), dilations=[2], pads=[3, 1]),
    "signal_depthwise": convolution((1, 3, 9), (3, 1, 3), group=3, auto_pad="SAME_UPPER"),
    "all_padding_but_one": convolution((1, 1, 1, 1), (2, 1, 3, 3), pads=[1, 1, 1, 1]),
    "relu": convolution(tail=lambda model: model.then("Relu")),
    "clip": convolution(
        tail=lambda model: model.then(
            "Clip", model.constant(np.float32(-2.5)), model.constant(np.float32(6))
        )
    ),
    "bias_by_add": convolution(
        bias=False,
        tail=lambda model: model.then(
            "Add", model.constant(np.linspace(-3, 3, 4, dtype=np.float32).reshape(1, 4, 1, 1))
        ),
    ),
    "image_then_matrix": image_then_matrix,
    "image_then_reshape": image_then_reshape,
    "residual": residual,
    "channels_last_outside": channels_last_outside,
    "channels_first_outside": channels_first_outside,
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


def test_float_bias_that_is_no_multiple(tmp_path: Path) -> None:
    """Far from a rounding boundary the bytes are those of exact arithmetic."""
    model = QdqModel((1, 1, 4, 4)).qdq(INPUT, 3)
    stored = np.arange(-4, 5, dtype=np.int8).reshape(1, 1, 3, 3)
    model.then("Conv", model.dequantized(stored, WEIGHT), model.constant(np.array([0.7], "f4")))
    model.qdq(0.01, 0)
    graph = read(model, tmp_path)
    inputs = np.random.default_rng(3).integers(-128, 128, (50, 16)).astype(np.int8)
    image = inputs.reshape(50, 4, 4).astype(np.int64) - 3
    sums = np.stack(
        [
            (image[:, y : y + 3, x : x + 3] * stored.reshape(3, 3)).sum((1, 2))
            for y in (0, 1)
            for x in (0, 1)
        ],
        axis=1,
    )
    exact = sums * UNIT / 0.01 + 0.7 / 0.01
    expected = np.clip(np.rint(exact), -128, 127)
    sure = np.abs(exact - np.floor(exact) - 0.5) > 1e-5
    assert sure.sum() > 100
    np.testing.assert_array_equal(run(graph, inputs)[sure], expected[sure])


def test_images_lie_channels_last_and_the_interface_says_so(networks: dict[str, Read]) -> None:
    graph = networks["plain"].graph
    assert graph.input.type.layout is Layout.CHANNELS_LAST
    assert graph.input.type.stored_shape == (1, 7, 6, 3)
    assert graph.output.type.stored_shape == (1, 5, 4, 4)


def test_nothing_moves_where_columns_can(networks: dict[str, Read]) -> None:
    """Neither a Flatten nor the Transposes of tf2onnx leave a step."""
    for name in ("image_then_matrix", "channels_last_outside", "residual"):
        steps = plan_network(networks[name].graph).steps
        assert not any(isinstance(step.lowered.op, Transpose) for step in steps), name


def test_depthwise_has_a_kernel_of_its_own(networks: dict[str, Read]) -> None:
    kernels = {
        name: plan_network(networks[name].graph).steps[0].lowered.kernel
        for name in ("depthwise_multiplier", "groups", "plain")
    }
    assert kernels == {
        "depthwise_multiplier": "portable depthwise",
        "groups": "portable",
        "plain": "portable",
    }


def test_multiply_accumulates(networks: dict[str, Read]) -> None:
    (op,) = (op for op in networks["depthwise"].graph.ops if isinstance(op, Conv))
    assert op.macs == 4 * 9 * 6 * 5


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (convolution(strides=[0, 1]), r"its strides \[0, 1\] does not fit an image"),
        (convolution(strides=[1]), "it has 1 strides"),
        (convolution(dilations=[1, -2]), "its dilations"),
        (convolution(pads=[2**31, 0, 0, 0]), "its pads"),
        (convolution(pads=[-1, 0, 0, 0]), "its pads"),
        (convolution(pads=[1, 1]), "it has 2 pads"),
        (convolution(dilations=[9, 1]), r"its window of \[3, 3\] is larger than its padded input"),
        (convolution(auto_pad="MAYBE"), "auto_pad 'MAYBE' is unknown"),
        (convolution(group=2), "2 groups of 3 inputs do not fit 3 channels in and 4 out"),
        (convolution(group=0), "0 groups"),
        (convolution((1, 4, 6), (4, 4, 3, 3)), "its weights have rank 4, not 3"),
    ],
)
def test_hostile(build: Build, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read(build(), tmp_path, check=False)


def test_a_sum_that_leaves_the_accumulator(tmp_path: Path) -> None:
    model = QdqModel((1, 66_100, 1, 1)).qdq(INPUT, 3)
    weights = np.full((1, 66_100, 1, 1), 127, np.int8)
    model.then("Conv", model.dequantized(weights, WEIGHT)).qdq(OUTPUT, 0)
    with pytest.raises(UserError, match="output 0 can overflow the 32-bit accumulator"):
        read(model, tmp_path)


def test_an_image_as_high_as_its_padding(tmp_path: Path) -> None:
    low = convolution((1, 3, 1, 6), (4, 3, 2, 3), pads=[1, 1, 0, 1])
    tested = read_variants({"low": low}, tmp_path)["low"]
    expected = onnxruntime_outputs(tested.model, tested.graph, tested.inputs)
    np.testing.assert_array_equal(run(tested.graph, tested.inputs), expected)
