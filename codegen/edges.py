"""What each layer of the manifest reads: the network's edges, between layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from codegen.ir.graph import Value
from codegen.plan import Plan

# The kind of an end ("input", "layer", "output") and its number among these.
End = tuple[str, int]


def edges(plan: Plan) -> list[dict[str, Any]]:
    """`{"from": ["input", 0], "to": ["layer", 2], "shape": […]}` of every edge, by its end.

    Shapes are without the batch, as the reader's edge has them. What is no layer, because it moves
    no byte, is no end either: the edge goes on to what it reads.
    """
    made: dict[Value, End] = {
        value: ("input", index) for index, value in enumerate(plan.lowered.inputs)
    }
    reads: list[tuple[End, tuple[Value, ...]]] = []
    for step in plan.steps:
        for number, layer in zip(step.numbers, step.lowered.layers, strict=True):
            made |= dict.fromkeys(layer.op.outputs, ("layer", number))
            reads.append((("layer", number), layer.op.inputs))
    reads.sort(key=lambda each: each[0][1])
    reads += [(("output", k), (value,)) for k, value in enumerate(plan.lowered.outputs)]
    return [
        {"from": list(source), "to": list(end), "shape": list(value.shape[1:])}
        for end, values in reads
        for value in values
        for source in _sources(plan, value, made)
    ]


def _sources(plan: Plan, value: Value, made: dict[Value, End]) -> Iterator[End]:
    """The ends that a value's bytes come from."""
    if value in made:
        yield made[value]
        return
    # Views lie between operations as they were lowered, and inside of a chain as they were read.
    above = plan.lowered.producer(value) or plan.graph.producer(value)
    for read in above.inputs if above is not None else ():
        yield from _sources(plan, read, made)
