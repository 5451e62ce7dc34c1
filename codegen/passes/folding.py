"""Steps that the operation before or behind them does on its own: paddings and clamps. Exact."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from codegen.ir.graph import Graph, Op
from codegen.ops.affine import Affine
from codegen.ops.average_pool import AveragePool
from codegen.ops.conv import Conv
from codegen.ops.elementwise import Elementwise
from codegen.ops.interpolate import Interpolate
from codegen.ops.lookup import Lookup
from codegen.ops.mat_mul import MatMul
from codegen.ops.select import Select
from codegen.weighted_sum import WeightedSum
from codegen.window import image_size

# Operations whose output bytes are clamped to `low` and `high`.
CLAMPING = (Affine, AveragePool, Elementwise, Interpolate, MatMul, WeightedSum)

Pads = tuple[int, int, int, int]


def fold_pads(graph: Graph) -> Graph:
    """The graph with paddings by real 0 as part of the convolution that alone reads them."""
    changes: dict[Op, Iterable[Op]] = {}
    for op in graph.ops:
        if not isinstance(op, Conv):
            continue
        padding = graph.producer(op.input)
        if not isinstance(padding, Select) or graph.only_user(op.input) is not op:
            continue
        pads = _pads(padding)
        if pads is None:
            continue
        top, left, bottom, right = op.window.pads
        window = replace(
            op.window,
            input=image_size(padding.input.shape),
            pads=(top + pads[0], left + pads[1], bottom + pads[2], right + pads[3]),
        )
        changes[padding] = ()
        changes[op] = (replace(op, inputs=(padding.input,), window=window),)
    return graph.rewritten(changes, {}) if changes else graph


def _pads(op: Select) -> Pads | None:
    """Zeros above, to the left, below and to the right of an image, if that is all of `op`."""
    if op.fill != op.output.quantization.zero_point or len(op.maps) not in (3, 4):
        return None
    found: list[tuple[int, int]] = []
    for chosen, size in zip(op.maps, op.input.shape, strict=True):
        inside = np.flatnonzero(chosen >= 0)
        if not np.array_equal(chosen[inside], np.arange(size)):
            return None
        if not np.array_equal(inside, inside[0] + np.arange(size)):
            return None
        found.append((int(inside[0]), int(chosen.size - size - inside[0])))
    if any(found[0]) or any(found[1]):
        return None
    height, width = ((0, 0), *found[2:])[-2:]
    return height[0], width[0], height[1], width[1]


def fold_clamps(graph: Graph) -> Graph:
    """The graph with ReLU and Clip that keep the quantization in the clamp of what they alone read.

    Such a table is the identity between two bytes.
    """
    changes: dict[Op, Iterable[Op]] = {}
    for op in graph.ops:
        if not isinstance(op, Lookup) or op.input.quantization != op.output.quantization:
            continue
        before = graph.producer(op.input)
        if before is None or graph.only_user(op.input) is not op:
            continue
        low, high = int(op.table.min()), int(op.table.max())
        if not np.array_equal(op.table, np.clip(np.arange(-128, 128), low, high)):
            continue
        clamped = _clamped(before, op, low, high)
        if clamped is not None:
            changes[before] = (clamped,)
            changes[op] = ()
    return graph.rewritten(changes, {}) if changes else graph


def _clamped(before: Op, clamp: Lookup, low: int, high: int) -> Op | None:
    """The operation before a clamp as it writes the clamp's output; None where it cannot."""
    if not isinstance(before, CLAMPING):
        return None
    own = before.clamp if isinstance(before, WeightedSum) else (before.low, before.high)
    least, most = (int(np.clip(bound, low, high)) for bound in own)
    if isinstance(before, WeightedSum):
        relu = (least, most) == (before.output.quantization.zero_point, 127)
        least = -128 if relu else least
        return replace(before, outputs=clamp.outputs, relu=relu, low=least, high=most)
    return replace(before, outputs=clamp.outputs, low=least, high=most)
