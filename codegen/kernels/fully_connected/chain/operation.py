"""A run of fully connected layers as one operation, and the kernel that computes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from codegen.ir.graph import Fused
from codegen.kernels.fully_connected.chain.context import context
from codegen.kernels.fully_connected.chain.instructions import instructions
from codegen.kernels.fully_connected.chain.plan import Chain, Member, constants
from codegen.kernels.kernel import (
    Activity,
    Constants,
    Kernel,
    Layer,
    Lowered,
    Places,
    Routines,
)
from codegen.memory.places import Weights
from codegen.ops.fully_connected import FullyConnected
from codegen.target import Target

STEM = "fully_connected_chain"


@dataclass(frozen=True, eq=False)
class FullyConnectedChain(Fused):
    """Consecutive fully connected layers, and how their values are packed between them.

    Attributes:
        chain: the packed layers, in their order.
    """

    chain: Chain = field(repr=False)


def chain_of(layers: Sequence[FullyConnected], chain: Chain) -> FullyConnectedChain:
    """The operation in the stead of `layers`, each of which reads what the one before it writes."""
    name = " + ".join(layer.name for layer in layers)
    return FullyConnectedChain(name, layers[0].inputs, layers[-1].outputs, tuple(layers), chain)


@dataclass(frozen=True)
class ChainRoutines(Routines):
    """The assembly of a chain.

    Attributes:
        blocks: its constants, in order.
    """

    chain: Chain
    blocks: tuple[Constants, ...]

    def placed(self, prefix: str, numbers: Sequence[int], places: Places) -> dict[str, Any]:
        """See `context.py`."""
        found: list[dict[str, Weights]] = [{} for _ in self.chain.members]
        for block, place in zip(self.blocks, places.constants, strict=True):
            found[block.member][block.key] = place
        regions = (places.scratch, places.late)
        return context(self.chain, prefix, numbers, found, regions)


class Packed(Kernel):
    """Assembly for the DSP extension, C over the same packed weights elsewhere."""

    name = "chain"
    op_type = FullyConnectedChain

    def cost(self, op: FullyConnectedChain, target: Target, activity: Activity) -> float:
        """What the choice of each layer's kernel expects; of a layer that left a chain what it took
        there, if that is less."""
        found = sum(member.choice.cost for member in op.chain.members)
        return min(found, op.chain.instead) if op.chain.direct else found

    def instructions(self, op: FullyConnectedChain, target: Target, activity: Activity) -> float:
        """What the layers take."""
        members = op.chain.members
        found = sum(instructions(m.layer, m.choice, first=m.first) for m in members)
        return found - _slower(op.chain)

    def lower(self, op: FullyConnectedChain, target: Target) -> Lowered:
        """The packed constants, and a `Layer` for each member."""
        chain = op.chain
        blocks = constants(chain)
        layers = []
        for index, (member, layer) in enumerate(zip(chain.members, op.fused, strict=True)):
            size = sum(len(block.data) for block in blocks if block.member == index)
            why = f"{member.choice.why}; {_requantization(member)}"
            removed = int((member.places < 0).sum())
            if removed:
                why = f"{why}; {removed} constant neurons left out"
            counted = instructions(member.layer, member.choice, first=member.first)
            layers.append(Layer(layer, member.choice.kernel, why, size, counted))
        return Lowered(
            op=op,
            stem=STEM,
            kernel=self.name,
            why="consecutive fully connected layers share packed values",
            constants=blocks,
            scratch=chain.scratch,
            late=None if chain.direct else chain.late,
            input_in_scratch=chain.input_in_scratch,
            output_in_scratch=chain.output_in_scratch,
            fields=ChainRoutines(chain, blocks),
            members=tuple(layers),
            slower=_slower(chain),
        )


def _slower(chain: Chain) -> float:
    """Estimated cycles that a layer takes beyond those in the chain that it left."""
    cost = sum(member.choice.cost for member in chain.members)
    return max(0.0, cost - chain.instead) if chain.direct else 0.0


def _requantization(member: Member) -> str:
    """How a member requantizes, and why not by integers alone."""
    if member.integers is not None:
        return "requantized by proven integers"
    return f"requantized in float32: integers fit {member.found} of {member.layer.outputs} outputs"


KERNELS = (Packed(),)
