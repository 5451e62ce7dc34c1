"""Tables of expanded weights: which layers have them, within the bytes of RAM that the user gives.

Those layers have tables that save most estimated cycles together and fit together: each set of
layers that saves more than all smaller ones is kept while the layers are gone through (Pareto's
frontier of bytes and cycles).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from codegen.ir.graph import Op
from codegen.kernels.registry import Tabled


@dataclass(frozen=True)
class Budget:
    """What `table_memory` is spent on, and what more of it would buy.

    Attributes:
        allowed: bytes that tables may have.
        grants: operation → bytes of its tables.
        offers: bytes of tables with which more layers have theirs, the smallest first, and the
            estimated cycles that they save in all, beyond those that the grants do.
    """

    allowed: int
    grants: dict[Op, int]
    offers: tuple[tuple[int, float], ...] = ()

    @property
    def left(self) -> int:
        """Bytes that are not granted."""
        return self.allowed - sum(self.grants.values())


@dataclass(frozen=True)
class _Set:
    """Layers that may have tables together.

    Attributes:
        bytes: of their tables.
        faster: estimated cycles that they save.
        last: the one that came last; None: there is none.
        before: the others.
    """

    bytes: int = 0
    faster: float = 0.0
    last: Op | None = None
    before: _Set | None = None

    @property
    def layers(self) -> set[Op]:
        """All of them."""
        found, rest = set(), self
        while rest.last is not None and rest.before is not None:
            found.add(rest.last)
            rest = rest.before
        return found


def spend(wishes: Mapping[Op, Tabled], allowed: int) -> Budget:
    """Divide bytes among the layers that would gain by tables."""
    granted = _best(wishes, allowed)
    offers: list[tuple[int, float]] = []
    size = 0
    for wanted in sorted(wishes.values(), key=lambda each: -each.faster / each.bytes):
        size += wanted.bytes
        more = _best(wishes, size).faster - granted.faster if size > allowed else 0.0
        if more > 0:
            offers.append((size, more))
    layers = granted.layers
    grants = {op: each.bytes for op, each in wishes.items() if op in layers}
    return Budget(allowed, grants, tuple(offers))


def _best(wishes: Mapping[Op, Tabled], allowed: int) -> _Set:
    """The layers that save most within so many bytes."""
    frontier = [_Set()]
    for op, wanted in wishes.items():
        with_it = (
            _Set(each.bytes + wanted.bytes, each.faster + wanted.faster, op, each)
            for each in frontier
            if each.bytes + wanted.bytes <= allowed
        )
        frontier = _frontier((*frontier, *with_it))
    return frontier[-1]


def _frontier(sets: Iterable[_Set]) -> list[_Set]:
    """Sets of which each saves more than all that are as small; the smallest first."""
    kept: list[_Set] = []
    for each in sorted(sets, key=lambda one: (one.bytes, -one.faster)):
        if not kept or each.faster > kept[-1].faster:
            kept.append(each)
    return kept
