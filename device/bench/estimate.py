"""Two estimates of cycles for what really executed: whole traces, or seeded samples of long ones.

Both are models (`mca.py`, `dual_issue.py`) that know no caches, wait states or branch misses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from device.bench import dual_issue, mca
from device.bench.counter import Machine
from device.bench.listing import instructions, straight

# A longer trace is estimated from samples, one in each of so many equal parts.
MOST_WHOLE = 1_000_000
SAMPLES, SAMPLE_SIZE, SEED = 24, 20_000, 20


@dataclass(frozen=True)
class Estimate:
    """Estimated cycles of one executed trace.

    Attributes:
        instructions: of the trace.
        mca: by llvm-mca, multiples as doubles; None without llvm-mca, or where its model lacks one
            of the instructions.
        dual_issue: by the dual-issue model.
        mca_spread, dual_issue_spread: standard errors of the figures, where the trace was sampled;
            0 where it was estimated whole.
    """

    instructions: int
    mca: int | None
    dual_issue: int
    mca_spread: int = 0
    dual_issue_spread: int = 0


def in_words(found: Mapping[str, Any]) -> str:
    """An `Estimate`'s fields for people, with the models' names."""
    parts = []
    names = (("mca", f"mca* (llvm-mca {mca.version()})"), ("dual_issue", "dual-issue"))
    for key, name in names:
        if found[key] is not None:
            error = found[f"{key}_spread"]
            parts.append(f"{found[key]:,}{f' ±{error:,}' if error else ''} by {name}")
        elif not mca.version():
            parts.append("none by mca*: llvm-mca was not found (Debian's llvm-22 has it)")
        else:
            parts.append(f"none by {name}: it lacks an instruction")
    return ", ".join(parts)


def estimate(
    machine: Machine, function: str, value: npt.NDArray[np.int8], most: int = MOST_WHOLE
) -> Estimate:
    """Estimate `function(input, output)` for int8 [n]; traces beyond `most` by samples."""
    return of_trace(instructions(machine.elf), machine.trace(function, value), most)


def by_function(
    machine: Machine,
    function: str,
    value: npt.NDArray[np.int8],
    routines: Sequence[str],
    shared: str | None = None,
) -> tuple[Estimate, dict[str, Estimate]]:
    """Estimate a call, and by itself what each of `routines` executes of it, where any does.

    Args:
        shared: a function that they jump to: what it executes belongs to who jumped.
    """
    text = instructions(machine.elf)
    trace = machine.trace(function, value)
    addresses = np.array(trace)
    owners = _owners(addresses, machine, shared)
    found = {}
    for routine in machine.functions:
        if routine.name in routines:
            end = routine.address + routine.size
            own = addresses[(owners >= routine.address) & (owners < end)]
            if len(own):
                found[routine.name] = of_trace(text, own.tolist())
    return of_trace(text, trace), found


def _owners(
    addresses: npt.NDArray[np.int64], machine: Machine, shared: str | None
) -> npt.NDArray[np.int64]:
    """Each address of a trace, but within the function `shared` the last one before it."""
    outside = np.ones(len(addresses), bool)
    for function in machine.functions:
        if function.name == shared:
            end = function.address + function.size
            outside = (addresses < function.address) | (addresses >= end)
    last = np.maximum.accumulate(np.where(outside, np.arange(len(addresses)), 0))
    owners: npt.NDArray[np.int64] = addresses[last]
    return owners


def of_trace(text: Mapping[int, str], trace: Sequence[int], most: int = MOST_WHOLE) -> Estimate:
    """Estimate a trace of addresses.

    Args:
        text: of `listing.instructions`.
        most: instructions up to which it is estimated whole.
    """
    if len(trace) <= most:
        lines = straight(text, trace)
        return Estimate(len(lines), mca.cycles(lines), dual_issue.cycles(lines))
    parts = [straight(text, part) for part in _samples(trace)]
    by_mca = _scaled(parts, mca.cycles, len(trace))
    by_rules = _scaled(parts, dual_issue.cycles, len(trace))
    if by_rules is None:  # this model knows every instruction
        raise AssertionError(by_rules)
    return Estimate(
        len(trace),
        None if by_mca is None else by_mca[0],
        by_rules[0],
        0 if by_mca is None else by_mca[1],
        by_rules[1],
    )


def _samples(trace: Sequence[int]) -> list[Sequence[int]]:
    """A piece at a random place of each of SAMPLES parts; the same ones every time."""
    random = np.random.default_rng(SEED)
    size = min(SAMPLE_SIZE, len(trace) // SAMPLES)
    edges = np.linspace(0, len(trace), SAMPLES + 1).astype(int)
    starts = [int(random.integers(low, high - size + 1)) for low, high in pairwise(edges)]
    return [trace[start : start + size] for start in starts]


def _scaled(
    parts: Sequence[list[str]], cycles: Callable[[list[str]], int | None], length: int
) -> tuple[int, int] | None:
    """The mean of the parts for a trace of `length`, and its standard error."""
    rates = []
    for part in parts:
        found = cycles(part)
        if found is None:
            return None
        rates.append(found / len(part))
    error = float(np.std(rates, ddof=1)) / len(rates) ** 0.5
    return round(float(np.mean(rates)) * length), round(error * length)
