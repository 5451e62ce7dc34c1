"""From graph to plan: kernels, the weights array, the arena."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.arena import Buffer, align, place
from codegen.graph import Graph, Tensor
from codegen.kernels.fuse import Kernels, fuse
from codegen.operator import Constants, LayerPlan
from codegen.ops import operator_of

INPUT, OUTPUT = "input", "output"
PORTABLE = Kernels()


@dataclass(frozen=True)
class PlacedConstants:
    """A block of constants and where it starts in the network's weights array."""

    block: Constants
    layer: int
    offset: int


@dataclass(frozen=True)
class Step:
    """A layer with the places of what it reads and writes.

    Attributes:
        source, target: `input`, `output`, or the arena offset in bytes.
        scratch, late: arena offsets of its scratch bytes and of those it needs late, or None.
        constants: offset in the weights array by block key.
    """

    index: int
    layer: LayerPlan
    source: str | int
    target: str | int
    scratch: int | None
    late: int | None
    constants: dict[str, int]


@dataclass(frozen=True)
class Plan:
    """Everything the templates need to know about a network.

    Attributes:
        steps: what is computed, in order; views (reshapes) are left out.
        constants: the weights array, in the order in which it is read.
        weights_size: its bytes.
        arena_size: bytes of the activations array.
        input_offset, output_offset: the network's own input and output buffers in the arena.
    """

    graph: Graph
    steps: tuple[Step, ...]
    constants: tuple[PlacedConstants, ...]
    weights_size: int
    arena_size: int
    input_offset: int
    output_offset: int


def plan_network(graph: Graph, kernels: Kernels = PORTABLE) -> Plan:
    """Plan every node, fuse what has fast kernels, lay out constants and arena."""
    layers = [operator_of(node).plan(node) for node in graph.nodes]
    computed = fuse(graph, [layer for layer in layers if layer.kernel != "view"], kernels)
    constants, weights_size = _lay_out(computed)
    buffers, names = _buffers(graph.input, computed)
    offsets, arena_size = place(buffers)
    steps = []
    for index, layer in enumerate(computed):
        steps.append(
            Step(
                index,
                layer,
                INPUT if index == 0 else offsets[names[index - 1]],
                OUTPUT if index == len(computed) - 1 else offsets[names[index]],
                offsets.get(f"scratch {index}"),
                offsets.get(f"late {index}"),
                {c.block.key: c.offset for c in constants if c.layer == index},
            )
        )
    return Plan(
        graph,
        tuple(steps),
        tuple(constants),
        weights_size,
        arena_size,
        offsets[INPUT],
        offsets[OUTPUT],
    )


def _lay_out(layers: list[LayerPlan]) -> tuple[list[PlacedConstants], int]:
    constants, offset = [], 0
    for index, layer in enumerate(layers):
        for block in layer.constants:
            constants.append(PlacedConstants(block, index, offset))
            offset += align(len(block.data))
    return constants, offset


def _buffers(network_input: Tensor, layers: list[LayerPlan]) -> tuple[list[Buffer], list[str]]:
    """The arena's buffers with their lifetimes, and the name of each step's output.

    A step has two times: it reads at 2 * index and writes at 2 * index + 1. Most kernels write
    while they read, so their input lives through both.
    """
    last = len(layers) - 1
    names = [OUTPUT if index == last else f"tensor {index}" for index in range(len(layers))]
    read = [2 * i + (1 if layer.late is None else 0) for i, layer in enumerate(layers)]
    buffers = [Buffer(INPUT, network_input.size, 0, read[0] if read else 0)]
    for index, layer in enumerate(layers):
        writes = 2 * index + (0 if layer.late is None else 1)
        until = read[index + 1] if index < last else 2 * index + 1
        buffers.append(Buffer(names[index], layer.node.output.size, writes, until))
        if layer.scratch:
            buffers.append(Buffer(f"scratch {index}", layer.scratch, 2 * index, 2 * index + 1))
        if layer.late:
            buffers.append(Buffer(f"late {index}", layer.late, 2 * index + 1, 2 * index + 1))
    if not layers:
        buffers.append(Buffer(OUTPUT, network_input.size, 0, 0))
    return buffers, names
