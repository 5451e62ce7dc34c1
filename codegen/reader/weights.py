"""Weights of a model: 8-bit constants with scales, brought to zero point 0."""

from __future__ import annotations

import numpy as np
import onnx

from codegen.ir.types import Float32Array, WeightArray
from codegen.reader.constants import Constant
from codegen.reader.context import QUANTIZE_ALL, Context


def quantized_weights(context: Context, node: onnx.NodeProto, rank: int, what: str) -> Constant:
    """Operand 1: 8-bit weights with their scales.

    Raises:
        UserError: weights that vary, are not quantized, or have another rank.
    """
    constant = context.constant(node, 1, "its weights")
    if constant.scale is None or constant.zero_point is None:
        raise context.fail(
            node, f"its weights are {constant.values.dtype}, not quantized", QUANTIZE_ALL
        )
    if constant.values.ndim != rank:
        raise context.fail(
            node, f"its weights have rank {constant.values.ndim}, not {rank}", f"export {what}"
        )
    if constant.values.dtype not in (np.int8, np.uint8):
        raise context.fail(node, f"its weights are {constant.values.dtype}, not int8", QUANTIZE_ALL)
    if not constant.values.size:
        raise context.fail(node, "its weights are empty", "export the model again")
    context.claim(node, constant.values.size)
    return constant


def by_output(
    context: Context, node: onnx.NodeProto, constant: Constant, axis: int
) -> tuple[WeightArray, Float32Array]:
    """Weights whose axis `axis` holds the output channels → int8 of the same shape, or int16 where
    they leave it less their zero points; float32 [outputs] scales.

    Raises:
        UserError: scales along another axis.
    """
    assert constant.scale is not None and constant.zero_point is not None
    rank = constant.values.ndim
    outputs = int(constant.values.shape[axis])
    if constant.scale.size > 1 and constant.axis % rank != axis:
        raise context.fail(
            node,
            "its weights are quantized per input channel",
            "quantize per output channel or per tensor",
        )
    if constant.scale.size not in (1, outputs):
        raise context.fail(
            node, f"{constant.scale.size} scales for {outputs} outputs", "quantize again"
        )
    shape = [1] * rank
    shape[axis] = constant.zero_point.size
    # Unsigned weights have a zero point of 128, or 127: what counts is that the difference is int8.
    zeros = constant.zero_point.astype(np.int16).reshape(shape)
    shifted = constant.values.astype(np.int16) - zeros
    scales = np.broadcast_to(constant.scale, (outputs,)).astype(np.float32)
    fits = shifted.min() >= -128 and shifted.max() <= 127
    return np.ascontiguousarray(shifted.astype(np.int8) if fits else shifted), scales
