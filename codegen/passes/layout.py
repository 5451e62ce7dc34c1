"""The order of bytes: images lie channels last between the operators that want them so.

Where neighbours disagree, a Transpose changes the order; nothing moves at the network's ends: the
interface says in which order the caller gives the bytes. A Flatten between an image and a fully
connected layer moves nothing either: the layer's columns change places instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from codegen.ir.graph import Graph, Op, Value
from codegen.ir.types import Array, Layout
from codegen.ops import operator_of
from codegen.ops.fully_connected import FullyConnected
from codegen.ops.reshape import Reshape
from codegen.ops.transpose import Transpose, relayout


def channels_last(graph: Graph) -> Graph:
    """The graph with a layout for every value, and a Transpose wherever two of them meet."""
    wanted = _wanted(graph)
    ops: list[Op] = []
    known: dict[tuple[Value, Layout], Value] = {}
    first: dict[Value, Value] = {}

    def written(value: Value) -> Value:
        kind = replace(value.type, layout=wanted[value])
        made = value if kind == value.type else Value(value.name, kind)
        known[value, made.type.layout] = first[value] = made
        return made

    def read(value: Value, layout: Layout) -> Value:
        if (value, layout) not in known:
            source = first[value]
            made = Value(value.name, replace(value.type, layout=layout))
            ops.append(relayout(value.name, source, made))
            known[value, layout] = made
        return known[value, layout]

    inputs = tuple(written(value) for value in graph.inputs)
    for op in graph.ops:
        reads = tuple(read(value, _read_as(op, value, wanted)) for value in op.inputs)
        ops.append(replace(op, inputs=reads, outputs=tuple(written(v) for v in op.outputs)))
    outputs = tuple(first[value] for value in graph.outputs)
    return replace(graph, inputs=inputs, outputs=outputs, ops=tuple(ops))


def _has_channels(value: Value) -> bool:
    return len(value.shape) > 2


def _read_as(op: Op, value: Value, wanted: dict[Value, Layout]) -> Layout:
    """The layout in which an operation reads a value."""
    if not _has_channels(value):
        return Layout.ROW_MAJOR
    wish = operator_of(op).channels_last
    if wish is None:
        # A Transpose reads any order; the others have all their values in one.
        together = [each for each in op.outputs if _has_channels(each)]
        return wanted[value if isinstance(op, Transpose) or not together else together[0]]
    return Layout.CHANNELS_LAST if wish else Layout.ROW_MAJOR


def _wanted(graph: Graph) -> dict[Value, Layout]:
    """The layout in which each value is written.

    Values that operators without a wish of their own join have one in common: channels last when
    any operator that reads or writes one of them wants that.
    """
    groups: dict[Value, Value] = {value: value for value in graph.values}

    def root(value: Value) -> Value:
        while groups[value] is not value:
            value = groups[value]
        return value

    for op in graph.ops:
        if operator_of(op).channels_last is None and not isinstance(op, Transpose):
            together = [value for value in (*op.inputs, *op.outputs) if _has_channels(value)]
            for value in together[1:]:
                groups[root(value)] = root(together[0])
    wish: set[Value] = set()
    for op in graph.ops:
        if operator_of(op).channels_last:
            wish |= {root(v) for v in (*op.inputs, *op.outputs) if _has_channels(v)}
    fixed = {
        value for op in graph.ops if operator_of(op).channels_last is False for value in op.outputs
    }
    return {
        value: Layout.CHANNELS_LAST
        if root(value) in wish and value not in fixed
        else Layout.ROW_MAJOR
        for value in graph.values
    }


def columns_in_order(graph: Graph) -> Graph:
    """The graph with the columns of fully connected layers in the order of the flattened image."""
    changes: dict[Op, Iterable[Op]] = {}
    for op in graph.ops:
        layers = _flattens(graph, op)
        if not layers:
            continue
        moved, flatten = graph.producer(op.input), op
        assert isinstance(moved, Transpose)
        image = moved.input
        order = (0, *range(2, len(image.shape)), 1)
        kind = replace(
            image.type, shape=tuple(image.shape[i] for i in order), layout=Layout.ROW_MAJOR
        )
        turned = Value(image.name, kind)
        flat = Value(flatten.output.name, flatten.output.type)
        index = np.arange(flat.size).reshape(image.shape).transpose(order).reshape(-1)
        changes[moved] = ()
        changes[flatten] = (
            Transpose(moved.name, (image,), (turned,), order),
            replace(flatten, inputs=(turned,), outputs=(flat,)),
        )
        for layer in layers:
            weights: Array = np.ascontiguousarray(layer.weights[:, index])
            changes[layer] = (replace(layer, inputs=(flat,), weights=weights),)
    return graph.rewritten(changes, {})


def _flattens(graph: Graph, op: Op) -> list[FullyConnected]:
    """The layers that read an image flattened by `op`, when nothing else sees it."""
    if not isinstance(op, Reshape) or op.output in graph.outputs or len(op.output.shape) != 2:
        return []
    moved = graph.producer(op.input)
    if not isinstance(moved, Transpose) or graph.only_user(op.input) is not op:
        return []
    if moved.permutation != tuple(range(len(op.input.shape))) or moved.moves_nothing:
        return []
    users = graph.users(op.output)
    layers = [user for user in users if isinstance(user, FullyConnected)]
    return layers if len(layers) == len(users) else []
