"""Pools: every attribute, against onnxruntime and exact arithmetic, and in C."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.ops.average_pool import AveragePool
from codegen.reference import run
from support.errors import UserError
from tests.codegen.models import Array, QdqModel
from tests.codegen.oracle import onnxruntime_outputs
from tests.codegen.programs import Case, run_cases
from tests.ops.conftest import Read, read, read_variants, run_on_host

Build = Callable[[], QdqModel]
# Steps of the output: float32 sums of a few terms are that exact.
TIE = Fraction(1, 100_000)


def pool(
    operator: str,
    shape: tuple[int, ...] = (1, 3, 7, 6),
    quantization: tuple[float, int] = (0.05, 3),
    *,
    tail: str = "",
    **attributes: Any,
) -> Build:
    """A network of one pool; a mean's output has another quantization than its input."""
    output = quantization if "Max" in operator else (0.031, -9)

    def build() -> QdqModel:
        model = QdqModel(shape).qdq(*quantization).then(operator, **attributes)
        if tail:
            model.then(tail)
        return model.qdq(*output)

    return build


def summed(axes: Any = np.int64) -> QdqModel:
    """Its axes are an operand."""
    model = QdqModel((1, 5, 4)).qdq(0.05, 3)
    return model.then("ReduceSum", model.constant([1], axes), keepdims=0).qdq(0.2, 5)


SQUARE: dict[str, Any] = {"kernel_shape": [3, 3]}
ROOMY: dict[str, Any] = {"kernel_shape": [3, 2], "pads": [1, 0, 2, 1], "strides": [2, 2]}
NETWORKS: dict[str, Build] = {
    "max": pool("MaxPool", kernel_shape=[2, 2], strides=[2, 2]),
    "max_pads": pool("MaxPool", **ROOMY),
    "max_ceil": pool("MaxPool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
    # The last window reaches further than the image below, and not at its right.
    "max_ceil_below": pool(
        "MaxPool", (1, 3, 5, 4), kernel_shape=[2, 1], strides=[2, 1], ceil_mode=1
    ),
    "max_dilations": pool("MaxPool", **SQUARE, dilations=[2, 2]),
    "max_same": pool("MaxPool", **SQUARE, auto_pad="SAME_UPPER", strides=[2, 2]),
    "max_signal": pool("MaxPool", (1, 2, 9), kernel_shape=[3], strides=[2]),
    "max_relu": pool("MaxPool", **SQUARE, tail="Relu"),
    "max_other_scale": lambda: pool("MaxPool", **SQUARE)().qdq(0.1, 0),
    "global_max": pool("GlobalMaxPool"),
    "average": pool("AveragePool", **SQUARE),
    "average_relu": pool("AveragePool", **SQUARE, tail="Relu"),
    "average_signal": pool("AveragePool", (1, 2, 9), kernel_shape=[3], strides=[2]),
    "average_even": pool("AveragePool", kernel_shape=[2, 2], strides=[2, 2]),
    "global_average": pool("GlobalAveragePool"),
    "mean_of_pixels": pool("ReduceMean", axes=[2, 3], keepdims=0),
    "mean_of_the_last_axis": pool("ReduceMean", axes=[-1]),
    "mean_of_channels": pool("ReduceMean", axes=[1], keepdims=0),
    "mean_of_steps": pool("ReduceMean", (1, 5, 4), axes=[1], keepdims=0),
    "largest_of_pixels": pool("ReduceMax", axes=[2, 3], keepdims=0),
    "largest_of_rows": pool("ReduceMax", axes=[1, 3]),
    "largest_of_all": pool("ReduceMax", axes=[1, 2, 3]),
    "sum_of_steps": summed,
    **{
        f"average_{'include' * include}{'ceil' * ceil}_{name}": pool(
            "AveragePool", count_include_pad=include, ceil_mode=ceil, **attributes
        )
        for include in (0, 1)
        for ceil in (0, 1)
        for name, attributes in {
            "pads": {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 2]},
            "roomy": ROOMY,
        }.items()
    },
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
    """Every byte; of a mean, unless its exact value is half between two bytes to float32's eye."""
    tested = networks[name]
    found = run(tested.graph, tested.inputs)
    expected = onnxruntime_outputs(tested.model, tested.graph, tested.inputs)
    means = [op for op in tested.graph.ops if isinstance(op, AveragePool)]
    for row, column in np.argwhere(found != expected):
        assert means, "a maximum has no ties"
        assert abs(int(found[row, column]) - int(expected[row, column])) == 1
        half = exact_mean(means[0], tested.inputs[row])[column] - Fraction(1, 2)
        assert abs(half - round(half)) < TIE, f"{name}: row {row}, byte {column} is no tie"


def exact_mean(op: AveragePool, stored: Array) -> list[Fraction]:
    """Every output before rounding, in steps of the output, channels last."""
    window, channels, zero = op.window, op.input.shape[1], op.input.quantization.zero_point
    image = op.input.type.load(stored[None]).reshape(channels, *window.input).astype(int)
    ratio = Fraction(float(op.input.quantization.scale)) / Fraction(
        float(op.output.quantization.scale)
    )
    values = []
    for y in range(window.output[0]):
        for x in range(window.output[1]):
            rows = range(
                y * window.strides[0] - window.pads[0],
                y * window.strides[0] - window.pads[0] + window.kernel[0],
            )
            columns = range(
                x * window.strides[1] - window.pads[1],
                x * window.strides[1] - window.pads[1] + window.kernel[1],
            )
            inside = [
                (r, c)
                for r in rows
                for c in columns
                if 0 <= r < window.input[0] and 0 <= c < window.input[1]
            ]
            for channel in range(channels):
                total = sum(int(image[channel, r, c]) - zero for r, c in inside)
                values.append(total * ratio / (1 if op.total else int(op.counts[y, x])))
    return values


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


MOST = {"all_that_fit": 256, "one_more": 257}


@pytest.mark.parametrize("board", ["host", "mps2_an500"])
def test_sums_of_as_many_cells_as_fit(board: str, tmp_path: Path) -> None:
    """Of 256 cells at either end of int8 sixteen bits hold the sum; one more goes another way. All
    lie below each other: of wider windows two sums are taken by turns."""
    builds = {
        name: pool("AveragePool", (1, 5, cells, 2), kernel_shape=[cells, 1])
        for name, cells in MOST.items()
    }
    cases = []
    for name, net in read_variants(builds, tmp_path).items():
        size = net.inputs.shape[1]
        ends = [np.full(size, end, np.int8) for end in (-128, 127)]
        cases.append(Case(name, net.graph, np.stack([*ends, *net.inputs[:2]])))
    for case, outputs in zip(cases, run_cases(cases, tmp_path, board), strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)


def vanishing() -> QdqModel:
    """A mean whose multiplier is zero in float32."""
    return QdqModel((1, 3, 7, 6)).qdq(1e-36, 3).then("AveragePool", **SQUARE).qdq(1e12, 0)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (pool("MaxPool", kernel_shape=[0, 2]), "its kernel_shape"),
        (pool("MaxPool", kernel_shape=[2]), "its kernel has 1 sizes for 2 axes"),
        (lambda: summed(np.float32), r"its axes are float32 \[1\]"),
        (pool("AveragePool", **SQUARE, strides=[2, 0]), "its strides"),
        (pool("AveragePool", **SQUARE, pads=[1, 2, 3]), "it has 3 pads"),
        (pool("MaxPool", (1, 3), kernel_shape=[2, 2]), r"its input has shape \[1, 3\]"),
        (vanishing, "a multiplier outside float32"),
        (pool("MaxPool", kernel_shape=[9, 9]), "is larger than its padded input"),
    ],
)
def test_hostile(build: Build, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read(build(), tmp_path, check=False)
