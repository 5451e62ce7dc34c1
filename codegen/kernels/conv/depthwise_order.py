"""The order of a row's instructions: what waits for nothing stands between what waits.

The row is listed by the longest way to its end, then single instructions are moved as long as its
cycles do not grow by two models of a Cortex-M7 (two_a_cycle.py) together, seeded, so that a row has
one order. Registers stay as they are: who reads or writes what another writes keeps its side of it.
Only sums of products may change places, modulo 2^32.

Planes lie in scratch, outputs elsewhere: loads and stores never meet.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from codegen.kernels.conv.depthwise_row import Body, Instruction
from codegen.kernels.conv.two_a_cycle import (
    ALONE,
    EARLY,
    FACTOR,
    MODELS,
    PLAIN,
    SUM,
    Node,
    Timing,
    timed,
)

# Registers of the FPU come behind the core's.
_SINGLE = 16
_ALWAYS = {"input": 0, "output": 1, "stack": 13, "scale": _SINGLE}
# Moves that are tried, times instructions; how far they go, and their seed.
_MOVES, _FAR, _SEED = 120_000, 20, 7
# How far ahead of its place an instruction is listed, and what its place counts beside a cycle.
_AHEAD, _PLACE = 24, 0.35

# Kind → what it occupies, what it reads and how, what it writes; of the instruction, or one of the
# registers that are always the same.
_STACK_LOAD = ("load", (("stack", EARLY),), ("to",))
_OF_FPU = ("float", (("single", PLAIN), ("scale", PLAIN)), ("single",))
_SATURATE = ("saturate", (("to", ALONE),), ("to",))
_FACTORS = (("source", FACTOR), ("weights", FACTOR))
_KINDS: dict[str, tuple[str, tuple[tuple[str, int], ...], tuple[str, ...]]] = {
    "word": ("load", (("input", EARLY),), ("to",)),
    "factor": _STACK_LOAD,
    "addend": _STACK_LOAD,
    "end": _STACK_LOAD,
    "begin": ("product", _FACTORS, ("to",)),
    "add": ("product", (*_FACTORS, ("to", SUM)), ("to",)),
    "multiply": ("product", (("to", FACTOR), ("source", FACTOR), ("weights", SUM)), ("to",)),
    "raise": ("shift", (("to", ALONE),), ("to",)),
    "clip": _SATURATE,
    "positive": _SATURATE,
    "limit": _SATURATE,
    "store": ("store", (("to", SUM), ("output", EARLY)), ()),
    "shift": ("plain", (("to", EARLY), ("source", PLAIN)), ("to",)),
    "point": ("plain", (("to", PLAIN),), ("to",)),
    "input": ("plain", (("input", PLAIN),), ("input",)),
    "move": ("plain", (("output", PLAIN),), ("output",)),
    "compare": ("plain", (("to", PLAIN), ("input", PLAIN)), ()),
    "to_fpu": ("float", (("to", PLAIN),), ("single",)),
    "convert": _OF_FPU,
    "scale": _OF_FPU,
    "round": _OF_FPU,
    "from_fpu": ("from_fpu", (("single", PLAIN),), ("to",)),
}


def _node(one: Instruction) -> Node:
    unit, reads, writes = _KINDS[one.kind]
    registers = {
        "to": one.to,
        "source": one.source,
        "weights": one.weights,
        "single": _SINGLE + one.single,
        **_ALWAYS,
    }
    return Node(
        unit,
        tuple((registers[name], way) for name, way in reads),
        tuple(registers[name] for name in writes),
        one.kind == "add",
    )


@lru_cache(maxsize=64)
def in_order(body: Body) -> Body:
    """The same row; the instructions of each segment stand so that fewer cycles pass."""
    segments = (
        replace(each, instructions=tuple(arranged(each.instructions))) for each in body.segments
    )
    return Body(tuple(segments))


def arranged(lines: Sequence[Instruction]) -> list[Instruction]:
    """The same instructions, in an order that takes fewer cycles by both models."""
    nodes = [_node(each) for each in lines]
    before = _before(nodes)
    plain = list(range(len(lines)))
    timing = Timing(timed(nodes))
    order = min((plain, _listed(nodes, before)), key=timing.cycles)
    return [lines[at] for at in _improved(timing, before, order)]


def _before(nodes: Sequence[Node]) -> list[dict[int, int]]:
    """Of each instruction those that stay before it, and cycles that it comes behind them."""
    return [
        {at: gap for at in range(own) if (gap := _gap(nodes[at], node)) is not None}
        for own, node in enumerate(nodes)
    ]


def _gap(earlier: Node, later: Node) -> int | None:
    """Cycles between two of a row; None where they may change places."""
    if earlier.sums and later.sums and earlier.writes == later.writes:
        return None
    gaps = [
        max(model.latencies[earlier.unit][way] for model in MODELS)
        for register, way in later.reads
        if register in earlier.writes
    ]
    gaps += [1 for register in later.writes if register in earlier.writes]
    gaps += [0 for register, _ in earlier.reads if register in later.writes]
    return max(gaps, default=None)


def _listed(nodes: Sequence[Node], before: Sequence[dict[int, int]]) -> list[int]:
    """List scheduling by the longest way to the end."""
    after: list[list[tuple[int, int]]] = [[] for _ in nodes]
    for at, own in enumerate(before):
        for other, gap in own.items():
            after[other].append((at, gap))
    height = [0] * len(nodes)
    for at in reversed(range(len(nodes))):
        height[at] = max((gap + height[later] for later, gap in after[at]), default=0)
    left = [len(own) for own in before]
    ready = {at: 0 for at, count in enumerate(left) if not count}
    since = [0] * len(nodes)
    order: list[int] = []
    done: set[int] = set()
    now = first = 0
    while ready:
        older = ""
        for _ in range(2):
            while first in done:
                first += 1
            able = [
                at
                for at, cycle in ready.items()
                if cycle <= now
                and at < first + _AHEAD
                and (not older or all(m.beside(nodes[at].unit, older) for m in MODELS))
            ]
            if not able:
                break
            at = min(able, key=lambda each: (_PLACE * each - height[each], each))
            del ready[at]
            done.add(at)
            order.append(at)
            older = nodes[at].unit
            for later, gap in after[at]:
                since[later] = max(since[later], now + gap)
                left[later] -= 1
                if not left[later]:
                    ready[later] = since[later]
        now += 1
    return order


def _improved(timing: Timing, before: Sequence[dict[int, int]], order: list[int]) -> list[int]:
    """The order after seeded moves that cost nothing."""
    chance = random.Random(_SEED)
    best = timing.cycles(order)
    timing.keep()
    for _ in range(_MOVES // len(order)):
        place = chance.randrange(len(order))
        one, other = order[place], order[:place] + order[place + 1 :]
        low = high = place
        while low > max(0, place - _FAR) and other[low - 1] not in before[one]:
            low -= 1
        while high < min(len(other), place + _FAR) and one not in before[other[high]]:
            high += 1
        moved = chance.randint(low, high)
        if moved == place:
            continue
        other.insert(moved, one)
        taken = timing.cycles(other, min(place, moved))
        if taken <= best:
            best, order = taken, other
            timing.keep()
    return order
