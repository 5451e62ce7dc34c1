"""A .tflite network written down as QDQ ONNX, in memory: the same readers take it from there.

Images are [1, height, width, channels] in .tflite. Convolutions and pools get them channels first,
as ONNX has them, through a Transpose; what follows goes on in that order as long as it can, and the
layout pass (codegen/passes/layout.py) finds that no Transpose has to move a byte.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import tflite
from onnx import TensorProto, helper, numpy_helper

from codegen.reader.load import MAX_FILE_BYTES
from codegen.reader.schema import OWN_DOMAIN
from codegen.reader.survey import NodeError
from codegen.reader.text import shown
from codegen.reader.tflite.file import File, Operator, Tensor
from support.errors import UserError

AnyArray = npt.NDArray[Any]

OPSET = 20
FIRST = (0, 3, 1, 2)  # channels last → channels first
LAST = (0, 2, 3, 1)  # and back
REMEDY = "express it by others: docs/operators.md lists those that are supported"
FULL_INT8 = (
    "convert it to full int8: converter.optimizations = [tf.lite.Optimize.DEFAULT],"
    " converter.representative_dataset = samples,"
    " converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]"
)
_ACTIVATIONS: dict[int, tuple[float, float]] = {
    tflite.ActivationFunctionType.RELU: (0.0, np.inf),
    tflite.ActivationFunctionType.RELU6: (0.0, 6.0),
    tflite.ActivationFunctionType.RELU_N1_TO_1: (-1.0, 1.0),
}
_ELEMENTS = {
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.int8): TensorProto.INT8,
    np.dtype(np.uint8): TensorProto.UINT8,
}


def first_axis(axis: int) -> int:
    """Where an axis of [1, height, width, channels] is when channels come first."""
    return FIRST.index(axis)


@dataclass
class Translation:
    """One network on its way.

    Attributes:
        reals: ONNX names of tensors' real values, by tensor and whether channels come first.
        shapes: ONNX name → shape, as the file declares it.
    """

    file: File
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initializers: list[onnx.TensorProto] = field(default_factory=list)
    reals: dict[tuple[Tensor, bool], str] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    constant_bytes: int = 0

    def fail(self, operator: Operator, message: str, remedy: str) -> NodeError:
        """An error that names file and operator."""
        name = operator.outputs[0].name if operator.outputs else "unnamed"
        where = f"operator '{shown(name)}' ({shown(operator.kind)})"
        return NodeError(
            f"{self.file.path}: {where}", shown(name), shown(operator.kind), message, remedy
        )

    def fresh(self, name: str) -> str:
        """A name that nothing has yet."""
        number, found = 2, name
        while found in self.taken:
            found, number = f"{name}_{number}", number + 1
        self.taken.add(found)
        return found

    # What operators read.

    def operand(self, operator: Operator, index: int) -> Tensor:
        """Operand `index`.

        Raises:
            UserError: it is left out.
        """
        found = operator.inputs[index] if index < len(operator.inputs) else None
        if found is None:
            raise self.fail(operator, f"has no operand {index}", "convert the network again")
        return found

    def activation(self, operator: Operator, index: int = 0) -> Tensor:
        """Operand `index`, a value that varies or a constant, quantized to 8 bits."""
        return self.quantized(operator, self.operand(operator, index))

    def quantized(self, operator: Operator, tensor: Tensor) -> Tensor:
        """A tensor that is quantized to 8 bits as a whole.

        Raises:
            UserError: it is float, has more bits, or channels of their own scales.
        """
        what = f"tensor '{shown(tensor.name)}'"
        if tensor.dtype == np.float32:
            raise self.fail(operator, f"{what} is float32", FULL_INT8)
        if tensor.dtype not in (np.int8, np.uint8) or not tensor.quantized:
            raise self.fail(
                operator, f"{what} is {tensor.type_name}, not 8-bit quantized", FULL_INT8
            )
        if tensor.scale.size > 1:
            raise self.fail(operator, f"{what} is quantized per channel", FULL_INT8)
        return tensor

    def numbers(self, operator: Operator, index: int, what: str) -> AnyArray:
        """Operand `index`, a constant of a few integers, flat.

        Raises:
            UserError: it varies, or is something else.
        """
        tensor = self.operand(operator, index)
        if tensor.data is None or tensor.dtype not in (np.int32, np.int64):
            raise self.fail(operator, f"{what} is not constant", "convert with fixed shapes")
        if tensor.values.size > 64:
            raise self.fail(operator, f"{what} is of {tensor.values.size:,} numbers", REMEDY)
        return tensor.values.reshape(-1).astype(np.int64)

    def real(self, tensor: Tensor, first: bool = False) -> str:
        """The ONNX name of a tensor's real values, an image's channels first or last."""
        first = first and len(tensor.shape) == 4
        if (tensor, first) not in self.reals:
            if tensor.data is not None:
                values = tensor.values.transpose(FIRST) if first else tensor.values
                self.reals[tensor, first] = self.dequantized(tensor, values)
            elif (tensor, not first) in self.reals:
                other = self.reals[tensor, not first]
                output = self.fresh(f"{tensor.name}:{'nchw' if first else 'nhwc'}")
                self.add("Transpose", [other], output, perm=FIRST if first else LAST)
                self.remember(tensor, first, output)
            else:
                raise UserError(
                    f"{self.file.path}: tensor '{shown(tensor.name)}' is read before anything"
                    " writes it",
                    "convert the network again",
                )
        return self.reals[tensor, first]

    def has_first(self, *tensors: Tensor) -> bool:
        """Whether all are images, and one is there channels first: then go on so."""
        images = all(len(tensor.shape) == 4 for tensor in tensors)
        return images and any((tensor, True) in self.reals for tensor in tensors)

    def dequantized(self, tensor: Tensor, values: AnyArray, axis: int = 0) -> str:
        """A constant with its DequantizeLinear, its channels along `axis`; returns its name."""
        scalar = tensor.scale.size == 1
        scale, zero = tensor.scale, tensor.zero_point.astype(values.dtype)
        operands = [
            self.constant(values, tensor.name),
            self.constant(scale.reshape(()) if scalar else scale),
            self.constant(zero.reshape(()) if scalar else zero),
        ]
        output = self.fresh(f"{tensor.name}:real")
        self.add("DequantizeLinear", operands, output, **({} if scalar else {"axis": axis}))
        return output

    def constant(self, values: Any, name: str = "constant") -> str:
        """An initializer; returns its name.

        Raises:
            UserError: all of them together are larger than any such network.
        """
        array = np.ascontiguousarray(values)
        self.constant_bytes += array.nbytes
        if self.constant_bytes > 2 * MAX_FILE_BYTES:
            raise UserError(
                f"{self.file.path}: its constants are used too often",
                "this tool is for networks that fit a microcontroller",
            )
        found = self.fresh(name)
        array = array.reshape(np.shape(values))
        self.initializers.append(numpy_helper.from_array(array, found))
        return found

    # What operators write.

    def add(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """A node; returns its output."""
        self.nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def split(self, inputs: Sequence[str], outputs: Sequence[str], axis: int) -> None:
        """A Split."""
        self.nodes.append(helper.make_node("Split", inputs, outputs, outputs[0], axis=axis))

    def compute(
        self, operator: Operator, kind: str, inputs: Sequence[str], first: bool, **attributes: Any
    ) -> None:
        """A node with its fused activation, whose result is quantized as the output says."""
        output = self.quantized(operator, operator.outputs[0])
        value = self.add(kind, inputs, self.fresh(f"{output.name}:sum"), **attributes)
        self.quantize(operator, self.activated(operator, value), first)

    def activated(self, operator: Operator, value: str) -> str:
        """`value` behind the operator's fused activation.

        Raises:
            UserError: one that is no clamp.
        """
        asked = operator.options.fields.get("FusedActivationFunction", 0)
        if asked == tflite.ActivationFunctionType.NONE:
            return value
        if asked not in _ACTIVATIONS:
            raise self.fail(operator, f"fused activation {asked} is not supported", REMEDY)
        return self.clamped(value, *_ACTIVATIONS[asked])

    def clamped(self, value: str, low: float, high: float) -> str:
        """`value` behind a Relu or Clip."""
        output = self.fresh(f"{value}:clamped")
        if (low, high) == (0.0, np.inf):
            return self.add("Relu", [value], output)
        bounds = [self.constant(np.float32(bound)) for bound in (low, high)]
        return self.add("Clip", [value, *bounds], output)

    def quantize(self, operator: Operator, value: str, first: bool, output: int = 0) -> None:
        """`value` becomes the operator's output, quantized as the file says."""
        tensor = self.quantized(operator, operator.outputs[output])
        parameters = self.parameters(tensor)
        stored = self.add("QuantizeLinear", [value, *parameters], self.fresh(tensor.name))
        real = self.add("DequantizeLinear", [stored, *parameters], self.fresh(f"{stored}:real"))
        self.remember(tensor, first and len(tensor.shape) == 4, real)

    def parameters(self, tensor: Tensor) -> list[str]:
        """Scale and zero point of an 8-bit tensor, as operands.

        Raises:
            UserError: a zero point that its type does not hold.
        """
        assert tensor.dtype is not None
        zero, limits = int(tensor.zero_point[0]), np.iinfo(tensor.dtype)
        if not limits.min <= zero <= limits.max:
            raise UserError(
                f"{self.file.path}: tensor '{shown(tensor.name)}' has zero point {zero}", FULL_INT8
            )
        return [
            self.constant(np.float32(tensor.scale[0])),
            self.constant(np.array(zero, tensor.dtype)),
        ]

    def table(self, operator: Operator, source: Tensor, target: Tensor, values: AnyArray) -> None:
        """Integers [256]: what the output's byte is for each of the input's, the smallest first;
        those that its type does not hold saturate."""
        first = self.has_first(source)
        output = self.fresh(target.name)
        shift = 128 * (target.dtype == np.uint8)
        zero = int(target.zero_point[0]) - shift
        self.add(
            "Table",
            [self.real(source, first)],
            output,
            domain=OWN_DOMAIN,
            table=np.clip(values - shift, -128, 127).astype(int).tolist(),
            scale=float(target.scale[0]),
            zero_point=zero,
        )
        self.remember(target, first, output)

    def move(
        self, operator: Operator, kind: str, inputs: Sequence[str], first: bool, **attributes: Any
    ) -> None:
        """A node that moves the bytes of operand 0, or chooses among them.

        Raises:
            UserError: the output is quantized otherwise, which .tflite does not know of.
        """
        self.moved(operator, self.activation(operator), 0)
        output = operator.outputs[0]
        value = self.add(kind, inputs, self.fresh(f"{output.name}:moved"), **attributes)
        self.quantize(operator, value, first)

    def moved(self, operator: Operator, source: Tensor, output: int) -> None:
        """Check that output number `output` is quantized as `source`, to an ulp."""
        target = self.quantized(operator, operator.outputs[output])
        near = np.isclose(source.scale[0], target.scale[0], rtol=1e-6, atol=0)
        if not near or source.zero_point[0] != target.zero_point[0]:
            raise self.fail(operator, "its output is quantized otherwise than its input", FULL_INT8)

    def remember(self, tensor: Tensor, first: bool, name: str) -> None:
        """`name` holds a tensor's real values; its shape must be the declared one."""
        if tensor.data is not None or (tensor, first) in self.reals:
            raise UserError(
                f"{self.file.path}: tensor '{shown(tensor.name)}' is written twice",
                "convert the network again",
            )
        self.reals[tensor, first] = name
        self.shapes[name] = tuple(tensor.shape[axis] for axis in FIRST) if first else tensor.shape

    # The network's ends.

    def begin(self) -> list[onnx.ValueInfoProto]:
        """The inputs, float32 or 8-bit, as ONNX declares them."""
        return [self.declare(tensor, tensor.name) for tensor in self.file.inputs]

    def declare(self, tensor: Tensor, name: str) -> onnx.ValueInfoProto:
        """A tensor that an input of about this name gives."""
        if tensor.dtype not in _ELEMENTS or (tensor.dtype != np.float32 and not tensor.quantized):
            raise UserError(
                f"{self.file.path}: input '{shown(tensor.name)}' is {tensor.type_name},"
                " not int8, uint8 or float32",
                FULL_INT8,
            )
        name = self.fresh(name)
        assert tensor.dtype is not None
        kind = _ELEMENTS[np.dtype(tensor.dtype)]
        declared = helper.make_tensor_value_info(name, kind, tensor.shape)
        if tensor.dtype != np.float32:
            if tensor.scale.size > 1:
                raise UserError(
                    f"{self.file.path}: input '{shown(tensor.name)}' is quantized per channel",
                    FULL_INT8,
                )
            operands = [name, *self.parameters(tensor)]
            name = self.add("DequantizeLinear", operands, self.fresh(f"{name}:real"))
        self.remember(tensor, False, name)
        return declared

    def end(self) -> list[onnx.ValueInfoProto]:
        """The outputs."""
        return [onnx.ValueInfoProto(name=self.real(tensor)) for tensor in self.file.outputs]

    def model(
        self, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto]
    ) -> onnx.ModelProto:
        """All that was written down, between these ends."""
        graph = helper.make_graph(self.nodes, "tflite", inputs, outputs, self.initializers)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(OWN_DOMAIN, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9)


Reader = Callable[[Translation, Operator], None]
