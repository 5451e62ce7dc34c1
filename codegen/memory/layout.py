"""All of a network's bytes in their places: homes, lifetimes and the arena together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codegen.ir.graph import Graph, Value
from codegen.kernels.kernel import Lowered
from codegen.memory.arena import Arena as Packing
from codegen.memory.arena import place
from codegen.memory.homes import Homes
from codegen.memory.liveness import Lifetimes, late_name, lifetimes, scratch_name
from codegen.memory.places import Arena, Input, Output, Place


@dataclass(frozen=True)
class Layout:
    """Where everything lies.

    Attributes:
        packing: the arena, its size and its bound.
    """

    graph: Graph
    homes: Homes
    lives: Lifetimes
    packing: Packing

    def in_arena(self, value: Value) -> Arena:
        """A value's bytes in the arena; of inputs and outputs, unless the caller has others."""
        home = self.homes[value]
        return Arena(self.packing.offsets[self.lives.names[home.root]] + home.offset)

    def place(self, value: Value) -> Place:
        """Where a kernel finds a value: by the caller's address for inputs and outputs."""
        home = self.homes[value]
        for kind, ends in ((Output, self.graph.outputs), (Input, self.graph.inputs)):
            for index, end in enumerate(ends):
                if self.homes[end].root is home.root:
                    return kind(index, home.offset)
        return self.in_arena(value)

    def scratch(self, step: int) -> Arena | None:
        """A step's scratch bytes."""
        return self._named(scratch_name(step))

    def late(self, step: int) -> Arena | None:
        """The bytes that a step needs once it has read its inputs."""
        return self._named(late_name(step))

    def _named(self, name: str) -> Arena | None:
        offset = self.packing.offsets.get(name)
        return None if offset is None else Arena(offset)


def lay_out(graph: Graph, homes: Homes, steps: Sequence[Lowered]) -> Layout:
    """Give every value, scratch and late bytes their places in the smallest arena found."""
    lives = lifetimes(graph, homes, steps)
    return Layout(graph, homes, lives, place(lives.buffers, lives.sharings))
