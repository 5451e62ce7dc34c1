"""The moment at which the activations take most, and what lives then."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.plan import Plan


@dataclass(frozen=True)
class Tensor:
    """Bytes of the arena at one moment.

    Attributes:
        name: of the value, or what it is.
        shares: it lies over another of them, where that is proven safe.
    """

    name: str
    bytes: int
    shares: bool


@dataclass(frozen=True)
class Peak:
    """The moment.

    Attributes:
        layer: what is computed then; "" while inputs are filled or outputs are read.
        bytes: that are needed then: the lower bound of any arena.
        tensors: largest first.
    """

    layer: str
    bytes: int
    tensors: tuple[Tensor, ...]


def peak(plan: Plan) -> Peak:
    """The moment at which a plan's arena is fullest."""
    lives, bound = plan.layout.lives, plan.layout.packing.bound
    names = {name: value.name for value, name in lives.names.items()}
    alive = [b for b in lives.buffers if b.first <= bound.time <= b.last]
    present = {buffer.name for buffer in alive}
    shared = {
        name
        for sharing in lives.sharings
        for name in (sharing.above, sharing.below)
        if {sharing.above, sharing.below} <= present
    }
    tensors = [
        Tensor(names.get(each.name, "scratch of the kernel"), each.size, each.name in shared)
        for each in alive
    ]
    step = bound.time // 2
    layer = plan.steps[step].lowered.op.name if step < len(plan.steps) else ""
    tensors.sort(key=lambda tensor: (-tensor.bytes, tensor.name))
    return Peak(layer, bound.bytes, tuple(tensors))
