"""Consecutive fully connected layers together: who feeds whom, and where the bytes lie.

Between two layers of a chain, values are int16 pairs, counted from the byte that means zero, in an
order that only these two layers know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from codegen.ir.types import Int8Array
from codegen.kernels.folding import integer_layer, limit_inputs, rebase
from codegen.kernels.fully_connected.chain import byte_split, dense_quads, layout
from codegen.kernels.fully_connected.chain.choose import MIN_INPUTS, Choice, choose
from codegen.kernels.fully_connected.chain.coactivation import coactivation, match
from codegen.kernels.fully_connected.chain.dead import constant_outputs, remove_dead
from codegen.kernels.fully_connected.chain.permutation import order_inputs, order_outputs
from codegen.kernels.fully_connected.chain.requantize import IntegerConstants, Search, search
from codegen.kernels.integer_layer import IntegerLayer
from codegen.kernels.kernel import Constants
from codegen.memory.arena import align
from codegen.ops.fully_connected import FullyConnected

# Two outputs leave the requantization as 16-bit lanes, before the output's zero point is added.
_LANE = 2**15 - 256
# Below it a float32 multiplier divided by 256 would be subnormal.
_LEAST_MULTIPLIER = 2.0**-118


# Entries that end a list.
LIST_END = 3


@dataclass(frozen=True)
class Member:
    """One layer of a chain.

    Attributes:
        name: of the layer in the model.
        layer: in integers, inputs and outputs in their final order.
        integers: proven integer requantization, or None: float32, as the reference does it.
        found: outputs for which integer constants exist.
        choice: its kernel and why.
        reads: the model's number of each of its inputs, in their final order.
        first, hidden: it reads bytes from outside; its outputs feed another member.
        places: where each of the model's outputs stands in the final order, -1: it was constant.
        fixed: int8, the byte of each output that was constant.
    """

    name: str
    layer: IntegerLayer
    integers: IntegerConstants | None
    found: int
    choice: Choice
    reads: npt.NDArray[np.int64]
    first: bool
    hidden: bool
    places: npt.NDArray[np.int64]
    fixed: Int8Array

    @property
    def sparse(self) -> bool:
        """Whether it walks a list of what is not zero."""
        return self.choice.kernel == "sparse"

    @property
    def direct(self) -> bool:
        """Whether it widens its inputs in registers each time that it reads them."""
        return self.choice.kernel == "direct"

    @property
    def pairs(self) -> int:
        """Pairs of inputs."""
        return (self.layer.inputs + 1) // 2

    @property
    def steps(self) -> int:
        """Turns of eight inputs of a dense loop."""
        return -(-self.layer.inputs // layout.STEP)

    @property
    def scratch(self) -> int:
        """Arena bytes while it runs: the list and what ends it, or the expanded inputs
        and their end."""
        if self.direct:
            return 0
        if not self.sparse:
            return 16 * self.steps + 16 if self.first else 0
        return 8 * (self.pairs + LIST_END)

    @property
    def stack(self) -> int:
        """Stack bytes of its assembly: nine registers, and what it keeps there."""
        return 4 * 9 + (40 if self.sparse else 20 if self.direct else 12)

    @property
    def input_bytes(self) -> int:
        """Arena bytes of its input when another member wrote it, up to whole blocks of outputs; a
        dense loop adds its end mark."""
        return 16 * self.steps + (0 if self.sparse else 16)


@dataclass(frozen=True)
class Chain:
    """A run of layers.

    Attributes:
        members: its layers.
        scratch: arena bytes that the members use one after the other.
        late: arena bytes for what the members hand on; needed only once the input has been read.
        outputs: offset of each member's output in `late`; the last one's is not there.
        instead: of a layer by itself, the estimated cycles that it would take in a chain.
    """

    members: tuple[Member, ...]
    scratch: int
    late: int
    outputs: tuple[int, ...]
    instead: float = 0.0

    @property
    def direct(self) -> bool:
        """Whether it is a layer by itself that reads and writes bytes at one time."""
        return self.members[0].direct

    @property
    def input_in_scratch(self) -> int | None:
        """How far behind the scratch's start the input may begin, bytes; None: there is none.

        Both loops read the input from its lowest byte on and read before they write: of the first p
        pairs a dense loop makes 4p bytes, a list takes at most 8p. What is not read yet begins 2p
        bytes behind the input's start.
        """
        first = self.members[0]
        if first.direct:
            return None
        return align((6 if first.sparse else 2) * first.pairs)

    @property
    def output_in_scratch(self) -> bool:
        """Whether the scratch is over when the last layer writes its output: it has none."""
        return not self.direct and not self.members[-1].scratch


@dataclass(frozen=True)
class Obstacle:
    """Why no chain can take a run of layers.

    Attributes:
        layer: index in the run of the layer that does not fit.
        reason: one short phrase.
    """

    layer: int
    reason: str


def plan_chain(
    nodes: Sequence[FullyConnected], activity: Sequence[Int8Array] | None, wanted: str
) -> Chain | Obstacle:
    """Plan a chain, or say why one of its layers needs the portable kernel.

    Args:
        nodes: the layers, each reading what the one before it wrote.
        activity: int8 [samples, size] of the first input and of every layer's output for
            calibration inputs, or None.
        wanted: "auto", "dense" or "sparse".

    Returns:
        the chain, or the layer that does not fit and why.
    """
    for index, node in enumerate(nodes):
        reason = unknown(node)
        if reason:
            return Obstacle(index, reason)
    parts = [integer_layer(node) for node in nodes]
    parts[0] = rebase(parts[0], _commonest(activity[0]) if activity else -128)
    for index in range(1, len(parts)):
        low, high = parts[index - 1].low, parts[index - 1].high
        parts[index] = limit_inputs(rebase(parts[index], low), low, high)
    fixed = [np.zeros(part.outputs, np.int8) for part in parts]
    places = [np.arange(part.outputs) for part in parts]
    reads = [np.arange(part.inputs) for part in parts]
    for index in range(len(parts) - 1):
        fixed[index] = constant_outputs(parts[index])[1]
        parts[index], parts[index + 1], kept = remove_dead(parts[index], parts[index + 1])
        together = np.zeros((len(kept), len(kept)))
        if activity is not None:
            together = coactivation(activity[index + 1][:, kept], parts[index].low)
        order = match(together, byte_split.exact_pairs(parts[index]))
        if order is None:
            return Obstacle(index, "no exact pairing of its weights")
        parts[index] = order_outputs(parts[index], order)
        parts[index + 1] = order_inputs(parts[index + 1], order)
        reads[index + 1] = kept[order]
        places[index] = _places(nodes[index].rows, kept[order])
    for index, part in enumerate(parts):
        reason = obstacle(part)
        if reason:
            return Obstacle(index, reason)
    members = []
    for index, (node, part) in enumerate(zip(nodes, parts, strict=True)):
        values = None if activity is None else activity[index][:, reads[index]]
        choice = choose(part, values, wanted, first=index == 0)
        # The integer formula saturates at int8's own end only.
        result = search(part) if part.high == 127 else Search(None, 0)
        hidden = index < len(nodes) - 1
        members.append(
            Member(
                name=node.name,
                layer=part,
                integers=result.constants,
                found=result.found,
                choice=choice,
                reads=reads[index],
                first=index == 0,
                hidden=hidden,
                places=places[index],
                fixed=fixed[index],
            )
        )
    return _lay_out(tuple(members))


def _commonest(inputs: Int8Array) -> int:
    """The byte that calibration inputs have most often: the background of an image."""
    return int(np.bincount(inputs.reshape(-1).astype(np.int64) + 128).argmax()) - 128


def _places(outputs: int, order: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where each output stands when place k holds output order[k]; -1 for those left out."""
    places = np.full(outputs, -1)
    places[order] = np.arange(len(order))
    return places


def unknown(node: FullyConnected) -> str:
    """What packed layers have no room for; empty when there is nothing."""
    if node.asymmetric:
        return "its weights less their zero points leave 8 bits"
    if node.fraction:
        return "its biases have a fraction"
    if node.real:
        return "its output is float32"
    return ""


def obstacle(layer: IntegerLayer) -> str:
    """Why a layer cannot be packed; empty when it can."""
    if layer.inputs < MIN_INPUTS:
        return f"fewer than {MIN_INPUTS} inputs"
    padded = np.pad(np.arange(layer.outputs), (0, layer.outputs % 2), constant_values=-1)
    if not byte_split.is_exact(layer, padded[0::2], padded[1::2]):
        return "its weights or sums do not fit the byte split"
    smallest, largest = layer.reach()
    reach = np.maximum(np.abs(smallest), np.abs(largest))
    if int(reach.max()) >= 2**31:
        return "its sums can leave 32 bits"
    if float((reach * layer.multipliers.astype(np.float64)).max()) >= _LANE:
        return "its scaled sums can leave 16 bits"
    if float(layer.multipliers.min()) < _LEAST_MULTIPLIER:
        return "a multiplier is too small to divide"
    return ""


def _lay_out(members: tuple[Member, ...]) -> Chain:
    """What one member writes lives until the next has run: two regions, taken in turns."""
    sizes = [align(member.input_bytes) for member in members[1:]]
    even, odd = max(sizes[0::2], default=0), max(sizes[1::2], default=0)
    outputs = tuple(0 if index % 2 == 0 else even for index in range(len(sizes)))
    scratch = max(align(member.scratch) for member in members)
    return Chain(members, scratch, even + odd, outputs)


def constants(chain: Chain) -> tuple[Constants, ...]:
    """The blocks of all members: what is read first comes first."""
    found = []
    for index, member in enumerate(chain.members):
        layer, integers = member.layer, member.integers
        shape = f"{member.name}: int8 [{layer.outputs}][{layer.inputs}], two to a halfword"
        if not member.sparse:
            ordered = layout.alternate(layer) if member.first else layer
            quads = member.choice.split == "quads"
            if member.direct:
                stream = dense_quads.stream(ordered, integers, layout.DIRECT_STEP)
            else:
                stream = (dense_quads.stream if quads else layout.dense_stream)(ordered, integers)
            title = f"{shape}, sums, scales: by {'eight' if quads else 'four'} outputs"
            found.append(Constants("stream", title, stream, member=index))
            continue
        blocks = layout.sparse_constants(layer, integers)
        title = f"{member.name}: sums and scales, by eight outputs"
        found.append(Constants("constants", title, blocks, counted=False, member=index))
        rows = layout.sparse_rows(layer)
        title = f"{shape}: by pair of inputs and eight outputs"
        found.append(Constants("rows", title, rows, member=index))
    return tuple(found)
