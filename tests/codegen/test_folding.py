"""Paddings and clamps that a neighbour does on its own: fewer steps, the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.reference import run
from tests.codegen.models import QdqModel
from tests.codegen.oracle import onnxruntime_outputs, stored_inputs
from tests.codegen.programs import Case, run_cases
from tests.ops.conftest import read

INPUT, WEIGHT, OUTPUT = 2.0**-5, 2.0**-8, 2.0**-3


def padded(
    pads: tuple[int, ...] = (0, 0, 1, 2, 0, 0, 3, 0),
    value: float = 0.0,
    *,
    weights: tuple[int, ...] = (4, 3, 2, 2),
    shape: tuple[int, ...] = (1, 3, 4, 5),
    own: Any = (0, 0, 0, 0),
    **attributes: Any,
) -> Callable[[], QdqModel]:
    """A Pad before a convolution, which may have pads of its own."""

    def build() -> QdqModel:
        model = QdqModel(shape).qdq(INPUT, 3)
        operands = model.constant(pads, np.int64), model.constant(value, np.float32)
        model.then("Pad", *operands).qdq(INPUT, 3)
        return convolved(model, weights, pads=own[: 2 * len(weights) - 4], **attributes).qdq(
            OUTPUT, -7
        )

    return build


def convolved(model: QdqModel, weights: tuple[int, ...], **attributes: Any) -> QdqModel:
    stored = np.random.default_rng(5).integers(-128, 128, weights).astype(np.int8)
    return model.then("Conv", model.dequantized(stored, WEIGHT), **attributes)


def read_twice() -> QdqModel:
    """The padded image is an output, too."""
    model = QdqModel((1, 3, 4, 5)).qdq(INPUT, 3)
    model.then("Pad", model.constant([0, 0, 1, 1, 0, 0, 1, 1], np.int64)).qdq(INPUT, 3).output()
    return convolved(model, (4, 3, 2, 2)).qdq(OUTPUT, -7).output()


def reflected() -> QdqModel:
    model = QdqModel((1, 3, 4, 5)).qdq(INPUT, 3)
    model.then("Pad", model.constant([0, 0, 1, 1, 0, 0, 1, 1], np.int64), mode="reflect")
    return convolved(model.qdq(INPUT, 3), (4, 3, 2, 2)).qdq(OUTPUT, -7)


def clamped(
    op: str, *bounds: float, scales: tuple[float, float] = (OUTPUT, OUTPUT), zero_point: int = -7
) -> Callable[[], QdqModel]:
    """A convolution, and a clamp behind its quantization."""

    def build() -> QdqModel:
        model = convolved(QdqModel((1, 3, 4, 5)).qdq(INPUT, 3), (4, 3, 2, 2)).qdq(scales[0], -7)
        model.then(op, *(model.constant(np.float32(bound)) for bound in bounds))
        return model.qdq(scales[1], zero_point)

    return build


def clamped_kinds() -> QdqModel:
    """Behind a pool, a sum and a normalization."""
    model = QdqModel((1, 3, 4, 5)).qdq(INPUT, 3)
    skip = model.value
    model.then("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1]).qdq(0.043, 1)
    model.then("Relu").qdq(0.043, 1).then("Add", skip).qdq(0.051, 2)
    model.then("Clip", model.constant(np.float32(-1)), model.constant(np.float32(2)))
    model.qdq(0.051, 2)
    operands = (np.ones(3), np.zeros(3), np.full(3, 0.3), np.full(3, 0.7))
    model.then("BatchNormalization", *(model.constant(each, np.float32) for each in operands))
    return model.qdq(0.047, 3).then("Relu").qdq(0.047, 3)


def clamped_twice() -> QdqModel:
    """A ReLU in the layer, and a Clip behind its quantization."""
    model = convolved(QdqModel((1, 3, 4, 5)).qdq(INPUT, 3), (4, 3, 2, 2)).then("Relu")
    model.qdq(OUTPUT, -7).then("Clip", "", model.constant(np.float32(4)))
    return model.qdq(OUTPUT, -7)


def clamp_read_twice() -> QdqModel:
    """What the clamp reads is an output, too."""
    model = convolved(QdqModel((1, 3, 4, 5)).qdq(INPUT, 3), (4, 3, 2, 2)).qdq(OUTPUT, -7).output()
    return model.then("Relu").qdq(OUTPUT, -7).output()


# Network → the kinds of its operations after reading.
NETWORKS: dict[str, tuple[Callable[[], QdqModel], list[str]]] = {
    "padded": (padded(), ["Conv"]),
    "padded_and_pads": (padded((0, 0, 1, 1, 0, 0, 1, 1), own=[0, 1, 2, 0]), ["Conv"]),
    "padded_far": (padded((0, 0, 5, 6, 0, 0, 7, 4), strides=[2, 3]), ["Conv"]),
    "padded_depthwise": (padded(weights=(3, 1, 3, 3), group=3, dilations=[2, 1]), ["Conv"]),
    "padded_signal": (padded((0, 0, 2, 0, 0, 1), weights=(4, 3, 3), shape=(1, 3, 7)), ["Conv"]),
    "padded_by_a_number": (padded(value=0.5), ["Select", "Conv"]),
    "padded_channels": (
        padded((0, 1, 0, 0, 0, 0, 0, 0), weights=(4, 4, 2, 2)),
        ["Select", "Conv"],
    ),
    "cropped": (padded((0, 0, -1, 0, 0, 0, 1, 0)), ["Select", "Conv"]),
    "reflected": (reflected, ["Select", "Conv"]),
    "read_twice": (read_twice, ["Select", "Conv"]),
    "relu": (clamped("Relu"), ["Conv"]),
    "clip": (clamped("Clip", -2.0, 3.0), ["Conv"]),
    "clip_low_above_high": (clamped("Clip", 1.0, -1.0), ["Conv"]),
    "relu_of_another_scale": (clamped("Relu", scales=(OUTPUT, 0.1)), ["Conv", "Lookup"]),
    "relu_of_a_near_scale": (
        clamped("Relu", scales=(OUTPUT, float(np.nextafter(np.float32(OUTPUT), np.float32(1))))),
        ["Conv", "Lookup"],
    ),
    "relu_of_another_zero": (clamped("Relu", zero_point=-8), ["Conv", "Lookup"]),
    "no_clamp": (clamped("Abs"), ["Conv", "Lookup"]),
    "kinds": (clamped_kinds, ["AveragePool", "Elementwise", "Affine"]),
    "clamped_twice": (clamped_twice, ["Conv"]),
    "clamp_read_twice": (clamp_read_twice, ["Conv", "Lookup"]),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_same_bytes_in_fewer_steps(name: str, tmp_path: Path) -> None:
    """onnxruntime knows nothing of it."""
    build, kinds = NETWORKS[name]
    model = build()
    graph = read(model, tmp_path)
    assert [type(op).__name__ for op in graph.ops if type(op).__name__ != "Transpose"] == kinds
    inputs = stored_inputs(graph)
    expected = onnxruntime_outputs(model.build(), graph, inputs)
    found = run(graph, inputs)
    # The mean of nine has no ties, but float32 sums of onnxruntime may be near one.
    assert np.count_nonzero(found != expected) <= (2 if name == "kinds" else 0)


def test_in_c(tmp_path: Path) -> None:
    names = ("padded", "padded_far", "padded_depthwise", "padded_signal", "clip", "kinds")
    graphs = {name: read(NETWORKS[name][0](), tmp_path) for name in names}
    cases = [Case(name, graph, stored_inputs(graph)) for name, graph in graphs.items()]
    for case, outputs in zip(cases, run_cases(cases, tmp_path), strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)


def test_a_folded_relu_is_one(tmp_path: Path) -> None:
    (op,) = read(clamped("Relu")(), tmp_path).ops
    assert op.detail == "2x2, ReLU"
