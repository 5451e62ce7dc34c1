"""Run inputs on a target and keep everything that came back, whatever ends it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from device.comparison import Int8Array
from device.link.client import Client
from device.link.messages import run_bodies
from device.link.transport import LinkError
from device.validation.reference import Reference
from support.errors import UserError
from support.progress import Progress

INTERRUPTED = "interrupted"

UInt32Array = npt.NDArray[np.uint32]


@dataclass
class Measurement:
    """What a target computed, input by input.

    Attributes:
        done: inputs that were run; the arrays' rows behind it mean nothing.
        outputs: int8 [N, output size].
        cycles, instructions: uint32 [N], as in `device.link.messages.Results`; with layers, the
            sums of their layers' costs.
        layers: layer's index -> int8 [N, its size], as far as the firmware shows them.
        layer_costs: layer's index -> uint64 [2], cycles and instructions summed over the inputs.
        seconds: of real time.
        stopped: why it ended early, or "".
        remedy: what to do about that.
    """

    outputs: Int8Array
    cycles: UInt32Array
    instructions: UInt32Array
    layers: dict[int, Int8Array] = field(default_factory=dict)
    layer_costs: dict[int, npt.NDArray[np.uint64]] = field(default_factory=dict)
    done: int = 0
    seconds: float = 0.0
    stopped: str = ""
    remedy: str = ""


def measure(client: Client, reference: Reference, progress: Progress) -> Measurement:
    """Run all inputs of `reference`, with their layers if it has some.

    A lost target or Ctrl-C ends it early: `stopped` says so, and what came back before is kept.
    """
    count, size = reference.outputs.shape
    zeros = np.zeros(count, np.uint32)
    measured = Measurement(np.zeros((count, size), np.int8), zeros, zeros.copy())
    start = time.monotonic()
    steps = _layers if reference.layers else _plain
    try:
        for steps_done in steps(client, reference, measured):
            measured.done += steps_done
            progress.advance(steps_done)
    except KeyboardInterrupt:
        measured.stopped = INTERRUPTED
    except LinkError as error:
        measured.stopped, measured.remedy = error.message, error.remedy
    measured.seconds = time.monotonic() - start
    return measured


def _plain(client: Client, reference: Reference, measured: Measurement) -> Iterator[int]:
    at = 0
    for body in run_bodies(reference.inputs, client.info):
        results = client.run_body(body)
        rows = slice(at, at + body[0])
        measured.outputs[rows] = results.outputs
        measured.cycles[rows] = results.cycles
        measured.instructions[rows] = results.instructions
        at += body[0]
        yield body[0]


def _layers(client: Client, reference: Reference, measured: Measurement) -> Iterator[int]:
    for row, image in enumerate(reference.inputs):
        layers, measured.outputs[row] = client.run_layers(image)
        for layer in layers:
            if layer.index not in measured.layers:
                shape = len(reference.inputs), len(layer.output)
                measured.layers[layer.index] = np.zeros(shape, np.int8)
                measured.layer_costs[layer.index] = np.zeros(2, np.uint64)
            if measured.layers[layer.index].shape[1] != len(layer.output):
                raise LinkError(f"layer {layer.index} changed its size", "reset the target")
            measured.layers[layer.index][row] = layer.output
            measured.layer_costs[layer.index] += np.array(
                [layer.cycles, layer.instructions], np.uint64
            )
            measured.cycles[row] += np.uint32(layer.cycles)
            measured.instructions[row] += np.uint32(layer.instructions)
        yield 1


def check_fits(client: Client, reference: Reference) -> None:
    """Refuse a target whose network has other sizes than the reference.

    Raises:
        UserError: it has.
    """
    info = client.info
    sizes = info.input_size, info.output_size
    expected = reference.inputs.shape[1], reference.outputs.shape[1]
    if sizes != expected:
        raise UserError(
            f"the firmware's network takes {sizes[0]} and gives {sizes[1]} bytes, "
            f"the reference has {expected[0]} and {expected[1]}",
            "flash the firmware of this build",
        )
