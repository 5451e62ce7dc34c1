"""What the generator made of a network, step by step, for people: `generate --dump`."""

from __future__ import annotations

from pathlib import Path

from codegen.generate import manifest
from codegen.ir.dump import to_graphviz, to_text
from codegen.ir.graph import Graph
from codegen.kernels.registry import candidates
from codegen.kernels.wanted import Kernels
from codegen.memory.homes import Homes
from codegen.passes.lowering import Lowering
from codegen.passes.pipeline import run_passes
from codegen.plan import Plan, activity_of, plan_network
from codegen.render import render
from codegen.report.drawing import drawing
from codegen.target import Target
from support.files import write_plain
from support.output_file import OutputFile, check_outputs

# The last line of each file, by suffix: the files' names are fixed, and a user's may be called so.
SIGNATURES = {
    ".txt": "(nn2flash dump)",
    ".dot": "// nn2flash dump",
    ".svg": "<!-- nn2flash dump -->",
}


def dump(graph: Graph, kernels: Kernels, target: Target, folder: Path) -> None:
    """Write the graph after each pass as text and as Graphviz, every kernel that was looked at with
    its cost or why it does not fit, the arena with what lives where and when, and a drawing.

    Raises:
        UserError: an operation that no kernel takes, or a file of such a name that no dump has
            written; nothing is written then.
    """
    texts: dict[str, str] = {}
    lowering = Lowering(target, kernels, activity_of(graph, kernels))
    final = graph
    for number, (name, final) in enumerate(run_passes(graph, lowering)):
        texts[f"{number:02}-{name}.txt"] = to_text(final)
        texts[f"{number:02}-{name}.dot"] = to_graphviz(final)
    texts["kernels.txt"] = _kernels(final, lowering)
    plan = plan_network(graph, kernels, target)
    texts["memory.txt"] = _memory(plan)
    drawn = {"drawing": drawing(manifest(plan, "network"))}
    texts["network.svg"] = render("report/network.svg.j2", drawn)
    check_outputs([OutputFile("--out-dir", folder / name, _is_ours) for name in texts], ())
    for name, text in texts.items():
        write_plain(folder / name, f"{text}{SIGNATURES[Path(name).suffix]}\n")


def _is_ours(path: Path) -> bool:
    """Whether a file has the last line of those that are written here."""
    return path.read_bytes().endswith(f"\n{SIGNATURES[path.suffix]}\n".encode())


def _kernels(graph: Graph, lowering: Lowering) -> str:
    homes = Homes(graph)
    lines = [f"target {lowering.target.core}, {lowering.target.isa}, fpu {lowering.target.fpu}"]
    for op in graph.ops:
        if homes.vanishes(op):
            lines.append(f"{op.name}: a view, nothing to compute")
            continue
        wanted = lowering.kernels.wanted
        for each in candidates(op, lowering.target, lowering.activity, wanted):
            cost = each.reason if each.cost is None else f"{each.cost:,.0f} cycles estimated"
            lines.append(f"{op.name}: {each.kernel.name}: {cost}")
        if op in lowering.refused:
            lines.append(f"{op.name}: not fused: {lowering.refused[op]}")
    return "\n".join(lines) + "\n"


def _memory(plan: Plan) -> str:
    """The arena by offset: bytes, times (a step has two: reading, writing), what it is."""
    layout, trade = plan.layout, plan.trade
    packing = layout.packing
    whose = {name: value.name for value, name in layout.lives.names.items()}
    lines = [
        f"arena {packing.size:,} bytes; at least {packing.bound.bytes:,}, needed at time"
        f" {packing.bound.time} (step {packing.bound.time // 2}); {packing.tries} tries",
        f"with the fastest form of each kernel {trade.fastest:,} bytes; these take"
        f" {trade.slower:,.0f} cycles more of {trade.cycles:,.0f}, estimated",
        "  offset     bytes   first    last  buffer",
    ]
    for buffer in sorted(layout.lives.buffers, key=lambda b: (packing.offsets[b.name], b.name)):
        name = whose.get(buffer.name, buffer.name)
        numbers = (packing.offsets[buffer.name], buffer.size, buffer.first, buffer.last)
        lines.append(f"{numbers[0]:8d}  {numbers[1]:8d}  {numbers[2]:6d}  {numbers[3]:6d}  {name}")
    for sharing in layout.lives.sharings:
        above, below = (whose.get(name, name) for name in (sharing.above, sharing.below))
        where = "at" if sharing.exact else "from"
        lines.append(f"'{above}' may begin {where} {sharing.distance} bytes behind '{below}' on")
    return "\n".join(lines) + "\n"
