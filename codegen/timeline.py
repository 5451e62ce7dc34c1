"""What lies in the activations array when, and what an array of another size would cost."""

from __future__ import annotations

from typing import Any

from codegen.ir.graph import Value
from codegen.plan import Plan


def timeline(plan: Plan) -> dict[str, Any]:
    """The manifest's `memory`: plain values.

    `steps`: the layers of each step. `buffers`: name, kind (input, output, tensor, scratch),
    offset, bytes, and the times from `first` to `last`, both included; a step has two times, at
    which it reads and writes; after the last step one more follows, at which outputs are read.
    `needed` and `others`: bytes, and the percent of estimated cycles that are taken beyond the
    fastest kernels, of the array as it is and as it might be.
    """
    layout, trade = plan.layout, plan.trade
    names = {name: value for value, name in layout.lives.names.items()}
    buffers = [
        {
            "name": names[each.name].name if each.name in names else _whose(plan, each.first),
            "kind": _kind(plan, names.get(each.name)),
            "offset": layout.packing.offsets[each.name],
            "bytes": each.size,
            "first": each.first,
            "last": each.last,
        }
        for each in layout.lives.buffers
    ]
    cycles = trade.cycles or 1.0
    return {
        "steps": [[layer.op.name for layer in step.lowered.layers] for step in plan.steps],
        "buffers": sorted(buffers, key=lambda each: (each["first"], each["offset"], each["name"])),
        "needed": _offer(trade.needed, 100 * trade.slower / cycles),
        "others": [_offer(each.bytes, 100 * each.slower / cycles) for each in trade.others],
    }


def _offer(size: int, percent: float) -> dict[str, Any]:
    return {"bytes": size, "slower_percent": round(percent, 2)}


def _whose(plan: Plan, time: int) -> str:
    """Scratch is called after the step that needs it."""
    return " and ".join(layer.op.name for layer in plan.steps[time // 2].lowered.layers)


def _kind(plan: Plan, root: Value | None) -> str:
    if root is None:
        return "scratch"
    homes, graph = plan.layout.homes, plan.lowered
    for kind, ends in (("input", graph.inputs), ("output", graph.outputs)):
        if any(homes[end].root is root for end in ends):
            return kind
    return "tensor"
