"""All kernels, found by looking into this folder's families, and the choice among them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from codegen.ir.graph import Op
from codegen.kernels.kernel import Activity, Kernel, Lowered
from codegen.target import Target
from support.errors import UserError

PACKAGE = __name__.rpartition(".")[0]
# More than any microcontroller has.
MOST_TABLES = 1 << 32


@dataclass(frozen=True)
class Candidate:
    """A kernel that was looked at for an operation.

    Attributes:
        cost: estimated cycles, or None: it does not fit.
        reason: why it does not fit.
    """

    kernel: Kernel
    cost: float | None
    reason: str


@cache
def kernels() -> dict[type[Op], tuple[Kernel, ...]]:
    """Class of operations → its kernels: the `KERNELS` of every module of every family."""
    found: dict[type[Op], list[Kernel]] = {}
    for name in _modules():
        for kernel in getattr(importlib.import_module(name), "KERNELS", ()):
            found.setdefault(kernel.op_type, []).append(kernel)
    return {kind: tuple(some) for kind, some in found.items()}


def _modules() -> list[str]:
    root = importlib.import_module(PACKAGE)
    return sorted(m.name for m in pkgutil.walk_packages(root.__path__, f"{PACKAGE}."))


def candidates(
    op: Op, target: Target, activity: Activity, wanted: str = "auto", tables: int = 0
) -> tuple[Candidate, ...]:
    """Every kernel of an operation, in the registry's order, with its cost or why it cannot.

    Args:
        wanted: what the user says, one of `codegen.kernels.wanted.WANTED`.
        tables: bytes of RAM that it may have for tables.
    """
    found = []
    for kernel in kernels().get(type(op), ()):
        barred = wanted == "portable" and not kernel.portable
        reason = "portable kernels are asked for" if barred else kernel.fits(op, target)
        size = 0 if reason else kernel.tables(op, target)
        if size > tables:
            reason = f"tables of {size:,} bytes, {tables:,} are left of table_memory"
        cost = None if reason else kernel.cost(op, target, activity)
        found.append(Candidate(kernel, cost, reason))
    return tuple(found)


def choose(
    op: Op, target: Target, activity: Activity, wanted: str = "auto", tables: int = 0
) -> tuple[Lowered, ...]:
    """The forms of the operation by the cheapest kernel that fits, the fastest first.

    Args:
        tables: bytes of RAM that it may have for tables.

    Raises:
        UserError: none fits.
    """
    return _estimated(_best(op, target, activity, wanted, tables), op, target, activity)


def every_form(
    op: Op, target: Target, activity: Activity, wanted: str = "auto", tables: int = 0
) -> tuple[Lowered, ...]:
    """The forms of every kernel that fits, with their cycles, the fastest first; how much each is
    `slower` is told of the fastest of all.

    Args:
        tables: bytes of RAM that it may have for tables.
    """
    found = [
        form
        for each in candidates(op, target, activity, wanted, tables)
        if each.cost is not None
        for form in _estimated(each, op, target, activity)
    ]
    return relative(sorted(found, key=lambda form: form.cycles))


def _estimated(
    chosen: Candidate, op: Op, target: Target, activity: Activity
) -> tuple[Lowered, ...]:
    """The forms of a kernel that fits, with its instructions and cycles."""
    instructions = chosen.kernel.instructions(op, target, activity)
    return tuple(
        replace(
            form,
            instructions=instructions + form.slower,
            cycles=(chosen.cost or 0.0) + form.slower,
        )
        for form in chosen.kernel.forms(op, target)
    )


def relative(forms: Sequence[Lowered]) -> tuple[Lowered, ...]:
    """Forms, the fastest first, each as much `slower` as it is than that one."""
    return tuple(replace(form, slower=form.cycles - forms[0].cycles) for form in forms)


@dataclass(frozen=True)
class Tabled:
    """The kernel that an operation would have with all tables that it wants.

    Attributes:
        bytes: of its tables.
        faster: estimated cycles that it saves.
    """

    bytes: int
    faster: float


def tabled(op: Op, target: Target, activity: Activity, wanted: str) -> Tabled | None:
    """What tables would buy, or None: no kernel with tables fits, or none is faster."""
    if not any(kernel.expands for kernel in kernels().get(type(op), ())):
        return None
    without = _best(op, target, activity, wanted)
    with_tables = _best(op, target, activity, wanted, MOST_TABLES)
    size = with_tables.kernel.tables(op, target)
    if not size:
        return None
    return Tabled(size, (without.cost or 0.0) - (with_tables.cost or 0.0))


def without_tables(op: Op, target: Target, wanted: str, tables: int) -> str:
    """Why an operation has no tables with so many bytes left; "" where none would be faster."""
    looked_at = candidates(op, target, {}, wanted, tables)
    return "; ".join(each.reason for each in looked_at if each.kernel.expands and each.reason)


def choose_in_strips(
    op: Op, target: Target, activity: Activity, wanted: str, count: int
) -> tuple[Lowered, ...]:
    """The operation lowered for so many rows at a time by the kernel that `choose` takes, or
    nothing: it cannot. Estimates are those of the whole operation without what it is `slower`.

    Raises:
        UserError: none fits.
    """
    best = _best(op, target, activity, wanted)
    instructions = best.kernel.instructions(op, target, activity)
    return tuple(
        replace(form, instructions=instructions, cycles=best.cost or 0.0)
        for form in best.kernel.in_strips(op, target, count)
    )


def _best(op: Op, target: Target, activity: Activity, wanted: str, tables: int = 0) -> Candidate:
    """The cheapest kernel that fits."""
    looked_at = candidates(op, target, activity, wanted, tables)
    fitting = [each for each in looked_at if each.cost is not None]
    if not fitting:
        reasons = "; ".join(f"{each.kernel.name}: {each.reason}" for each in looked_at)
        raise UserError(
            f"'{op.name}' ({type(op).__name__}) has no kernel for {target.core}: {reasons}",
            "change this layer, or choose another board",
        )
    return min(fitting, key=lambda each: each.cost or 0.0)
