"""ArgMax and ArgMin: the model's positions as int32; casts that change nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from codegen.ir.types import DType
from codegen.reference import run, split
from support.errors import UserError
from tests.codegen.models import Array, QdqModel
from tests.codegen.programs import Case, run_cases
from tests.ops.conftest import Read, read, read_variants, run_on_host

INT32, INT64, FLOAT = onnx.TensorProto.INT32, onnx.TensorProto.INT64, onnx.TensorProto.FLOAT


def arg_max(
    shape: tuple[int, ...] = (1, 10), *, op: str = "ArgMax", tail: Any = None, **attributes: Any
) -> Callable[[], QdqModel]:
    """A network that is one ArgMax."""

    def build() -> QdqModel:
        model = QdqModel(shape).qdq(0.1, 4).then(op, **{"axis": 1, **attributes})
        if tail:
            tail(model)
        return model

    return build


def classes_of_pixels() -> QdqModel:
    """Behind a convolution: classes lie behind one another."""
    model = QdqModel((1, 2, 4, 3)).qdq(0.05, 3)
    stored = np.random.default_rng(4).integers(-128, 128, (6, 2, 1, 1)).astype(np.int8)
    model.then("Conv", model.dequantized(stored, 0.0093)).qdq(0.1, 5)
    return model.then("ArgMax", axis=1, keepdims=0)


def of_a_softmax(op: str) -> Callable[[], QdqModel]:
    """A Softmax that is not quantized keeps the order."""

    def build() -> QdqModel:
        model = QdqModel((1, 10)).qdq(0.01, 4).then(op, axis=-1)
        return model.then("ArgMax", axis=1, keepdims=0)

    return build


def with_other_outputs() -> QdqModel:
    """Bytes and positions side by side, and a float that is cast to float."""
    model = QdqModel((1, 6)).qdq(0.1, 4)
    value = model.then("Cast", to=FLOAT).then("Tanh").then("Cast", to=FLOAT).qdq(0.1, 0).value
    model.then("ArgMax", axis=1).output()
    return model.at(value).output()


NETWORKS: dict[str, Callable[[], QdqModel]] = {
    "plain": arg_max(),
    "without_the_axis": arg_max(keepdims=0),
    "last": arg_max(select_last_index=1),
    "smallest": arg_max(op="ArgMin"),
    "smallest_last": arg_max(op="ArgMin", select_last_index=1),
    "of_one": arg_max((1, 1)),
    "rows": arg_max((1, 3, 7), axis=-1),
    "columns": arg_max((1, 3, 7), axis=1, keepdims=0),
    "height": arg_max((1, 5, 4, 3), axis=2, keepdims=0),
    "classes_of_pixels": classes_of_pixels,
    "cast": arg_max(tail=lambda model: model.then("Cast", to=INT32)),
    "cast_to_float": arg_max(tail=lambda model: model.then("Cast", to=FLOAT)),
    "reshaped": arg_max(
        (1, 3, 4),
        tail=lambda model: model.then("Reshape", model.constant([1, 2, 2], np.int64)),
    ),
    "of_a_softmax": of_a_softmax("Softmax"),
    "of_a_log_softmax": of_a_softmax("LogSoftmax"),
    "with_other_outputs": with_other_outputs,
}


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    found = read_variants(NETWORKS, tmp_path_factory.mktemp("read"))
    # Few different bytes: several are the largest.
    return {name: replace(net, inputs=net.inputs // 40) for name, net in found.items()}


@pytest.fixture(scope="module")
def computed(
    networks: dict[str, Read], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Array]:
    return run_on_host(networks, tmp_path_factory.mktemp("host"))


@pytest.mark.parametrize("name", NETWORKS)
def test_reference_agrees_with_onnxruntime(name: str, networks: dict[str, Read]) -> None:
    tested = networks[name]
    session = onnxruntime.InferenceSession(
        tested.model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    found = split(tested.graph.outputs, run(tested.graph, tested.inputs))
    quantization = tested.graph.input.quantization
    real = quantization.dequantize(split(tested.graph.inputs, tested.inputs)[tested.graph.input])
    for row, values in enumerate(real):
        expected = session.run(None, {"input": values.reshape(tested.graph.input.shape)})
        for value, wanted in zip(tested.graph.outputs, expected, strict=True):
            if value.dtype is DType.INT32:
                np.testing.assert_array_equal(found[value][row].reshape(wanted.shape), wanted)


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


def test_the_interface_says_int32_and_a_note_says_why(networks: dict[str, Read]) -> None:
    graph = networks["without_the_axis"].graph
    assert graph.output.dtype is DType.INT32 and graph.output.shape == (1,)
    assert graph.notes == ("output 'argmax_2_out' is int64, and becomes int32",)
    assert networks["cast"].graph.notes == ()


def casting(to: int) -> QdqModel:
    return QdqModel((1, 6)).qdq(0.1, 0).then("Cast", to=to).qdq(0.1, 0)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (arg_max(axis=0), r"axis 0 of shape \[1, 10\]"),
        (arg_max(axis=5), r"axis 5 of shape \[1, 10\]"),
        (arg_max(axis=-(2**62)), "axis -4611686018427387904"),
        (lambda: QdqModel((1, 6)).then("ArgMax", axis=1), "its input is not quantized"),
        (lambda: arg_max()().then("Softmax"), "its input is positions along an axis"),
        (lambda: arg_max()().then("Cast", to=FLOAT).qdq(0.1, 0), "quantizes integers"),
        (lambda: arg_max()().then("Cast", to=onnx.TensorProto.INT8), "casts to int8"),
        (lambda: casting(onnx.TensorProto.DOUBLE), "casts to double"),
        (lambda: casting(onnx.TensorProto.BOOL), "casts to bool"),
        (lambda: casting(77), "casts to 77"),
        (lambda: QdqModel((1, 6)).quantize(0.1, 0).then("Cast", to=FLOAT), "casts to float"),
    ],
)
def test_hostile(build: Callable[[], QdqModel], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read(build(), tmp_path, check=False)
