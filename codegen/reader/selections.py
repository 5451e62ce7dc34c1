"""Nodes that choose elements along axes, as maps from positions of the output to the input's.

Source: ONNX operator specification: Slice, Split, Pad, Expand, Tile, Gather, Resize, Upsample.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import floor, prod

import numpy as np
import numpy.typing as npt
import onnx

from codegen.reader.context import Context, integer, integers, number, text
from codegen.reader.load import MAX_ELEMENTS, MAX_RANK

Map = npt.NDArray[np.int32]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Selection:
    """Maps for each axis, -1 for nothing.

    Attributes:
        fill: the real value that stands for nothing.
        result: the shape, when axes are to be left out afterwards.
    """

    maps: tuple[Map, ...]
    fill: float = 0.0
    result: Shape | None = None

    @property
    def shape(self) -> Shape:
        """One element for each entry of each map."""
        return tuple(int(each.size) for each in self.maps)


def _same(shape: Shape) -> list[Map]:
    return [np.arange(size, dtype=np.int32) for size in shape]


def operand(context: Context, node: onnx.NodeProto, index: int, what: str) -> list[int] | None:
    """Operand `index` as integers, or None where it is left out.

    Raises:
        UserError: it varies, is not integers, or has absurdly many.
    """
    if index >= len(node.input) or not node.input[index]:
        return None
    values = context.plain(node, index, what)
    if values.dtype not in (np.int64, np.int32) or values.size > 4096:
        raise context.fail(
            node, f"{what} are {values.dtype} {list(values.shape)}", "export with fixed sizes"
        )
    return [int(value) for value in values.reshape(-1)]


def _axis(context: Context, node: onnx.NodeProto, axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise context.fail(node, f"axis {axis} does not fit rank {rank}", "export the model again")
    return axis % rank


def _slice(context: Context, node: onnx.NodeProto, shape: Shape) -> Selection:
    if len(node.input) == 1:  # before opset 10
        starts: list[int] | None = list(integers(context, node, "starts", ()))
        ends: list[int] | None = list(integers(context, node, "ends", ()))
        axes: list[int] | None = list(integers(context, node, "axes", ())) or None
        steps: list[int] | None = None
    else:
        starts, ends, axes, steps = (
            operand(context, node, index, f"its {what}")
            for index, what in enumerate(("starts", "ends", "axes", "steps"), 1)
        )
    starts, ends = starts or [], ends or []
    axes = list(range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise context.fail(node, "its starts, ends, axes and steps do not fit", "export again")
    maps = _same(shape)
    for start, end, given, step in zip(starts, ends, axes, steps, strict=True):
        axis = _axis(context, node, given, len(shape))
        chosen = range(shape[axis])[start:end:step]
        maps[axis] = np.array(chosen, dtype=np.int32)
    return Selection(tuple(maps))


def split(context: Context, node: onnx.NodeProto, shape: Shape) -> list[Selection]:
    """One selection for each output of a Split.

    Raises:
        UserError: sizes that do not fit the axis.
    """
    axis = _axis(context, node, integer(context, node, "axis", 0), len(shape))
    sizes = operand(context, node, 1, "its sizes") or list(integers(context, node, "split", ()))
    parts = len(node.output)
    if not sizes:
        each = -(-shape[axis] // parts)
        sizes = [min(each, shape[axis] - each * index) for index in range(parts)]
    if len(sizes) != parts or sum(sizes) != shape[axis] or min(sizes) < 1:
        raise context.fail(
            node, f"sizes {sizes[:8]} do not split {shape[axis]} into {parts}", "export again"
        )
    found, start = [], 0
    for size in sizes:
        maps = _same(shape)
        maps[axis] = np.arange(start, start + size, dtype=np.int32)
        found.append(Selection(tuple(maps)))
        start += size
    return found


def _pad(context: Context, node: onnx.NodeProto, shape: Shape) -> Selection:
    rank, mode = len(shape), text(context, node, "mode", "constant")
    old = len(node.input) == 1  # before opset 11
    pads = (
        list(integers(context, node, "pads", ())) if old else operand(context, node, 1, "its pads")
    )
    axes = operand(context, node, 3, "its axes") or list(range(rank))
    if pads is None or len(pads) != 2 * len(axes) or max(map(abs, pads), default=0) > MAX_ELEMENTS:
        raise context.fail(node, f"its pads {(pads or [])[:8]} do not fit", "export again")
    fill = number(context, node, "value", 0.0) if old else 0.0
    if len(node.input) > 2 and node.input[2]:
        value = context.constant(node, 2, "its value").real()
        if value.size != 1 or not np.isfinite(value).all():
            raise context.fail(node, "its value is not one finite number", "export again")
        fill = float(value.reshape(-1)[0])
    maps = _same(shape)
    for index, given in enumerate(axes):
        axis = _axis(context, node, given, rank)
        before, after, size = pads[index], pads[index + len(axes)], shape[axis]
        places = np.arange(-before, size + after)
        if mode == "constant":
            places = np.where((places >= 0) & (places < size), places, -1)
        elif mode == "edge":
            places = np.clip(places, 0, size - 1)
        elif mode in ("reflect", "wrap") and max(before, after) < size + (mode == "wrap"):
            period = size if mode == "wrap" else max(1, 2 * (size - 1))
            places = places % period
            places = np.minimum(places, period - places) if mode == "reflect" else places
        else:
            raise context.fail(
                node, f"mode '{mode}' with pads {before} and {after}", "pad by less than the size"
            )
        maps[axis] = places.astype(np.int32)
    return Selection(tuple(maps), fill)


def _expand(context: Context, node: onnx.NodeProto, shape: Shape) -> Selection:
    wanted = operand(context, node, 1, "its shape")
    try:
        result = np.broadcast_shapes(shape, tuple(wanted or ()))
    except ValueError:
        raise context.fail(
            node, f"{list(shape)} does not expand to {wanted}", "export again"
        ) from None
    if len(result) != len(shape):
        raise context.fail(node, "adds an axis", "reshape before it")
    # Before the maps are made, which take as much memory.
    if prod(result) > MAX_ELEMENTS:
        raise context.fail(node, f"would make shape {list(result)}", "expand by less")
    maps = [
        np.arange(new, dtype=np.int32) if new == old else np.zeros(new, np.int32)
        for old, new in zip(shape, result, strict=True)
    ]
    return Selection(tuple(maps))


def _tile(context: Context, node: onnx.NodeProto, shape: Shape) -> Selection:
    repeats = operand(context, node, 1, "its repeats") or []
    if len(repeats) != len(shape) or min(repeats) < 1 or prod(repeats) > MAX_ELEMENTS:
        raise context.fail(node, f"repeats {repeats[:8]} do not fit", "export again")
    return Selection(
        tuple(np.tile(each, times) for each, times in zip(_same(shape), repeats, strict=True))
    )


def _gather(context: Context, node: onnx.NodeProto, shape: Shape) -> Selection:
    axis = _axis(context, node, integer(context, node, "axis", 0), len(shape))
    indices = context.plain(node, 1, "its indices")
    if indices.dtype not in (np.int64, np.int32) or indices.ndim > 1 or not indices.size:
        raise context.fail(
            node, f"its indices are {indices.dtype} {list(indices.shape)}", "gather along one axis"
        )
    flat = indices.reshape(-1).astype(np.int64)
    flat = np.where(flat < 0, flat + shape[axis], flat)
    if flat.min() < 0 or flat.max() >= shape[axis]:
        raise context.fail(node, f"an index is outside of {shape[axis]}", "export the model again")
    maps = _same(shape)
    maps[axis] = flat.astype(np.int32)
    result = None
    if indices.ndim == 0:
        result = tuple(size for index, size in enumerate(shape) if index != axis)
    return Selection(tuple(maps), result=result)


def resized(context: Context, node: onnx.NodeProto, shape: Shape) -> tuple[Shape, list[float]]:
    """The shape that a Resize or Upsample makes, and its scale for each axis.

    Raises:
        UserError: neither scales nor sizes, or ones that do not fit.
    """
    rank = len(shape)
    index = {"Upsample": 1}.get(node.op_type, 2)
    given = None
    if len(node.input) > index and node.input[index]:
        given = context.plain(node, index, "its scales").reshape(-1)
    if node.op_type == "Resize" and len(node.input) == 2:  # opset 10
        given = context.plain(node, 1, "its scales").reshape(-1)
    sizes = operand(context, node, 3, "its sizes") if node.op_type == "Resize" else None
    axes = list(integers(context, node, "axes", ())) or list(range(rank))
    scales = [1.0] * rank
    result = list(shape)
    if text(context, node, "keep_aspect_ratio_policy", "stretch") != "stretch":
        raise context.fail(node, "keeps the aspect ratio", "resize to fixed sizes")
    if given is not None and given.size:
        numbers = [float(value) for value in given]
    elif sizes:
        numbers = []
    else:
        raise context.fail(node, "has neither scales nor sizes", "export with fixed sizes")
    if len(numbers or sizes or ()) != len(axes) or not all(0 < n <= 4096 for n in numbers):
        raise context.fail(node, "its scales or sizes do not fit the input", "export again")
    for position, axis_given in enumerate(axes):
        axis = _axis(context, node, axis_given, rank)
        if numbers:
            scales[axis] = numbers[position]
            result[axis] = floor(shape[axis] * numbers[position])
        else:
            assert sizes is not None
            result[axis] = sizes[position]
            scales[axis] = sizes[position] / shape[axis]
    if min(result) < 1 or prod(result) > MAX_ELEMENTS:
        raise context.fail(node, f"would make shape {result}", "change the scales")
    return tuple(result), scales


def coordinates(
    context: Context, node: onnx.NodeProto, size: int, new: int, scale: float
) -> npt.NDArray[np.float64]:
    """Where each position of a resized axis lies on the old one.

    Source: ONNX operator specification, Resize, "coordinate_transformation_mode".
    """
    default = "half_pixel" if node.op_type == "Resize" and len(node.input) > 2 else "asymmetric"
    mode = text(context, node, "coordinate_transformation_mode", default)
    places = np.arange(new, dtype=np.float64)
    if mode == "asymmetric":
        return places / scale
    if mode == "align_corners":
        return places * ((size - 1) / (new - 1)) if new > 1 else np.zeros(1)
    if mode == "pytorch_half_pixel" and new == 1:
        return np.zeros(1)
    if mode in ("half_pixel", "pytorch_half_pixel"):
        return (places + 0.5) / scale - 0.5
    raise context.fail(
        node, f"coordinate_transformation_mode '{mode}' is not supported", "use half_pixel"
    )


_ROUNDED: Mapping[str, Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]] = {
    "round_prefer_floor": lambda x: np.ceil(x - 0.5),
    "round_prefer_ceil": lambda x: np.floor(x + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}


def _resize(context: Context, node: onnx.NodeProto, shape: Shape) -> Selection:
    mode = text(context, node, "mode", "nearest")
    if mode != "nearest":
        raise context.fail(node, f"mode '{mode}' is not supported", "resize with mode nearest")
    result, scales = resized(context, node, shape)
    old = not (node.op_type == "Resize" and len(node.input) > 2)
    nearest = text(context, node, "nearest_mode", "floor" if old else "round_prefer_floor")
    if nearest not in _ROUNDED:
        raise context.fail(node, f"nearest_mode '{nearest}' is unknown", "export the model again")
    maps = _same(shape)
    for axis, (size, new, scale) in enumerate(zip(shape, result, scales, strict=True)):
        if new != size:
            places = _ROUNDED[nearest](coordinates(context, node, size, new, scale))
            maps[axis] = np.clip(places, 0, size - 1).astype(np.int32)
    return Selection(tuple(maps))


READERS: Mapping[str, Callable[[Context, onnx.NodeProto, Shape], Selection]] = {
    "Expand": _expand,
    "Gather": _gather,
    "Pad": _pad,
    "Resize": _resize,
    "Slice": _slice,
    "Tile": _tile,
    "Upsample": _resize,
}


def check(context: Context, node: onnx.NodeProto, selection: Selection) -> Selection:
    """The selection, when it leaves a batch of one and something to compute.

    Raises:
        UserError: it does not.
    """
    shape = selection.shape
    if shape[0] != 1 or min(shape) < 1 or prod(shape) > MAX_ELEMENTS or len(shape) > MAX_RANK:
        raise context.fail(
            node, f"would make shape {list(shape)}", "keep the batch, and at least one element"
        )
    return selection
