"""Arithmetic on constants: what exporters leave of shapes, axes, pads and bounds.

Quantized ones take part with what they mean, float32.

Source: ONNX operator specification. Nothing larger than a network's constants is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod

import numpy as np
import onnx

from codegen.reader.constants import AnyArray
from codegen.reader.context import Context, integer, integers
from codegen.reader.load import MAX_ELEMENTS, MAX_RANK

# TensorProto.DataType → NumPy's, those that constants may have.
TYPES: Mapping[int, type[np.generic]] = {
    onnx.TensorProto.FLOAT: np.float32,
    onnx.TensorProto.INT8: np.int8,
    onnx.TensorProto.UINT8: np.uint8,
    onnx.TensorProto.INT32: np.int32,
    onnx.TensorProto.INT64: np.int64,
    onnx.TensorProto.BOOL: np.bool_,
}


def shape_of(context: Context, node: onnx.NodeProto, shape: Sequence[int]) -> AnyArray:
    """int64: what a Shape node gives for a value of `shape`, which is fixed."""
    start = integer(context, node, "start", 0)
    end = integer(context, node, "end", len(shape))
    return np.array(shape[slice(start, end)], np.int64)


def compute(context: Context, node: onnx.NodeProto) -> AnyArray | None:
    """The plain constant that a node makes of constants; None: not one of these nodes.

    Raises:
        UserError: operands that do not fit the node, or each other.
    """
    if node.op_type not in COMPUTED:
        return None
    given = [context.constant(node, i, "its operand") for i, name in enumerate(node.input) if name]
    operands = [each.values if each.scale is None else each.real() for each in given]
    try:
        with np.errstate(all="ignore"):
            found = COMPUTED[node.op_type](context, node, operands)
    except (ValueError, IndexError, TypeError, OverflowError, MemoryError) as error:
        raise context.fail(node, f"does not fit its operands ({error})", "export again") from None
    array = np.asarray(found)
    context.claim(node, array.size)
    return array


def _elementwise(function: Callable[..., AnyArray]) -> Callable[..., AnyArray]:
    def apply(context: Context, node: onnx.NodeProto, operands: Sequence[AnyArray]) -> AnyArray:
        _bounded(context, node, np.broadcast_shapes(*(each.shape for each in operands)))
        return function(*operands)

    return apply


def _divide(a: AnyArray, b: AnyArray) -> AnyArray:
    """Integers are divided towards zero."""
    if a.dtype.kind == "f":
        quotient: AnyArray = a / b
        return quotient
    if not b.all():
        raise ValueError("division by zero")
    return np.asarray(np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b)), a.dtype)


def _bounded(context: Context, node: onnx.NodeProto, shape: Sequence[int]) -> tuple[int, ...]:
    sizes = tuple(int(size) for size in shape)
    fits = len(sizes) <= MAX_RANK and all(0 <= size <= MAX_ELEMENTS for size in sizes)
    if not fits or prod(sizes) > MAX_ELEMENTS:
        raise context.fail(node, f"would make shape {list(sizes)[:MAX_RANK]}", "export again")
    return sizes


def _cast(context: Context, node: onnx.NodeProto, operands: Sequence[AnyArray]) -> AnyArray:
    to = integer(context, node, "to", 0)
    if to not in TYPES:
        raise context.fail(node, f"casts to type {to}", "export with float32 and integers")
    return operands[0].astype(TYPES[to])


def _concat(context: Context, node: onnx.NodeProto, operands: Sequence[AnyArray]) -> AnyArray:
    return np.concatenate(operands, axis=integer(context, node, "axis", 0))


def _filled(context: Context, node: onnx.NodeProto, operands: Sequence[AnyArray]) -> AnyArray:
    shape = _bounded(context, node, operands[0].reshape(-1)[: MAX_RANK + 1].tolist())
    value: AnyArray = np.zeros(1, np.float32)
    for entry in node.attribute:
        if entry.name == "value":
            from codegen.reader.constants import read_tensor

            value = read_tensor(entry.t, f"{context.path}: node '{node.name}'")
    if value.size != 1:
        raise ValueError(f"a value of shape {list(value.shape)}")
    return np.full(shape, value.reshape(-1)[0], value.dtype)


def _reshaped(context: Context, node: onnx.NodeProto, operands: Sequence[AnyArray]) -> AnyArray:
    from codegen.ops import reshaped

    return operands[0].reshape(reshaped(context, node, operands[0].shape))


def _chosen(context: Context, node: onnx.NodeProto, operands: Sequence[AnyArray]) -> AnyArray:
    from codegen.reader.selections import READERS

    chosen = READERS[node.op_type](context, node, operands[0].shape)
    found = operands[0][np.ix_(*chosen.maps)]
    return found if chosen.result is None else found.reshape(chosen.result)


def _expanded(context: Context, node: onnx.NodeProto, operands: Sequence[AnyArray]) -> AnyArray:
    wanted = _bounded(context, node, operands[1].reshape(-1).tolist())
    shape = _bounded(context, node, np.broadcast_shapes(operands[0].shape, wanted))
    return np.broadcast_to(operands[0], shape)


def _transposed(context: Context, node: onnx.NodeProto, operands: Sequence[AnyArray]) -> AnyArray:
    axes = integers(context, node, "perm", tuple(range(operands[0].ndim))[::-1])
    return operands[0].transpose(axes)


def _range(context: Context, node: onnx.NodeProto, operands: Sequence[AnyArray]) -> AnyArray:
    first, limit, step = (float(each.reshape(-1)[0]) for each in operands)
    if not step:
        raise ValueError("a step of 0")
    _bounded(context, node, [max(0, int(np.ceil((limit - first) / step)))])
    return np.arange(*(each.reshape(-1)[0] for each in operands), dtype=operands[0].dtype)


def _shape(context: Context, node: onnx.NodeProto, operands: Sequence[AnyArray]) -> AnyArray:
    return shape_of(context, node, operands[0].shape)


def _clip(values: AnyArray, *bounds: AnyArray) -> AnyArray:
    for bound, function in zip(bounds, (np.maximum, np.minimum), strict=False):
        values = function(values, bound)
    return values


COMPUTED: Mapping[str, Callable[[Context, onnx.NodeProto, Sequence[AnyArray]], AnyArray]] = {
    "Add": _elementwise(np.add),
    "Cast": _cast,
    "Ceil": _elementwise(np.ceil),
    "Clip": _elementwise(_clip),
    "Concat": _concat,
    "ConstantOfShape": _filled,
    "Div": _elementwise(_divide),
    "Equal": _elementwise(np.equal),
    "Expand": _expanded,
    "Flatten": _reshaped,
    "Floor": _elementwise(np.floor),
    "Gather": _chosen,
    "Max": _elementwise(np.maximum),
    "Min": _elementwise(np.minimum),
    "Mul": _elementwise(np.multiply),
    "Neg": _elementwise(np.negative),
    "Range": _range,
    "Reshape": _reshaped,
    "Shape": _shape,
    "Slice": _chosen,
    "Sqrt": _elementwise(np.sqrt),
    "Squeeze": _reshaped,
    "Sub": _elementwise(np.subtract),
    "Transpose": _transposed,
    "Unsqueeze": _reshaped,
    "Where": _elementwise(np.where),
}
