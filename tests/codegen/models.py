"""Tiny QDQ models, built node by node: what the tests of this package feed the reader with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]

# Opset to the first IR version that may hold it (ONNX, docs/Versioning.md).
_IR_VERSIONS = {13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10}
_TYPES = {
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.int8): TensorProto.INT8,
    np.dtype(np.uint8): TensorProto.UINT8,
}


class QdqModel:
    """A model that grows at its end; branches begin where `value` is set to.

    Args:
        shape: of the input, batch first.
        dtype: of the input; int8 and uint8 inputs start with `dequantize`.
    """

    def __init__(self, shape: Sequence[Any] = (1, 6), dtype: Any = np.float32) -> None:
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.value = "input"
        self.opset = 17
        self.domains: set[str] = set()
        self.inputs = [helper.make_tensor_value_info("input", _TYPES[self.dtype], self.shape)]
        self.outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, shape: Sequence[Any], dtype: Any = np.float32) -> QdqModel:
        """Another input; the line goes on from it."""
        self.inputs.append(helper.make_tensor_value_info(name, _TYPES[np.dtype(dtype)], shape))
        return self.at(name)

    def at(self, value: str) -> QdqModel:
        """Go on from another value."""
        self.value = value
        return self

    def output(self) -> QdqModel:
        """The end of the line is one of the model's outputs."""
        self.outputs.append(onnx.ValueInfoProto(name=self.value))
        return self

    def constant(self, values: Any, dtype: Any = None) -> str:
        """An initializer; returns its name."""
        name = f"constant_{len(self.initializers)}"
        array = np.asarray(values, dtype)
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def add(self, op: str, inputs: Sequence[str], domain: str = "", **attributes: Any) -> str:
        """A node; returns the name of its output."""
        name = f"{op.lower()}_{len(self.nodes)}"
        self.domains.add(domain)
        node = helper.make_node(op, inputs, [f"{name}_out"], name, domain=domain, **attributes)
        self.nodes.append(node)
        return f"{name}_out"

    def split(self, inputs: Sequence[str], outputs: int, axis: int) -> list[str]:
        """A Split; returns the names of its outputs."""
        names = [f"part_{len(self.nodes)}_{index}" for index in range(outputs)]
        self.domains.add("")
        self.nodes.append(helper.make_node("Split", inputs, names, axis=axis))
        return names

    def then(self, op: str, *operands: str, **attributes: Any) -> QdqModel:
        """A node that reads the end of the line first, and becomes it."""
        self.value = self.add(op, [self.value, *operands], **attributes)
        return self

    def quantize(
        self, scale: float | np.float32, zero_point: int, dtype: Any = np.int8, **attributes: Any
    ) -> QdqModel:
        """QuantizeLinear."""
        operands = self.constant(scale, np.float32), self.constant(zero_point, dtype)
        return self.then("QuantizeLinear", *operands, **attributes)

    def dequantize(
        self, scale: float | np.float32, zero_point: int, dtype: Any = np.int8, **attributes: Any
    ) -> QdqModel:
        """DequantizeLinear."""
        operands = self.constant(scale, np.float32), self.constant(zero_point, dtype)
        return self.then("DequantizeLinear", *operands, **attributes)

    def qdq(
        self, scale: float | np.float32, zero_point: int, dtype: Any = np.int8, **attributes: Any
    ) -> QdqModel:
        """QuantizeLinear and DequantizeLinear."""
        self.quantize(scale, zero_point, dtype, **attributes)
        return self.dequantize(scale, zero_point, dtype, **attributes)

    def dequantized(
        self, stored: Array, scale: Any, zero_point: Any = None, axis: int | None = None
    ) -> str:
        """A quantized constant with its DequantizeLinear; returns the float value's name."""
        inputs = [self.constant(stored), self.constant(scale, np.float32)]
        if zero_point is not None:
            inputs.append(self.constant(zero_point, stored.dtype))
        attributes: dict[str, Any] = {} if axis is None else {"axis": axis}
        return self.add("DequantizeLinear", inputs, **attributes)

    def gemm(
        self, weights: Array, scale: Any, bias: Array | None = None, bias_scale: Any = None
    ) -> QdqModel:
        """Gemm, transB=1: weights int8 [outputs, inputs], bias int32 with scale, or float32."""
        axis = 0 if np.ndim(scale) else None
        operands = [self.dequantized(weights, scale, np.zeros(np.shape(scale)), axis)]
        if bias is not None and bias_scale is not None:
            operands.append(self.dequantized(bias, bias_scale, axis=0))
        elif bias is not None:
            operands.append(self.constant(bias))
        return self.then("Gemm", *operands, transB=1)

    def build(self, check: bool = True) -> onnx.ModelProto:
        """The model; its output is whatever came last, unless `output` has named others."""
        graph = helper.make_graph(
            self.nodes,
            "tiny",
            self.inputs,
            self.outputs or [onnx.ValueInfoProto(name=self.value)],
            self.initializers,
        )
        opsets = [helper.make_opsetid("", self.opset)]
        opsets += [helper.make_opsetid(domain, 1) for domain in sorted(self.domains - {""})]
        version = _IR_VERSIONS.get(self.opset, 8)
        model = helper.make_model(graph, opset_imports=opsets, ir_version=version)
        # onnx knows nothing of onnxruntime's domain.
        if check and not self.domains - {""}:
            model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
            del model.graph.value_info[:]
            onnx.checker.check_model(model, full_check=True)
        return model

    def save(self, path: Path, check: bool = True) -> Path:
        """Write the model to `path` and return it."""
        path.write_bytes(self.build(check).SerializeToString())
        return path


def random_layer(
    rng: np.random.Generator, outputs: int, inputs: int, reach: int = 2000
) -> tuple[Array, Array]:
    """Weights int8 [outputs, inputs] over the whole range, bias int32 [outputs]."""
    weights = rng.integers(-128, 128, (outputs, inputs)).astype(np.int8)
    return weights, rng.integers(-reach, reach + 1, outputs).astype(np.int32)


def two_layers(seed: int = 7, tail: str | None = None) -> QdqModel:
    """6 → 5 → 3 with a ReLU between, the small network that stands for any other.

    Args:
        tail: an operator after the last layer: "Softmax", "Sigmoid" or "Tanh".
    """
    rng = np.random.default_rng(seed)
    weights, bias = random_layer(rng, 5, 6)
    scales = rng.uniform(0.001, 0.01, 5).astype(np.float32)
    model = QdqModel((1, 1, 2, 3)).qdq(0.05, 3).then("Flatten", axis=1)
    model.gemm(weights, scales, bias, np.float32(0.05) * scales).then("Relu").qdq(0.02, -128)
    weights, bias = random_layer(rng, 3, 5)
    model.gemm(weights, 0.01, bias, np.float32(0.02) * np.float32(0.01)).qdq(0.03, 10)
    if tail == "Softmax":
        model.then("Softmax", axis=-1).qdq(1 / 256, -128)
    elif tail:
        model.then(tail).qdq(1 / 128, 0)
    return model
