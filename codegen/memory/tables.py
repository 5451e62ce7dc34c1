"""Tables of expanded weights: which layers have them, within the bytes of RAM that the user gives.

Layers are taken by the estimated cycles that their tables save for each byte, the most first, as
long as bytes are left; one that is too large leaves its turn to smaller ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codegen.ir.graph import Op
from codegen.kernels.registry import Tabled

Wish = tuple[Op, Tabled]


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


def spend(wishes: Mapping[Op, Tabled], allowed: int) -> Budget:
    """Divide bytes among the layers that would gain by tables."""
    order = sorted(wishes.items(), key=lambda wish: -wish[1].faster / wish[1].bytes)
    granted = _granted(order, allowed)
    offers: list[tuple[int, float]] = []
    size = 0
    for _, wanted in order:
        size += wanted.bytes
        more = _saved(_granted(order, size)) - _saved(granted)
        if size > allowed and more > 0:
            offers.append((size, more))
    return Budget(allowed, {op: each.bytes for op, each in granted}, tuple(offers))


def _granted(order: Sequence[Wish], allowed: int) -> list[Wish]:
    """Who has tables, of layers in the order in which they are asked."""
    found = []
    for op, wanted in order:
        if wanted.bytes <= allowed:
            found.append((op, wanted))
            allowed -= wanted.bytes
    return found


def _saved(wishes: Sequence[Wish]) -> float:
    return sum(wanted.faster for _, wanted in wishes)
