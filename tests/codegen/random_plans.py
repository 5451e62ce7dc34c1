"""Random graphs of synthetic operations, planned and played byte by byte.

The operations do what no operator does yet: views and parts at offsets, several outputs, kernels
that overlap their input by a distance, in place, with scratch and late bytes.
`python -m tests.codegen.random_plans --plans 5000 --seed 1` is a campaign.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from codegen.ir.graph import Graph, Op, Value
from codegen.ir.types import DType, TensorType
from codegen.ir.verify import verify
from codegen.kernels.kernel import Lowered, Overlap
from codegen.memory.homes import Homes
from codegen.memory.layout import Layout, lay_out
from codegen.operator import Alias
from codegen.passes.ends import copied_outputs
from support.errors import UserError, run_cli

Rng = np.random.Generator
Memory = npt.NDArray[np.int64]
JUNK = -1


@dataclass(frozen=True, eq=False)
class Synthetic(Op):
    """An operation of units: unit u reads what is new below `reads[u]`, then writes to `writes[u]`.

    Attributes:
        aliases: for one that only moves bytes.
        reads, writes: bytes of input 0 read for the last time, of output 0 written, after each
            unit, both never falling; empty: everything is read whenever it likes.
    """

    aliases: tuple[Alias, ...] = ()
    reads: tuple[int, ...] = ()
    writes: tuple[int, ...] = ()
    scratch: int = 0
    late: int | None = None


def aliases_of(op: Op) -> tuple[Alias, ...]:
    """What a synthetic operation says of itself; a copy says nothing."""
    return op.aliases if isinstance(op, Synthetic) else ()


def distance(op: Synthetic) -> int:
    """The least safe distance: what a unit writes stays below what later units read."""
    size = op.inputs[0].bytes
    return max(
        (w - r for r, w in zip(op.reads, op.writes, strict=True) if r < size),
        default=-size,
    )


def random_graph(rng: Rng) -> Graph:
    """Three to fourteen operations; every value is of bytes without meaning."""
    inputs = [_value(rng, f"in{i}") for i in range(int(rng.integers(1, 4)))]
    values: list[Value] = list(inputs)
    ops: list[Op] = []
    for number in range(int(rng.integers(3, 15))):
        op = _operation(rng, values, f"op{number}")
        ops.append(op)
        values += op.outputs
    read = {value for op in ops for value in op.inputs}
    ends = [value for value in values[len(inputs) :] if value not in read]
    more = rng.integers(0, len(values), int(rng.integers(0, 3)))
    ends += dict.fromkeys(values[i] for i in more if values[i] not in ends)
    graph = verify(Graph(tuple(inputs), tuple(ends), tuple(ops), "random"))
    return verify(copied_outputs(graph, Homes(graph, aliases_of)))


def _value(rng: Rng, name: str, size: int | None = None) -> Value:
    bytes_ = int(rng.integers(1, 200)) if size is None else size
    return Value(name, TensorType((1, bytes_), None, DType.UINT8))


def _operation(rng: Rng, values: Sequence[Value], name: str) -> Synthetic:
    kind = rng.choice(["units", "units", "element", "join", "split", "view", "late", "plain"])
    source = values[int(rng.integers(max(0, len(values) - 4), len(values)))]
    if kind == "join":
        parts = [values[i] for i in rng.integers(0, len(values), int(rng.integers(1, 4)))]
        starts = [0, *accumulate(part.bytes for part in parts)]
        joins = tuple(Alias(input=i, output_offset=at) for i, at in enumerate(starts[:-1]))
        return Synthetic(name, tuple(parts), (_value(rng, name, starts[-1]),), joins)
    if kind == "split":
        cut = int(rng.integers(0, source.bytes)) & ~3
        sizes = [size for size in (cut, source.bytes - cut) if size]
        outputs = tuple(_value(rng, f"{name}.{i}", size) for i, size in enumerate(sizes))
        starts = [0, *accumulate(sizes)]
        views = tuple(Alias(output=i, input_offset=at) for i, at in enumerate(starts[:-1]))
        return Synthetic(name, (source,), outputs, views)
    if kind == "view":
        return Synthetic(name, (source,), (_value(rng, name, source.bytes),), (Alias(),))
    if kind == "element":
        whole = tuple(range(1, source.bytes + 1))
        target = _value(rng, name, source.bytes)
        return Synthetic(name, (source,), (target,), reads=whole, writes=whole)
    others = [values[i] for i in rng.integers(0, len(values), int(rng.integers(0, 2)))]
    op = Synthetic(name, (source, *others), (_value(rng, name),))
    scratch = int(rng.integers(1, 100)) if rng.random() < 0.5 else 0
    if kind == "late":
        return replace(op, scratch=scratch, late=int(rng.integers(0, 150)))
    if kind == "plain":
        return replace(op, scratch=scratch)
    units = int(rng.integers(1, 9))
    reads = np.sort(rng.integers(0, source.bytes + 1, units - 1)).tolist()
    writes = np.sort(rng.integers(0, op.outputs[0].bytes + 1, units - 1)).tolist()
    ends = (source.bytes,), (op.outputs[0].bytes,)
    return replace(op, scratch=scratch, reads=(*reads, *ends[0]), writes=(*writes, *ends[1]))


def lowered(op: Op) -> Lowered:
    """How a synthetic operation is planned."""
    if not isinstance(op, Synthetic):
        return Lowered(op, "copy", "test", "copies")
    overlaps = (Overlap(0, distance(op)),) if op.reads else ()
    return Lowered(op, "synthetic", "test", "", scratch=op.scratch, late=op.late, overlaps=overlaps)


def plan(graph: Graph) -> tuple[Layout, list[Op]]:
    """The layout of a graph, and what is left to compute."""
    homes = Homes(graph, aliases_of)
    steps = [op for op in graph.ops if not homes.vanishes(op)]
    return lay_out(graph, homes, [lowered(op) for op in steps]), steps


def contents(graph: Graph) -> dict[Value, Memory]:
    """What every byte of every value is: a number of its own, unless it is another's byte moved."""
    known: dict[Value, Memory] = {}
    count = 0
    for value in graph.values:
        known[value] = np.arange(count, count + value.bytes)
        count += value.bytes
    for op in graph.ops:
        if not isinstance(op, Synthetic):
            known[op.output] = known[op.input]
        for alias in aliases_of(op):
            source = known[op.inputs[alias.input]][alias.input_offset :]
            target = known[op.outputs[alias.output]][alias.output_offset :]
            size = min(len(source), len(target))
            target[:size] = source[:size]
    return known


def play(graph: Graph) -> str:
    """Run the plan of a graph on a memory of bytes; what goes wrong, empty: nothing."""
    layout, steps = plan(graph)
    known = contents(graph)
    memory: Memory = np.full(layout.packing.size, JUNK)
    for value in graph.inputs:
        _region(layout, memory, value)[:] = known[value]
    for index, op in enumerate(steps):
        wrong = _step(layout, memory, (index, op), known)
        if wrong:
            return f"step {index}, {op.name}: {wrong}"
    for value in graph.outputs:
        if not np.array_equal(_region(layout, memory, value), known[value]):
            return f"output {value.name} is overwritten"
    if layout.packing.size < layout.packing.bound.bytes:
        return "the arena is smaller than its bound"
    return ""


def _region(layout: Layout, memory: Memory, value: Value) -> Memory:
    start = layout.in_arena(value).offset
    return memory[start : start + value.bytes]


def _step(layout: Layout, memory: Memory, step: tuple[int, Op], known: dict[Value, Memory]) -> str:
    index, op = step
    size: int = 0
    late: int | None = None
    units: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    if isinstance(op, Synthetic):
        size, late, units = op.scratch, op.late, (op.reads, op.writes)
    scratch = layout.scratch(index)
    if scratch is not None:
        memory[scratch.offset : scratch.offset + size] = JUNK
    regions = [(_region(layout, memory, value), known[value]) for value in op.inputs]
    if late is not None:
        wrong = _unread(regions)
        place = layout.late(index)
        if place is not None:
            memory[place.offset : place.offset + late] = JUNK
        _write(layout, memory, op, known)
        return wrong
    if not units[0]:
        _write(layout, memory, op, known)
        return _unread(regions)
    (source, content), *others = regions
    target = _region(layout, memory, op.outputs[0])
    taken = written = 0
    for reads, writes in zip(*units, strict=True):
        if not np.array_equal(source[taken:], content[taken:]):
            return f"input 0 is overwritten behind byte {taken}"
        target[written:writes] = known[op.outputs[0]][written:writes]
        taken, written = reads, writes
    mine = _region(layout, memory, op.outputs[0])
    if not np.array_equal(mine, known[op.outputs[0]]):
        return "its output is overwritten"
    # The other inputs are read at any time; one that is input 0, too, by its units.
    return _unread([each for each in others if each[1] is not content])


def _write(layout: Layout, memory: Memory, op: Op, known: dict[Value, Memory]) -> None:
    for value in op.outputs:
        _region(layout, memory, value)[:] = known[value]


def _unread(regions: Sequence[tuple[Memory, Memory]]) -> str:
    """Which input is not there any more, though its kernel may still read it."""
    lost = [i for i, (found, content) in enumerate(regions) if not np.array_equal(found, content)]
    return f"input {lost[0]} is overwritten" if lost else ""


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    met = 0
    for number in range(given.plans):
        graph = random_graph(np.random.default_rng([given.seed, number]))
        wrong = play(graph)
        if wrong:
            raise UserError(f"plan {number} of seed {given.seed}: {wrong}")
        packing = plan(graph)[0].packing
        met += packing.size == max(packing.bound.bytes, 4)
    print(f"{given.plans:,} plans played, {met:,} as small as their bound")
    return 0


if __name__ == "__main__":
    run_cli("random_plans", main)
