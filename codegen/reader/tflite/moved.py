"""Operators of .tflite that move bytes, or choose among them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from codegen.reader.load import MAX_ELEMENTS
from codegen.reader.tflite.file import Operator
from codegen.reader.tflite.translation import FIRST, REMEDY, Reader, Translation, first_axis

# "Up to the front", for a Slice that goes backwards.
_BEFORE_ALL = -(2**31)


def _reshape(t: Translation, op: Operator) -> None:
    if len(op.inputs) > 1 and op.inputs[1] is not None:
        wanted = t.numbers(op, 1, "its shape")
    else:
        wanted = np.array(op.options.numbers("NewShape"), np.int64)
    _to_shape(t, op, [int(size) for size in wanted])


def _to_shape(t: Translation, op: Operator, shape: list[int]) -> None:
    if not 1 <= len(shape) <= 8:
        raise t.fail(op, f"its shape has {len(shape)} axes", REMEDY)
    operands = [t.real(t.activation(op)), t.constant(np.array(shape, np.int64))]
    t.move(op, "Reshape", operands, False)


def _squeeze(t: Translation, op: Operator) -> None:
    shape = t.activation(op).shape
    axes = {axis + len(shape) * (axis < 0) for axis in op.options.numbers("SqueezeDims")}
    axes = axes or {axis for axis, size in enumerate(shape) if size == 1}
    if any(not 0 <= axis < len(shape) or shape[axis] != 1 for axis in axes):
        raise t.fail(op, f"cannot squeeze axes {sorted(axes)} of {list(shape)}", "convert again")
    _to_shape(t, op, [size for axis, size in enumerate(shape) if axis not in axes])


def _expand(t: Translation, op: Operator) -> None:
    shape = list(t.activation(op).shape)
    (axis, *more) = t.numbers(op, 1, "its axis").tolist() or [0]
    if more or not -len(shape) - 1 <= axis <= len(shape):
        raise t.fail(op, f"axis {axis} does not fit {shape}", "convert again")
    shape.insert(axis if axis >= 0 else axis + len(shape) + 1, 1)
    _to_shape(t, op, shape)


def _transpose(t: Translation, op: Operator) -> None:
    axes = t.numbers(op, 1, "its permutation").tolist()
    t.move(op, "Transpose", [t.real(t.activation(op))], False, perm=axes)


def _pad(t: Translation, op: Operator, mode: str) -> None:
    source = t.activation(op)
    rank, first = len(source.shape), t.has_first(source)
    pads = t.numbers(op, 1, "its pads")
    if pads.size != 2 * rank:
        raise t.fail(op, f"{pads.size} pads do not fit rank {rank}", "convert again")
    pairs = pads.reshape(rank, 2)[list(FIRST)] if first else pads.reshape(rank, 2)
    operands = [t.real(source, first), t.constant(pairs.T.reshape(-1).astype(np.int64))]
    if mode == "reflect" and op.options.number("Mode") != 0:
        raise t.fail(op, "its mode is SYMMETRIC", "pad with mode REFLECT or CONSTANT")
    if op.kind == "PADV2":
        value = t.activation(op, 2)
        if value.data is None or value.values.size != 1:
            raise t.fail(op, "its value is not one constant", REMEDY)
        operands.append(t.dequantized(value, value.values.reshape(())))
    t.move(op, "Pad", operands, first, mode=mode)


def _concat(t: Translation, op: Operator) -> None:
    sources = [t.activation(op, index) for index in range(len(op.inputs))]
    if any(source.data is not None for source in sources):
        raise t.fail(op, "joins a constant", REMEDY)
    if op.options.number("FusedActivationFunction"):
        raise t.fail(
            op,
            "has a fused activation, which LiteRT leaves out",
            "convert with the activation as an operator of its own",
        )
    rank = len(op.outputs[0].shape)
    axis = op.options.number("Axis")
    first = t.has_first(*sources) and -rank <= axis < rank
    names = [t.real(source, first) for source in sources]
    t.compute(op, "Concat", names, first, axis=first_axis(axis % rank) if first else axis)


def _strided(t: Translation, op: Operator) -> None:
    source = t.activation(op)
    rank, options = len(source.shape), op.options
    begins, ends, steps = (
        t.numbers(op, index, f"its {what}").tolist()
        for index, what in ((1, "begin"), (2, "end"), (3, "strides"))
    )
    if any(options.number(name) for name in ("EllipsisMask", "NewAxisMask", "Offset")):
        raise t.fail(op, "has an ellipsis, a new axis or offsets", "convert with plain slices")
    if not len(begins) == len(ends) == len(steps) <= rank or 0 in steps:
        raise t.fail(op, "its begin, end and strides do not fit", "convert the network again")
    starts, stops, shape = [], [], []
    shrink = options.number("ShrinkAxisMask")
    for axis, given in enumerate(list(steps)):
        step = given
        begin = None if options.number("BeginMask") >> axis & 1 else begins[axis]
        end = None if options.number("EndMask") >> axis & 1 else ends[axis]
        if shrink >> axis & 1:
            begin = begins[axis] + source.shape[axis] * (begins[axis] < 0)
            end, step = begin + 1, 1
        start, stop, steps[axis] = slice(begin, end, step).indices(source.shape[axis])
        starts.append(start)
        stops.append(stop if stop >= 0 else _BEFORE_ALL)
        if not shrink >> axis & 1:
            shape.append(len(range(start, stop, step)))
    shape += source.shape[len(steps) :]
    operands = [starts, stops, list(range(len(steps))), steps]
    names = [t.constant(np.array(values, np.int64)) for values in operands]
    value = t.real(source)
    if shrink:
        value = t.add("Slice", [value, *names], t.fresh(f"{op.outputs[0].name}:slice"))
        t.move(op, "Reshape", [value, t.constant(np.array(shape, np.int64))], False)
    else:
        t.move(op, "Slice", [value, *names], False)


def _slice(t: Translation, op: Operator) -> None:
    source = t.activation(op)
    begins = t.numbers(op, 1, "its begin").tolist()
    sizes = t.numbers(op, 2, "its sizes").tolist()
    if not len(begins) == len(sizes) == len(source.shape):
        raise t.fail(op, "its begin and sizes do not fit", "convert the network again")
    ends = [
        whole if size == -1 else begin + size
        for begin, size, whole in zip(begins, sizes, source.shape, strict=True)
    ]
    operands = [begins, ends, list(range(len(begins)))]
    names = [t.constant(np.array(values, np.int64)) for values in operands]
    t.move(op, "Slice", [t.real(source), *names], False)


def _split(t: Translation, op: Operator) -> None:
    which = 2 if op.kind == "SPLIT_V" else 0
    source = t.activation(op, 0 if which else 1)
    rank, axes = len(source.shape), t.numbers(op, which, "its axis").tolist()
    if len(axes) != 1 or not -rank <= axes[0] < rank:
        raise t.fail(op, f"axis {axes[:4]} does not fit {list(source.shape)}", "convert again")
    axis, first = axes[0] % rank, t.has_first(source)
    operands = [t.real(source, first)]
    if which:
        operands.append(t.constant(t.numbers(op, 1, "its sizes")))
    elif source.shape[axis] % len(op.outputs):
        raise t.fail(op, f"does not split {source.shape[axis]} evenly", "convert again")
    names = [t.fresh(f"{tensor.name}:part") for tensor in op.outputs]
    t.split(operands, names, first_axis(axis) if first else axis)
    for index, name in enumerate(names):
        t.moved(op, source, index)
        t.quantize(op, name, first, index)


def _nearest(t: Translation, op: Operator) -> None:
    """Rows and columns chosen as TensorFlow Lite chooses them, in float32.

    Source: tensorflow/lite/kernels/internal/reference/resize_nearest_neighbor.h.
    """
    source = t.activation(op)
    sizes = t.numbers(op, 1, "its size").tolist()
    if len(source.shape) != 4 or len(sizes) != 2 or not all(0 < n <= MAX_ELEMENTS for n in sizes):
        raise t.fail(op, f"sizes {sizes[:4]} do not fit {list(source.shape)}", "convert again")
    t.moved(op, source, 0)
    aligned, half = (bool(op.options.number(n)) for n in ("AlignCorners", "HalfPixelCenters"))
    value = t.real(source, True)
    for axis, size, new in zip((2, 3), source.shape[1:3], sizes, strict=True):
        corners = aligned and new > 1
        scale = np.float32(size - corners) / np.float32(new - corners)
        places = (np.arange(new, dtype=np.float32) + np.float32(0.5 * half)) * scale
        # Halves go up: no place is negative.
        chosen = np.floor(places + np.float32(0.5)) if aligned else np.floor(places)
        indices = np.clip(chosen, 0, size - 1).astype(np.int64)
        if not np.array_equal(indices, np.arange(size)):
            output = t.fresh(f"{op.outputs[0].name}:axis_{axis}")
            value = t.add("Gather", [value, t.constant(indices)], output, axis=axis)
    t.quantize(op, value, True)


READERS: Mapping[str, Reader] = {
    "CONCATENATION": _concat,
    "EXPAND_DIMS": _expand,
    "MIRROR_PAD": partial(_pad, mode="reflect"),
    "PAD": partial(_pad, mode="constant"),
    "PADV2": partial(_pad, mode="constant"),
    "RESHAPE": _reshape,
    "RESIZE_NEAREST_NEIGHBOR": _nearest,
    "SLICE": _slice,
    "SPLIT": _split,
    "SPLIT_V": _split,
    "SQUEEZE": _squeeze,
    "STRIDED_SLICE": _strided,
    "TRANSPOSE": _transpose,
}
