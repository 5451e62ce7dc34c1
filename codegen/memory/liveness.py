"""Lifetimes: from when to when the bytes of each value are needed.

A step has two times: it reads at 2 * index and writes at 2 * index + 1. Most kernels write while
they read, so what they read and what they write live through both. A kernel with `late` bytes has
read everything before it writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codegen.ir.graph import Graph, Value
from codegen.kernels.kernel import Lowered
from codegen.memory.arena import Buffer, Sharing, align
from codegen.memory.homes import Homes


@dataclass(frozen=True)
class Lifetimes:
    """The arena's buffers, what may overlap, and the buffer of each root value.

    Attributes:
        names: root value → name of its buffer.
    """

    buffers: tuple[Buffer, ...]
    sharings: tuple[Sharing, ...]
    names: dict[Value, str]


def scratch_name(step: int) -> str:
    """The buffer of a step's scratch bytes."""
    return f"scratch {step}"


def late_name(step: int) -> str:
    """The buffer of the bytes that a step needs once it has read its inputs."""
    return f"late {step}"


def lifetimes(graph: Graph, homes: Homes, steps: Sequence[Lowered]) -> Lifetimes:
    """Buffers of all values, of scratch and late bytes.

    Inputs live from the beginning until they have been read, outputs until the end: both lie in the
    arena unless the caller says otherwise.
    """
    spans: dict[Value, tuple[int, int]] = {homes[value].root: (0, 0) for value in graph.inputs}

    def lives(value: Value, time: int) -> None:
        root = homes[value].root
        first, last = spans.get(root, (time, time))
        spans[root] = min(first, time), max(last, time)

    for index, step in enumerate(steps):
        for value in step.op.inputs:
            lives(value, 2 * index + (1 if step.late is None else 0))
        for value in step.op.outputs:
            lives(value, 2 * index + (0 if step.late is None else 1))
            lives(value, 2 * index + 1)
    for value in graph.outputs:
        lives(value, 2 * len(steps))
    names = {root: f"value {number}" for number, root in enumerate(spans)}
    buffers = [Buffer(names[root], root.bytes, *span) for root, span in spans.items()]
    for index, step in enumerate(steps):
        if step.scratch:
            buffers.append(Buffer(scratch_name(index), step.scratch, 2 * index, 2 * index + 1))
        if step.late:
            buffers.append(Buffer(late_name(index), step.late, 2 * index + 1, 2 * index + 1))
    sharings = [
        sharing
        for index, step in enumerate(steps)
        for sharing in (
            *_sharings(step, 2 * index, homes, spans, names),
            *_with_scratch(step, index, homes, spans, names),
        )
    ]
    return Lifetimes(tuple(buffers), tuple(sharings), names)


def _sharings(
    step: Lowered,
    time: int,
    homes: Homes,
    spans: dict[Value, tuple[int, int]],
    names: dict[Value, str],
) -> list[Sharing]:
    """Inputs whose bytes nobody needs after this step, where the kernel says how they may overlap
    the output."""
    if not step.overlaps:
        return []
    target = homes[step.op.outputs[0]]
    if spans[target.root][0] < time:
        return []  # other parts of the output's root are there already
    stated = {overlap.input: overlap for overlap in step.overlaps}
    found = []
    for root in dict.fromkeys(homes[value].root for value in step.op.inputs):
        reading = [i for i, value in enumerate(step.op.inputs) if homes[value].root is root]
        if (
            root is target.root
            or spans[root][1] > time + 1
            or not all(i in stated for i in reading)
        ):
            continue
        distances = [
            stated[i].distance - homes[step.op.inputs[i]].offset + target.offset for i in reading
        ]
        exact = any(stated[i].exact for i in reading)
        if exact and len(set(distances)) > 1:
            continue
        found.append(Sharing(names[root], names[target.root], max(distances), exact))
    return found


def _with_scratch(
    step: Lowered,
    index: int,
    homes: Homes,
    spans: dict[Value, tuple[int, int]],
    names: dict[Value, str],
) -> Iterator[Sharing]:
    """The scratch under an input that nobody needs once the step has read it, and over an output of
    which nothing is there before the step writes it, where the kernel says so."""
    scratch = scratch_name(index)
    if step.input_in_scratch is not None:
        source = homes[step.op.inputs[0]]
        if spans[source.root][1] <= 2 * index:
            yield Sharing(names[source.root], scratch, step.input_in_scratch - source.offset)
    if step.output_in_scratch:
        target = homes[step.op.outputs[0]]
        if spans[target.root][0] > 2 * index:
            yield Sharing(scratch, names[target.root], -align(step.scratch))
