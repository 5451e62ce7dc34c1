"""Operators that only change the shape: the bytes, and the code, stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.ops.fully_connected import FullyConnected
from codegen.ops.reshape import Reshape
from codegen.plan import plan_network
from codegen.reference import run
from support.errors import UserError
from tests.codegen.models import QdqModel, random_layer
from tests.codegen.oracle import onnxruntime_outputs, stored_inputs
from tests.codegen.programs import Case, run_cases
from tests.ops.conftest import read

Change = Callable[[QdqModel], QdqModel]


def reshape(*shape: int, **attributes: Any) -> Change:
    return lambda model: model.then("Reshape", model.constant(shape, np.int64), **attributes)


def with_axes(op: str, *axes: int) -> Change:
    return lambda model: model.then(op, model.constant(axes, np.int64))


def flatten(**attributes: Any) -> Change:
    return lambda model: model.then("Flatten", **attributes)


def dropout(*operands: Any) -> Change:
    return lambda model: model.then("Dropout", *(model.constant(o, t) for o, t in operands))


# How [1, 1, 2, 3] becomes the [1, 6] that the layer behind it needs.
TO_A_ROW: dict[str, Change] = {
    "flatten": flatten(),
    "flatten_from_the_end": flatten(axis=-3),
    "reshape": reshape(1, 6),
    "reshape_rest": reshape(1, -1),
    "reshape_zero_keeps": reshape(0, -1),
    "reshape_all_inferred_first": reshape(-1, 6),
    "squeeze_then_reshape": lambda m: reshape(1, 6)(with_axes("Squeeze", 1)(m)),
    "squeeze_negative_axis": lambda m: flatten()(with_axes("Squeeze", -3)(m)),
    "unsqueeze_then_flatten": lambda m: flatten()(with_axes("Unsqueeze", 2, -1)(m)),
    "identity_and_dropout": lambda m: flatten()(dropout((0.5, np.float32))(m.then("Identity"))),
}


def network(change: Change, quantized_first: bool = True) -> QdqModel:
    """[1, 1, 2, 3] → change → Gemm."""
    weights, bias = random_layer(np.random.default_rng(1), 4, 6)
    model = QdqModel((1, 1, 2, 3))
    model = change(model.qdq(0.25, 1)) if quantized_first else change(model).qdq(0.25, 1)
    return model.gemm(weights, 0.125, bias, 0.25 * 0.125).qdq(4.0, 2)


@pytest.mark.parametrize("quantized_first", [True, False])
@pytest.mark.parametrize("name", TO_A_ROW)
def test_reads_as_a_view(name: str, quantized_first: bool, tmp_path: Path) -> None:
    model = network(TO_A_ROW[name], quantized_first)
    graph = read(model, tmp_path)
    assert graph.input.shape == (1, 1, 2, 3)
    assert {type(node) for node in graph.ops} == {Reshape, FullyConnected}
    assert [step.lowered.stem for step in plan_network(graph).steps] == ["fully_connected"]
    stored = stored_inputs(graph)
    np.testing.assert_array_equal(
        run(graph, stored), onnxruntime_outputs(model.build(), graph, stored)
    )


def test_at_both_ends_of_c(tmp_path: Path) -> None:
    """A view before the first and after the last layer: no code, the same bytes."""
    model = reshape(1, 2, 2)(network(TO_A_ROW["flatten"])).then("Unsqueeze", "constant_axes")
    model.initializers.append(_named("constant_axes", [1]))
    graph = read(model, tmp_path)
    assert graph.output.shape == (1, 1, 2, 2)
    case = Case("views", graph, stored_inputs(graph))
    np.testing.assert_array_equal(run_cases([case], tmp_path)[0], case.expected)


def test_between_quantize_and_dequantize(tmp_path: Path) -> None:
    """Integers can be reshaped, too."""
    weights, _ = random_layer(np.random.default_rng(1), 4, 6)
    model = QdqModel((1, 2, 3)).quantize(0.25, 1).then("Flatten").dequantize(0.25, 1)
    graph = read(model.gemm(weights, 0.125).qdq(4.0, 2), tmp_path)
    assert [type(node) for node in graph.ops] == [Reshape, FullyConnected]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (reshape(2, 3), r"makes shape \[2, 3\]; the batch must stay 1"),
        (reshape(1, 7), r"6 elements do not fit shape \[1, 7\]"),
        (reshape(1, -1, -1), r"cannot reshape to \[1, -1, -1\]"),
        (reshape(1, -1, 0, 4), r"6 elements do not fit shape \[1, -1, 2, 4\]"),
        (reshape(0, 6, allowzero=1), r"cannot reshape to \[0, 6\]"),
        (reshape(*[1] * 16, 6), "its new shape is int64 with 17 elements, not a few int64"),
        (reshape(1, -6), r"cannot reshape to \[1, -6\]"),
        (flatten(axis=9), "axis 9 is outside shape"),
        (flatten(axis=3), r"makes shape \[2, 3\]; the batch must stay 1"),
        (with_axes("Squeeze", 2), r"cannot squeeze axes \[2\]"),
        (with_axes("Squeeze", 0, 1), r"makes shape \[2, 3\]"),
        (with_axes("Squeeze", 7), r"axes \[7\] do not fit rank 4"),
        (with_axes("Unsqueeze", 1, 1), r"axes \[1, 1\] do not fit rank 6"),
        (dropout((0.5, np.float32), (True, np.int8)), "training mode"),
    ],
)
def test_shapes_that_cannot_be(change: Change, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read(network(change), tmp_path, check=False)


@pytest.mark.parametrize("shape", [(1, 1, 1, 2, 2), ()])
def test_output_that_the_interface_cannot_describe(shape: tuple[int, ...], tmp_path: Path) -> None:
    """ai_buffer has batch, channel, width and height."""
    model = reshape(*shape)(network(TO_A_ROW["flatten"]))
    with pytest.raises(UserError):
        read(model, tmp_path, check=False)


def test_a_network_of_views_computes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the model computes nothing"):
        read(QdqModel((1, 2, 3)).qdq(0.1, 0).then("Flatten").qdq(0.1, 0), tmp_path)


def _named(name: str, values: list[int]) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(np.array(values, np.int64), name)
