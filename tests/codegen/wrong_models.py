"""Models that must be refused: each a function from a folder to a file in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.codegen.models import QdqModel, random_layer, two_layers

Make = Callable[[Path], Path]

WEIGHTS, BIAS = random_layer(np.random.default_rng(1), 5, 6)


def saved(build: Callable[[], QdqModel], check: bool = True) -> Make:
    """Save what `build` grows."""
    return lambda folder: build().save(folder / "model.onnx", check)


def changed(change: Callable[[onnx.ModelProto], Any], tail: str | None = None) -> Make:
    """Save the small network after a change that no builder would make."""

    def make(folder: Path) -> Path:
        model = two_layers(tail=tail).build()
        change(model)
        path = folder / "model.onnx"
        path.write_bytes(model.SerializeToString())
        return path

    return make


def content(data: bytes) -> Make:
    """A file that is no model."""

    def make(folder: Path) -> Path:
        (folder / "model.onnx").write_bytes(data)
        return folder / "model.onnx"

    return make


def replaced(old: bytes, new: bytes) -> Make:
    """The small network with other bytes at one place."""

    def make(folder: Path) -> Path:
        return content(two_layers().build().SerializeToString().replace(old, new, 1))(folder)

    return make


def node(model: onnx.ModelProto, op: str) -> onnx.NodeProto:
    return next(n for n in model.graph.node if n.op_type == op)


def constant(model: onnx.ModelProto, name: str) -> onnx.TensorProto:
    return next(t for t in model.graph.initializer if t.name == name)


def put(model: onnx.ModelProto, name: str, values: Any, dtype: Any) -> None:
    """Replace a constant."""
    constant(model, name).CopyFrom(numpy_helper.from_array(np.asarray(values, dtype), name))


def start() -> QdqModel:
    return QdqModel((1, 6)).qdq(0.1, 0)


# --- operators and structure ----------------------------------------------------------------------


def sine() -> QdqModel:
    return start().then("Sin").qdq(0.1, 0)


def own_domain(model: onnx.ModelProto) -> None:
    node(model, "Relu").domain = "my.company"


def local_function(model: onnx.ModelProto) -> None:
    model.functions.add(name="helper", domain="my.company")


def skip_connection(model: onnx.ModelProto) -> None:
    gemms = [n for n in model.graph.node if n.op_type == "Gemm"]
    gemms[1].input[0] = gemms[0].input[0]


def cycle(model: onnx.ModelProto) -> None:
    node(model, "Flatten").input[0] = node(model, "Relu").output[0]


def two_inputs(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1, 2]))


def two_outputs(model: onnx.ModelProto) -> None:
    output = node(model, "Relu").output[0]
    model.graph.output.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, 5]))


def output_in_the_middle(model: onnx.ModelProto) -> None:
    model.graph.output[0].name = node(model, "Relu").output[0]


def read_from_nowhere(model: onnx.ModelProto) -> None:
    gemms = [n for n in model.graph.node if n.op_type == "Gemm"]
    gemms[1].input[0] = "nowhere"


def input_quantized_twice() -> QdqModel:
    model = start()
    first = model.then("Relu").qdq(0.1, -128).value
    return model.at("input").qdq(0.2, 0).then("Add", first).qdq(0.1, 0)


def output_is_an_input(model: onnx.ModelProto) -> None:
    model.graph.output.append(
        helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 1, 2, 3])
    )


def output_is_a_constant(model: onnx.ModelProto) -> None:
    model.graph.output.append(helper.make_tensor_value_info("constant_0", TensorProto.FLOAT, []))


def two_shapes_added() -> QdqModel:
    model = start()
    fork = model.value
    return model.gemm(WEIGHTS, 0.01).qdq(0.1, 0).then("Add", fork).qdq(0.1, 0)


def written_twice(model: onnx.ModelProto) -> None:
    node(model, "Flatten").output[0] = "input"


def no_output(model: onnx.ModelProto) -> None:
    del node(model, "Relu").output[:]


def add_attribute(to: onnx.NodeProto, name: str, value: Any) -> None:
    """Also when the node has it already."""
    kept = [a for a in to.attribute if a.name != name or isinstance(value, int)]
    del to.attribute[:]
    to.attribute.extend([*kept, helper.make_attribute(name, value)])


def integer_bound() -> QdqModel:
    model = start()
    return model.then("Clip", model.constant(0, np.int8)).qdq(0.1, 0)


def declare_output(model: onnx.ModelProto, kind: int) -> None:
    model.graph.output[0].type.tensor_type.elem_type = kind


def constant_first(model: onnx.ModelProto) -> None:
    gemm = node(model, "Gemm")
    gemm.input[0], gemm.input[1] = gemm.input[1], gemm.input[0]


def weights_not_constant() -> QdqModel:
    model = start()
    return model.then("MatMul", model.value).qdq(0.1, 0)


def control_flow(model: onnx.ModelProto) -> None:
    node(model, "Relu").op_type = "If"


# --- shapes ---------------------------------------------------------------------------------------


def input_shape(*shape: Any) -> Make:
    def change(model: onnx.ModelProto) -> None:
        info = helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)
        model.graph.input[0].CopyFrom(info)

    return changed(change)


def no_shape(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.ClearField("shape")


def input_type(kind: int) -> Make:
    def change(model: onnx.ModelProto) -> None:
        model.graph.input[0].type.tensor_type.elem_type = kind

    return changed(change)


def weights(values: Any, scale: Any = 0.1, bias: Any = None) -> Make:
    def build() -> QdqModel:
        return start().gemm(np.asarray(values), scale, bias).qdq(0.1, 0)

    return saved(build, check=False)


def not_flattened() -> QdqModel:
    model = QdqModel((1, 2, 6)).qdq(0.1, 0)
    return model.then("MatMul", model.dequantized(WEIGHTS.T.copy(), 0.1)).qdq(0.1, 0)


# --- quantization ---------------------------------------------------------------------------------


def float_model() -> QdqModel:
    model = QdqModel((1, 6))
    return model.then("Gemm", model.constant(WEIGHTS.astype(np.float32)), transB=1)


def float_weights() -> QdqModel:
    model = start()
    return model.then("Gemm", model.constant(WEIGHTS.astype(np.float32)), transB=1).qdq(0.1, 0)


def missing_between() -> QdqModel:
    second, _ = random_layer(np.random.default_rng(2), 3, 5)
    return start().gemm(WEIGHTS, 0.1).then("Relu").gemm(second, 0.1).qdq(0.1, 0)


def missing_at_the_end() -> QdqModel:
    return start().gemm(WEIGHTS, 0.1)


def missing_at_the_start() -> QdqModel:
    return QdqModel((1, 6)).then("Relu").qdq(0.1, 0)


def operator_format() -> QdqModel:
    model = QdqModel((1, 6)).quantize(0.1, 0)
    return model.then("Flatten").then("Relu").dequantize(0.1, 0)


def scale(value: Any) -> Make:
    """The first QuantizeLinear's scale."""
    return changed(lambda model: put(model, "constant_0", value, np.float32))


def zero_point(value: Any, dtype: Any) -> Make:
    return changed(lambda model: put(model, "constant_1", value, dtype))


def dequantized_otherwise() -> QdqModel:
    return QdqModel((1, 6)).quantize(0.1, 0).dequantize(0.2, 0).gemm(WEIGHTS, 0.1).qdq(0.1, 0)


def dequantized_as_unsigned() -> QdqModel:
    model = QdqModel((1, 6)).quantize(0.1, 0).dequantize(0.1, 128, np.uint8)
    return model.gemm(WEIGHTS, 0.1).qdq(0.1, 0)


def activations_per_channel() -> QdqModel:
    model = QdqModel((1, 6))
    scales, zeros = (
        model.constant(np.full(6, 0.1), np.float32),
        model.constant(np.zeros(6), np.int8),
    )
    model.then("QuantizeLinear", scales, zeros).then("DequantizeLinear", scales, zeros)
    return model.gemm(WEIGHTS, 0.1).qdq(0.1, 0)


def weights_per_input() -> QdqModel:
    model = start()
    stored = model.dequantized(WEIGHTS, np.full(6, 0.1), np.zeros(6), 1)
    return model.then("Gemm", stored, transB=1).qdq(0.1, 0)


def scales_of_another_number() -> QdqModel:
    model = start()
    stored = model.dequantized(WEIGHTS, np.full(4, 0.1), np.zeros(4), 0)
    return model.then("Gemm", stored, transB=1).qdq(0.1, 0)


def in_blocks() -> QdqModel:
    model = start()
    model.opset = 21
    inputs = [model.constant(WEIGHTS), model.constant(np.full((5, 2), 0.1), np.float32)]
    stored = model.add("DequantizeLinear", inputs, axis=1, block_size=3)
    return model.then("Gemm", stored, transB=1).qdq(0.1, 0)


def sixteen_bits() -> QdqModel:
    model = QdqModel((1, 6))
    model.opset = 21
    return model.qdq(0.001, 0, np.int16).gemm(WEIGHTS, 0.1).qdq(0.1, 0)


def nan_in_weights() -> QdqModel:
    model = start()
    real = np.where(np.eye(5, 6), np.nan, WEIGHTS).astype(np.float32)
    parameters = [model.constant(0.1, np.float32), model.constant(0, np.int8)]
    stored = model.add("QuantizeLinear", [model.constant(real), *parameters])
    weight = model.add("DequantizeLinear", [stored, *parameters])
    return model.then("Gemm", weight, transB=1).qdq(0.1, 0)


# --- files ----------------------------------------------------------------------------------------


def external_data(location: str, **numbers: str) -> Make:
    """Weights in another file, wherever that is."""

    def change(model: onnx.ModelProto) -> None:
        tensor = constant(model, "constant_4")
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in {"location": location, **numbers}.items():
            tensor.external_data.add(key=key, value=value)

    return changed(change)


def external_constant_node(model: onnx.ModelProto) -> None:
    added = helper.make_node("Constant", [], ["more"], "more")
    node(model, "Gemm").input[2] = "more"
    tensor = helper.make_tensor("t", TensorProto.FLOAT, [0], [])
    tensor.external_data.add(key="location", value="../../etc/passwd")
    added.attribute.append(helper.make_attribute("value", tensor))
    model.graph.node.insert(0, added)


def truncated(share: float) -> Make:
    def make(folder: Path) -> Path:
        data = two_layers().build().SerializeToString()
        return content(data[: int(len(data) * share)])(folder)

    return make


def opset(version: int | None) -> Make:
    def change(model: onnx.ModelProto) -> None:
        del model.opset_import[:]
        if version is not None:
            model.opset_import.add(version=version)

    return changed(change)


def constant_twice(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(constant(model, "constant_4"))


# --- hostile --------------------------------------------------------------------------------------


def shape_without_data(*shape: int) -> Make:
    def change(model: onnx.ModelProto) -> None:
        constant(model, "constant_4").dims[:] = shape

    return changed(change)


def many_nodes(count: int, named: bool) -> Make:
    """Two bytes of file each; parsed, two hundred."""

    def make(folder: Path) -> Path:
        graph = onnx.GraphProto()
        relu = onnx.NodeProto(name="n", op_type="Relu") if named else onnx.NodeProto()
        one = onnx.GraphProto(node=[relu]).SerializeToString()
        rest = two_layers().build()
        graph.CopyFrom(rest.graph)
        data = one * count + graph.SerializeToString()
        rest.ClearField("graph")
        return content(rest.SerializeToString() + _field(7, data))(folder)

    return make


def many_attributes(folder: Path) -> Path:
    attributes = onnx.NodeProto(attribute=[onnx.AttributeProto()]).SerializeToString() * 3_000_000
    return content(_field(7, _field(1, attributes)))(folder)


def many_dimensions(model: onnx.ModelProto) -> None:
    constant(model, "constant_4").dims[:] = [2**62] * 300_000


def shared_constant(model: onnx.ModelProto) -> None:
    """One large constant, quantized again and again, each time for an Add of its own."""
    large = np.zeros(1 << 22, np.float32)
    model.graph.initializer.append(numpy_helper.from_array(large, "large"))
    for i in range(200):
        inputs = ["large", "constant_0", "constant_1"]
        model.graph.node.insert(0, helper.make_node("QuantizeLinear", inputs, [f"q{i}"], f"q{i}"))
        last = model.graph.output[0].name
        model.graph.node.append(helper.make_node("Add", [last, f"q{i}"], [f"a{i}"], f"a{i}"))
        model.graph.output[0].name = f"a{i}"


def nested(depth: int) -> Make:
    """Subgraphs in subgraphs."""

    def make(folder: Path) -> Path:
        data = b""
        for _ in range(depth):
            data = _field(1, _field(5, _field(6, data)))
        return content(_field(8, b"\x10\x11") + _field(7, data))(folder)

    return make


def long_name(text: str) -> Make:
    def change(model: onnx.ModelProto) -> None:
        node(model, "Relu").name = text
        node(model, "Relu").op_type = "Sin"

    return changed(change)


def _field(number: int, data: bytes) -> bytes:
    """A length-delimited protobuf field."""
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
