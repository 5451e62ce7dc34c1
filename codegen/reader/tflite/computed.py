"""Operators of .tflite that compute: convolutions, pools, arithmetic, functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import tflite

from codegen.reader.tflite.file import Operator, Tensor
from codegen.reader.tflite.fixed_point import Int64Array, hard_swish, rescaled
from codegen.reader.tflite.translation import (
    FIRST,
    FULL_INT8,
    REMEDY,
    Reader,
    Translation,
    first_axis,
)

_PADDINGS = {tflite.Padding.SAME: "SAME_UPPER", tflite.Padding.VALID: "VALID"}


def _window(t: Translation, op: Operator) -> dict[str, object]:
    """Strides, dilations and padding of a convolution or pool, as ONNX's attributes."""
    options = op.options
    if options.number("Padding") not in _PADDINGS:
        raise t.fail(op, f"padding {options.number('Padding')} is unknown", REMEDY)
    found: dict[str, object] = {
        "auto_pad": _PADDINGS[options.number("Padding")],
        "strides": [options.number("StrideH"), options.number("StrideW")],
    }
    if "DilationHFactor" in options.fields:
        found["dilations"] = [options.number("DilationHFactor"), options.number("DilationWFactor")]
    return found


def _weights(t: Translation, op: Operator, rank: int, channels: int) -> Tensor:
    """Operand 1: constant 8-bit weights whose scales belong to axis `channels`, if several."""
    weights = t.operand(op, 1)
    if weights.data is None:
        raise t.fail(op, "its weights are not constant", REMEDY)
    if weights.dtype not in (np.int8, np.uint8) or not weights.quantized:
        raise t.fail(op, f"its weights are {weights.type_name}, not int8", FULL_INT8)
    if len(weights.shape) != rank:
        raise t.fail(op, f"its weights have shape {list(weights.shape)}", "convert again")
    if weights.scale.size > 1 and (
        weights.axis != channels or weights.scale.size != weights.shape[channels]
    ):
        raise t.fail(
            op,
            f"{weights.scale.size} scales along axis {weights.axis} of its weights"
            f" {list(weights.shape)}",
            FULL_INT8,
        )
    if rank == 4 and weights.dtype == np.int8 and weights.zero_point.any():
        raise t.fail(op, "its int8 weights have zero points, which LiteRT leaves out", FULL_INT8)
    return weights


def _bias(t: Translation, op: Operator, weights: Tensor) -> list[str]:
    """Operand 2 as ONNX's operand, if it is there.

    Its integers join the sum as they are, whatever scale the file says: LiteRT asks for none.
    """
    bias = op.inputs[2] if len(op.inputs) > 2 else None
    if bias is None:
        return []
    if bias.data is None or bias.dtype != np.int32 or not bias.quantized:
        raise t.fail(op, f"its biases are {bias.type_name}, not constant int32", FULL_INT8)
    scale = np.float32(t.activation(op).scale[0]) * weights.scale
    if scale.size not in (1, bias.values.size):
        raise t.fail(op, f"{scale.size} scales for {bias.values.size} biases", FULL_INT8)
    meant = replace(bias, scale=scale, zero_point=np.zeros(scale.size, np.int64))
    return [t.dequantized(meant, bias.values.reshape(-1))]


def _conv(t: Translation, op: Operator) -> None:
    source = t.activation(op)
    weights = _weights(t, op, 4, 0)
    inputs = weights.shape[3]
    groups = source.shape[3] // inputs if len(source.shape) == 4 and inputs else 1
    name = t.dequantized(weights, weights.values.transpose(FIRST), 0)
    operands = [t.real(source, True), name, *_bias(t, op, weights)]
    t.compute(op, "Conv", operands, True, group=groups, **_window(t, op))


def _depthwise(t: Translation, op: Operator) -> None:
    source = t.activation(op)
    weights = _weights(t, op, 4, 3)
    if weights.shape[0] != 1 or len(source.shape) != 4:
        raise t.fail(op, f"its weights have shape {list(weights.shape)}", "convert again")
    # [1, height, width, outputs] → [outputs, 1, height, width]
    name = t.dequantized(weights, weights.values.transpose(3, 0, 1, 2), 0)
    operands = [t.real(source, True), name, *_bias(t, op, weights)]
    t.compute(op, "Conv", operands, True, group=source.shape[3], **_window(t, op))


def _fully_connected(t: Translation, op: Operator) -> None:
    source = t.activation(op)
    weights = _weights(t, op, 2, 0)
    if op.options.number("WeightsFormat") != tflite.FullyConnectedOptionsWeightsFormat.DEFAULT:
        raise t.fail(op, "its weights are shuffled", "convert again")
    columns, value = weights.shape[1], t.real(source)
    bias = _bias(t, op, weights)
    if op.options.number("KeepNumDims") and len(source.shape) > 2:
        matrix = t.dequantized(weights, weights.values.T, 1)
        product = t.add("MatMul", [value, matrix], t.fresh(f"{op.outputs[0].name}:sum"))
        if bias:
            product = t.add("Add", [product, *bias], t.fresh(f"{op.outputs[0].name}:biased"))
        t.quantize(op, t.activated(op, product), False)
        return
    if source.shape != (1, columns):
        shape = t.constant(np.array([-1, max(columns, 1)], np.int64))
        value = t.add("Reshape", [value, shape], t.fresh(f"{op.outputs[0].name}:flat"))
    name = t.dequantized(weights, weights.values, 0)
    t.compute(op, "Gemm", [value, name, *bias], False, transB=1)


def _pool(t: Translation, op: Operator, kind: str) -> None:
    source = t.activation(op)
    kernel = [op.options.number("FilterHeight"), op.options.number("FilterWidth")]
    # TensorFlow Lite's pools and maxima compute with bytes: no scale may change there.
    t.moved(op, source, 0)
    t.compute(op, kind, [t.real(source, True)], True, kernel_shape=kernel, **_window(t, op))


def _binary(t: Translation, op: Operator, kind: str) -> None:
    operands = [t.activation(op, index) for index in (0, 1)]
    if all(operand.data is not None for operand in operands):
        raise t.fail(op, "both of its operands are constants", "fold constants when converting")
    first = t.has_first(*(tensor for tensor in operands if tensor.data is None)) and all(
        len(tensor.shape) == 4 or tensor.data is not None for tensor in operands
    )
    names = [
        _broadcast(t, tensor) if first and len(tensor.shape) < 4 else t.real(tensor, first)
        for tensor in operands
    ]
    t.compute(op, kind, names, first)


def _broadcast(t: Translation, tensor: Tensor) -> str:
    """A constant of less than four axes, as it is added to an image channels first."""
    shape = (1,) * (4 - len(tensor.shape)) + tensor.shape
    return t.dequantized(tensor, tensor.values.reshape(shape).transpose(FIRST))


def _function(t: Translation, op: Operator, kind: str, **attributes: object) -> None:
    source = t.activation(op)
    first = t.has_first(source)
    t.compute(op, kind, [t.real(source, first)], first, **attributes)


def _bytes(t: Translation, op: Operator) -> tuple[Tensor, Tensor, Int64Array]:
    """Input, output, and int64 [256]: the input's bytes less its zero point, from -128 up."""
    source, target = t.activation(op), t.quantized(op, op.outputs[0])
    lowest = np.iinfo(source.dtype or np.int8).min
    return source, target, np.arange(lowest, lowest + 256) - int(source.zero_point[0])


def _ratio(t: Translation, op: Operator) -> float:
    """The input's scale in steps of the output's.

    Raises:
        UserError: scales that are none, or too far apart to be one network's.
    """
    with np.errstate(all="ignore"):
        ratio = float(t.activation(op).scale[0]) / float(op.outputs[0].scale[0] or np.nan)
    if not 2.0**-20 < ratio < 2.0**20:
        raise t.fail(op, f"changes the scale by {ratio:g}", REMEDY)
    return ratio


def _leaky(t: Translation, op: Operator) -> None:
    slope = op.options.real("Alpha")
    if not abs(slope) < 2.0**20:
        raise t.fail(op, f"its alpha is {slope:g}", REMEDY)
    _scaled(t, op, slope)


def _scaled(t: Translation, op: Operator, slope: float) -> None:
    """Scale and zero point change, below zero with another slope."""
    source, target, shifted = _bytes(t, op)
    ratio = np.float32(_ratio(t, op))
    slopes = float(ratio), float(ratio * np.float32(slope))
    parts = [_times(shifted, each) for each in slopes]
    values = np.where(shifted >= 0, *parts) + int(target.zero_point[0])
    t.table(op, source, target, values)


def _times(shifted: Int64Array, factor: float) -> Int64Array:
    """Integers times a factor: with 8 fraction bits, halves going up.

    Source: XNNPACK, qs8-vcvt and qs8-vlrelu, which LiteRT's interpreter runs by default, for
    factors that these take.
    """
    if not 2.0**-8 <= abs(factor) < 2.0**7:
        return rescaled(shifted, factor)
    return shifted * round(256 * factor) + 128 >> 8


def _hard_swish(t: Translation, op: Operator) -> None:
    source, target, shifted = _bytes(t, op)
    _ratio(t, op)
    values = hard_swish(shifted, float(source.scale[0]), float(target.scale[0]))
    t.table(op, source, target, values + int(target.zero_point[0]))


def _gelu(t: Translation, op: Operator) -> None:
    form = "tanh" if op.options.number("Approximate") else "none"
    _function(t, op, "Gelu", approximate=form)


def _bounded(t: Translation, op: Operator, low: float, high: float) -> None:
    source, target, shifted = _bytes(t, op)
    ratio = _ratio(t, op)
    scale, zero = float(target.scale[0]), int(target.zero_point[0])
    lowest, highest = (
        zero + np.trunc(bound / scale + np.copysign(0.5, bound)) for bound in (low, high)
    )
    values = rescaled(shifted, ratio) + zero
    t.table(op, source, target, np.clip(values, lowest, highest))


def _softmax(t: Translation, op: Operator) -> None:
    if op.options.real("Beta") != 1.0:
        raise t.fail(op, f"beta {op.options.real('Beta'):g} is not 1", "convert with beta 1")
    t.compute(op, "Softmax", [t.real(t.activation(op))], False, axis=-1)


def _reduce(t: Translation, op: Operator, kind: str) -> None:
    source = t.activation(op)
    if kind == "ReduceMax":
        t.moved(op, source, 0)
    rank = len(source.shape)
    axes = {int(axis) % rank for axis in t.numbers(op, 1, "its axes")} if rank else set()
    # Without the image's own axes the others keep their order either way.
    first = rank == 4 and axes == {1, 2}
    wanted = sorted(first_axis(axis) if first else axis for axis in axes)
    attributes: dict[str, object] = {"keepdims": op.options.number("KeepDims")}
    operands = [t.real(source, first), t.constant(np.array(wanted, np.int64))]
    t.compute(op, kind, operands, first, **attributes)


def _quantize(t: Translation, op: Operator) -> None:
    source = t.operand(op, 0)
    if source.data is not None:
        raise t.fail(op, "quantizes a constant", "fold constants when converting")
    if source.dtype != np.float32:
        _scaled(t, op, 1.0)
        return
    t.quantize(op, t.real(source), False)


def _dequantize(t: Translation, op: Operator) -> None:
    source = t.operand(op, 0)
    if source.data is not None:
        raise t.fail(op, "its constants are made float32 when the network runs", FULL_INT8)
    if op.outputs[0].dtype != np.float32:
        raise t.fail(op, f"its output is {op.outputs[0].type_name}", "convert again")
    first = t.has_first(source)
    t.remember(op.outputs[0], first, t.real(t.quantized(op, source), first))


READERS: Mapping[str, Reader] = {
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _fully_connected,
    "AVERAGE_POOL_2D": partial(_pool, kind="AveragePool"),
    "MAX_POOL_2D": partial(_pool, kind="MaxPool"),
    "MEAN": partial(_reduce, kind="ReduceMean"),
    "REDUCE_MAX": partial(_reduce, kind="ReduceMax"),
    "ADD": partial(_binary, kind="Add"),
    "SUB": partial(_binary, kind="Sub"),
    "MUL": partial(_binary, kind="Mul"),
    "MAXIMUM": partial(_binary, kind="Max"),
    "MINIMUM": partial(_binary, kind="Min"),
    "RELU": partial(_bounded, low=0.0, high=np.inf),
    "RELU6": partial(_bounded, low=0.0, high=6.0),
    "RELU_N1_TO_1": partial(_bounded, low=-1.0, high=1.0),
    "LEAKY_RELU": _leaky,
    "LOGISTIC": partial(_function, kind="Sigmoid"),
    "TANH": partial(_function, kind="Tanh"),
    "HARD_SWISH": _hard_swish,
    "ELU": partial(_function, kind="Elu"),
    "GELU": _gelu,
    "SOFTMAX": _softmax,
    "QUANTIZE": _quantize,
    "DEQUANTIZE": _dequantize,
}
