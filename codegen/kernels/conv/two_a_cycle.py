"""When a Cortex-M7 issues what: two small models of it, for instructions that rows have.

It issues two instructions a cycle, in order. The models are the rules of both estimates of
docs/performance.md ("The two estimates of cycles") for few instructions: llvm-mca's, which has no
instruction write before an older one has, and those of published measurements, which has no store
beside a product.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

# How operands are read: plain, shifted or saturated alone, shifted on the way to an adder (as early
# as an address), as a factor, as a sum or a value to store.
PLAIN, ALONE, EARLY, FACTOR, SUM = range(5)
# Registers that a program may name.
_REGISTERS = 48

Latency = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class Node:
    """An instruction as the models see it.

    Attributes:
        unit: what it occupies.
        reads: registers, each with the way in which it is read.
        writes: registers.
        sums: whether it adds to what it writes.
    """

    unit: str
    reads: tuple[tuple[int, int], ...]
    writes: tuple[int, ...]
    sums: bool = False


@dataclass(frozen=True)
class Model:
    """Rules of a processor.

    Attributes:
        latencies: unit → cycles until its value can be read, in each of five ways.
        apart: unit → units beside which it is not the younger one in a cycle.
        first: units that are the older one of a cycle only.
        ends: unit → cycles until it begins and has ended to write, none before what is older has;
            empty: in any order.
    """

    latencies: Mapping[str, Latency]
    apart: Mapping[str, tuple[str, ...]]
    first: tuple[str, ...] = ()
    ends: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def beside(self, unit: str, older: str) -> bool:
        """Whether a unit's instruction may stand in a cycle with an older one."""
        return unit not in self.first and older not in self.apart.get(unit, ())


_EACH_ONCE = {"product": ("product",), "store": ("store",), "float": ("float",)}
BY_MCA = Model(
    {
        "load": (1, 1, 2, 1, 0),
        "product": (2, 2, 3, 2, 1),
        "saturate": (2, 2, 3, 2, 1),
        "plain": (1, 1, 2, 1, 0),
        "shift": (1, 1, 2, 1, 0),
        "float": (3, 3, 3, 3, 3),
        "from_fpu": (3, 3, 4, 3, 2),
    },
    _EACH_ONCE | {"saturate": ("saturate",), "from_fpu": ("float",)},
    ends={
        "load": (1, 1),
        "product": (2, 2),
        "saturate": (1, 2),
        "store": (2, 2),
        "plain": (1, 1),
        "shift": (0, 1),
        "float": (3, 3),
        "from_fpu": (3, 3),
    },
)
BY_RULES = Model(
    {
        "load": (1, 2, 2, 2, 1),
        "product": (2, 3, 3, 2, 1),
        "saturate": (1, 2, 2, 1, 0),
        "plain": (1, 2, 2, 1, 0),
        "shift": (1, 2, 2, 1, 0),
        "float": (3, 3, 3, 3, 3),
        "from_fpu": (1, 2, 2, 1, 0),
    },
    _EACH_ONCE | {"product": ("product", "store"), "store": ("store", "product")},
    ("saturate",),
)
MODELS = (BY_MCA, BY_RULES)
# A step: what it reads and writes, cycles until each way may read it, until it begins and has ended
# to write, units that it may be the younger one beside.
_Step = tuple[tuple[tuple[int, int], ...], tuple[int, ...], Latency, int, int, frozenset[str], str]


@lru_cache(maxsize=1024)
def _steps(node: Node) -> tuple[_Step, ...]:
    """The instruction by each model."""
    found: list[_Step] = []
    for model in MODELS:
        begins, ends = model.ends.get(node.unit, (1 << 30, 0))
        latency = model.latencies.get(node.unit, (0, 0, 0, 0, 0))
        units = (*model.latencies, "store")
        beside = frozenset(unit for unit in units if model.beside(node.unit, unit))
        found.append((node.reads, node.writes, latency, begins, ends, beside, node.unit))
    return tuple(found)


# Where a model stands: the cycle, who is older in it, when all has ended, of each register since
# when its value is made, and how many cycles later it can be read.
_State = tuple[int, str, int, list[int], list[Latency]]
_EVERY = 8


def timed(nodes: Iterable[Node]) -> list[tuple[_Step, ...]]:
    """Instructions as `Timing` takes them."""
    return [_steps(node) for node in nodes]


class Timing:
    """Cycles of orders of the same instructions, by both models together.

    What an order shares with the one that was kept is not gone through again.
    """

    def __init__(self, steps: Sequence[tuple[_Step, ...]]) -> None:
        self._steps = steps
        self._kept: list[list[_State]] = [[_beginning()] for _ in MODELS]
        self._new = self._kept

    def cycles(self, order: Sequence[int], same: int = 0) -> int:
        """Cycles of all instructions, of which the first `same` stand as in the kept order."""
        shared = same // _EVERY
        self._new = [states[: shared + 1] for states in self._kept]
        rest = order[_EVERY * shared :]
        return sum(
            _further(states, [self._steps[at][model] for at in rest])
            for model, states in enumerate(self._new)
        )

    def keep(self) -> None:
        """Keep the order that was asked for last."""
        self._kept = self._new


def _beginning() -> _State:
    return 0, "", 0, [0] * _REGISTERS, [(0, 0, 0, 0, 0)] * _REGISTERS


def _further(states: list[_State], steps: Sequence[_Step]) -> int:
    """The cycle in which all are issued, from the last state on; adds one after each few."""
    now, older, ended, since, made = states.pop()
    for count, (reads, writes, latency, begins, ends, beside, unit) in enumerate(steps):
        if not count % _EVERY:
            states.append((now, older, ended, since, made))
            since, made = since[:], made[:]
        need = ended - begins
        for register, way in reads:
            read = since[register] + made[register][way]
            if read > need:  # noqa: PLR1730 - a million times
                need = read
        if older in beside and need <= now:
            at, older, after = now, "", now + 1
        else:
            at = now + 1 if older else now
            if need > at:  # noqa: PLR1730
                at = need
            older, after = unit, at
        for register in writes:
            since[register], made[register] = at, latency
        if at + ends > ended:  # noqa: PLR1730
            ended = at + ends
        now = after
    return now + bool(older)
