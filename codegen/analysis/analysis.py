"""A network looked at from all sides: operators, memory, kernels, instructions, room on a board."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from codegen.analysis.peak import Peak, peak
from codegen.analysis.placement import Placement, placement
from codegen.assembly import most_bytes
from codegen.code_sizes import describe, likely, newest, reserve
from codegen.generate import manifest, network_context
from codegen.ir.graph import Graph
from codegen.kernels.kernel import Layer
from codegen.kernels.wanted import Kernels
from codegen.layer_sizes import largest
from codegen.outputs import ASSEMBLY, LEGACY, TEMPLATES
from codegen.plan import Plan, plan_network
from codegen.render import render
from codegen.target import Target, named_target
from support.places import ROOT

CODE_SIZES = ROOT / "codegen" / "kernels" / "code_sizes.json"
NAME = "network"
# Cores for which estimates are made; other processors of one kind take what these do.
CORES = tuple(
    named_target(core, fpu=core != "cortex-m3")
    for core in ("cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33")
)
# Of the runtime around the layers, measured: instructions of an inference, bytes of an instance,
# and more for each further block of weights.
FRAME_INSTRUCTIONS = 400.0
STATE_BYTES, STATE_BLOCK_BYTES = 296, 64


@dataclass(frozen=True)
class LayerFigures:
    """An operation of the model that is computed.

    Attributes:
        op, title: the operator, and in words with its sizes.
        kernel, why: what computes it, and the reason for the choice.
        constants_bytes: its constants with the kernel's tables.
        instructions: estimated, of one inference.
    """

    name: str
    op: str
    title: str
    kernel: str
    why: str
    macs: int
    constants_bytes: int
    instructions: int


@dataclass(frozen=True)
class CoreFigures:
    """What the network takes on one core.

    Attributes:
        instructions: estimated, of one inference.
        layers: the same of each layer, in their order.
    """

    core: str
    fpu: bool
    instructions: int
    layers: tuple[int, ...]


@dataclass(frozen=True)
class Analysis:
    """What is told of a network.

    Attributes:
        model: name of its file.
        sha256: of the network's contents.
        target: the processor that kernels were chosen for.
        board: name and title; None when there is no board.
        notes: what was taken for granted.
        operators: how often each operator is computed.
        model_bytes: the model's own weights and biases.
        weights_bytes: all constants, with kernels' tables.
        code_bytes: about what the inference's code takes.
        activations_bytes: the arena, inputs and outputs in it.
        tables_bytes: tables of expanded weights, which init makes in RAM.
        more_tables: bytes of tables that would be had for more RAM, and the estimated cycles that
            they would save, in percent.
        own_code_bytes: of the code, at most what convolutions have generated for themselves.
        more_code: bytes of that which a larger limit would allow, and the estimated cycles that
            they would save, in percent.
        state_bytes: about what the runtime remembers of the network.
        instructions: estimated, of one inference.
        cores: the same on each of `CORES`, with the kernels that are chosen there.
        placement: what placement says; None without a board, or on the development machine.
        manifest: as `generate` writes it, for drawings.
    """

    model: str
    sha256: str
    target: Target
    board: dict[str, Any] | None
    notes: tuple[str, ...]
    operators: dict[str, int]
    layers: tuple[LayerFigures, ...]
    macs: int
    model_bytes: int
    weights_bytes: int
    code_bytes: int
    activations_bytes: int
    tables_bytes: int
    more_tables: tuple[tuple[int, float], ...]
    own_code_bytes: int
    more_code: tuple[tuple[int, float], ...]
    state_bytes: int
    peak: Peak
    instructions: int
    cores: tuple[CoreFigures, ...]
    placement: Placement | None
    manifest: dict[str, Any]

    @property
    def flash_bytes(self) -> int:
        """Constants and code: what the network adds to a firmware's flash."""
        return self.weights_bytes + self.code_bytes

    @property
    def ram_bytes(self) -> int:
        """Activations, tables and the runtime's state: what the network adds to a firmware's
        RAM."""
        return self.activations_bytes + self.tables_bytes + self.state_bytes

    def to_json(self) -> dict[str, Any]:
        """Plain values; `docs/program.md` lists them."""
        kept = {key: value for key, value in asdict(self).items() if key != "manifest"}
        sums = {"flash_bytes": self.flash_bytes, "ram_bytes": self.ram_bytes}
        memory = self.manifest["memory"]
        return {**kept, **sums, "memory": memory, "unsupported": [], "not_judged": 0}


def analyze(
    graph: Graph, kernels: Kernels, target: Target, memories: dict[str, Any] | None
) -> Analysis:
    """Plan a network, and tell what it needs.

    Args:
        memories: the board, as in memories.json; None: there is none.

    Raises:
        UserError: an operation that no kernel takes.
    """
    plan = plan_network(graph, kernels, target)
    facts = manifest(plan, NAME)
    code = _code(plan)
    layers = _layers(plan, facts)
    return Analysis(
        model=graph.origin,
        sha256=facts["model_sha256"],
        target=target,
        board=memories["board"] if memories else None,
        notes=tuple(graph.notes),
        operators=dict(Counter(layer.op for layer in layers)),
        layers=layers,
        macs=graph.macs,
        model_bytes=facts["model_bytes"],
        weights_bytes=plan.weights_size,
        code_bytes=likely(CODE_SIZES, code, target.core, target.fpu),
        activations_bytes=plan.arena_size,
        tables_bytes=plan.tables_size,
        more_tables=plan.more_tables,
        own_code_bytes=plan.code_bytes,
        more_code=plan.more_code,
        state_bytes=STATE_BYTES + STATE_BLOCK_BYTES * (len(plan.blocks) - 1),
        peak=peak(plan),
        instructions=_sum(layer.instructions for layer in layers),
        cores=tuple(_on(graph, kernels, core) for core in CORES),
        placement=_placement(memories, facts, code),
        manifest=facts,
    )


def _on(graph: Graph, kernels: Kernels, core: Target) -> CoreFigures:
    """What a network takes on another core."""
    computed = _layers_by_number(plan_network(graph, kernels, core))
    layers = tuple(round(computed[number].instructions) for number in sorted(computed))
    return CoreFigures(core.core, core.fpu, _sum(layers), layers)


def _sum(layers: Iterable[int]) -> int:
    """Instructions of an inference."""
    return round(sum(layers) + FRAME_INSTRUCTIONS)


def _code(plan: Plan) -> dict[str, Any]:
    """What decides the size of the network's code: `codegen/code_sizes.py`."""
    assembly = render(TEMPLATES[LEGACY][ASSEMBLY], {"net": network_context(plan, NAME)})
    return describe(plan.sources, plan.described, most_bytes(assembly) + plan.own_code_bytes)


def _layers(plan: Plan, facts: dict[str, Any]) -> tuple[LayerFigures, ...]:
    computed = _layers_by_number(plan)
    rows = zip(sorted(computed), facts["layers"], strict=True)
    keys = ("name", "op", "title", "kernel", "why", "macs", "constants_bytes")
    return tuple(
        LayerFigures(
            **{key: row[key] for key in keys}, instructions=round(computed[number].instructions)
        )
        for number, row in rows
    )


def _layers_by_number(plan: Plan) -> dict[int, Layer]:
    """What is computed, by the layers' numbers."""
    computed: dict[int, Layer] = {}
    for step in plan.steps:
        computed |= dict(zip(step.numbers, step.lowered.layers, strict=True))
    return computed


def _placement(
    memories: dict[str, Any] | None, facts: dict[str, Any], code: dict[str, Any]
) -> Placement | None:
    if memories is None or not memories["memories"]:
        return None
    reserved = reserve(CODE_SIZES, code, memories["cpu"], newest(CODE_SIZES, memories["cpu"]))
    return placement(memories, facts, reserved.bytes, largest(facts))
