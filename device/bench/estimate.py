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
from device.bench.counter import Machine, Trace, Windows
from device.bench.listing import instructions, straight

# A longer trace is estimated from samples, one in each of so many equal parts.
SEED = 20


@dataclass(frozen=True)
class Sampling:
    """Instructions up to which a trace is estimated whole; else so many samples of a size."""

    whole: int
    samples: int
    size: int

    def windows(self, length: int) -> Windows:
        """A piece at a random place of each of `samples` equal parts; the same ones every time."""
        if length <= self.whole:
            return Windows((0,), (length,))
        random = np.random.default_rng(SEED)
        size = min(self.size, length // self.samples)
        edges = np.linspace(0, length, self.samples + 1).astype(int)
        starts = [int(random.integers(low, high - size + 1)) for low, high in pairwise(edges)]
        return Windows(tuple(starts), (size,) * self.samples)


# Of fully connected networks and of layers, all of ours whole: what widens rows comes rarely and is
# slow, so that short samples of a layer are off by a tenth. Of whole convolutional networks, whose
# layers are told apart.
NETWORKS = LAYERS = Sampling(2_500_000, 24, 20_000)
CONVOLUTIONS = Sampling(200_000, 24, 6_000)


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


def estimate(machine: Machine, function: str, value: npt.NDArray[np.int8]) -> Estimate:
    """Estimate `function(input, output)` for int8 [n]."""
    return of_run(machine, lambda: machine.count(function, value[np.newaxis], 1))


def of_run(machine: Machine, run: Callable[[], object], how: Sampling = NETWORKS) -> Estimate:
    """Estimate what `run`, calls of the machine, executes."""
    return of_spans(machine, run, [(0, machine.length(run))], how)[0]


def of_spans(
    machine: Machine, run: Callable[[], object], spans: Sequence[tuple[int, int]], how: Sampling
) -> list[Estimate]:
    """Estimate pieces of what `run` executes.

    Args:
        spans: where each begins and how long it is, in instructions; ascending and apart.
    """
    text, each = instructions(machine.elf), [how.windows(length) for _, length in spans]
    starts = [start + at for (start, _), own in zip(spans, each, strict=True) for at in own.starts]
    sizes = [size for own in each for size in own.sizes]
    pieces = iter(machine.recorded(run, Windows(tuple(starts), tuple(sizes))))
    return [
        _of_pieces([straight(text, next(pieces).tolist()) for _ in own.starts], length)
        for (_, length), own in zip(spans, each, strict=True)
    ]


def summed(pieces: Sequence[Mapping[str, Any]], length: int) -> Estimate:
    """The estimate of a run of `length` instructions from those of nearly all of it: what is
    between the pieces is as fast as they are.

    Args:
        pieces: fields of estimates.
    """
    known = sum(int(each["instructions"]) for each in pieces)

    def total(model: str) -> tuple[int | None, int]:
        values = [each[model] for each in pieces]
        if None in values:
            return None, 0
        error = sum(each[f"{model}_spread"] ** 2 for each in pieces) ** 0.5
        return round(sum(values) * length / known), round(error)

    (by_mca, mca_error), (by_rules, error) = total("mca"), total("dual_issue")
    return Estimate(length, by_mca, by_rules or 0, mca_error, error)


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
    owners = _owners(trace, machine, shared)
    found = {}
    for routine in machine.functions:
        if routine.name in routines:
            end = routine.address + routine.size
            own = trace[(owners >= routine.address) & (owners < end)]
            if len(own):
                found[routine.name] = of_trace(text, own)
    return of_trace(text, trace), found


def _owners(addresses: Trace, machine: Machine, shared: str | None) -> Trace:
    """Each address of a trace, but within the function `shared` the last one before it."""
    outside = np.ones(len(addresses), bool)
    for function in machine.functions:
        if function.name == shared:
            end = function.address + function.size
            outside = (addresses < function.address) | (addresses >= end)
    last = np.maximum.accumulate(np.where(outside, np.arange(len(addresses)), 0))
    owners: Trace = addresses[last]
    return owners


def of_trace(text: Mapping[int, str], trace: Trace, how: Sampling = NETWORKS) -> Estimate:
    """Estimate a trace.

    Args:
        text: of `listing.instructions`.
    """
    windows = how.windows(len(trace))
    pieces = [
        straight(text, trace[start : start + size].tolist())
        for start, size in zip(windows.starts, windows.sizes, strict=True)
    ]
    return _of_pieces(pieces, len(trace))


def _of_pieces(pieces: Sequence[list[str]], length: int) -> Estimate:
    """Estimate a trace of `length` instructions by the whole of it, or by samples."""
    if [len(piece) for piece in pieces] == [length]:
        return Estimate(length, mca.cycles(pieces[0]), dual_issue.cycles(pieces[0]))
    by_mca = _scaled(pieces, mca.cycles, length)
    by_rules = _scaled(pieces, dual_issue.cycles, length)
    if by_rules is None:  # this model knows every instruction
        raise AssertionError(by_rules)
    return Estimate(
        length,
        None if by_mca is None else by_mca[0],
        by_rules[0],
        0 if by_mca is None else by_mca[1],
        by_rules[1],
    )


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
