"""Files that are damaged, hostile, or not quantized: one line each, never a traceback."""

from __future__ import annotations

import resource
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tflite

from codegen.reader.qdq import read_graph
from support.errors import UserError
from tests.tflite.models import NONE, RELU, TfliteModel, edited
from tests.tflite.networks import (
    IMAGE,
    conv,
    dense,
    function,
    pool,
    small_network,
    splitting,
    strided,
    two,
)


def refused(data: bytes, folder: Path) -> UserError:
    path = folder / "m.tflite"
    path.write_bytes(data)
    with pytest.raises(UserError) as caught:
        read_graph(path)
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.remedy
    return caught.value


def float_network() -> TfliteModel:
    model = TfliteModel().input((1, 4), (), 0, np.float32)
    weights = model.constant(np.ones((2, 4), np.float32))
    options = ("FullyConnectedOptions", {"FusedActivationFunction": NONE})
    return model.then(
        "FULLY_CONNECTED", [weights], (1, 2), (), 0, options=options, dtype=np.float32
    )


def _dynamic_range() -> TfliteModel:
    model = TfliteModel().input((1, 4), (), 0, np.float32)
    weights = model.constant(np.ones((2, 4), np.int8), 0.1)
    options = ("FullyConnectedOptions", {"FusedActivationFunction": NONE})
    return model.then(
        "FULLY_CONNECTED", [weights], (1, 2), (), 0, options=options, dtype=np.float32
    )


def _sixteen() -> TfliteModel:
    return TfliteModel().input((1, 4), 0.1, 0, np.int16).then("RELU", [], (1, 4), dtype=np.int16)


def _batch() -> TfliteModel:
    return TfliteModel().input((2, 4)).then("TANH", [], (2, 4), 1 / 128)


def _other_shape() -> TfliteModel:
    return TfliteModel().input((1, 4)).then("TANH", [], (1, 5), 1 / 128)


def _same_size_other_shape() -> TfliteModel:
    model = TfliteModel().input((1, 4, 6))
    model.then("RESHAPE", [model.integers(1, 8, 3)], (1, 6, 4))
    return model.then("TANH", [], (1, 6, 4), 1 / 128)


def _absurd() -> TfliteModel:
    return TfliteModel().input((1, 2**30, 2**30)).then("TANH", [], (1, 2**30, 2**30), 1 / 128)


def _before() -> TfliteModel:
    model = TfliteModel().input((1, 4))
    other = model.tensor((1, 4), 0.1)
    return model.operator("TANH", [other], [model.tensor((1, 4), 1 / 128)])


def _twice() -> TfliteModel:
    model = TfliteModel().input((1, 4)).then("TANH", [], (1, 4), 1 / 128)
    return model.operator("TANH", [model.inputs[0]], [model.value])


def _itself() -> TfliteModel:
    model = TfliteModel().input((1, 4))
    output = model.tensor((1, 4), 1 / 128)
    return model.operator("TANH", [output], [output])


def _lstm() -> TfliteModel:
    return TfliteModel().input((1, 4)).then("UNIDIRECTIONAL_SEQUENCE_LSTM", [], (1, 4))


def _scales() -> TfliteModel:
    return TfliteModel().input((1, 4), [0.1, 0.2, 0.3, 0.4]).then("TANH", [], (1, 4), 1 / 128)


def _scales_inside() -> TfliteModel:
    model = TfliteModel().input((1, 2)).then("TANH", [], (1, 2), [0.1, 0.2])
    return model.then("TANH", [], (1, 2), 1 / 128)


def _short() -> TfliteModel:
    model = TfliteModel().input((1, 4))
    weights = model.tensor((2, 4), 0.1, data=np.ones(7, np.int8))
    return model.then("FULLY_CONNECTED", [weights], (1, 2), 0.1)


def _no_shape() -> TfliteModel:
    return TfliteModel().input(IMAGE).then("RESHAPE", [], (1, 120))


def _moved_scale() -> TfliteModel:
    model = TfliteModel().input(IMAGE)
    return model.then("RESHAPE", [model.integers(1, 120)], (1, 120), 0.3)


def _slices_of_unequal_number() -> TfliteModel:
    return strided([0, 0], [1, 4, 5, 4], [1, 1, 1, 1], [1, 4, 5, 4])


def _many_sizes() -> TfliteModel:
    options = ("ReshapeOptions", {"NewShape": [1] * 16 + [120]})
    return TfliteModel().input(IMAGE).then("RESHAPE", [], (1, 120), options=options)


def _pool_of_another_scale() -> TfliteModel:
    options = {"FilterHeight": 1, "FilterWidth": 1, "StrideH": 1, "StrideW": 1}
    model = TfliteModel().input(IMAGE)
    return model.then("AVERAGE_POOL_2D", [], IMAGE, 0.3, options=("Pool2DOptions", options))


def _maximum_of_another_scale() -> TfliteModel:
    model = TfliteModel().input(IMAGE)
    return model.then("REDUCE_MAX", [model.integers(1, 2)], (1, 4), 0.3)


def _joined_and_clamped() -> TfliteModel:
    model = TfliteModel().input((1, 4))
    options = ("ConcatenationOptions", {"Axis": 1, "FusedActivationFunction": RELU})
    return model.then("CONCATENATION", [model.value], (1, 8), options=options)


def _no_scale() -> TfliteModel:
    return TfliteModel().input((1, 4)).then("RELU6", [], (1, 4), 0.0)


def _weights_off_zero() -> TfliteModel:
    model = TfliteModel().input(IMAGE)
    weights = model.constant(np.ones((2, 1, 1, 4), np.int8), [0.1, 0.2], [0, 1])
    options = ("Conv2DOptions", {"Padding": 0, "StrideH": 1, "StrideW": 1})
    return model.then("CONV_2D", [weights], (*IMAGE[:3], 2), 0.3, options=options)


def _zero_point() -> TfliteModel:
    return TfliteModel().input((1, 4), 0.1, 300).then("TANH", [], (1, 4), 1 / 128)


def _not_a_number() -> TfliteModel:
    return TfliteModel().input((1, 4), np.nan).then("TANH", [], (1, 4), 1 / 128)


def _strides() -> TfliteModel:
    return pool("MAX_POOL_2D", strides=(2**30, 1))


def _custom() -> TfliteModel:
    return TfliteModel().input((1, 4)).then("CUSTOM", [], (1, 4))


@pytest.mark.parametrize(
    ("build", "message", "remedy"),
    [
        (float_network, "tensor 'in_0' is float32", "representative_dataset"),
        (_dynamic_range, "tensor 'in_0' is float32", "TFLITE_BUILTINS_INT8"),
        (_sixteen, "input 'in_0' is INT16", "TFLITE_BUILTINS_INT8"),
        (_batch, r"shape [2, 4]", "operators.md"),
        (_other_shape, "makes shape [1, 4], not [1, 5] as the file says", "convert"),
        (_same_size_other_shape, "makes shape [1, 8, 3], not [1, 6, 4]", "convert"),
        (_no_shape, "its shape has 0 axes", "operators.md"),
        (_slices_of_unequal_number, "its begin, end and strides do not fit", "convert"),
        (_many_sizes, "17 numbers in 'NewShape'", "convert"),
        (_absurd, "has more than 16,777,216 elements", "microcontroller"),
        (_before, "tensor 'tensor_1' is read before anything writes it", "convert"),
        (_twice, "tensor 'tensor_1' is written twice", "convert"),
        (_itself, "tensor 'tensor_1' is read before anything writes it", "convert"),
        (_lstm, "(UNIDIRECTIONAL_SEQUENCE_LSTM): unsupported operator", "operators.md"),
        (_custom, "(custom ): unsupported operator", "operators.md"),
        (lambda: splitting(-4), "does not split 1 evenly", "convert"),
        (_strides, "strides", "convert"),
        (_scales, "input 'in_0' is quantized per channel", "TFLITE_BUILTINS_INT8"),
        (_scales_inside, "tensor 'tensor_1' is quantized per channel", "TFLITE_BUILTINS_INT8"),
        (_short, "tensor 'tensor_1': 7 bytes for shape [2, 4] of int8", "whole"),
        (_moved_scale, "its output is quantized otherwise than its input", "convert"),
        (_pool_of_another_scale, "its output is quantized otherwise than its input", "convert"),
        (_maximum_of_another_scale, "its output is quantized otherwise", "convert"),
        (_joined_and_clamped, "has a fused activation, which LiteRT leaves out", "of its own"),
        (_no_scale, "changes the scale by nan", "operators.md"),
        (_weights_off_zero, "its int8 weights have zero points", "convert"),
        (_zero_point, "zero point 300", "convert"),
        (_not_a_number, "scale", "convert"),
    ],
)
def test_refused(
    build: Callable[[], TfliteModel], message: str, remedy: str, tmp_path: Path
) -> None:
    error = refused(build().build(), tmp_path)
    assert message in error.message
    assert remedy in error.remedy


def test_two_operator_codes(tmp_path: Path) -> None:
    """A file has two fields for an operator's code: as in LiteRT the larger counts."""

    def other(model: Any) -> None:
        model.operatorCodes[0].builtinCode = tflite.BuiltinOperator.NOT_EQUAL

    error = refused(edited(conv().build(), other), tmp_path)
    assert "(NOT_EQUAL): unsupported operator" in error.message


def test_several_graphs(tmp_path: Path) -> None:
    assert "has 2 graphs" in refused(conv().build(graphs=2), tmp_path).message


def test_not_one_at_all(tmp_path: Path) -> None:
    for data in (b"", b"TFL3", b"\0" * 64, b"\x08\x07hello, I am an ONNX file"):
        assert "not a TensorFlow Lite file" in refused(data, tmp_path).message


def test_told_by_its_content(tmp_path: Path) -> None:
    """A .tflite by another name is read as what it is."""
    path = tmp_path / "model.onnx"
    path.write_bytes(dense(TfliteModel().input((1, 20)), 7).build())
    assert read_graph(path).output.shape == (1, 7)


@pytest.mark.parametrize("build", [conv, small_network, lambda: two("MUL")])
def test_cut_short(build: Callable[[], TfliteModel], tmp_path: Path) -> None:
    """Flatbuffers are written from behind: the end of a file holds its input's name and shape."""
    data = build().build()
    for size in range(0, len(data) - 16, len(data) // 30):
        refused(data[:size], tmp_path)


def test_names_do_not_multiply(tmp_path: Path) -> None:
    """A thousand tensors whose names are all of a large file."""
    model = TfliteModel().input((1, 4))
    for _ in range(1000):
        model.then("TANH", [], (1, 4), 1 / 128)
    data = bytearray(model.build() + bytes(4 << 20))
    graph = tflite.Model.GetRootAs(data, 0).Subgraphs(0)
    for index in range(graph.TensorsLength()):
        tab = graph.Tensors(index)._tab
        position = tab.Offset(10) + tab.Pos
        (offset,) = struct.unpack_from("<I", data, position)
        struct.pack_into("<I", data, position + offset, len(data) - position - offset - 4)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "names without end" in refused(bytes(data), tmp_path).message
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10


def test_mutated_bytes_end_in_a_graph_or_one_line(tmp_path: Path) -> None:
    """Seeded changes of bytes, words and offsets; nothing but a UserError comes out."""
    rng = np.random.default_rng(17)
    builds = (conv, small_network, lambda: function("LEAKY_RELU", options=("LeakyReluOptions", {})))
    originals = [np.frombuffer(build().build(), np.uint8) for build in builds]
    path, graphs = tmp_path / "m.tflite", 0
    for number in range(300):
        data = originals[number % 3].copy()
        for _ in range(rng.integers(1, 4)):
            place = int(rng.integers(8, len(data) - 4))
            if number % 2:
                data[place] = rng.integers(256)
            else:
                word = rng.choice([0, 1, 0xFFFFFFFF, 0x7FFFFFFF, 1 << 31, int(rng.integers(4096))])
                data[place : place + 4] = np.frombuffer(struct.pack("<I", int(word)), np.uint8)
        path.write_bytes(data.tobytes())
        try:
            read_graph(path)
            graphs += 1
        except UserError as error:
            assert "\n" not in error.message
    assert 30 < graphs < 270
