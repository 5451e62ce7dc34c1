"""From graph to plan: passes, kernels, the weights array, the arena."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby

import numpy as np

from codegen.ir.graph import Fused, Graph, Op, Value
from codegen.ir.verify import verify
from codegen.kernels.kernel import Activity, Constants, Lowered
from codegen.kernels.registry import choose, every_form, relative, tabled, without_tables
from codegen.kernels.wanted import PORTABLE, Kernels
from codegen.memory import forms as memory_forms
from codegen.memory.arena import align
from codegen.memory.code import CodeBudget, code_bytes, limit
from codegen.memory.forms import Trade, choose_steps
from codegen.memory.homes import Homes
from codegen.memory.layout import Layout, lay_out
from codegen.memory.places import Arena, Place, Weights
from codegen.memory.tables import Budget, spend
from codegen.ops import computes
from codegen.passes.fully_connected_chains import layers_apart
from codegen.passes.lowering import Lowering
from codegen.passes.pipeline import run_passes
from codegen.passes.rows import in_rows, row_pairs
from codegen.reference import all_values
from codegen.target import CORTEX_M7, Target

# Calibration inputs beyond this many tell nothing new.
MAX_SAMPLES = 2000
# A block of weights that has so many bytes takes no further layer: what is placed on its own should
# neither be most of a memory nor so small that its address costs more than it gains.
BLOCK_BYTES = 16 << 10
# What init looks at, at the end of each block of weights.
CHECK_BYTES = 4


@dataclass(frozen=True)
class PlacedConstants:
    """A block of constants and where it lies among the network's weights."""

    block: Constants
    step: int
    place: Weights


@dataclass(frozen=True)
class Block:
    """An array of constants in the generated sources; the linker places each on its own.

    Attributes:
        constants: in their order.
        size: bytes, with the word that is checked at init.
    """

    constants: tuple[PlacedConstants, ...]
    size: int

    @property
    def data(self) -> bytes:
        """The constants, without the last word."""
        data = bytearray(self.size - CHECK_BYTES)
        for placed in self.constants:
            start = placed.place.offset
            data[start : start + len(placed.block.data)] = placed.block.data
        return bytes(data)

    @property
    def check(self) -> int:
        """The last word: the CRC-32 (zlib's) of all words before it.

        Never what a memory may hold by itself: zero, or the ones of an erased flash.
        """
        check = zlib.crc32(self.data)
        return check if check not in (0, 0xFFFFFFFF) else 1


@dataclass(frozen=True)
class Step:
    """An operation with the places of what it reads and writes.

    Attributes:
        numbers: of its layers: the place of each of the model's operations among all that are
            computed, in the order of the graph as it was read; then what passes have added.
        scratch, late: its scratch bytes and those it needs late, or None.
        constants: in the order of `lowered.constants`.
        table: where its table begins among all tables, bytes; None: it has none.
    """

    index: int
    numbers: tuple[int, ...]
    lowered: Lowered
    inputs: tuple[Place, ...]
    outputs: tuple[Place, ...]
    scratch: Arena | None
    late: Arena | None
    constants: tuple[Weights, ...]
    table: int | None = None


@dataclass(frozen=True)
class Plan:
    """Everything the templates need to know about a network.

    Attributes:
        graph: as it was read.
        lowered: after all passes.
        steps: what is computed, in order; views are left out.
        blocks: the weights, in the order in which they are read.
        layout: where every value lies in the activations array.
        target: the processor that kernels were chosen for.
        trade: memory against speed.
        budget: what tables cost and buy.
        code: what generated code may be, and what more would buy.
    """

    graph: Graph
    lowered: Graph
    steps: tuple[Step, ...]
    blocks: tuple[Block, ...]
    layout: Layout
    target: Target
    trade: Trade
    budget: Budget
    code: CodeBudget

    @property
    def arena_size(self) -> int:
        """Bytes of the activations array."""
        return self.layout.packing.size

    @property
    def inputs(self) -> tuple[Arena, ...]:
        """Where the network's own input buffers lie in the arena."""
        return tuple(map(self.layout.in_arena, self.lowered.inputs))

    @property
    def outputs(self) -> tuple[Arena, ...]:
        """Where the network's own output buffers lie in the arena."""
        return tuple(map(self.layout.in_arena, self.lowered.outputs))

    @property
    def own_code_bytes(self) -> int:
        """Most bytes of the code that kernels have the network define, beside its assembly."""
        return code_bytes(piece for step in self.steps for piece in step.lowered.own_code)

    @property
    def described(self) -> int:
        """Layers with a description of their own; those in one pass over rows have one each."""
        return sum(step.lowered.described for step in self.steps)

    @property
    def sources(self) -> set[str]:
        """Which of firmware/runtime/kernels/nn_<…>.c compute it."""
        return {name for step in self.steps for name in step.lowered.files}

    @property
    def weights_size(self) -> int:
        """Bytes of all blocks of weights."""
        return sum(block.size for block in self.blocks)

    @property
    def tables_size(self) -> int:
        """Bytes of RAM for tables that init makes."""
        return sum(step.lowered.tables for step in self.steps)

    @property
    def more_tables(self) -> tuple[tuple[int, float], ...]:
        """Bytes of tables that more RAM would have room for, and the estimated cycles that they
        would save, in percent of those now."""
        return self._in_percent(self.budget.offers)

    @property
    def code_bytes(self) -> int:
        """Most bytes of code that convolutions have generated for themselves."""
        return code_bytes(piece for step in self.steps for piece in step.lowered.code)

    @property
    def more_code(self) -> tuple[tuple[int, float], ...]:
        """Bytes of such code that a larger limit would allow, and the estimated cycles that they
        would save, in percent of those now."""
        return self._in_percent(self.code.offers)

    def _in_percent(self, offers: tuple[tuple[int, float], ...]) -> tuple[tuple[int, float], ...]:
        cycles = self.trade.cycles + self.trade.slower
        return tuple((size, 100 * saved / cycles) for size, saved in offers)

    @property
    def constants(self) -> tuple[PlacedConstants, ...]:
        """All constants, in the order in which they are read."""
        return tuple(placed for block in self.blocks for placed in block.constants)


def plan_network(graph: Graph, kernels: Kernels = PORTABLE, target: Target = CORTEX_M7) -> Plan:
    """Run the passes, choose kernels, lay out constants and arena.

    Raises:
        UserError: an operation that no kernel takes.
    """
    lowering = Lowering(target, kernels, activity_of(graph, kernels))
    *_, (_, given) = run_passes(graph, lowering)
    budget = _budget(given, lowering)
    code = _code_budget(given, lowering, budget)
    trade = _trade(given, lowering, budget, code)
    final, lowered = verify(trade.graph), trade.steps
    homes = Homes(final)
    blocks = _blocks(lowered)
    constants = [placed for block in blocks for placed in block.constants]
    layout = lay_out(final, homes, lowered)
    numbers = _numbers(graph, lowered)
    steps = []
    tables = 0
    for index, each in enumerate(lowered):
        steps.append(
            Step(
                index=index,
                numbers=tuple(numbers[part.op.outputs[0]] for part in each.layers),
                lowered=each,
                inputs=tuple(map(layout.place, each.op.inputs)),
                outputs=tuple(map(layout.place, each.op.outputs)),
                scratch=layout.scratch(index),
                late=layout.late(index),
                constants=tuple(c.place for c in constants if c.step == index),
                table=tables if each.tables else None,
            )
        )
        tables += each.tables
    return Plan(
        graph=graph,
        lowered=final,
        steps=tuple(steps),
        blocks=blocks,
        layout=layout,
        target=target,
        trade=trade,
        budget=budget,
        code=code,
    )


def activity_of(graph: Graph, kernels: Kernels) -> Activity:
    """Every value's elements for the calibration inputs."""
    inputs = kernels.calibration
    if kernels.wanted == "portable" or inputs is None or not len(inputs):
        return {}
    return all_values(graph, np.ascontiguousarray(inputs[:MAX_SAMPLES]))


def _budget(graph: Graph, lowering: Lowering) -> Budget:
    """Which layers have tables of their own."""
    wanted = lowering.kernels.wanted
    found = {op: tabled(op, lowering.target, lowering.activity, wanted) for op in graph.ops}
    wishes = {op: each for op, each in found.items() if each is not None}
    return spend(wishes, lowering.kernels.table_memory)


def _code_budget(graph: Graph, lowering: Lowering, budget: Budget) -> CodeBudget:
    """Which code layers have of their own."""
    allowed = lowering.kernels.code_memory
    if allowed is None or lowering.kernels.wanted == "portable":
        return CodeBudget()
    forms = (_all_forms(op, lowering, budget) for op in graph.ops)
    return limit([each for each in forms if each], allowed)


def _all_forms(op: Op, lowering: Lowering, budget: Budget) -> tuple[Lowered, ...]:
    """Those of every kernel, within its tables."""
    known = (lowering.target, lowering.activity, lowering.kernels.wanted)
    return every_form(op, *known, budget.grants.get(op, 0))


def _trade(graph: Graph, lowering: Lowering, budget: Budget, code: CodeBudget) -> Trade:
    """Memory against speed: forms of all steps, and which layers run with a neighbour."""
    forms = cache(lambda op: _within(code, op, lowering, budget))
    pairs = row_pairs(graph, lowering)
    apart = layers_apart(graph, lowering)

    def alternatives(current: Graph) -> Iterator[tuple[frozenset[Op], Graph]]:
        there = frozenset(current.ops)
        for pair in pairs:
            if there.issuperset(pair.fused) and forms(pair):
                yield frozenset(pair.fused), in_rows(current, pair)
        for chain, layers in apart.items():
            if chain in there:
                yield frozenset(chain.operations), current.rewritten({chain: layers}, {})

    small = lowering.kernels.wanted == "small"
    price = memory_forms.SMALL_PRICE if small else memory_forms.PRICE
    return choose_steps(graph, forms, alternatives, price)


def _within(code: CodeBudget, op: Op, lowering: Lowering, budget: Budget) -> tuple[Lowered, ...]:
    """An operation's forms whose code is allowed; none of layers in one pass, where theirs is
    not."""
    forms = _forms(op, lowering, budget)
    if isinstance(op, Fused) or code.allows(forms[0]):
        return tuple(form for form in forms if code.allows(form))
    why = f"{forms[0].kernel}: more code than code_memory has room for"
    others = [form for form in _all_forms(op, lowering, budget) if code.allows(form)]
    return relative([replace(form, why=f"{form.why}; {why}") for form in others])


def _forms(op: Op, lowering: Lowering, budget: Budget) -> tuple[Lowered, ...]:
    """An operation's forms, behind one with tables those without any."""
    known = (lowering.target, lowering.activity, lowering.kernels.wanted)
    forms = choose(op, *known)
    if op in budget.grants:
        tabled_forms = choose(op, *known, budget.grants[op])
        gained = forms[0].cycles - tabled_forms[0].cycles
        others = (replace(form, slower=form.slower + gained) for form in forms)
        forms = (*tabled_forms, *others)
    elif lowering.kernels.table_memory and lowering.kernels.wanted != "portable":
        reason = without_tables(op, lowering.target, lowering.kernels.wanted, budget.left)
        if reason:
            forms = tuple(replace(form, why=f"{form.why}; no tables: {reason}") for form in forms)
    refused = lowering.refused.get(op)
    if not refused:
        return forms
    return tuple(replace(form, why=f"{form.kernel}: {refused}") for form in forms)


def _numbers(graph: Graph, steps: Sequence[Lowered]) -> dict[Value, int]:
    """The number of the operation that makes a value: that of the reference's layers, whatever is
    fused with what. Passes may make an operation anew, not what it writes."""
    known = dict.fromkeys(op.outputs[0] for op in graph.ops if computes(op))
    made = dict.fromkeys(part.op.outputs[0] for step in steps for part in step.layers)
    return {value: number for number, value in enumerate(known | made)}


def _blocks(steps: Sequence[Lowered]) -> tuple[Block, ...]:
    """All constants in the order in which they are read; a block ends with the layer that fills it.

    A layer's constants stay together: its kernel gets one address. What is left in the end and
    fills no block goes with the last one.
    """
    blocks: list[Block] = []
    constants: list[PlacedConstants] = []
    offset = 0
    left = sum(align(len(block.data)) for step in steps for block in step.constants)
    for index, step in enumerate(steps):
        for _, layer in groupby(step.constants, key=lambda each: each.member):
            if min(offset, left) >= BLOCK_BYTES:
                blocks.append(Block(tuple(constants), offset + CHECK_BYTES))
                constants, offset = [], 0
            for each in layer:
                constants.append(PlacedConstants(each, index, Weights(len(blocks), offset)))
                offset += align(len(each.data))
                left -= align(len(each.data))
    return (*blocks, Block(tuple(constants), offset + CHECK_BYTES))
