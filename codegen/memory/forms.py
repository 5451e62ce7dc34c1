"""Memory against speed: which form of each step's kernel makes the arena small for few cycles.

What a step needs depends on its own form alone: the others' buffers are there or not, whatever
their forms. So every size of an arena has its cheapest choice, and the smallest size is taken whose
choice costs little.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from codegen.ir.graph import Graph, Op
from codegen.kernels.kernel import Lowered
from codegen.memory.arena import needs_of
from codegen.memory.homes import Homes
from codegen.memory.liveness import lifetimes

# Percent of a network's estimated cycles that may be given for each percent of the arena, and where
# less RAM goes before speed.
PRICE, SMALL_PRICE = 0.12, 1.0


@dataclass(frozen=True)
class Offer:
    """Bytes that are needed, and the estimated cycles more that they are had for."""

    bytes: int
    slower: float


@dataclass(frozen=True)
class Trade:
    """What the chosen forms are, and what they were chosen for.

    Attributes:
        graph: what is computed; some layers in one pass over rows with a neighbour.
        steps: a form of each of its operations.
        needs: bytes that each step needs with its form.
        fastest: bytes that the arena needs with each layer by itself in its fastest form.
        slower: estimated cycles that the forms take beyond those.
        cycles: estimated cycles of those.
        choices: of each step, every form that there was.
        others: what other arrays would cost, the smallest first: none needs more and is slower.
    """

    graph: Graph
    steps: tuple[Lowered, ...]
    needs: tuple[int, ...]
    fastest: int
    slower: float
    cycles: float
    choices: tuple[tuple[Offer, ...], ...] = ()
    others: tuple[Offer, ...] = ()

    @property
    def needed(self) -> int:
        """Bytes that the arena needs with these forms."""
        return max(self.needs, default=0)


def choose_forms(
    graph: Graph,
    homes: Homes,
    forms: Sequence[tuple[Lowered, ...]],
    price: float,
    whole: int | None = None,
) -> Trade | None:
    """Take the forms with which the arena is smallest, for at most a price.

    Args:
        price: as `PRICE`.
        forms: of each step, the fastest first.
        whole: bytes that the arena needs with each layer by itself in its fastest form; None: these
            are such layers.

    Returns:
        None: even the fastest forms take more.
    """
    needs = _needs(graph, homes, forms)
    fastest = max((own[0] for own in needs), default=0)
    whole = fastest if whole is None else whole
    cycles = sum(own[0].cycles - own[0].slower for own in forms)
    for size in sorted({need for own in needs for need in own if need <= fastest} | {fastest}):
        chosen = [_cheapest(own, need, size) for own, need in zip(forms, needs, strict=True)]
        taken = [each for each in chosen if each is not None]
        slower = sum(form.slower for form, _ in taken)
        if len(taken) == len(forms) and slower * whole <= price * (whole - size) * cycles:
            steps, needed = tuple(form for form, _ in taken), tuple(need for _, need in taken)
            choices = tuple(
                tuple(Offer(need, form.slower) for form, need in zip(own, all_needs, strict=True))
                for own, all_needs in zip(forms, needs, strict=True)
            )
            return Trade(graph, steps, needed, whole, slower, cycles, choices)
    return None


def offers(trades: Iterable[Trade]) -> tuple[Offer, ...]:
    """Arrays of every size that some choice of forms has, each with the cheapest choice that fits;
    of those that need as much and are as slow as another, or more, none is left."""
    found: dict[int, float] = {}
    for trade in trades:
        for size in sorted({each.bytes for own in trade.choices for each in own}):
            fitting = [[each.slower for each in own if each.bytes <= size] for own in trade.choices]
            if all(fitting):
                found[size] = min(sum(map(min, fitting)), found.get(size, math.inf))
    kept: list[Offer] = []
    for size, slower in sorted(found.items()):
        if not kept or slower < kept[-1].slower:
            kept.append(Offer(size, slower))
    return tuple(kept)


Alternative = tuple[frozenset[Op], Graph]


def choose_steps(
    graph: Graph,
    forms_of: Callable[[Op], tuple[Lowered, ...]],
    alternatives: Callable[[Graph], Iterable[Alternative]],
    price: float,
) -> Trade:
    """Join layers of the graph where that makes the arena smaller: of those that need most, the
    pair that lowers the need most, until none does.

    Args:
        forms_of: an operation's forms, the fastest first.
        price: as `PRICE`.
        alternatives: of a graph, the graphs with one more pair joined, each with its layers.
    """

    def trade(graph: Graph, whole: int | None = None) -> Trade | None:
        homes = Homes(graph)
        forms = [forms_of(op) for op in graph.ops if not homes.vanishes(op)]
        return choose_forms(graph, homes, forms, price, whole)

    best = current = trade(graph)
    assert best is not None and current is not None
    seen = [best]
    while True:
        most = {
            part
            for step, need in zip(current.steps, current.needs, strict=True)
            if need == current.needed
            for part in step.op.operations
        }
        tried = [
            trade(joined, best.fastest) for ops, joined in alternatives(current.graph) if ops & most
        ]
        found = min((each for each in tried if each is not None), key=_rank, default=None)
        if found is None or _rank(found) >= _rank(current):
            return replace(best, others=offers(seen))
        current = found
        seen.append(current)
        if current.needed < best.needed:
            best = current


def _rank(trade: Trade) -> list[int]:
    """The needs, the largest first: the less, the better."""
    return sorted(trade.needs, reverse=True)


def _cheapest(
    forms: Sequence[Lowered], needs: Sequence[int], size: int
) -> tuple[Lowered, int] | None:
    """The form that takes the fewest cycles of those that fit and its need, or None."""
    fitting = [(form, need) for form, need in zip(forms, needs, strict=True) if need <= size]
    return min(fitting, key=lambda each: each[0].slower, default=None)


def _needs(
    graph: Graph, homes: Homes, forms: Sequence[tuple[Lowered, ...]]
) -> list[tuple[int, ...]]:
    """Bytes that each form of each step needs while it runs."""
    found: list[list[int]] = [[] for _ in forms]
    for turn in range(max(map(len, forms), default=0)):
        lives = lifetimes(graph, homes, [own[min(turn, len(own) - 1)] for own in forms])
        needs = needs_of(lives.buffers, lives.sharings)
        for index, own in enumerate(forms):
            if turn < len(own):
                times = (needs.get(time, 0) for time in (2 * index, 2 * index + 1))
                found[index].append(max(times))
    return [tuple(own) for own in found]
