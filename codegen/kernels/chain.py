"""Consecutive fully connected layers as one routine: who feeds whom, and where the bytes lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from codegen.arena import align
from codegen.graph import Int8Array
from codegen.kernels import byte_split
from codegen.kernels.choose import (
    DENSE_BLOCK,
    MAX_SPARSE_OUTPUTS,
    OVERSHOOT,
    SPARSE_BLOCK,
    Choice,
    choose,
)
from codegen.kernels.coactivation import coactivation, match
from codegen.kernels.dead import remove_dead
from codegen.kernels.folding import integer_layer, limit_inputs, rebase
from codegen.kernels.integer_layer import IntegerLayer
from codegen.kernels.layout import ADJACENT, ALTERNATE, Pairs, block_constants, quads, squares
from codegen.kernels.permutation import order_inputs, order_outputs
from codegen.kernels.requantize import IntegerConstants, search
from codegen.operator import Constants
from codegen.ops.fully_connected import FullyConnected

# The stored byte of what ReLU switched off: hidden values are kept as y + 128.
HIDDEN_BASE = -128


@dataclass(frozen=True)
class Stage:
    """One layer of a chain.

    Attributes:
        name: of the layer in the model.
        layer: in integers, its neurons in their final order.
        integers: proven integer requantization, or None: float32, as the reference does it.
        choice: its kernel and why.
        hidden: its outputs feed another stage.
        reads: int64 [inputs], which output of the layer before (or network input) each input is.
        removed: neurons that were constant.
    """

    name: str
    layer: IntegerLayer
    integers: IntegerConstants | None
    choice: Choice
    hidden: bool
    reads: npt.NDArray[np.int64]
    removed: int = 0

    @property
    def reads_list(self) -> bool:
        """Whether its input is a list of what is not zero, rather than all pairs."""
        return self.choice.kernel != "dense"

    @property
    def block(self) -> int:
        """Outputs of one block."""
        return SPARSE_BLOCK if self.reads_list else DENSE_BLOCK

    @property
    def quads(self) -> int:
        """Quads of inputs, padded to an even number."""
        return (self.layer.inputs + 7) // 8 * 2

    @property
    def duos(self) -> int:
        """Duos of outputs, padded to whole blocks."""
        return -(-self.layer.outputs // self.block) * self.block // 4

    @property
    def input_bytes(self) -> int:
        """Arena bytes of its input: all pairs as words, or a list with its end mark."""
        pairs = 8 * self.quads
        if self.choice.kernel == "dense":
            return pairs
        if self.choice.kernel == "hybrid":
            return max(pairs, 8 * (self.choice.limit + OVERSHOOT))
        return 8 * (2 * self.quads + 2)


@dataclass(frozen=True)
class Chain:
    """A routine for consecutive layers.

    Attributes:
        stages: its layers.
        buffers: arena offset of each stage's input, relative to the chain's bytes.
        spill: where the last stage's padded outputs go first, likewise.
        scratch: arena bytes.
    """

    stages: tuple[Stage, ...]
    buffers: tuple[int, ...]
    spill: int
    scratch: int

    @property
    def chunk_quads(self) -> int:
        """Quads that stand side by side in the weights of sparse stages: [quads][duo][quad]."""
        return _chunk_quads(self.stages)


def plan_chain(
    nodes: Sequence[FullyConnected], activity: Sequence[Int8Array] | None, wanted: str
) -> Chain | str:
    """Plan a chain, or say why its layers need the portable kernel.

    Args:
        nodes: the layers, each reading what the one before it wrote.
        activity: int8 [samples, size] of the first input and of every layer's output for
            calibration inputs, or None.
        wanted: "auto", "dense" or "sparse".
    """
    for node in nodes:
        if node.clamp != (-128, 127):
            return f"{node.name}: its output is clamped to {node.clamp[0]}..{node.clamp[1]}"
    parts = [integer_layer(node) for node in nodes]
    parts[0] = rebase(parts[0], _commonest(activity[0]) if activity else HIDDEN_BASE)
    parts[1:] = [limit_inputs(rebase(part, HIDDEN_BASE), -128, 127) for part in parts[1:]]
    kept = [np.arange(part.outputs) for part in parts]
    for index in range(len(parts) - 1):
        parts[index], parts[index + 1], kept[index] = remove_dead(parts[index], parts[index + 1])
    reads = [np.arange(node.inputs) for node in nodes]
    values: list[Int8Array | None] = [None] * len(nodes)
    if activity is not None:
        values[0] = activity[0]
    for index in range(len(parts) - 1):
        order = _hidden_order(parts[index], activity, index, kept[index])
        if isinstance(order, str):
            return f"{nodes[index].name}: {order}"
        parts[index] = order_outputs(parts[index], order)
        parts[index + 1] = order_inputs(parts[index + 1], order)
        reads[index + 1] = kept[index][order]
        if activity is not None:
            values[index + 1] = activity[index + 1][:, reads[index + 1]]
    reason = _obstacle(nodes, parts)
    if reason:
        return reason
    stages = tuple(
        Stage(
            node.name,
            part,
            search(part).constants,
            _choice(part, values[index], wanted, parts[index - 1] if index else None),
            index < len(nodes) - 1,
            reads[index],
            node.outputs - part.outputs,
        )
        for index, (node, part) in enumerate(zip(nodes, parts, strict=True))
    )
    return _lay_out(stages)


def _choice(
    part: IntegerLayer, values: Int8Array | None, wanted: str, before: IntegerLayer | None
) -> Choice:
    """A kernel for a layer; a list is written only by a layer whose zero is the byte -128."""
    if before is not None and before.zero_point != HIDDEN_BASE:
        return Choice("dense", "its inputs' zero point is not -128")
    return choose(part, values, wanted, first=before is None)


def _commonest(inputs: Int8Array) -> int:
    """The byte that calibration inputs have most often: the background of an image."""
    return int(np.bincount(inputs.reshape(-1).astype(np.int64) + 128).argmax()) - 128


def _hidden_order(
    layer: IntegerLayer,
    activity: Sequence[Int8Array] | None,
    index: int,
    kept: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64] | str:
    """Units that fire together side by side, where the byte split allows."""
    allowed = byte_split.exact_pairs(layer)
    if activity is None:
        together = np.zeros((layer.outputs, layer.outputs))
    else:
        together = coactivation(activity[index + 1][:, kept], HIDDEN_BASE)
    order = match(together, allowed)
    return "no exact pairing of its weights" if order is None else order


def _obstacle(nodes: Sequence[FullyConnected], parts: Sequence[IntegerLayer]) -> str:
    """Why the parts cannot be packed; empty when they can."""
    for node, part in zip(nodes, parts, strict=True):
        padded = np.pad(np.arange(part.outputs), (0, part.outputs % 2), constant_values=-1)
        if not byte_split.is_exact(part, padded[0::2], padded[1::2]):
            return f"{node.name}: its weights or sums do not fit the byte split"
        smallest, largest = part.reach()
        reach = np.maximum(np.abs(smallest), np.abs(largest)) * part.multipliers.astype(np.float64)
        # The rounded product and the zero point are added in 32 bits.
        if float(reach.max()) >= 2.0**30:
            return f"{node.name}: its scales can leave 30 bits"
        if float(part.multipliers.min()) < 2.0**-100:
            return f"{node.name}: its scales leave float32's normal numbers"
        if int(np.abs(smallest).max()) >= 2**24 or int(np.abs(largest).max()) >= 2**24:
            return f"{node.name}: its sums can leave 24 bits"
    return ""


def _chunk_quads(stages: Sequence[Stage]) -> int:
    """Two save the dense way of a hybrid an addition, where the blocks' offsets still reach."""
    widest = max((stage.layer.outputs for stage in stages if stage.reads_list), default=0)
    return 2 if widest <= MAX_SPARSE_OUTPUTS // 2 + SPARSE_BLOCK // 2 else 1


def _lay_out(stages: tuple[Stage, ...]) -> Chain:
    """A stage's input lives until it is done, its successor's from then on: two halves suffice."""
    sizes = [align(stage.input_bytes) for stage in stages]
    even, odd = max(sizes[0::2], default=0), max(sizes[1::2], default=0)
    buffers = tuple(0 if index % 2 == 0 else even for index in range(len(stages)))
    last = stages[-1]
    spill = align(4 * last.duos) if last.layer.outputs % last.block else 0
    return Chain(stages, buffers, even + odd, even + odd + spill)


def pair_layout(stage: Stage, *, first: bool) -> Pairs:
    """Which inputs form pairs: UXTB16 takes every other byte, so a dense first layer does too."""
    return ALTERNATE if first and not stage.reads_list else ADJACENT


def constants(chain: Chain) -> tuple[Constants, ...]:
    """The blocks of all stages: what is read first comes first."""
    found = []
    for index, stage in enumerate(chain.stages):
        layer, order = stage.layer, pair_layout(stage, first=index == 0)
        products = squares(layer, stage.block, order)
        kind = "float32 multipliers" if stage.integers is None else "M, M, addend"
        found.append(
            Constants(
                f"constants_{index}",
                f"{stage.name}: blocks of {stage.block} outputs: T, L of each pair, then {kind}",
                block_constants(
                    layer, stage.integers, stage.block, None if stage.reads_list else products
                ),
                counted=False,
            )
        )
        if stage.choice.kernel == "hybrid":
            found.append(
                Constants(
                    f"squares_{index}",
                    f"{stage.name}: what the dense way takes from each L, int32",
                    products[0::2].astype("<i4").tobytes(),
                    counted=False,
                )
            )
        words = quads(layer, stage.block, order)
        if stage.reads_list:
            together = chain.chunk_quads
            chunks = words.reshape(len(words), -1, together, 4)
            words = chunks.transpose(1, 0, 2, 3)
        found.append(
            Constants(
                f"weights_{index}",
                f"{stage.name}: int8 [{layer.outputs}][{layer.inputs}], two to a halfword, "
                + ("[quads][duo]" if stage.reads_list else "[duo][quads]"),
                np.ascontiguousarray(words).astype("<u4").tobytes(),
            )
        )
    return tuple(found)
