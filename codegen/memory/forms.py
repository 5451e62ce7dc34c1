"""Memory against speed: which form of each step's kernel makes the arena small for few cycles.

What a step needs depends on its own form alone: the others' buffers are there or not, whatever
their forms. So every size of an arena has its cheapest choice, and the smallest size is taken whose
choice costs little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codegen.ir.graph import Graph
from codegen.kernels.kernel import Lowered
from codegen.memory.arena import needs_of
from codegen.memory.homes import Homes
from codegen.memory.liveness import lifetimes

# Part of a network's estimated cycles that may be given for a smaller arena.
MOST = 0.1


@dataclass(frozen=True)
class Trade:
    """What the chosen forms are, and what they were chosen for.

    Attributes:
        steps: a form of each.
        fastest: bytes that the arena needs with the fastest form of each.
        needed: bytes that it needs with these.
        slower: estimated cycles that they take beyond the fastest ones.
        cycles: estimated cycles of the fastest ones.
    """

    steps: tuple[Lowered, ...]
    fastest: int
    needed: int
    slower: float
    cycles: float


def choose_forms(
    graph: Graph, homes: Homes, forms: Sequence[tuple[Lowered, ...]], most: float = MOST
) -> Trade:
    """Take the forms with which the arena is smallest, for at most `most` of the cycles.

    Args:
        forms: of each step, the fastest first.
    """
    needs = _needs(graph, homes, forms)
    fastest = max((own[0] for own in needs), default=0)
    cycles = sum(own[0].cycles for own in forms)
    best = Trade(tuple(own[0] for own in forms), fastest, fastest, 0.0, cycles)
    for size in sorted({need for own in needs for need in own if need < fastest}):
        chosen = [_cheapest(own, need, size) for own, need in zip(forms, needs, strict=True)]
        steps = tuple(form for form in chosen if form is not None)
        slower = sum(form.slower for form in steps)
        if len(steps) == len(forms) and slower <= most * cycles:
            return Trade(steps, fastest, size, slower, cycles)
    return best


def _cheapest(forms: Sequence[Lowered], needs: Sequence[int], size: int) -> Lowered | None:
    """The form that takes the fewest cycles of those that fit, or None."""
    fitting = [form for form, need in zip(forms, needs, strict=True) if need <= size]
    return min(fitting, key=lambda form: form.slower, default=None)


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
