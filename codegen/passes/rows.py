"""Layers that can be computed in one pass over rows with the layer that reads them.

Which of them are is a choice of memory against speed: `codegen/memory/forms.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from codegen.ir.graph import Graph, Op, Value
from codegen.kernels.registry import choose_in_strips
from codegen.kernels.rows.operation import Half, Joined, Rows
from codegen.ops.concat import Concat
from codegen.ops.conv import Conv
from codegen.ops.max_pool import MaxPool
from codegen.ops.select import Select
from codegen.passes.lowering import Lowering
from codegen.window import Window, image_size

# Rows of output at a time.
COUNTS = (8, 4, 2, 1)


def row_pairs(graph: Graph, lowering: Lowering) -> list[Rows]:
    """Every pair of layers that may run so, in the order of the graph."""
    if lowering.kernels.wanted == "portable":
        return []
    found = (_pair(graph, op, lowering) for op in graph.ops)
    return [pair for pair in found if pair is not None]


def in_rows(graph: Graph, pair: Rows) -> Graph:
    """The graph with a pair as one operation, where its last layer stands."""
    changes: dict[Op, tuple[Op, ...]] = dict.fromkeys(pair.fused, ())
    changes[pair.fused[-1]] = (pair,)
    return graph.rewritten(changes, {})


def _pair(graph: Graph, op: Op, lowering: Lowering) -> Rows | None:
    if not isinstance(op, Conv | MaxPool) or op.window.output[0] < 2:
        return None
    first = graph.producer(op.input)
    if first is None or graph.only_user(op.input) is not op:
        return None
    if isinstance(first, Concat):
        made = _joined(graph, first)
        if made is None:
            return None
        half, inputs, joins = made
        firsts = [half]
    elif isinstance(first, Conv) and not first.depthwise:
        found = choose_in_strips(
            first, lowering.target, lowering.activity, lowering.kernels.wanted, 1
        )
        if first.output.bytes != first.output.size:
            return None
        firsts = [Half(first, lowered, first.window) for lowered in found]
        inputs, joins = [*first.inputs], [first]
    else:
        return None
    second = tuple(_second(op, lowering))
    if not second or not firsts:
        return None
    name = " + ".join(each.name for each in (*joins, op))
    return Rows(name, tuple(inputs), op.outputs, (*joins, op), tuple(firsts), second)


def _second(op: Conv | MaxPool, lowering: Lowering) -> Iterator[tuple[int, Half]]:
    for count in COUNTS:
        if count >= op.window.output[0]:
            continue
        for lowered in choose_in_strips(
            op, lowering.target, lowering.activity, lowering.kernels.wanted, count
        ):
            yield count, Half(op, lowered, op.window)


def _joined(graph: Graph, concat: Concat) -> tuple[Half, list[Value], list[Op]] | None:
    """A concatenation along channels, each input of which may be an image repeated by nearest
    neighbours."""
    shape = concat.output.shape
    if concat.axis != 1 or len(shape) not in (3, 4) or concat.runs[0] == 1:
        return None
    inputs, joined, joins = [], [], list[Op]()
    for value, table in zip(concat.inputs, concat.tables, strict=True):
        source, repeats = value, (1, 1)
        select = graph.producer(value)
        if isinstance(select, Select) and graph.only_user(value) is concat:
            found = _repeats(select)
            if found is not None:
                source, repeats = select.input, found
                joins.append(select)
        if source in inputs or source.bytes != source.size:
            return None
        inputs.append(source)
        width = image_size(source.shape)[1]
        joined.append(Joined(width, source.shape[1], repeats, table))
    size = image_size(shape)
    window = Window(size, size, (1, size[1]))
    return Half(concat, None, window, tuple(joined)), inputs, [*joins, concat]


def _repeats(select: Select) -> tuple[int, int] | None:
    """How often each row and each pixel stands, of a selection that does nothing else."""
    source, target = select.input.shape, select.output.shape
    if len(source) != len(target) or source[:2] != target[:2]:
        return None
    if not np.array_equal(select.maps[1], np.arange(source[1])):
        return None
    found = []
    for axis in range(2, len(source)):
        times, left = divmod(target[axis], source[axis])
        if left or not np.array_equal(select.maps[axis], np.arange(target[axis]) // times):
            return None
        found.append(times)
    return (1, found[0]) if len(found) == 1 else (found[0], found[1])
