"""What each layer of a convolutional network costs: ours as its observer tells them apart, those of
other runtimes by node."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from device.bench.counter import INPUT, OUTPUT, Machine, Mark
from device.bench.estimate import LAYERS, of_run, of_spans
from device.bench.graph import ConvNetwork, Node, Placed, place

Int8Array = npt.NDArray[np.int8]
# Of emx-onnx-cgen's C: a function for each ONNX node, in order, with the node's name.
_EMX_NODE = re.compile(r"^node(\d+)_(.+)$")


# What is between two calls that tell of one layer, without any work of it.
NOTHING = 16


@dataclass(frozen=True)
class Step:
    """What one call of ours computes: layers of the manifest from `first` to `last`.

    Attributes:
        start, size: of what it executes, in instructions of the whole run.
        estimate: the fields of an `Estimate`; None where it was not asked for.
    """

    first: int
    last: int
    start: int
    size: int
    estimate: dict[str, Any] | None = None


def our_steps(elf: Path, value: Int8Array, folder: Path, *, estimated: bool) -> list[Step]:
    """The steps of a network that `ours.observed` linked, for int8 [n].

    The call that tells of a step, and the return to it, are no part of it.
    """
    machine = Machine(elf, folder)
    machine.call("bench_init", (0, 0))

    def run() -> None:
        machine.count("bench_run", value[np.newaxis], 1)

    steps = _steps(machine.marks("tell", run))
    if not estimated:
        return steps
    spans = [(step.start, step.size) for step in steps]
    found = of_spans(machine, run, spans, LAYERS)
    return [
        Step(step.first, step.last, step.start, step.size, asdict(each))
        for step, each in zip(steps, found, strict=True)
    ]


def _steps(marks: Sequence[Mark]) -> list[Step]:
    """Begins and ends in turn as steps."""
    steps, first = [], None
    for begin, end in zip(marks[::2], marks[1::2], strict=True):
        first = begin.layer if first is None else first
        size = end.instructions - begin.instructions
        # A layer in one pass with the next one begins and ends before that one begins.
        if size > NOTHING:
            steps.append(Step(first, end.layer, begin.instructions, size))
            first = None
    return steps


def node_costs(
    elf: Path, network: ConvNetwork, values: Sequence[Int8Array], folder: Path
) -> dict[str, dict[str, Any]]:
    """What each node of a peer with `bench_step` costs, from the reference's inputs.

    Args:
        values: int8 [N, bytes] of each value of the network, by the reference.

    Returns:
        by the node's name `instructions`, the `Estimate`'s fields, `equal` of `bytes` output bytes,
        and `most`, the largest difference of one.
    """
    machine = Machine(elf, folder)
    placed = place(machine, network)
    machine.call("bench_init", (placed.table, 0))
    found = {}
    for index, node in enumerate(network.nodes):

        def run(index: int = index) -> None:
            machine.call("bench_step", (index, INPUT, OUTPUT))

        outputs = [
            _forced(machine, placed, node, index, [value[i] for value in values])
            for i in range(len(values[0]))
        ]
        wanted = values[node.sizes["output"]].astype(np.int64)
        differences = np.abs(np.stack(outputs) - wanted)
        found[node.name] = {
            **asdict(of_run(machine, run, LAYERS)),
            "equal": int((differences == 0).sum()),
            "bytes": int(differences.size),
            "most": int(differences.max()),
        }
    return found


def _forced(
    machine: Machine, placed: Placed, node: Node, index: int, values: Sequence[Int8Array]
) -> Int8Array:
    """The bytes that a node makes of the reference's: int8 [bytes] of each value."""
    for key in ("first", "second"):
        value = node.sizes[key]
        machine.engine.mem_write(placed.values[value] or INPUT, values[value].tobytes())
    machine.call("bench_step", (index, INPUT, OUTPUT))
    output = node.sizes["output"]
    target = placed.values[output] or OUTPUT
    return np.frombuffer(bytes(machine.engine.mem_read(target, values[output].size)), np.int8)


def emx_costs(functions: Mapping[str, int], names: Sequence[str]) -> dict[str, int]:
    """Instructions of each layer of emx-onnx-cgen's C, from those of its functions.

    To a layer belong the function of its node, what turns its constants and inputs into floats
    before, and what makes bytes of its output.

    Args:
        names: of the layers, in order.
    """
    nodes = sorted(
        (int(match[1]), match[2], count)
        for name, count in functions.items()
        if (match := _EMX_NODE.match(name.partition(".")[0]))
    )
    found, waiting, current = dict.fromkeys(names, 0), 0, ""
    for _, name, count in nodes:
        if name in found:
            current, waiting = name, waiting + count
        elif name.startswith("dequantizelinear") or not current:
            waiting += count
            continue
        else:
            waiting += count
        found[current] += waiting
        waiting = 0
    return found
