"""A small model of a Cortex-M7: two instructions a cycle, in order, by published measurements.

The rules and their sources are in docs/performance.md. The model knows no caches, wait states or
branch misses. Its figures are estimates of another kind than llvm-mca's, never a board's.
"""

from __future__ import annotations

from collections.abc import Iterable

from device.bench.operands import Instruction, instruction

# Whoever is older in a cycle, and who may not stand beside it.
_ALONE = ("multiple", "move pair")
_NEVER_BESIDE = {
    "multiply": ("multiply", "store"),
    "store": ("multiply", "store"),
    "shifted": ("shifted", "extract"),
    "branch": ("branch",),
    "float": ("float",),
}
_OLDER_ONLY = ("lanes", "extract", *_ALONE)
# Cycles from issue until a value can be read late, early or as an address, by a multiplier, as a
# sum or a value to store.
Ready = tuple[int, int, int, int]
_LATENCY: dict[str, Ready] = {
    "multiple": (1, 2, 2, 1),
    "load": (1, 2, 2, 1),
    "small load": (2, 3, 2, 1),
    "multiply": (2, 3, 2, 1),
    "float": (3, 3, 3, 3),
}
_FLOAT_LOAD: Ready = (1, 1, 1, 1)
_FROM_FLOAT, _TO_FLOAT = (1, 2, 1, 0), (3, 3, 3, 3)
_LATE: Ready = (1, 2, 1, 0)
# An older addition or shift whose operands were there early is done early.
_SOON: Ready = (0, 1, 1, 0)
_MOVED: Ready = (0, 1, 1, 0)
_ZERO: Ready = (0, 0, 0, 0)


def cycles(trace: Iterable[str]) -> int:
    """Estimated cycles of the lines of `listing.straight`."""
    ready: dict[str, Ready] = {}
    now, older = 0, ""  # the cycle that is being filled, and who is first in it
    for text in trace:
        one = instruction(text)
        kind, need = one.kind, _needed(one, ready)
        joins = bool(older) and need <= now and _beside(kind, older)
        if not joins:
            now = max(now + bool(older), need)
        if kind == "multiple":
            now += one.words - 1
        _make(one, ready, now, first=not joins)
        if joins or kind in _ALONE:
            now, older = now + 1, ""
        else:
            older = kind
    return now + bool(older)


def _needed(one: Instruction, ready: dict[str, Ready]) -> int:
    """The first cycle in which all that it reads is there."""
    need = 0
    stage = 2 if one.kind == "multiply" else 0
    for names, column in ((one.late, stage), (one.early, 1), (one.address, 1), (one.sums, 3)):
        for name in names:
            need = max(need, ready.get(name, _ZERO)[column])
    return need


def _beside(kind: str, older: str) -> bool:
    """Whether a younger instruction may stand in a cycle with `older`."""
    if kind in _OLDER_ONLY or older in _ALONE:
        return False
    return older not in _NEVER_BESIDE.get(kind, ())


def _make(one: Instruction, ready: dict[str, Ready], now: int, *, first: bool) -> None:
    """Note when what it makes can be read."""
    latency = _LATENCY.get(one.kind, _LATE)
    if one.floats:
        latency = _FLOAT_LOAD
    elif one.kind in ("add", "shift") and first:
        early = all(ready.get(name, _ZERO)[1] <= now for name in one.late)
        latency = _SOON if early else _LATE
    for name in one.writes:
        if one.kind in ("move", "move pair"):
            latency = _TO_FLOAT if name[0] in "sd" and name != "sp" else _FROM_FLOAT
        ready[name] = tuple(now + cycles for cycles in latency)  # type: ignore[assignment]
    for name in one.moved:
        ready[name] = tuple(now + cycles for cycles in _MOVED)  # type: ignore[assignment]
