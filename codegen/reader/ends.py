"""The model's ends: what its inputs are declared as, and what its outputs have become."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import onnx

from codegen.ir.graph import Value
from codegen.reader.context import LEFT_IN_FLOAT, Context, ModelInput
from codegen.reader.load import MAX_ELEMENTS
from codegen.reader.stages import FloatInput, Indices, Integers, Moved, Pending, Quantized, Stage
from codegen.reader.text import shown
from support.errors import UserError

INTEGER_TYPES: dict[np.dtype[Any], int] = {
    np.dtype(np.int8): onnx.TensorProto.INT8,
    np.dtype(np.uint8): onnx.TensorProto.UINT8,
}


def model_input(path: str, declared: onnx.ValueInfoProto) -> tuple[ModelInput, bool]:
    """An input with its fixed shape, and whether its batch was left open and taken as 1.

    Raises:
        UserError: no shape, an open dimension beside the batch, or too many elements.
    """
    where = f"{path}: input '{shown(declared.name)}'"
    kind = declared.type.tensor_type
    if not kind.HasField("shape"):
        raise UserError(f"{where} has no shape", "export with a fixed shape and batch 1")
    shape, symbolic = _fixed_shape(where, kind.shape)
    return ModelInput(declared.name, shape), symbolic


def input_stage(path: str, index: int, model: ModelInput, declared: onnx.ValueInfoProto) -> Stage:
    """Where an input stands before any node has read it.

    Raises:
        UserError: an element type that is neither float32 nor 8-bit.
    """
    element = declared.type.tensor_type.elem_type
    if element == onnx.TensorProto.FLOAT:
        return FloatInput(index, model.shape)
    for dtype, number in INTEGER_TYPES.items():
        if element == number:
            return Integers(model.shape, dtype, None, index)
    raise UserError(
        f"{path}: input '{shown(declared.name)}' is neither float32 nor 8-bit",
        "export with a float32 input",
    )


def _fixed_shape(where: str, shape: onnx.TensorShapeProto) -> tuple[tuple[int, ...], bool]:
    sizes: list[int] = []
    symbolic = False
    for position, dim in enumerate(shape.dim[:16]):
        open_batch = position == 0 and not dim.HasField("dim_value")
        if open_batch:
            symbolic = True
            sizes.append(1)
            continue
        if not dim.HasField("dim_value") or dim.dim_value <= 0:
            name = shown(dim.dim_param) if dim.dim_param else str(dim.dim_value or "?")
            raise UserError(
                f"{where} has the dynamic dimension '{name}' at position {position}",
                "export with a fixed shape and batch 1",
            )
        sizes.append(dim.dim_value)
    if not 2 <= len(sizes) <= 4 or sizes[0] != 1:
        raise UserError(
            f"{where} has shape {sizes}; rank 2 to 4 with batch 1 is supported",
            "export with batch 1, for example [1, 1, 28, 28] or [1, 784]",
        )
    # Python's integers: no product is too large to be refused.
    if prod(sizes) > MAX_ELEMENTS:
        raise UserError(
            f"{where} has shape {sizes}: more than {MAX_ELEMENTS:,} elements",
            "this tool is for networks that fit a microcontroller",
        )
    return tuple(sizes), symbolic


def output_value(context: Context, declared: onnx.ValueInfoProto, stage: Stage) -> Value:
    """The value of one of the model's outputs.

    Raises:
        UserError: it is declared with another type than it has, or is not quantized.
    """
    where = f"{context.path}: output '{shown(declared.name)}'"
    actual = onnx.TensorProto.FLOAT
    if isinstance(stage, Integers | Indices):
        actual = onnx.helper.np_dtype_to_tensor_dtype(stage.dtype)
    if declared.type.tensor_type.elem_type not in (onnx.TensorProto.UNDEFINED, actual):
        raise UserError(f"{where} is declared with another type than it has", "export again")
    value = _value(context, where, declared.name, stage)
    if not context.shapes_may_differ:
        _check_shape(where, declared, value.shape)
    if isinstance(stage, Indices) and stage.dtype != np.int32:
        context.notes.append(f"output '{shown(declared.name)}' is {stage.dtype}, and becomes int32")
    if not 1 <= len(value.shape) <= 4:
        raise UserError(
            f"{where} has shape {list(value.shape)}; rank 1 to 4 is supported",
            "end the network with [1, classes]",
        )
    return value


def _check_shape(where: str, declared: onnx.ValueInfoProto, shape: tuple[int, ...]) -> None:
    """Refuse an output that is declared with another shape; dynamic dimensions declare none."""
    kind = declared.type.tensor_type
    if not kind.HasField("shape"):
        return
    sizes = [dim.dim_value if dim.HasField("dim_value") else None for dim in kind.shape.dim]
    if len(sizes) != len(shape) or any(
        size not in (None, real) for size, real in zip(sizes, shape, strict=True)
    ):
        told = ["?" if size is None else size for size in sizes[:16]]
        raise UserError(
            f"{where} is declared with shape [{', '.join(map(str, told))}], and has {list(shape)}",
            "export the model again",
        )


def _value(context: Context, where: str, name: str, stage: Stage) -> Value:
    if isinstance(stage, Quantized | Indices):
        return stage.value
    if isinstance(stage, Integers) and stage.value is not None:
        return stage.value
    if isinstance(stage, Pending):
        if isinstance(stage, Moved):
            return stage.move(_value(context, where, name, stage.inner))
        output = stage.unquantized_output()
        if output is None:
            raise UserError(
                f"{context.path}: node '{stage.name}': its result is the model's output, and is "
                "not quantized",
                LEFT_IN_FLOAT,
            )
        output = Value(name, output.type)
        context.append(stage.finish(output))
        return output
    raise UserError(f"{where} is one of the model's inputs", "give a network that computes")
