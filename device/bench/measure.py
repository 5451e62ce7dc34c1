"""Run one built network or peer over inputs and collect what it costs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from elftools.elf.elffile import ELFFile

from device.bench.counter import Counts, Machine
from device.bench.estimate import NETWORKS, Estimate, Sampling, by_function, of_run
from device.bench.graph import ConvNetwork, Placed, place
from device.bench.layers import layer_rows, routines, shared_loops
from device.bench.network import Network, write_layers

Int8Array = npt.NDArray[np.int8]
# How many of the inputs the slow measurements look at.
FEW = 50


@dataclass(frozen=True)
class Cost:
    """What one runtime needs for one network. All instructions are executed ones, emulated.

    Attributes:
        title: the runtime.
        init: instructions of what makes it ready for inferences, once.
        mean, largest: instructions of an inference over the test inputs.
        any_input: the largest over inputs made to cost most: none of them zero, all extremes.
        identical: output bytes (or classes) equal to the reference's, of how many; None when the
            runtime computes something else.
        code: bytes of .text and kernels that are reached.
        tables: constants beside the model's own weights and biases, bytes.
        ram: .data and .bss without the emulated weights, bytes.
        stack: deepest stack, bytes.
        typical, costliest: estimated cycles of the test input whose count is the median, and of
            the one of all inputs whose count is the largest.
    """

    title: str
    init: int
    mean: float
    largest: int
    any_input: int
    identical: tuple[int, int] | None
    code: int
    tables: int
    ram: int
    stack: int
    typical: Estimate
    costliest: Estimate

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Inputs:
    """Inputs with the reference's outputs: int8 [N, n]; the harsh ones are made to cost most."""

    tests: Int8Array
    outputs: Int8Array
    harsh: Int8Array
    harsh_outputs: Int8Array

    def first(self, count: int) -> Inputs:
        """The same with at most `count` of each."""
        return Inputs(
            self.tests[:count],
            self.outputs[:count],
            self.harsh[:count],
            self.harsh_outputs[:count],
        )


def measure(
    name: tuple[str, str],
    elf: Path,
    network: Network | ConvNetwork,
    inputs: Inputs,
    folder: Path,
    *,
    how: Sampling = NETWORKS,
    known: Estimate | None = None,
) -> Cost:
    """Count over all inputs.

    Args:
        name: the runtime's title, and "bytes", "class" or "count": what of its output can be
            compared.
        folder: where the compiled counter is kept.
        how: its cycles are estimated.
        known: the estimate of every input, when it is known already.
    """
    title, answers = name
    machine = Machine(elf, folder)
    init = machine.length(lambda: start(machine, network))
    size = inputs.outputs.shape[1]
    outputs, counts = machine.count("bench_run", inputs.tests, size)
    harsh, harsh_counts = machine.count("bench_run", inputs.harsh, size)
    stack = machine.stack("bench_run", inputs.tests[:FEW], size)
    sizes = _sizes(elf)
    model = network.model_bytes
    return Cost(
        title,
        init,
        float(counts.mean()),
        int(counts.max()),
        int(max(harsh_counts.max(), counts.max())),
        _identical(answers, outputs, inputs.outputs, harsh, inputs.harsh_outputs),
        sizes["code"],
        max(0, sizes["weights"] - model) if sizes["weights"] else 0,
        sizes["ram"],
        stack,
        *((known, known) if known else _estimates(machine, inputs, counts, harsh_counts, how)),
    )


def start(machine: Machine, network: Network | ConvNetwork) -> Placed | None:
    """Put a network into memory and set up what runs it; where its tensors lie, if it has such."""
    if isinstance(network, Network):
        machine.call("bench_init", write_layers(machine, network))
        return None
    placed = place(machine, network)
    machine.call("bench_init", (placed.table, 0))
    return placed


def measure_layers(
    elf: Path, manifest: dict[str, Any], inputs: Inputs, folder: Path
) -> list[dict[str, Any]]:
    """Instructions of each layer of a network of ours, which `layer_rows` has as the mean.

    Returns:
        the rows with `code`, bytes of the routine; `largest` and `any_input`, its instructions in
        the test input and in the harsh input that take most in all; `estimate`, cycles in the
        median test input.
    """
    machine = Machine(elf, folder)
    machine.call("bench_init", (0, 0))
    size, shared = inputs.outputs.shape[1], shared_loops(manifest)

    def rows(values: Int8Array) -> list[dict[str, Any]]:
        functions = machine.profile("bench_run", values, size, shared)
        return layer_rows(manifest, functions, len(values))

    def costliest(values: Int8Array) -> list[dict[str, Any]]:
        at = int(machine.count("bench_run", values, size)[1].argmax())
        return rows(values[at : at + 1])

    code = {function.name: function.size for function in machine.functions}
    found = rows(inputs.tests)
    typical = inputs.tests[median(machine.count("bench_run", inputs.tests, size)[1])]
    estimates = by_function(machine, "bench_run", typical, routines(manifest), shared)[1]
    for row, own, large, harsh in zip(
        found, routines(manifest), costliest(inputs.tests), costliest(inputs.harsh), strict=True
    ):
        row["code"] = code.get(own)
        row["estimate"] = asdict(estimates[own]) if own in estimates else None
        row["largest"], row["any_input"] = large["instructions"], harsh["instructions"]
    return found


def median(counts: Counts) -> int:
    """Which input's count is the median."""
    return int(np.argsort(counts, kind="stable")[len(counts) // 2])


def _estimates(
    machine: Machine, inputs: Inputs, counts: Counts, harsh: Counts, how: Sampling
) -> tuple[Estimate, Estimate]:
    """Of the median input and of the costliest one; one estimate where none costs a hundredth
    more."""

    def of(value: Int8Array) -> Estimate:
        return of_run(machine, lambda: machine.count("bench_run", value[np.newaxis], 1), how)

    typical = of(inputs.tests[median(counts)])
    if max(counts.max(), harsh.max()) <= 1.01 * min(counts.min(), harsh.min()):
        return typical, typical
    largest = inputs.harsh[harsh.argmax()]
    if counts.max() >= harsh.max():
        largest = inputs.tests[counts.argmax()]
    return typical, of(largest)


def _identical(
    answers: str, outputs: Int8Array, wanted: Int8Array, harsh: Int8Array, harsh_wanted: Int8Array
) -> tuple[int, int] | None:
    if answers == "bytes":
        equal = int((outputs == wanted).sum() + (harsh == harsh_wanted).sum())
        return equal, outputs.size + harsh.size
    if answers == "class":
        return int((outputs[:, 0] == wanted.argmax(1)).sum()), len(outputs)
    return None


def _sizes(elf: Path) -> dict[str, int]:
    """Bytes of code, packed weights and RAM, by the sections of peers/peer.ld."""
    with elf.open("rb") as stream:
        sections = {s.name: int(s["sh_size"]) for s in ELFFile(stream).iter_sections()}
    return {
        "code": sections.get(".text", 0) + sections.get(".nn_kernels", 0),
        "weights": sections.get(".nn_weights", 0),
        "ram": sections.get(".data", 0) + sections.get(".bss", 0),
    }
