"""Code that kernels generate for the network itself, within the bytes that the user gives.

Each form of a kernel tells its pieces of code and their most bytes (`Lowered.code`); a piece that
several layers have is there once. As long as they are too large together, the piece is barred whose
absence costs fewest estimated cycles for each byte: layers that had it take their next form. Some
form of every operation has no such code, so that any number of bytes is enough.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codegen.kernels.kernel import Lowered, Piece

Pieces = frozenset[Piece]


@dataclass(frozen=True)
class CodeBudget:
    """What `code_memory` is spent on, and what more of it would buy.

    Attributes:
        pieces: of code that kernels may have; None: there is no limit.
        offers: bytes of code with which more kernels have theirs, the smallest first, and the
            estimated cycles that they save in all, beyond those now.
    """

    pieces: Pieces | None = None
    offers: tuple[tuple[int, float], ...] = ()

    def allows(self, form: Lowered) -> bool:
        """Whether a form's code is within the budget."""
        return self.pieces is None or self.pieces.issuperset(form.code)


def code_bytes(pieces: Iterable[Piece]) -> int:
    """Bytes of pieces, each once."""
    return sum(size for _, size in set(pieces))


def limit(layers: Sequence[Sequence[Lowered]], allowed: int | None) -> CodeBudget:
    """Choose the pieces of code that there may be.

    Args:
        layers: of each operation its forms, with their cycles.
        allowed: bytes; None: any number.
    """
    everything = _pieces(form for forms in layers for form in forms)
    if allowed is None or code_bytes(everything) <= allowed:
        return CodeBudget()
    barred: Pieces = frozenset()
    chosen = _cheapest(layers, barred)
    passed = [_sums(chosen)]
    while passed[-1][0] > allowed:
        barred |= {_next(layers, chosen, barred)}
        chosen = _cheapest(layers, barred)
        passed.append(_sums(chosen))
    pieces = _filled(_pieces(chosen), everything, allowed)
    _, now = _sums(_cheapest(layers, everything - pieces))
    offers: list[tuple[int, float]] = []
    for size, cycles in sorted(passed):
        more = now - cycles
        if size > allowed and more > (offers[-1][1] if offers else 0.0):
            offers.append((size, more))
    return CodeBudget(pieces, tuple(offers))


def _filled(pieces: Pieces, everything: Pieces, allowed: int) -> Pieces:
    """As many other pieces, too, as there is room for, the smallest first: slower forms that need
    less memory have them."""
    for piece in sorted(everything - pieces, key=lambda each: (each[1], each[0])):
        if code_bytes(pieces | {piece}) <= allowed:
            pieces |= {piece}
    return pieces


def _next(layers: Sequence[Sequence[Lowered]], chosen: Sequence[Lowered], barred: Pieces) -> Piece:
    """The piece of the chosen forms without which fewest cycles are lost for each byte."""
    size, cycles = _sums(chosen)

    def price(piece: Piece) -> tuple[float, Piece]:
        less, more = _sums(_cheapest(layers, barred | {piece}))
        saved = size - less
        return ((more - cycles) / saved if saved > 0 else math.inf, piece)

    return min(_pieces(chosen), key=price)


def _cheapest(layers: Sequence[Sequence[Lowered]], barred: Pieces) -> list[Lowered]:
    """Of each operation the form of fewest cycles without any of the barred pieces."""
    return [
        min((form for form in forms if barred.isdisjoint(form.code)), key=lambda form: form.cycles)
        for forms in layers
    ]


def _pieces(forms: Iterable[Lowered]) -> Pieces:
    return frozenset(piece for form in forms for piece in form.code)


def _sums(forms: Sequence[Lowered]) -> tuple[int, float]:
    """Bytes and cycles of all together."""
    return code_bytes(_pieces(forms)), sum(form.cycles for form in forms)
