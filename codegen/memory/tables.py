"""Tables of expanded weights: which layers have them, within the bytes of RAM that the user gives.

Layers are taken by the estimated cycles that their tables save for each byte, the most first, as
long as bytes are left; one that is too large leaves its turn to smaller ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codegen.ir.graph import Op


@dataclass(frozen=True)
class Wish:
    """What a layer would gain by tables.

    Attributes:
        bytes: of its tables.
        faster: estimated cycles that they save of an inference.
    """

    op: Op
    bytes: int
    faster: float


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


def spend(wishes: Sequence[Wish], allowed: int) -> Budget:
    """Divide bytes among layers."""
    granted = _granted(wishes, allowed)
    saved = sum(wish.faster for wish in granted)
    offers: list[tuple[int, float]] = []
    size, order = 0, _order(wishes)
    for wish in order:
        size += wish.bytes
        more = sum(each.faster for each in _granted(wishes, size)) - saved
        if size > allowed and more > 0:
            offers.append((size, more))
    return Budget(allowed, {wish.op: wish.bytes for wish in granted}, tuple(offers))


def _order(wishes: Sequence[Wish]) -> list[Wish]:
    return sorted(wishes, key=lambda wish: -wish.faster / wish.bytes)


def _granted(wishes: Sequence[Wish], allowed: int) -> list[Wish]:
    found = []
    for wish in _order(wishes):
        if wish.bytes <= allowed:
            found.append(wish)
            allowed -= wish.bytes
    return found
