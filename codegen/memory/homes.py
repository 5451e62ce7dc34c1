"""Which values are the same bytes: views of a value, and parts of a concatenation made in place.

A value's home is a root value and an offset in its bytes. All values of one root are placed at once
and live from the first that is written to the last that is read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from codegen.ir.graph import Fused, Graph, Op, Value
from codegen.memory.arena import ALIGNMENT
from codegen.operator import Alias
from codegen.ops import operator_of


@dataclass(frozen=True)
class Home:
    """Where a value's bytes lie: from byte `offset` of `root`'s on."""

    root: Value
    offset: int


class Homes:
    """The homes of all values of a graph; whoever has no other is its own."""

    def __init__(self, graph: Graph, aliases: Callable[[Op], tuple[Alias, ...]] | None = None):
        """Join what can share bytes.

        Args:
            aliases: what an operation says of its outputs and inputs; the operator's own if None.
        """
        self._parents: dict[Value, Home] = {}
        self._graph = graph
        self._aliases = _of_operator if aliases is None else aliases
        for op in graph.ops:
            for alias in self._aliases(op):
                self._join(op, alias)

    def __getitem__(self, value: Value) -> Home:
        offset = 0
        while value in self._parents:
            home = self._parents[value]
            value, offset = home.root, offset + home.offset
        return Home(value, offset)

    def vanishes(self, op: Op) -> bool:
        """Whether all bytes that an operation would move are where they shall be."""
        aliases = self._aliases(op)
        return bool(aliases) and all(self._holds(op, alias) for alias in aliases)

    def _holds(self, op: Op, alias: Alias) -> bool:
        source, target = self[op.inputs[alias.input]], self[op.outputs[alias.output]]
        same = source.offset + alias.input_offset == target.offset + alias.output_offset
        return source.root is target.root and same

    def _join(self, op: Op, alias: Alias) -> None:
        # Kernels read words: what lies at no multiple of four is moved instead.
        if (alias.input_offset - alias.output_offset) % ALIGNMENT:
            return
        source, target = op.inputs[alias.input], op.outputs[alias.output]
        if alias.output_offset or target.bytes > source.bytes - alias.input_offset:
            self._join_within(source, target, alias)
        elif target not in self._parents:
            self._parents[target] = Home(source, alias.input_offset)

    def _join_within(self, source: Value, target: Value, alias: Alias) -> None:
        """A part of a larger value, which becomes its home unless it has one that it must keep."""
        home, around = self[source], self[target]
        movable = (
            home.offset == 0
            and alias.input_offset == 0
            and home.root.bytes == source.bytes
            and home.root is not around.root
            and home.root not in self._graph.inputs
            and not any(self[value].root is home.root for value in self._graph.outputs)
        )
        if movable:
            self._parents[home.root] = Home(target, alias.output_offset)


def _of_operator(op: Op) -> tuple[Alias, ...]:
    return () if isinstance(op, Fused) else operator_of(op).aliases(op)
