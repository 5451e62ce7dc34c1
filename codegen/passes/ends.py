"""Give every output of the network bytes of its own.

The caller may hand over any memory for an output, on any address. So nothing but the operation that
makes it may use its bytes: an output that others read, that is an input, or that shares its bytes
with another output is copied.
"""

from __future__ import annotations

from dataclasses import replace

from codegen.ir.graph import Graph, Value
from codegen.memory.homes import Homes
from codegen.ops.copy import Copy
from codegen.passes.lowering import Lowering


def own_outputs(graph: Graph, lowering: Lowering) -> Graph:
    """The graph with copies where outputs would share their bytes."""
    return copied_outputs(graph, Homes(graph))


def copied_outputs(graph: Graph, homes: Homes) -> Graph:
    """The same, with homes that are known."""
    taken: set[Value] = {homes[value].root for value in graph.inputs}
    for op in graph.ops:
        if not homes.vanishes(op):
            taken |= {homes[value].root for value in op.inputs}
    copies: list[Copy] = []
    outputs: list[Value] = []
    for value in graph.outputs:
        root = homes[value].root
        if root in taken or homes[value].offset or root.bytes != value.bytes:
            copy = Value(value.name, value.type)
            copies.append(Copy(value.name, (value,), (copy,)))
            outputs.append(copy)
        else:
            outputs.append(value)
        taken.add(root)
    return replace(graph, ops=(*graph.ops, *copies), outputs=tuple(outputs))
